"""How much of one campaign is in another: members, days on which they took part, and rare phrases.

Source: overlap coefficient, Szymkiewicz 1934 and Simpson 1943 (one set inside another counts as 1, so that growth is
no change); Jaccard 1901.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array

from stillwatch.links.population import FloatArray, IntArray

SIDES: Final = ("members", "days", "phrases")


@dataclass(frozen=True, slots=True)
class Incidence:
    """Which group has which key: parallel arrays, each pair once.

    Args:
        n: number of groups.
        group: index of the group.
        key: what it has, as a string or a number.
    """

    n: int
    group: IntArray
    key: pa.Array


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two families of sets have in common; arrays have shape (n_old, n_new).

    Args:
        shared: keys in both.
        n_old: (n_old,) size of each old set; ``n_new`` likewise.
    """

    shared: FloatArray
    n_old: FloatArray
    n_new: FloatArray

    @property
    def is_known(self) -> FloatArray:
        """1 where both sets hold anything, else 0."""
        return np.outer(self.n_old > 0, self.n_new > 0).astype(np.float64)

    @property
    def coefficient(self) -> FloatArray:
        """Shared keys as a share of the smaller set, in [0, 1]."""
        return np.asarray(self.shared / np.maximum(np.minimum.outer(self.n_old, self.n_new), 1))

    @property
    def jaccard(self) -> FloatArray:
        """Shared keys as a share of both sets together, in [0, 1]."""
        return np.asarray(self.shared / np.maximum(np.add.outer(self.n_old, self.n_new) - self.shared, 1))

    @property
    def kept(self) -> FloatArray:
        """Shared keys as a share of the old set, in [0, 1]."""
        return np.asarray(self.shared / np.maximum(self.n_old, 1)[:, None])

    @property
    def inherited(self) -> FloatArray:
        """Shared keys as a share of the new set, in [0, 1]."""
        return np.asarray(self.shared / np.maximum(self.n_new, 1)[None, :])


def incidence(sets: Sequence[Sequence[str] | Sequence[int]], kind: pa.DataType) -> Incidence:
    """Return the incidence of some sets, given as sequences without repeats."""
    group = np.repeat(np.arange(len(sets)), [len(one) for one in sets])
    return Incidence(len(sets), group, pa.array([key for one in sets for key in one], kind))


def overlap(old: Incidence, new: Incidence) -> Overlap:
    """Return what each old set has in common with each new one.

    Cost: O(pairs of groups that share a key), in sparse matrices.
    """
    both = pa.chunked_array([old.key, new.key]).combine_chunks().dictionary_encode()
    code = np.asarray(both.indices, np.int64)
    n_keys = len(both.dictionary)
    left = _matrix(old, code[: len(old.key)], n_keys)
    right = _matrix(new, code[len(old.key) :], n_keys)
    shared = np.asarray((left @ right.T).todense(), np.float64)
    return Overlap(shared, np.asarray(left.sum(axis=1), np.float64), np.asarray(right.sum(axis=1), np.float64))


def _matrix(one: Incidence, code: IntArray, n_keys: int) -> csr_array:
    return csr_array((np.ones(len(code)), (one.group, code)), shape=(one.n, n_keys))


def likeness(overlaps: Sequence[Overlap]) -> tuple[FloatArray, FloatArray]:
    """Return the mean overlap coefficient and the mean Jaccard similarity over what is known of each pair."""
    known = np.sum([one.is_known for one in overlaps], axis=0)
    coefficient = np.sum([one.is_known * one.coefficient for one in overlaps], axis=0)
    jaccard = np.sum([one.is_known * one.jaccard for one in overlaps], axis=0)
    return coefficient / np.maximum(known, 1), jaccard / np.maximum(known, 1)
