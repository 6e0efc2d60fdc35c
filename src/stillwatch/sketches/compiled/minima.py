"""Keyed shingle minima and text hashes of one text; the same values as those of ``sketches.minima``."""

import numpy as np
import numpy.typing as npt

from stillwatch.sketches.compiled.jit import inlined, kernel, mix, siphash_not_zero

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Steps = tuple[np.uint64, np.uint64, np.uint64, np.uint64]
OrderKey = tuple[np.uint64, np.uint64, np.uint64]
ValueKey = tuple[np.uint64, np.uint64]
Spare = tuple[U64, U64, U64, I64]

N_BINS = 16
SPARE = 3  # tokens of a shingle but its first
NONE = np.uint64(0xFFFFFFFFFFFFFFFF)
BIN_BITS, BIN_SHIFT = np.uint64(4), np.uint64(60)
FAR = np.int64(0x7FFFFFFFFFFFFFFF)  # the place of no shingle


@kernel
def prompt_minima(
    tokens: U64, n: int, steps: Steps, order_key: OrderKey, zone_tokens: tuple[int, int], spare: Spare,
    out: U64,
) -> int:  # fmt: skip
    """Write the public hashes of the shingles that win the bins of a prompt's head, tail and whole; 0: an empty bin.

    Each shingle is looked at once: head and tail overlap or leave a middle, so that there are three stretches, and what
    wins a zone is among the winners of its stretches. Return how many shingles there are.

    Args:
        tokens: of the prompt, one more than it has.
        n: how many it has.
        steps: what multiplies each token of a shingle.
        order_key: of the keyed order.
        zone_tokens: of the head, and of the tail.
        spare: room for the hashes and the order of all shingles, and for 3 * 16 winners, twice.
        out: shape (8 + 8 + 16,).
    """
    hashes, order, least, winner = spare
    m = shingles(tokens, n, steps, hashes)
    keyed_order(hashes, m, order_key, order)
    least[: 3 * N_BINS] = NONE
    winner[: 3 * N_BINS] = FAR
    head_end, tail_begin = min(m, zone_tokens[0] - SPARE), max(0, m - (zone_tokens[1] - SPARE))
    first, second = min(head_end, tail_begin), max(head_end, tail_begin)
    stretch(order, 0, first, least, winner, 0)
    stretch(order, first, second, least, winner, N_BINS)
    stretch(order, second, m, least, winner, 2 * N_BINS)
    is_overlap = tail_begin < head_end
    for place in range(8):
        out[place] = _best(hashes, least, winner, 2 * place, 2, 0, 2 if is_overlap else 1)
        out[8 + place] = _best(hashes, least, winner, 2 * place, 2, 1 if is_overlap else 2, 3)
    for place in range(16):
        out[16 + place] = _best(hashes, least, winner, place, 1, 0, 3)
    return m


@kernel
def text_minima(tokens: U64, n: int, steps: Steps, order_key: OrderKey, spare: Spare, out: U64) -> int:
    """Write the public hashes of the shingles that win the eight bins of a whole text; 0: an empty bin."""
    hashes, order, least, winner = spare
    m = shingles(tokens, n, steps, hashes)
    keyed_order(hashes, m, order_key, order)
    least[:N_BINS] = NONE
    winner[:N_BINS] = FAR
    stretch(order, 0, m, least, winner, 0)
    for place in range(8):
        out[place] = _best(hashes, least, winner, 2 * place, 2, 0, 1)
    return m


@inlined
def shingles(tokens: U64, n: int, steps: Steps, out: U64) -> int:
    """Write the public hashes of one text's shingles; return how many there are."""
    if n == 0:
        return 0
    if n <= SPARE:  # one shingle of all tokens; the count keeps it apart from a part of a longer one
        total = np.uint64(n) + tokens[0] * steps[0]
        if n > 1:
            total += tokens[1] * steps[1]
        if n > 2:
            total += tokens[2] * steps[2]
        out[0] = mix(total)
        return 1
    for at in range(n - SPARE):
        total = tokens[at] * steps[0] + tokens[at + 1] * steps[1]
        out[at] = mix(total + tokens[at + 2] * steps[2] + tokens[at + 3] * steps[3])
    return n - SPARE


@inlined
def keyed_order(hashes: U64, n: int, key: OrderKey, out: U64) -> None:
    """Write the keyed order of the first ``n`` shingles to ``out``."""
    start, first, second = key
    for at in range(n):
        value = (hashes[at] ^ start) * first
        value = (value ^ (value >> np.uint64(32))) * second
        out[at] = value ^ (value >> np.uint64(29))


@inlined
def stretch(order: U64, begin: int, end: int, least: U64, winner: I64, base: int) -> None:
    """Keep the first shingle, in the keyed order, of each of 16 bins; of equal ones the first in the text."""
    for at in range(begin, end):
        value = order[at]
        place = base + np.int64(value >> BIN_SHIFT)
        within = value << BIN_BITS
        if within < least[place]:
            least[place] = within
            winner[place] = at


@inlined
def _best(hashes: U64, least: U64, winner: I64, first_bin: int, n_bins: int, begin: int, end: int) -> np.uint64:
    """Return the hash of the first shingle of some neighbouring bins in some stretches, 0 where there is none."""
    best, where = NONE, FAR
    for base in range(begin * N_BINS, end * N_BINS, N_BINS):
        for place in range(base + first_bin, base + first_bin + n_bins):
            if least[place] < best or (least[place] == best and winner[place] < where):
                best, where = least[place], winner[place]
    return hashes[where] if where != FAR else np.uint64(0)


@kernel
def stored_values(winners: U64, key: ValueKey) -> None:
    """Replace the public hashes of winners by their keyed values, in place; 0 stays."""
    for at in range(len(winners)):
        value = siphash_not_zero(winners[at], key[0], key[1])
        winners[at] = value if winners[at] != np.uint64(0) else np.uint64(0)


@kernel
def text_hash(tokens: U64, n: int, base: np.uint64, key: ValueKey) -> np.uint64:
    """Return the keyed hash of a text, 0 for one without tokens: the sum of token * base**place, through SipHash."""
    if n == 0:
        return np.uint64(0)
    total = np.uint64(0)
    for at in range(n - 1, -1, -1):  # Horner's rule, from the last token
        total = total * base + tokens[at]
    return siphash_not_zero(total + mix(np.uint64(n)), key[0], key[1])
