"""Connected components of pairs that were already verified, one by one, to belong together."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components as scipy_components

from stillwatch.links.population import IntArray


def connected_components(n: int, left: IntArray, right: IntArray) -> IntArray:
    """Return the component of each of ``n`` items, numbered in the order of their first item."""
    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(n, n))
    _, label = scipy_components(graph, directed=False)
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return rank[inverse]
