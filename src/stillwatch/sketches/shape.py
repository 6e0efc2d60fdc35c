"""The shape of a request: which marks of form it has, as a set of bits.

Only bytes that can begin a mark are looked at, so that the cost is that of finding them.

Source: ours: docs/decisions/0003-keyed-sketches.md
"""

from enum import IntFlag
from typing import Final

import numpy as np
import numpy.typing as npt

from stillwatch.sketches.texts import BoolArray, I64Array, Texts, U8Array
from stillwatch.sketches.tokens import Tokens

U32Array = npt.NDArray[np.uint32]


class Shape(IntFlag):
    """The bits of ``shape``; a bit never changes its meaning."""

    CODE_FENCE = 1 << 0  # three backticks
    JSON_OBJECT = 1 << 1  # an opening brace and a quoted key
    TAGS = 1 << 2  # a closing tag in angle brackets
    NUMBERED_LIST = 1 << 3  # two lines or more that begin with a number and a point or bracket
    BULLET_LIST = 1 << 4  # two lines or more that begin with a dash, star or bullet
    URL = 1 << 5
    ENDS_WITH_QUESTION = 1 << 6
    OPTIONS = 1 << 7  # answers A, B and C to choose from
    TABLE = 1 << 8  # two lines or more that begin with a pipe
    ENDS_WITH_COLON = 1 << 9
    THINKING_TAGS = 1 << 10  # <think>, <thinking>, <reasoning>, ... in the prompt
    RESPONSE_THINKING_TAGS = 1 << 11
    RESPONSE_IS_LABEL = 1 << 12  # fewer than LABEL_TOKENS tokens
    RESPONSE_IS_JSON = 1 << 13  # begins and ends with braces or square brackets
    VERY_LONG = 1 << 14  # more than LONG_TOKENS tokens
    SYSTEM_THINKING_TAGS = 1 << 15


LABEL_TOKENS: Final = 12  # a grade, a class or a choice, not a sentence
LONG_TOKENS: Final = 4000  # a pasted document rather than a typed request
TRIMMED_BYTES: Final = 64  # white space at an end that is looked through
THINKING_NAMES: Final = (b"think", b"reasoning", b"scratchpad", b"thought", b"reflection", b"inner_monologue", b"cot>")

_MARKS: Final = b"`{\":<.)-*:|'"
_IS_MARK: Final = bytes(int(byte in _MARKS) for byte in range(256))
_IS_BLANK: Final = np.array([byte in b" \t\r\n\v\f" for byte in range(256)])
_LOWER: Final = np.array([byte + 32 if 65 <= byte <= 90 else byte for byte in range(256)], np.uint8)


class _Marks:
    """The bytes of a chunk of texts that can begin or end a mark, and what stands around them."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._data = texts.data
        is_mark = np.frombuffer(texts.data.tobytes().translate(_IS_MARK), np.bool_)
        self._at = np.flatnonzero(is_mark)
        self._char = self._data[self._at]
        rows = np.repeat(np.arange(texts.n_rows), np.diff(np.searchsorted(self._at, texts.offsets)))
        self._begin, self._end = texts.offsets[rows], texts.offsets[rows + 1]
        self._row = rows

    def select(self, chars: bytes) -> BoolArray:
        """Return which marks are one of some characters."""
        found = np.zeros(len(self._char), np.bool_)
        for char in chars:
            found |= self._char == char
        return found

    def near(self, marks: I64Array, step: int) -> U8Array:
        """Return the byte some steps from each mark; beyond a text's ends there are line ends."""
        at = self._at[marks] + step
        is_inside = (at >= self._begin[marks]) & (at < self._end[marks])
        return np.where(is_inside, self._data[np.where(is_inside, at, 0)], ord("\n")).astype(np.uint8)

    def rows(self, marks: I64Array, least: int = 1) -> BoolArray:
        """Return which texts have at least so many of these marks."""
        return np.bincount(self._row[marks], minlength=self._texts.n_rows) >= least


def prompt_shapes(texts: Texts, tokens: Tokens) -> U32Array:
    """Return the bits of each prompt, shape (rows,)."""
    if len(texts.data) == 0:
        return np.zeros(texts.n_rows, np.uint32)
    last = _last_bytes(texts)
    found = {
        **_marks_of_form(texts),
        Shape.ENDS_WITH_QUESTION: (last == ord("?")) | (last == 0x9F) & _ends_arabic(texts),
        Shape.ENDS_WITH_COLON: last == ord(":"),
        Shape.THINKING_TAGS: _has_thinking(texts),
        Shape.VERY_LONG: tokens.counts > LONG_TOKENS,
    }
    return _packed(found, texts.n_rows)


def _marks_of_form(texts: Texts) -> dict[Shape, BoolArray]:
    """Return which texts have which of the marks that stand inside a text."""
    marks = _Marks(texts)
    return {
        Shape.CODE_FENCE: _has_fence(marks),
        Shape.JSON_OBJECT: _has_json(marks),
        Shape.TAGS: marks.rows(_followed(marks, b"<", b"/")),
        Shape.NUMBERED_LIST: _has_numbers(marks),
        Shape.BULLET_LIST: _has_bullets(marks),
        Shape.URL: _has_url(marks),
        Shape.OPTIONS: _has_options(marks),
        Shape.TABLE: _has_table(marks),
    }


def system_shapes(texts: Texts) -> U32Array:
    """Return the bits of each system prompt, shape (rows,)."""
    if len(texts.data) == 0:
        return np.zeros(texts.n_rows, np.uint32)
    return _packed({Shape.SYSTEM_THINKING_TAGS: _has_thinking(texts)}, texts.n_rows)


