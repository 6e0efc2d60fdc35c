"""The evidence of single accounts, as a case keeps it: profiles, activity, values, families, and the weights of pairs.

Only accounts of reported groups are written: who was grouped with nobody leaves nothing here. No text, no hash of a
text: families go by the same opaque ids as in the document.
"""

from collections.abc import Iterator
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa

from stillwatch.dossiers.tables import ACTIVITY, COMPARISONS, FAMILIES, PROFILES, VALUES
from stillwatch.links.comparison import COMPARISONS as KNOWN
from stillwatch.links.comparison import Weight
from stillwatch.links.family import family_id
from stillwatch.links.identity import ACCOUNT_TIES
from stillwatch.links.population import MISSING_TIME, BoolArray, CodeArray, Codes, IntArray
from stillwatch.links.rows import blocks, distinct_pairs
from stillwatch.pipeline.analysis import Analysis

MOST_VALUES: Final = 200  # of one kind an account, the rarest first: a relay's thousand addresses are one fact
MOST_FAMILIES: Final = 200  # an account, the rarest first
BLOCK_MATCHES: Final = 4_000_000  # looked through at once
HOUR_US: Final = 3_600_000_000
DAY_US: Final = 24 * HOUR_US
ACCOUNT_KINDS: Final = (*ACCOUNT_TIES, "organisation_id", "email_domain", "pathway", "plan", "payment_kind")
EXCHANGE_KINDS: Final = ("ip", "api_key_id", "user_agent", "tls_fingerprint", "model", "platform")


AnyInts: TypeAlias = IntArray | CodeArray
Uses: TypeAlias = tuple[AnyInts, AnyInts]
"""Parallel arrays of account and value code; -1 for no value."""


def evidence_tables(
    analysis: Analysis, campaign: IntArray, campaign_ids: tuple[str, ...]
) -> Iterator[tuple[str, pa.Table]]:
    """Yield the tables of the members' evidence with their names; each sorted, so that equal cases give equal bytes.

    Args:
        analysis: what the stages found.
        campaign: (n_exchanges,) index of the finding whose slice an exchange belongs to; -1 for the account's own.
        campaign_ids: the id of each finding.
    """
    members = np.unique(np.concatenate([np.zeros(0, np.int64), *(one.accounts for one in analysis.findings)]))
    yield "profiles", _profiles(analysis, members)
    yield "activity", _activity(analysis, members, campaign, campaign_ids)
    yield "values", _values(analysis, members)
    yield "families", _families(analysis, members, campaign_ids)
    yield "comparisons", _comparisons(analysis)


def _rows_of(analysis: Analysis, members: IntArray) -> IntArray:
    is_member = np.zeros(len(analysis.population.accounts), bool)
    is_member[members] = True
    return np.flatnonzero(is_member[analysis.population.exchanges.account])


def _names(analysis: Analysis, accounts: IntArray) -> pa.Array:
    return pa.array([analysis.population.accounts.names[a] for a in accounts], pa.string())


