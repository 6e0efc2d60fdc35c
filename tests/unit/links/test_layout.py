"""Tests of drawn positions."""

import numpy as np
import pytest

from stillwatch.links.layout import force_layout


def two_cliques(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the ends and weights of two cliques of ``n`` nodes each."""
    edges = [(a, b) for group in (range(n), range(n, 2 * n)) for a in group for b in group if a < b]
    left, right = (np.array(part) for part in zip(*edges, strict=True))
    return left, right, np.ones(len(left))


@pytest.mark.parametrize("n", [0, 1, 2, 40])
def test_positions_lie_in_the_unit_square_and_are_always_the_same(n: int) -> None:
    """Every graph is drawn within [0, 1] squared, finite, and twice alike, even without any link."""
    none = np.zeros(0, np.int64)
    first = force_layout(n, none, none, np.zeros(0))
    assert first.shape == (n, 2)
    assert np.all((first >= 0) & (first <= 1))
    assert np.array_equal(first, force_layout(n, none, none, np.zeros(0)))


def test_linked_nodes_are_drawn_together() -> None:
    """Members of a clique lie closer to each other than to another clique."""
    position = force_layout(16, *two_cliques(8))
    assert np.all((position >= 0) & (position <= 1))
    distance = np.linalg.norm(position[:, None] - position[None, :], axis=2)
    inside = np.mean([distance[a, b] for group in (range(8), range(8, 16)) for a in group for b in group if a != b])
    between = distance[:8, 8:].mean()
    assert inside < between / 2


def test_weights_of_nothing_are_no_error() -> None:
    """Links of weight zero, or of any size, leave positions finite."""
    left, right, _ = two_cliques(3)
    for weight in (np.zeros(6), np.full(6, 1e9)):
        assert np.all(np.isfinite(force_layout(6, left, right, weight)))
