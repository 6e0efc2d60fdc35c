"""A two-sample test of windows of prompts against reference traffic: maximum mean discrepancy over embeddings.

Source: Liu, Guo and Dong 2026, arXiv 2606.05725, re-implemented; Gretton et al. 2012, A kernel two-sample test;
Rahimi and Recht 2007 for the random features. The published embedding needs a download, so hashed words with inverse
document frequencies, reduced by a truncated singular value decomposition, stand for it.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds

from stillwatch.worlds.rivals.rival import ALONE, Floats, Ints, Scored, Traffic

N_BUCKETS = 1 << 15
N_DIMENSIONS = 64
N_FEATURES = 512  # random Fourier features: the kernel's error is about 0.03 then
N_CHARACTERS = 600  # of a prompt
N_FITTED = 6000  # prompts that the decomposition is learned from
LEAST_REQUESTS = 5  # fewer say nothing of a distribution
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class ContentWindows:
    """Windows of one account, or of the whole traffic where they are large, against a reference.

    Args:
        window: requests of a window.
        is_pooled: windows of the whole traffic in the order of time, as published: the test knows no accounts. An
            account has the mean of its requests' windows then, and the largest of its own windows otherwise.
    """

    name: str
    window: int
    is_pooled: bool
    setting: str
    source: str = "the content test of arXiv 2606.05725, re-implemented, with another embedding"
    modules: tuple[str, ...] = ()

    def score(self, traffic: Traffic) -> Sequence[Scored]:
        """Return one answer: the test statistic, in standard deviations of windows of its size."""
        rng = np.random.default_rng(1)
        owner = traffic.owners()
        features = _features(_embedded(traffic.exchanges["prompt"].to_pylist(), rng), rng)
        reference = _one_each(owner, rng)
        mean = features[reference].mean(axis=0)
        at = traffic.exchanges["requested_at"].cast("int64").to_numpy()
        n = len(traffic.account_ids)
        if self.is_pooled:
            order = np.argsort(at, kind="stable")
            score = np.zeros(len(owner))
            for first in range(0, len(order), self.window):
                rows = order[first : first + self.window]
                score[rows] = _statistic(features[rows], mean)
            scores = np.bincount(owner, score, n) / np.bincount(owner, minlength=n)
        else:
            scores = np.full(n, -np.inf)
            order = np.lexsort((at, owner))
            for rows in np.split(order, np.flatnonzero(np.diff(owner[order])) + 1):
                for first in range(0, len(rows), self.window):
                    mine = rows[first : first + self.window]
                    if len(mine) >= LEAST_REQUESTS:
                        account = owner[mine[0]]
                        scores[account] = max(scores[account], _statistic(features[mine], mean))
        return [Scored(f"window {self.window}", scores, np.full(n, ALONE, np.int64))]


def _statistic(window: Floats, reference: Floats) -> float:
    """Return n times the unbiased squared discrepancy: its deviation under the null falls as 1/n."""
    n = len(window)
    if n < 2:
        return 0.0
    mean = window.mean(axis=0)
    own = float(np.einsum("ij,ij->", window, window))
    inside = (n * n * float(mean @ mean) - own) / (n * (n - 1))
    return n * (inside - 2 * float(mean @ reference) + float(reference @ reference))


def _one_each(owner: Ints, rng: np.random.Generator) -> Ints:
    """Return one request of each account: reference traffic in which no account weighs more than another."""
    order = rng.permutation(len(owner))
    _, first = np.unique(owner[order], return_index=True)
    return np.asarray(order[first], np.int64)


def _embedded(prompts: list[str | None], rng: np.random.Generator) -> Floats:
    rows, columns = [], []
    for row, prompt in enumerate(prompts):
        words = {zlib.crc32(word.encode()) % N_BUCKETS for word in WORD.findall((prompt or "")[:N_CHARACTERS].lower())}
        rows += [row] * len(words)
        columns += sorted(words)
    counts = np.bincount(columns, minlength=N_BUCKETS)
    rarity = np.log((1 + len(prompts)) / (1 + counts))
    column = np.asarray(columns, np.int64)
    matrix = csr_array((rarity[column], (np.asarray(rows, np.int64), column)), shape=(len(prompts), N_BUCKETS))
    fitted = rng.choice(len(prompts), min(N_FITTED, len(prompts)), replace=False)
    k = min(N_DIMENSIONS, len(fitted) - 1)
    _, _, axes = svds(matrix[np.sort(fitted)], k=k, rng=np.random.default_rng(1))
    dense = np.asarray(matrix @ axes.T, np.float64)
    length = np.linalg.norm(dense, axis=1, keepdims=True)
    return np.asarray(dense / np.maximum(length, 1e-12), np.float64)


def _features(points: Floats, rng: np.random.Generator) -> Floats:
    """Return random features whose products are a Gaussian kernel of median width."""
    some = points[rng.choice(len(points), min(1000, len(points)), replace=False)]
    squared = np.maximum(2 - 2 * some @ some.T, 0)
    width = float(np.sqrt(np.median(squared[np.triu_indices(len(some), 1)]))) or 1.0
    directions = rng.normal(0, 1 / width, (points.shape[1], N_FEATURES))
    shift = rng.uniform(0, 2 * np.pi, N_FEATURES)
    return np.asarray(np.sqrt(2 / N_FEATURES) * np.cos(points @ directions + shift), np.float64)
