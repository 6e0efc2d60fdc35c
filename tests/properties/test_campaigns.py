"""Laws of group tests that hold for any numbers."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from stillwatch.campaigns.control import LEAST_P, N_STRATA, draw_controls, tail_p_value
from stillwatch.campaigns.coordination import burst_statistic
from stillwatch.campaigns.false_discovery import q_values
from stillwatch.links.population import MISSING_TIME

P_VALUES = st.lists(st.floats(1e-12, 1.0), min_size=1, max_size=40)
FINITE = st.floats(-1e6, 1e6)


@settings(max_examples=150, deadline=None)
@given(P_VALUES)
def test_q_values_equal_the_procedure_and_never_reorder(p: list[float]) -> None:
    """For any p-values, q is that of Benjamini and Yekutieli, at least p, at most 1, and in the order of p."""
    values = np.array(p)
    q = q_values(values)
    assert q == pytest.approx(false_discovery_control(values, method="by"))
    assert np.all((q >= values - 1e-15) & (q <= 1))
    order = np.argsort(values, kind="stable")
    assert np.all(np.diff(q[order]) >= 0)


@settings(max_examples=80, deadline=None)
@given(P_VALUES, st.integers(0, 39), st.floats(0.0, 1.0))
def test_a_smaller_p_value_never_raises_any_q_value(p: list[float], at: int, factor: float) -> None:
    """More evidence for one group makes no group less significant."""
    values = np.array(p)
    less = values.copy()
    less[at % len(p)] = max(less[at % len(p)] * factor, 1e-12)
    less = np.minimum(less, values)
    assert np.all(q_values(less) <= q_values(values) + 1e-15)


@settings(max_examples=150, deadline=None)
@given(st.lists(FINITE, min_size=5, max_size=60), st.lists(FINITE, min_size=2, max_size=6), st.floats(1e-3, 100))
def test_a_larger_statistic_never_has_a_larger_p_value(null: list[float], seen: list[float], quantum: float) -> None:
    """P-values fall with the statistic, lie in (0, 1], and are the rank wherever the controls reach."""
    controls = np.array(null)
    p = [tail_p_value(s, controls, quantum) for s in sorted(seen)]
    assert all(a >= b for a, b in pairwise(p))
    assert all(LEAST_P <= value <= 1 for value in p)
    for s, value in zip(sorted(seen), p, strict=True):
        rank = (1 + sum(control >= s - 1e-12 for control in null)) / (1 + len(null))
        assert value == pytest.approx(rank) if s <= controls.max() else value <= rank + 1e-15


@settings(max_examples=80, deadline=None)
@given(st.integers(10, 150), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_controls_are_always_groups_of_distinct_entities(n: int, size: int, seed: int) -> None:
    """For any world and group there are either no controls or controls of distinct entities in the group's strata."""
    rng = np.random.default_rng(seed)
    strata = rng.integers(0, N_STRATA, n)
    group = np.sort(rng.choice(n, min(size, n), replace=False))
    drawn = draw_controls(group, strata, np.arange(n), 20, seed)
    if n < 2 * len(group):
        assert drawn is None
        return
    assert drawn is not None
    assert drawn.shape == (20, len(group))
    assert all(len(set(row)) == len(group) for row in drawn.tolist())
    wanted = np.bincount(strata[group], minlength=N_STRATA)
    assert all(np.array_equal(np.bincount(strata[row], minlength=N_STRATA), wanted) for row in drawn)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(0, 10**13)), min_size=3, max_size=12), st.integers(0, 10**12))
def test_bursts_know_no_date_and_no_order(times: list[int | None], shift: int) -> None:
    """Moving all times, or listing the members in another order, leaves the statistic as it was."""
    at_us = np.array([MISSING_TIME if t is None else t for t in times])
    moved = np.array([MISSING_TIME if t is None else t + shift for t in times])
    group = np.arange(len(times))[None, :]
    value = burst_statistic(at_us)(group)
    assert burst_statistic(moved)(group) == pytest.approx(value)
    assert burst_statistic(at_us)(group[:, ::-1]) == pytest.approx(value)
