"""The number of every test that a scan makes is said what it counts."""

import dataclasses

import pytest

from stillwatch.dossiers.case import GroupTest
from stillwatch.dossiers.render.statistic import statistic_words

TEST = GroupTest("shared_device", "chance", 30.0, 1.0, 3.0, 0.01, 999, is_selection=False)
NAMES = (
    "shared_payment", "shared_ip_elsewhere", "sign_up_burst", "ban_burst", "pivot_burst", "turn_taking", "succession",
    "shared_silence", "failover", "passed_on", "passed_on_elsewhere", "passed_round",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_each_test_says_what_its_number_counts(name: str) -> None:
    """No number stands alone; a burst of too few is told from one far apart, and a silence is no shared value."""
    assert statistic_words(dataclasses.replace(TEST, name=name))
    assert ("bits" in statistic_words(dataclasses.replace(TEST, name=name))) == (
        name.startswith("shared_") and name != "shared_silence"
    )


def test_too_few_times_are_told_and_an_unknown_test_is_left_alone() -> None:
    """The lowest value of a burst means that hardly a time is known."""
    assert "fewer than three" in statistic_words(dataclasses.replace(TEST, name="ban_burst", statistic=-64.0))
    assert "fewer than three" not in statistic_words(dataclasses.replace(TEST, name="ban_burst", statistic=-11.2))
    assert statistic_words(dataclasses.replace(TEST, name="of_a_later_version")) == ""
