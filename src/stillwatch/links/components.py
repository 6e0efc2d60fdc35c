"""Connected components of pairs that were already verified, one by one, to belong together."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components as scipy_components

from stillwatch.links.population import CodeArray, IntArray


def component_labels(n: int, left: IntArray | CodeArray, right: IntArray | CodeArray) -> CodeArray:
    """Return a number for each of ``n`` items, equal within each component and in no particular order."""
    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(n, n))
    return np.asarray(scipy_components(graph, directed=False)[1], np.int32)


def connected_components(n: int, left: IntArray, right: IntArray) -> IntArray:
    """Return the component of each of ``n`` items, numbered in the order of their first item."""
    label = component_labels(n, left, right)
    first = np.full(n, n, np.int64)
    np.minimum.at(first, label, np.arange(n))
    n_components = int(label.max(initial=-1)) + 1
    rank = np.empty(n_components, np.int64)
    rank[np.argsort(first[:n_components], kind="stable")] = np.arange(n_components)
    return rank[label]
