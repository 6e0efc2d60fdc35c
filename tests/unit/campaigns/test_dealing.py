"""Tests of the tests of dealing: exact, honest under the null, and silent where nothing could be passed on."""

from dataclasses import replace
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_lists import Traffic, handed
from planted_traffic import Planted, planted

from stillwatch.campaigns import dealing
from stillwatch.campaigns.coordination import TestResult as Outcome
from stillwatch.campaigns.coordination import combined_p_value
from stillwatch.campaigns.dealing import LEAST_CHANCES, LEAST_EXACT_P, Dealing, is_of_few, passed_on
from stillwatch.campaigns.group import Group
from stillwatch.links.handover import HandOvers, Succession

ERROR = 1e-6  # chance that a test which keeps its promise fails here


def excess(p: np.ndarray) -> float:
    """Return the largest amount by which the share of p-values at or below any t exceeds t."""
    ordered = np.sort(p)
    return float(np.max(np.arange(1, len(ordered) + 1) / len(ordered) - ordered))


def most_excess(n: int) -> float:
    """Return what ``excess`` of n super-uniform p-values passes with probability ``ERROR`` at most (Massart 1990)."""
    return float(np.sqrt(np.log(1 / ERROR) / (2 * n)))


def group_of(made: Planted, prefix: str, channel: str = "content", seen_elsewhere: tuple[int, int] = (0, 0)) -> Group:
    """Return the group of the accounts whose names begin so, with all that they sent."""
    names = made.population.accounts.names
    members = np.unique([made.entity(name) for name in names if name.startswith(prefix)])
    rows = np.flatnonzero(np.isin(made.entities.of_account[made.population.exchanges.account], members))
    sure = np.ones(len(members))
    return Group(channel, np.zeros(0, np.int64), members, sure, rows, np.ones(len(rows)), seen_elsewhere)


def outcomes(made: Planted, group: Group) -> dict[str, Outcome]:
    """Return the outcome of each test of a group by name."""
    return {result.name: result for result in Dealing(made.population, made.entities, *handed(made)).assess(group)}


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_the_sign_test_is_the_binomial_tail(n_forward: int, n_mirrored: int) -> None:
    """The p-value is the probability of as many heads of a fair coin, summed exactly; nothing seen proves nothing."""
    n = n_forward + n_mirrored
    exact = sum(comb(n, k) for k in range(n_forward, n + 1)) / 2**n
    result = passed_on("passed_on", n_forward, n_mirrored, is_selection=False)
    assert result.p_value == pytest.approx(max(exact, LEAST_EXACT_P), rel=1e-9)
    assert (result.statistic, result.null_mean, result.n_controls) == (n_forward, n / 2, 0)
    if n:
        assert sum(comb(n, k) for k in range(int(result.null_high) + 1)) / 2**n >= 0.99


def test_where_signs_are_fair_coins_p_values_are_no_smaller_than_chance() -> None:
    """Over groups of strangers of any size, p-values of the sign test are super-uniform."""
    rng = np.random.default_rng(1)
    total = rng.geometric(0.05, 4000)
    forward = rng.binomial(total, 0.5)
    p = np.array(
        [
            passed_on("passed_on", int(f), int(n - f), is_selection=False).p_value
            for f, n in zip(forward, total, strict=True)
        ]
    )
    assert excess(p) <= most_excess(len(p))
    assert np.count_nonzero(p <= 0.05) > 40  # it rejects at all


def random_links(rng: np.random.Generator, n_entities: int, n_pairs: int) -> tuple[Planted, Succession, HandOvers]:
    """Return strangers, half of whose successions are hand-overs by a fair coin and half of them mirror images."""
    made = planted(
        [{"account": f"o{i:03d}", "hours": i, "prompt_hash": i + 1, "status": 200} for i in range(n_entities)]
    )
    weight = rng.exponential(size=n_entities)
    ends = np.array([rng.choice(n_entities, 2, replace=False, p=weight / weight.sum()) for _ in range(n_pairs)])
    forward = rng.random(n_pairs) < 0.5
    pairs = Succession(ends[:, 0], ends[:, 1], forward, ~forward, np.ones(n_pairs))
    found = HandOvers(ends[forward, 0], ends[forward, 1], np.ones(int(forward.sum())), int((~forward).sum()), 0.0)
    return made, pairs, found


