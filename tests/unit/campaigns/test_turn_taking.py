"""Tests of turn taking: planted balancers are found, habits and office hours are not."""

import numpy as np
import pytest
from scipy.stats import binom

from stillwatch.campaigns import turn_taking as turn_taking_module
from stillwatch.campaigns.turn_taking import LEAST_ROUNDS, MOST_UNEVEN, turn_taking
from stillwatch.worlds.rhythm import balanced

DAY_US = 86_400_000_000
HOUR_US = DAY_US // 24
Sent = tuple[np.ndarray, np.ndarray]


def dealt(rng: np.random.Generator, m: int, per_day: float, evenness: float, failed: float = 0.1) -> Sent:
    """Return who sent when in a pool behind a balancer; what failed is sent again by anybody."""
    n = rng.poisson(m * per_day * 14)
    at_us = np.sort(rng.integers(0, 14 * DAY_US, n))
    owner = balanced(m, at_us / 1e6, rng, evenness=evenness)
    again = rng.integers(n, size=int(failed * n))
    return np.r_[owner, rng.integers(m, size=len(again))], np.r_[at_us, at_us[again] + 25_000_000]


def at_work(rng: np.random.Generator, m: int) -> Sent:
    """Return who sent when in one office: weekdays, from nine to five of one zone, each as it pleases."""
    zone = int(rng.integers(24))
    sent = []
    for member in range(m):
        for day in range(14):
            if day % 7 < 5:
                hours = (zone + rng.random(rng.poisson(4)) * 8) % 24
                sent += [(member, int(day * DAY_US + hour * HOUR_US)) for hour in hours]
    member, at_us = np.array(sent).T
    return member, at_us


def by_habit(rng: np.random.Generator, m: int) -> Sent:
    """Return who sent when among people with fixed hours of their own, on most days: regular, yet alone."""
    sent = []
    for member in range(m):
        hours = np.sort(rng.random() + np.arange(3) / 3) % 1
        for day in np.flatnonzero(rng.random(14) < 0.9):
            times = (day + np.clip(hours + rng.normal(0, 0.02, 3), 0, 0.999)) * DAY_US
            sent += [(member, int(at_us)) for at_us in times]
    member, at_us = np.array(sent).T
    return member, at_us


def p_of(sent: Sent, seed: int) -> float:
    """Return the p-value of a sample that must be tested."""
    result = turn_taking(*sent, seed)
    assert result is not None
    return result.p_value


@pytest.mark.parametrize(("m", "evenness", "level"), [(60, 0.95, 1e-6), (60, 0.6, 5e-3), (15, 0.95, 5e-3)])
def test_a_balancer_is_found(m: int, evenness: float, level: float) -> None:
    """Pools dealt to in turn stand out, also where the balancer chooses freely four times in ten."""
    rng = np.random.default_rng(1)
    p = sorted(p_of(dealt(rng, m, 3.0, evenness), seed) for seed in range(8))
    assert p[6] <= level


@pytest.mark.parametrize("null", [at_work, by_habit, lambda rng, m: dealt(rng, m, 3.0, 0.0)])
def test_who_is_independent_of_the_others_is_called_no_more_often_than_stated(null) -> None:
    """Office hours, habits and free choice give p at or below a level about as often as it says."""
    rng = np.random.default_rng(2)
    p = np.array([p_of(null(rng, 25), seed) for seed in range(60)])
    for level in (0.02, 0.1, 0.3):
        assert np.count_nonzero(p <= level) <= binom.ppf(0.9995, len(p), level)


def test_neither_order_nor_names_nor_a_shift_of_everything_matters() -> None:
    """The statistic is the same for the same requests in another order, and days later."""
    rng = np.random.default_rng(3)
    member, at_us = dealt(rng, 20, 3.0, 0.6)
    shuffled = rng.permutation(len(member))
    first = turn_taking(member, at_us, 0)
    for sent in ((member[shuffled], at_us[shuffled]), (member + 7, at_us), (member, at_us + 5 * DAY_US)):
        other = turn_taking(*sent, 0)
        assert first is not None
        assert other is not None
        assert other.statistic == first.statistic


