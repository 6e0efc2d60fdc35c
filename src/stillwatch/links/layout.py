"""Positions for drawing a small graph.

Source: Fruchterman and Reingold 1991, Graph drawing by force-directed placement; started from a circle in canonical
order, so that the same graph is always drawn the same.
"""

from typing import Final

import numpy as np

from stillwatch.links.population import FloatArray, IntArray

N_STEPS: Final = 120  # the picture no longer changes to the eye


def force_layout(n: int, left: IntArray, right: IntArray, weight: FloatArray) -> FloatArray:
    """Return positions, (n, 2), in the unit square.

    Cost: O(n * n) a step: for graphs of some hundred nodes.
    """
    if n == 0:
        return np.zeros((0, 2))
    angle = np.arange(n) * (2 * np.pi / n)
    position = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    spacing = 2.0 / np.sqrt(n)
    pull = weight / max(float(weight.max(initial=1.0)), 1e-9)
    for step in range(N_STEPS):
        difference = position[:, None, :] - position[None, :, :]
        square = np.maximum(np.einsum("ijk,ijk->ij", difference, difference), 1e-6)
        gravity = 0.5 * position  # keeps islands in view
        force = np.einsum("ijk,ij->ik", difference, spacing**2 / square) - gravity
        along = position[left] - position[right]
        drawn = along * (np.linalg.norm(along, axis=1) * pull / spacing)[:, None]
        np.add.at(force, left, -drawn)
        np.add.at(force, right, drawn)
        length = np.maximum(np.linalg.norm(force, axis=1, keepdims=True), 1e-9)
        position = position + force / length * np.minimum(length, 0.2 * (1 - step / N_STEPS))
    low, high = position.min(axis=0), position.max(axis=0)
    return np.asarray(np.round((position - low) / np.maximum(high - low, 1e-9), 4), np.float64)
