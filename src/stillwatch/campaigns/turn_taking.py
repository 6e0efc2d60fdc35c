"""Turn taking: does a group's traffic go round its accounts, one after the other, as a load balancer deals it?

A balancer gives each account one request a round. What shows is not that each account is regular (people with habits
are) but that their rounds *coincide*: cut into blocks of as many requests as there are members, the common sequence
holds nearly every member once.

Guarantee: the null is that, given the days on which each account is active, its days are exchangeable: what it did on
one of them, by the clock, it might have done on any other of them, whatever the others did. Permuting each account's
active days, independently of all others, then leaves the distribution as it is, and the rank of the statistic among
permutations is a valid p-value (Davison and Hinkley 1997, section 4.3). Time zones, office hours, weekends off and
habits are kept by every permutation and count for nothing. Beyond all permutations the tail of ``control`` is used.

Only groups that share the work nearly equally are tested: a matter of how many requests each account sent, which no
permutation changes. Of a large group some members are drawn, whatever they sent: among them the rounds of all are
rounds again, and permutations are as valid, so that the test costs no more for a pool of twenty thousand.

Source: permutation tests of spike synchrony by dithering, Gruen 2009; for turns, ours:
docs/decisions/0017-turns-conversations-and-silent-pools.md.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from stillwatch.campaigns.control import tail_p_value
from stillwatch.campaigns.coordination import DAY_US, TestResult
from stillwatch.links.family import LEAST_ENTITIES
from stillwatch.links.population import FloatArray, IntArray

N_PERMUTATIONS: Final = 199
MOST_UNEVEN: Final = 0.5  # spread of the members' numbers of requests, in times their mean
LEAST_ROUNDS: Final = 4  # requests a member: fewer make no rounds to compare
MOST_REQUESTS: Final = 50_000  # tested: a pool of hundreds at work for a month, and no more than 20 MB at once
REQUESTS_AT_ONCE: Final = 100_000  # of all permutations looked at together: some 10 MB
STRETCH_ROUNDS: Final = 4  # rounds drift apart by what failed and was sent again: where they begin is sought anew
N_OFFSETS: Final = 8  # places where a round may begin


def turn_taking(member: IntArray, at_us: IntArray, seed: int) -> TestResult | None:
    """Return the test of one group; null where it has no rounds to speak of or shares the work unequally.

    Args:
        member: (n,) who sent each request.
        at_us: (n,) when, in microseconds.
        seed: of the permutations.
    """
    _, member = np.unique(member, return_inverse=True)
    count = np.bincount(member)
    m = len(count)
    if m < LEAST_ENTITIES or len(member) < LEAST_ROUNDS * m or float(count.std() / count.mean()) > MOST_UNEVEN:
        return None
    member, at_us = _some_members(member, at_us, seed)
    m = int(member.max()) + 1
    rng = np.random.default_rng(seed)
    value = float(_roundness(member[np.argsort(at_us, kind="stable")][None, :], m)[0])
    null = np.concatenate([_roundness(member[order], m) for order in _dithered(member, at_us, rng)])
    return TestResult(
        "turn_taking",
        "rhythm",
        "each account's active days in another order make rounds as full",
        value,
        float(np.mean(null)),
        float(np.quantile(null, 0.99)),
        tail_p_value(value, null, 1.0 / len(member)),
        len(null),
        False,
        drawn="orders of each account's active days",
    )


def _some_members(member: IntArray, at_us: IntArray, seed: int) -> tuple[IntArray, IntArray]:
    """Return the requests of as many members, drawn at random, as sent about ``MOST_REQUESTS``; all where fewer."""
    if len(member) <= MOST_REQUESTS:
        return member, at_us
    m = int(member.max()) + 1
    n_kept = max(m * MOST_REQUESTS // len(member), LEAST_ENTITIES)
    place = np.full(m, -1, np.int64)
    place[np.random.default_rng((seed, m)).choice(m, n_kept, replace=False)] = np.arange(n_kept)
    kept = place[member] >= 0
    return place[member[kept]], at_us[kept]


def _dithered(member: IntArray, at_us: IntArray, rng: np.random.Generator) -> Iterator[IntArray]:
    """Yield the orders of ``N_PERMUTATIONS`` versions of the requests, some at once: members' active days permuted.

    A request keeps its time of day, so that one order by that, and a sort by few days, make each version's order.
    """
    day, hour_us = at_us // DAY_US, at_us % DAY_US
    pair, place = np.unique(np.stack([member, day]), axis=1, return_inverse=True)
    owner, active = _narrow(pair[0]), _narrow(pair[1] - pair[1].min())
    by_hour = np.argsort(hour_us, kind="stable")
    place = place.ravel()[by_hour]
    n_at_once = max(REQUESTS_AT_ONCE // len(member), 1)
    for start in range(0, N_PERMUTATIONS, n_at_once):
        random = rng.random((min(n_at_once, N_PERMUTATIONS - start), len(owner)))
        shuffled = np.argsort(random, axis=1)
        back = np.argsort(owner[shuffled], axis=1, kind="stable")  # a permutation in each: owners rise
        days = active[np.take_along_axis(shuffled, back, axis=1)[:, place]]
        yield by_hour[np.argsort(days, axis=1, kind="stable")]


def _narrow(codes: IntArray) -> npt.NDArray[np.unsignedinteger]:
    """Return codes from 0 on in the narrowest type that holds them: what has two bytes or fewer is sorted in O(n)."""
    return codes.astype(np.min_scalar_type(int(codes.max())))


def _roundness(member: IntArray, m: int) -> FloatArray:
    """Return, for each row, the mean share of members in blocks of ``m`` requests.

    Blocks begin in each stretch where the share is highest. A member is in a block where it was not there before since
    the block began: who came when before is found once for all ``N_OFFSETS`` ways to cut.
    """
    n_rows, n = member.shape
    before = _before(member)
    row = np.arange(n_rows)[:, None]
    n_stretches = max(n // (STRETCH_ROUNDS * m), 1)
    best: FloatArray = np.zeros((n_rows, n_stretches))
    for step in range(N_OFFSETS):
        cut_off = step * m // N_OFFSETS  # places of a block that began before the first request
        whole = np.arange(1 if cut_off else 0, (n + cut_off) // m)  # blocks at the ends are cut off
        begin = whole * m - cut_off
        within = before[:, begin[0] : begin[-1] + m] if len(whole) else before[:, :0]
        is_first = within.reshape(n_rows, len(whole), m) < begin[:, None]
        distinct = np.count_nonzero(is_first, axis=2)
        stretch = np.minimum(whole // STRETCH_ROUNDS, n_stretches - 1)
        total = np.bincount((row * n_stretches + stretch).ravel(), distinct.ravel(), n_rows * n_stretches)
        number = np.maximum(np.bincount(stretch, minlength=n_stretches), 1)
        best = np.maximum(best, total.reshape(n_rows, n_stretches) / number / m)
    return np.asarray(best.mean(axis=1), np.float64)


def _before(member: IntArray) -> IntArray:
    """Return, for each request of each row, the place of the same member's request before it; -1 for its first."""
    order = np.argsort(_narrow(member), axis=1, kind="stable")
    ordered = np.take_along_axis(member, order, axis=1)
    before = np.full(member.shape, -1, np.int64)
    np.put_along_axis(before, order[:, 1:], np.where(ordered[:, 1:] == ordered[:, :-1], order[:, :-1], -1), axis=1)
    return before
