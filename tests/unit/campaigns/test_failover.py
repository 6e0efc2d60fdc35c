"""Tests of failover after bans: a queue that goes on with its other accounts is found, chance is not."""

import numpy as np
import pytest
from scipy.stats import binom

from stillwatch.campaigns.coordination import TestResult as Outcome
from stillwatch.campaigns.failover import failover
from stillwatch.links.population import MISSING_TIME

DAY_US = 86_400_000_000
HOUR_US = DAY_US // 24
DAYS = 28
SPAN = (0, DAYS * DAY_US)
N_ENTITIES = 2_000
M = 40


def bans(rng: np.random.Generator, n: int = 300) -> np.ndarray:
    """Return when each entity was banned: some strangers, in working hours of the provider."""
    found = np.full(N_ENTITIES, MISSING_TIME)
    struck = rng.choice(np.arange(M, N_ENTITIES), n, replace=False)
    found[struck] = (rng.integers(1, DAYS - 1, n) * 24 + rng.integers(8, 18, n)) * HOUR_US + rng.integers(
        HOUR_US, size=n
    )
    return found


def requests(rng: np.random.Generator, rate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return who sent when, at a rate for each member and hour of the log."""
    count = rng.poisson(rate)
    member, hour = np.repeat(np.indices(rate.shape).reshape(2, -1), count.ravel(), axis=1)
    return member.astype(np.int64), hour * HOUR_US + rng.integers(HOUR_US, size=len(hour))


def office(per_day: float) -> np.ndarray:
    """Return the rates of members in one office."""
    hour = np.arange(DAYS * 24)
    at_work = (hour % 24 >= 8) & (hour % 24 < 18) & (hour // 24 % 7 < 5)
    return np.where(at_work, per_day / 10, 0.0)[None, :].repeat(M, axis=0)


def assess(rng: np.random.Generator, rate: np.ndarray, banned_us: np.ndarray, seed: int = 0) -> Outcome | None:
    """Return the test of the first ``M`` entities."""
    member, at_us = requests(rng, rate)
    kept = (banned_us[member] == MISSING_TIME) | (at_us < banned_us[member])
    return failover(member[kept], at_us[kept], np.arange(M), banned_us, SPAN, seed)


def test_a_pool_that_goes_on_elsewhere_is_found() -> None:
    """Half of the pool is banned three times over; what it sent comes from the rest within hours."""
    rng = np.random.default_rng(1)
    p = []
    for seed in range(6):
        banned_us = bans(rng)
        rate = np.full((M, DAYS * 24), 0.1)
        for event, day in enumerate((7, 14, 21)):
            struck = np.arange(event * 8, event * 8 + 8)
            banned_us[struck] = (day * 24 + 10) * HOUR_US
            rate[event * 8 + 8 :, day * 24 + 11 : day * 24 + 24] *= 2.5  # a queue that catches up
        found = assess(rng, rate, banned_us, seed)
        assert found is not None
        p.append(found.p_value)
    assert sorted(p)[4] <= 0.01


@pytest.mark.parametrize("rate", [office(4.0), np.full((M, DAYS * 24), 0.1)])
def test_bans_that_nobody_answers_are_called_no_more_often_than_stated(rate: np.ndarray) -> None:
    """Office hours and steady programs, banned at hours like everybody else's, give p no smaller than stated."""
    rng = np.random.default_rng(2)
    p = []
    for seed in range(60):
        banned_us = bans(rng)
        struck = rng.choice(M, 6, replace=False)
        banned_us[struck] = rng.choice(banned_us[banned_us != MISSING_TIME], 6, replace=False)
        found = assess(rng, rate, banned_us, seed)
        assert found is not None
        p.append(found.p_value)
    for level in (0.02, 0.1, 0.3):
        assert np.count_nonzero(np.array(p) <= level) <= binom.ppf(0.9995, len(p), level)


def test_a_wave_of_bans_is_one_event() -> None:
    """Twenty bans within an hour say no more than one: the p-value is that of one draw."""
    rng = np.random.default_rng(3)
    banned_us = bans(rng)
    banned_us[:20] = 10 * DAY_US + np.arange(20) * HOUR_US // 20
    found = assess(rng, np.full((M, DAYS * 24), 0.1), banned_us)
    assert found is not None
    spread = np.abs(found.null_high - found.null_mean)
    assert spread < 5  # of one event; twenty would spread four times as far


def test_where_few_were_banned_there_is_no_test() -> None:
    """Two members, or a log with few bans of others, are no distribution; nor is a group that is banned whole."""
    rng = np.random.default_rng(4)
    rate = np.full((M, DAYS * 24), 0.1)
    few = bans(rng)
    few[:2] = 10 * DAY_US
    assert assess(rng, rate, few) is None
    quiet = bans(rng, n=30)
    quiet[:10] = 10 * DAY_US
    assert assess(rng, rate, quiet) is None
    whole = bans(rng)
    whole[:M] = 10 * DAY_US
    assert assess(rng, rate, whole) is None
