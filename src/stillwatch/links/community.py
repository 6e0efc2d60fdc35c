"""Communities of a weighted graph, at a resolution chosen for many small groups.

Connected components chain strangers together and default modularity merges small groups (its resolution limit, see
Fortunato and Barthelemy 2007); a high resolution parameter finds planted groups of tens among hundreds of thousands.

Source: Staudt and Meyerhenke 2016, Engineering parallel algorithms for community detection in massive networks
(parallel Louvain with refinement), through NetworKit; run on one thread so that the result is reproducible.
"""

from typing import Final

import networkit as nk
import numpy as np

from stillwatch.links.population import FloatArray, IntArray
from stillwatch.links.rows import distinct

MOST_RESOLUTION: Final = 10.0  # groups of 50 in 100,000 accounts: adjusted Rand 0.99 here, 0.30 at the default of 1
NODES_PER_STEP: Final = 500  # linked nodes for each step of 1: a group survives while its share of all weight is below
# one over the resolution, so that a pool of 270 must not meet a high one among a thousand linked nodes


def communities(
    n: int, left: IntArray, right: IntArray, weight: FloatArray, resolution: float | None = None
) -> IntArray:
    """Return the community of each of ``n`` nodes, numbered in the order of their first node.

    Args:
        n: number of nodes.
        left: one end of each edge; each unordered pair at most once.
        right: the other end.
        weight: positive weights.
        resolution: of modularity; null lets it rise from 1 with the number of nodes that have any link, up to
            ``MOST_RESOLUTION``.
    """
    if n == 0:
        return np.zeros(0, np.int64)
    n_linked = len(distinct(np.concatenate([left, right])))
    gamma = min(MOST_RESOLUTION, max(1.0, n_linked / NODES_PER_STEP)) if resolution is None else resolution
    nk.setNumberOfThreads(1)
    nk.setSeed(1, useThreadId=False)
    graph = nk.GraphFromCoo((weight, (left, right)), n=n, weighted=True, directed=False) if len(left) else nk.Graph(n)
    found = nk.community.PLM(graph, refine=True, gamma=gamma, par="none randomized").run().getPartition()
    label = np.asarray(found.getVector(), np.int64)
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return rank[inverse]
