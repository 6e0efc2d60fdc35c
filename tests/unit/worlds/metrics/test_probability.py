"""Calibration and ranking, computed by hand."""

import numpy as np
import pytest

from stillwatch.worlds.metrics.calibration import expected_calibration_error
from stillwatch.worlds.metrics.ranking import area, area_inside_accounts


def flags(*values):
    """An array of truth values."""
    return np.array(values, np.bool_)


def test_calibration_error_weighs_bins_by_their_size():
    """Three at 0.9 of which two are true, one at 0.1 that is false: (3 * |0.9 - 2/3| + 0.1) / 4."""
    p = np.array([0.9, 0.9, 0.9, 0.1])
    assert expected_calibration_error(p, flags(True, True, False, False)) == pytest.approx((0.7 + 0.1) / 4)


def test_errors_of_one_bin_cancel_and_those_of_two_do_not():
    """0.49 and 0.51 lie in one bin of fifteen; 0.2 and 0.8 do not."""
    assert expected_calibration_error(np.array([0.49, 0.51]), flags(True, False)) == pytest.approx(0)
    assert expected_calibration_error(np.array([0.2, 0.8]), flags(True, False)) == pytest.approx(0.8)


def test_certainty_falls_into_the_last_bin():
    """A probability of 1 is inside, and nothing at all has no error."""
    assert expected_calibration_error(np.array([1.0, 0.0]), flags(True, False)) == 0
    assert expected_calibration_error(np.zeros(0), flags()) is None


def test_area_counts_ties_half_and_may_be_worse_than_chance():
    """It is not turned round: a ranking that is upside down has 0."""
    assert area(np.array([0.1, 0.9]), flags(False, True)) == 1
    assert area(np.array([0.9, 0.1]), flags(False, True)) == 0
    assert area(np.array([0.5, 0.5, 0.5]), flags(False, True, True)) == 0.5
    assert area(np.array([0.5]), flags(True)) is None


def test_area_is_taken_inside_accounts():
    """Account 0 is ranked rightly and account 1 upside down: a half, though pooled it were 0.75; account 2 is pure."""
    account = np.array([0, 1, 0, 1, 2])
    scores = np.array([0.9, 0.2, 0.1, 0.3, 0.4])
    found, n = area_inside_accounts(account, scores, flags(True, True, False, False, True))
    assert (found, n) == (0.5, 2)


def test_no_mixed_account_has_no_area():
    """Null, with a count of none."""
    assert area_inside_accounts(np.array([0, 1]), np.array([0.1, 0.2]), flags(True, False)) == (None, 0)