def test_who_shares_unequally_or_sends_little_is_not_tested() -> None:
    """Counts decide that before any time is looked at."""
    rng = np.random.default_rng(4)
    member, at_us = dealt(rng, 20, 3.0, 0.95)
    assert turn_taking(member[: 20 * LEAST_ROUNDS - 1], at_us[: 20 * LEAST_ROUNDS - 1], 0) is None
    unequal = np.r_[np.zeros(4000, np.int64), member]
    assert np.bincount(unequal).std() / np.bincount(unequal).mean() > MOST_UNEVEN
    assert turn_taking(unequal, rng.integers(0, 14 * DAY_US, len(unequal)), 0) is None
    assert turn_taking(np.zeros(0, np.int64), np.zeros(0, np.int64), 0) is None


def test_of_a_large_group_some_members_tell_as_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool whose requests are too many to look at all is found by some of its members, and an office is not."""
    rng = np.random.default_rng(11)
    pool, office = dealt(rng, 240, 3.0, 0.95), at_work(rng, 200)
    whole = turn_taking(*pool, 0)
    monkeypatch.setattr(turn_taking_module, "MOST_REQUESTS", 2_000)
    sizes = []
    monkeypatch.setattr(
        turn_taking_module,
        "_roundness",
        lambda member, m, f=turn_taking_module._roundness: (sizes.append((member.shape[1], m)), f(member, m))[1],
    )
    some = turn_taking(*pool, 0)
    assert whole is not None
    assert some is not None
    assert some.p_value < 1e-6
    assert abs(some.statistic - whole.statistic) < 0.05
    assert all(0.8 * 2_000 < n < 1.2 * 2_000 and 40 < m < 60 for n, m in sizes)
    assert np.median([p_of(office, seed) for seed in range(9)]) > 0.05


def plain_roundness(sequence: list[int], m: int) -> float:
    """The statistic by its definition: sets of members, block by block, cut in eight ways, the best of each stretch."""
    n = len(sequence)
    n_stretches = max(n // (turn_taking_module.STRETCH_ROUNDS * m), 1)
    best = [0.0] * n_stretches
    for step in range(turn_taking_module.N_OFFSETS):
        shift = step * m // turn_taking_module.N_OFFSETS
        shares: list[list[float]] = [[] for _ in range(n_stretches)]
        for block in range((n - 1 + shift) // m + 1):
            places = range(block * m - shift, (block + 1) * m - shift)
            if places[0] >= 0 and places[-1] < n:
                stretch = min(block // turn_taking_module.STRETCH_ROUNDS, n_stretches - 1)
                shares[stretch].append(len({sequence[i] for i in places}) / m)
        best = [max(high, sum(one) / max(len(one), 1)) for high, one in zip(best, shares, strict=True)]
    return sum(best) / n_stretches


@pytest.mark.parametrize(("m", "n"), [(3, 12), (5, 23), (7, 70), (40, 333), (300, 1500)])
def test_the_statistic_is_the_mean_share_of_members_in_a_round(m: int, n: int) -> None:
    """Found by who came before, or by sets of each block's members, the statistic is the same in every row."""
    rows = np.random.default_rng(n).integers(0, m, (4, n))
    expected = [plain_roundness(row.tolist(), m) for row in rows]
    assert turn_taking_module._roundness(rows, m) == pytest.approx(expected, abs=1e-12)


def test_permuted_versions_are_orders_of_times() -> None:
    """Each version is an order of all requests in which every member keeps its hours, and its days in another order."""
    rng = np.random.default_rng(3)
    member, at_us = dealt(rng, 12, 5.0, 0.5)
    day, hour = at_us // DAY_US, at_us % DAY_US
    whole = [order for rows in turn_taking_module._dithered(member, at_us, rng) for order in rows]
    assert len(whole) == turn_taking_module.N_PERMUTATIONS
    moved = 0
    for order in whole[:20]:
        assert sorted(order.tolist()) == list(range(len(member)))
        for one in range(12):
            mine = order[member[order] == one]
            runs = np.split(mine, np.flatnonzero(np.diff(day[mine])) + 1)
            assert len(runs) == len(np.unique(day[member == one]))  # what it did on a day stays together
            assert all(np.all(np.diff(hour[run]) >= 0) for run in runs)
            moved += not np.array_equal(
                mine, np.flatnonzero(member == one)[np.argsort(at_us[member == one], kind="stable")]
            )
    assert moved > 100


def test_permuting_leaves_a_single_day_in_its_order() -> None:
    """Where each member has one active day, no version differs from what was."""
    rng = np.random.default_rng(4)
    member, at_us = rng.integers(0, 6, 60), rng.integers(0, DAY_US, 60) // 1000 * 1000 + 3 * DAY_US
    for rows in turn_taking_module._dithered(member, at_us, rng):
        assert np.all(rows == np.argsort(at_us, kind="stable"))
