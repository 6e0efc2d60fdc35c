"""Print the power of the test of succession on pools of short lives, and its level on strangers of like lives.

Usage: python bench/succession_power.py [--groups 40]
"""

import argparse

import numpy as np

from stillwatch.campaigns.succession import succession

DAY_US = 86_400_000_000
A_DAY = 15.0  # requests of a life
Drawn = tuple[np.ndarray, np.ndarray]
POOLS = [(20, 14, 2.0, 0.05), (5, 14, 2.0, 0.1), (3, 30, 2.0, 0.2), (10, 30, 3.0, 0.2), (10, 30, 3.0, 1.0),
         (30, 30, 7.0, 0.2), (20, 60, 10.0, 0.5), (100, 14, 2.0, 0.1)]  # fmt: skip
STRANGERS = [(60, 14, 2.0), (30, 30, 1.0), (200, 30, 2.0), (100, 60, 7.0), (1500, 30, 2.0)]
KINDS = ("steady", "workdays", "growth", "fashion")


def in_posts(n_posts: int, days: int, mean: float, gap: float, rng: np.random.Generator) -> Drawn:
    """Return begin and length of lives that follow one another in so many posts."""
    lives = []
    for _ in range(n_posts):
        at = -rng.random() * mean
        while at < days:
            lives.append((at, float(rng.lognormal(np.log(mean), 0.5))))
            at += lives[-1][1] + rng.exponential(gap)
    begun, lasts = np.array(lives).T
    return begun, np.minimum(lasts, days - begun)


def of_strangers(kind: str, n: int, days: int, mean: float, rng: np.random.Generator) -> Drawn:
    """Return begin and length of independent lives."""
    lasts = rng.lognormal(np.log(mean), 0.5, n)
    if kind == "workdays":
        day = rng.integers(0, days * 5 // 7, n)
        return day // 5 * 7 + day % 5 + 0.3 + 0.4 * rng.random(n), lasts
    steady = rng.random(n) * (days + 3 * mean) - 3 * mean
    return {"steady": steady, "growth": days * rng.beta(3, 1, n), "fashion": days * rng.beta(2, 3, n)}[kind], lasts


def p_of(lives: Drawn, days: int, rng: np.random.Generator) -> float:
    """Return the p-value of one group; 1 where it is not tested."""
    begun, lasts = lives
    n = np.maximum(rng.poisson(A_DAY * lasts), 2)
    member = np.repeat(np.arange(len(begun)), n)
    at = begun[member] + rng.random(len(member)) * lasts[member]
    shown = (at >= 0) & (at < days)
    at_us = (at[shown] * DAY_US).astype(np.int64)
    result = succession(member[shown], at_us, (0, days * DAY_US - 1), int(rng.integers(1 << 30)))
    return 1.0 if result is None else result.p_value


def main() -> None:
    """Print a row a case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", type=int, default=40)
    asked = parser.parse_args()
    rng = np.random.default_rng(1)
    print("posts  log in days  life in days  gap in days  p <= 0.05  0.01  0.001")
    for n, days, mean, gap in POOLS:
        p = np.array([p_of(in_posts(n, days, mean, gap, rng), days, rng) for _ in range(asked.groups)])
        print(f"{n:5}  {days:11}  {mean:12.0f}  {gap:11.2f}  {shares(p)}")
    print("strangers  log in days  life in days  beginnings  p <= 0.05  0.01  0.001")
    for kind in KINDS:
        for n, days, mean in STRANGERS:
            p = np.array([p_of(of_strangers(kind, n, days, mean, rng), days, rng) for _ in range(asked.groups)])
            print(f"{n:9}  {days:11}  {mean:12.0f}  {kind:10}  {shares(p)}")


def shares(p: np.ndarray) -> str:
    """Return how often p-values reach three levels."""
    return f"{np.mean(p <= 0.05):9.3f}  {np.mean(p <= 0.01):.3f}  {np.mean(p <= 0.001):.3f}"


if __name__ == "__main__":
    main()
