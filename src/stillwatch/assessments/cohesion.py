"""How alike the requests of a group are: within an account, and between accounts.

Source: the mean pairwise inner product from sums alone, sum over i < j of x_i . x_j = (|sum x|^2 - sum |x|^2) / 2.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from stillwatch.assessments.parts import Parts
from stillwatch.links.population import CodeArray, FloatArray, IntArray
from stillwatch.links.rows import run_starts

UNIT: Final = 127.0  # the length of a topic as it is stored
LEAST_TOPIC: Final = 0.25  # squared length: requests too short to have a topic say nothing of it


def topic_sums(topic: npt.NDArray[np.int8], account: CodeArray) -> Parts:
    """Return, for each account, how many openings have a topic, the sum of these and the sum of their squared lengths.

    Args:
        topic: (k, 64) topics of the openings.
        account: (k,) whose each is, rising.
    """
    vectors = topic.astype(np.int32)  # sums of integers are exact, in whatever order
    square = np.einsum("ij,ij->i", vectors, vectors)
    told = square > LEAST_TOPIC * UNIT**2
    if not told.all():
        account, vectors, square = account[told], vectors[told], square[told]
    first = run_starts(account)
    count = np.diff(np.append(first, len(account)))
    squares = np.add.reduceat(square, first, dtype=np.int64) / UNIT**2 if len(first) else np.zeros(0)
    return Parts(account[first].astype(np.int64), (count, _summed(vectors, first) / UNIT, squares))


def topic_cohesion(sums: Parts) -> tuple[float, float] | None:
    """Return the mean similarity of openings within an account, and between accounts, in [-1, 1].

    Work dealt out from one list is as varied within an account as across the pool; people who share a tool each keep
    to their own subjects. Null unless three accounts have two openings each.

    Args:
        sums: of topics, by account, as ``topic_sums`` has them.
    """
    count, total, squares = sums.columns
    several = count >= 2
    if np.count_nonzero(several) < 3:
        return None
    within = (np.einsum("ij,ij->i", total, total) - squares)[several] / (count * (count - 1.0))[several]
    mean: FloatArray = total / count[:, None]
    overall = mean.sum(axis=0)
    k = len(count)
    between = (float(overall @ overall) - float(np.einsum("ij,ij->", mean, mean))) / (k * (k - 1.0))
    return float(np.mean(within)), between


def _summed(vectors: CodeArray, first: IntArray) -> CodeArray:
    """Return the sums of runs of rows, as a product with a sparse matrix: ten times as fast as ``np.add.reduceat``."""
    n = len(vectors)
    runs = csr_array((np.ones(n, np.int32), np.arange(n), np.append(first, n)), shape=(len(first), n))
    return np.asarray(runs @ vectors, np.int32)  # 16 million topics of the largest size fit
