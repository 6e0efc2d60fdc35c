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
from stillwatch.links.population import IntArray
from stillwatch.links.rows import distinct

N_HASHES: Final = 24
LEAST_EQUAL: Final = (
    16  # estimated Jaccard of two thirds: at a half, templates chain to common speech (docs/decisions/0005)
)
NEIGHBOURS: Final = 3  # phrases compared within one bucket; enough to chain a bucket together


def bundle_phrases(phrases: Phrases) -> IntArray:
    """Return the bundle of each phrase, (k,); bundles are numbered by their first phrase in canonical order.

    Cost: O(uses * N_HASHES) time, O(phrases * N_HASHES) memory.
    """
    k = len(phrases.value)
    if k < 2:
        return np.zeros(k, np.int64)
    signature = entity_signatures(phrases)
    left, right = _candidate_pairs(signature)
    equal = np.count_nonzero(signature[left] == signature[right], axis=1)
    keep = equal >= LEAST_EQUAL
    return connected_components(k, left[keep], right[keep])


def entity_signatures(phrases: Phrases) -> npt.NDArray[np.uint64]:
    """Return the MinHash signature, (k, N_HASHES), of each phrase's entity set."""
    signature = np.empty((len(phrases.value), N_HASHES), np.uint64)
    entity = phrases.entity.astype(np.uint64)
    for i in range(N_HASHES):
        signature[:, i] = np.minimum.reduceat(mixed(entity, seed=i + 1), phrases.first[:-1])
    return signature


def mixed(values: npt.NDArray[np.uint64], *, seed: int) -> npt.NDArray[np.uint64]:
    """Return ``values`` mixed to look random: the finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    z = values + np.uint64(seed * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _candidate_pairs(signature: npt.NDArray[np.uint64]) -> tuple[IntArray, IntArray]:
    """Return pairs of phrases that agree in some position and lie close together in that bucket."""
    k = len(signature)
    lefts, rights = [], []
    for i in range(N_HASHES):
        following = signature[:, (i + 1) % N_HASHES]  # neighbours in a bucket agree in the next position too, if any do
        order = np.lexsort((following, signature[:, i]))
        column = signature[order, i]
        for step in range(1, NEIGHBOURS + 1):
            if step >= k:
                break
            same = column[step:] == column[:-step]
            lefts.append(order[:-step][same])
            rights.append(order[step:][same])
    left, right = np.concatenate(lefts), np.concatenate(rights)
    pair = distinct(np.minimum(left, right) * np.int64(k) + np.maximum(left, right))
    return pair // k, pair % k
