"""Tests of use that is no chance, and of how evenly it is dealt."""

import numpy as np
import pytest
from scipy.sparse import csc_array

from stillwatch.campaigns.recurrence import excess_spread, is_recurrent


def test_what_recurs_is_three_uses_and_a_share_or_very_many() -> None:
    """Three of a hundred, or a dozen of ten thousand; neither two of two nor eleven of ten thousand."""
    count, sent = np.array([3, 2, 2, 12, 11, 3]), np.array([100, 100, 2, 10_000, 10_000, 101])
    assert is_recurrent(count, sent).tolist() == [True, False, False, True, False, False]


def test_the_spread_beyond_chance_is_recovered() -> None:
    """Counts that a queue deals have none; counts of people whose liking varies have its squared variation."""
    rng = np.random.default_rng(12)
    n, mean, variation = 20_000, 6.0, 0.8
    shape = 1 / variation**2
    columns = [np.maximum(rng.poisson(mean, n), 1), np.maximum(rng.poisson(mean * rng.gamma(shape, 1 / shape, n)), 0)]
    held = csc_array(np.column_stack(columns))
    held.eliminate_zeros()
    even, varied = excess_spread(held)
    assert even == pytest.approx(0.0, abs=0.02)
    assert 0.3 < varied < variation**2 + 0.05  # who never used it is not counted, which takes some of the spread
    assert len(excess_spread(csc_array((5, 0), dtype=np.int64))) == 0
