"""The topic of a prompt: a keyed count sketch of its rarer words, as a direction in 64 dimensions.

The cosine of two topics estimates the cosine of the two prompts' weighted word counts. Which word adds where, and with
which sign, is keyed; how much a word weighs is public (the model's table of rarity).

Source: Charikar, Chen and Farach-Colton 2002, Finding frequent items in data streams; Weinberger et al. 2009, Feature
hashing for large scale multitask learning.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.schema import TOPIC_DIMENSIONS
from stillwatch.sketches.tokens import NUMBER, Tokens

BUCKET_BITS: Final = 14
N_BUCKETS: Final = 1 << BUCKET_BITS
UNIT: Final = 127  # the length of a topic in int8 steps
_BUCKET_SHIFT: Final = np.uint64(64 - BUCKET_BITS)


def buckets_of(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
    """Return the public bucket of each token or gram hash, for tables of ``N_BUCKETS``."""
    return (hashes >> _BUCKET_SHIFT).astype(np.int32)


class TopicKeys:
    """Which dimension and which sign a token has, under one key."""

    def __init__(self, key: SketchKey) -> None:
        start, factor, _, _ = key.derived_words("topic")
        self._start, self._factor = np.uint64(start), np.uint64(factor | 1)

    def words(self) -> tuple[np.uint64, np.uint64]:
        """Return the key's words, for the compiled kernels."""
        return self._start, self._factor

    def places(self, hashes: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Return each token's dimension and whether it counts down."""
        keyed = hashes ^ self._start
        keyed *= self._factor
        keyed ^= keyed >> np.uint64(32)
        keyed *= self._factor
        return (keyed >> np.uint64(58)).astype(np.int64), (keyed >> np.uint64(57)) & np.uint64(1) == 1


def topics(tokens: Tokens, rarity: npt.NDArray[np.uint8], keys: TopicKeys) -> npt.NDArray[np.int8]:
    """Return the topic of each text, shape (rows, TOPIC_DIMENSIONS); zeros where no word has weight.

    Sums are of whole numbers and exact, so that the result is the same on every machine.

    Args:
        tokens: of some texts.
        rarity: weight by public bucket, shape (N_BUCKETS,).
        keys: of this key's topics.
    """
    sums = _sums(tokens, rarity, keys)
    squares = (sums * sums).cumsum(axis=1)[:, -1:]  # cumsum adds in order; sum may pair up differently by version
    norms = np.sqrt(np.where(squares == 0.0, 1.0, squares))
    return np.rint(sums * UNIT / norms).astype(np.int8)


def _sums(tokens: Tokens, rarity: npt.NDArray[np.uint8], keys: TopicKeys) -> npt.NDArray[np.float64]:
    """Return the signed sums of the words' weights, shape (rows, TOPIC_DIMENSIONS)."""
    weights = rarity[buckets_of(tokens.hashes)]
    counted = np.flatnonzero((weights > 0) & (tokens.hashes != NUMBER))
    dimensions, is_down = keys.places(tokens.hashes[counted])
    signed = weights[counted].astype(np.float64)
    signed[is_down] *= -1.0
    cells = np.searchsorted(tokens.offsets, counted, side="right") - 1
    cells *= TOPIC_DIMENSIONS
    cells += dimensions
    sums = np.bincount(cells, signed, minlength=tokens.n_rows * TOPIC_DIMENSIONS).astype(np.float64)
    return sums.reshape(-1, TOPIC_DIMENSIONS)
