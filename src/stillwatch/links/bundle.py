"""Bundles: phrases that the same entities use, put together by locality-sensitive hashing of their entity sets.

The shingles of one template are used by one set of accounts, whatever else those accounts say; so are the several
templates of one rotation. Comparing entity sets and not exchanges keeps that true when a short template stands
before a long variable text, where each exchange shows only a few of its shingles.

Guarantee: two phrases whose entity sets have Jaccard similarity J agree in each signature position with probability
J; phrases are joined when at least ``LEAST_EQUAL`` of ``N_HASHES`` positions agree. Work is bounded by
``N_HASHES * NEIGHBOURS`` comparisons a phrase, however popular a phrase is.

Hashes are taken as ranks among the hashes of all entities, which are as random and half as long.

Source: MinHash after Broder 1997; banding after Indyk and Motwani 1998; the use on entity sets is ours:
docs/decisions/0005-families-first.md.
"""

from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from stillwatch.links.components import component_labels, connected_components
from stillwatch.links.phrase import Phrases
from stillwatch.links.population import BoolArray, CodeArray, IntArray

N_HASHES: Final = 24
LEAST_EQUAL: Final = (
    16  # estimated Jaccard of two thirds: at a half, templates chain to common speech (docs/decisions/0005)
)
NEVER: Final = np.uint32((1 << 32) - 1)  # above every rank
PAIRS_AT_ONCE: Final = 200_000  # two signatures of 96 bytes each
KEY_BITS: Final = 64
ONES: Final = np.uint64(0x0101010101010101)  # times eight bytes: their sum in the highest one
NEIGHBOURS: Final = 3  # phrases compared within one bucket; enough to chain a bucket together

Signatures: TypeAlias = npt.NDArray[np.uint32]


def bundled(signature: Signatures) -> IntArray:
    """Return the bundle of each phrase, (k,); bundles are numbered by their first phrase in canonical order.

    Phrases that are in one bundle already are not compared again, and of others only those whose signatures agree
    often enough in the last byte of each position.

    Args:
        signature: (k, N_HASHES) from ``entity_signatures``.

    Cost: O(k * N_HASHES * NEIGHBOURS) time; memory for the signature and the pairs that are joined.
    """
    k = len(signature)
    narrow = signature.astype(np.uint8)
    label = np.arange(k, dtype=np.int32)
    lefts, rights = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for i in range(N_HASHES if k >= 2 else 0):
        left, right = _joined_pairs(signature, narrow, i, label)
        if len(left):
            lefts.append(left)
            rights.append(right)
            label = component_labels(int(label.max()) + 1, label[left], label[right])[label]
    return connected_components(k, np.concatenate(lefts), np.concatenate(rights))


def hash_ranks(n_entities: int) -> Signatures:
    """Return, (N_HASHES, n_entities), the rank of each entity in each of so many random orders of all of them.

    The least rank in a set stands where its least hash would: half as long, and equal where that is.
    """
    entity = np.arange(n_entities, dtype=np.uint64)
    ranks = np.empty((N_HASHES, n_entities), np.uint32)
    for i in range(N_HASHES):
        ranks[i, np.argsort(mixed(entity, seed=i + 1))] = np.arange(n_entities, dtype=np.uint32)
    return ranks


def entity_signatures(phrases: Phrases, ranks: Signatures, used: BoolArray | None = None) -> Signatures:
    """Return the MinHash signature, (k, N_HASHES), of each phrase's entity set.

    Args:
        phrases: k phrases, each used by an entity at least.
        ranks: from ``hash_ranks``, of all entities.
        used: for every use whether it counts; null for all. Each phrase has one that does.
    """
    signature = np.empty((len(phrases.value), N_HASHES), np.uint32)
    for i in range(N_HASHES):
        rank = ranks[i, phrases.entity]
        if used is not None:
            rank[~used] = NEVER
        signature[:, i] = np.minimum.reduceat(rank, phrases.first[:-1])
    return signature


def mixed(values: npt.NDArray[np.uint64], *, seed: int) -> npt.NDArray[np.uint64]:
    """Return ``values`` mixed to look random: the finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    z = values + np.uint64(seed * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _joined_pairs(
    signature: Signatures, narrow: npt.NDArray[np.uint8], i: int, label: CodeArray
) -> tuple[IntArray, IntArray]:
    """Return pairs of phrases that agree in position ``i``, lie close together there, and agree often enough.

    Args:
        signature: (k, N_HASHES) signatures.
        narrow: their last bytes.
        i: the position.
        label: (k,) equal for phrases that are joined already: they are left out.
    """
    order = _bucket_order(signature, i)
    column = signature[order, i]
    lefts, rights = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for step in range(1, min(NEIGHBOURS, len(signature) - 1) + 1):
        place = np.flatnonzero(column[step:] == column[:-step])
        left, right = order[place], order[place + step]
        is_apart = label[left] != label[right]
        left, right = left[is_apart], right[is_apart]
        for start in range(0, len(left), PAIRS_AT_ONCE):
            a, b = left[start : start + PAIRS_AT_ONCE], right[start : start + PAIRS_AT_ONCE]
            is_likely = _n_equal(narrow[a], narrow[b]) >= LEAST_EQUAL
            a, b = a[is_likely], b[is_likely]
            is_joined = _n_equal(signature[a], signature[b]) >= LEAST_EQUAL
            lefts.append(a[is_joined])
            rights.append(b[is_joined])
    return np.concatenate(lefts), np.concatenate(rights)


def _bucket_order(signature: Signatures, i: int) -> IntArray:
    """Return the order by position ``i``, then by the next one, in which neighbours of a bucket agree if any do."""
    first, second = signature[:, i].astype(np.uint64), signature[:, (i + 1) % N_HASHES].astype(np.uint64)
    n_bits = [int(values.max(initial=1)).bit_length() for values in (second, np.array([len(signature)]))]
    if int(first.max(initial=1)).bit_length() + sum(n_bits) > KEY_BITS:
        return np.lexsort((second, first))
    key = (((first << np.uint64(n_bits[0])) | second) << np.uint64(n_bits[1])) | np.arange(len(first), dtype=np.uint64)
    return (np.sort(key) & np.uint64((1 << n_bits[1]) - 1)).astype(np.int64)


def _n_equal(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """Return in how many of their ``N_HASHES`` columns the rows of two arrays agree."""
    eights = np.equal(a, b).view(np.uint64)  # eight booleans in each
    return np.asarray(
        (eights.sum(axis=1, dtype=np.uint64) * ONES) >> np.uint64(56), np.uint64
    )  # bytes up to three, summed in the highest
