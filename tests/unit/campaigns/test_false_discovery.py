"""Tests of the control of false discoveries."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control, norm

from stillwatch.campaigns.false_discovery import q_values


@pytest.mark.parametrize("m", [1, 2, 17, 300])
def test_q_values_equal_an_independent_computation(m: int) -> None:
    """SciPy's Benjamini-Yekutieli procedure gives the same numbers."""
    rng = np.random.default_rng(m)
    p = np.where(rng.random(m) < 0.3, rng.random(m) * 1e-4, rng.random(m)) + 1e-12
    assert q_values(p) == pytest.approx(false_discovery_control(p, method="by"))


def test_tests_that_are_not_listed_count() -> None:
    """Leaving out the insignificant tests does not make the others more significant."""
    p = np.array([1e-5, 1e-4, *np.linspace(0.5, 1, 98)])
    assert q_values(p[:2], n_tests=100) == pytest.approx(q_values(p)[:2])
    assert np.array_equal(q_values(p, n_tests=3), q_values(p))  # never fewer than are listed


def test_no_tests_have_no_q_values() -> None:
    """An empty list is no error."""
    assert len(q_values(np.zeros(0))) == 0


def test_the_false_discovery_rate_is_held_under_dependence() -> None:
    """Over many families of equicorrelated tests, the mean share of false discoveries stays at or below the level."""
    rng = np.random.default_rng(9)
    rates = []
    for _ in range(400):
        z = np.sqrt(0.6) * rng.normal() + np.sqrt(0.4) * rng.normal(size=40)
        z[:8] += 4.0
        called = q_values(norm.sf(z)) <= 0.1
        rates.append(np.count_nonzero(called[8:]) / max(np.count_nonzero(called), 1))
    assert np.mean(rates) <= 0.1
