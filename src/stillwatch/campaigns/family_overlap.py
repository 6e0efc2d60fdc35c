"""Families that the same entities use: joined where more do than the entities' own numbers of families make likely.

Guarantee: two families are joined only where their overlap is larger than a degree-corrected null makes likely
(families drawn by entities in proportion to how many families each is in, as in the configuration model), at
``JOIN_LEVEL`` over all pairs that overlap; which of them end up together is a matter of community detection.

Source: ours: docs/decisions/0005-families-first.md.
"""

from typing import Final

import numpy as np
from scipy.sparse import csr_array
from scipy.stats import poisson

from stillwatch.links.community import communities
from stillwatch.links.family import RECURRENT_USES
from stillwatch.links.population import FloatArray, IntArray
from stillwatch.links.rows import blocks

JOIN_LEVEL: Final = 0.01  # family-wise, over all overlapping pairs
MOST_JOINED: Final = 4096  # families of one entity whose overlaps are looked at: half its square bounds its pairs
MOST_LINK_BITS: Final = 160.0  # of one pair of families: beyond, likelier is not closer
FAMILY_RESOLUTION: Final = 1.0  # each of these links was tested by itself: nothing needs to be broken up further
BLOCK_OVERLAPS: Final = 20_000_000  # pairs of families at once, each at most 12 bytes


def joined_families(used: csr_array) -> IntArray:
    """Return the group of each family (column of ``used``)."""
    binary = used.copy()
    binary.data = np.ones_like(binary.data)
    size = np.asarray(binary.sum(axis=0)).ravel().astype(np.float64)
    degree = np.asarray(binary.sum(axis=1)).ravel().astype(np.float64)
    left, right, both, n_overlapping = overlaps(rarest(binary.tocsr(), size))
    # entities join families in proportion to their degree: the expected overlap of two families of these sizes
    expected = (
        size[left]
        * size[right]
        * float(np.sum(degree * np.maximum(degree - 1, 0)))
        / max(float(np.sum(degree)) ** 2, 1.0)
    )
    bits = -poisson.logsf(both - 1, expected) / np.log(2)
    is_joined = bits >= np.log2(max(n_overlapping, 1) / JOIN_LEVEL)
    weight = np.minimum(bits[is_joined], MOST_LINK_BITS)
    return communities(used.shape[1], left[is_joined], right[is_joined], weight, FAMILY_RESOLUTION)


def rarest(binary: csr_array, size: FloatArray) -> csr_array:
    """Return who uses which family, for each entity only the ``MOST_JOINED`` families that fewest use.

    An account that says everything says nothing: its overlaps would cost the square of what it says. Left out, they can
    only make a join less likely, so that the level of the test still holds.
    """
    degree = np.diff(binary.indptr)
    if degree.max(initial=0) <= MOST_JOINED:
        return binary
    entity = np.repeat(np.arange(binary.shape[0]), degree)
    order = np.lexsort((binary.indices, size[binary.indices], entity))
    place = np.arange(len(order)) - binary.indptr[:-1].astype(np.int64)[entity]
    kept = np.sort(order[place < MOST_JOINED])
    ones = np.ones(len(kept), binary.data.dtype)
    return csr_array((ones, (entity[kept], binary.indices[kept])), shape=binary.shape)


def overlaps(binary: csr_array) -> tuple[IntArray, IntArray, FloatArray, int]:
    """Return the pairs of families that ``RECURRENT_USES`` entities share, how many do, and how many pairs overlap.

    The overlaps of a block of families at a time are made, and those that are too small dropped at once.
    """
    left, right, both, n = [], [], [], 0
    across = binary.T.tocsr()
    cost = np.asarray(
        across.astype(np.int64) @ np.diff(binary.indptr).astype(np.int64)
    )  # how many overlaps each family may have
    for start, end in blocks(np.concatenate(([0], np.cumsum(cost))), BLOCK_OVERLAPS):
        overlap = across[start:end] @ binary
        n += overlap.nnz
        large = np.flatnonzero(overlap.data >= RECURRENT_USES)
        row = np.searchsorted(overlap.indptr, large, side="right") - 1 + start
        upper = row < overlap.indices[large]
        left.append(row[upper].astype(np.int64))
        right.append(overlap.indices[large[upper]].astype(np.int64))
        both.append(overlap.data[large[upper]].astype(np.float64))
    return np.concatenate(left), np.concatenate(right), np.concatenate(both), n
