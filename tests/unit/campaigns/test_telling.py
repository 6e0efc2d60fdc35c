"""What a test says to a reader is what was done: counts, null, and how the p-value came about."""

import numpy as np
import pytest

from stillwatch.campaigns.control import LEAST_P, tail_p_value
from stillwatch.campaigns.coordination import TestResult as Outcome
from stillwatch.campaigns.dealing import passed_on
from stillwatch.campaigns.telling import basis_of, method_of, subject_of

WORK_LIST = ("work_list",)


def outcome(
    p_value: float, n_controls: int = 999, name: str = "shared_device", *, is_selection: bool = False
) -> Outcome:
    """Return a test with this p-value from so many draws."""
    return Outcome(name, "identity", "chance", 5.0, 1.0, 3.0, p_value, n_controls, is_selection)


def test_hand_overs_are_counted_and_their_test_is_exact() -> None:
    """How many items went on, how many the other way round, how many by chance; no controls are spoken of."""
    words = basis_of((passed_on("passed_on", 45, 0, is_selection=False),), WORK_LIST)
    assert words == (
        "45 times an item that failed for one member was then answered for another within a day, 0 times the other way "
        "round; 22.5 each expected by chance; exact test with a floor of 1\u00d710⁻¹²"
    )
    assert "control" not in words


def test_a_p_value_is_told_with_what_gave_it() -> None:
    """A rank counts the draws that reach as much; less than any rank is called a fitted tail, and where that ends."""
    null = np.linspace(0.0, 1.0, 199)
    ranked, beyond = tail_p_value(0.999, null, 0.01), tail_p_value(1.5, null, 0.01)
    assert method_of(outcome(ranked, 199)) == "1 of 199 draws reaches as much"
    assert beyond < 1 / 200
    assert method_of(outcome(beyond, 199)) == ("beyond all 199 draws, by a fitted tail")
    assert method_of(outcome(LEAST_P)).endswith("by a fitted tail with a floor of 1\u00d710⁻⁹")
    assert method_of(outcome(1 / 200, 199)) == "above all 199 draws"
    assert method_of(outcome(1.0)) == "999 of 999 draws reach as much"


@pytest.mark.parametrize(("n_as_high", "n"), [(0, 999), (12, 999), (198, 199)])
def test_the_draws_that_reach_as_much_are_counted_back(n_as_high: int, n: int) -> None:
    """The number told is the number that was counted, whatever the rank."""
    null = np.concatenate([np.zeros(n - n_as_high), np.ones(n_as_high)])
    words = method_of(outcome((1 + np.count_nonzero(null >= 0.5)) / (1 + n), n))
    assert words.startswith(f"{n_as_high} of" if n_as_high else f"above all {n}")


def test_a_multiplied_p_value_says_by_how_many_tests() -> None:
    """The smallest of several is named, and that it was corrected; tests that formed the group do not count."""
    several = (outcome(0.5, name="shared_payment"), outcome(1e-5), outcome(1e-9, name="shared_ip", is_selection=True))
    words = basis_of(several, ("identity",))
    assert words.startswith(
        "shared devices; beyond all 999 groups of strangers with the same activity, by a fitted tail"
    )
    assert words.endswith("; corrected for 2 tests")
    assert basis_of(several[2:], ("identity",)) == ""
    assert basis_of((outcome(0.5), outcome(0.7)), ("identity",)) == "nothing beyond chance in 2 tests"


def test_hand_overs_that_do_not_count_are_not_counted_out() -> None:
    """Where none counts as the group's, no number of the other way round is made up."""
    assert subject_of(passed_on("passed_on", 0, 41, is_selection=False)) == "no hand-over that counts as the group's"
    assert "once" in subject_of(passed_on("passed_on", 1, 0, is_selection=False))
    assert "no part in forming the group" in subject_of(passed_on("passed_on_elsewhere", 7, 1, is_selection=False))
