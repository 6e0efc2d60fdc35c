"""What is summed over tokens: topics, the capability model's gram weights, and where a cue may begin."""

import numpy as np
import numpy.typing as npt

from stillwatch.sketches.compiled.jit import kernel, mix

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
BUCKET_SHIFT = np.uint64(50)  # 64 less BUCKET_BITS


@kernel
def topic_sums(
    tokens: U64, offsets: I64, rarity: npt.NDArray[np.uint8], number: np.uint64, start: np.uint64, factor: np.uint64,
    n_dimensions: int,
) -> npt.NDArray[np.float64]:  # fmt: skip
    """Return the signed sums of the words' weights, shape (rows, dimensions); whole numbers."""
    sums = np.zeros((len(offsets) - 1, n_dimensions), np.float64)
    for row in range(len(offsets) - 1):
        for at in range(offsets[row], offsets[row + 1]):
            token = tokens[at]
            weight = rarity[token >> BUCKET_SHIFT]
            if weight == 0 or token == number:
                continue
            keyed = (token ^ start) * factor
            keyed = (keyed ^ (keyed >> np.uint64(32))) * factor
            dimension = np.int64(keyed >> np.uint64(58))
            if (keyed >> np.uint64(57)) & np.uint64(1) == np.uint64(1):
                sums[row, dimension] -= weight
            else:
                sums[row, dimension] += weight
    return sums


@kernel
def gram_sums(
    tokens: U64, offsets: I64, weights: npt.NDArray[np.float32], pair: np.uint64, head: int, tail: int
) -> npt.NDArray[np.float64]:
    """Return the sums of the weights of each text's words and word pairs, shape (rows, classes).

    Only the first ``head`` and the last ``tail`` tokens of a text count; a last word pairs with the end. Sums are of
    whole numbers below 2**24, so that the order of adding does not matter.
    """
    n_classes = weights.shape[1]
    sums = np.zeros((len(offsets) - 1, n_classes), np.float64)
    total = np.zeros(n_classes, np.float32)
    for row in range(len(offsets) - 1):
        begin, end = offsets[row], offsets[row + 1]
        total[:] = 0
        at = begin
        while at < end:
            if at == begin + head and end - tail > at:
                at = end - tail
            token = tokens[at]
            following = tokens[at + 1] if at + 1 < end else np.uint64(0)
            word = np.int64(token >> BUCKET_SHIFT)
            both = np.int64(mix(token * pair + following) >> BUCKET_SHIFT)
            for i in range(n_classes):
                total[i] += weights[word, i] + weights[both, i]
            at += 1
        for i in range(n_classes):
            sums[row, i] = total[i]
    return sums


@kernel
def marked_pairs(tokens: U64, table: npt.NDArray[np.bool_], pair: np.uint64, shift: np.uint64) -> I64:
    """Return where a pair of neighbouring tokens stands in ``table``, rising."""
    found = np.empty(max(len(tokens) - 1, 0), np.int64)
    n = 0
    for at in range(len(tokens) - 1):
        if table[((tokens[at] * pair + tokens[at + 1]) * pair) >> shift]:
            found[n] = at
            n += 1
    return found[:n].copy()
