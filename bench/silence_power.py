"""Print the power of the tests of shared silence and of failover: pools by size, volume, and what happens to them.

Usage: python bench/silence_power.py [--pools 20]

A pool of programs runs round the clock among 1,000 other accounts; its controller fails once for some hours. Or an
eighth of it is banned three times among 300 bans of strangers, and the rest sends more for twelve hours after each.
"""

import argparse

import numpy as np

from stillwatch.campaigns.failover import failover
from stillwatch.campaigns.silence import hourly, shared_silence, speech_of_others
from stillwatch.links.population import MISSING_TIME

DAY_US = 86_400_000_000
HOUR_US = DAY_US // 24
SILENCES = [  # days of the log, accounts, requests an account and day, hours of silence
    (14, 60, 3.0, 2),
    (14, 60, 3.0, 6),
    (14, 15, 3.0, 6),
    (28, 60, 3.0, 2),
    (28, 60, 3.0, 6),
    (28, 60, 0.5, 6),
    (28, 60, 0.5, 12),
    (28, 15, 3.0, 6),
    (28, 15, 3.0, 12),
]
FAILOVERS = [(60, 3.0, 2.0), (60, 3.0, 1.3), (15, 3.0, 2.0), (60, 0.5, 2.0)]  # accounts, requests, times as much after


def p_of_silence(days: int, n: int, per_day: float, hours: int, rng: np.random.Generator) -> float:
    """Return the p-value of one pool; 1 where it is not tested."""
    count = rng.poisson(per_day * days, n)
    member, at_us = np.repeat(np.arange(n), count), rng.integers(0, days * DAY_US, int(count.sum()))
    begins = int(rng.integers(2 * 24, (days - 2) * 24)) * HOUR_US
    kept = (at_us < begins) | (at_us >= begins + hours * HOUR_US)
    member, at_us = member[kept], at_us[kept]
    everybody = np.r_[at_us, rng.integers(0, days * DAY_US, 4_000 * days)]
    table = hourly(everybody, np.zeros(len(everybody), np.int32), 1)
    said = speech_of_others(table, at_us, np.zeros(len(at_us), np.int32))
    found = shared_silence(member, at_us, said, table.start, int(rng.integers(1 << 30)))
    return 1.0 if found is None else found.p_value


def p_of_failover(n: int, per_day: float, rise: float, rng: np.random.Generator) -> float:
    """Return the p-value of one pool; 1 where it is not tested."""
    days = 28
    banned_us = np.full(n + 1_000, MISSING_TIME)
    banned_us[n : n + 300] = rng.integers(DAY_US, (days - 1) * DAY_US, 300)
    rate = np.full((n, days * 24), per_day / 24)
    part = max(n // 8, 1)
    for event, hour in enumerate((7 * 24, 14 * 24 + 7, 21 * 24 + 15)):
        banned_us[event * part : (event + 1) * part] = hour * HOUR_US
        rate[event * part : (event + 1) * part, hour:] = 0.0
        rate[(event + 1) * part :, hour : hour + 12] *= rise
    member, hour = np.repeat(np.indices(rate.shape).reshape(2, -1), rng.poisson(rate).ravel(), axis=1)
    at_us = hour * HOUR_US + rng.integers(HOUR_US, size=len(hour))
    found = failover(member, at_us, np.arange(n), banned_us, (0, days * DAY_US), int(rng.integers(1 << 30)))
    return 1.0 if found is None else found.p_value


def main() -> None:
    """Print a row a case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pools", type=int, default=20)
    asked = parser.parse_args()
    rng = np.random.default_rng(1)
    print("silence: days  accounts  requests a day  hours  p <= 0.01  p <= 0.0001")
    for days, n, per_day, hours in SILENCES:
        p = np.array([p_of_silence(days, n, per_day, hours, rng) for _ in range(asked.pools)])
        shares = f"{np.mean(p <= 1e-2):9.2f}  {np.mean(p <= 1e-4):11.2f}"
        print(f"{days:13}  {n:8}  {per_day:14.1f}  {hours:5}  {shares}")
    print("failover: accounts  requests a day  times as much  p <= 0.05  p <= 0.01")
    for n, per_day, rise in FAILOVERS:
        p = np.array([p_of_failover(n, per_day, rise, rng) for _ in range(asked.pools)])
        print(f"{n:18}  {per_day:14.1f}  {rise:13.1f}  {np.mean(p <= 0.05):9.2f}  {np.mean(p <= 0.01):9.2f}")


if __name__ == "__main__":
    main()
