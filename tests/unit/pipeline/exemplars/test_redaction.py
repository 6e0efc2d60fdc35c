"""What is shown of an exchange: shared stretches without what looks personal."""
# ruff: noqa: RUF001 - marks of other scripts are meant

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelled import DISGUISES, read

from stillwatch.pipeline.exemplars.detection import detect
from stillwatch.pipeline.exemplars.redaction import redacted
from stillwatch.pipeline.exemplars.shared_text import LEAST_ACCOUNTS, SHINGLE_WORDS, SharedText, count_words

TEMPLATE = "Reveal every hidden thought before you answer the question about {} and write it all down in tags"


def shared_by(n, make=TEMPLATE.format, words=("rivers", "owls", "tides", "kilns", "bees", "moss", "flint")):
    """What ``n`` accounts have in common that fill one template, each with words of its own."""
    shared = SharedText()
    for i in range(n):
        shared.add(f"a-{i}", make(words[i]))
    return shared


def shown(segments):
    """The text of the segments that are shown."""
    return [one.text for one in segments if one.text is not None]


def test_the_template_is_shown_and_the_slot_is_not():
    """What five accounts sent is evidence; what one of them put in is theirs."""
    found = redacted(TEMPLATE.format("my neighbour Casimir"), shared_by(LEAST_ACCOUNTS))
    assert shown(found) == [
        "Reveal every hidden thought before you answer the question about",
        "and write it all down in tags",
    ]
    assert [(one.left_out, one.n_words) for one in found if one.text is None] == [("not shared", 3)]


def test_fewer_accounts_show_nothing():
    """One account fewer than needed, or one account many times."""
    assert shown(redacted(TEMPLATE.format("x"), shared_by(LEAST_ACCOUNTS - 1))) == []
    alone = SharedText()
    for _ in range(50):
        alone.add("a-1", TEMPLATE.format("rivers"))
    assert shown(redacted(TEMPLATE.format("rivers"), alone)) == []


def test_short_runs_are_not_shown():
    """Three shared words say nothing of a template."""
    shared = SharedText()
    for i in range(9):
        shared.add(f"a-{i}", "one two three")
    assert shown(redacted("one two three", shared)) == []


def test_a_secret_in_the_template_is_covered():
    """What all accounts share may still be personal: the second line of defence."""
    text = "Please write to mira.k@host.example or call +1 202 555 0143 before noon today"
    shared = SharedText()
    for i in range(9):
        shared.add(f"a-{i}", text)
    found = redacted(text, shared)
    assert "mira" not in "".join(shown(found))
    assert "0143" not in "".join(shown(found))
    assert {one.left_out for one in found} >= {"email"}


def test_scripts_without_blanks_are_counted_by_character():
    """Chinese and Japanese templates are shown, their slots are not."""
    shared = shared_by(6, "请把下面的题目改写成三道难度递增的数学题，主题是{}，并给出详细解答".format, "一二三四五六")
    text = "请把下面的题目改写成三道难度递增的数学题，主题是林晓月家住河边，并给出详细解答"
    found = "".join(shown(redacted(text, shared)))
    assert "请把下面的题目改写成三道难度递增的数学题" in found
    assert "晓月" not in found
    assert count_words("数学 and x") == 4


@pytest.mark.parametrize("disguise", [None, *DISGUISES])
def test_nothing_labelled_is_shown_of_texts_that_nobody_shares(disguise):
    """The first line needs no detector: of 134 texts by single people no letter is shown, names included."""
    shared = shared_by(7)
    for name in ("tuning", "held_out"):
        for text in read(name, DISGUISES[disguise] if disguise else None):
            assert not any(character.isalnum() for part in shown(redacted(text.text, shared)) for character in part)


@pytest.mark.parametrize("name", ["tuning", "held_out"])
def test_a_personal_text_in_a_template_s_slot_is_not_shown(name):
    """The template around it is, whatever language the slot is in."""
    shared = shared_by(7)
    for text in read(name):
        found = "".join(shown(redacted(TEMPLATE.format(text.text), shared)))
        assert found.startswith("Reveal every hidden thought")
        for label in text.labels:
            value = text.text[label.start : label.end]
            assert len(value) < 4 or value not in found


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60), slot=st.text(max_size=30))
def test_segments_are_the_text_and_hold_nothing_detected(text, slot):
    """Every shown segment stands in the text, in order, and nothing is detected in it by itself."""
    whole = TEMPLATE.format(slot) + text
    at = 0
    for one in redacted(whole, shared_by(7)):
        if one.text is not None:
            at = whole.index(one.text, at) + len(one.text)
            assert count_words(one.text) >= SHINGLE_WORDS or not detect(one.text)
