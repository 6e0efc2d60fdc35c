"""Texts to token hashes, byte by byte; the same tokens as ``sketches.tokens.tokenised``, which says what they are."""

import numpy as np
import numpy.typing as npt

from stillwatch.sketches.compiled.jit import kernel, mix

U8 = npt.NDArray[np.uint8]
I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

SEPARATOR, DIGIT, CJK = 0, 2, 3  # classes, as in sketches.tokens
PADDING = 24  # bytes behind the text, so that words of eight bytes can be read at its end


@kernel
def tokenise(
    data: U8,
    offsets: I64,
    classes: U8,
    word_bytes: int,
    number: np.uint64,
    length_step: np.uint64,
    word_step: np.uint64,
) -> tuple[U64, I64]:
    """Return the token hashes of normalised texts, end to end, and where each text's begin, shape (rows + 1,).

    Args:
        data: the texts' bytes.
        offsets: where each begins, and the end.
        classes: the class of each byte before its case is folded, shape (256,).
        word_bytes: a longer word is cut.
        number: the token of every number.
        length_step: multiplies a word's length in its hash.
        word_step: multiplies each eight bytes of it.
    """
    n_bytes, n_rows = len(data), len(offsets) - 1
    padded = np.zeros(n_bytes // 8 * 8 + PADDING, np.uint8)
    highest = np.uint8(0)
    for i in range(n_bytes):
        byte = data[i]
        padded[i] = byte + np.uint8(32) if np.uint8(65) <= byte <= np.uint8(90) else byte
        highest = max(highest, byte)
    if highest >= np.uint8(0xC3):
        for row in range(n_rows):
            _fold_case(padded, offsets[row], offsets[row + 1])
    words = padded.view(np.uint64)
    hashes = np.empty(n_bytes + 1, np.uint64)
    firsts = np.empty(n_rows + 1, np.int64)
    n = 0
    for row in range(n_rows):
        firsts[row] = n
        at, end = offsets[row], offsets[row + 1]
        while at < end:
            kind = classes[data[at]]
            begin = at
            at = _run_end(data, classes, kind, begin, end)
            if kind == SEPARATOR:
                continue
            if kind == DIGIT:
                hashes[n] = number
                n += 1
                continue
            for piece in range(begin, at, word_bytes):
                length = min(word_bytes, at - piece)
                hashes[n] = _hashed(words, piece, length, length_step, word_step)
                n += 1
    firsts[n_rows] = n
    return hashes[:n].copy(), firsts


@kernel
def _run_end(data: U8, classes: U8, kind: int, begin: int, end: int) -> int:
    """Return where the run of bytes that begins here ends: a CJK character has up to three, others go on in class."""
    at = begin + 1
    if kind == CJK:
        while at < end and at < begin + 3 and (data[at] & 0xC0) == 0x80:
            at += 1
        return at
    while at < end and classes[data[at]] == kind:
        at += 1
    return at


@kernel
def _hashed(words: U64, begin: int, length: int, length_step: np.uint64, word_step: np.uint64) -> np.uint64:
    state = np.uint64(length) * length_step
    done = 0
    while done < length:
        place = begin + done
        index, shift = place >> 3, np.uint64((place & 7) << 3)
        value = words[index] >> shift
        value |= (words[index + 1] << (np.uint64(63) - shift)) << np.uint64(1)
        left = length - done
        if left < 8:
            value &= (np.uint64(1) << np.uint64(8 * left)) - np.uint64(1)
        value = (value ^ state) * word_step
        state = value ^ (value >> np.uint64(29))
        done += 8
    return mix(state)


@kernel
def _fold_case(folded: U8, begin: int, end: int) -> None:
    """Lower the case of Latin-1, Greek and Cyrillic capitals of one text, in place."""
    for at in range(begin, end - 1):
        lead, second = folded[at], folded[at + 1]
        if lead < 0xC3 or second < 0x80 or lead > 0xD0:
            continue
        if lead == 0xC3:
            if second <= 0x9E and second != 0x97:  # U+00C0..DE but the cross
                folded[at + 1] = second + 0x20
        elif lead == 0xD0:
            if second <= 0x8F:  # U+0400..040F
                folded[at], folded[at + 1] = 0xD1, second + 0x10
            elif second < 0xA0:  # U+0410..042F
                folded[at + 1] = second + 0x20
            elif second <= 0xAF:
                folded[at], folded[at + 1] = 0xD1, second - 0x20
        elif lead == 0xCE:
            if 0x90 <= second < 0xA0:  # U+0391..03A9
                folded[at + 1] = second + 0x20
            elif 0xA0 <= second <= 0xA9:
                folded[at], folded[at + 1] = 0xCF, second - 0x20
