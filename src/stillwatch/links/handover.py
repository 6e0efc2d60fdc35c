"""Hand-overs: an item that failed for one entity and was sent again, soon after, by another.

A pool that works through a list cannot leave a gap where a request failed: another account takes the item over.
Strangers have no way to know what failed for whom. So the trace survives clean identities, human hours, paraphrase
and the absence of any template; only giving failed items up, or the same account trying again, avoids it.

Guarantee: the *mirror image*, an item that failed for one entity shortly **after** another one had sent it, is as
likely as a hand-over among strangers, whatever made both send it (a class, a benchmark, a viral prompt, an outage that
failed them all) and never a hand-over. The threshold in bits is the lowest at which mirror images are at most
``MOST_FALSE`` of hand-overs; this is the knockoff+ rule, which controls the false discovery rate where signs of null
statistics are independent coin flips.

Source: Barber and Candes 2015, Controlling the false discovery rate via knockoffs, section 2; target and decoy as in
Elias and Gygi 2007; the use on failures is ours: docs/decisions/0010-hand-overs.md.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from stillwatch.links.entity import Entities
from stillwatch.links.population import BoolArray, FloatArray, IntArray, Population

CALLERS_FAULT: Final = (400, 404, 405, 411, 413, 414, 415, 422)  # would fail for anybody: sending it elsewhere is idle
MOST_FALSE: Final = 0.05  # of hand-overs
HORIZON_US: Final = 86_400_000_000  # a queue comes back to a failed item within a day, or never


@dataclass(frozen=True, slots=True)
class HandOvers:
    """Hand-overs above the threshold: parallel arrays in the order of the failed row.

    Args:
        failed: (k,) row of the failed request.
        taken: (k,) row of the request of another entity that took the item over.
        bits: (k,) surprise at so short a delay, had strangers sent the item independently.
        n_mirrored: mirror images above the same threshold: how many of the k are expected to be chance.
        threshold: the least bits.
    """

    failed: IntArray
    taken: IntArray
    bits: FloatArray
    n_mirrored: int
    threshold: float


@dataclass(frozen=True, slots=True)
class Succession:
    """Consecutive requests with one prompt by two entities: parallel arrays sorted by item, then time.

    Args:
        earlier, later: (k,) rows.
        has_failed_first, has_failed_last: (k,) whether the earlier or the later one failed.
        bits: (k,) surprise at so short a time between them.
    """

    earlier: IntArray
    later: IntArray
    has_failed_first: BoolArray
    has_failed_last: BoolArray
    bits: FloatArray


def has_failed(population: Population) -> BoolArray:
    """Return, for every exchange, whether it failed for a reason that lies with the account, the limits or the model.

    A refusal counts; an error that the same request would meet again anywhere does not.
    """
    status = population.exchanges.numbers["status"]
    is_error = (status >= 400) & ~np.isin(status, CALLERS_FAULT)
    return np.asarray(is_error | population.exchanges.flags["refused"], np.bool_)


def successions(population: Population, entities: Entities) -> Succession:
    """Return every pair of consecutive requests with the same prompt by two different entities, within a day.

    What accounts of one house pass on to each other is the house's own affair and left out.

    Bits are ``-log2`` of the chance that any other entity sends the item within the time between the two, at the rate
    at which others send it: over the whole log or near this request, whichever is the higher.

    Cost: O(n log n) for n exchanges.
    """
    exchanges = population.exchanges
    hashes, at = exchanges.hashes["prompt_hash"], exchanges.requested_us
    known = population.repeated_prompts
    order = known[np.lexsort((known, at[known], hashes[known]))]
    entity = entities.of_account[exchanges.account[order]].astype(np.int64)
    same = hashes[order][1:] == hashes[order][:-1]
    gap = np.diff(at[order])
    place = np.flatnonzero(same & (entity[1:] != entity[:-1]) & (gap <= HORIZON_US))
    place = place[~entities.in_one_house(entity[place], entity[place + 1])]
    span = float(max(int(at.max()) - int(at.min()), 1)) if len(at) else 1.0
    _, item, n_sends = np.unique(hashes[order], return_inverse=True, return_counts=True)
    others = (n_sends[item[place]] - 1).astype(np.float64)
    rate = np.maximum(others / span, 1.0 / _next_nearest(at[order], same, place))
    bits = -np.log2(np.maximum(-np.expm1(-np.maximum(gap[place], 1) * rate), 1e-300))
    failed = has_failed(population)[order]
    return Succession(order[place], order[place + 1], failed[place], failed[place + 1], bits)


def _next_nearest(at_us: IntArray, same: BoolArray, place: IntArray) -> FloatArray:
    """Return the time from each pair to the nearest further request with its item; infinite where there is none."""
    n = len(at_us)
    before = np.maximum(place - 1, 0)
    after = np.minimum(place + 2, n - 1)
    has_before = (place >= 1) & same[before]
    has_after = (place + 2 < n) & same[np.minimum(place + 1, len(same) - 1)]
    to_before = np.where(has_before, at_us[place] - at_us[before], np.inf)
    to_after = np.where(has_after, at_us[after] - at_us[place + 1], np.inf)
    return np.maximum(np.minimum(to_before, to_after), 1.0)


def hand_overs(found: Succession) -> HandOvers:
    """Return the hand-overs among successions, above the threshold that keeps chance below ``MOST_FALSE``."""
    forward = found.has_failed_first & ~found.has_failed_last
    mirrored = ~found.has_failed_first & found.has_failed_last
    # and no hand-over that so many failures would bring about once by accident
    floor = float(np.log2(max(int((forward | mirrored).sum()), 1)))
    threshold = _threshold(found.bits[forward], found.bits[mirrored], floor)
    chosen = np.flatnonzero(forward & (found.bits >= threshold))
    chosen = chosen[np.argsort(found.earlier[chosen], kind="stable")]
    n_mirrored = int(np.count_nonzero(found.bits[mirrored] >= threshold))
    return HandOvers(found.earlier[chosen], found.later[chosen], found.bits[chosen], n_mirrored, threshold)


def _threshold(forward: FloatArray, mirrored: FloatArray, floor: float) -> float:
    """Return the lowest level from ``floor`` on at which ``(1 + mirrored) / forward`` is at most ``MOST_FALSE``.

    Infinite for none. The floor is no function of which way round a pair is, so that the guarantee holds above it.
    """
    levels = np.unique(forward[forward >= floor])
    n_forward = len(forward) - np.searchsorted(np.sort(forward), levels)
    n_mirrored = len(mirrored) - np.searchsorted(np.sort(mirrored), levels)
    is_good = (1 + n_mirrored) <= MOST_FALSE * n_forward
    return float(levels[is_good][0]) if np.any(is_good) else float("inf")


def linked_entities(found: HandOvers, population: Population, entities: Entities) -> tuple[IntArray, IntArray]:
    """Return the two entities of each hand-over: for whom it failed, and who took it over."""
    of_row = entities.of_account[population.exchanges.account].astype(np.int64)
    return of_row[found.failed], of_row[found.taken]
