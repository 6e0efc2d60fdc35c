"""When accounts are active: people, firms, machines, and pools that imitate them.

A rhythm is an hourly intensity over the window; times are drawn from it for many accounts at once.

Source: Lewis and Shedler 1979, Simulation of nonhomogeneous Poisson processes (here by inversion, given the counts);
Barabasi 2005, The origin of bursts and heavy tails in human dynamics (session lengths).
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from stillwatch.worlds.account import DAY_S, HOUR_S, Window

Floats = NDArray[np.float64]
Shape = Literal["office", "evening", "mixed", "student", "service", "batch", "flat"]

# Relative activity in each local hour, 0 to 23.
DAY_SHAPES: Final[dict[str, tuple[float, ...]]] = {
    "office": (0, 0, 0, 0, 0, 0, 1, 2, 6, 10, 11, 10, 6, 8, 11, 11, 10, 8, 4, 2, 1, 1, 0, 0),
    "evening": (2, 1, 0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 3, 3, 2, 2, 3, 4, 6, 9, 11, 11, 9, 5),
    "mixed": (1, 1, 0, 0, 0, 0, 1, 3, 6, 8, 8, 8, 6, 7, 8, 8, 7, 6, 6, 7, 7, 6, 4, 2),
    "student": (5, 3, 1, 0, 0, 0, 0, 1, 2, 4, 6, 6, 5, 6, 7, 7, 6, 5, 5, 7, 9, 10, 9, 7),
    "service": (3, 2, 1, 1, 1, 2, 3, 5, 7, 9, 10, 10, 9, 10, 10, 9, 9, 8, 7, 7, 7, 6, 5, 4),
    "batch": (0, 12, 12, 8, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 4),
    "flat": (1,) * 24,
}
WEEKEND: Final[dict[str, float]] = {
    "office": 0.06,
    "evening": 1.3,
    "mixed": 0.6,
    "student": 0.8,
    "service": 0.7,
    "batch": 0.5,
    "flat": 1.0,
}
SESSION_TAIL: Final = 1.3  # Pareto exponent of requests in a sitting: mostly one to three, now and then dozens
MAX_SESSION: Final = 80  # nobody types more in one sitting
RAMP_DAYS: Final = 9.0  # people need about a week to grow used to a new tool


@dataclass(frozen=True, slots=True)
class Rhythm:
    """One account's habits. ``start_s`` and ``end_s`` bound its life within the window."""

    shape: Shape = "mixed"
    utc_offset_h: float = 0.0
    shift_h: float = 0.0  # early birds and night owls
    start_s: float = 0.0
    end_s: float | None = None
    has_ramp: bool = False
    holidays: tuple[int, ...] = ()  # days of the window without work
    day_noise: float = 0.5  # sigma of the log-normal factor from day to day


def draw_rhythm(rng: np.random.Generator, shape: Shape, utc_offset_h: float, window: Window) -> Rhythm:
    """Return an ordinary person's rhythm around a shape: own shift, days off, own unevenness."""
    days_off = tuple(int(d) for d in np.flatnonzero(rng.random(window.days) < 0.08))
    noise = float(rng.uniform(0.3, 0.9))
    return Rhythm(shape, utc_offset_h, float(rng.normal(0, 1.5)), holidays=days_off, day_noise=noise)


def intensity(rhythm: Rhythm, window: Window, rng: np.random.Generator) -> Floats:
    """Return the hourly weights of one account over the window, shape (hours,), not normalised.

    Zero before the life starts and after it ends; at least one hour is positive where the life overlaps the window.
    """
    hours = np.arange(window.hours, dtype=np.float64) + 0.5
    local = hours + rhythm.utc_offset_h
    shape = np.asarray(DAY_SHAPES[rhythm.shape], dtype=np.float64)
    weights = np.interp((local - rhythm.shift_h) % 24, np.arange(25), np.append(shape, shape[0]))
    day = np.floor(local / 24).astype(np.int64)
    is_weekend = (window.start_at.weekday() + day) % 7 >= 5
    weights = weights * np.where(is_weekend, WEEKEND[rhythm.shape], 1.0)
    if rhythm.day_noise > 0:
        weights *= np.exp(rng.normal(0, rhythm.day_noise, window.days + 3))[day + 1]
    for off in rhythm.holidays:
        weights[day == off] *= 0.05  # a message or two even on a day off
    return _within_life(rhythm, hours * HOUR_S, weights)


