"""Tests of shared silence: a controller's outage is found; hours, days off and everybody's outage are not."""

import numpy as np
import pytest
from scipy.stats import binom

from stillwatch.campaigns.coordination import TestResult as Outcome
from stillwatch.campaigns.silence import hourly, shared_silence, speech_of_others

DAY_US = 86_400_000_000
HOUR_US = DAY_US // 24
DAYS = 28
N_STRANGERS = 400
Sent = tuple[np.ndarray, np.ndarray]


def people(rng: np.random.Generator, n: int, per_day: float = 6.0, zone: int | None = None) -> Sent:
    """Return who sent when among people with office hours: weekdays, a long Friday lunch, days off of their own."""
    sent = []
    for member in range(n):
        own = int(rng.integers(24)) if zone is None else zone
        for day in range(DAYS):
            if day % 7 >= 5 or rng.random() < 0.1:
                continue
            hours = rng.random(rng.poisson(per_day)) * 9
            hours = hours[(day % 7 != 4) | (hours < 4)]  # Friday afternoons off
            sent += [(member, int((day * 24 + own + hour) * HOUR_US)) for hour in hours]
    member, at_us = np.array(sent).T
    return member, at_us


def machines(rng: np.random.Generator, n: int, per_day: float = 6.0) -> Sent:
    """Return who sent when among programs that run round the clock, each by itself."""
    count = rng.poisson(per_day * DAYS, n)
    return np.repeat(np.arange(n), count), rng.integers(0, DAYS * DAY_US, int(count.sum()))


def without(
    sent: Sent, start_h: float, hours: float, share: float = 1.0, rng: np.random.Generator | None = None
) -> Sent:
    """Return what was sent but for some hours, or but for a share of what was sent then."""
    member, at_us = sent
    falls = (at_us >= start_h * HOUR_US) & (at_us < (start_h + hours) * HOUR_US)
    if rng is not None:
        falls &= rng.random(len(at_us)) < share
    return member[~falls], at_us[~falls]


def outcome(sent: Sent, others: Sent, seed: int = 0) -> Outcome | None:
    """Return the test of a group among others; everybody uses one model."""
    member, at_us = sent
    everybody = np.r_[at_us, others[1]]
    model = np.zeros(len(everybody), np.int32)
    table = hourly(everybody, model, 1)
    said = speech_of_others(table, at_us, model[: len(at_us)])
    return shared_silence(member, at_us, said, table.start, seed)


def p_of(sent: Sent, others: Sent, seed: int = 0) -> float:
    """Return the p-value of a group that must be tested."""
    found = outcome(sent, others, seed)
    assert found is not None
    return found.p_value


@pytest.mark.parametrize(("hours", "level"), [(3, 1e-3), (6, 1e-5)])
def test_an_outage_of_one_controller_is_found(hours: int, level: float) -> None:
    """Forty programs that all stop for some hours of a month, while others go on, stand out."""
    rng = np.random.default_rng(1)
    others = machines(rng, N_STRANGERS)
    p = sorted(p_of(without(machines(rng, 40), 205, hours), others, seed) for seed in range(6))
    assert p[4] <= level


def test_people_of_one_office_whose_server_fails_are_found() -> None:
    """Office hours hide nothing: an afternoon without any of them shows."""
    rng = np.random.default_rng(2)
    found = p_of(without(people(rng, 60, zone=8), 24 * 8 + 11, 5), people(rng, N_STRANGERS))
    assert found <= 1e-2


@pytest.mark.parametrize("kind", [people, lambda rng, n: people(rng, n, zone=8), machines])
def test_who_is_independent_of_the_others_is_called_no_more_often_than_stated(kind) -> None:
    """Zones, office hours, Friday afternoons and days off give p at or below a level at most as often as it says."""
    rng = np.random.default_rng(3)
    others = people(rng, N_STRANGERS)
    p = np.array([p_of(kind(rng, 25), others, seed) for seed in range(60)])
    for level in (0.02, 0.1, 0.3):
        assert np.count_nonzero(p <= level) <= binom.ppf(0.9995, len(p), level)


@pytest.mark.parametrize("share", [1.0, 0.5])
@pytest.mark.parametrize("kind", [people, machines])
def test_an_outage_of_everybody_counts_for_nothing(kind, share: float) -> None:
    """Where the provider fails, or fails half of all, no group is called more often than stated for that."""
    rng = np.random.default_rng(4)
    others = without(kind(rng, N_STRANGERS), 205, 6, share, rng)
    p = np.array([p_of(without(kind(rng, 40), 205, 6, share, rng), others, seed) for seed in range(30)])
    for level in (0.02, 0.1, 0.3):
        assert np.count_nonzero(p <= level) <= binom.ppf(0.9995, len(p), level)


def test_a_holiday_of_a_whole_group_counts_for_nothing() -> None:
    """Days on which nobody of the group is active are days off, whoever else works."""
    rng = np.random.default_rng(5)
    others = people(rng, N_STRANGERS)
    p = np.array([p_of(without(people(rng, 30, zone=8), 24 * 9, 48), others, seed) for seed in range(30)])
    for level in (0.02, 0.1, 0.3):
        assert np.count_nonzero(p <= level) <= binom.ppf(0.9995, len(p), level)


def test_a_failure_of_one_model_is_no_silence_of_those_who_use_it() -> None:
    """Others are looked at on the models that the group uses: who uses another one goes on and says nothing of it."""
    rng = np.random.default_rng(6)
    p = []
    for seed in range(20):
        member, at_us = without(machines(rng, 40), 205, 6)
        users, others = without(machines(rng, 300), 205, 6), machines(rng, 300)
        everybody = np.r_[at_us, users[1], others[1]]
        model = np.r_[np.zeros(len(at_us) + len(users[1]), np.int32), np.ones(len(others[1]), np.int32)]
        table = hourly(everybody, model, 2)
        said = speech_of_others(table, at_us, model[: len(at_us)])
        found = shared_silence(member, at_us, said, table.start, seed)
        assert found is not None
        p.append(found.p_value)
    assert np.count_nonzero(np.array(p) <= 0.1) <= binom.ppf(0.9995, len(p), 0.1)


def test_neither_order_nor_names_matter() -> None:
    """The same requests in another order and under other names give the same statistic and p-value."""
    rng = np.random.default_rng(7)
    member, at_us = machines(rng, 30)
    others = machines(rng, N_STRANGERS)
    shuffled = rng.permutation(len(member))
    first = outcome((member, at_us), others)
    assert first == outcome((member[shuffled] + 9, at_us[shuffled]), others)


def test_who_says_little_or_not_for_two_weeks_is_not_tested() -> None:
    """A group of which no silence could surprise, one of four, and one week of days are no test."""
    rng = np.random.default_rng(8)
    others = machines(rng, N_STRANGERS)
    assert outcome(machines(rng, 4), others) is None
    assert outcome(machines(rng, 8, per_day=0.2), others) is None
    member, at_us = machines(rng, 40)
    week = at_us < 7 * DAY_US
    assert outcome((member[week], at_us[week]), others) is None


def test_an_empty_log_has_no_hours() -> None:
    """Nothing in, nothing out."""
    assert hourly(np.zeros(0, np.int64), np.zeros(0, np.int32), 3).count.shape == (4, 0)
