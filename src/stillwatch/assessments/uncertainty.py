"""Intervals of observations: how far a number of a group could be another one, were its accounts drawn again.

A share of accounts has Wilson's interval, for each account counts once. Every other observation has a delete-a-group
jackknife over accounts: the exchanges of one account depend on each other, so that accounts and not exchanges are left
out. Where leaving out changes nothing at a share of 0 or 1, Wilson's interval over accounts stands in, for it is wider.

Source: Wilson 1927; Kott 2001, the delete-a-group jackknife (Journal of Official Statistics 17:521).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import Final

import numpy as np

from stillwatch.assessments.conduct import DAY_US
from stillwatch.assessments.observation import ACCOUNTS_SHARE, P_DIGITS, ObservationKind
from stillwatch.assessments.sample import Sample
from stillwatch.links.population import MISSING_TIME

LEVEL: Final = 0.95
Z: Final = 1.959964  # of the normal distribution at that level, two-sided
N_GROUPS: Final = 10
T_OF_GROUPS: Final = (0.0, 0.0, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)  # Student, by groups
LEAST_ACCOUNTS: Final = 4  # fewer left-out groups say nothing


@dataclass(frozen=True, slots=True)
class Spread:
    """A 95% interval, or none, and how it was computed or why there is none."""

    low: float | None
    high: float | None
    method: str


class Jackknife:
    """A sample, and the same without each tenth of its accounts in turn; made once for all its observations.

    Args:
        sample: the group.
        seed: of the split of its accounts into groups.
    """

    def __init__(self, sample: Sample, seed: int) -> None:
        self.sample, self._seed = sample, seed

    @cached_property
    def left_out(self) -> tuple[Sample, ...]:
        """Return the samples without a tenth; none where there are too few accounts to leave some out."""
        accounts = self.sample.accounts
        n_groups = min(N_GROUPS, len(accounts))
        if n_groups < LEAST_ACCOUNTS:
            return ()
        group = np.random.default_rng(self._seed).permutation(len(accounts)) % n_groups
        return tuple(without(self.sample, accounts[group == g]) for g in range(n_groups))

    def replicates(self, kind: ObservationKind) -> list[float] | None:
        """Return an observation without each tenth; null where any could not be made, or nothing be left out."""
        found = [kind.measure(sample) for sample in self.left_out]
        known = [value for value in found if value is not None]
        return known if known and len(known) == len(found) else None


def spread_of(kind: ObservationKind, value: float | None, jackknife: Jackknife) -> Spread:
    """Return the interval of an observation that was made on a sample.

    Args:
        kind: the observation.
        value: what was seen, or null.
        jackknife: the group, and the group without each tenth of its accounts.
    """
    sample = jackknife.sample
    if value is None:
        return Spread(None, None, "the observation could not be made")
    if kind.unit == P_DIGITS:
        return Spread(None, None, "a p-value is itself a statement of uncertainty")
    n = COUNTED.get(kind.name, _all_accounts)(sample)
    if kind.unit == ACCOUNTS_SHARE:
        return _wilson(value, n)
    replicates = jackknife.replicates(kind)
    if replicates is None:
        return Spread(None, None, "too few accounts to leave some out")
    width = T_OF_GROUPS[len(replicates)] * _standard_error(replicates)
    is_share = kind.unit.startswith("share of")
    if is_share and width == 0.0 and value in (0.0, 1.0):
        return _wilson(value, n)
    low, high = max(value - width, 0.0), value + width
    return Spread(
        low,
        min(high, 1.0) if is_share else high,
        f"95% delete-a-group jackknife over {len(sample.accounts)} accounts in {len(replicates)} groups",
    )


def wilson(share: float, n: int) -> tuple[float, float]:
    """Return Wilson's 95% interval of a share that was seen among ``n``."""
    if n <= 0:
        return 0.0, 1.0
    centre = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return min(max(centre - half, 0.0), share), max(
        min(centre + half, 1.0), share
    )  # rounding never leaves the share outside


def _wilson(value: float, n: int) -> Spread:
    low, high = wilson(min(max(value, 0.0), 1.0), n)
    return Spread(low, high, f"95% Wilson interval over {n} accounts")


def _standard_error(replicates: list[float]) -> float:
    values = np.array(replicates)
    return sqrt((len(values) - 1) / len(values) * float(np.sum((values - values.mean()) ** 2)))


def without(sample: Sample, accounts: np.ndarray) -> Sample:
    """Return a sample without some of its accounts and all that they sent."""
    population = sample.population
    is_kept = np.ones(len(population.accounts), bool)
    is_kept[accounts] = False
    of = population.exchanges.account
    matched = is_kept[sample.account_of_match]
    return Sample(
        population,
        sample.entities,
        sample.accounts[is_kept[sample.accounts]],
        sample.rows[is_kept[of[sample.rows]]],
        sample.all_rows[is_kept[of[sample.all_rows]]],
        sample.registered,
        sample.family_of_match[matched],
        sample.account_of_match[matched],
    )


def _all_accounts(sample: Sample) -> int:
    return len(sample.accounts)


def _with_known_creation(sample: Sample) -> int:
    return int(np.count_nonzero(sample.population.accounts.created_us[sample.accounts] != MISSING_TIME))


def _with_known_price(sample: Sample) -> int:
    if not sample.has("plan_price_usd"):
        return len(sample.accounts)
    return int(np.count_nonzero(~np.isnan(sample.population.accounts.plan_price_usd[sample.accounts])))


def _lasting(sample: Sample) -> int:
    """Return how many accounts last long enough for a ramp, as ``conduct.no_ramp`` counts them."""
    _, first, count = np.unique(sample.account_of_row, return_index=True, return_counts=True)
    span = sample.requested_us[first + count - 1] - sample.requested_us[first]
    return int(np.count_nonzero(span // DAY_US >= 5))


COUNTED: Final[Mapping[str, Callable[[Sample], int]]] = {
    "no_ramp": _lasting,
    "sign_up_burst": _with_known_creation,
    "young_share": _with_known_creation,
    "free_share": _with_known_price,
}
"""The accounts that a share of accounts is a share of, where that is not all of them."""
