"""What looks like personal data or a secret: measured on the labelled sets, disguises included."""
# ruff: noqa: RUF001 - marks of other scripts are meant

import random
from collections import Counter

import pytest
from labelled import DISGUISES, read

from stillwatch.pipeline.exemplars.detection import Span, detect, merged
from stillwatch.pipeline.exemplars.view import views

STRUCTURED = {"phone", "email", "secret", "iban", "card", "ip", "handle", "birth_date", "geo", "national_id"}


def recall(name, disguise=None):
    """Found and labelled spans by kind: every letter and digit of a label must be covered."""
    found, labelled = Counter(), Counter()
    for text in read(name, disguise):
        covered = set()
        for span in detect(text.text):
            covered.update(range(span.start, span.end))
        for label in text.labels:
            labelled[label.kind] += 1
            letters = {i for i in range(label.start, label.end) if text.text[i].isalnum()}
            found[label.kind] += letters <= covered
    return found, labelled


@pytest.mark.parametrize(
    ("name", "names_found"), [("tuning", 0.85), ("held_out", 0.8), ("names", 0.9), ("names_held_out", 0.6)]
)
def test_structured_data_is_found_and_most_names(name, names_found):
    """All but one value of a kind with a form; of names, what the documentation says."""
    found, labelled = recall(name)
    missed = {kind: labelled[kind] - found[kind] for kind in STRUCTURED if labelled[kind] != found[kind]}
    assert missed in ({}, {"national_id": 1})
    assert found["person"] >= names_found * labelled["person"]
    assert found["address"] == labelled["address"]


@pytest.mark.parametrize("disguise", DISGUISES)
def test_disguised_values_are_found(disguise):
    """Spaced, invisible, full-width, look-alike, spelled-out, other digits: nearly as good as undisguised."""
    for name in ("tuning", "held_out"):
        found, labelled = recall(name, DISGUISES[disguise])
        n = sum(labelled[kind] for kind in STRUCTURED)
        assert sum(found[kind] for kind in STRUCTURED) >= 0.88 * n


def test_most_of_what_is_covered_is_personal():
    """Precision over spans, and the share of harmless characters that are covered for nothing."""
    n_spans, n_right = 0, 0
    for text in read("held_out"):
        inside = {i for label in text.labels for i in range(label.start, label.end)}
        for span in detect(text.text):
            n_spans += 1
            n_right += bool(inside & set(range(span.start, span.end)))
    assert n_right / n_spans > 0.85


@pytest.mark.parametrize(
    "text",
    [
        "Judge the two answers on a scale from 1 to 10 and reply only with JSON.",
        "Put your reasoning in <thinking> tags, then the final answer in <answer> tags.",
        "Solve 3x + 7 = 22 and show every step.",
        "请把下面的题目改写成三道难度递增的数学题，并给出详细解答。",
        "اكتب دالة بلغة بايثون تحسب مضروب العدد.",
        "",
    ],
)
def test_templates_are_left_alone(text):
    """What a campaign's template says is evidence and is not covered."""
    assert detect(text) == []


def test_a_view_leads_back():
    """Whatever is undone, a span of a view covers the characters that it came from."""
    chosen = random.Random(3)
    for make in DISGUISES.values():
        hidden = make("mira@host.example", chosen)
        text = f"mail ⟨{hidden}⟩ now"
        spans = detect(text)
        covered = {i for span in spans for i in range(span.start, span.end)}
        assert {i for i in range(6, 6 + len(hidden)) if text[i].isalnum()} <= covered
        for view in views(text):
            assert len(view.text) == len(view.origin)
            assert list(view.origin) == sorted(view.origin)


def test_merged_spans_do_not_overlap():
    """Overlapping spans become one, named by the longest."""
    spans = [Span(5, 9, "b"), Span(0, 3, "a"), Span(2, 8, "c"), Span(20, 21, "d")]
    assert merged(spans) == [Span(0, 9, "c"), Span(20, 21, "d")]


def test_a_name_that_was_announced_is_found_again():
    """Without its title, in small letters, and after the mail address that holds it; whole words alone."""
    text = "Ask Dr Holloway, please; then holloway said that m.castellan@mail.example is castellan's; not hollowayish."
    covered = {text[span.start : span.end] for span in detect(text)}
    assert "holloway" in covered
    assert any(one.startswith("castellan") for one in covered)
    assert not any("hollowayish" in one for one in covered)
