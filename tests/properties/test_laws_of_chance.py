"""Laws of error rates: what p-values and q-values promise, measured on simulated nulls.

Every bound is set so that a procedure that keeps its promise fails it with a probability below ``ERROR``; seeds are
fixed all the same.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import pytest
from scipy.stats import binom, expon, norm, rv_continuous

from stillwatch.campaigns.control import N_STRATA, activity_strata, draw_controls, tail_p_value
from stillwatch.campaigns.coordination import shared_value_statistic
from stillwatch.campaigns.false_discovery import q_values
from stillwatch.links.identity import Ties

ERROR: Final = 1e-6
LEVEL: Final = 0.05

Draw = Callable[[np.random.Generator, int], np.ndarray]
"""From a generator and a number of tests to that many p-values, each uniform."""


def excess(p: list[float]) -> float:
    """Return the largest amount by which the share of p-values at or below any t exceeds t."""
    ordered = np.sort(p)
    return float(np.max(np.arange(1, len(ordered) + 1) / len(ordered) - ordered))


def most_excess(n: int) -> float:
    """Return what ``excess`` of n super-uniform p-values passes with probability ``ERROR`` at most.

    Source: Massart 1990, The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality, one-sided.
    """
    return float(np.sqrt(np.log(1 / ERROR) / (2 * n)))


def comonotone(rng: np.random.Generator, m: int) -> np.ndarray:
    """Return one p-value m times."""
    return np.full(m, rng.random())


def clustered(rng: np.random.Generator, m: int) -> np.ndarray:
    """Return p-values of normal statistics in clusters of five that correlate by 0.8."""
    common = np.repeat(rng.normal(size=-(-m // 5)), 5)[:m]
    return norm.sf(np.sqrt(0.8) * common + np.sqrt(0.2) * rng.normal(size=m))


def opposed(rng: np.random.Generator, m: int) -> np.ndarray:
    """Return p-values that correlate negatively in pairs."""
    half = rng.random(-(-m // 2))
    return np.concatenate([half, 1 - half])[:m]


def least_favourable(level: float) -> Draw:
    """Return the draw of p-values so dependent that rejecting j of m at ``j * level / m`` is most often wrong.

    With probability ``level / j`` for each j, exactly j of them lie just where j rejections begin, so that something is
    rejected with probability ``level * sum(1 / j)``; each p-value by itself is uniform.

    Source: the extremal case of Benjamini and Yekutieli 2001, as given by Guo and Rao 2008.
    """

    def draw(rng: np.random.Generator, m: int) -> np.ndarray:
        j = 1 + int(np.searchsorted(np.cumsum(level / np.arange(1, m + 1)), rng.random()))
        p = rng.uniform(level, 1, m)
        if j <= m:
            p[rng.choice(m, j, replace=False)] = rng.uniform((j - 1) * level / m, j * level / m, j)
        return p

    return draw


@pytest.mark.parametrize("draw", [comonotone, clustered, opposed, least_favourable(LEVEL), least_favourable(LEVEL / 4)])
@pytest.mark.parametrize("m", [3, 40])
def test_where_nothing_is_true_discoveries_are_as_rare_as_stated(draw: Draw, m: int) -> None:
    """With m true nulls, however dependent, any discovery at q <= 0.05 is made in at most 5 of 100 worlds."""
    rng = np.random.default_rng(m)
    n = 3000
    false = sum(bool(np.any(q_values(draw(rng, m)) <= LEVEL)) for _ in range(n))
    assert false <= binom.isf(ERROR, n, LEVEL)


def test_the_penalty_for_dependence_is_needed_whole() -> None:
    """The law above can fail: under the least favourable dependence the whole level is used, and more without penalty.

    Without the penalty, which is that sum over 1 / j, the same p-values would give four times as many discoveries.
    """
    rng = np.random.default_rng(5)
    n, m = 3000, 40
    penalty = float(np.sum(1.0 / np.arange(1, m + 1)))
    found = sum(bool(np.any(q_values(least_favourable(LEVEL / penalty)(rng, m)) <= LEVEL)) for _ in range(n))
    assert binom.ppf(ERROR, n, LEVEL) <= found <= binom.isf(ERROR, n, LEVEL)
    without = sum(bool(np.any(q_values(least_favourable(LEVEL)(rng, m)) <= LEVEL * penalty)) for _ in range(n))
    assert without > 3 * LEVEL * n


@pytest.mark.parametrize("draw", [comonotone, clustered, opposed])
def test_among_true_findings_false_ones_keep_their_share(draw: Draw) -> None:
    """With ten true effects among forty nulls, at most 5 of 100 discoveries are false in expectation."""
    rng = np.random.default_rng(7)
    n = 1500
    share = np.zeros(n)
    for i in range(n):
        found = q_values(np.concatenate([draw(rng, 40), norm.sf(rng.normal(4.0, 1.0, 10))])) <= LEVEL
        share[i] = np.count_nonzero(found[:40]) / max(np.count_nonzero(found), 1)
    margin = norm.isf(ERROR) * float(share.std()) / np.sqrt(n)
    assert float(share.mean()) <= LEVEL + margin


def p_values(statistic: Callable[[np.ndarray], np.ndarray], n: int, m: int, n_groups: int) -> list[float]:
    """Return p-values of random groups of m among n entities of any activity, each against 99 controls of its own."""
    rng = np.random.default_rng(n + m)
    strata = activity_strata(rng.geometric(0.05, n))
    assert len(set(strata.tolist())) == N_STRATA
    p = []
    for seed in range(n_groups):
        group = np.sort(rng.choice(n, m, replace=False))
        controls = draw_controls(group, strata, np.arange(n), 99, seed)
        assert controls is not None
        p.append(tail_p_value(float(statistic(group[None, :])[0]), statistic(controls), 1e-6))
    return p


def summed(n: int) -> Callable[[np.ndarray], np.ndarray]:
    """Return the sum, over a group, of a skewed number that each of n entities has."""
    worth = np.random.default_rng(n).exponential(size=n)
    return lambda groups: worth[groups].sum(axis=1)


@pytest.mark.parametrize(("n", "m"), [(400, 5), (2000, 20), (3000, 60)])
def test_p_values_of_small_random_groups_are_no_smaller_than_chance(n: int, m: int) -> None:
    """P-values of groups of up to one in fifty are super-uniform, whatever each entity is worth."""
    p = p_values(summed(n), n, m, 800)
    assert excess(p) <= most_excess(len(p))


def test_p_values_of_large_random_groups_are_no_smaller_than_chance() -> None:
    """P-values of groups of up to a third of all are super-uniform too.

    Controls from strangers alone would fail this: a group that has much by chance leaves little to the others, and one
    in four random groups of a third of all entities would have p <= 0.05.
    """
    p = p_values(summed(60), 60, 20, 800)
    assert excess(p) <= most_excess(len(p))


def test_a_rare_value_in_a_large_random_group_is_no_rarer_than_chance() -> None:
    """Where two of sixty entities share the one shared card, a random group of fifteen has both in 6 of 100 draws.

    Its p-value says so, since controls may hold what the group does.
    """
    n, m, n_groups = 60, 15, 800
    pair = np.array([0, 1], np.int32)
    statistic = shared_value_statistic(Ties("payment_fingerprint", np.zeros(2, np.int32), pair, ("card",)), n)
    p = np.array(p_values(statistic, n, m, n_groups))
    assert np.count_nonzero(p <= 0.01) <= binom.isf(ERROR, n_groups, 0.01)


@pytest.mark.parametrize("law", [norm, expon])
@pytest.mark.parametrize("level", [1e-4, 1e-6])
def test_beyond_the_controls_p_values_are_no_smaller_than_chance(law: rv_continuous, level: float) -> None:
    """For statistics whose tails fall as an exponential or faster, p <= level is as rare as level, by a factor of 2.

    The probability is computed, not simulated: for each set of 999 controls, that of the statistics above the one at
    which p falls to the level. The factor allows for a scale that is estimated from a hundred controls.
    """
    rng = np.random.default_rng(11)
    chance = np.zeros(200)
    for i in range(len(chance)):
        null = np.asarray(law.rvs(size=999, random_state=rng), np.float64)
        low, high = float(null.max()), float(null.max()) + 200.0
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if tail_p_value(middle, null, 1e-9) > level else (low, middle)
        chance[i] = law.sf(high)
    assert float(chance.mean()) <= 2 * level