def _within_life(rhythm: Rhythm, at_s: Floats, weights: Floats) -> Floats:
    end_s = np.inf if rhythm.end_s is None else rhythm.end_s
    alive = np.clip((at_s + HOUR_S / 2 - rhythm.start_s) / HOUR_S, 0, 1)
    alive *= np.clip((end_s - at_s + HOUR_S / 2) / HOUR_S, 0, 1)
    if rhythm.has_ramp:
        alive *= np.clip((at_s - rhythm.start_s) / (RAMP_DAYS * DAY_S), 0.04, 1)
    lived = weights * alive
    return lived if lived.any() or not alive.any() else alive


def draw_times(
    weights: Floats, counts: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], Floats]:
    """Return times drawn from hourly intensities, for many accounts at once.

    Args:
        weights: hourly weights, shape (k, hours); a row of zeros draws nothing.
        counts: how many times to draw in each row, shape (k,).
        rng: the source of chance.

    Returns:
        The row of each time, and the times in seconds, sorted by row and then time.

    Cost: O(k * hours + n log(k * hours)).
    """
    totals = weights.sum(axis=1)
    counts = np.where(totals > 0, counts, 0)
    flat = np.cumsum((weights / np.where(totals > 0, totals, 1.0)[:, None]).ravel())
    ends = flat[weights.shape[1] - 1 :: weights.shape[1]]
    starts = np.concatenate([[0.0], ends[:-1]])
    owner = np.repeat(np.arange(len(counts)), counts)
    target = starts[owner] + rng.random(len(owner)) * (ends - starts)[owner]
    slot = np.searchsorted(flat, target, side="right")
    hour = np.clip(slot - owner * weights.shape[1], 0, weights.shape[1] - 1)
    times = (hour + rng.random(len(owner))) * HOUR_S
    order = np.lexsort((times, owner))
    return owner[order], times[order]


def session_sizes(n_requests: int, rng: np.random.Generator, tail: float = SESSION_TAIL) -> NDArray[np.int64]:
    """Return sizes of sittings that add up to ``n_requests``; heavy-tailed."""
    if n_requests <= 0:
        return np.zeros(0, dtype=np.int64)
    sizes = np.minimum(np.floor(rng.pareto(tail, n_requests) + 1), MAX_SESSION).astype(np.int64)
    total = np.cumsum(sizes)
    last = int(np.searchsorted(total, n_requests))
    sizes = sizes[: last + 1]
    sizes[-1] -= int(total[last]) - n_requests
    return sizes


def within_session(n: int, rng: np.random.Generator, *, median_s: float = 55.0) -> Floats:
    """Return offsets of a sitting's requests from its start: reading takes a minute or so, sometimes much longer."""
    gaps = np.exp(rng.normal(np.log(median_s), 0.9, n))
    gaps[0] = 0.0
    return np.cumsum(gaps)


def commit_bursts(
    rhythm: Rhythm, window: Window, n: int, rng: np.random.Generator, *, per_commit: float = 8.0
) -> Floats:
    """Return ``n`` sorted times in bursts that follow commits in working hours: seconds apart within one."""
    n_commits = max(1, round(n / per_commit))
    _, commits = draw_times(intensity(rhythm, window, rng)[None, :], np.asarray([n_commits]), rng)
    if not len(commits):
        return commits
    which = np.sort(rng.integers(len(commits), size=n))
    times = commits[which] + rng.exponential(40.0, n)  # a job's calls fall within a minute or two
    return np.sort(np.minimum(times, window.seconds - 1.0))


def balanced(n_accounts: int, times: Floats, rng: np.random.Generator, *, evenness: float = 1.0) -> NDArray[np.int64]:
    """Return which account serves each time, as a load balancer deals them.

    Args:
        n_accounts: the size of the pool.
        times: sorted times of the pool's requests.
        rng: the source of chance.
        evenness: 1 is strict round robin in reshuffled order, 0 is free choice.
    """
    rounds = -(-len(times) // n_accounts)
    dealt = np.concatenate([rng.permutation(n_accounts) for _ in range(max(rounds, 1))])[: len(times)]
    is_free = rng.random(len(times)) > evenness
    return np.where(is_free, rng.integers(n_accounts, size=len(times)), dealt).astype(np.int64)
