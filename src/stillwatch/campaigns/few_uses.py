"""Members with few uses: how many there must be, from those with many.

Of a programme's accounts that send five requests each on average, some send one or two, and no count of their own
tells these from people who met the template once. But how many members with two uses there must be follows from how
many have three, four and more: what is left over are strangers. A template that is public as well has many such people
for each that comes back, and then nobody is named by this.

Guarantee: where members' counts follow one Conway-Maxwell-Poisson law, which is narrower than Poisson's for a queue
that deals evenly and wider for members of unequal parts, and strangers hardly ever come to ``RECURRENT_USES``, the
share of members among those with two uses is in expectation the returned one.

Source: Conway and Maxwell 1962; the share of a mixture from one of its parts after Efron 2004 (local false discovery
rates); ours: docs/decisions/0021-thin-shares.md.
"""

from typing import Final

import numpy as np
from scipy.special import gammaln
from scipy.stats import poisson

from stillwatch.links.family import RECURRENT_USES
from stillwatch.links.population import BoolArray, FloatArray, IntArray

LEAST_KNOWN: Final = 20  # entities with many uses, to learn how counts spread
MOST_USES: Final = 12  # on average: beyond, those who belong have many, whatever else they send
MOST_SPREAD: Final = 0.5  # excess spread, squared: people with habits spread by one or more, a queue by nought
MOST_TIMES: Final = 3  # the median: an entity with more uses is another kind of customer, and says nothing of the deal
MOSTLY_USUAL: Final = 0.75  # of those with many uses have no more than that
MOSTLY_MEMBERS: Final = 0.8  # of those with two uses: or nobody of them is named
NARROWNESS: Final = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0)  # 0 is geometric, 1 is Poisson's
NOT_POISSON: Final = 2.0  # units of log-likelihood that any other law must gain: one more parameter is paid for
CHANCE: Final = 0.01  # family-wise, over all entities
FEW_USES: Final = 2


def is_no_chance(
    uses: IntArray, n_exchanges: IntArray | FloatArray, is_core: BoolArray, n_entities: int | None = None
) -> tuple[BoolArray, float]:
    """Return which entities use a template too often for strangers, and how many of those with two uses are members.

    Args:
        uses: (n,) exchanges of each entity that carry the template whole.
        n_exchanges: (n,) all its exchanges.
        is_core: (n,) who is of the group for certain.
        n_entities: how many entities there are, where some stand here as one; null for n.

    Returns:
        (n,) where three uses or more are no chance among so many exchanges; and the share of members among entities
        with two uses, 0 where it is below ``MOSTLY_MEMBERS``. Nobody and 0 where few entities use it often, or where
        those use it as they please and not as a queue deals.
    """
    many = uses[uses >= RECURRENT_USES]
    most = int(MOST_TIMES * np.median(many)) if len(many) else 0
    usual = many[many <= most]
    if len(usual) < LEAST_KNOWN or len(usual) < MOSTLY_USUAL * len(many):
        return np.zeros(len(uses), np.bool_), 0.0
    mean = float(usual.mean())
    if mean > MOST_USES or usual.var() - mean > MOST_SPREAD * mean**2:
        return np.zeros(len(uses), np.bool_), 0.0
    expected = expected_few(usual, most)
    seen = np.bincount(uses[(uses > 0) & (uses < RECURRENT_USES)], minlength=RECURRENT_USES).astype(np.float64)
    left_over = np.maximum(seen - expected, 0.0) + np.sqrt(seen)  # one standard deviation more, for the count is small
    by_strangers = float(np.sum(left_over * np.arange(RECURRENT_USES))) + 0.5
    rate = by_strangers / (float(n_exchanges[~is_core].sum()) + 1.0)
    is_much = poisson.sf(uses - 1, rate * n_exchanges) <= CHANCE / max(n_entities or len(uses), 1)
    share = float(min(expected[FEW_USES] / seen[FEW_USES], 1.0)) if seen[FEW_USES] else 0.0
    return (uses >= RECURRENT_USES) & (uses <= most) & is_much, share if share >= MOSTLY_MEMBERS else 0.0


def expected_few(many: IntArray, most: int) -> FloatArray:
    """Return, (RECURRENT_USES,), how many members with 0, 1, 2 uses there are for those with ``many``.

    The law of greatest likelihood, truncated below and at ``most`` uses, over ``NARROWNESS``, each with the mean that
    is seen; Poisson's unless another is clearly likelier.
    """
    k = np.arange(most + 1)
    log_factorial = gammaln(k + 1.0)
    best, found = -np.inf, np.zeros(RECURRENT_USES)
    for narrowness in NARROWNESS:
        weight = k * _rate(k, narrowness * log_factorial, float(many.mean())) - narrowness * log_factorial
        top = float(weight[RECURRENT_USES:].max())
        log_total = top + float(np.log(np.sum(np.exp(weight[RECURRENT_USES:] - top))))
        likelihood = float(weight[many].sum()) - len(many) * log_total - (NOT_POISSON if narrowness != 1.0 else 0.0)
        if likelihood > best:
            best = likelihood
            found = len(many) * np.exp(weight[:RECURRENT_USES] - log_total)
    return np.asarray(found, np.float64)


def _rate(k: IntArray, penalty: FloatArray, mean: float) -> float:
    """Return the logarithm of the rate at which the truncated law has a mean, by bisection."""
    tail = k[RECURRENT_USES:]
    low, high = -20.0, 60.0
    for _ in range(60):
        middle = (low + high) / 2
        weight = tail * middle - penalty[RECURRENT_USES:]
        share = np.exp(weight - weight.max())
        low, high = (middle, high) if float(np.sum(tail * share) / share.sum()) < mean else (low, middle)
    return (low + high) / 2
