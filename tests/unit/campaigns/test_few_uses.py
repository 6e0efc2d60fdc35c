"""Tests of members with few uses: their number follows from those with many, and strangers are not among them."""

import numpy as np
import pytest

from stillwatch.campaigns.few_uses import FEW_USES, MOSTLY_MEMBERS, expected_few, is_no_chance

N_STRANGERS = 2_000


def judged(members: np.ndarray, strangers: np.ndarray) -> tuple[np.ndarray, float]:
    """Return what is said of members and then strangers, by their uses; each sends a hundred requests."""
    uses = np.concatenate([members, strangers]).astype(np.int64)
    is_core = np.concatenate([members >= 3, np.zeros(len(strangers), bool)])
    return is_no_chance(uses, np.full(len(uses), 100), is_core)


@pytest.mark.parametrize("mean", [3.0, 4.5, 6.0])
def test_the_number_of_members_with_few_uses_is_recovered(mean: float) -> None:
    """Of a queue's Poisson counts, those below three follow from those above to a quarter or three standard errors."""
    rng = np.random.default_rng(1)
    count = rng.poisson(mean, 4_000)
    expected = expected_few(count[(count >= 3) & (count <= 20)], 20)
    for k in (1, 2):
        seen = np.count_nonzero(count == k)
        assert abs(expected[k] - seen) <= 0.25 * seen + 3 * np.sqrt(seen)


def test_a_queue_that_deals_alike_has_nobody_with_few() -> None:
    """Where all members have four to six uses, accounts with two are strangers."""
    rng = np.random.default_rng(2)
    strangers = np.zeros(N_STRANGERS, np.int64)
    strangers[:10] = FEW_USES
    is_much, share = judged(rng.integers(4, 7, 80), strangers)
    assert np.all(is_much[:80])
    assert not np.any(is_much[80:])
    assert share == 0.0


def test_members_with_two_uses_are_named_and_those_of_a_public_template_are_not() -> None:
    """Two uses make a member where nobody else uses the template, and not where hundreds of people tried it."""
    rng = np.random.default_rng(3)
    members = rng.poisson(4.0, 120)
    nobody, people = np.zeros(N_STRANGERS, np.int64), np.zeros(N_STRANGERS, np.int64)
    people[:200], people[200:260] = 1, FEW_USES
    assert judged(members, nobody)[1] >= MOSTLY_MEMBERS
    is_much, share = judged(members, people)
    assert share == 0.0
    assert not np.any(is_much[len(members) :])


def test_use_as_people_please_names_nobody() -> None:
    """Counts that spread as people's do, or too few of them, say nothing of those with few."""
    rng = np.random.default_rng(4)
    nobody = np.zeros(N_STRANGERS, np.int64)
    for members in (np.floor(rng.pareto(0.7, 200) * 3).astype(np.int64), rng.poisson(5.0, 12), np.zeros(5, np.int64)):
        is_much, share = judged(np.minimum(members, 5_000), nobody)
        assert not np.any(is_much)
        assert share == 0.0
