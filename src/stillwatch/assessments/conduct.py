"""Observations of identity, volume and rhythm: who the members say they are, how much they send, and when.

All are shares in [0, 1] unless said otherwise; times are in the units that the names say.
"""

from typing import Final

import numpy as np

from stillwatch.assessments.parts import Parts
from stillwatch.assessments.sample import Sample
from stillwatch.campaigns.work_list import sent_alone
from stillwatch.links.population import MISSING_TIME, BoolArray, IntArray
from stillwatch.links.rows import distinct, distinct_pairs

DAY_US: Final = 86_400_000_000
HOUR_US: Final = 3_600_000_000
UNDECLARED_TIES: Final = ("payment_fingerprint", "device_fingerprint", "phone_fingerprint", "email_fingerprint")
LEAST_FOR_A_DAY: Final = 24  # exchanges of an account before its hours of the day mean anything
COMMON: Final = 16  # one in so many: what more accounts have ties nobody, as for links
NEVER: Final = np.iinfo(np.int64).max
ESTABLISHED_DAYS: Final = 5  # an account bought or made for a pool is mostly put to work sooner
OLD_DAYS: Final = 30  # an account this old at its first slice exchange was not made for it


def pool_size(sample: Sample) -> float:
    """Return the number of accounts."""
    return float(len(sample.accounts))


def identity_reuse(sample: Sample) -> float | None:
    """Return the share of accounts that share a card, device, phone or e-mail with a member of another entity.

    What accounts of one house share is the house's, as within one entity.

    What more than one account in ``COMMON`` has, most of them strangers to the group, is no card and no device, but a
    placeholder or a kind ("unknown", the fingerprint of nothing): it is not counted.
    """
    known = [name for name in UNDECLARED_TIES if sample.has(name)]
    if not known:
        return None
    shares = np.zeros(len(sample.accounts), bool)
    entity = sample.entities.declared_as[sample.entities.of_account[sample.accounts]]
    for name in known:
        code = sample.population.accounts.keys[name].code[sample.accounts]
        total = sample.population.n_of_account_value[name]
        inside = np.bincount(code[code >= 0], minlength=len(total))
        is_common = (total * COMMON > len(sample.population.accounts)) & (2 * inside < total)
        held = (code >= 0) & ~np.append(is_common, False)[code]
        value, _, _ = distinct_pairs(code[held], entity[held])
        holders = np.bincount(value, minlength=int(code.max(initial=0)) + 1)
        shares[held] |= holders[code[held]] >= 2
    return float(np.mean(shares))


def largest_share(sample: Sample, key: str) -> float | None:
    """Return the share of accounts with the group's commonest value of an account column."""
    if not sample.has(key):
        return None
    code = sample.population.accounts.keys[key].code[sample.accounts]
    known = code[code >= 0]
    return float(np.bincount(known).max() / len(code)) if len(known) else 0.0


def value_share(sample: Sample, key: str, values: tuple[str, ...]) -> float | None:
    """Return the share of accounts whose value of an account column is one of ``values``."""
    if not sample.has(key):
        return None
    codes = sample.population.accounts.keys[key]
    wanted = np.array([value in values for value in codes.values] + [False])
    return float(np.mean(wanted[codes.code[sample.accounts]]))


def free_share(sample: Sample) -> float | None:
    """Return the share of accounts that pay nothing."""
    if not sample.has("plan_price_usd"):
        return value_share(sample, "plan", ("free", "trial", "free_trial"))
    price = sample.population.accounts.plan_price_usd[sample.accounts]
    return float(np.mean(price[~np.isnan(price)] == 0)) if np.any(~np.isnan(price)) else None


def verified_share(sample: Sample) -> float | None:
    """Return the share of accounts whose organisation was verified."""
    return (
        float(np.mean(sample.population.accounts.is_verified[sample.accounts])) if sample.has("is_verified") else None
    )


def one_address_share(sample: Sample) -> float | None:
    """Return the share of accounts that were seen at the group's commonest address."""
    if not sample.has("ip"):
        return None
    code = sample.population.exchanges.keys["ip"].code[sample.rows]
    known = code >= 0
    held, _, _ = distinct_pairs(code[known], sample.account_of_row[known])
    return float(np.bincount(held).max() / len(sample.accounts)) if len(held) else None


