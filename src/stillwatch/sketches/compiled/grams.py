"""What is summed over the tokens of one text: its topic, the capability model's gram weights, and cues found."""

import numpy as np
import numpy.typing as npt

from stillwatch.sketches.compiled.jit import inlined, kernel, mix
from stillwatch.sketches.compiled.lanes import add_row

I8 = npt.NDArray[np.int8]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]
F64 = npt.NDArray[np.float64]
Phrases = tuple[np.uint64, U64, npt.NDArray[np.uint32], U64, I64, U64, I64]
BUCKET_SHIFT = np.uint64(50)  # 64 less BUCKET_BITS
FILTER_SHIFT = np.uint64(48)  # 64 less the bits of a place in the filter


@kernel
def topic(
    tokens: U64, n: int, rarity: U8, number: np.uint64, key: tuple[np.uint64, np.uint64], unit: int, sums: I32, out: I8
) -> None:
    """Write the topic of a text: the signed sums of its words' weights as a direction in whole steps, shape (64,).

    Args:
        tokens: of the text.
        n: how many.
        rarity: weight by public bucket.
        number: the token of every number, which has no weight.
        key: of this key's topics.
        unit: the length of a topic.
        sums: room for 64 sums.
        out: the topic.
    """
    start, factor = key
    sums[:] = 0
    for at in range(n):
        token = tokens[at]
        weight = np.int32(rarity[token >> BUCKET_SHIFT]) if token != number else np.int32(0)
        keyed = (token ^ start) * factor
        keyed = (keyed ^ (keyed >> np.uint64(32))) * factor
        is_down = np.int32((keyed >> np.uint64(57)) & np.uint64(1))
        sums[keyed >> np.uint64(58)] += (weight ^ -is_down) + is_down
    square = np.float64(0.0)
    for i in range(len(sums)):
        square += np.float64(sums[i]) * np.float64(sums[i])
    norm = np.sqrt(square) if square > 0.0 else np.float64(1.0)
    for i in range(len(sums)):
        out[i] = np.int8(np.rint(np.float64(sums[i]) * np.float64(unit) / norm))


@kernel
def gram_sums(
    tokens: U64, n: int, weights: I8, pair: np.uint64, limits: tuple[int, int], spare: tuple[I32, I32], out: F64
) -> None:
    """Write the sums of the weights of a text's words and word pairs, shape (classes,).

    Only the first and the last ``limits`` tokens of a text count; a last word pairs with the end. Sums are of whole
    numbers.

    Args:
        tokens: of the text.
        n: how many.
        weights: a row of 16 a bucket, end to end; those beyond the classes are 0.
        pair: what multiplies the first word of a pair.
        limits: tokens of the head, and of the tail.
        spare: room for twice 16 sums.
        out: the sums.
    """
    words, pairs = spare
    words[:] = 0
    pairs[:] = 0
    head, tail = limits
    at = 0
    while at < n:
        if at == head and n - tail > at:
            at = n - tail
        token = tokens[at]
        following = tokens[at + 1] if at + 1 < n else np.uint64(0)
        add_row(words, weights, np.int64(token >> BUCKET_SHIFT))
        add_row(pairs, weights, np.int64(mix(token * pair + following) >> BUCKET_SHIFT))
        at += 1
    for i in range(len(out)):
        out[i] = words[i] + pairs[i]


@kernel
def find_phrases(tokens: U64, n: int, row: int, phrases: Phrases, found: I64, n_found: int) -> tuple[I64, int]:
    """Append ``row`` * phrases + phrase for each run of tokens that is a phrase; return the list, and its length.

    Args:
        tokens: of the text.
        n: how many.
        row: of the text.
        phrases: what multiplies a pair's tokens; the filter of pairs that can begin a phrase, a bit each; the lengths
            of those that do, a bit each; what multiplies each token of a phrase; for each length from 0 on, where its
            phrases begin in the next two, and the end; hashes, rising within a length; which phrase each is.
        found: the list so far, with room for more.
        n_found: how long it is.
    """
    pair, table, begun, steps, firsts, keys, members = phrases
    for at in range(n - 1):
        place = ((tokens[at] * pair + tokens[at + 1]) * pair) >> FILTER_SHIFT
        if (table[place >> np.uint64(6)] >> (place & np.uint64(63))) & np.uint64(1) == np.uint64(0):
            continue
        total, lengths = np.uint64(0), begun[place]
        for length in range(1, min(n - at, len(firsts) - 2) + 1):
            total += tokens[at + length - 1] * steps[length - 1]
            if (lengths >> np.uint32(length)) & np.uint32(1) == np.uint32(0):
                continue
            begin, end = firsts[length], firsts[length + 1]
            place = _search(keys, begin, end, mix(total))
            if place < 0:
                continue
            if n_found == len(found):
                longer = np.empty(2 * len(found), np.int64)
                longer[:n_found] = found
                found = longer
            found[n_found] = row * len(members) + members[place]
            n_found += 1
    return found, n_found


@inlined
def _search(keys: U64, begin: int, end: int, wanted: np.uint64) -> int:
    last = end
    while begin < end:
        middle = (begin + end) >> 1
        if keys[middle] < wanted:
            begin = middle + 1
        else:
            end = middle
    return begin if begin < last and keys[begin] == wanted else -1