@pytest.mark.parametrize(("n_entities", "n_pairs"), [(150, 40), (60, 80)])
def test_a_large_connected_group_is_as_rare_among_strangers_as_its_p_value_says(
    n_entities: int, n_pairs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all links are chance, the size test of the largest connected group in the log is super-uniform."""
    monkeypatch.setattr(dealing, "N_RANDOM_LINKINGS", 99)
    rng = np.random.default_rng(n_entities)
    p = []
    for _ in range(250):
        made, pairs, found = random_links(rng, n_entities, n_pairs)
        everybody = group_of(made, "o", "hand_over")
        (result,) = (
            r
            for r in Dealing(made.population, made.entities, pairs, found).assess(everybody)
            if r.name == "passed_round"
        )
        p.append(result.p_value)
    assert excess(np.array(p)) <= most_excess(len(p))


def test_a_pool_passes_on_and_strangers_do_not() -> None:
    """A pool that content proposed has a tiny p-value, counted; people, a class and a crowd have none."""
    traffic = Traffic(3)
    traffic.pool()
    traffic.strangers()
    traffic.classroom()
    traffic.viral()
    made = traffic.made()
    found = outcomes(made, group_of(made, "p"))
    assert set(found) == {"passed_on"}
    assert found["passed_on"].p_value < 1e-9
    assert not found["passed_on"].is_selection
    assert combined_p_value(tuple(found.values())) == found["passed_on"].p_value
    for prefix in "osv":
        assert all(result.p_value > 0.01 for result in outcomes(made, group_of(made, prefix)).values())


def test_what_formed_the_group_is_shown_and_the_other_tests_count() -> None:
    """A group by hand-overs has its own sign test as selection; elsewhere and size count, and elsewhere is as told."""
    traffic = Traffic(4)
    traffic.pool()
    traffic.strangers()
    made = traffic.made()
    found = outcomes(made, group_of(made, "p", "hand_over", (9, 1)))
    assert {name: result.is_selection for name, result in found.items()} == {
        "passed_on": True,
        "passed_on_elsewhere": False,
        "passed_round": False,
    }
    assert found["passed_on_elsewhere"].p_value == pytest.approx(11 / 1024)
    assert found["passed_round"].statistic == 16
    assert found["passed_round"].p_value < 1e-4
    assert {result.kind for result in found.values()} == {"work_list"}


def test_links_outside_the_members_do_not_connect_them() -> None:
    """The size counts members linked by members alone: who is left out of the group links nobody in it."""
    n = 30
    made = planted([{"account": f"o{i:03d}", "hours": i, "prompt_hash": i + 1, "status": 200} for i in range(n)])
    chain = np.arange(n - 1)
    pairs = Succession(chain, chain + 1, np.ones(n - 1, bool), np.zeros(n - 1, bool), np.ones(n - 1))
    found = HandOvers(chain, chain + 1, np.ones(n - 1), 0, 0.0)
    every = group_of(made, "o", "hand_over")
    assessed = Dealing(made.population, made.entities, pairs, found)
    for left_out, size in (([], 30), ([10], 19), ([10, 20], 10), (list(range(0, 30, 2)), 1)):
        members = np.setdiff1d(every.entities, left_out)
        (result,) = (r for r in assessed.assess(replace(every, entities=members)) if r.name == "passed_round")
        assert result.statistic == size


def failing(n_failures: int, **columns: object) -> Planted:
    """Return eight accounts with prompts of their own, of which so many fail."""
    rows = [
        {"account": f"p{i % 8}", "hours": i, "prompt_hash": i + 1, "status": 429 if i < n_failures else 200, **columns}
        for i in range(80)
    ]
    return planted(rows)


def test_it_takes_failures_to_say_that_nothing_was_passed_on() -> None:
    """With hardly any failure there is no test; with some, none passed on is a p-value of 1 that counts."""
    few, enough = failing(LEAST_CHANCES - 1), failing(LEAST_CHANCES)
    assert outcomes(few, group_of(few, "p")) == {}
    assert outcomes(enough, group_of(enough, "p"))["passed_on"].p_value == 1.0


def test_a_failed_turn_of_a_conversation_is_no_chance() -> None:
    """What fails within a conversation goes on there, so it says nothing of whether a queue stands behind it."""
    talks = failing(40, conversation_id="talk")
    assert outcomes(talks, group_of(talks, "p")) == {}


@pytest.mark.parametrize("hidden", ["status", "prompt_hash", "everything"])
def test_without_outcomes_or_prompts_there_is_no_test(hidden: str) -> None:
    """A log that does not say what failed, or what was asked, is not tested, and neither is an empty one."""
    traffic = Traffic(5)
    traffic.pool()
    rows = [] if hidden == "everything" else [{**row, hidden: None} for row in traffic.rows]
    if hidden == "prompt_hash":
        rows = [{**row, "has_prompt": False} for row in rows]
    made = planted(rows)
    assert outcomes(made, group_of(made, "p")) == {}
    assert outcomes(made, group_of(made, "p", "hand_over")) == {}


def test_among_all_pairs_a_queue_is_told_sooner_than_by_the_sign_alone() -> None:
    """Five of five pairs handed over are worth more than five heads; five among a hundred are worth no more."""
    sign = passed_on("passed_on", 5, 0, is_selection=False).p_value
    assert passed_on("passed_on", 5, 0, (5, 5), is_selection=False).p_value == pytest.approx(2 * 0.25**5)
    assert passed_on("passed_on", 5, 0, (5, 100), is_selection=False).p_value == pytest.approx(2 * sign)


def test_a_pool_that_repeats_nothing_but_failures_pays_for_all_pairs() -> None:
    """Whatever order its rows have, every pair of a small pool is a hand-over and counts at a quarter each."""
    rows = []
    for i in range(6):
        sent = {"prompt_hash": 50 + i, "hours": 30.0 * ((i * 5) % 6)}
        rows.append({**sent, "account": f"p{i}", "status": 429})
        rows.append({**sent, "account": f"p{(i + 1) % 6}", "status": 200, "hours": sent["hours"] + 0.01})
    rows += [{"account": f"o{i % 20}", "prompt_hash": 1000 + i, "hours": i, "status": 200} for i in range(200)]
    made = planted(rows)
    assert outcomes(made, group_of(made, "p"))["passed_on"].p_value == pytest.approx(2 * 0.25**6)


@pytest.mark.parametrize("failing", ["at one rate", "by item", "half"])
def test_among_all_pairs_strangers_are_no_queue_whatever_their_items_failure_rates(failing: str) -> None:
    """Chains of one item, whose requests fail at a rate of the item's own, give p-values no smaller than chance."""
    rng = np.random.default_rng(5)
    p = []
    for _ in range(1500):
        earlier, later, fails = [], [], []
        for _ in range(25):
            length = int(rng.integers(2, 5))
            rate = {"at one rate": 0.05, "by item": rng.beta(0.3, 0.6), "half": 0.5}[failing]
            start = len(fails)
            fails += (rng.random(length) < rate).tolist()
            earlier += range(start, start + length - 1)
            later += range(start + 1, start + length)
        failed = np.array(fails)
        pairs = np.array(earlier), np.array(later)
        first, last = failed[pairs[0]], failed[pairs[1]]
        apart = dealing.apart_pairs(*pairs, np.arange(len(first)))
        assert len(np.union1d(pairs[0][apart], pairs[1][apart])) == 2 * len(apart)
        among = int(np.count_nonzero(first[apart] & ~last[apart])), len(apart)
        n_forward, n_mirrored = int(np.count_nonzero(first & ~last)), int(np.count_nonzero(~first & last))
        p.append(passed_on("passed_on", n_forward, n_mirrored, among, is_selection=False).p_value)
    assert excess(np.array(p)) <= most_excess(len(p))


@pytest.mark.parametrize(("n_taking_part", "expected"), [(40, False), (6, True)])
def test_hand_overs_of_a_few_say_nothing_of_the_rest(n_taking_part: int, *, expected: bool) -> None:
    """Eight accounts of one business among strangers: their queue is no evidence against the strangers."""
    rng = np.random.default_rng(5)
    senders = np.repeat(np.arange(40), rng.integers(5, 60, 40))
    ends = rng.integers(0, n_taking_part, 50)
    assert is_of_few(ends, senders) is expected


def test_a_queue_that_loads_by_capacity_is_of_few_in_one_case_of_a_hundred() -> None:
    """Of queues that deal alike or by the root of what members bear, at most one in a hundred or so is left out."""
    rng = np.random.default_rng(6)
    senders = np.repeat(np.arange(60), rng.integers(3, 80, 60))
    sent = np.bincount(senders).astype(float)
    for weight in (np.ones(60), np.sqrt(sent)):
        ends = (rng.choice(60, 40, p=weight / weight.sum()) for _ in range(200))
        assert sum(is_of_few(one, senders) for one in ends) <= 8


def test_without_hand_overs_nobody_is_few() -> None:
    """A group that hands nothing over is tested, and speaks against a queue."""
    assert not is_of_few(np.zeros(0, np.int64), np.arange(5))
