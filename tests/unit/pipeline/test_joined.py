"""Two accusations of one campaign: one in the case if it is accused as well, and else both."""

from dataclasses import replace

import numpy as np
import pytest

from stillwatch.campaigns.group import Group
from stillwatch.pipeline.finding import Finding
from stillwatch.pipeline.joined import joined


def _finding(first: int, last: int, *, is_accusation: bool = True, q_value: float = 0.01) -> Finding:
    members = np.arange(first, last, dtype=np.int64)
    group = Group("content", np.array([first]), members, np.ones(len(members)), members, np.ones(len(members)))
    return Finding(group, members, (), q_value / 10, q_value, {}, (), is_accusation)


class _Assess:
    """Stands for the tests: notes what it was given, and accuses or not."""

    def __init__(self, *, is_accusation: bool) -> None:
        self.is_accusation = is_accusation
        self.beside: list[float] = []
        self.n_tests = 0

    def __call__(self, groups: list[Group], beside: list[float], n_tests: int) -> list[Finding]:
        self.beside, self.n_tests = beside, n_tests
        return [
            replace(_finding(0, 1, is_accusation=self.is_accusation, q_value=0.005), group=one, accounts=one.entities)
            for one in groups
        ]


def test_two_accusations_of_one_campaign_become_one_with_all_members_and_the_largest_q_value() -> None:
    """It is tested beside all that were tested before, and comes last."""
    other, assess = _finding(500, 560), _Assess(is_accusation=True)
    found = joined([_finding(0, 130, q_value=0.02), other, _finding(35, 150, q_value=0.03)], assess)
    assert found[0] is other
    assert [len(one.accounts) for one in found] == [60, 150]
    assert found[1].q_value == pytest.approx(0.03)
    assert assess.beside == pytest.approx([0.002, 0.001, 0.003])
    assert assess.n_tests == 4


def test_what_is_not_accused_as_one_stays_two() -> None:
    """The two findings are those that came in."""
    both = [_finding(0, 130), _finding(35, 150)]
    assert joined(both, _Assess(is_accusation=False)) == both


def test_a_group_that_is_not_accused_is_joined_with_nothing() -> None:
    """Nothing is tested again."""
    assess = _Assess(is_accusation=True)
    both = [_finding(0, 130), _finding(35, 150, is_accusation=False)]
    assert joined(both, assess) == both
    assert not assess.n_tests
