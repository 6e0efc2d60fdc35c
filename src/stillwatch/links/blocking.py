"""Blocking: the pairs of entities that one kind of evidence brings together, a sample that scales.

Within a value each entity meets its next ``RING`` holders only, in an order that has nothing to do with any comparison
(entities lie in the order of their first request, so that neighbours there would agree on it). Each entity enters with
the rarest value of a column that it shares. So pairs grow with entities, not with their square, and no large group
speaks for all.

Source: blocking as in Fellegi and Sunter 1969, section 3.4; ours: docs/decisions/0019-estimated-comparisons.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from stillwatch.links.comparison import COMPARISONS, KIND_OF, NAMES
from stillwatch.links.identity import LEAST_BITS, RING, Ties
from stillwatch.links.population import BoolArray, FloatArray, IntArray
from stillwatch.links.rows import distinct

MarkArray: TypeAlias = npt.NDArray[np.uint64]

MOST_PAIRS: Final = 100_000  # of one kind: m of 0.3 is known to a hundredth from 2,000
FAMILY: Final = "same_family"
CHUNK_PAIRS: Final = 20_000  # compared at once


@dataclass(frozen=True, slots=True)
class Holdings:
    """Who holds what in each comparison on values or families.

    Args:
        of: for each comparison, (n_entities, n_values): ``1 + log2(N / n)`` where the entity holds a value
            that n hold.
    """

    of: Mapping[str, csr_array]

    def shared(self, name: str, left: IntArray, right: IntArray) -> FloatArray:
        """Return, for each pair, the bits of the rarest value that both hold; NaN where they share none."""
        held = self.of[name]
        found = np.zeros(len(left))
        binary = csr_array((np.ones(len(held.indices)), held.indices, held.indptr), shape=held.shape)
        for start in range(0, len(left), CHUNK_PAIRS):
            part = slice(start, start + CHUNK_PAIRS)
            found[part] = held[left[part]].multiply(binary[right[part]]).max(axis=1).toarray().ravel()
        return np.where(found > 0, found - 1, np.nan)

    def is_known(self, name: str) -> BoolArray:
        """Return which entities have any value."""
        return np.asarray(np.diff(self.of[name].indptr) > 0, np.bool_)


def holdings_of(ties: Mapping[str, Ties], use: csr_array) -> Holdings:
    """Return who holds what, of ties and of families; columns that no comparison is made on are left out."""
    n = use.shape[0]
    found = {}
    for column, tie in ties.items():
        if column in COMPARISONS:
            bits = 1 + np.log2(n / np.maximum(tie.n_entities(), 1))
            found[column] = csr_array((bits[tie.value], (tie.entity, tie.value)), shape=(n, max(len(tie.names), 1)))
    if use.nnz:
        bits = 1 + np.log2(n / np.maximum(np.bincount(use.indices, minlength=use.shape[1]), 1))
        found[FAMILY] = csr_array((bits[use.indices], use.indices, use.indptr), shape=use.shape)
    return Holdings(found)


def blocked_pairs(holdings: Holdings, n_entities: int) -> dict[str, tuple[IntArray, IntArray]]:
    """Return the pairs that each kind of evidence brings together, each pair of a kind once, at most ``MOST_PAIRS``.

    Cost: O(values held) and O(``RING`` * n_entities) a comparison.
    """
    rng = np.random.default_rng(0)
    rank = rng.permutation(n_entities)
    mark = rng.integers(0, 1 << 63, n_entities, dtype=np.uint64)
    keys: dict[str, list[IntArray]] = {}
    for name, held in holdings.of.items():
        entity, value = _rarest_shared(held, mark)
        order = np.lexsort((rank[entity], value))
        entity, value = entity[order], value[order]
        for step in range(1, RING + 1):
            same = value[step:] == value[:-step]
            ends = entity[:-step][same], entity[step:][same]
            keys.setdefault(KIND_OF[NAMES.index(name)], []).append(np.minimum(*ends) * n_entities + np.maximum(*ends))
    found = {}
    for kind, parts in keys.items():
        key = distinct(np.concatenate(parts))
        if len(key) > MOST_PAIRS:
            key = np.sort(np.random.default_rng(1).choice(key, MOST_PAIRS, replace=False))
        if len(key):
            found[kind] = (key // n_entities, key % n_entities)
    return found


def _rarest_shared(held: csr_array, mark: MarkArray) -> tuple[IntArray, IntArray]:
    """Return, for each entity that shares any rare value with another one, the entity and the rarest such value.

    Of equally rare ones the one whose holders' marks have the highest sum: what a value is called decides nothing.
    Cost: O(values held).
    """
    n_values = held.indptr.astype(np.int64)
    entity = np.repeat(np.arange(held.shape[0]), np.diff(n_values))
    value, bits = held.indices.astype(np.int64), held.data - 1
    label = np.zeros(held.shape[1], np.uint64)
    np.add.at(label, value, mark[entity])
    holders = np.bincount(value, minlength=held.shape[1])[value]
    usable = np.flatnonzero((holders >= 2) & (bits >= LEAST_BITS))
    for score in (bits, label[value]):
        if len(usable):
            starts = np.flatnonzero(np.diff(entity[usable], prepend=-1))
            highest = np.maximum.reduceat(score[usable], starts)
            usable = usable[score[usable] == np.repeat(highest, np.diff(np.append(starts, len(usable))))]
    first = usable[np.diff(entity[usable], prepend=-1) > 0]
    return entity[first], value[first]
