"""Accounts that share values, as weighted edges, and clusters scored by what holds them together."""

import numpy as np

from stillwatch.worlds.rivals.rival import ALONE, Floats, Ints

Edges = tuple[Ints, Ints, Floats]


def shared_value_edges(owner: Ints, value: Ints, most_owners: int) -> Edges:
    """Return each pair of accounts once, weighted by how many values of at most ``most_owners`` accounts they share.

    Args:
        owner: account of each occurrence, shape (n,).
        value: value of each occurrence, shape (n,); negative ones count nothing.
        most_owners: a value of more accounts links nobody: it is common.
    """
    distinct = np.unique(np.stack([value, owner], axis=1)[value >= 0], axis=0)
    values, starts, sizes = np.unique(distinct[:, 0], return_index=True, return_counts=True)
    del values
    left, right = [], []
    for start, size in zip(starts.tolist(), sizes.tolist(), strict=True):
        if 2 <= size <= most_owners:
            mine = distinct[start : start + size, 1]
            a, b = np.triu_indices(size, 1)
            left.append(mine[a])
            right.append(mine[b])
    if not left:
        none = np.zeros(0, np.int64)
        return none, none, np.zeros(0)
    pairs, weight = np.unique(
        np.stack([np.concatenate(left), np.concatenate(right)], axis=1), axis=0, return_counts=True
    )
    return pairs[:, 0].copy(), pairs[:, 1].copy(), weight.astype(np.float64)


def at_least(edges: Edges, weight: float) -> Edges:
    """Return the edges of at least a weight."""
    left, right, weights = edges
    kept = weights >= weight
    return left[kept], right[kept], weights[kept]


def sizes_as_scores(label: Ints) -> tuple[Floats, Ints]:
    """Return each account's score, the size of its cluster, and its cluster; one of one is no cluster."""
    size = np.bincount(label)[label]
    return np.where(size > 1, size, -np.inf).astype(np.float64), np.where(size > 1, label, ALONE)


def strengths_as_scores(n: int, label: Ints, edges: Edges) -> tuple[Floats, Ints]:
    """Return each account's score, the weight of its edges inside its cluster, and its cluster."""
    left, right, weight = edges
    inside = label[left] == label[right]
    strength = np.bincount(left[inside], weight[inside], n) + np.bincount(right[inside], weight[inside], n)
    is_linked = strength > 0
    return np.where(is_linked, strength, -np.inf), np.where(is_linked, label, ALONE)


def cluster_means_as_scores(scores: Floats, clusters: Ints) -> tuple[Floats, Ints]:
    """Return each account's score as the mean of its cluster's: the cluster stands or falls together."""
    mine = clusters != ALONE
    if not mine.any():
        return scores, clusters
    n = int(clusters.max()) + 1
    mean = np.bincount(clusters[mine], scores[mine], n) / np.maximum(np.bincount(clusters[mine], minlength=n), 1)
    return np.where(mine, mean[np.maximum(clusters, 0)], -np.inf), clusters
