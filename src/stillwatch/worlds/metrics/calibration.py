"""Do probabilities mean what they say? The expected calibration error.

Source: Naeini, Cooper and Hauskrecht 2015, Obtaining well calibrated probabilities using Bayesian binning.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

N_BINS: Final = 15  # of equal width, as is usual in the literature on calibration

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def expected_calibration_error(p: Floats, is_true: Flags, n_bins: int = N_BINS) -> float | None:
    """Return the mean distance between stated probability and observed frequency, over bins of equal width.

    A probability on a bin's border belongs to the upper bin, and 1 to the last one. Null for no probability at all.

    Args:
        p: probabilities in [0, 1], shape (n,).
        is_true: what came true, shape (n,).
        n_bins: bins of equal width over [0, 1].
    """
    if not len(p):
        return None
    bins = np.minimum((p * n_bins).astype(np.int64), n_bins - 1)
    gap = np.bincount(bins, p - is_true, n_bins)  # per bin: n * (mean of p - share that came true)
    return float(np.abs(gap).sum() / len(p))
