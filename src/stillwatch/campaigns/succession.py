"""Succession: when one account of a group stops another starts, so that the number at work stays even.

A pool whose accounts are banned, used up or rotated before limits bite replaces each of them by a fresh one. Nothing
starts or stops together; what shows is that, over any one, two or three days, about as many members begin as end. The
statistic is how small these net changes of the number at work are: minus the bits of the sum of their squares.

Guarantee: the null is that members are independent draws from some population, whatever its habits. Two p-values are
computed, and the larger one counts.

- *Coins.* The square of a net change is then, on average, the number of those who begin or end, and more where there is
  growth, a fashion or decline. So each life, kept in its place, is given a fair coin: heads it counts as it is, tails
  with beginning and end exchanged. Coins leave all covariances of the net changes as they are and take the drift away;
  for many lives their law is the null's without drift, and drift makes changes larger (Anderson 1955). What
  happens to many at once is the chance of a few days, however many they are: a provider's wave of bans after which all
  come back at once proves nothing.
- *Shifts.* Each life that the log shows whole might as well have been lived some days earlier or later within its week
  (interval jitter, Amarasingham and others 2012). Where lives are few and short, a beginning brings an end so soon that
  coins would call it even; shifts keep that.

Each is a rank among draws, extended by the tail of ``control``. The third of the days with the largest changes is left
out, for a pool has to begin and to end.

An edge of the log cuts lives: what may lie beyond it is neither beginning nor end. Only groups are tested most of whose
members are seen to begin or to end within the log.

What breaks it: posts that somebody honest fills again one by one (a firm's rotation of keys, temporary staff, a course
with so many places a day). They do follow one another; it is one hand, and no purpose.

Source: index of dispersion, Fisher 1950, The significance of deviations from expectation in a Poisson series; random
signs, Davison and Hinkley 1997, section 4.3; ours: docs/decisions/0042-succession.md.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from stillwatch.campaigns.control import tail_p_value
from stillwatch.campaigns.coordination import DAY_US, TestResult
from stillwatch.links.population import BoolArray, FloatArray, IntArray

N_DRAWS: Final = 999
LEAST_DRAWS: Final = 199
MOST_DRAWN: Final = 20_000_000  # lives of all draws: a second or two, however large the group
WEEK: Final = 7
AT_ONCE: Final = 1_000_000  # of them in memory together: some 10 MB
LAGS: Final = (1, 2, 3)  # days: a successor may come the day after
MOSTLY: Final = 2 / 3  # of the days count
LEAST_WHOLE: Final = 24  # lives that begin and end within the log, on different days
LEAST_BUSY: Final = 6  # days with events of different lives: fewer are no series
LEAST_SHARE: Final = 0.5  # of the members begin or end within the log: a pool lives so, not a few of its accounts
ROUNDING: Final = 0.25  # of an event, squared: whole lives cannot be spread more evenly
QUANTUM: Final = 0.05  # bits


@dataclass(frozen=True, slots=True)
class Lives:
    """When members were at work, in days from the first on which a beginning is seen.

    Args:
        start: (n,) day of the first request; before 0: not seen to begin.
        stop: (n,) day of the last request; from ``n_days`` on: not seen to end.
        n_days: days on which beginnings and ends are seen.
    """

    start: IntArray
    stop: IntArray
    n_days: int

    @classmethod
    def of(cls, member: IntArray, at_us: IntArray, span_us: tuple[int, int]) -> Self:
        """Return the life of each member; the first and the last day of the log are its edges."""
        order = np.lexsort((at_us, member))
        _, place, count = np.unique(member[order], return_index=True, return_counts=True)
        first, last = span_us[0] // DAY_US + 1, span_us[1] // DAY_US - 1
        start, stop = (at_us[order][at] // DAY_US - first for at in (place, place + count - 1))
        return cls(start, stop, max(int(last - first + 1), 0))

    @property
    def begins(self) -> BoolArray:
        """Return which beginnings are seen."""
        return np.asarray((self.start >= 0) & (self.start < self.n_days), np.bool_)

    @property
    def ends(self) -> BoolArray:
        """Return which ends are seen."""
        return np.asarray((self.stop >= 0) & (self.stop < self.n_days), np.bool_)

    def changes(self) -> npt.NDArray[np.float32]:
        """Return what each life adds to the number at work on each day, (n, n_days): 1, -1 or nothing."""
        found = np.zeros((len(self.start), self.n_days), np.float32)
        begins, ends = np.flatnonzero(self.begins), np.flatnonzero(self.ends)
        found[begins, self.start[begins]] += 1.0
        found[ends, self.stop[ends]] -= 1.0
        return found


def succession(member: IntArray, at_us: IntArray, span_us: tuple[int, int], seed: int) -> TestResult | None:
    """Return the test of one group; null where too few of its members come and go within the log.

    Args:
        member: (n,) who sent each request.
        at_us: (n,) when, in microseconds.
        span_us: the first and the last moment of the log.
        seed: of the draws.
    """
    lives = Lives.of(member, at_us, span_us)
    is_whole = lives.begins & lives.ends & (lives.start < lives.stop)
    changes = lives.changes()
    if (
        np.count_nonzero(is_whole) < LEAST_WHOLE
        or np.count_nonzero(lives.begins | lives.ends) < LEAST_SHARE * len(lives.start)
        or np.count_nonzero(np.abs(changes).sum(axis=0) >= 2) < LEAST_BUSY
    ):
        return None
    value = float(_evenness(changes.sum(axis=0)[None, :])[0])
    rng = np.random.default_rng(seed)
    n_draws = int(np.clip(MOST_DRAWN // len(changes), LEAST_DRAWS, N_DRAWS))
    step = max(AT_ONCE // len(changes), 1)
    parts = [min(step, n_draws - done) for done in range(0, n_draws, step)]
    coins = np.concatenate([_evenness(_signs(n, len(changes), rng) @ changes) for n in parts])
    is_moved = lives.begins & lives.ends
    still = changes[~is_moved].sum(axis=0)
    shifted = np.concatenate([_evenness(_shifted(lives, is_moved, n, rng) + still) for n in parts])
    nulls = ((coins, "draws of coins for its lives"), (shifted, "shifts of its lives within their weeks"))
    null, drawn = max(nulls, key=lambda one: tail_p_value(value, one[0], QUANTUM))
    return TestResult(
        "succession",
        "rhythm",
        "members who come and go whatever the others do keep the number at work as even",
        value,
        float(np.mean(null)),
        float(np.quantile(null, 0.99)),
        tail_p_value(value, null, QUANTUM),
        len(null),
        False,
        drawn=drawn,
    )


def _signs(n_rows: int, n: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return fair coins, 1 and -1, (n_rows, n)."""
    return np.where(rng.random((n_rows, n), np.float32) < 0.5, np.float32(1), np.float32(-1))


