"""Tests of matched controls and of p-values among them."""

from itertools import pairwise

import numpy as np
import pytest

from stillwatch.campaigns.control import LEAST_P, N_STRATA, Pool, activity_strata, draw_controls, tail_p_value


def test_strata_are_octiles_of_activity() -> None:
    """Each stratum has an eighth of the entities, and no entity of a lower stratum sent more than one of a higher."""
    n_exchanges = np.random.default_rng(0).integers(1, 500, 800)
    strata = activity_strata(n_exchanges)
    assert np.bincount(strata).tolist() == [100] * N_STRATA
    for s in range(N_STRATA - 1):
        assert n_exchanges[strata == s].max() <= n_exchanges[strata == s + 1].min()


def test_ties_of_activity_keep_the_canonical_order() -> None:
    """Equally active entities are split by their order, so that strata never depend on chance."""
    assert activity_strata(np.full(16, 3)).tolist() == [i // 2 for i in range(16)]
    assert len(activity_strata(np.zeros(0, np.int64))) == 0


def test_controls_are_drawn_from_all_without_repetition_in_the_groups_strata() -> None:
    """Each control group has the group's size and strata and nobody twice; the group's own members may be in it."""
    rng = np.random.default_rng(1)
    strata = activity_strata(rng.integers(1, 100, 400))
    group = np.sort(rng.choice(400, 30, replace=False))
    drawn = draw_controls(group, strata, np.arange(400), 300, seed=4)
    assert drawn is not None
    assert drawn.shape == (300, 30)
    assert np.isin(group, drawn).all()  # 300 draws of thirty of 400 leave nobody out
    wanted = np.bincount(strata[group], minlength=N_STRATA)
    for row in drawn:
        assert len(set(row.tolist())) == 30
        assert np.array_equal(np.bincount(strata[row], minlength=N_STRATA), wanted)


def test_only_the_eligible_serve() -> None:
    """Entities that may not serve as controls never do, members of the group as little as others."""
    strata = activity_strata(np.arange(200))
    eligible = np.arange(0, 200, 2)
    drawn = draw_controls(np.array([1, 50, 99]), strata, eligible, 100, seed=0)
    assert drawn is not None
    assert np.isin(drawn, eligible).all()
    strangers = np.setdiff1d(np.arange(200), [1, 50, 99])
    among_strangers = draw_controls(np.array([1, 50, 99]), strata, strangers, 100, seed=0)
    assert among_strangers is not None
    assert not np.isin(among_strangers, [1, 50, 99]).any()


def test_a_seed_gives_the_same_controls_and_another_seed_others() -> None:
    """Controls are reproducible, and not the same for all groups."""
    strata = activity_strata(np.arange(200))
    group = np.arange(0, 40, 4)
    first, again, other = (draw_controls(group, strata, np.arange(200), 50, seed=s) for s in (7, 7, 8))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_everybody_of_a_stratum_is_drawn_alike_often() -> None:
    """Draws are uniform, over the group's own members as well: the chi-square of counts is as chance makes it."""
    strata = np.zeros(60, np.int64)
    drawn = draw_controls(np.arange(20), strata, np.arange(60), 4000, seed=2)
    assert drawn is not None
    count = np.bincount(drawn.ravel(), minlength=60)
    expected, spread = 4000 * 20 / 60, 4000 * 1 / 3 * 2 / 3
    chi_square = float(((count - expected) ** 2).sum() / spread) * 59 / 60
    assert 59 - 5 * np.sqrt(118) < chi_square < 59 + 5 * np.sqrt(118)


def test_a_stratum_that_lacks_strangers_borrows_from_its_nearest() -> None:
    """Among strangers the busiest are few: what their stratum lacks comes from the one beside it, not from far away."""
    strata = np.repeat(np.arange(N_STRATA), 10)
    group = np.arange(73, 80)  # seven of the ten in the highest stratum, where three strangers are left
    drawn = draw_controls(group, strata, np.arange(73), 60, seed=0)
    assert drawn is not None
    for row in drawn:
        assert sorted(strata[row].tolist()) == [6] * 4 + [7] * 3
        assert len(set(row.tolist())) == 7


def test_too_few_eligible_give_no_controls() -> None:
    """Without room for groups that differ from one another there is no test, rather than a bad one."""
    strata = activity_strata(np.arange(30))
    assert draw_controls(np.arange(16), strata, np.arange(30), 9, seed=0) is None
    assert draw_controls(np.arange(15), strata, np.arange(30), 9, seed=0) is not None
    assert draw_controls(np.arange(5), strata, np.arange(5), 9, seed=0) is None
    assert draw_controls(np.arange(5), strata, np.zeros(0, np.int64), 9, seed=0) is None


@pytest.mark.parametrize("kind", ["normal", "heavy", "sparse"])
def test_p_values_are_valid_for_exchangeable_groups(kind: str) -> None:
    """Under the null the share of p-values at or below any level exceeds it by no more than chance allows.

    The bound is of Kolmogorov's kind: one-sided, over all levels down to the smallest rank at once; below the smallest
    rank the exponential tail may only err for tails heavier than exponential, which sums over members have not.
    """
    rng = np.random.default_rng(3)
    draws = {
        "normal": lambda shape: rng.normal(size=shape),
        "heavy": lambda shape: rng.exponential(size=shape) * rng.integers(1, 4, shape),
        "sparse": lambda shape: 12.0 * rng.poisson(0.05, shape),
    }
    n_trials, n_controls = 1500, 99
    values = draws[kind]((n_trials, n_controls + 1))
    p = np.sort([tail_p_value(float(row[0]), row[1:], quantum=0.1) for row in values])
    assert p[0] > 0
    assert p[-1] <= 1
    levels = np.arange(1, n_controls + 2) / (n_controls + 1)
    share = np.searchsorted(p, levels + 1e-12, side="right") / n_trials
    slack = np.sqrt(np.log(1 / 1e-4) / (2 * n_trials))  # Dvoretzky, Kiefer and Wolfowitz, one-sided, at 1 in 10,000
    assert np.max(share - levels) <= slack
    if kind != "sparse":
        assert np.max(levels - share) <= slack + 1 / (n_controls + 1)


def test_within_the_controls_a_p_value_is_the_rank() -> None:
    """No approximation where the controls themselves answer: one plus those as high, over one plus all; ties count."""
    null = np.array([1.0, 2.0, 2.0, 3.0, 8.0, 0.0, 0.0, 0.0, 0.0])
    for statistic, as_high in ((8.0, 1), (3.0, 2), (2.0, 4), (1.0, 5), (0.0, 9), (-1.0, 9)):
        assert tail_p_value(statistic, null, 0.1) == pytest.approx((1 + as_high) / 10)


def test_beyond_the_controls_a_p_value_falls_but_never_to_nought() -> None:
    """A statistic however far above every control keeps a p-value of at least the trusted limit."""
    null = np.random.default_rng(5).normal(size=999)
    found = [tail_p_value(float(null.max() + far), null, 0.1) for far in (1e-9, 0.1, 1.0, 10.0, 1e6, 1e300)]
    assert found[0] <= 1 / 1000
    assert all(a >= b for a, b in pairwise(found))
    assert found[2] < found[1] / 2
    assert found[-1] == LEAST_P > 0


def test_a_flat_null_falls_by_the_statistics_own_step() -> None:
    """Where no control ever moved, one step beyond them is one e-fold and not certainty."""
    null = np.zeros(999)
    assert tail_p_value(24.0, null, quantum=24.0) == pytest.approx(np.exp(-1) / 1000)
    assert tail_p_value(240.0, null, quantum=24.0) == pytest.approx(np.exp(-10) / 1000)


def test_a_pool_without_a_group_is_the_pool_of_the_others() -> None:
    """Leaving a group out of a pool gives the controls that its strangers give, for groups of every kind."""
    rng = np.random.default_rng(3)
    strata = activity_strata(rng.geometric(0.05, 300))
    everyone = Pool.of(strata, np.arange(300))
    for m in (0, 1, 2, 25, 60):
        group = np.sort(rng.choice(300, m, replace=False))
        strangers = np.setdiff1d(np.arange(300), group)
        left = everyone.without(group)
        assert left.sizes.tolist() == np.bincount(strata[strangers], minlength=8).tolist()
        for stratum in range(8):
            numbers = np.arange(left.sizes[stratum])
            assert left.take(stratum, numbers).tolist() == strangers[strata[strangers] == stratum].tolist()
        if m:
            drawn = draw_controls(group, strata, left, 40, seed=m)
            assert np.array_equal(drawn, draw_controls(group, strata, strangers, 40, seed=m))
            assert not np.isin(drawn, group).any()
