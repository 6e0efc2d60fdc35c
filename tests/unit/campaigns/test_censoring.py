"""Tests of who was seen to begin and to stop: a log's edges are neither."""

from datetime import timedelta

import numpy as np
import pytest
from planted_traffic import at, planted

from stillwatch.campaigns.censoring import LEVEL, Lives, chance_of_silence, lives_of
from stillwatch.links.population import MISSING_TIME

DAYS = 28


def sent(name: str, hours: object) -> list[dict]:
    """Return requests of one account."""
    return [{"account": name, "hours": float(hour)} for hour in np.sort(np.asarray(hours, float))]


def seen(rows: list[dict], facts: list[dict] | None = None) -> dict[str, tuple[bool, bool]]:
    """Return, for each account, whether it was seen to begin and to stop; the log runs for ``DAYS`` days."""
    edges = [{"account": "edge", "hours": 0.0}, {"account": "edge", "hours": 24.0 * DAYS}]
    made = planted(rows + edges, facts)
    lives = lives_of(made.population, made.entities)
    return {
        name: (bool(lives.has_begun[made.entity(name)]), bool(lives.has_stopped[made.entity(name)]))
        for name in made.population.accounts.names
    }


def office(first_day: int, n_days: int) -> np.ndarray:
    """Return ten requests in the eight hours of each working day; day 0 is a Saturday."""
    days = [day for day in range(first_day, first_day + n_days) if day % 7 >= 2]
    return np.concatenate([24.0 * day + 9 + np.linspace(0, 8, 10) for day in days])


def test_old_customers_neither_begin_nor_stop() -> None:
    """Who sends at an even rate through the whole log has its first and last request near the edges, for that alone."""
    rng = np.random.default_rng(1)
    rows = [row for i in range(40) for row in sent(f"old-{i}", rng.uniform(0, 24 * DAYS, 30))]
    found = [both for name, both in seen(rows).items() if name.startswith("old")]
    assert np.mean([begun for begun, _ in found]) <= 2 * LEVEL
    assert np.mean([stopped for _, stopped in found]) <= 2 * LEVEL


def test_a_weekend_at_the_log_s_edge_is_no_beginning() -> None:
    """An office whose log starts on a Saturday begins on Monday, as it does each week."""
    assert seen(sent("office", office(0, DAYS)))["office"] == (False, False)


def test_an_account_that_starts_and_stops_within_the_log_was_seen_to() -> None:
    """A steady week in the middle of a month is a life with both of its ends."""
    assert seen(sent("pool", 24 * 10 + np.linspace(0, 24 * 7, 80)))["pool"] == (True, True)


def test_one_sitting_says_nothing_of_when_an_account_began() -> None:
    """Fifty requests of one afternoon are one visit: who comes once a month would look the same."""
    assert seen(sent("guest", 24 * 14 + np.linspace(0, 3, 50)))["guest"] == (False, False)


def test_a_silence_no_longer_than_one_of_its_own_is_no_beginning() -> None:
    """Who has paused for ten days may have paused for six when the log began."""
    rare = np.concatenate([24 * 6 + np.linspace(0, 96, 60), 24 * 20 + np.linspace(0, 24 * 8, 90)])
    assert seen(sent("rare", rare))["rare"] == (False, False)


def test_the_table_of_accounts_knows_better() -> None:
    """Who was made within the log began in it, with one request; who was banned within it stopped."""
    rows = sent("new", [30.0]) + sent("banned", [20.0]) + sent("old", [30.0])
    facts = [
        {"account_id": "new", "created_at": at(29)},
        {"account_id": "old", "created_at": at(0) - timedelta(days=90)},
        {"account_id": "banned", "banned_at": at(21)},
    ]
    found = seen(rows, facts)
    assert (found["new"], found["old"], found["banned"]) == ((True, False), (False, False), (False, True))


def test_an_organisation_began_when_all_of_it_did() -> None:
    """One new account of a folded organisation does not make an old customer a beginner."""
    facts = [{"account_id": name, "organisation_id": "org", "is_verified": True} for name in ("first", "second")]
    facts[1]["created_at"] = at(24 * 20)
    found = seen(sent("first", np.linspace(1, 24 * 27, 60)) + sent("second", [24 * 20.5]), facts)
    assert found["second"] == (False, False)


def test_two_days_of_old_customers_show_no_start_at_all() -> None:
    """The first requests of a log of two days lie hours apart, whoever sent them."""
    rng = np.random.default_rng(2)
    rows = [{"account": f"a{i}", "hours": float(h)} for i in range(60) for h in np.sort(rng.uniform(0, 48, 40))]
    made = planted(rows)
    lives: Lives = lives_of(made.population, made.entities)
    assert not lives.has_begun.any()
    assert not lives.has_stopped.any()
    assert np.all(lives.begun_us == MISSING_TIME)
    assert np.all(lives.stopped_us == MISSING_TIME)


@pytest.mark.parametrize(("quiet", "spanned", "n", "expected"), [(1, 3, 2, 9 / 16), (5, 5, 1, 0.5), (7, 0, 0, 1.0)])
def test_the_chance_of_a_silence_is_that_of_uniform_moments(quiet: int, spanned: int, n: int, expected: float) -> None:
    """Each request misses the quiet part with the share that the rest has of the whole; none at all always does."""
    found = chance_of_silence(np.array([quiet]), np.array([spanned]), np.array([float(n)]))
    assert found[0] == pytest.approx(expected)
