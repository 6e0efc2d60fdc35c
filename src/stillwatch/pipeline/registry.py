"""The registry of authorisations, read against the traffic: who is covered, who lapsed."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stillwatch.links.population import MISSING_TIME, BoolArray, Population, times


@dataclass(frozen=True, slots=True)
class LapsedAccount:
    """An account that went on after its last authorisation ran out."""

    account: int
    reference: str
    valid_to_us: int
    exchanges_after: int


@dataclass(frozen=True, slots=True)
class UnmatchedRow:
    """A row that names no account of the traffic, and so spares nobody: perhaps a typo.

    Args:
        row: its place in the registry, from 0.
        name: the account or organisation that it names.
        why: what is lacking, in words.
    """

    row: int
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Registry:
    """What the registry says of the accounts in the traffic.

    Args:
        named: (n_accounts,) accounts that any row names, itself or by its organisation: never accused.
        covered: (n_accounts,) accounts all of whose traffic some row covers.
        lapsed: accounts that sent more after their last authorisation ran out.
        unmatched: rows that name nobody in the traffic.
    """

    named: BoolArray
    covered: BoolArray
    lapsed: tuple[LapsedAccount, ...]
    unmatched: tuple[UnmatchedRow, ...] = ()


def read_registry(population: Population, authorisations: pa.Table | None) -> Registry:
    """Return the registry read against a population.

    Rows add up; outside its validity a row covers nothing. A row by organisation names an account only where that
    organisation was verified: anybody can claim a name.
    """
    accounts, exchanges = population.accounts, population.exchanges
    n = len(accounts)
    named = np.zeros(n, bool)
    if authorisations is None or len(authorisations) == 0:
        return Registry(named, named.copy(), ())
    index = {name: i for i, name in enumerate(accounts.names)}
    organisation = accounts.keys["organisation_id"]
    of_organisation = {
        value: np.flatnonzero((organisation.code == code) & accounts.is_verified)
        for code, value in enumerate(organisation.values)
    }
    starts = times(authorisations["valid_from"].combine_chunks())
    ends = times(authorisations["valid_to"].combine_chunks())
    is_covered = np.zeros(len(exchanges), bool)
    latest: dict[int, tuple[int, str]] = {}
    unmatched = []
    for row, (account_id, organisation_id, reference) in enumerate(
        zip(*(authorisations[name].to_pylist() for name in ("account_id", "organisation_id", "reference")), strict=True)
    ):
        chosen = (
            [index[account_id]]
            if account_id in index
            else list(of_organisation.get(organisation_id, ()))
            if organisation_id
            else []
        )
        if not chosen:
            unmatched.append(
                _unmatched(row, account_id, organisation_id, is_claimed=organisation_id in of_organisation)
            )
        end = int(ends[row]) if ends[row] != MISSING_TIME else np.iinfo(np.int64).max
        for account in chosen:
            named[account] = True
            span = slice(int(exchanges.first[account]), int(exchanges.first[account + 1]))
            at = exchanges.requested_us[span]
            is_covered[span] |= (at >= starts[row]) & (at < end)
            latest[int(account)] = max(latest.get(int(account), (MISSING_TIME, "")), (end, reference or ""))
    lapsed = []
    for account, (end, reference) in sorted(latest.items()):
        span = slice(int(exchanges.first[account]), int(exchanges.first[account + 1]))
        after = int(np.count_nonzero((exchanges.requested_us[span] >= end) & ~is_covered[span]))
        if after:
            lapsed.append(LapsedAccount(account, reference, end, after))
    uncovered = np.zeros(n, bool)
    uncovered[exchanges.account[~is_covered]] = True
    return Registry(named, named & ~uncovered, tuple(lapsed), tuple(unmatched))


def _unmatched(row: int, account_id: str | None, organisation_id: str | None, *, is_claimed: bool) -> UnmatchedRow:
    if not organisation_id:
        return UnmatchedRow(row, account_id or "", "no account of that id sent anything")
    if is_claimed:
        return UnmatchedRow(row, organisation_id, "none of its accounts is verified, and anybody can claim a name")
    return UnmatchedRow(row, organisation_id, "no account that sent anything names it")
