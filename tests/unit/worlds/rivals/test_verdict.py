"""The best threshold, by hand."""

import numpy as np
import pytest

from stillwatch.worlds.metrics.truth import Truth
from stillwatch.worlds.rivals.rival import ALONE, Scored
from stillwatch.worlds.rivals.verdict import best_decision, best_threshold, recall_at_rate

NAMES = ("m1", "m2", "m3", "o1", "o2", "r1")
TRUTH = Truth(
    {"m1": "distillation", "m2": "distillation", "m3": "distillation", "o1": "organic", "o2": "organic",
     "r1": "authorised_distillation"},
    dict.fromkeys(NAMES),
    frozenset({"r1"}),
    dict.fromkeys(NAMES, 1),
)  # fmt: skip
INFINITE = float("inf")


def scored(*scores, clusters=(ALONE,) * 6, setting="a"):
    """An answer."""
    return Scored(setting, np.array(scores, np.float64), np.array(clusters, np.int64))


def test_the_threshold_of_highest_f1_is_found():
    """At 5 two of three members and nobody else are accused: F1 4/5; at 3 one more of each: 6/7 would need both."""
    scores, member = np.array([9.0, 5, 3, 3, 1]), np.array([True, True, True, False, False])
    assert best_threshold(scores, member, 3) == (3, pytest.approx(6 / 7))


def test_accounts_of_one_score_fall_together():
    """No threshold lies between equal scores, so the order of rows cannot help."""
    scores, member = np.array([5.0, 5, 5]), np.array([True, False, False])
    assert best_threshold(scores, member, 1) == (5, pytest.approx(2 / 4))


def test_what_cannot_be_judged_is_never_accused():
    """Minus infinity stays below every threshold, and members without a score cost recall."""
    scores, member = np.array([-INFINITE, -INFINITE]), np.array([True, False])
    assert best_threshold(scores, member, 1) == (INFINITE, 0)


def test_the_best_setting_wins_and_registered_accounts_are_left_out():
    """The second setting is perfect once the registered account, which has the highest score, does not count."""
    answers = [scored(9, 1, 1, 8, 1, 9), scored(7, 7, 7, 1, 1, 9, clusters=(0, 0, 1, 2, 2, 0), setting="b")]
    best = best_decision(TRUTH, NAMES, answers)
    assert (best.setting, best.threshold, best.f1) == ("b", 7, 1)
    assert best.decision.accused == {"m1", "m2", "m3"}
    assert sorted(map(sorted, best.decision.groups)) == [["m1", "m2"], ["m3"]]


def test_accounts_in_no_cluster_are_each_alone():
    """Two accused accounts without a cluster are two groups, not one."""
    best = best_decision(TRUTH, NAMES, [scored(7, 7, 7, 1, 1, 1)])
    assert len(best.decision.groups) == 3


def test_recall_at_a_rate_takes_the_best_threshold_that_keeps_it():
    """One of two innocent accounts may be accused at 0.5, none at 0.4."""
    answers = [scored(9, 3, 1, 5, 2, 9)]
    assert recall_at_rate(TRUTH, NAMES, answers, 0.5) == pytest.approx(2 / 3)
    assert recall_at_rate(TRUTH, NAMES, answers, 0.4) == pytest.approx(1 / 3)