def _shifted(lives: Lives, is_moved: BoolArray, n_rows: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return the net changes, (n_rows, n_days), of lives shifted within the weeks of their beginnings."""
    start, length = lives.start[is_moved], (lives.stop - lives.start)[is_moved]
    week = start // WEEK * WEEK
    n_places = np.minimum(week + WEEK, lives.n_days - length) - week
    begun = week + rng.integers(0, n_places, (n_rows, len(start))) + np.arange(n_rows)[:, None] * lives.n_days
    size = n_rows * lives.n_days
    net = np.bincount(begun.ravel(), minlength=size) - np.bincount((begun + length).ravel(), minlength=size)
    return net.reshape(n_rows, lives.n_days).astype(np.float32)


def _evenness(change: npt.NDArray[np.float32]) -> FloatArray:
    """Return, for each row of changes from day to day, minus the bits of the squares of what they come to."""
    sums = np.concatenate([np.zeros((len(change), 1)), np.cumsum(change, axis=1, dtype=np.float64)], axis=1)
    total = np.full(len(change), ROUNDING * change.shape[1])
    for lag in LAGS:
        squares = np.sort((sums[:, lag:] - sums[:, :-lag]) ** 2, axis=1)
        total += squares[:, : int(np.ceil(MOSTLY * squares.shape[1]))].sum(axis=1) / lag
    return np.asarray(-np.log2(total), np.float64)
