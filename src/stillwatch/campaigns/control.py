"""Matched organic controls: groups of strangers with the activity of the group under test.

Guarantee: each control group has, in every activity stratum, as many entities as the group has, drawn without
replacement from all entities, those of the group among them; under the null that the group is such a draw, the group
and its controls are exchangeable, and the rank of its statistic gives a valid p-value (Davison and Hinkley 1997,
section 4.3).

Source: matching by stratification, Rosenbaum 2002, Observational Studies, chapter 3.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from stillwatch.links.population import FloatArray, IntArray

N_STRATA: Final = 8  # octiles of activity
TAIL_SHARE: Final = 0.1  # the upper tenth of 999 controls: a hundred values to estimate one scale from
LEAST_P: Final = 1e-9  # an approximation of a tail is not trusted further than that


def activity_strata(n_exchanges: IntArray) -> IntArray:
    """Return the stratum of each entity: its octile by number of exchanges, ties in canonical order."""
    rank = np.argsort(np.argsort(n_exchanges, kind="stable"), kind="stable")
    return (rank * N_STRATA // max(len(rank), 1)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Pool:
    """Entities that may serve as controls, by stratum; made once, so that a group pays for its own size alone.

    Args:
        members: the entities of each stratum, rising.
        absent: for each stratum the places among its members, rising, of those that are left out.
    """

    members: tuple[IntArray, ...]
    absent: tuple[IntArray, ...]

    @classmethod
    def of(cls, strata: IntArray, eligible: IntArray) -> Self:
        """Return the pool of some entities, rising."""
        stratum = strata[eligible].astype(np.uint8)
        ordered = eligible[np.argsort(stratum, kind="stable")].astype(np.int64)
        ends = np.cumsum(np.bincount(stratum, minlength=N_STRATA))
        members = tuple(np.split(ordered, ends[:-1]))
        return cls(members, tuple(np.zeros(0, np.int64) for _ in members))

    def without(self, group: IntArray) -> Self:
        """Return the pool without the entities of a group, rising. Cost: O(m log n) for a group of m."""
        absent = []
        for members in self.members:
            place = np.searchsorted(members, group)
            is_here = place < len(members)
            absent.append(place[is_here][members[place[is_here]] == group[is_here]])
        return type(self)(self.members, tuple(absent))

    @property
    def sizes(self) -> IntArray:
        """Return how many may serve of each stratum."""
        return np.array([len(all_of_it) - len(out) for all_of_it, out in zip(self.members, self.absent, strict=True)])

    def take(self, stratum: int, number: IntArray) -> IntArray:
        """Return the entities of a stratum that have these numbers among those who may serve."""
        absent = self.absent[stratum]
        skipped = np.searchsorted(absent - np.arange(len(absent)), number, side="right")
        return np.asarray(self.members[stratum][number + skipped], np.int64)


def draw_controls(
    group: IntArray, strata: IntArray, eligible: IntArray | Pool, n_controls: int, seed: int
) -> IntArray | None:
    """Return ``n_controls`` control groups, (n_controls, m) entity indices; null where there are too few strangers.

    Args:
        group: entities under test.
        strata: stratum of every entity.
        eligible: entities that may serve as controls, or the pool of them. For a test these are all entities, those of
            the group among them: controls from strangers alone are not exchangeable with the group, and reject too
            often.
        n_controls: how many groups.
        seed: of the draw; the same seed gives the same controls.

    Returns:
        Null when some stratum has fewer eligible entities than members even after borrowing from its neighbours.
    """
    rng = np.random.default_rng(seed)
    pool = eligible if isinstance(eligible, Pool) else Pool.of(strata, eligible)
    sizes = pool.sizes
    if sizes.sum() < 2 * len(group):
        return None  # no room to draw groups that differ from one another
    wanted = _borrow(np.bincount(strata[group], minlength=N_STRATA), sizes)
    columns = [
        pool.take(int(stratum), _distinct_draws(int(sizes[stratum]), int(wanted[stratum]), n_controls, rng))
        for stratum in np.flatnonzero(wanted)
    ]
    return np.concatenate(columns, axis=1).astype(np.int64)


def _distinct_draws(n: int, count: int, n_draws: int, rng: np.random.Generator) -> IntArray:
    """Return ``n_draws`` draws of ``count`` out of ``n`` without replacement, (n_draws, count).

    Rows are drawn with replacement, and those with a repetition drawn anew one by one: uniform, and fast where
    ``count`` is small against ``n``.
    """
    draws = rng.integers(0, n, (n_draws, count))
    ordered = np.sort(draws, axis=1)
    for row in np.flatnonzero(np.any(ordered[:, 1:] == ordered[:, :-1], axis=1)):
        draws[row] = rng.choice(n, count, replace=False, shuffle=False)
    return draws


def _borrow(wanted: IntArray, available: IntArray) -> IntArray:
    """Return ``wanted`` with what a stratum lacks moved to the nearest strata that have it."""
    taken = np.minimum(wanted, available)
    for stratum in np.flatnonzero(wanted > available):
        lacking = int(wanted[stratum] - available[stratum])
        for other in np.argsort(np.abs(np.arange(len(wanted)) - stratum), kind="stable"):
            moved = min(lacking, int(available[other] - taken[other]))
            taken[other] += moved
            lacking -= moved
    return taken


def tail_p_value(statistic: float, null: FloatArray, quantum: float) -> float:
    """Return the one-sided p-value of a statistic among its controls, extended beyond them by an exponential tail.

    Within the controls it is the rank, ``(1 + #{null >= statistic}) / (1 + n)``, exact for exchangeable groups. Beyond
    all of them, it falls from ``1 / (1 + n)`` by one e-fold per ``scale``, the mean excess of the controls' upper tenth
    and never less than ``quantum``. The statistics here are sums over members, whose tails fall faster than an
    exponential, so the extension errs on the side of the innocent; it never goes below ``LEAST_P``.

    Args:
        statistic: the group's value.
        null: (n,) the controls' values.
        quantum: the smallest step that the statistic can take.

    Source: tail approximation of permutation p-values, Knijnenburg and others 2009, with the shape fixed at zero.
    """
    n = len(null)
    rank = (1 + np.count_nonzero(null >= statistic - 1e-12)) / (1 + n)
    highest = float(np.max(null))
    if statistic <= highest:
        return float(rank)
    threshold = float(np.quantile(null, 1 - TAIL_SHARE))
    excess = null[null > threshold] - threshold
    scale = max(float(np.mean(excess)) if len(excess) else 0.0, quantum)
    return float(max(rank * np.exp(-(statistic - highest) / scale), LEAST_P))
