"""Observations of rhythm: when the members sign up, start, send and turn to a new model.

All are shares in [0, 1].
"""

from typing import Final

import numpy as np

from stillwatch.assessments.parts import Parts, median_of_three
from stillwatch.assessments.sample import DAY_US, HOUR_US, Sample
from stillwatch.campaigns.work_list import sent_alone
from stillwatch.links.population import MISSING_TIME, IntArray
from stillwatch.links.rows import distinct_pairs

LEAST_FOR_A_DAY: Final = 24  # exchanges of an account before its hours of the day mean anything


def densest_share(times_us: IntArray, window_us: int) -> float:
    """Return the largest share of ``times_us`` that lies in one window of ``window_us``; 0 for fewer than two."""
    times = np.sort(times_us)
    if len(times) < 2:
        return 0.0
    return float((np.searchsorted(times, times + window_us, side="right") - np.arange(len(times))).max() / len(times))


def sign_up_burst(sample: Sample) -> float | None:
    """Return the share of accounts created in the densest week."""
    if not sample.has("created_at"):
        return None
    created = sample.population.accounts.created_us[sample.accounts]
    return densest_share(created[created != MISSING_TIME], 7 * DAY_US)


def two_day_share(sample: Sample) -> float | None:
    """Return the share of the exchanges in question in the group's busiest 48 hours."""
    return densest_share(sample.requested_us, 2 * DAY_US) if len(sample.rows) >= 2 else None


def hours_by_account(sample: Sample) -> Parts:
    """Return the share of the expected hours of the day in use, of each account with enough exchanges."""
    hour = (sample.requested_us // HOUR_US) % 24
    active, _, counts = distinct_pairs(sample.account_of_row, hour)
    account, inverse = np.unique(active, return_inverse=True)
    total = np.bincount(inverse, weights=counts, minlength=len(account))
    used = np.bincount(inverse, minlength=len(account))
    enough = total >= LEAST_FOR_A_DAY
    expected = 24 * (1 - (23 / 24) ** total[enough])
    return Parts(account[enough], (np.minimum(used[enough] / expected, 1.0),))


def around_the_clock(sample: Sample) -> float | None:
    """Return the median, over accounts with enough exchanges, of the share of the expected hours of the day in use.

    The expectation is for as many exchanges at random hours, so that 1 means no daily pause at all whatever the volume.
    """
    return median_of_three(hours_by_account(sample))


def alone_share(sample: Sample) -> float | None:
    """Return the share of the openings in question before which their account sent nothing for some minutes."""
    return float(np.mean(sent_alone(sample.population, sample.openings))) if len(sample.openings) else None


def no_ramp(sample: Sample) -> float | None:
    """Return the share of accounts whose first two days reach their later daily mean, of those that last six days."""
    account, first, owner = np.unique(sample.account_of_row, return_index=True, return_inverse=True)
    day = (sample.requested_us - sample.requested_us[first][owner]) // DAY_US
    last = day[np.append(first, len(day))[1:] - 1]
    early = np.bincount(owner[day < 2], minlength=len(account)) / 2
    later = np.bincount(owner[day >= 2], minlength=len(account))
    lasts = last >= 5
    started = early[lasts] >= later[lasts] / (last[lasts] - 1)
    return float(np.mean(started)) if len(started) >= 3 else None


def pivot_share(sample: Sample) -> float | None:
    """Return the largest share of the exchanges in question that a new model got within a day of its appearance."""
    if not sample.has("model"):
        return None
    exchanges = sample.population.exchanges
    model = exchanges.keys["model"]
    appeared, start = sample.population.model_appeared_us, sample.population.begun_us
    best = 0.0
    for code in np.flatnonzero((appeared > start + 2 * DAY_US) & (appeared < np.iinfo(np.int64).max)):
        near = (sample.requested_us >= appeared[code]) & (sample.requested_us < appeared[code] + 2 * DAY_US)
        if np.count_nonzero(near) >= 20:
            best = max(best, float(np.mean(model.code[sample.rows[near]] == code)))
    return best
