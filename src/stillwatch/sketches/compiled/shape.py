"""The marks of form of one text; the same bits as ``sketches.shape``, which says what they are."""

import numpy as np
import numpy.typing as npt

from stillwatch.sketches.compiled.jit import inlined, kernel
from stillwatch.sketches.compiled.lanes import BLOCK, in_range, lowest

U8 = npt.NDArray[np.uint8]
I64 = npt.NDArray[np.int64]
Names = tuple[U8, I64]

LINE_END = np.uint8(10)
SPACE = np.uint8(32)
ONE = np.uint64(1)
FENCE, OBJECT, TAGS, NUMBERS, BULLETS, URL, OPTIONS, TABLE, QUESTION, COLON, THINKING = (1 << n for n in range(11))
"""Bits of what the kernels return, in an order of their own."""


@inlined
def _near(text: U8, at: int, n: int) -> np.uint8:
    return text[at] if 0 <= at < n else LINE_END


@inlined
def _is_gap(byte: np.uint8) -> bool:
    return byte == SPACE or byte == np.uint8(9)


@inlined
def _starts_line(text: U8, at: int, n: int) -> bool:
    """Return whether a number that begins behind ``at`` begins a line, or one space after its start."""
    byte = _near(text, at, n)
    return byte == LINE_END or (byte == SPACE and _near(text, at - 1, n) == LINE_END)


@inlined
def _is_digit(byte: np.uint8) -> bool:
    return bool(np.uint8(48) <= byte <= np.uint8(57))


@inlined
def _marks_in(text: U8, at: int) -> np.uint64:
    """Return where in a block one of the bytes stands that can begin or end a mark."""
    mask = in_range(text, at, 0x22, 0x22) | in_range(text, at, 0x27, 0x27)  # quotation marks
    mask |= in_range(text, at, 0x29, 0x2A) | in_range(text, at, 0x2D, 0x2E)  # bracket, star, dash, point
    mask |= in_range(text, at, 0x3A, 0x3A) | in_range(text, at, 0x3C, 0x3C)  # colon, angle
    return mask | in_range(text, at, 0x60, 0x60) | in_range(text, at, 0x7B, 0x7C)  # backtick, brace, pipe


@kernel
def marks(text: U8, n: int, names: Names) -> int:
    """Return the marks that stand inside a prompt, and those at its end."""
    found = 0
    has_brace = has_key = has_a = has_b = has_c = False
    n_numbers = n_bullets = n_table = 0
    for block in range(0, n, BLOCK):
        mask = _marks_in(text, block)
        while mask != np.uint64(0):
            at = block + lowest(mask)
            mask &= mask - ONE
            byte, after = text[at], _near(text, at + 1, n)
            if byte == np.uint8(96):  # a backtick
                if after == byte and _near(text, at + 2, n) == byte:
                    found |= FENCE
            elif byte == np.uint8(123):  # an opening brace
                has_brace = True
            elif byte == np.uint8(34) or byte == np.uint8(39):  # a quotation mark
                has_key = has_key or after == np.uint8(58)
            elif byte == np.uint8(60):  # an opening angle bracket
                if after == np.uint8(47):
                    found |= TAGS
                if _is_thinking(text, at, n, names):
                    found |= THINKING
            elif byte == np.uint8(124):  # a pipe
                n_table += _near(text, at - 1, n) == LINE_END
            elif byte == np.uint8(45) or byte == np.uint8(42):  # a dash or star
                if _is_gap(after):
                    n_bullets += _is_bullet(text, at, n)
            else:  # a point, bracket or colon
                if byte == np.uint8(58) and after == np.uint8(47) and _near(text, at + 2, n) == np.uint8(47):
                    found |= URL
                if not _is_gap(after):
                    continue
                if byte != np.uint8(58):
                    n_numbers += _is_number(text, at, n)
                before = _near(text, at - 2, n)
                if before == LINE_END or before == np.uint8(40) or _is_gap(before):
                    letter = _near(text, at - 1, n) | np.uint8(32)
                    has_a, has_b, has_c = has_a or letter == 97, has_b or letter == 98, has_c or letter == 99
    found |= OBJECT if has_brace and has_key else 0
    found |= NUMBERS if n_numbers >= 2 else 0
    found |= BULLETS if n_bullets >= 2 else 0
    found |= OPTIONS if has_a and has_b and has_c else 0
    found |= TABLE if n_table >= 2 else 0
    last = last_byte(text, n)
    is_arabic = n > 0 and last == np.uint8(0x9F) and text[max(n - 2, 0)] == np.uint8(0xD8)
    found |= QUESTION if last == np.uint8(63) or is_arabic else 0
    return found | (COLON if last == np.uint8(58) else 0)


@inlined
def _is_bullet(text: U8, at: int, n: int) -> bool:
    before = _near(text, at - 1, n)
    if before == LINE_END or before == np.uint8(9):
        return True
    two = _near(text, at - 2, n)
    return before == SPACE and (_is_gap(two) or two == LINE_END) and two != np.uint8(9)


@inlined
def _is_number(text: U8, at: int, n: int) -> bool:
    if not _is_digit(_near(text, at - 1, n)):
        return False
    if _starts_line(text, at - 2, n):
        return True
    return _is_digit(_near(text, at - 2, n)) and _starts_line(text, at - 3, n)


@kernel
def has_thinking(text: U8, n: int, names: Names) -> bool:
    """Return whether a text has an opening or closing tag that begins with one of some names.

    Args:
        text: as ``prepare`` leaves it.
        n: its length.
        names: in lower case, a row each, padded; and their lengths.
    """
    for block in range(0, n, BLOCK):
        mask = in_range(text, block, 0x3C, 0x3C)
        while mask != np.uint64(0):
            at = block + lowest(mask)
            mask &= mask - ONE
            if at < n and _is_thinking(text, at, n, names):
                return True
    return False


@inlined
def _is_thinking(text: U8, at: int, n: int, names: Names) -> bool:
    first = at + 2 if _near(text, at + 1, n) == np.uint8(47) else at + 1
    for name in range(len(names[1])):
        is_equal = True
        for step in range(names[1][name]):
            byte = _near(text, first + step, n)
            if np.uint8(65) <= byte <= np.uint8(90):
                byte = np.uint8(byte + np.uint8(32))
            if byte != names[0][name, step]:
                is_equal = False
                break
        if is_equal:
            return True
    return False


@inlined
def _is_blank(byte: np.uint8) -> bool:
    return bool(byte == SPACE or np.uint8(9) <= byte <= np.uint8(13))


@inlined
def last_byte(text: U8, n: int) -> np.uint8:
    """Return the last byte that is not blank, looking through 64 of them; a blank for an empty text."""
    at = n - 1
    for _ in range(64):
        if at <= 0 or not _is_blank(text[at]):
            break
        at -= 1
    return text[at] if at >= 0 else SPACE


@inlined
def first_byte(text: U8, n: int) -> np.uint8:
    """Return the first byte that is not blank, looking through 64 of them; a blank for an empty text."""
    at = 0
    for _ in range(64):
        if at >= n - 1 or not _is_blank(text[at]):
            break
        at += 1
    return text[at] if n > 0 else SPACE
