"""Matched organic controls: groups of strangers with the activity of the group under test.

Guarantee: each control group has, in every activity stratum, as many entities as the group has, drawn without
replacement from all entities, those of the group among them; under the null that the group is such a draw, the group
and its controls are exchangeable, and the rank of its statistic gives a valid p-value (Davison and Hinkley 1997,
section 4.3).

Source: matching by stratification, Rosenbaum 2002, Observational Studies, chapter 3.
"""

from typing import Final

import numpy as np

from stillwatch.links.population import FloatArray, IntArray

N_STRATA: Final = 8  # octiles of activity
TAIL_SHARE: Final = 0.1  # the upper tenth of 999 controls: a hundred values to estimate one scale from
LEAST_P: Final = 1e-9  # an approximation of a tail is not trusted further than that


def activity_strata(n_exchanges: IntArray) -> IntArray:
    """Return the stratum of each entity: its octile by number of exchanges, ties in canonical order."""
    rank = np.argsort(np.argsort(n_exchanges, kind="stable"), kind="stable")
    return (rank * N_STRATA // max(len(rank), 1)).astype(np.int64)


def draw_controls(group: IntArray, strata: IntArray, eligible: IntArray, n_controls: int, seed: int) -> IntArray | None:
    """Return ``n_controls`` control groups, (n_controls, m) entity indices; null where there are too few strangers.

    Args:
        group: entities under test.
        strata: stratum of every entity.
        eligible: entities that may serve as controls. For a test these are all entities, those of the group among them:
            controls from strangers alone are not exchangeable with the group, and reject too often.
        n_controls: how many groups.
        seed: of the draw; the same seed gives the same controls.

    Returns:
        Null when some stratum has fewer eligible entities than members even after borrowing from its neighbours.
    """
    rng = np.random.default_rng(seed)
    if len(eligible) < 2 * len(group):
        return None  # no room to draw groups that differ from one another
    wanted = np.bincount(strata[group], minlength=N_STRATA)
    by_stratum = [eligible[strata[eligible] == s] for s in range(len(wanted))]
    wanted = _borrow(wanted, np.array([len(members) for members in by_stratum]))
    columns = []
    for members, count in zip(by_stratum, wanted, strict=True):
        if count:
            columns.append(members[_distinct_draws(len(members), int(count), n_controls, rng)])
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
