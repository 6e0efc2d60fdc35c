"""Tests of communities and components against planted groups."""

import numpy as np
import pytest
from planted_traffic import adjusted_rand

from stillwatch.links.community import communities
from stillwatch.links.components import connected_components


def planted_graph(
    n: int, size: int, inside: int, noise: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return ends, weights and truth of groups of ``size``, with ``inside`` edges a node and ``noise`` random ones."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) // size
    left = np.repeat(np.arange(n), inside)
    right = truth[left] * size + rng.integers(0, size, len(left))
    a, b = rng.integers(0, n, (2, n * noise // 10))
    low, high = np.minimum(np.append(left, a), np.append(right, b)), np.maximum(np.append(left, a), np.append(right, b))
    pair = np.unique((low * n + high)[low < high])
    return pair // n, pair % n, np.ones(len(pair)), truth


def test_many_small_groups_are_recovered_where_components_fail() -> None:
    """150 groups of 20 with stray links between them come back; connected components chain them into one."""
    left, right, weight, truth = planted_graph(3000, 20, 5, 3, seed=1)
    assert adjusted_rand(communities(3000, left, right, weight).tolist(), truth.tolist()) > 0.97
    assert adjusted_rand(connected_components(3000, left, right).tolist(), truth.tolist()) < 0.05


def test_communities_are_reproducible() -> None:
    """The same graph gives the same labels, again and again in one process."""
    left, right, weight, _ = planted_graph(1500, 30, 4, 5, seed=2)
    wanted = communities(1500, left, right, weight)
    for _ in range(3):
        assert np.array_equal(communities(1500, left, right, weight), wanted)


def test_labels_are_numbered_by_their_first_node() -> None:
    """Numbering follows the nodes' order, for communities and components alike; isolated nodes stand alone."""
    left, right, weight = np.array([5, 6, 1]), np.array([6, 7, 3]), np.array([1.0, 1.0, 1.0])
    assert connected_components(8, left, right).tolist() == [0, 1, 2, 1, 3, 4, 4, 4]
    found = communities(8, left, right, weight)
    _, first = np.unique(found, return_index=True)
    assert np.array_equal(found[np.sort(first)], np.arange(len(first)))
    assert found[0] not in found[1:].tolist()


def test_graphs_without_nodes_or_edges_are_no_error() -> None:
    """Empty graphs give nobody, or everybody alone."""
    none = np.zeros(0, np.int64)
    assert len(communities(0, none, none, np.zeros(0))) == 0
    assert communities(4, none, none, np.zeros(0)).tolist() == [0, 1, 2, 3]
    assert connected_components(3, none, none).tolist() == [0, 1, 2]


def test_weights_decide_whom_a_node_joins() -> None:
    """Among many groups, a node between two of them goes with the heavier links."""
    groups = [(a, b) for start in range(0, 240, 6) for a in range(start, start + 6) for b in range(a + 1, start + 6)]
    light, heavy = [(a, 240) for a in range(6)], [(a, 240) for a in range(6, 12)]
    left, right = (np.array(part) for part in zip(*groups, *light, *heavy, strict=True))
    weight = np.array([10.0] * len(groups) + [0.5] * 6 + [10.0] * 6)
    found = communities(241, left, right, weight)
    assert found[240] == found[6]
    assert found[240] != found[0]


@pytest.mark.parametrize("n_cliques", [1, 2, 5, 9])
def test_a_group_that_holds_most_of_the_links_is_not_broken_up(n_cliques: int) -> None:
    """A small log with one pool in it gives that pool whole: the resolution rises with the linked nodes only."""
    inside = np.array([(a, b) for a in range(6) for b in range(a)])
    edges = np.concatenate([inside + 6 * i for i in range(n_cliques)])
    found = communities(6 * n_cliques, edges[:, 1], edges[:, 0], np.ones(len(edges)))
    assert found.tolist() == np.repeat(np.arange(n_cliques), 6).tolist()
