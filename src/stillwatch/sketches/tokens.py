"""Texts to token hashes: words, numbers and single CJK characters, all texts of a chunk at once.

A token is a run of letters (any bytes above ASCII are letters), a run of digits, or one CJK ideograph, kana or Hangul
syllable; the rest separates. Case is folded for ASCII, Latin-1, Greek and Cyrillic; every number is the same token. A
word over ``WORD_BYTES`` is cut into several. The hash of a token is public; keys come in afterwards.

Source: ours: docs/decisions/0003-keyed-sketches.md
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from stillwatch.sketches.mixing import GOLDEN, constant, mixed, mixed_word
from stillwatch.sketches.texts import BoolArray, I64Array, Texts, U8Array, normalised

U64Array = npt.NDArray[np.uint64]

WORD_BYTES: Final = 64  # longer than words; a blob of base64 or an unspaced clause becomes several tokens
NUMBER: Final = np.uint64(mixed_word(GOLDEN))  # the token of every number

_SEPARATOR, _WORD, _DIGIT, _CJK = 0x20, 1, 2, 3  # classes; the separator is the byte that separators fold to


@dataclass(frozen=True, slots=True)
class Tokens:
    """The token hashes of some texts, end to end.

    Args:
        hashes: shape (n,).
        offsets: where each text's tokens begin, and n at the end, shape (rows + 1,).
    """

    hashes: U64Array
    offsets: I64Array

    @property
    def n_rows(self) -> int:
        """How many texts there are."""
        return len(self.offsets) - 1

    @property
    def counts(self) -> I64Array:
        """Tokens of each text, shape (rows,)."""
        return np.diff(self.offsets)

    def rows(self) -> I64Array:
        """Return the text of each token, shape (n,)."""
        return np.repeat(np.arange(self.n_rows), self.counts)


def _fold_table() -> bytes:
    table = bytearray(range(256))
    for byte in range(128):
        char = chr(byte)
        table[byte] = ord(char.lower()) if char.isalpha() else ord("0") if char.isdigit() else _SEPARATOR
    return bytes(table)


def _class_table() -> bytes:
    table = bytearray([_WORD] * 256)
    table[_SEPARATOR] = 0
    table[ord("0")] = _DIGIT
    for lead in range(0xE3, 0xEE):  # kana, ideographs, Yi and Hangul: three bytes each
        table[lead] = _CJK
    return bytes(table)


_FOLD: Final = _fold_table()
_CLASS: Final = _class_table()
LENGTH_STEP: Final = np.uint64(constant("length"))
WORD_STEP: Final = np.uint64(constant("word"))


def tokenised(texts: Texts) -> Tokens:
    """Return the tokens of normalised texts.

    Each text's tokens depend on that text alone. Bytes that are not UTF-8 give some tokens or other, never an error.

    Cost: O(bytes) time; about 12 bytes of memory a byte of text.
    """
    data = texts.data
    if len(data) == 0:
        return Tokens(np.empty(0, np.uint64), np.zeros(len(texts.offsets), np.int64))
    folded = np.frombuffer(bytearray(data.tobytes().translate(_FOLD)), np.uint8)
    has_other_scripts = bool(folded.max() >= 0x80)
    starts_text = np.zeros(len(data), np.bool_)
    starts_text[texts.offsets[:-1][texts.offsets[:-1] < len(data)]] = True
    if has_other_scripts:
        _fold_case(folded, starts_text)
    classes = np.frombuffer(bytearray(folded.tobytes().translate(_CLASS)), np.uint8)
    edges = np.empty(len(data), np.bool_)
    edges[0] = True
    if has_other_scripts:
        leads = _mark_cjk(folded, classes, starts_text)
        np.not_equal(classes[1:], classes[:-1], out=edges[1:])
        edges[leads] = True
    else:
        np.not_equal(classes[1:], classes[:-1], out=edges[1:])
    edges |= starts_text
    at = np.flatnonzero(edges)
    ends = np.append(at[1:], len(data))
    is_token = classes[at] != 0
    starts, ends = _cut_long(at[is_token], ends[is_token], classes)
    hashes = _hashed(folded, starts, ends - starts)
    hashes[classes[starts] == _DIGIT] = NUMBER
    return Tokens(hashes, np.searchsorted(starts, texts.offsets).astype(np.int64))


def token_hashes(text: str) -> U64Array:
    """Return the token hashes of one text; for lexicons and tests."""
    data = np.frombuffer(text.encode(), np.uint8)
    return tokenised(normalised(Texts(data, np.array([0, len(data)], np.int64)))).hashes


def _fold_case(folded: U8Array, starts_text: BoolArray) -> None:
    """Lower the case of Latin-1, Greek and Cyrillic capitals, in place; never over the end of a text."""
    has_next = ~starts_text[1:]
    before = folded[:-1]
    at = np.flatnonzero((before == 0xC3) & has_next)
    at = at[(folded[at + 1] >= 0x80) & (folded[at + 1] <= 0x9E) & (folded[at + 1] != 0x97)]  # U+00C0..DE but the cross
    folded[at + 1] += 0x20
    for lead, split in ((0xD0, 0xA0), (0xCE, 0xA0)):  # U+0410..042F; U+0391..03A9: from the split on, the next lead
        at = np.flatnonzero((before == lead) & has_next)
        second = folded[at + 1]
        low = at[(second >= 0x90) & (second < split)]
        high = at[(second >= split) & (second <= (0xAF if lead == 0xD0 else 0xA9))]
        folded[low + 1] += 0x20
        folded[high + 1] -= 0x20
        folded[high] += 1
    at = np.flatnonzero((before == 0xD0) & has_next)
    at = at[(folded[at + 1] >= 0x80) & (folded[at + 1] <= 0x8F)]  # U+0400..040F
    folded[at] = 0xD1
    folded[at + 1] += 0x10


def _mark_cjk(folded: U8Array, classes: U8Array, starts_text: BoolArray) -> I64Array:
    """Give the two bytes behind each CJK lead its class, in place; return where the leads are."""
    leads = np.flatnonzero(classes == _CJK)
    inside = leads
    for _ in range(2):
        inside = inside[inside + 1 < len(folded)] + 1
        inside = inside[((folded[inside] & 0xC0) == 0x80) & ~starts_text[inside]]
        classes[inside] = _CJK
    return leads


def _cut_long(starts: I64Array, ends: I64Array, classes: U8Array) -> tuple[I64Array, I64Array]:
    """Return the tokens with words over ``WORD_BYTES`` cut; a number stays one token."""
    is_long = (ends - starts > WORD_BYTES) & (classes[starts] != _DIGIT) if len(starts) else np.zeros(0, np.bool_)
    if not is_long.any():
        return starts, ends
    n_pieces = np.where(is_long, -(-(ends - starts) // WORD_BYTES), 1)
    first = np.cumsum(n_pieces) - n_pieces
    piece = np.arange(int(n_pieces.sum())) - np.repeat(first, n_pieces)
    cut_starts = np.repeat(starts, n_pieces) + piece * WORD_BYTES
    whole_ends = np.repeat(ends, n_pieces)
    cut_ends = np.where(np.repeat(is_long, n_pieces), np.minimum(cut_starts + WORD_BYTES, whole_ends), whole_ends)
    return cut_starts, cut_ends


_KEEP: Final = np.array(
    [(1 << 8 * n) - 1 for n in range(8)] + [(1 << 64) - 1], np.uint64
)  # the first n bytes of a word


def _hashed(folded: U8Array, starts: I64Array, lengths: I64Array) -> U64Array:
    """Return a public 64-bit hash of each run of bytes, read eight bytes at a time."""
    padded = np.zeros(len(folded) // 8 * 8 + 24, np.uint8)
    padded[: len(folded)] = folded
    words = padded.view("<u8")
    state = lengths.astype(np.uint64) * LENGTH_STEP
    state = _absorbed(state, words, starts, lengths)
    active = np.flatnonzero(lengths > 8)
    step = 8
    while len(active) and step < WORD_BYTES:  # numbers may be longer; their hash is not used
        state[active] = _absorbed(state[active], words, starts[active] + step, lengths[active] - step)
        step += 8
        active = active[lengths[active] > step]
    return mixed(state)


def _absorbed(state: U64Array, words: U64Array, at: I64Array, lengths: I64Array) -> U64Array:
    index = at >> 3
    shift = ((at & 7) << 3).astype(np.uint64)
    value: U64Array = words[index] >> shift
    value |= (words[index + 1] << (np.uint64(63) - shift)) << np.uint64(1)  # two steps: a shift by 64 is undefined
    value &= _KEEP[np.minimum(lengths, 8)]
    value ^= state
    value *= WORD_STEP
    value ^= value >> np.uint64(29)
    return value


def first_tokens(tokens: Tokens, n_head: int, n_tail: int) -> BoolArray:
    """Return which tokens are among the first ``n_head`` or last ``n_tail`` of their text, shape (n,)."""
    place = np.arange(len(tokens.hashes)) - np.repeat(tokens.offsets[:-1], tokens.counts)
    left = np.repeat(tokens.counts, tokens.counts) - place
    return (place < n_head) | (left <= n_tail)
