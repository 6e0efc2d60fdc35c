"""Tests of the rhythm of a group within a population: each test gets what it is about."""

import numpy as np
from planted_traffic import planted

from stillwatch.campaigns.rhythm import Rhythm

DAYS = 28


def test_a_pool_whose_controller_fails_is_found_in_the_whole_log() -> None:
    """Thirty programs of a hundred accounts stop for eight hours; no ban, no rounds: the silence alone is left."""
    rng = np.random.default_rng(1)
    rows = []
    for account in range(100):
        hours = rng.random(rng.poisson(4 * DAYS)) * DAYS * 24
        if account < 30:
            hours = hours[(hours < 205) | (hours > 213)]
        rows += [{"account": f"a{account}", "hours": float(hour), "turn": 0} for hour in hours]
    made = planted(rows, [{"account_id": f"a{i}"} for i in range(100)])
    names = made.population.accounts.names
    pool = np.flatnonzero([int(name[1:]) < 30 for name in names])
    sent = np.flatnonzero(np.isin(made.population.exchanges.account, pool))
    found = {test.name: test for test in Rhythm(made.population, made.entities).assess(pool, sent, seed=0)}
    assert found["shared_silence"].p_value <= 1e-3
    assert "failover" not in found
    strangers = np.flatnonzero([int(name[1:]) >= 70 for name in names])
    theirs = np.flatnonzero(np.isin(made.population.exchanges.account, strangers))
    others = {test.name: test for test in Rhythm(made.population, made.entities).assess(strangers, theirs, seed=0)}
    assert others["shared_silence"].p_value > 0.01


def test_a_group_that_only_goes_on_with_conversations_has_no_rhythm() -> None:
    """Later turns follow their first one and say nothing of when somebody chose to begin."""
    made = planted([{"account": f"a{i}", "hours": float(h), "turn": 1} for i in range(6) for h in range(50)])
    assert Rhythm(made.population, made.entities).assess(np.arange(6), np.arange(300), seed=0) == ()
