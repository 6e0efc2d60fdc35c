"""Tests of succession: accounts replaced one by one are found; growth, fashions, weekends and waves of bans are not."""

import numpy as np
import pytest
from scipy.stats import binom

from stillwatch.campaigns.coordination import TestResult as Outcome
from stillwatch.campaigns.succession import succession

DAY_US = 86_400_000_000
DAYS = 30
A_DAY = 12  # requests of a life


def traffic(begun: np.ndarray, lasts: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return who sent when, of lives in days, as far as a log of ``DAYS`` shows them."""
    n = np.maximum(rng.poisson(A_DAY * lasts), 2)
    member = np.repeat(np.arange(len(begun)), n)
    at = begun[member] + rng.random(len(member)) * lasts[member]
    shown = (at >= 0) & (at < DAYS)
    return member[shown], (at[shown] * DAY_US).astype(np.int64)


def assess(member: np.ndarray, at_us: np.ndarray, seed: int = 0) -> Outcome | None:
    """Return the test of a group that is all there is in the log."""
    return succession(member, at_us, (0, DAYS * DAY_US - 1), seed)


def replaced(n_at_work: int, mean: float, rng: np.random.Generator, gap: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Return begin and length of lives in so many posts: when one ends, the next begins within hours."""
    begun, lasts = [], []
    for _ in range(n_at_work):
        at = -rng.random() * mean
        while at < DAYS:
            life = rng.lognormal(np.log(mean), 0.5)
            begun.append(at)
            lasts.append(life)
            at += life + rng.exponential(gap)
    return np.array(begun), np.array(lasts)


@pytest.mark.parametrize(("n_at_work", "mean"), [(5, 2.0), (10, 3.0), (30, 6.0)])
def test_a_pool_whose_accounts_are_replaced_one_by_one_is_found(n_at_work: int, mean: float) -> None:
    """Lives of two to six days, each followed by another within hours: most pools reach a hundredth."""
    rng = np.random.default_rng(1)
    found = [assess(*traffic(*replaced(n_at_work, mean, rng), rng), seed) for seed in range(10)]
    assert sum(one is not None and one.p_value <= 0.01 for one in found) >= 8


def strangers(kind: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return begin and length of eighty independent lives of two days or so."""
    n, lasts = 80, rng.lognormal(np.log(2.0), 0.5, 80)
    if kind == "steady":
        return rng.random(n) * (DAYS + 6) - 6, lasts
    if kind == "workdays":
        day = rng.integers(0, DAYS * 5 // 7, n)
        return day // 5 * 7 + day % 5 + 0.3 + 0.4 * rng.random(n), lasts
    return {"growth": DAYS * rng.beta(3, 1, n), "fashion": DAYS * rng.beta(2, 3, n)}[kind], lasts


@pytest.mark.parametrize("kind", ["steady", "workdays", "growth", "fashion"])
def test_strangers_are_called_no_more_often_than_stated(kind: str) -> None:
    """Independent lives give p no smaller than stated, whatever the density of their beginnings."""
    rng = np.random.default_rng(2)
    found = [assess(*traffic(*strangers(kind, rng), rng), seed) for seed in range(100)]
    p = np.array([1.0 if one is None else one.p_value for one in found])
    for level in (0.01, 0.05, 0.2):
        assert np.count_nonzero(p <= level) <= binom.ppf(0.999, len(p), level)


def test_a_wave_of_bans_proves_nothing() -> None:
    """Forty keys banned on one day, and again ten days on, come back the same day each time: two events, no series."""
    rng = np.random.default_rng(3)
    for seed in range(5):
        begun = np.repeat([-5.0, 10.2, 20.2], 40)
        lasts = np.repeat([15.0, 9.8, 30.0], 40)
        found = assess(*traffic(begun, lasts, rng), seed)
        assert found is None or found.p_value > 0.01


def test_a_wave_among_keys_that_come_and_go_proves_nothing() -> None:
    """Sixty independent lives, of which a third ends in one wave of bans and comes back at once."""
    rng = np.random.default_rng(4)
    p = []
    for seed in range(20):
        begun, lasts = strangers("steady", rng)
        struck = rng.choice(len(begun), 25, replace=False)
        begun[struck], lasts[struck] = 14.0 - rng.random(25) * 6, 1.0
        lasts[struck] = 14.4 - begun[struck]
        again = np.full(25, 14.5)
        found = assess(*traffic(np.r_[begun, again], np.r_[lasts, rng.lognormal(1.0, 0.5, 25)], rng), seed)
        p.append(1.0 if found is None else found.p_value)
    assert np.count_nonzero(np.array(p) <= 0.01) <= 2


def test_what_an_edge_of_the_log_cuts_is_no_event() -> None:
    """Customers who were there before and stay on, or few who come and go, are not tested."""
    rng = np.random.default_rng(5)
    assert assess(*traffic(np.full(40, -10.0), np.full(40, 60.0), rng)) is None
    begun = np.r_[np.full(60, -10.0), 3.0 + rng.random(20) * 20]
    assert assess(*traffic(begun, np.r_[np.full(60, 60.0), np.full(20, 3.0)], rng)) is None


def test_the_order_of_rows_and_the_names_of_members_change_nothing() -> None:
    """The same requests in another order, of members by other numbers, give the same outcome."""
    rng = np.random.default_rng(6)
    member, at_us = traffic(*replaced(5, 2.0, rng), rng)
    order = rng.permutation(len(member))
    assert assess(member, at_us) == assess(3 * member[order] + 7, at_us[order])
