"""Text from a file cannot steer a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.records.terminal import UNSAFE_CATEGORIES, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain Straße 日本", "plain Straße 日本"),
        ("\x1b[31mred\n", "\\x1b[31mred\\x0a"),
        ("a\u202eb", "a\\u{202e}b"),
        ("a\u2028\u200b\ud800", "a\\u{2028}\\u{200b}\\u{d800}"),
        ("x" * 300, "x" * 200 + "..."),
    ],
)
def test_control_and_direction_characters_are_escaped(text, shown):
    """Escapes, line breaks, direction marks and half surrogates are written out; letters of any script stay."""
    assert printable(text) == shown


@given(st.text())
def test_nothing_unsafe_is_left(text):
    """No character of an unsafe category survives."""
    assert not any(unicodedata.category(character) in UNSAFE_CATEGORIES for character in printable(text))
