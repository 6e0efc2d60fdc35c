"""Who was seen to begin and to stop: a log's own edges are no beginnings and no ends.

A log starts in the middle of most lives. An account whose first request comes soon after the log's first one may have
sent for years, and one whose last comes shortly before the log's end goes on. Such times are *left* and *right
censored*: the beginning is known to lie before, the end after them, and no more. Taken for beginnings and ends they
make every two days of old customers a burst of starts.

An entity counts as seen to begin where the table of accounts says that it was made within the log, or where the
silence before its first request is no chance of its own rhythm, which takes both of

- that silence is longer than any between two requests of its own;
- had its requests fallen anywhere between the log's first moment and its own last one, the chance that none fell into
  that silence is at most ``LEVEL``. People come in sittings: requests count as that many fewer as their numbers a day
  spread more than Poisson's, and where there are fewer than ``LEAST_DAYS`` active days, each day counts once.

Likewise for stops, from the log's end, where a ban within the log stands for the day of making.

Guarantee: the second condition is exact, whatever the rate, for an entity that began before the log and sends at random
moments; over-dispersion is allowed for by its own estimate, weekly habits and longer pauses are what the first is for.
On the tune side at most 5 in 100 accounts that were made before the log are taken for beginners. An entity with one
active day was seen neither to begin nor to stop, unless the table of accounts says so; in a log of less than
``LEAST_DAYS`` days hardly anybody was.

Source: left and right censoring, Klein and Moeschberger 2003, Survival Analysis, sections 3.2 and 3.3; the conditional
test of a rate given the count, Przyborowski and Wilenski 1940; over-dispersion, McCullagh and Nelder 1989, Generalized
Linear Models, section 6.2; ours: docs/decisions/0041-beginnings-seen.md.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from stillwatch.links.entity import Entities
from stillwatch.links.population import MISSING_TIME, BoolArray, FloatArray, IntArray, Population
from stillwatch.links.rows import accounts_of_entities, rows_of_accounts

LEVEL: Final = 0.05
LEAST_DAYS: Final = 5  # with fewer, how uneven an account's days are cannot be told
DAY_US: Final = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Lives:
    """What a log shows of its entities' lives; arrays have one element an entity.

    Args:
        first_us, last_us: first and last request.
        has_begun, has_stopped: whether the log shows that it began, or stopped, within it.
    """

    first_us: IntArray
    last_us: IntArray
    has_begun: BoolArray
    has_stopped: BoolArray

    @property
    def begun_us(self) -> IntArray:
        """Return when each entity began; ``MISSING_TIME`` where that was not seen."""
        return np.where(self.has_begun, self.first_us, MISSING_TIME)

    @property
    def stopped_us(self) -> IntArray:
        """Return when each entity sent its last request; ``MISSING_TIME`` where it may go on."""
        return np.where(self.has_stopped, self.last_us, MISSING_TIME)


def lives_of(population: Population, entities: Entities) -> Lives:
    """Return what the log shows of each entity's beginning and end. Cost: O(n log n) for n exchanges of folded ones."""
    at_us = population.exchanges.requested_us
    start, end = (int(at_us.min()), int(at_us.max())) if len(at_us) else (0, 0)
    first, last, longest = (np.zeros(entities.n, np.int64) for _ in range(3))
    weight = np.zeros(entities.n)
    for owner, times in _by_entity(population, entities):
        begins = np.flatnonzero(np.diff(owner, prepend=-1))
        ends = np.append(begins[1:], len(owner)) - 1
        who = owner[begins]
        first[who], last[who] = times[begins], times[ends]
        gap = np.diff(times, prepend=times[:1])
        gap[begins] = 0
        longest[who] = np.maximum.reduceat(gap, begins)
        weight[who] = _independent_requests(owner, (times - start) // DAY_US, begins, ends)
    created, banned = population.accounts.created_us, population.accounts.banned_us
    made_within = _all_of(entities, (created != MISSING_TIME) & (created > start))
    banned_within = _all_of(entities, (banned != MISSING_TIME) & (banned <= end))
    begun, stopped = (
        (quiet > longest) & (chance_of_silence(quiet, last - first, weight) <= LEVEL)
        for quiet in (first - start, end - last)
    )
    return Lives(first, last, begun | made_within, stopped | banned_within)


def chance_of_silence(quiet_us: IntArray, spanned_us: IntArray, n_requests: FloatArray) -> FloatArray:
    """Return how often so many requests, the last of them fixed, all miss the first part of a time.

    Args:
        quiet_us: the part without a request, from the log's edge on.
        spanned_us: the part that they span.
        n_requests: independent requests besides the one that is fixed; any number from 0 on.
    """
    share = spanned_us / np.maximum(spanned_us + quiet_us, 1)
    return np.asarray(np.where(n_requests > 0, share**n_requests, 1.0), np.float64)


def _independent_requests(owner: IntArray, day: IntArray, begins: IntArray, ends: IntArray) -> FloatArray:
    """Return for how many independent requests those of each entity count, one of them left out.

    Args:
        owner: (n,) whose each request is, rising.
        day: (n,) on which day, rising for each owner.
        begins: (e,) the place of each entity's first request.
        ends: (e,) the place of its last one.
    """
    is_new = np.diff(day, prepend=day[:1]) != 0
    is_new[begins] = True
    starts = np.flatnonzero(is_new)
    on_day = np.diff(np.append(starts, len(owner))).astype(np.float64)
    of_day = np.searchsorted(starts, begins)
    n_days = np.diff(np.append(of_day, len(starts)))
    n = (ends - begins + 1).astype(np.float64)
    spanned = (day[ends] - day[begins] + 1).astype(np.float64)
    variance = (np.add.reduceat(on_day**2, of_day) - n**2 / spanned) / np.maximum(spanned - 1, 1)
    dispersion = np.maximum(variance * spanned / n, 1.0)
    return np.where(n_days >= LEAST_DAYS, (n - 1) / dispersion, n_days - 1.0)


def _by_entity(population: Population, entities: Entities) -> list[tuple[IntArray, IntArray]]:
    """Return owner and time of all exchanges, sorted by both: of entities of one account, then of the folded ones."""
    exchanges = population.exchanges
    n_accounts = np.bincount(entities.of_account, minlength=entities.n)
    is_folded = n_accounts[entities.of_account] > 1
    found: list[tuple[IntArray, IntArray]] = []
    for chosen in (np.flatnonzero(~is_folded), accounts_of_entities(entities, np.flatnonzero(n_accounts > 1))):
        rows = rows_of_accounts(population, chosen.astype(np.int64))
        owner = entities.of_account[exchanges.account[rows]].astype(np.int64)
        times = exchanges.requested_us[rows]
        if found:  # accounts' own exchanges lie in order; those of several are merged
            order = np.lexsort((times, owner))
            owner, times = owner[order], times[order]
        found.append((owner, times))
    return [part for part in found if len(part[0])]


def _all_of(entities: Entities, is_so: BoolArray) -> BoolArray:
    """Return for which entities it is so of every account."""
    n_not = np.bincount(entities.of_account, weights=~is_so, minlength=entities.n)
    return np.asarray(n_not == 0, np.bool_)
