"""What speaks for a finding and what against it stand apart, and each observation stands once."""

from dataclasses import replace

from stillwatch.assessments.catalogue import KINDS
from stillwatch.assessments.hypothesis import Expectation, HypothesisKind, weigh
from stillwatch.assessments.observation import Observation
from stillwatch.pipeline.explained import both_sides, hypothesis_row

PASSED_ON = [
    Expectation("work_list_coordination", at_least, float("inf"), 0.8, 0.1, f"because of {at_least:g}")
    for at_least in (3.0, 7.0)
]
TAGS = Expectation("thinking_tags", 0.10, float("inf"), 0.6, 0.03, "reasoning is harvested")
KIND = HypothesisKind("distillation", "Distillation", 1.0, (*PASSED_ON, TAGS))


def sides(digits: float, tags: float):
    """Return both sides for a group whose failed items were passed on so far, with so many tags."""
    kinds = {name: KINDS[name] for name in ("work_list_coordination", "thinking_tags")}
    seen = {
        "work_list_coordination": Observation(kinds["work_list_coordination"], digits, 0.0),
        "thinking_tags": Observation(kinds["thinking_tags"], tags, 0.14, 0.08, 0.19, 20),
    }
    best = hypothesis_row(weigh((KIND,), seen)[0], None, seen)
    return best, *both_sides(best, seen)


def test_nothing_that_speaks_against_stands_among_what_speaks_for():
    """A p-value of 1 and no tags are on the other side, with what was expected and what controls show."""
    best, in_favour, against = sides(0.0, 0.0)
    assert in_favour == ()
    assert {row.name for row in against} == {"work_list_coordination", "thinking_tags"}
    tags = next(row for row in against if row.name == "thinking_tags")
    assert (tags.expected, tags.controls) == ("below the expected range (at least 10%)", "14% on average (8% to 19%)")
    assert sum(row.bits for row in against) == sum(row.bits for row in best.evidence)


def test_the_steps_of_one_scale_are_one_observation():
    """Two ranges of one test stand as one row with both reasons, and no bit is lost or counted twice."""
    best, in_favour, against = sides(12.0, 0.0)
    (passed_on,) = in_favour
    for range_words in ("p of at most 1 in 10,000,000", "p of at most 0.001"):
        assert passed_on.expected.count(f"within the expected range ({range_words})") == 1
    assert all(f"because of {step}" in passed_on.because for step in (3, 7))
    assert abs(passed_on.bits - sum(row.bits for row in best.evidence if row.bits > 0)) < 1e-9
    assert [row.name for row in against] == ["thinking_tags"]


def test_what_weighs_nothing_stands_on_no_side():
    """Where groups of the kind show a range as often as others, an observation is left to the hypothesis's list."""
    idle = replace(TAGS, m=0.5, u=0.5)
    seen = {"thinking_tags": Observation(KINDS["thinking_tags"], 0.5, None)}
    best = hypothesis_row(weigh((HypothesisKind("one", "One", 1.0, (idle,)),), seen)[0], None, seen)
    assert len(best.evidence) == 1
    assert both_sides(best, seen) == ((), ())
