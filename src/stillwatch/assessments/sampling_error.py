"""How far an observation could have come out otherwise, and so how probably its true value lies within a range.

A share that was seen among n accounts is a Beta distribution (Jeffreys), so that none of five is not never, and all
of five not always; what is no share is a normal one about what was seen; so are the digits of a p-value, as far as
other draws of controls would have made it another. What was not sampled, but counted in full or tested exactly, is what
it is: within the range or not.

Guarantee: for a range open to one side the probability rises, or falls, with the value, the error being the same; as
the error goes to nothing it becomes 1 inside the range, ends included, and 0 outside.

Source: Brown, Cai and DasGupta 2001 (Jeffreys); ours: docs/decisions/0035-near-the-line.md.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import betainc, ndtr

MOST_ACCOUNTS: Final = 1e9  # as good as all there are: the incomplete beta function is exact up to there


@dataclass(frozen=True, slots=True)
class SamplingError:
    """The sampling error of one observation.

    Args:
        n: of a share, the accounts that would leave it as uncertain if each counted once; null: it is no share.
        standard_error: of what is no share, in its own unit.
        n_groups: groups of accounts that were left out in turn to find it; 0: none, its accounts were counted.
    """

    n: float | None
    standard_error: float | None
    n_groups: int = 0


def p_within(value: float, error: SamplingError | None, at_least: float, at_most: float) -> float:
    """Return the probability that the true value lies in a range, given what was seen; 0 or 1 without an error."""
    if error is not None and error.n is not None and error.n < MOST_ACCOUNTS:
        return _share_below(value, error.n, at_most) - _share_below(value, error.n, at_least)
    if error is not None and error.standard_error is not None and error.standard_error > 0.0:
        low, high = (at_least - value) / error.standard_error, (at_most - value) / error.standard_error
        return float(ndtr(high) - ndtr(low))
    return float(at_least <= value <= at_most)


def _share_below(value: float, n: float, edge: float) -> float:
    """Return the probability that the true share lies below ``edge``."""
    if edge <= 0.0 or edge >= 1.0:
        return float(edge > 0.0)
    seen = min(max(value, 0.0), 1.0) * n
    return float(betainc(seen + 0.5, n - seen + 0.5, edge))


def effective_accounts(share: float, standard_error: float) -> float:
    """Return how many accounts, each counted once, would leave a share between 0 and 1 as uncertain."""
    return float(np.divide(share * (1.0 - share), standard_error**2)) if standard_error > 0.0 else np.inf
