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

from stillwatch.assessments.catalogue import (
    ACCOUNTS_SHARE,
    EXCHANGES_SHARE,
    OPENINGS_SHARE,
    P_DIGITS,
    ByAccount,
    ObservationKind,
)
from stillwatch.assessments.observation import Observation
from stillwatch.assessments.parts import Parts
from stillwatch.assessments.sample import DAY_US, Sample
from stillwatch.assessments.sampling_error import SamplingError, effective_accounts
from stillwatch.links.population import MISSING_TIME, IntArray

LEVEL: Final = 0.95
Z: Final = 1.959964  # of the normal distribution at that level, two-sided
N_GROUPS: Final = 10
T_OF_GROUPS: Final = (0.0, 0.0, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)  # Student, by groups
LEAST_ACCOUNTS: Final = 4  # fewer left-out groups say nothing
SHARES: Final = frozenset({ACCOUNTS_SHARE, EXCHANGES_SHARE, OPENINGS_SHARE})
COUNTED_IN_FULL: Final = frozenset({"pool_size", "registered_share"})  # of these very accounts, not of their like


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
        self._parts: dict[Callable[[Sample], Parts | None], list[Parts]] = {}

    @cached_property
    def group(self) -> IntArray:
        """Return the group of each account."""
        n = len(self.sample.accounts)
        return np.random.default_rng(self._seed).permutation(n) % max(self.n_groups, 1)

    @property
    def n_groups(self) -> int:
        """Return how many groups there are; 0 where there are too few accounts to leave some out."""
        n_groups = min(N_GROUPS, len(self.sample.accounts))
        return n_groups if n_groups >= LEAST_ACCOUNTS else 0

    @cached_property
    def left_out(self) -> tuple[Sample, ...]:
        """Return the samples without a tenth; none where there are too few accounts to leave some out."""
        return without_each(self.sample, self.group, self.n_groups) if self.n_groups else ()

    def standard_error(self, kind: ObservationKind) -> float | None:
        """Return the standard error of an observation; null where any part lacks it, or nothing can be left out."""
        found = self.replicates(kind)
        known = [value for value in found if value is not None]
        return _standard_error(known) if known and len(known) == len(found) else None

    def replicates(self, kind: ObservationKind) -> list[float | None]:
        """Return an observation without each group in turn, from numbers by account where it is made from such."""
        if kind.by_account is None or not self.n_groups:
            return [kind.measure(sample) for sample in self.left_out]
        return [kind.by_account.made(parts) for parts in self._parts_left(kind.by_account)]

    def _parts_left(self, by_account: ByAccount) -> list[Parts]:
        """Return numbers by account without each group in turn; made once for all observations that need them."""
        found = self._parts.get(by_account.parts)
        if found is None:
            parts = by_account.parts(self.sample)
            found = []
            if parts is not None:
                group = self.group[np.searchsorted(self.sample.accounts, parts.account)]
                found = [parts.kept(group != g) for g in range(self.n_groups)]
            self._parts[by_account.parts] = found
        return found


def with_errors(observations: Mapping[str, Observation], sample: Sample) -> dict[str, Observation]:
    """Return observations of a group with the sampling error of each that has one; no controls stand beside them."""
    jackknife = Jackknife(sample, seed=0)
    return {
        name: Observation(seen.kind, seen.value, None, error=error_of(seen.kind, seen.value, jackknife))
        for name, seen in observations.items()
    }


def error_of(kind: ObservationKind, value: float | None, jackknife: Jackknife) -> SamplingError | None:
    """Return the sampling error of an observation, or null: see ``SamplingError``.

    Args:
        kind: the observation.
        value: what was seen, or null.
        jackknife: the group, and the group without each tenth of its accounts.
    """
    if value is None or kind.unit == P_DIGITS or kind.name in COUNTED_IN_FULL:
        return None
    n = COUNTED.get(kind.name, _all_accounts)(jackknife.sample)
    if kind.unit == ACCOUNTS_SHARE:
        return SamplingError(n, None)
    if kind.unit in SHARES and value in {0.0, 1.0}:  # which no part of the accounts can show to be another
        return SamplingError(n, None)
    error = jackknife.standard_error(kind)
    if error is None:
        return None
    return SamplingError(effective_accounts(value, error) if kind.unit in SHARES else None, error, jackknife.n_groups)


def spread_of(seen: Observation, n_accounts: int) -> Spread:
    """Return the interval of an observation of so many accounts, from its sampling error."""
    value, error = seen.value, seen.error
    if value is None:
        return Spread(None, None, "the observation could not be made")
    if seen.kind.unit == P_DIGITS:
        return Spread(None, None, "a p-value is itself a statement of uncertainty")
    if seen.kind.name in COUNTED_IN_FULL:
        return Spread(None, None, "these very accounts were counted, and nothing was sampled")
    if error is None:
        return Spread(None, None, "too few accounts to leave some out")
    if error.standard_error is None:
        return _wilson(value, int(error.n or 0))
    width = T_OF_GROUPS[error.n_groups] * error.standard_error
    low, high = max(value - width, 0.0), value + width
    return Spread(
        low,
        min(high, 1.0) if seen.kind.unit.startswith("share of") else high,
        f"95% delete-a-group jackknife over {n_accounts} accounts in {error.n_groups} groups",
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
    n = len(replicates)
    mean = sum(replicates) / n
    return sqrt((n - 1) / n * sum((value - mean) ** 2 for value in replicates))


def without_each(sample: Sample, group: IntArray, n_groups: int) -> tuple[Sample, ...]:
    """Return a sample without each of some groups of its accounts in turn, and all that they sent.

    Args:
        sample: the whole.
        group: (a,) the group of each of its accounts, from 0.
        n_groups: how many there are.
    """
    of = sample.population.exchanges.account
    of_row, of_any_row, of_match = (
        group[np.searchsorted(sample.accounts, accounts)]
        for accounts in (of[sample.rows], of[sample.all_rows], sample.account_of_match)
    )
    return tuple(
        Sample(
            sample.population,
            sample.entities,
            sample.accounts[group != g],
            sample.rows[of_row != g],
            sample.all_rows[of_any_row != g],
            sample.registered,
            sample.family_of_match[of_match != g],
            sample.account_of_match[of_match != g],
        )
        for g in range(n_groups)
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
    """Return how many accounts last long enough for a ramp, as ``rhythm.no_ramp`` counts them."""
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
