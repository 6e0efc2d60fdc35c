"""Observations of volume: how many accounts there are, how much they send, and how evenly.

The units are those that the names say.
"""

import numpy as np

from stillwatch.assessments.parts import Parts, median_of
from stillwatch.assessments.sample import DAY_US, Sample
from stillwatch.links.rows import distinct_pairs


def pool_size(sample: Sample) -> float:
    """Return the number of accounts."""
    return float(len(sample.accounts))


def pace_by_account(sample: Sample) -> Parts:
    """Return, for each account, its exchanges a day on the days with any."""
    active, _, count = distinct_pairs(sample.account_of_row, sample.requested_us // DAY_US)
    account, inverse = np.unique(active, return_inverse=True)
    n = len(account)
    return Parts(account, (np.bincount(inverse, count, n) / np.bincount(inverse, minlength=n),))


def requests_per_active_day(sample: Sample) -> float | None:
    """Return the median, over accounts, of exchanges a day on the days with any."""
    return median_of(pace_by_account(sample))


def days_by_account(sample: Sample) -> Parts:
    """Return the number of days with any exchange in question, of each account that has any."""
    active, _, _ = distinct_pairs(sample.account_of_row, sample.requested_us // DAY_US)
    account, n = np.unique(active, return_counts=True)
    return Parts(account, (n,))


def active_days(sample: Sample) -> float | None:
    """Return the median, over accounts, of the number of days with any exchange in question."""
    return median_of(days_by_account(sample))


def openings_by_account(sample: Sample) -> Parts:
    """Return the number of openings in question of each account that has any."""
    account, count = np.unique(sample.population.exchanges.account[sample.openings], return_counts=True)
    return Parts(account.astype(np.int64), (count,))


def unevenness_of(parts: Parts) -> float | None:
    """Return the spread of some accounts' numbers, in times their mean; null for fewer than three."""
    (count,) = parts.columns
    return float(np.std(count) / np.mean(count)) if len(count) >= 3 else None


def uneven_parts(sample: Sample) -> float | None:
    """Return the spread of the accounts' numbers of openings in question, in times their mean.

    What a queue deals out comes to about one over the root of the mean; what people choose to send, to one or more.
    """
    return unevenness_of(openings_by_account(sample))
