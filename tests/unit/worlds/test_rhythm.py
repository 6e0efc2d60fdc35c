"""Activity times: shape, life, balance."""

from datetime import UTC, datetime

import numpy as np
import pytest

from stillwatch.worlds.account import DAY_S, Window
from stillwatch.worlds.rhythm import (
    Rhythm,
    balanced,
    commit_bursts,
    draw_times,
    intensity,
    session_sizes,
    within_session,
)

WINDOW = Window(datetime(2026, 3, 2, tzinfo=UTC), 14)  # a Monday


def test_drawn_times_follow_the_hourly_weights() -> None:
    """Planted weights come back as shares of the drawn times, and a row without weight draws nothing."""
    weights = np.zeros((3, 48))
    weights[0, [5, 30]] = (1.0, 3.0)
    weights[2, 47] = 2.0
    owner, times = draw_times(weights, np.asarray([4000, 10, 50]), np.random.default_rng(1))
    assert np.bincount(owner, minlength=3).tolist() == [4000, 0, 50]
    hours = (times[owner == 0] // 3600).astype(int)
    assert set(hours) == {5, 30}
    assert np.mean(hours == 30) == pytest.approx(0.75, abs=0.03)  # 4.4 standard errors
    assert set((times[owner == 2] // 3600).astype(int)) == {47}
    assert all(np.all(np.diff(times[owner == i]) >= 0) for i in (0, 2))


def test_office_hours_lie_in_the_local_day_and_week() -> None:
    """An office nine hours ahead of UTC works by its own clock and rests at its own weekend."""
    weights = intensity(Rhythm("office", utc_offset_h=9.0, day_noise=0.0), WINDOW, np.random.default_rng(0))
    local = np.arange(WINDOW.hours) + 9
    by_hour = np.bincount(local % 24, weights, 24)
    assert by_hour[9:18].sum() > 0.8 * by_hour.sum()
    assert by_hour[0:5].sum() == 0
    day = (local // 24) % 7
    assert weights[day >= 5].mean() < 0.15 * weights[day < 5].mean()


def test_a_flat_rhythm_has_no_idle_hour() -> None:
    """A queue that never runs dry is active in every hour, weekends included."""
    weights = intensity(Rhythm("flat", day_noise=0.0), WINDOW, np.random.default_rng(0))
    assert weights.min() == weights.max() > 0


def test_nothing_happens_outside_an_accounts_life() -> None:
    """Intensity is zero before the start and after the end, also where only a silent night is left."""
    rhythm = Rhythm("office", start_s=3.5 * DAY_S, end_s=5 * DAY_S)
    weights = intensity(rhythm, WINDOW, np.random.default_rng(0))
    assert weights[: int(3.5 * 24)].sum() == 0
    assert weights[5 * 24 + 1 :].sum() == 0
    night = Rhythm("office", start_s=2 * 3600.0, end_s=4 * 3600.0)
    assert intensity(night, WINDOW, np.random.default_rng(0)).sum() > 0


def test_a_ramp_starts_low() -> None:
    """A new user sends far less in the first days than in the second week."""
    weights = intensity(Rhythm("flat", has_ramp=True, day_noise=0.0), WINDOW, np.random.default_rng(0))
    assert weights[:24].sum() < 0.2 * weights[-24:].sum()


def test_sittings_add_up_and_are_heavy_tailed() -> None:
    """Sizes of sittings add up exactly; most are short, a few are long."""
    sizes = session_sizes(5000, np.random.default_rng(3))
    assert sizes.sum() == 5000
    assert sizes.min() >= 1
    assert np.median(sizes) <= 2
    assert sizes.max() >= 20
    assert session_sizes(0, np.random.default_rng(3)).tolist() == []


def test_requests_of_a_sitting_come_in_order() -> None:
    """Offsets within a sitting start at zero and never go back."""
    offsets = within_session(40, np.random.default_rng(2))
    assert offsets[0] == 0
    assert np.all(np.diff(offsets) > 0)


def test_commit_bursts_cluster() -> None:
    """Calls that follow commits come within a minute of each other far more often than uniform ones."""
    times = commit_bursts(Rhythm("office"), WINDOW, 400, np.random.default_rng(4))
    assert len(times) == 400
    assert np.mean(np.diff(times) < 60) > 0.7


def test_a_strict_balancer_deals_evenly() -> None:
    """Round robin gives every account the same load to within one request; free choice does not."""
    times = np.arange(1001.0)
    strict = np.bincount(balanced(10, times, np.random.default_rng(0), evenness=1.0), minlength=10)
    free = np.bincount(balanced(10, times, np.random.default_rng(0), evenness=0.0), minlength=10)
    assert strict.max() - strict.min() <= 1
    assert free.max() - free.min() > 1
