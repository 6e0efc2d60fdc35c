"""Texts as one run of normalised UTF-8 bytes: what every kernel of a sketch reads.

Normalising takes out what an adversary can insert without changing what a reader or a model sees (zero-width and
bidirectional controls, variation selectors, tag characters, the soft hyphen), turns fullwidth forms into ASCII and
exotic spaces, dashes and quotation marks into a space. It looks only where such bytes occur.

A text over ``CAP_BYTES`` is sketched by its first and last half of that, so that memory and time stay bounded.

Source: ours: docs/decisions/0003-keyed-sketches.md
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

U8Array = npt.NDArray[np.uint8]
I64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

CHUNK_BYTES: Final = 1 << 18  # a chunk's arrays, up to 8 bytes a text byte, stay near a core's cache
CHUNK_ROWS: Final = 4096  # bounds the arrays that have a slot a row where texts are very short
CAP_BYTES: Final = 1 << 20  # some 250,000 tokens, about the longest context in common use

_SPACE: Final = np.uint8(0x20)
_NON_ASCII: Final = 0x80


@dataclass(frozen=True, slots=True)
class Texts:
    """Some texts of one column, their bytes end to end.

    Args:
        data: the bytes, shape (n,).
        offsets: where each text begins, and n at the end, shape (rows + 1,).
    """

    data: U8Array
    offsets: I64Array

    @property
    def n_rows(self) -> int:
        """How many texts there are; a null one counts, and is empty."""
        return len(self.offsets) - 1

    def rows_of(self, positions: I64Array) -> I64Array:
        """Return the row in which each byte position stands."""
        return np.searchsorted(self.offsets, positions, side="right") - 1


def string_buffers(column: pa.Array) -> Texts:
    """Return an Arrow string column's bytes and offsets, without a copy where it has no nulls.

    Slices, nulls and both offset widths are understood; a null is an empty text.
    """
    if column.null_count:
        column = column.fill_null("")  # a null slot may have bytes of its own behind it
    data, begins, ends = string_views(column)
    if len(column) == 0:
        return Texts(np.empty(0, np.uint8), np.zeros(1, np.int64))
    return Texts(data[begins[0] : ends[-1]], np.append(begins, ends[-1]) - begins[0])


def string_views(column: pa.Array) -> tuple[U8Array, I64Array, I64Array]:
    """Return an Arrow string column's bytes, and where each text begins and ends in them, without a copy of text.

    Slices, nulls and both offset widths are understood; a null ends where it begins.
    """
    is_wide = pa.types.is_large_string(column.type)
    _, offset_buffer, data_buffer = column.buffers()
    if len(column) == 0 or offset_buffer is None:
        return np.empty(0, np.uint8), np.zeros(len(column), np.int64), np.zeros(len(column), np.int64)
    kind = np.dtype(np.int64 if is_wide else np.int32)
    given = np.frombuffer(offset_buffer, kind, count=len(column) + 1, offset=kind.itemsize * column.offset)
    offsets = given.astype(np.int64)
    data = np.empty(0, np.uint8) if data_buffer is None else np.frombuffer(data_buffer, np.uint8)
    begins, ends = offsets[:-1], offsets[1:]
    if column.null_count:
        ends = np.where(np.asarray(column.is_null()), begins, ends)
    return data, begins, ends


def chunked(texts: Texts) -> Iterator[tuple[int, Texts]]:
    """Yield (first row, normalised texts) in order; a chunk holds about ``CHUNK_BYTES``, or one longer text."""
    first = 0
    while first < texts.n_rows:
        limit = int(texts.offsets[first]) + CHUNK_BYTES
        last = int(np.searchsorted(texts.offsets, limit, side="right")) - 1
        last = min(max(last, first + 1), first + CHUNK_ROWS, texts.n_rows)
        begin, end = int(texts.offsets[first]), int(texts.offsets[last])
        data = texts.data[begin:end]
        offsets = texts.offsets[first : last + 1] - begin
        if len(data) > CAP_BYTES:  # then it is one text, since it did not fit with another
            data = capped(data)
            offsets = np.array([0, len(data)], np.int64)
        yield first, normalised(Texts(data, offsets))
        first = last


def capped(data: U8Array) -> U8Array:
    """Return the first and last half of ``CAP_BYTES`` of one text, cut between characters, a space between them."""
    half = CAP_BYTES // 2
    head, tail = data[:half], data[-half:]
    is_continuation = (data[half : half + 4] & 0xC0) == _NON_ASCII
    if is_continuation[0]:  # back to the start of the character that was cut
        head = head[: half - 1 - int(np.argmin((head[-4:][::-1] & 0xC0) == _NON_ASCII))]
    tail = tail[int(np.argmin((tail[:4] & 0xC0) == _NON_ASCII)) :]
    return np.concatenate([head, np.array([_SPACE]), tail])


def normalised(texts: Texts) -> Texts:
    """Return the texts without invisible characters, with fullwidth forms and typographic marks as ASCII."""
    data = texts.data
    if len(data) == 0 or data.max() < _NON_ASCII:
        return texts
    leads = _edited_leads(data)
    if len(leads) == 0:
        return texts
    changed = data.copy()
    is_kept = np.ones(len(data), np.bool_)
    row_ends = texts.offsets[1:][texts.rows_of(leads)]
    for n_bytes, edit in ((2, _edit_latin), (3, _edit_general), (3, _edit_cjk), (3, _edit_forms), (4, _edit_tags)):
        edit(changed, is_kept, leads[leads + n_bytes <= row_ends])
    if is_kept.all():
        return Texts(changed, texts.offsets)
    removed = np.flatnonzero(~is_kept)
    offsets = texts.offsets - np.searchsorted(removed, texts.offsets, side="left")
    return Texts(changed[is_kept], offsets)


def _edited_leads(data: U8Array) -> I64Array:
    is_lead = data == 0xC2
    for lead in (0xE2, 0xE3, 0xEF, 0xF3):
        is_lead |= data == lead
    return np.flatnonzero(is_lead)


def _drop(is_kept: BoolArray, at: I64Array, n_bytes: int) -> None:
    for step in range(n_bytes):
        is_kept[at + step] = False


def _replace(data: U8Array, is_kept: BoolArray, at: I64Array, n_bytes: int, by: U8Array | np.uint8) -> None:
    data[at] = by
    for step in range(1, n_bytes):
        is_kept[at + step] = False


def _edit_latin(data: U8Array, is_kept: BoolArray, at: I64Array) -> None:
    at = at[data[at] == 0xC2]
    second = data[at + 1]
    is_hyphen = second == 0xAD  # U+00AD, the soft hyphen
    _drop(is_kept, at[is_hyphen], 2)
    is_mark = (second >= 0x80) & (second <= 0xBF) & ~np.isin(second, (0xAA, 0xAD, 0xB5, 0xBA))  # U+0080..BF but letters
    _replace(data, is_kept, at[is_mark], 2, _SPACE)


def _edit_general(data: U8Array, is_kept: BoolArray, at: I64Array) -> None:
    at = at[data[at] == 0xE2]
    second, third = data[at + 1], data[at + 2]
    block = (second == 0x80) | (second == 0x81)  # U+2000..U+207F
    code = ((second.astype(np.uint16) & 1) << 6) | (third & 0x3F)
    is_hidden = block & (
        ((code >= 0x0B) & (code <= 0x0F))  # U+200B..200F, zero-width and marks of direction
        | ((code >= 0x2A) & (code <= 0x2E))  # U+202A..202E, bidirectional overrides
        | ((code >= 0x60) & (code <= 0x6F))  # U+2060..206F, word joiner, isolates, invisible operators
    )
    _drop(is_kept, at[is_hidden], 3)
    is_mark = block & ~is_hidden & (code < 0x60)  # spaces, dashes, quotation marks, bullets
    _replace(
        data, is_kept, at[is_mark], 3, np.where(code[is_mark] == 0x22, ord("-"), _SPACE).astype(np.uint8)
    )  # U+2022


def _edit_cjk(data: U8Array, is_kept: BoolArray, at: I64Array) -> None:
    at = at[(data[at] == 0xE3) & (data[at + 1] == 0x80)]  # U+3000..U+303F, CJK symbols and punctuation
    is_mark = (data[at + 2] & 0x3F > 0x07) | (data[at + 2] & 0x3F < 0x05)  # U+3005..3007 are letters
    _replace(data, is_kept, at[is_mark], 3, _SPACE)


def _edit_forms(data: U8Array, is_kept: BoolArray, at: I64Array) -> None:
    at = at[data[at] == 0xEF]
    second, third = data[at + 1], data[at + 2]
    is_hidden = ((second == 0xBB) & (third == 0xBF)) | ((second == 0xB8) & (third < 0x90))  # U+FEFF, U+FE00..FE0F
    _drop(is_kept, at[is_hidden], 3)
    is_low = (second == 0xBC) & (third >= 0x81)  # U+FF01..FF3F
    _replace(data, is_kept, at[is_low], 3, third[is_low] - np.uint8(0x60))
    is_high = (second == 0xBD) & (third <= 0x9E)  # U+FF40..FF5E
    _replace(data, is_kept, at[is_high], 3, third[is_high] - np.uint8(0x20))


def _edit_tags(data: U8Array, is_kept: BoolArray, at: I64Array) -> None:
    at = at[(data[at] == 0xF3) & (data[at + 1] == 0xA0) & ((data[at + 2] & 0xFC) == _NON_ASCII)]  # U+E0000..E0FFF
    _drop(is_kept, at, 4)
