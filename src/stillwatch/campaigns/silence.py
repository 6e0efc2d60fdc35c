"""Shared silence: a group's accounts fall silent in the same hours, as where one controller fails or stops.

The statistic is the deepest silence: over windows of the log, how far the number of hours in which members spoke lies
below what their own habits make likely, on the scale of a root, which steadies the variance of counts (Freeman and
Tukey 1950). What all others do not say either is no silence: where requests to the models that the group uses were
fewer than usual at that hour of the day (a provider's outage, a holiday of everybody), less is expected by as much.

Guarantee: the null is that, given the days on which each account is active, its days of the same weekday are
exchangeable. Exchanging them, for each account independently of all others, leaves the distribution as it is, and the
rank of the statistic among such exchanges is a valid p-value (Davison and Hinkley 1997, section 4.3). Zones, office
hours, weekends, a weekly timetable and days off are kept by every exchange and count for nothing; what is expected of
the others' traffic is the same in every exchange. Beyond all exchanges the tail of ``control`` is used.

What breaks it: people who are silent together in part of a day for a reason of their own, off by no weekday (half a
holiday of one place, a conference). Blind to: logs of less than two weeks, and silences of whole days.

Source: permutation tests of spike synchrony by exchange of trials, Gruen 2009; for silences, ours:
docs/decisions/0020-silence-and-failover.md.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from stillwatch.campaigns.control import tail_p_value
from stillwatch.campaigns.coordination import DAY_US, HOUR_US, TestResult
from stillwatch.links.family import LEAST_ENTITIES
from stillwatch.links.population import CodeArray, FloatArray, IntArray
from stillwatch.links.rows import distinct_pairs

N_EXCHANGES: Final = 199
WINDOWS: Final = (1, 2, 3, 4, 6, 8, 12)  # hours: a restart takes one, a night's outage a dozen
LEAST_EXPECTED: Final = 9.0  # hours of speech in some window: with fewer, silence is no surprise
LEAST_EXCHANGED: Final = 0.5  # of the hours of speech lie on days that have another one of their weekday
DAY_HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class Hourly:
    """How many requests each model got in each hour of the log.

    Args:
        start: the first hour, in hours since 1970, at a day's beginning.
        count: (n_models + 1, n_hours), whole days; the last row is of requests without a model.
    """

    start: int
    count: IntArray


def hourly(at_us: IntArray, model: CodeArray, n_models: int) -> Hourly:
    """Return the hourly counts of a whole log; ``model`` is -1 where it is not known."""
    if not len(at_us):
        return Hourly(0, np.zeros((n_models + 1, 0), np.int64))
    start = int(at_us.min()) // DAY_US * DAY_HOURS
    n_hours = (int(at_us.max()) // DAY_US + 1) * DAY_HOURS - start
    place = np.where(model >= 0, model, n_models).astype(np.int64) * n_hours + (at_us // HOUR_US - start)
    return Hourly(start, np.bincount(place, minlength=(n_models + 1) * n_hours).reshape(n_models + 1, n_hours))


def speech_of_others(everybody: Hourly, at_us: IntArray, model: CodeArray) -> FloatArray:
    """Return, for each hour, how much of their usual the others said to the models that a group uses; at most 1.

    Usual is the median over days at the hour of the day; one is added to either side, so that few requests, of which
    little can be said, count as fewer.
    """
    n_models = len(everybody.count) - 1
    own = np.zeros_like(everybody.count)
    row = np.where(model >= 0, model, n_models)
    np.add.at(own, (row, at_us // HOUR_US - everybody.start), 1)
    others = (everybody.count - own).reshape(n_models + 1, -1, DAY_HOURS)
    usual = np.median(others, axis=1, keepdims=True)
    share = np.bincount(row, minlength=n_models + 1) / max(len(row), 1)
    said = np.minimum((others + 1.0) / (usual + 1.0), 1.0)
    return np.asarray(np.einsum("m,mdh->dh", share, said).ravel(), np.float64)


def shared_silence(member: IntArray, at_us: IntArray, others: FloatArray, start: int, seed: int) -> TestResult | None:
    """Return the test of one group; null where too little is expected of it, or hardly a day can be exchanged.

    Both are matters of how many days and hours each account was active, which no exchange changes.

    Args:
        member: (n,) who sent each request.
        at_us: (n,) when, in microseconds.
        others: (n_hours,) from ``speech_of_others``.
        start: the first of these hours, in hours since 1970.
        seed: of the exchanges.
    """
    _, member = np.unique(member, return_inverse=True)
    if int(member.max(initial=-1)) + 1 < LEAST_ENTITIES:
        return None
    owner, hour, _ = distinct_pairs(member, at_us // HOUR_US - start)
    day, clock = hour // DAY_HOURS, hour % DAY_HOURS
    (of_day, on), place = np.unique(np.stack([owner, day]), axis=1, return_inverse=True)
    kind = of_day * 7 + on % 7
    expected = _expected(owner, clock, of_day, on, len(others)) * others
    has_other = np.bincount(kind)[kind] > 1
    if _most(expected) < LEAST_EXPECTED or float(has_other[place].mean()) < LEAST_EXCHANGED:
        return None
    value = _deepest(expected, day * DAY_HOURS + clock)
    rng = np.random.default_rng(seed)
    null = np.empty(N_EXCHANGES)
    fixed = np.argsort(kind, kind="stable")
    for i in range(N_EXCHANGES):
        moved = np.empty_like(on)
        moved[fixed] = on[np.lexsort((rng.random(len(kind)), kind))]
        null[i] = _deepest(expected, moved[place.ravel()] * DAY_HOURS + clock)
    return TestResult(
        "shared_silence",
        "rhythm",
        "each account's days, exchanged within weekdays, leave as deep a silence that others do not share",
        value,
        float(np.mean(null)),
        float(np.quantile(null, 0.99)),
        tail_p_value(value, null, 1 / np.sqrt(_most(expected))),
        len(null),
        False,
        drawn="exchanges of each account's days",
    )


def _expected(owner: IntArray, clock: IntArray, of_day: IntArray, on: IntArray, n_hours: int) -> FloatArray:
    """Return, for each hour of the log, how many members speak in it by their habits, on the days they are active."""
    n = int(owner.max()) + 1
    spoken = np.bincount(owner * DAY_HOURS + clock, minlength=n * DAY_HOURS).reshape(n, DAY_HOURS)
    habit = spoken / np.maximum(np.bincount(of_day, minlength=n), 1)[:, None]
    by_day = np.zeros((n_hours // DAY_HOURS, DAY_HOURS))
    np.add.at(by_day, on, habit[of_day])
    return by_day.ravel()


def _most(expected: FloatArray) -> float:
    total = np.concatenate([[0.0], np.cumsum(expected)])
    return max(float((total[step:] - total[:-step]).max()) for step in WINDOWS if step < len(total))


def _deepest(expected: FloatArray, spoken: IntArray) -> float:
    """Return the deepest silence over windows: twice the root of what is expected less that of what was said."""
    likely = np.concatenate([[0.0], np.cumsum(expected)])
    seen = np.concatenate([[0.0], np.cumsum(np.bincount(spoken, minlength=len(expected)))])
    deepest = 0.0
    for step in WINDOWS:
        if step < len(likely):
            depth = np.sqrt(np.maximum(likely[step:] - likely[:-step], 0.0)) - np.sqrt(seen[step:] - seen[:-step])
            deepest = max(deepest, 2.0 * float(depth.max()))
    return deepest
