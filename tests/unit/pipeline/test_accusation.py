"""An accusation holds only where other groups to learn from would have said the same."""

from dataclasses import replace

import pytest

from stillwatch.assessments.catalogue import KINDS
from stillwatch.assessments.credible import credible, draw_weights
from stillwatch.assessments.hypothesis import HypothesisKind, released_weights, weigh
from stillwatch.assessments.observation import Observation
from stillwatch.assessments.sign import LEAST_LOW
from stillwatch.pipeline.finding import DISTILLATION
from stillwatch.pipeline.group_assessment import is_held

LEANING = {"thinking_tags": 0.4, "identity_reuse": 0.5, "widest_family": 0.9}


def observed() -> dict[str, Observation]:
    """Return a few observations that lean towards distillation, and nothing else known."""
    return {name: Observation(kind, LEANING.get(name), None) for name, kind in KINDS.items()}


def resting_on(votes: float) -> tuple[HypothesisKind, ...]:
    """Return the released weights as if each rested on so many groups."""
    return tuple(
        replace(kind, expects=tuple(replace(one, votes=(votes, votes)) for one in kind.expects))
        for kind in released_weights()
    )


@pytest.mark.parametrize(("votes", "expected"), [(2.0, False), (1e6, True)])
def test_that_the_same_posterior_holds_or_not_by_what_it_rests_on(votes: float, expected: bool) -> None:  # noqa: FBT001
    """Few groups to learn from leave a posterior that could have been another; many do not."""
    kinds = resting_on(votes)
    leading = weigh(kinds, observed())[0]
    assert leading.name == DISTILLATION
    assert leading.posterior > LEAST_LOW
    draws = draw_weights(kinds)
    assert is_held(draws, observed()) == expected
    assert (credible(draws, observed())[DISTILLATION].low >= LEAST_LOW) == expected


def test_that_weights_without_votes_say_nothing_against_it() -> None:
    """Where the weights do not say what they rest on there is no interval to ask."""
    assert is_held(None, observed())
