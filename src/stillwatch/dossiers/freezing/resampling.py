"""Bootstrap over accounts: how far a ratio of sums would move, were the accounts drawn again.

Source: Efron 1979; clusters, here accounts, are drawn whole (Davison and Hinkley 1997, section 3.8).
"""

from typing import Final

import numpy as np
import numpy.typing as npt

DRAWS: Final = 1000
CHUNK: Final = 50  # draws at once: bounds memory at 50 weights an account
LEAST_ACCOUNTS: Final = 4
Floats = npt.NDArray[np.float64]


def ratio_intervals(sums: Floats, totals: Floats, seed: int = 0) -> Floats | None:
    """Return, (k, 2), the 95% percentile interval of each ``sum(sums[:, k]) / sum(totals)``; null for few accounts.

    Args:
        sums: (accounts, k) of each account.
        totals: (accounts,) of each account.
        seed: of the draws.
    """
    n = len(totals)
    if n < LEAST_ACCOUNTS:
        return None
    rng = np.random.default_rng(seed)
    ratios = []
    for start in range(0, DRAWS, CHUNK):
        weights = rng.multinomial(n, np.full(n, 1.0 / n), size=min(CHUNK, DRAWS - start)).astype(np.float64)
        denominator = np.maximum(weights @ totals, 1e-300)
        ratios.append((weights @ sums) / denominator[:, None])
    return np.asarray(np.quantile(np.concatenate(ratios), [0.025, 0.975], axis=0).T, np.float64)
