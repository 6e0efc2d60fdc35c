"""Pairs of accounts, weighed from the case's tables with the very formula of the scan (``links.comparison``).

A pair of one entity is not weighed: what openly belongs together is no evidence of coordination. The tables keep at
most 200 values of a kind and 200 families an account, the rarest; beyond that a pair may weigh a little more here.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from stillwatch.links.comparison import EntityEvidence, WeighedComparison, Weight, Weights, compare
from stillwatch.service.console.store import CaseStore

RATES: Final = ("m", "u", "m_alone", "u_alone", "m_further", "u_further", "n_linked")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scale:
    """How the scan of this case weighed pairs.

    Args:
        weights: m, u and the size of the population.
        titles: a few words for each comparison.
        because: why each bears on a link.
        channels: the channel of each.
        needs: the columns of each.
    """

    weights: Weights
    titles: Mapping[str, str]
    because: Mapping[str, str]
    channels: Mapping[str, str]
    needs: Mapping[str, tuple[str, ...]]


def scale_of(store: CaseStore) -> Scale | None:
    """Return how pairs are weighed in this case, or null where its tables do not say."""
    if "scale" not in store.memo:
        store.memo["scale"] = _read_scale(store)
    found: Scale | None = store.memo["scale"]
    return found


def _read_scale(store: CaseStore) -> Scale | None:
    if not store.has_evidence:
        return None
    rows = store.rows("SELECT * FROM comparisons ORDER BY name")
    if not rows:
        return None
    weighed = {row["name"]: _weight(row) for row in rows}
    weights = Weights(int(rows[0]["n_entities"]), {name: one for name, one in weighed.items() if one is not None})
    return Scale(
        weights,
        {row["name"]: row["title"] for row in rows},
        {row["name"]: row["because"] for row in rows},
        {row["name"]: row["channel"] for row in rows},
        {row["name"]: tuple(row["needs"]) for row in rows},
    )


def _weight(row: Mapping[str, Any]) -> Weight | None:
    """Return one comparison's weight, or null where the traffic did not allow it.

    A case of before all of these were estimated holds m, and u of times and hours, alone.
    """
    if "m_further" not in row:
        u = row["u"] or 0.0
        return Weight(row["m"], u, row["m"], u)
    if row["u"] is None:
        return None
    return Weight(*(float(row[name]) for name in RATES))


@dataclass(slots=True)
class _Draft:
    families: dict[Hashable, int] = field(default_factory=dict)
    values: dict[str, dict[Hashable, int]] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    hours: list[int] = field(default_factory=lambda: [0] * 24)


def evidence_of(store: CaseStore, entity_ids: Sequence[str]) -> dict[str, EntityEvidence]:
    """Return what the case knows of some entities, by their id; entities without a profile are left out."""
    profiles = store.rows(
        "SELECT account_id, entity_id, created_at, first_at, hours FROM profiles "
        "WHERE entity_id IN (SELECT unnest($1))",
        [list(entity_ids)],
    )
    entity_of = {row["account_id"]: row["entity_id"] for row in profiles}
    drafts = {entity: _Draft() for entity in entity_of.values()}
    for row in profiles:
        draft = drafts[row["entity_id"]]
        draft.hours = [a + b for a, b in zip(draft.hours, row["hours"], strict=True)]
        for name, moment in (("sign_up", row["created_at"]), ("first_request", row["first_at"])):
            if moment is not None:
                draft.times[name] = min(draft.times.get(name, _us(moment)), _us(moment))
    accounts = [list(entity_of)]
    for row in store.rows(
        "SELECT account_id, kind, value, n_entities FROM values WHERE account_id IN (SELECT unnest($1))", accounts
    ):
        drafts[entity_of[row["account_id"]]].values.setdefault(row["kind"], {})[row["value"]] = row["n_entities"]
    for row in store.rows(
        "SELECT account_id, family_id, n_entities FROM families WHERE account_id IN (SELECT unnest($1))", accounts
    ):
        drafts[entity_of[row["account_id"]]].families[row["family_id"]] = row["n_entities"]
    return {entity: _evidence(draft) for entity, draft in drafts.items()}


def weigh_pair(store: CaseStore, entity_a: str, entity_b: str, scale: Scale) -> tuple[WeighedComparison, ...] | None:
    """Return the comparisons of two entities, strongest first; null where the case holds too little of one of them."""
    found = evidence_of(store, [entity_a, entity_b])
    if entity_a not in found or entity_b not in found:
        return None
    return compare(found[entity_a], found[entity_b], scale.weights)


def _evidence(draft: _Draft) -> EntityEvidence:
    hours = np.array(draft.hours, np.float64)
    return EntityEvidence(draft.families, draft.values, draft.times, hours / max(float(np.linalg.norm(hours)), 1.0))


def _us(moment: datetime) -> int:
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