def _profiles(analysis: Analysis, members: IntArray) -> pa.Table:
    accounts, exchanges = analysis.population.accounts, analysis.population.exchanges
    rows = _rows_of(analysis, members)
    account, at = exchanges.account[rows].astype(np.int64), exchanges.requested_us[rows]
    place = np.searchsorted(members, account)
    failed = np.nan_to_num(exchanges.numbers["status"][rows], nan=0.0) >= 400
    days = distinct_pairs(place, at // DAY_US)[0]
    hours = np.bincount(place * 24 + (at // HOUR_US) % 24, minlength=len(members) * 24).astype(np.int32)
    n = len(members)
    return pa.table(
        {
            "account_id": _names(analysis, members),
            "entity_id": pa.array([f"e-{int(e)}" for e in analysis.entities.of_account[members]], pa.string()),
            "is_authorised": pa.array(analysis.registry.named[members]),
            "created_at": _times(accounts.created_us[members]),
            "banned_at": _times(accounts.banned_us[members]),
            "first_at": _times(exchanges.requested_us[exchanges.first[members]]),
            "last_at": _times(exchanges.requested_us[exchanges.first[members + 1] - 1]),
            "n_exchanges": pa.array(np.bincount(place, minlength=n), pa.int64()),
            "n_failed": pa.array(np.bincount(place, weights=failed, minlength=n).astype(np.int64), pa.int64()),
            "n_active_days": pa.array(np.bincount(days, minlength=n), pa.int64()),
            "hours": pa.FixedSizeListArray.from_arrays(pa.array(hours, pa.int32()), 24).cast(pa.list_(pa.int32())),
        },
        schema=PROFILES,
    ).sort_by("account_id")


def _times(at_us: IntArray) -> pa.Array:
    return pa.array(at_us, pa.timestamp("us", "UTC"), mask=at_us == MISSING_TIME)


def _activity(analysis: Analysis, members: IntArray, campaign: IntArray, campaign_ids: tuple[str, ...]) -> pa.Table:
    exchanges = analysis.population.exchanges
    rows = _rows_of(analysis, members)
    n_names = len(campaign_ids) + 1
    day_and_campaign = exchanges.requested_us[rows] // DAY_US * n_names + campaign[rows] + 1
    account, of_account, n = distinct_pairs(exchanges.account[rows], day_and_campaign)
    names = [None, *campaign_ids]
    return pa.table(
        {
            "account_id": _names(analysis, account),
            "day": pa.array((of_account // n_names).astype(np.int32), pa.int32()).cast(pa.date32()),
            "campaign_id": pa.array([names[i] for i in (of_account % n_names).tolist()], pa.string()),
            "n_exchanges": pa.array(n, pa.int64()),
        },
        schema=ACTIVITY,
    ).sort_by([("account_id", "ascending"), ("day", "ascending"), ("campaign_id", "ascending")])


def _values(analysis: Analysis, members: IntArray) -> pa.Table:
    """Return which values each member has; exchanges are counted where a value is one of exchanges."""
    accounts, exchanges = analysis.population.accounts, analysis.population.exchanges
    rows = _rows_of(analysis, members)
    everyone = np.arange(len(accounts))
    parts = []
    for kind in ACCOUNT_KINDS:
        codes = accounts.keys[kind]
        parts.append(_values_of(analysis, kind, codes, (members, codes.code[members]), (everyone, codes.code)))
    for kind in EXCHANGE_KINDS:
        codes = exchanges.keys[kind]
        mine = exchanges.account[rows].astype(np.int64), codes.code[rows]
        parts.append(_values_of(analysis, kind, codes, mine, (exchanges.account, codes.code)))
    table = pa.concat_tables(parts)
    return table.sort_by([("account_id", "ascending"), ("kind", "ascending"), ("value", "ascending")])


def _values_of(analysis: Analysis, kind: str, codes: Codes, mine: Uses, all_uses: Uses) -> pa.Table:
    """Return the values of one kind that members have, at most ``MOST_VALUES`` an account, the rarest.

    Args:
        analysis: names and entities.
        kind: the column.
        codes: the column's values.
        mine: parallel arrays of member account and value code; -1 for none.
        all_uses: the same of the whole population, to count holders.
    """
    account, code = (part[mine[1] >= 0].astype(np.int64) for part in mine)
    n_codes = max(len(codes.values), 1)
    pair, n = np.unique(account * n_codes + code, return_counts=True)
    account, code = pair // n_codes, pair % n_codes
    holders = _holders(analysis, all_uses, code, n_codes)[code]
    kept = _first_of_each(account, np.lexsort((code, -n, holders, account)), MOST_VALUES)
    account, code, n, holders = account[kept], code[kept], n[kept], holders[kept]
    is_counted = kind in EXCHANGE_KINDS
    return pa.table(
        {
            "account_id": _names(analysis, account),
            "kind": pa.array([kind] * len(account), pa.string()),
            "value": pa.array([codes.values[c] for c in code], pa.string()),
            "n_exchanges": pa.array(n, pa.int64(), mask=np.full(len(n), not is_counted)),
            "n_entities": pa.array(holders, pa.int64()),
        },
        schema=VALUES,
    )


def _holders(analysis: Analysis, uses: Uses, wanted: IntArray, n_codes: int) -> IntArray:
    """Return, by code, how many entities of the population have each of the wanted values."""
    is_wanted = np.zeros(n_codes, bool)
    is_wanted[wanted] = True
    account, code = uses
    chosen = (code >= 0) & is_wanted[np.maximum(code, 0)]
    entity = analysis.entities.of_account[account[chosen]].astype(np.int64)
    distinct = np.unique(code[chosen].astype(np.int64) * analysis.entities.n + entity) // analysis.entities.n
    return np.bincount(distinct, minlength=n_codes).astype(np.int64)


def _first_of_each(group: IntArray, order: IntArray, most: int) -> BoolArray:
    """Return which rows are among the first ``most`` of their group, in an order that keeps groups together."""
    kept = np.zeros(len(group), bool)
    if len(group):
        ordered = group[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        place = np.arange(len(ordered)) - np.repeat(starts, np.diff(np.r_[starts, len(ordered)]))
        kept[order[place < most]] = True
    return kept


def _families(analysis: Analysis, members: IntArray, campaign_ids: tuple[str, ...]) -> pa.Table:
    """Return which families each member's entity clearly uses, with the reported group that each defines."""
    families, exchanges = analysis.families, analysis.population.exchanges
    use = analysis.use
    size = np.bincount(use.indices, minlength=use.shape[1]).astype(np.int64)
    owner = np.full(families.n, -1, np.int64)
    for i, finding in reversed(list(enumerate(analysis.findings))):  # the first finding keeps a family
        owner[finding.group.families] = i
    is_member = np.zeros(len(analysis.population.accounts), bool)
    is_member[members] = True
    pairs: list[tuple[IntArray, IntArray, IntArray]] = [(np.zeros(0, np.int64),) * 3]
    for start, end in blocks(families.first, BLOCK_MATCHES):
        found = families.matches(np.arange(start, end))
        sender = exchanges.account[found.exchange]
        mine = is_member[sender]
        pairs.append(distinct_pairs(sender[mine], found.place[mine] + start))
    account, family, n = np.concatenate(pairs, axis=1)
    entity = analysis.entities.of_account[account].astype(np.int64)
    is_clear = np.isin(entity * families.n + family, _uses(use, families.n))
    account, family, n = account[is_clear], family[is_clear], n[is_clear]
    kept = _first_of_each(account, np.lexsort((family, -n, size[family], account)), MOST_FAMILIES)
    account, family, n = account[kept], family[kept], n[kept]
    names = [*campaign_ids, None]  # -1 is the last one
    return pa.table(
        {
            "account_id": _names(analysis, account),
            "family_id": pa.array([family_id(int(families.anchor[f])) for f in family], pa.string()),
            "campaign_id": pa.array([names[owner[f]] for f in family], pa.string()),
            "n_exchanges": pa.array(n, pa.int64()),
            "n_entities": pa.array(size[family], pa.int64()),
        },
        schema=FAMILIES,
    ).sort_by([("account_id", "ascending"), ("family_id", "ascending")])


def _uses(use: object, n_families: int) -> IntArray:
    coordinates = use.tocoo()  # type: ignore[attr-defined] # scipy ships no types
    return np.asarray(coordinates.row.astype(np.int64) * n_families + coordinates.col, np.int64)


def _comparisons(analysis: Analysis) -> pa.Table:
    """Return what pairs were weighed with, estimated on this population; comparisons that it lacks are as stated."""
    weights = analysis.comparer.weights
    rows = []
    for name, one in sorted(KNOWN.items()):
        about = {"name": name, "title": one.title, "channel": one.channel, "because": one.because}
        of = weights.of.get(name) or Weight(one.m, 0.0, one.m, 0.0)
        is_measured = name in weights.of
        rates = {"m": of.m, "m_alone": of.m_alone, "m_further": of.m_further, "u_further": of.u_further}
        measured = {"u": of.u if is_measured else None, "u_alone": of.u_alone if is_measured else None}
        rest = {"n_linked": of.n_linked, "source": of.source, "n_entities": analysis.entities.n}
        rows.append(about | {"needs": list(one.needs)} | rates | measured | rest)
    return pa.Table.from_pylist(rows, schema=COMPARISONS)
