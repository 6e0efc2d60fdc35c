"""Laws of rival hypotheses that hold for any weights and observations."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stillwatch.assessments.catalogue import KINDS
from stillwatch.assessments.hypothesis import Expectation, HypothesisKind, released_weights, weigh
from stillwatch.assessments.observation import Observation
from stillwatch.assessments.sampling_error import SamplingError

NAMES = sorted(KINDS)
RELEASED = released_weights()
PROBABILITY = st.floats(0.01, 0.99)
VALUES = st.dictionaries(st.sampled_from(NAMES), st.one_of(st.none(), st.floats(0, 50)), max_size=len(NAMES))
EXPECTED = st.lists(
    st.tuples(st.sampled_from(NAMES), st.floats(0, 2), PROBABILITY, PROBABILITY),
    min_size=1,
    max_size=12,
    unique_by=lambda item: item[0],
)


def observed(values: dict[str, float | None]) -> dict[str, Observation]:
    """Return observations with these values, every other one unknown."""
    return {name: Observation(kind, values.get(name), None) for name, kind in KINDS.items()}


def kind_of(expected: list[tuple[str, float, float, float]], name: str = "h") -> HypothesisKind:
    """Return a hypothesis with these expectations."""
    return HypothesisKind(
        name, name, 0.5, tuple(Expectation(o, low, np.inf, m, u, "reason") for o, low, m, u in expected)
    )


def total(expected: list[tuple[str, float, float, float]], values: dict[str, float | None]) -> float:
    """Return the bits of a hypothesis with these expectations."""
    return weigh((kind_of(expected),), observed(values))[0].bits


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_posteriors_of_the_released_rivals_add_up_to_one(values: dict[str, float | None]) -> None:
    """Whatever was observed, the posteriors are probabilities that sum to 1, ordered, and follow the bits."""
    found = weigh(RELEASED, observed(values))
    assert sum(item.posterior for item in found) == pytest.approx(1.0)
    assert all(0 <= item.posterior <= 1 for item in found)
    assert all(a.posterior >= b.posterior and a.bits >= b.bits - 1e-9 for a, b in pairwise(found))
    priors = {kind.name: kind.prior for kind in RELEASED}
    for item in found:
        assert item.bits == pytest.approx(np.log2(priors[item.name]) + sum(e.bits for e in item.evidence))


@settings(max_examples=300, deadline=None)
@given(EXPECTED, st.data())
def test_raising_any_one_comparison_never_lowers_the_total(expected: list, data: st.DataObject) -> None:
    """However its channel is ordered and halved, more bits of one comparison, m up or u down, mean no fewer in all."""
    values = {name: data.draw(st.sampled_from([0.0, 10.0])) for name, *_ in expected}
    at = data.draw(st.integers(0, len(expected) - 1))
    name, low, m, u = expected[at]
    is_met = values[name] >= low
    raised = data.draw(
        st.floats(m, 0.99) if is_met else st.floats(0.01, m)
    )  # outside the range a smaller m speaks less against
    changed = [*expected[:at], (name, low, raised, u), *expected[at + 1 :]]
    assert total(changed, values) >= total(expected, values) - 1e-9


@settings(max_examples=150, deadline=None)
@given(EXPECTED, st.data())
def test_meeting_an_expectation_is_never_worse_than_missing_it(expected: list, data: st.DataObject) -> None:
    """Where m exceeds u, seeing what is expected gives at least the bits of not looking, and that of not seeing it."""
    at = data.draw(st.integers(0, len(expected) - 1))
    name, low, m, u = expected[at]
    expected[at] = (name, low, max(m, u), min(m, u))
    values: dict[str, float | None] = {
        other: data.draw(st.one_of(st.none(), st.floats(0, 3))) for other, *_ in expected
    }
    met, unknown, missed = (total(expected, {**values, name: v}) for v in (low + 1, None, low - 1))
    assert met >= unknown - 1e-9
    assert unknown >= missed - 1e-9


@settings(max_examples=150, deadline=None)
@given(EXPECTED, st.data())
def test_what_could_not_be_observed_weighs_nothing(expected: list, data: st.DataObject) -> None:
    """A hypothesis with an expectation that was not observed scores as if it had none such."""
    values: dict[str, float | None] = {name: data.draw(st.one_of(st.none(), st.floats(0, 3))) for name, *_ in expected}
    known = [item for item in expected if values[item[0]] is not None]
    assert total(expected, values) == pytest.approx(total(known, values)) if known else total(expected, values) == -1.0


ERRORS = st.one_of(
    st.builds(SamplingError, st.floats(0.5, 1e5), st.none()), st.builds(SamplingError, st.none(), st.floats(1e-6, 10))
)


def bits_at(value: float, error: SamplingError | None, expectation: Expectation) -> float:
    """Return what one observation with a sampling error is worth."""
    seen = {name: Observation(kind, None, None) for name, kind in KINDS.items()}
    seen[expectation.observation] = Observation(KINDS[expectation.observation], value, None, error=error)
    return weigh((HypothesisKind("h", "h", 1.0, (expectation,)),), seen)[0].bits


@settings(max_examples=300, deadline=None)
@given(ERRORS, st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 0.99), PROBABILITY, PROBABILITY, st.booleans())
def test_a_value_further_in_never_weighs_less(  # noqa: PLR0917 - what the law holds for
    error: SamplingError,
    one: float,
    other: float,
    edge: float,
    m: float,
    u: float,
    is_least: bool,  # noqa: FBT001
) -> None:
    """For a range open to one side and m above u, bits rise with the value towards the range, the error being equal."""
    low, high = (edge, np.inf) if is_least else (-np.inf, edge)
    expectation = Expectation("young_share", low, high, max(m, u), min(m, u), "reason")
    outer, inner = sorted((one, other), reverse=not is_least)
    assert bits_at(inner, error, expectation) >= bits_at(outer, error, expectation) - 1e-9


@settings(max_examples=300, deadline=None)
@given(ERRORS, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), PROBABILITY, PROBABILITY)
def test_an_error_never_makes_more_of_a_value_than_the_bare_rule(
    error: SamplingError, value: float, one: float, other: float, m: float, u: float
) -> None:
    """Bits stay between those well outside the range and those well inside; near certainty they are one of the two."""
    low, high = sorted((one, other))
    expectation = Expectation("young_share", low, high, m, u, "reason")
    ends = sorted((np.log2(m / u), np.log2((1 - m) / (1 - u))))
    assert ends[0] - 1e-9 <= bits_at(value, error, expectation) <= ends[1] + 1e-9


@settings(max_examples=300, deadline=None)
@given(st.floats(0.05, 0.95), st.floats(0.05, 0.95), PROBABILITY, PROBABILITY)
def test_as_the_error_goes_to_nothing_the_range_decides(value: float, edge: float, m: float, u: float) -> None:
    """With accounts without end, or a standard error of next to nothing, a value is inside or outside."""
    assume(abs(value - edge) > 1e-3)
    expectation = Expectation("young_share", edge, np.inf, m, u, "reason")
    bare = bits_at(value, None, expectation)
    assert bare == pytest.approx(np.log2(m / u) if value >= edge else np.log2((1 - m) / (1 - u)))
    for error in (SamplingError(1e8, None), SamplingError(None, 1e-5), SamplingError(np.inf, 0.0)):
        assert bits_at(value, error, expectation) == pytest.approx(bare, abs=1e-6)


@settings(max_examples=100, deadline=None)
@given(EXPECTED, st.data(), st.randoms())
def test_the_order_of_expectations_never_matters(expected: list, data: st.DataObject, random) -> None:
    """A weights file may list its expectations in any order."""
    values: dict[str, float | None] = {name: data.draw(st.floats(0, 3)) for name, *_ in expected}
    shuffled = list(expected)
    random.shuffle(shuffled)
    assert total(shuffled, values) == pytest.approx(total(expected, values))


@settings(max_examples=150, deadline=None)
@given(EXPECTED, st.data())
def test_one_channel_is_never_worth_twice_its_strongest_piece(expected: list, data: st.DataObject) -> None:
    """However many pieces a channel has, together they weigh at most twice the strongest, for and against alike."""
    values: dict[str, float | None] = {name: data.draw(st.floats(0, 3)) for name, *_ in expected}
    (found,) = weigh((kind_of(expected),), observed(values))
    for channel in {e.channel for e in found.evidence}:
        for sign in (1, -1):
            bits = [sign * e.bits for e in found.evidence if e.channel == channel and sign * e.bits > 0]
            assert sum(bits) <= 2 * max(bits, default=0.0) + 1e-9
