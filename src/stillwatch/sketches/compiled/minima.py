"""Keyed shingle minima and text hashes of token runs; the same values as those of ``sketches.minima``."""

import numpy as np
import numpy.typing as npt

from stillwatch.sketches.compiled.jit import kernel, mix, siphash

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
U64Keys = tuple[np.uint64, np.uint64, np.uint64]
U64Pair = tuple[np.uint64, np.uint64]

NONE = np.uint64(0xFFFFFFFFFFFFFFFF)
BIN_BITS = np.uint64(4)


@kernel
def shingle_hashes(tokens: U64, steps: U64, begin: int, end: int, out: U64) -> int:
    """Write the public hashes of one text's shingles to ``out``; return how many there are."""
    n_tokens, n_steps = end - begin, len(steps)
    if n_tokens == 0:
        return 0
    if n_tokens < n_steps:  # one shingle of all tokens; the count keeps it apart from a part of a longer one
        total = np.uint64(n_tokens)
        for place in range(n_tokens):
            total += tokens[begin + place] * steps[place]
        out[0] = mix(total)
        return 1
    for at in range(n_tokens - n_steps + 1):
        total = np.uint64(0)
        for place in range(n_steps):
            total += tokens[begin + at + place] * steps[place]
        out[at] = mix(total)
    return n_tokens - n_steps + 1


@kernel
def zone(hashes: U64, order: U64, begin: int, end: int, value_key: U64Pair, stored: U64, out: U64) -> None:
    """Write the stored value of the first shingle of each bin of a zone to ``out``, shape (8 or 16,); 0: empty.

    ``stored`` keeps the values between the zones of a text: one evaluation a shingle.
    """
    n_bins = len(out)
    shift = np.uint64(61) if n_bins == 8 else np.uint64(60)
    least = np.full(n_bins, NONE, np.uint64)
    winner = np.full(n_bins, -1, np.int64)
    for at in range(begin, end):
        place = int(order[at] >> shift)
        within = order[at] << BIN_BITS
        if winner[place] < 0 or within < least[place]:
            least[place] = within
            winner[place] = at
    for place in range(n_bins):
        kept = int(winner[place])
        if kept < 0:
            out[place] = np.uint64(0)
            continue
        if stored[kept] == np.uint64(0):
            value = siphash(hashes[kept], value_key[0], value_key[1])
            stored[kept] = value if value != np.uint64(0) else np.uint64(1)
        out[place] = stored[kept]


@kernel
def keyed_order(hashes: U64, n: int, key: U64Keys, order: U64) -> None:
    """Write the keyed order of the first ``n`` shingles to ``order``."""
    start, first, second = key
    for at in range(n):
        value = (hashes[at] ^ start) * first
        value = (value ^ (value >> np.uint64(32))) * second
        order[at] = value ^ (value >> np.uint64(29))


@kernel
def prompts(
    tokens: U64, offsets: I64, steps: U64, order_key: U64Keys, value_key: U64Pair, zone_tokens: tuple[int, int],
    head: U64, tail: U64, body: U64,
) -> None:  # fmt: skip
    """Write the minima of each prompt's head, tail and whole; the three have a row a text."""
    most = _most(offsets)
    hashes, order, stored = np.empty(most, np.uint64), np.empty(most, np.uint64), np.empty(most, np.uint64)
    spare = len(steps) - 1
    for row in range(len(offsets) - 1):
        n = shingle_hashes(tokens, steps, offsets[row], offsets[row + 1], hashes)
        keyed_order(hashes, n, order_key, order)
        stored[:n] = 0
        zone(hashes, order, 0, min(n, zone_tokens[0] - spare), value_key, stored, head[row])
        zone(hashes, order, max(0, n - (zone_tokens[1] - spare)), n, value_key, stored, tail[row])
        zone(hashes, order, 0, n, value_key, stored, body[row])


@kernel
def wholes(tokens: U64, offsets: I64, steps: U64, order_key: U64Keys, value_key: U64Pair, out: U64) -> None:
    """Write the minima of each whole text to ``out``, a row a text."""
    most = _most(offsets)
    hashes, order, stored = np.empty(most, np.uint64), np.empty(most, np.uint64), np.empty(most, np.uint64)
    for row in range(len(offsets) - 1):
        n = shingle_hashes(tokens, steps, offsets[row], offsets[row + 1], hashes)
        keyed_order(hashes, n, order_key, order)
        stored[:n] = 0
        zone(hashes, order, 0, n, value_key, stored, out[row])


@kernel
def text_hashes(tokens: U64, offsets: I64, base: np.uint64, value_key: U64Pair) -> U64:
    """Return one keyed hash a text, 0 for a text without tokens: sum of token * base**place, through SipHash."""
    out = np.zeros(len(offsets) - 1, np.uint64)
    for row in range(len(offsets) - 1):
        begin, end = offsets[row], offsets[row + 1]
        if begin == end:
            continue
        total = np.uint64(0)
        for at in range(end - 1, begin - 1, -1):  # Horner's rule, from the last token
            total = total * base + tokens[at]
        value = siphash(total + mix(np.uint64(end - begin)), value_key[0], value_key[1])
        out[row] = value if value != np.uint64(0) else np.uint64(1)
    return out


@kernel
def _most(offsets: I64) -> int:
    most = 1
    for row in range(len(offsets) - 1):
        most = max(most, offsets[row + 1] - offsets[row])
    return most
