"""One text as the kernels read it: copied, normalised as ``sketches.texts`` says, with blanks behind its end."""

import numpy as np
import numpy.typing as npt

from stillwatch.sketches.compiled.jit import inlined, kernel
from stillwatch.sketches.compiled.lanes import BLOCK, copy_block, in_range, lowest

U8 = npt.NDArray[np.uint8]
PADDING = 2 * BLOCK  # blanks behind a text, so that blocks and words can be read at its end
BLANKS = np.full(BLOCK, 0x20, np.uint8)
KEPT, DROPPED = 0, -1  # what becomes of a character; else the byte that replaces it


@inlined
def edited_leads(text: U8, at: int) -> np.uint64:
    """Return where in a block a character begins that may be taken out or replaced."""
    mask = in_range(text, at, 0xC2, 0xC2) | in_range(text, at, 0xE2, 0xE3)
    return mask | in_range(text, at, 0xEF, 0xEF) | in_range(text, at, 0xF3, 0xF3)


@kernel
def prepare(data: U8, begin: int, end: int, text: U8, spare: U8) -> tuple[int, np.bool_]:
    """Write one text to ``text``, normalised; return its length and whether it has other than ASCII bytes.

    Args:
        data: the texts of a column.
        begin: where this one begins in it.
        end: and ends.
        text: room for it and ``PADDING``.
        spare: as much room.
    """
    n = end - begin
    whole = min(n + BLOCK - 1, len(data) - begin) // BLOCK * BLOCK  # blocks may reach beyond the text, not the column
    for at in range(0, whole, BLOCK):
        copy_block(text, at, data, begin + at)
    for at in range(whole, n):
        text[at] = data[begin + at]
    _blank(text, n)
    is_high, is_edited = np.uint64(0), np.uint64(0)
    for at in range(0, n, BLOCK):
        high = in_range(text, at, 0x80, 0xFF)
        is_high |= high
        if high != np.uint64(0):
            is_edited |= edited_leads(text, at)
    if is_edited != np.uint64(0):
        n = _normalise(text, n, spare)
    return n, is_high != np.uint64(0)


@inlined
def _blank(text: U8, n: int) -> None:
    for at in range(n, n + PADDING, BLOCK):
        copy_block(text, at, BLANKS, 0)


@inlined
def _move(text: U8, begin: int, end: int, out: U8, to: int) -> int:
    """Write a stretch of text to ``out``, and what stands behind it, which is written over; return where it ends."""
    for at in range(0, end - begin, BLOCK):
        copy_block(out, to + at, text, begin + at)
    return to + end - begin


@kernel
def _normalise(text: U8, n: int, out: U8) -> int:
    done = written = 0  # bytes read, and bytes written: never more
    for at in range(0, n, BLOCK):
        leads = edited_leads(text, at)
        while leads != np.uint64(0):
            place = at + lowest(leads)
            leads &= leads - np.uint64(1)
            if place < done:
                continue
            n_bytes, becomes = _edit(text, place, n - place)
            if becomes == KEPT:
                continue
            written = _move(text, done, place, out, written)
            if becomes != DROPPED:
                out[written] = np.uint8(becomes)
                written += 1
            done = place + n_bytes
    written = _move(text, done, n, out, written)
    _move(out, 0, written, text, 0)
    _blank(text, written)
    return written


@inlined
def _edit(text: U8, at: int, left: int) -> tuple[int, int]:
    """Return the length of the character at a lead, and what becomes of it."""
    lead, second = text[at], text[at + 1]
    if lead == np.uint8(0xC2):
        return 2, _latin(second) if left >= 2 else KEPT
    third = text[at + 2]
    if left < 3:
        return 3, KEPT
    if lead == np.uint8(0xE2):
        return 3, _general(second, third)
    if lead == np.uint8(0xE3):
        low = third & np.uint8(0x3F)
        is_mark = second == np.uint8(0x80) and (low > np.uint8(7) or low < np.uint8(5))  # U+3005..3007 are letters
        return 3, 0x20 if is_mark else KEPT
    if lead == np.uint8(0xEF):
        return 3, _form(second, third)
    is_tag = left >= 4 and second == np.uint8(0xA0) and (third & np.uint8(0xFC)) == np.uint8(0x80)  # U+E0000..E0FFF
    return 4, DROPPED if is_tag else KEPT


@inlined
def _latin(second: np.uint8) -> int:
    if second == np.uint8(0xAD):  # the soft hyphen
        return DROPPED
    is_letter = second == np.uint8(0xAA) or second == np.uint8(0xB5) or second == np.uint8(0xBA)
    return 0x20 if np.uint8(0x80) <= second <= np.uint8(0xBF) and not is_letter else KEPT


@inlined
def _general(second: np.uint8, third: np.uint8) -> int:
    if second != np.uint8(0x80) and second != np.uint8(0x81):
        return KEPT
    code = (np.int64(second & np.uint8(1)) << 6) | np.int64(third & np.uint8(0x3F))
    if 0x0B <= code <= 0x0F or 0x2A <= code <= 0x2E or 0x60 <= code <= 0x6F:
        return DROPPED
    if code >= 0x60:
        return KEPT
    return 0x2D if code == 0x22 else 0x20  # U+2022, the bullet


@inlined
def _form(second: np.uint8, third: np.uint8) -> int:
    if (second == np.uint8(0xBB) and third == np.uint8(0xBF)) or (second == np.uint8(0xB8) and third < np.uint8(0x90)):
        return DROPPED
    if second == np.uint8(0xBC) and third >= np.uint8(0x81):  # U+FF01..FF3F
        return int(third) - 0x60
    if second == np.uint8(0xBD) and third <= np.uint8(0x9E):  # U+FF40..FF5E
        return int(third) - 0x20
    return KEPT
