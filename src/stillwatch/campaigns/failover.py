"""Failover: where members are banned, the others take up their work within hours.

Bans within ``WITHIN_US`` of each other are one event. At an event, the members that were not banned in it are looked
at: the root of how many requests they sent in the hours after, less that of the hours before, less the mean of the
same difference at the same time of day on the days around. What the day's hours do, and what the group did all week,
thereby cancels. The statistic is the sum over events.

Guarantee: the null is that the hours in which members were banned are a random draw of all hours in which anybody was
banned in the log. The rank of the statistic among 999 such draws is then a valid p-value, without any tail
(Davison and Hinkley 1997, section 4.3); an hour in which strangers were banned as well is among those drawn.

What breaks it: a provider that bans members of a group because they are about to send more.

Source: differences in differences, Angrist and Pischke 2009, Mostly Harmless Econometrics, chapter 5; ours:
docs/decisions/0020-silence-and-failover.md.
"""

from typing import Final

import numpy as np

from stillwatch.campaigns.coordination import DAY_US, HOUR_US, N_CONTROLS, TestResult
from stillwatch.links.family import LEAST_ENTITIES
from stillwatch.links.population import MISSING_TIME, FloatArray, IntArray

WITHIN_US: Final = 12 * HOUR_US  # a pool is replaced within hours; beyond half a day, the next day begins
DAYS_AROUND: Final = 3  # on either side: the week of the event
LEAST_BANNED: Final = 3  # members: one ban says nothing of a pool
LEAST_OTHERS: Final = 100  # hours with bans of strangers to draw from: with fewer, no p-value could reach a hundredth
LEAST_REQUESTS: Final = 20  # of those who were not banned


def failover(
    entity: IntArray, at_us: IntArray, group: IntArray, banned_us: IntArray, span_us: tuple[int, int], seed: int
) -> TestResult | None:
    """Return the test of one group; null where too few of it, or of all, were banned, or hardly anybody was left.

    Args:
        entity: (n,) who sent each of the group's requests.
        at_us: (n,) when, in microseconds.
        group: the members, rising.
        banned_us: (n_entities,) when each entity was banned, ``MISSING_TIME`` for never.
        span_us: the first and the last moment of the log.
        seed: of the draws.
    """
    first, last = span_us[0] + WITHIN_US, span_us[1] - WITHIN_US
    is_inside = (banned_us != MISSING_TIME) & (banned_us >= first) & (banned_us <= last)
    mine = group[is_inside[group]]
    others = np.setdiff1d(np.flatnonzero(is_inside), mine)
    if len(mine) < LEAST_BANNED or len(np.unique(banned_us[others] // HOUR_US)) < LEAST_OTHERS:
        return None
    events = _events(mine, banned_us[mine])
    moments = np.unique(np.r_[[at for _, at in events], banned_us[others]] // HOUR_US) * HOUR_US
    left = [np.sort(at_us[~np.isin(entity, struck)]) for struck, _ in events]
    n_left = [len(group) - len(struck) for struck, _ in events]
    used = [i for i in range(len(events)) if n_left[i] >= LEAST_ENTITIES and len(left[i]) >= LEAST_REQUESTS]
    if not used:
        return None
    rng = np.random.default_rng(seed)
    drawn = moments[rng.integers(len(moments), size=(N_CONTROLS, len(used)))]
    value, null = 0.0, np.zeros(N_CONTROLS)
    for column, i in enumerate(used):
        value += float(_rise(left[i], np.array([events[i][1] // HOUR_US * HOUR_US]), span_us)[0])
        null += _rise(left[i], drawn[:, column], span_us)
    rank = (1 + np.count_nonzero(null >= value - 1e-12)) / (1 + N_CONTROLS)
    return TestResult(
        "failover",
        "rhythm",
        "after bans of anybody in the log the others of the group send as much more",
        value,
        float(np.mean(null)),
        float(np.quantile(null, 0.99)),
        float(rank),
        N_CONTROLS,
        False,
        drawn="draws of other moments of bans",
    )


def _events(members: IntArray, at_us: IntArray) -> list[tuple[IntArray, int]]:
    """Return who was banned in each event, and when it began; bans closer than ``WITHIN_US`` are one event."""
    order = np.lexsort((members, at_us))
    starts = np.flatnonzero(np.diff(at_us[order], prepend=np.int64(-1) << 62) > WITHIN_US)
    parts = np.split(order, starts[1:])
    return [(members[part], int(at_us[part].min())) for part in parts]


def _rise(at_us: IntArray, moments: IntArray, span_us: tuple[int, int]) -> FloatArray:
    """Return how much more was sent after each moment than before it, beyond the same on the days around."""
    total, number = np.zeros(len(moments)), np.zeros(len(moments))
    for day in range(-DAYS_AROUND, DAYS_AROUND + 1):
        if day:
            at = moments + day * DAY_US
            inside = (at - WITHIN_US >= span_us[0]) & (at + WITHIN_US <= span_us[1])
            total += np.where(inside, _step(at_us, at), 0.0)
            number += inside
    return np.asarray(_step(at_us, moments) - total / np.maximum(number, 1), np.float64)


def _step(at_us: IntArray, moments: IntArray) -> FloatArray:
    before, at, after = (np.searchsorted(at_us, moments + by, side="right") for by in (-WITHIN_US, 0, WITHIN_US))
    return np.asarray(np.sqrt(after - at) - np.sqrt(at - before), np.float64)
