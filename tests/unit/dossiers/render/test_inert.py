"""Text from the outside: visible, bounded, unchanged where it is harmless."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.dossiers.render.inert import INLINE_CHARACTERS, is_long, sentence, short, visible


@given(st.text())
def test_visible_text_has_no_hidden_character(text: str) -> None:
    """Whatever goes in, nothing that hides, reorders or breaks lines comes out."""
    for character in visible(text):
        assert character == " " or unicodedata.category(character) not in {
            "Cc",
            "Cf",
            "Cs",
            "Co",
            "Cn",
            "Zl",
            "Zp",
            "Zs",
        }


@given(st.text(st.characters(categories=["Lu", "Ll", "Nd"], exclude_characters="\u115f\u1160\u3164\uffa0")))
def test_plain_letters_stay(text: str) -> None:
    """Letters and digits of any script come back unchanged."""
    assert visible(text) == text


@given(st.text())
def test_visible_is_settled(text: str) -> None:
    """Making visible twice changes nothing more."""
    assert visible(visible(text)) == visible(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b", "a⟨U+0000⟩b"),
        ("\u202egpj.exe", "⟨U+202E⟩gpj.exe"),
        ("a\u00a0b", "a⟨U+00A0⟩b"),
        ("नमस्ते", "नमस्ते"),
        ("e\u0301", "e\u0301"),
        ("a" + "\u0301" * 99 + "b", "a\u0301\u0301\u0301⟨more marks⟩b"),
        ("\U000e0041", "⟨U+E0041⟩"),
    ],
)
def test_examples(text: str, shown: str) -> None:
    """Controls, direction marks, odd spaces, floods and tags are written out; scripts with marks are not."""
    assert visible(text) == shown


@given(st.text(min_size=0, max_size=400))
def test_short_form_is_bounded_and_tells_values_apart(text: str) -> None:
    """The short form has bounded length, is never empty, and carries a digest where something is left out."""
    shown = short(text)
    assert 0 < len(shown) <= INLINE_CHARACTERS
    assert ("#" in shown[-9:] and "…" in shown) or not is_long(text)


def test_two_long_values_that_share_their_ends_stay_apart() -> None:
    """Values alike at both ends have different short forms."""
    assert short("x" * 50 + "1" + "y" * 50) != short("x" * 50 + "2" + "y" * 50)


def test_sentence_is_cut_far_beyond_any_of_ours() -> None:
    """A sentence of a thousand characters stays whole, a flood says that it was cut."""
    assert sentence("a" * 1000) == "a" * 1000
    assert sentence("a" * 100_000).endswith("(cut)")
    assert len(sentence("\x00" * 100_000)) < 1300
