"""Print the power of the test of turn taking: pools behind a balancer, by size, volume and how strictly it deals.

Usage: python bench/turn_power.py [--pools 20]
"""

import argparse

import numpy as np

from stillwatch.campaigns.turn_taking import turn_taking
from stillwatch.worlds.rhythm import balanced

DAY_US = 86_400_000_000
DAYS = 14
FAILED = 0.1  # of the requests are sent again by anybody
CASES = [
    (60, 3.0, 0.95),
    (60, 3.0, 0.6),
    (60, 3.0, 0.3),
    (60, 3.0, 0.0),
    (15, 3.0, 0.95),
    (15, 3.0, 0.6),
    (80, 0.5, 0.95),
]


def p_of(n_accounts: int, per_day: float, evenness: float, rng: np.random.Generator) -> float:
    """Return the p-value of one pool; 1 where it is not tested."""
    n = int(rng.poisson(n_accounts * per_day * DAYS))
    at_us = np.sort(rng.integers(0, DAYS * DAY_US, n))
    owner = balanced(n_accounts, at_us / 1e6, rng, evenness=evenness)
    again = rng.integers(n, size=int(FAILED * n))
    member = np.r_[owner, rng.integers(n_accounts, size=len(again))]
    result = turn_taking(member, np.r_[at_us, at_us[again] + 25_000_000], int(rng.integers(1 << 30)))
    return 1.0 if result is None else result.p_value


def main() -> None:
    """Print a row a case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pools", type=int, default=20)
    asked = parser.parse_args()
    rng = np.random.default_rng(1)
    print("accounts  requests an account  evenness  p <= 0.01  p <= 0.0001")
    for n_accounts, per_day, evenness in CASES:
        p = np.array([p_of(n_accounts, per_day, evenness, rng) for _ in range(asked.pools)])
        shares = f"{np.mean(p <= 1e-2):9.2f}  {np.mean(p <= 1e-4):11.2f}"
        print(f"{n_accounts:8}  {per_day * DAYS:19.0f}  {evenness:8.2f}  {shares}")


if __name__ == "__main__":
    main()