def response_shapes(texts: Texts, tokens: Tokens) -> U32Array:
    """Return the bits of each response, shape (rows,)."""
    if len(texts.data) == 0:
        return np.zeros(texts.n_rows, np.uint32)
    first, last = _first_bytes(texts), _last_bytes(texts)
    found = {
        Shape.RESPONSE_THINKING_TAGS: _has_thinking(texts),
        Shape.RESPONSE_IS_LABEL: (tokens.counts > 0) & (tokens.counts < LABEL_TOKENS),
        Shape.RESPONSE_IS_JSON: (first == ord("{")) & (last == ord("}")) | (first == ord("[")) & (last == ord("]")),
    }
    return _packed(found, texts.n_rows)


def _packed(found: dict[Shape, BoolArray], n_rows: int) -> U32Array:
    bits = np.zeros(n_rows, np.uint32)
    for shape, has in found.items():
        bits[has] |= np.uint32(shape.value)
    return bits


def _followed(marks: _Marks, chars: bytes, *following: bytes) -> I64Array:
    """Return the marks of some characters that are followed, step by step, by one of others."""
    at = np.flatnonzero(marks.select(chars))
    for step, choices in enumerate(following, start=1):
        at = at[np.isin(marks.near(at, step), np.frombuffer(choices, np.uint8))]
    return at


def _has_fence(marks: _Marks) -> BoolArray:
    return marks.rows(_followed(marks, b"`", b"`", b"`"))


def _has_url(marks: _Marks) -> BoolArray:
    return marks.rows(_followed(marks, b":", b"/", b"/"))


def _has_json(marks: _Marks) -> BoolArray:
    return marks.rows(np.flatnonzero(marks.select(b"{"))) & marks.rows(_followed(marks, b"\"'", b":"))


def _has_table(marks: _Marks) -> BoolArray:
    at = np.flatnonzero(marks.select(b"|"))
    return marks.rows(at[marks.near(at, -1) == ord("\n")], 2)


def _has_bullets(marks: _Marks) -> BoolArray:
    at = _followed(marks, b"-*", b" \t")
    before = marks.near(at, -1)
    is_indented = (before == ord(" ")) & np.isin(marks.near(at, -2), np.frombuffer(b" \n", np.uint8))
    return marks.rows(at[(before == ord("\n")) | (before == ord("\t")) | is_indented], 2)


def _has_numbers(marks: _Marks) -> BoolArray:
    at = _followed(marks, b".)", b" \t")
    is_digit = [(marks.near(at, -step) - np.uint8(ord("0"))) < 10 for step in (1, 2)]
    is_line = [np.isin(marks.near(at, -step), np.frombuffer(b"\n ", np.uint8)) for step in (2, 3)]
    is_start = [marks.near(at, -step) == ord("\n") for step in (2, 3, 4)]
    one = is_digit[0] & (is_start[0] | is_line[0] & is_start[1])
    two = is_digit[0] & is_digit[1] & (is_start[1] | is_line[1] & is_start[2])
    return marks.rows(at[one | two], 2)


def _has_options(marks: _Marks) -> BoolArray:
    at = _followed(marks, b".):", b" \t")
    at = at[np.isin(marks.near(at, -2), np.frombuffer(b" \n(\t", np.uint8))]
    letter = _LOWER[marks.near(at, -1)]
    return marks.rows(at[letter == ord("a")]) & marks.rows(at[letter == ord("b")]) & marks.rows(at[letter == ord("c")])


def _has_thinking(texts: Texts) -> BoolArray:
    marks = _Marks(texts)
    opening = np.flatnonzero(marks.select(b"<"))
    skip = (marks.near(opening, 1) == ord("/")).astype(np.int64)
    found = np.zeros(len(opening), np.bool_)
    window = np.stack(
        [_LOWER[marks.near(opening, step)] for step in range(1, 18)], axis=1
    )  # a slash and the longest name
    for name in THINKING_NAMES:
        wanted = np.frombuffer(name, np.uint8)
        for shift in (0, 1):
            here = (window[:, shift : shift + len(name)] == wanted).all(axis=1)
            found |= here & (skip == shift)
    return marks.rows(opening[found])


def _last_bytes(texts: Texts) -> U8Array:
    """Return the last byte of each text that is not blank, a blank for an empty text."""
    at = texts.offsets[1:] - 1
    return _through_blanks(texts, at, -1)


def _first_bytes(texts: Texts) -> U8Array:
    return _through_blanks(texts, texts.offsets[:-1].copy(), 1)


def _through_blanks(texts: Texts, at: I64Array, step: int) -> U8Array:
    begins, ends = texts.offsets[:-1], texts.offsets[1:]
    at = at.copy()
    active = np.flatnonzero(begins < ends)
    for _ in range(TRIMMED_BYTES):
        active = active[_IS_BLANK[texts.data[at[active]]]]
        moved = at[active] + step
        active = active[(moved >= begins[active]) & (moved < ends[active])]
        if len(active) == 0:
            break
        at[active] += step
    return np.where(begins < ends, texts.data[np.clip(at, 0, len(texts.data) - 1)], ord(" ")).astype(np.uint8)


def _ends_arabic(texts: Texts) -> BoolArray:
    """Return which texts have the Arabic question mark in their last bytes (it need not be the very last)."""
    at = np.maximum(texts.offsets[1:] - 2, texts.offsets[:-1])
    is_arabic: BoolArray = texts.data[np.clip(at, 0, len(texts.data) - 1)] == 0xD8
    return is_arabic
