"""Tests of how probably a true value lies in a range: known values, and what is certain."""

import numpy as np
import pytest

from stillwatch.assessments.sampling_error import SamplingError, effective_accounts, p_within


def share(n: float) -> SamplingError:
    """Return the error of a share among so many accounts."""
    return SamplingError(n, None)


@pytest.mark.parametrize(
    ("value", "n", "at_least", "at_most", "expected"),
    [
        (0.5, 10, 0.5, np.inf, 0.5),  # on the edge of a symmetrical share
        (0.0, 10, -np.inf, 0.2172, 0.975),  # Brown, Cai and DasGupta 2001: the upper limit of 0 in 10 is 0.2172
        (1.0, 10, 0.7828, np.inf, 0.975),
        (0.2, 10, 0.0441, 0.5028, 0.95),  # and the interval of 2 in 10
        (0.5, 10, -np.inf, np.inf, 1.0),
        (0.5, 10, 0.0, 1.0, 1.0),
    ],
)
def test_shares_have_their_published_limits(
    value: float, n: float, at_least: float, at_most: float, expected: float
) -> None:
    """Jeffreys' limits of a share hold what they say."""
    assert p_within(value, share(n), at_least, at_most) == pytest.approx(expected, abs=2e-4)


def test_none_of_a_few_is_not_never() -> None:
    """That none of five accounts shows it says less against a share of 15% than that none of fifty does."""
    few, many = (p_within(0.0, share(n), -np.inf, 0.15) for n in (5, 50))
    assert 0.5 < few < 0.9
    assert many > 0.9999


def test_what_is_no_share_is_normal_about_what_was_seen() -> None:
    """One standard error inside a one-sided range is 84%, on its edge one half."""
    error = SamplingError(None, 2.0)
    assert p_within(6.0, error, 4.0, np.inf) == pytest.approx(0.8413, abs=1e-4)
    assert p_within(4.0, error, 4.0, np.inf) == 0.5
    assert p_within(4.0, error, -np.inf, 4.0) == 0.5


@pytest.mark.parametrize(
    "error", [None, SamplingError(None, None), SamplingError(None, 0.0), SamplingError(np.inf, 0.0)]
)
def test_without_an_error_the_range_decides(error: SamplingError | None) -> None:
    """What is known exactly lies in the range, its ends included, or does not."""
    assert [p_within(value, error, 0.3, 0.6) for value in (0.29, 0.3, 0.6, 0.61)] == [0.0, 1.0, 1.0, 0.0]


def test_effective_accounts_leave_the_standard_error_that_they_come_from() -> None:
    """A share of 0.3 with the standard error of 21 accounts is worth 21 accounts."""
    assert effective_accounts(0.3, np.sqrt(0.3 * 0.7 / 21)) == pytest.approx(21)
    assert effective_accounts(0.3, 0.0) == np.inf
