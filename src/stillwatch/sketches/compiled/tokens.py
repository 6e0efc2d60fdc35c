"""One text to token hashes, 64 bytes at once; the same tokens as ``sketches.tokens``, which says what they are."""

import numpy as np
import numpy.typing as npt

from stillwatch.sketches.compiled.jit import inlined, kernel, mix
from stillwatch.sketches.compiled.lanes import BLOCK, copy_lower, in_range, lowest, word_at

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
U64 = npt.NDArray[np.uint64]

ONE, LAST = np.uint64(1), np.uint64(63)
ALL_BITS = np.uint64(0xFFFFFFFFFFFFFFFF)
Steps = tuple[np.uint64, np.uint64, np.uint64]


@kernel
def tokenise(
    text: U8, n: int, is_high: np.bool_, word_bytes: int, steps: Steps, spare: tuple[U8, I32], out: U64
) -> int:
    """Write the token hashes of one prepared text to ``out``; return how many there are.

    Args:
        text: as ``prepare`` leaves it.
        n: its length.
        is_high: whether it has other than ASCII bytes.
        word_bytes: a longer word is cut.
        steps: the token of every number, and what multiplies a word's length and each eight bytes of it.
        spare: room for the folded text, and for two places a token.
        out: room for one token a byte.
    """
    folded, edges = spare
    most = len(edges) // 2
    n_tokens = _runs(text, n, is_high, folded, edges[:most], edges[most:])
    number, length_step, word_step = steps
    n_hashes = 0
    for i in range(n_tokens):
        begin, length = int(edges[i]), int(edges[most + i] - edges[i])
        if np.uint8(text[begin] - np.uint8(48)) < np.uint8(10):
            out[n_hashes] = number
        elif length <= 8:
            value = word_at(folded, begin) & (ALL_BITS >> np.uint64(64 - 8 * length))
            value = (value ^ (np.uint64(length) * length_step)) * word_step
            out[n_hashes] = mix(value ^ (value >> np.uint64(29)))
        else:
            while length > word_bytes:
                out[n_hashes] = _hashed(folded, begin, word_bytes, length_step, word_step)
                n_hashes += 1
                begin += word_bytes
                length -= word_bytes
            out[n_hashes] = _hashed(folded, begin, length, length_step, word_step)
        n_hashes += 1
    return n_hashes


@kernel
def _runs(text: U8, n: int, is_high: np.bool_, folded: U8, begins: I32, ends: I32) -> int:
    """Write the text in folded case, and where each run of letters or digits, and each CJK character, is."""
    word_before = digit_before = cjk_before = lead_before = second_before = np.uint64(0)
    has_case = np.uint64(0)
    n_begins = n_ends = 0
    for at in range(0, n + 1, BLOCK):  # one byte more: behind the text there are blanks
        copy_lower(folded, text, at)
        word = in_range(text, at, 65, 90) | in_range(text, at, 97, 122)
        digit = in_range(text, at, 48, 57)
        cjk = lead = np.uint64(0)
        if is_high:
            has_case |= _case_leads(text, at)
            lead, tail = in_range(text, at, 0xE3, 0xED), in_range(text, at, 0x80, 0xBF)
            second = ((lead << ONE) | lead_before) & tail
            third = ((second << ONE) | second_before) & tail
            lead_before, second_before = lead >> LAST, second >> LAST
            cjk = lead | second | third
            word |= in_range(text, at, 0x80, 0xFF) & ~cjk
        token = word | digit | cjk
        before = (word << ONE) | word_before, (digit << ONE) | digit_before, (cjk << ONE) | cjk_before
        edges = (word ^ before[0]) | (digit ^ before[1]) | (cjk ^ before[2]) | lead
        word_before, digit_before, cjk_before = word >> LAST, digit >> LAST, cjk >> LAST
        mask = edges & token
        while mask != np.uint64(0):
            begins[n_begins] = at + lowest(mask)
            mask &= mask - ONE
            n_begins += 1
        mask = edges & (before[0] | before[1] | before[2])
        while mask != np.uint64(0):
            ends[n_ends] = at + lowest(mask)
            mask &= mask - ONE
            n_ends += 1
    if has_case != np.uint64(0):
        _fold_case(text, n, folded)
    return n_begins


@inlined
def _hashed(folded: U8, begin: int, length: int, length_step: np.uint64, word_step: np.uint64) -> np.uint64:
    state = np.uint64(length) * length_step
    while length > 0:
        value = word_at(folded, begin)
        if length < 8:
            value &= ALL_BITS >> np.uint64(64 - 8 * length)
        value = (value ^ state) * word_step
        state = value ^ (value >> np.uint64(29))
        begin += 8
        length -= 8
    return mix(state)


@inlined
def _case_leads(text: U8, at: int) -> np.uint64:
    return in_range(text, at, 0xC3, 0xC3) | in_range(text, at, 0xCE, 0xCE) | in_range(text, at, 0xD0, 0xD0)


@kernel
def _fold_case(text: U8, n: int, folded: U8) -> None:
    """Lower the case of Latin-1, Greek and Cyrillic capitals, in place."""
    for at in range(0, n, BLOCK):
        leads = _case_leads(text, at)
        while leads != np.uint64(0):
            place = at + lowest(leads)
            leads &= leads - ONE
            if place + 1 < n:
                _fold_letter(folded, place, text[place], text[place + 1])


@inlined
def _fold_letter(folded: U8, at: int, lead: np.uint8, second: np.uint8) -> None:
    if second < np.uint8(0x80):
        return
    if lead == np.uint8(0xC3):
        if second <= np.uint8(0x9E) and second != np.uint8(0x97):  # U+00C0..DE but the cross
            folded[at + 1] = second + np.uint8(0x20)
    elif lead == np.uint8(0xD0):
        if second <= np.uint8(0x8F):  # U+0400..040F
            folded[at], folded[at + 1] = np.uint8(0xD1), second + np.uint8(0x10)
        elif second < np.uint8(0xA0):  # U+0410..042F
            folded[at + 1] = second + np.uint8(0x20)
        elif second <= np.uint8(0xAF):
            folded[at], folded[at + 1] = np.uint8(0xD1), second - np.uint8(0x20)
    elif np.uint8(0x90) <= second < np.uint8(0xA0):  # U+0391..03A9
        folded[at + 1] = second + np.uint8(0x20)
    elif np.uint8(0xA0) <= second <= np.uint8(0xA9):
        folded[at], folded[at + 1] = np.uint8(0xCF), second - np.uint8(0x20)
