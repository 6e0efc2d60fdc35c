"""Use that is no chance: who comes back to a family of exchanges, and how evenly several do.

Source: ours: docs/decisions/0010-hand-overs.md.
"""

from typing import Final

import numpy as np
from scipy.sparse import csc_array

from stillwatch.links.family import RECURRENT_USES
from stillwatch.links.population import BoolArray, FloatArray, IntArray

MANY_USES: Final = 12  # of one family: no chance of speech, however much else an entity sends
RECURRENT_SHARE: Final = 0.03  # of an entity's exchanges; below 1 in 20 of the hardest published case, for sampling


def is_recurrent(count: IntArray | FloatArray, n_exchanges: IntArray | FloatArray) -> BoolArray:
    """Return where ``count`` uses among ``n_exchanges`` are no chance: three, and a share of them or very many."""
    is_much = (count >= RECURRENT_SHARE * n_exchanges) | (count >= MANY_USES)
    return np.asarray((count >= RECURRENT_USES) & is_much, np.bool_)


def excess_spread(used: csc_array) -> FloatArray:
    """Return, for each column, how much its users' counts spread beyond chance: squared, in times their mean.

    Nought where a queue deals to all alike (Poisson counts); what people use as they please spreads by one or more.
    """
    n = np.maximum(np.diff(used.indptr), 1)
    column = np.repeat(np.arange(used.shape[1]), np.diff(used.indptr))
    count = used.data.astype(np.float64)
    mean = np.bincount(column, weights=count, minlength=used.shape[1]) / n
    square = np.bincount(column, weights=count**2, minlength=used.shape[1]) / n
    mean = np.maximum(mean, 1e-9)
    return np.asarray((square - mean**2) / mean**2 - 1 / mean, np.float64)


def spread_beyond_chance(count: FloatArray) -> float:
    """Return how much counts spread beyond Poisson's: squared, in times their mean."""
    mean = float(count.mean())
    return (float(count.var()) - mean) / mean**2
