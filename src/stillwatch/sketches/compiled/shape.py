"""The marks of form of each text, byte by byte; the same bits as ``sketches.shape``, which says what they are."""

import numpy as np
import numpy.typing as npt

from stillwatch.sketches.compiled.jit import kernel

U8 = npt.NDArray[np.uint8]
I64 = npt.NDArray[np.int64]

LINE_END = np.uint8(10)
SPACE = np.uint8(32)
FENCE, OBJECT, TAGS, NUMBERS, BULLETS, URL, OPTIONS, TABLE = 0, 1, 2, 3, 4, 5, 6, 7
"""Columns of what ``marks`` returns."""
N_MARKS = 8


@kernel
def _near(data: U8, at: int, begin: int, end: int) -> np.uint8:
    return data[at] if begin <= at < end else LINE_END


@kernel
def _is_gap(byte: np.uint8) -> bool:
    return byte == SPACE or byte == np.uint8(9)


@kernel
def _starts_line(data: U8, at: int, begin: int, end: int) -> bool:
    """Return whether a number that begins behind ``at`` begins a line, or one space after its start."""
    byte = _near(data, at, begin, end)
    return byte == LINE_END or (byte == SPACE and _near(data, at - 1, begin, end) == LINE_END)


@kernel
def _is_digit(byte: np.uint8) -> bool:
    return bool(np.uint8(48) <= byte <= np.uint8(57))


@kernel
def marks(data: U8, offsets: I64, is_mark: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return which marks each text has, shape (rows, N_MARKS)."""
    found = np.zeros((len(offsets) - 1, N_MARKS), np.bool_)
    for row in range(len(offsets) - 1):
        begin, end = offsets[row], offsets[row + 1]
        has_brace = has_key = has_a = has_b = has_c = False
        n_numbers = n_bullets = n_table = 0
        for at in range(begin, end):
            byte = data[at]
            if not is_mark[byte]:
                continue
            after = _near(data, at + 1, begin, end)
            if byte == np.uint8(96):  # a backtick
                if after == byte and _near(data, at + 2, begin, end) == byte:
                    found[row, FENCE] = True
            elif byte == np.uint8(123):  # an opening brace
                has_brace = True
            elif byte == np.uint8(34) or byte == np.uint8(39):  # a quotation mark
                has_key = has_key or after == np.uint8(58)
            elif byte == np.uint8(60):  # an opening angle bracket
                if after == np.uint8(47):
                    found[row, TAGS] = True
            elif byte == np.uint8(124):  # a pipe
                n_table += _near(data, at - 1, begin, end) == LINE_END
            elif byte == np.uint8(45) or byte == np.uint8(42):  # a dash or star
                if _is_gap(after):
                    n_bullets += _is_bullet(data, at, begin, end)
            else:  # a point, bracket or colon
                if byte == np.uint8(58) and after == np.uint8(47) and _near(data, at + 2, begin, end) == np.uint8(47):
                    found[row, URL] = True
                if not _is_gap(after):
                    continue
                if byte != np.uint8(58):
                    n_numbers += _is_number(data, at, begin, end)
                before = _near(data, at - 2, begin, end)
                if before == LINE_END or before == np.uint8(40) or _is_gap(before):
                    letter = _near(data, at - 1, begin, end) | np.uint8(32)
                    has_a, has_b, has_c = has_a or letter == 97, has_b or letter == 98, has_c or letter == 99
        found[row, OBJECT] = has_brace and has_key
        found[row, NUMBERS] = n_numbers >= 2
        found[row, BULLETS] = n_bullets >= 2
        found[row, OPTIONS] = has_a and has_b and has_c
        found[row, TABLE] = n_table >= 2
    return found


@kernel
def _is_bullet(data: U8, at: int, begin: int, end: int) -> bool:
    before = _near(data, at - 1, begin, end)
    if before == LINE_END or before == np.uint8(9):
        return True
    two = _near(data, at - 2, begin, end)
    return before == SPACE and (_is_gap(two) or two == LINE_END) and two != np.uint8(9)


@kernel
def _is_number(data: U8, at: int, begin: int, end: int) -> bool:
    if not _is_digit(_near(data, at - 1, begin, end)):
        return False
    if _starts_line(data, at - 2, begin, end):
        return True
    return _is_digit(_near(data, at - 2, begin, end)) and _starts_line(data, at - 3, begin, end)


@kernel
def thinking(data: U8, offsets: I64, names: U8, lengths: I64) -> npt.NDArray[np.bool_]:
    """Return which texts have an opening or closing tag that begins with one of ``names``, shape (rows,).

    Args:
        data: the texts' bytes.
        offsets: where each begins.
        names: in lower case, a row each, padded.
        lengths: of the names.
    """
    found = np.zeros(len(offsets) - 1, np.bool_)
    for row in range(len(offsets) - 1):
        begin, end = offsets[row], offsets[row + 1]
        for at in range(begin, end):
            if data[at] != np.uint8(60):
                continue
            first = at + 2 if _near(data, at + 1, begin, end) == np.uint8(47) else at + 1
            for name in range(len(lengths)):
                if _is_name(data, first, begin, end, names[name], lengths[name]):
                    found[row] = True
            if found[row]:
                break
    return found


@kernel
def _is_name(data: U8, first: int, begin: int, end: int, name: U8, length: int) -> bool:
    for step in range(length):
        byte = _near(data, first + step, begin, end)
        if np.uint8(65) <= byte <= np.uint8(90):
            byte += np.uint8(32)
        if byte != name[step]:
            return False
    return True
