"""What a weighed observation says is true on every side of its range: laws over every observation that is weighed."""

import re
from math import inf, log10

import pytest

from stillwatch.assessments.catalogue import KINDS, P_DIGITS
from stillwatch.assessments.hypothesis import Expectation, HypothesisKind, released_weights, weigh
from stillwatch.assessments.observation import Observation, described
from stillwatch.assessments.wording import controls_words, edges_of, expected_words, place_of, seen_words

EXPECTED = [(kind.name, expectation) for kind in released_weights() for expectation in kind.expects]
NEAR = 1e-4  # of an edge: closer than two decimals tell
LOWERED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
CLAIMS = re.compile(r"\b(is|are|was|were|keep|keeps|take|takes|share|shares|go|goes|beyond|no|never|all|one)\b")


def _values(expectation: Expectation) -> list[float]:
    """Return values far below, just below, on, just above and far above each edge of a range."""
    edges = edges_of(expectation)
    near = [edge + step * max(edge, 1e-3) for edge in edges for step in (-NEAR, 0.0, NEAR)]
    largest = 1.0 if KINDS[expectation.observation].unit.startswith("share of") else 20.0
    return [value for value in (0.0, *near, largest) if value >= 0.0]


def _weighed(expectation: Expectation, value: float) -> float:
    kind = HypothesisKind("one", "One", 1.0, (expectation,))
    seen = {expectation.observation: Observation(KINDS[expectation.observation], value, None)}
    return weigh((kind,), seen)[0].evidence[0].bits


@pytest.mark.parametrize(("_hypothesis", "expectation"), EXPECTED, ids=lambda one: getattr(one, "observation", one))
def test_a_sentence_never_claims_the_other_side(_hypothesis: str, expectation: Expectation) -> None:
    """Below, within or above is what the written number itself is, and the weight goes with it or the words say why."""
    seen_kind = KINDS[expectation.observation]
    for value in _values(expectation):
        seen = Observation(seen_kind, value, None)
        number = _number(seen_words(expectation, seen), seen_kind.unit)
        assert place_of(expectation, _rounded_to_edges(expectation, number)) == place_of(
            expectation, _rounded_to_edges(expectation, value)
        )
        bits = _weighed(expectation, value)
        words = expected_words(expectation, seen, bits)
        is_within = words.startswith("within")
        assert is_within == (expectation.at_least <= value <= expectation.at_most)
        if bits and (bits > 0) != is_within:
            assert "less often than others" in words or "at its edge" in words
        if seen_kind.unit == P_DIGITS and not is_within:
            assert words.startswith("above" if value < expectation.at_least else "below")


def _number(sentence: str, unit: str) -> float:
    if unit == P_DIGITS:
        return -log10(
            float(sentence.removeprefix("p = ").removesuffix(".").translate(LOWERED).replace("\u00d710", "e"))
        )
    number = sentence.split(" ", maxsplit=1)[0].replace(",", "")
    return float(number.removesuffix("%")) / (100.0 if number.endswith("%") else 1.0)


def _rounded_to_edges(expectation: Expectation, value: float) -> float:
    """Return the edge that a value is on but for the last bits of a number, or the value."""
    return next((edge for edge in edges_of(expectation) if abs(edge - value) < 1e-9), value)


@pytest.mark.parametrize("name", KINDS)
def test_a_title_claims_nothing(name: str) -> None:
    """A title names what is measured, so that it is true beside any value; what counts is said after that or how."""
    title = KINDS[name].title
    head = re.split(r"\b(?:that|whose|not|of|How)\b", title)[0]
    assert not CLAIMS.search(head), title


def test_as_many_digits_as_the_side_of_the_edge_needs() -> None:
    """Two numbers on either side of an edge never print alike: one printed number cannot weigh both ways."""
    kind = KINDS["rest_subjects"]
    assert described(kind, 0.0098, (0.01,)) == "0.0098 of 1."
    assert described(kind, 0.0102, (0.01,)) == "0.0102 of 1."
    assert described(kind, 0.01, (0.01,)) == "0.01 of 1."
    assert described(KINDS["replica_share"], 0.2996, (0.3,)) == "29.96% of exchanges."
    assert described(KINDS["work_list_coordination"], 2.9999, (3.0,)) == "p = 0.0010002."
    assert described(KINDS["work_list_coordination"], 8.3) == "p = 5\u00d710⁻⁹."
    assert described(KINDS["pool_size"], 1234.0) == "1,234 accounts."


def test_what_is_learned_against_a_reason_says_so() -> None:
    """A range that groups of the kind show less often than others is not called what they are expected to show."""
    expectation = Expectation("sign_up_burst", 0.35, inf, 0.31, 0.40, "pools are signed up together")
    seen = Observation(KINDS["sign_up_burst"], 0.07, None)
    assert expected_words(expectation, seen, 0.1) == (
        "below the range (at least 35%), which groups of this kind show less often than others"
    )


def test_a_value_that_may_as_well_lie_on_the_other_side_says_so() -> None:
    """Where sampling error turns the weight, the words say that the value lies at the edge; elsewhere they do not."""
    expectation = Expectation("sign_up_burst", 0.35, inf, 0.8, 0.2, "pools are signed up together")
    seen = Observation(KINDS["sign_up_burst"], 0.34, None)
    assert expected_words(expectation, seen, 0.2) == "below the expected range (at least 35%), at its edge"
    assert expected_words(expectation, seen, -0.2) == "below the expected range (at least 35%)"


def test_controls_are_told_with_their_spread() -> None:
    """The mean, least and most of matched controls; nothing of a test, whose p-value holds them, and of none."""
    kind = KINDS["one_address_share"]
    assert controls_words(Observation(kind, 0.02, 0.031, 0.0, 0.08, 20)) == "3% on average (0% to 8%)"
    assert controls_words(Observation(kind, 0.02, 0.031, 0.031, 0.031, 1)) == "3%"
    assert controls_words(Observation(kind, 0.5, 0.001, 0.0, 0.002, 20)) == "0% in each"
    assert controls_words(Observation(kind, 0.02, None)) == ""
    assert controls_words(Observation(KINDS["rhythm_coordination"], 4.0, 0.0)) == ""
