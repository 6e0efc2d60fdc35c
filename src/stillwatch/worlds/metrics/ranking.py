"""Is a mixed account's extraction told from its own talk? The area under the curve inside accounts.

Source: Hanley and McNeil 1982, The meaning and use of the area under a ROC curve.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

CHANCE: Final = 0.5

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


def area(scores: Floats, is_positive: Flags) -> float | None:
    """Return the probability that a positive outranks a negative, ties counted half; null where a class is empty."""
    n_positive = int(is_positive.sum())
    n_negative = len(is_positive) - n_positive
    if not n_positive or not n_negative:
        return None
    above = float(rankdata(scores)[is_positive].sum()) - n_positive * (n_positive + 1) / 2
    return above / (n_positive * n_negative)


def area_inside_accounts(account: Ints, scores: Floats, is_positive: Flags) -> tuple[float | None, int]:
    """Return the mean, over accounts that have both kinds of exchanges, of the area inside the account, and how many.

    An account without any score has all ties, so it counts with one half.

    Args:
        account: whose each exchange is, shape (n,).
        scores: the probability of extraction of each exchange, shape (n,).
        is_positive: whether it is extraction, shape (n,).
    """
    order = np.argsort(account, kind="stable")
    account, scores, is_positive = account[order], scores[order], is_positive[order]
    borders = np.flatnonzero(np.diff(account)) + 1
    areas = [
        found
        for mine, label in zip(np.split(scores, borders), np.split(is_positive, borders), strict=True)
        if (found := area(mine, label)) is not None
    ]
    return (float(np.mean(areas)) if areas else None), len(areas)
