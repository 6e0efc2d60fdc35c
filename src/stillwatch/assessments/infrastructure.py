"""Observations of infrastructure: from where and with what the members send, and whether accounts were taken over.

All are shares in [0, 1] unless said otherwise.
"""

from typing import Final

import numpy as np

from stillwatch.assessments.parts import Parts, median_of
from stillwatch.assessments.sample import DAY_US, Sample
from stillwatch.links.population import MISSING_TIME, BoolArray, IntArray
from stillwatch.links.rows import distinct, distinct_pairs

NEVER: Final = np.iinfo(np.int64).max
ESTABLISHED_DAYS: Final = 5  # an account bought or made for a pool is mostly put to work sooner


def one_address_share(sample: Sample) -> float | None:
    """Return the share of accounts that were seen at the group's commonest address."""
    if not sample.has("ip"):
        return None
    code = sample.population.exchanges.keys["ip"].code[sample.rows]
    known = code >= 0
    held, _, _ = distinct_pairs(code[known], sample.account_of_row[known])
    return float(np.bincount(held).max() / len(sample.accounts)) if len(held) else None


def addresses_by_account(sample: Sample) -> Parts | None:
    """Return the number of addresses of each account that has any."""
    if not sample.has("ip"):
        return None
    code = sample.population.exchanges.keys["ip"].code[sample.rows]
    known = code >= 0
    account, _, _ = distinct_pairs(sample.account_of_row[known], code[known])
    held, n = np.unique(account, return_counts=True)
    return Parts(held, (n,))


def addresses_per_account(sample: Sample) -> float | None:
    """Return the median number of addresses of an account."""
    parts = addresses_by_account(sample)
    return None if parts is None else median_of(parts)


def one_client_share(sample: Sample) -> float | None:
    """Return the share of exchanges from the group's commonest user agent."""
    if not sample.has("user_agent") or not len(sample.rows):
        return None
    code = sample.population.exchanges.keys["user_agent"].code[sample.rows]
    return float(np.bincount(code[code >= 0]).max() / len(code)) if np.any(code >= 0) else None


def taken_over_share(sample: Sample) -> float | None:
    """Return the share of accounts whose slice began later, and from other addresses, than an established own traffic.

    Established: at least three days and five exchanges of own traffic before the slice, and none of the slice's
    addresses among those of the own traffic.
    """
    if not sample.has("ip"):
        return None
    owner, mine, begun = _beginnings(sample)
    at = sample.population.exchanges.requested_us[sample.all_rows]
    is_before = ~mine & (at < begun[owner] - 3 * DAY_US) & (begun[owner] < NEVER)
    is_established = np.bincount(owner[is_before], minlength=len(begun)) >= 5
    taken = is_established & ~_share_addresses(sample, owner, mine, ~mine)
    return float(np.count_nonzero(taken)) / len(sample.accounts) if len(sample.accounts) else None


def foreign_share(sample: Sample) -> float | None:
    """Return the share of accounts whose slice began from addresses that their own, earlier traffic had never used.

    Only accounts count that were established: made at least ``ESTABLISHED_DAYS`` before the slice began where that is
    known, and seen before it. Null where fewer than three accounts are.
    """
    if not sample.has("ip"):
        return None
    owner, mine, begun = _beginnings(sample)
    is_before = sample.population.exchanges.requested_us[sample.all_rows] < begun[owner]
    has_begun = begun < NEVER
    created = sample.population.accounts.created_us[sample.accounts]
    is_old = (created == MISSING_TIME) | (begun - np.maximum(created, 0) >= ESTABLISHED_DAYS * DAY_US)
    is_known = has_begun & is_old & (np.bincount(owner[is_before], minlength=len(begun)) > 0)
    n_known = int(np.count_nonzero(is_known))
    n_foreign = int(np.count_nonzero(is_known & ~_share_addresses(sample, owner, mine, is_before)))
    return n_foreign / n_known if n_known >= 3 else None


def _beginnings(sample: Sample) -> tuple[IntArray, BoolArray, IntArray]:
    """Return whose each exchange of the accounts is, whether it is in question, and when each account's such begin.

    Owners are places in ``sample.accounts``; an account without exchanges in question begins ``NEVER``.
    """
    exchanges = sample.population.exchanges
    owner = np.searchsorted(sample.accounts, exchanges.account[sample.all_rows])
    mine = np.zeros(len(sample.all_rows), bool)
    mine[np.searchsorted(sample.all_rows, sample.rows)] = True
    begun = np.full(len(sample.accounts), NEVER)
    first = np.flatnonzero(mine)[::-1]  # the earliest is written last
    begun[owner[first]] = exchanges.requested_us[sample.all_rows[first]]
    return owner, mine, begun


def _share_addresses(sample: Sample, owner: IntArray, some: BoolArray, others: BoolArray) -> BoolArray:
    """Return, for each account, whether some of its exchanges came from an address of certain others of its own."""
    address = sample.population.exchanges.keys["ip"].code[sample.all_rows].astype(np.int64) + 1
    key = owner * (int(address.max(initial=0)) + 1) + address
    mine = distinct(key[some])
    both = np.isin(mine, distinct(key[others]), assume_unique=True)
    found = np.zeros(len(sample.accounts), bool)
    found[mine[both] // (int(address.max(initial=0)) + 1)] = True
    return found
