"""Bundles: phrases that the same entities use, put together by locality-sensitive hashing of their entity sets.

The shingles of one template are used by one set of accounts, whatever else those accounts say; so are the several
templates of one rotation. Comparing entity sets and not exchanges keeps that true when a short template stands
before a long variable text, where each exchange shows only a few of its shingles.

Guarantee: two phrases whose entity sets have Jaccard similarity J agree in each signature position with probability
J; phrases are joined when at least ``LEAST_EQUAL`` of ``N_HASHES`` positions agree. Work is bounded by
``N_HASHES * NEIGHBOURS`` comparisons a phrase, however popular a phrase is.

Source: MinHash after Broder 1997; banding after Indyk and Motwani 1998; the use on entity sets is ours:
docs/decisions/0005-families-first.md.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from stillwatch.links.components import connected_components
from stillwatch.links.phrase import Phrases
from stillwatch.links.population import BoolArray, IntArray

N_HASHES: Final = 24
LEAST_EQUAL: Final = (
    16  # estimated Jaccard of two thirds: at a half, templates chain to common speech (docs/decisions/0005)
)
NEVER: Final = np.uint64((1 << 64) - 1)  # above every hash
PAIRS_AT_ONCE: Final = 200_000  # two signatures of 192 bytes each
NEIGHBOURS: Final = 3  # phrases compared within one bucket; enough to chain a bucket together


def bundled(signature: npt.NDArray[np.uint64]) -> IntArray:
    """Return the bundle of each phrase, (k,); bundles are numbered by their first phrase in canonical order.

    Args:
        signature: (k, N_HASHES) from ``entity_signatures``.

    Cost: O(k * N_HASHES * NEIGHBOURS) time; memory for the signature and the pairs that are joined.
    """
    k = len(signature)
    if k < 2:
        return np.zeros(k, np.int64)
    pairs = [_joined_pairs(signature, i) for i in range(N_HASHES)]
    left, right = (np.concatenate(ends) for ends in zip(*pairs, strict=True))
    return connected_components(k, left, right)


def entity_signatures(phrases: Phrases, used: BoolArray | None = None) -> npt.NDArray[np.uint64]:
    """Return the MinHash signature, (k, N_HASHES), of each phrase's entity set.

    Args:
        phrases: k phrases, each used by an entity at least.
        used: for every use whether it counts; null for all. Each phrase has one that does.
    """
    signature = np.empty((len(phrases.value), N_HASHES), np.uint64)
    entity = phrases.entity.astype(np.uint64)
    for i in range(N_HASHES):
        hashes = mixed(entity, seed=i + 1)
        if used is not None:
            hashes[~used] = NEVER
        signature[:, i] = np.minimum.reduceat(hashes, phrases.first[:-1])
    return signature


def mixed(values: npt.NDArray[np.uint64], *, seed: int) -> npt.NDArray[np.uint64]:
    """Return ``values`` mixed to look random: the finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    z = values + np.uint64(seed * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _joined_pairs(signature: npt.NDArray[np.uint64], i: int) -> tuple[IntArray, IntArray]:
    """Return pairs of phrases that agree in position ``i``, lie close together there, and agree often enough."""
    following = signature[:, (i + 1) % N_HASHES]  # neighbours in a bucket agree in the next position too, if any do
    order = np.lexsort((following, signature[:, i]))
    column = signature[order, i]
    lefts, rights = [], []
    for step in range(1, min(NEIGHBOURS, len(signature) - 1) + 1):
        place = np.flatnonzero(column[step:] == column[:-step])
        for start in range(0, len(place), PAIRS_AT_ONCE):
            part = place[start : start + PAIRS_AT_ONCE]
            left, right = order[part], order[part + step]
            is_joined = np.count_nonzero(signature[left] == signature[right], axis=1) >= LEAST_EQUAL
            lefts.append(left[is_joined])
            rights.append(right[is_joined])
    nothing = np.zeros(0, np.int64)
    return np.concatenate([nothing, *lefts]), np.concatenate([nothing, *rights])