def median_of(parts: Parts) -> float | None:
    """Return the median over accounts; null for nobody. A sort of its own: a fourth of the time of ``np.median``."""
    (values,) = parts.columns
    if not len(values):
        return None
    ordered = np.sort(values)
    return (float(ordered[(len(values) - 1) // 2]) + float(ordered[len(values) // 2])) / 2


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


def pace_by_account(sample: Sample) -> Parts:
    """Return, for each account, its exchanges a day on the days with any."""
    active, _, count = distinct_pairs(sample.account_of_row, sample.requested_us // DAY_US)
    account, inverse = np.unique(active, return_inverse=True)
    n = len(account)
    return Parts(account, (np.bincount(inverse, count, n) / np.bincount(inverse, minlength=n),))


def requests_per_active_day(sample: Sample) -> float | None:
    """Return the median, over accounts, of exchanges a day on the days with any."""
    return median_of(pace_by_account(sample))


def days_by_account(sample: Sample) -> Parts:
    """Return the number of days with any exchange in question, of each account that has any."""
    active, _, _ = distinct_pairs(sample.account_of_row, sample.requested_us // DAY_US)
    account, n = np.unique(active, return_counts=True)
    return Parts(account, (n,))


def active_days(sample: Sample) -> float | None:
    """Return the median, over accounts, of the number of days with any exchange in question."""
    return median_of(days_by_account(sample))


def _first_and_last(sample: Sample) -> tuple[IntArray, IntArray]:
    """Return the first and last time of the exchanges in question, for each account that has any."""
    _, first, count = np.unique(sample.account_of_row, return_index=True, return_counts=True)
    return sample.requested_us[first], sample.requested_us[first + count - 1]


def densest_share(times_us: IntArray, window_us: int) -> float:
    """Return the largest share of ``times_us`` that lies in one window of ``window_us``; 0 for fewer than two."""
    times = np.sort(times_us)
    if len(times) < 2:
        return 0.0
    return float((np.searchsorted(times, times + window_us, side="right") - np.arange(len(times))).max() / len(times))


def sign_up_burst(sample: Sample) -> float | None:
    """Return the share of accounts created in the densest week."""
    if not sample.has("created_at"):
        return None
    created = sample.population.accounts.created_us[sample.accounts]
    return densest_share(created[created != MISSING_TIME], 7 * DAY_US)


def two_day_share(sample: Sample) -> float | None:
    """Return the share of the exchanges in question in the group's busiest 48 hours."""
    return densest_share(sample.requested_us, 2 * DAY_US) if len(sample.rows) >= 2 else None


def young_share(sample: Sample) -> float | None:
    """Return the share of accounts less than ``OLD_DAYS`` old at their first exchange in question."""
    if not sample.has("created_at"):
        return None
    accounts, first = np.unique(sample.account_of_row, return_index=True)
    created = sample.population.accounts.created_us[accounts]
    known = created != MISSING_TIME
    age = sample.requested_us[first] - created
    return float(np.mean(age[known] < OLD_DAYS * DAY_US)) if np.any(known) else None


def hours_by_account(sample: Sample) -> Parts:
    """Return the share of the expected hours of the day in use, of each account with enough exchanges."""
    hour = (sample.requested_us // HOUR_US) % 24
    active, _, counts = distinct_pairs(sample.account_of_row, hour)
    account, inverse = np.unique(active, return_inverse=True)
    total = np.bincount(inverse, weights=counts, minlength=len(account))
    used = np.bincount(inverse, minlength=len(account))
    enough = total >= LEAST_FOR_A_DAY
    expected = 24 * (1 - (23 / 24) ** total[enough])
    return Parts(account[enough], (np.minimum(used[enough] / expected, 1.0),))


def median_of_three(parts: Parts) -> float | None:
    """Return the median over accounts; null for fewer than three."""
    return median_of(parts) if len(parts.account) >= 3 else None


def around_the_clock(sample: Sample) -> float | None:
    """Return the median, over accounts with enough exchanges, of the share of the expected hours of the day in use.

    The expectation is for as many exchanges at random hours, so that 1 means no daily pause at all whatever the volume.
    """
    return median_of_three(hours_by_account(sample))


def alone_share(sample: Sample) -> float | None:
    """Return the share of the openings in question before which their account sent nothing for some minutes."""
    return float(np.mean(sent_alone(sample.population, sample.openings))) if len(sample.openings) else None


def openings_by_account(sample: Sample) -> Parts:
    """Return the number of openings in question of each account that has any."""
    account, count = np.unique(sample.population.exchanges.account[sample.openings], return_counts=True)
    return Parts(account.astype(np.int64), (count,))


def unevenness_of(parts: Parts) -> float | None:
    """Return the spread of some accounts' numbers, in times their mean; null for fewer than three."""
    (count,) = parts.columns
    return float(np.std(count) / np.mean(count)) if len(count) >= 3 else None


def uneven_parts(sample: Sample) -> float | None:
    """Return the spread of the accounts' numbers of openings in question, in times their mean.

    What a queue deals out comes to about one over the root of the mean; what people choose to send, to one or more.
    """
    return unevenness_of(openings_by_account(sample))


def no_ramp(sample: Sample) -> float | None:
    """Return the share of accounts whose first two days reach their later daily mean, of those that last six days."""
    account, first, owner = np.unique(sample.account_of_row, return_index=True, return_inverse=True)
    day = (sample.requested_us - sample.requested_us[first][owner]) // DAY_US
    last = day[np.append(first, len(day))[1:] - 1]
    early = np.bincount(owner[day < 2], minlength=len(account)) / 2
    later = np.bincount(owner[day >= 2], minlength=len(account))
    lasts = last >= 5
    started = early[lasts] >= later[lasts] / (last[lasts] - 1)
    return float(np.mean(started)) if len(started) >= 3 else None


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


def banned_share(sample: Sample) -> float | None:
    """Return the share of accounts that were banned."""
    return (
        float(np.mean(sample.population.accounts.banned_us[sample.accounts] != MISSING_TIME))
        if sample.has("banned_at")
        else None
    )


def registered_share(sample: Sample) -> float | None:
    """Return the share of accounts named in the registry of authorisations."""
    return float(np.mean(sample.registered[sample.accounts])) if len(sample.accounts) else None


def pivot_share(sample: Sample) -> float | None:
    """Return the largest share of the exchanges in question that a new model got within a day of its appearance."""
    if not sample.has("model"):
        return None
    exchanges = sample.population.exchanges
    model = exchanges.keys["model"]
    appeared, start = sample.population.model_appeared_us, sample.population.begun_us
    best = 0.0
    for code in np.flatnonzero((appeared > start + 2 * DAY_US) & (appeared < np.iinfo(np.int64).max)):
        near = (sample.requested_us >= appeared[code]) & (sample.requested_us < appeared[code] + 2 * DAY_US)
        if np.count_nonzero(near) >= 20:
            best = max(best, float(np.mean(model.code[sample.rows[near]] == code)))
    return best
