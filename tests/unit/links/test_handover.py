"""Tests of hand-overs: found in a pool that works through a list, and nowhere among strangers."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_lists import Traffic, accounts_of, handed
from planted_traffic import Planted, planted
from scipy.stats import norm

from stillwatch.links.handover import (
    CALLERS_FAULT,
    HORIZON_US,
    MOST_FALSE,
    Succession,
    hand_overs,
    has_failed,
    linked_entities,
    successions,
)

ERROR = 1e-6  # chance that a procedure which keeps its promise fails a test here
HOUR_US = 3_600_000_000


def few_rows(rng: np.random.Generator, n: int) -> list[dict]:
    """Return requests of few accounts with few prompts at few times, so that everything ties and repeats."""
    return [
        {
            "account": f"a{rng.integers(5)}",
            "prompt_hash": None if rng.random() < 0.1 else int(rng.integers(1, 6)),
            "hours": float(rng.integers(60)),
            "status": None if rng.random() < 0.1 else int(rng.choice([200, 400, 429, 503])),
            "refused": None if rng.random() < 0.8 else bool(rng.random() < 0.5),
        }
        for _ in range(n)
    ]


def brute_successions(made: Planted) -> dict[tuple[int, int], tuple[bool, bool, float]]:
    """Return every succession with Python lists: both rows, whether each failed, and the bits."""
    exchanges, failed = made.population.exchanges, has_failed(made.population).tolist()
    at_us, prompts = exchanges.requested_us.tolist(), exchanges.hashes["prompt_hash"].tolist()
    entity = made.entities.of_account[exchanges.account].tolist()
    span = max(max(at_us) - min(at_us), 1)
    found = {}
    for prompt in set(prompts) - {0}:
        rows = sorted((row for row in range(len(prompts)) if prompts[row] == prompt), key=lambda row: (at_us[row], row))
        for place, (a, b) in enumerate(pairwise(rows)):
            gap = at_us[b] - at_us[a]
            if entity[a] == entity[b] or gap > HORIZON_US:
                continue
            around = [at_us[a] - at_us[rows[place - 1]]] if place else []
            around += [at_us[rows[place + 2]] - at_us[b]] if place + 2 < len(rows) else []
            nearest = max(min(around, default=np.inf), 1)
            rate = max((len(rows) - 1) / span, 1 / nearest)
            found[a, b] = (failed[a], failed[b], -np.log2(-np.expm1(-max(gap, 1) * rate)))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_successions_equal_reading_every_item_row_by_row(seed: int) -> None:
    """Pairs, failures and bits are those of an oracle, with ties of time, prompts and accounts everywhere."""
    rng = np.random.default_rng(seed)
    made = planted(few_rows(rng, int(rng.integers(2, 90))))
    found = successions(made.population, made.entities)
    wanted = brute_successions(made)
    assert set(zip(found.earlier.tolist(), found.later.tolist(), strict=True)) == set(wanted)
    assert len(found.earlier) == len(wanted)
    for i, pair in enumerate(zip(found.earlier.tolist(), found.later.tolist(), strict=True)):
        first, last, bits = wanted[pair]
        assert (bool(found.has_failed_first[i]), bool(found.has_failed_last[i])) == (first, last)
        assert found.bits[i] == pytest.approx(bits)


def test_bits_do_not_depend_on_the_date() -> None:
    """The surprise at a delay is measured against the log's own length, not against time since some epoch."""
    rows = [
        {"account": "a", "hours": 0, "prompt_hash": 5, "status": 429},
        {"account": "b", "hours": 1, "prompt_hash": 5},
    ]
    rows.append({"account": "c", "hours": 720})
    made = planted(rows)
    assert successions(made.population, made.entities).bits == pytest.approx([-np.log2(-np.expm1(-1 / 720))])


def test_a_failure_lies_with_the_account_the_limits_or_the_model() -> None:
    """Refusals, limits and outages are failures; what would fail for anybody is none, nor is what is not known."""
    fails = {200: False, 299: False, 399: False, 401: True, 403: True, 429: True, 500: True, 529: True, None: False}
    fails |= dict.fromkeys(CALLERS_FAULT, False)
    rows = [{"account": "a", "hours": i, "status": status} for i, status in enumerate(fails)]
    rows += [{"account": "a", "hours": 100, "status": status, "refused": True} for status in (200, None)]
    found = has_failed(planted(rows).population).tolist()
    assert found == [*fails.values(), True, True]


def test_a_planted_pool_hands_over() -> None:
    """Nearly all items that failed in the pool are found, at another account of the pool, whatever strangers do."""
    traffic = Traffic(1)
    traffic.pool()
    traffic.strangers()
    traffic.classroom(n_items=10)
    traffic.viral(n_prompts=10)
    made = traffic.made()
    found, over = handed(made)
    of_pool = [name.startswith("p") for name in accounts_of(made, over.failed)]
    truth = np.count_nonzero(
        found.has_failed_first
        & ~found.has_failed_last
        & np.array([name.startswith("p") for name in accounts_of(made, found.earlier)])
    )
    assert truth > 50
    assert sum(of_pool) > 0.6 * truth
    assert of_pool.count(False) <= 3 * MOST_FALSE * len(of_pool)
    taken = [name.startswith("p") for name in accounts_of(made, over.taken)]
    assert taken == of_pool  # who takes over a pool's item is of the pool
    left, right = linked_entities(over, made.population, made.entities)
    assert np.all(left != right)
    assert over.n_mirrored <= MOST_FALSE * len(over.failed)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", ["strangers", "classroom", "viral", "outage", "harness"])
def test_strangers_hand_nothing_over(kind: str, seed: int) -> None:
    """People with own items, a class, prompts that go round, an outage and a harness that tries again: nothing."""
    traffic = Traffic(seed)
    traffic.strangers(40)
    if kind in {"classroom", "outage"}:
        traffic.classroom()
    if kind in {"viral", "outage"}:
        traffic.viral()
    if kind == "outage":
        for start in traffic.rng.uniform(0, 230, 8).tolist():
            traffic.outage(start, start + 3)
    if kind == "harness":
        traffic.pool(resends_own=True)
    found, over = handed(traffic.made())
    assert len(over.failed) == 0
    assert over.threshold > 0
    if kind not in {"strangers", "harness"}:
        assert np.count_nonzero(found.has_failed_first & ~found.has_failed_last) >= 25  # it could have found some


def test_a_day_later_is_no_hand_over() -> None:
    """What turns up again more than a day after it failed is not taken for a queue's doing: the stated way round."""
    rows = []
    for i in range(60):
        for account, hours, status in ((i % 7, 0.0, 429), (7 + i % 5, 24.1 if i % 2 else 23.9, 200)):
            rows.append({"account": f"a{account}", "hours": i / 10 + hours, "prompt_hash": i + 1, "status": status})
    made = planted(rows)
    assert len(successions(made.population, made.entities).earlier) == 30


def coin_flips(rng: np.random.Generator, n_null: int, n_true: int) -> tuple[Succession, np.ndarray]:
    """Return pairs of which some are chance, either way round with equal probability, and which pairs these are."""
    n = n_null + n_true
    is_null = np.arange(n) < n_null
    forward = np.where(is_null, rng.random(n) < 0.5, True)
    bits = np.where(is_null, rng.exponential(4, n), 6 + rng.exponential(4, n))
    return Succession(np.arange(n), n + np.arange(n), forward, ~forward, bits), is_null


@pytest.mark.parametrize(("n_null", "n_true"), [(40, 40), (300, 60), (300, 300), (1000, 0)])
def test_chance_is_a_stated_share_of_hand_overs(n_null: int, n_true: int) -> None:
    """Over many worlds the mean share of chance pairs among hand-overs is at most the stated one."""
    rng = np.random.default_rng(n_null)
    n = 600
    share = np.zeros(n)
    for i in range(n):
        pairs, is_null = coin_flips(rng, n_null, n_true)
        found = hand_overs(pairs)
        share[i] = np.mean(is_null[found.failed]) if len(found.failed) else 0.0
    assert float(share.mean()) <= MOST_FALSE + norm.isf(ERROR) * float(share.std()) / np.sqrt(n)
    if n_true >= n_null:
        assert float(np.mean(share > 0)) > 0.1  # something is found, chance among it: the law above can fail


PAIRS = st.lists(st.tuples(st.floats(0.0, 30.0), st.booleans(), st.booleans()), max_size=150)


@settings(max_examples=200, deadline=None)
@given(PAIRS, st.integers(0, 120), st.floats(0.0, 30.0))
def test_mirror_images_are_few_beside_what_is_found(
    pairs: list[tuple[float, bool, bool]], n_alike: int, level: float
) -> None:
    """For any pairs, hand-overs are those forward ones at the threshold, and mirror images there at most the share."""
    every = [*pairs, *[(level, True, False)] * n_alike]
    bits, first, last = (np.array(column) for column in zip(*every, strict=True)) if every else (np.zeros(0),) * 3
    first, last = first.astype(bool), last.astype(bool)
    row = np.random.default_rng(len(every)).permutation(len(every))
    found = hand_overs(Succession(row, row + 1000, first, last, bits.astype(float)))
    wanted = sorted(row[first & ~last & (bits >= found.threshold)].tolist())
    assert found.failed.tolist() == wanted
    assert (found.taken - found.failed).tolist() == [1000] * len(wanted)
    assert found.n_mirrored == np.count_nonzero(~first & last & (bits >= found.threshold))
    assert not wanted or 1 + found.n_mirrored <= MOST_FALSE * len(wanted)
    assert np.all(found.bits >= np.log2(max(np.count_nonzero(first != last), 1)))


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{"account": "a", "prompt_hash": 1, "status": 429}],
        [{"account": f"a{i}", "status": 429} for i in range(9)],
        [{"account": f"a{i}", "prompt_hash": 1} for i in range(9)],
        [{"account": f"a{i}", "prompt_hash": 1, "hours": 0.0, "status": 429 if i % 2 else 200} for i in range(9)],
    ],
    ids=["nothing", "one request", "no prompts", "no status", "all at once"],
)
def test_where_nothing_can_be_known_nothing_is_found(rows: list[dict]) -> None:
    """No traffic, one request, no prompts, no outcomes or no differences in time: no hand-over, and no error."""
    made = planted(rows)
    found, over = handed(made)
    assert np.all(np.isfinite(found.bits))
    assert len(over.failed) == len(over.taken) == len(over.bits) == over.n_mirrored == 0
    assert all(len(ends) == 0 for ends in linked_entities(over, made.population, made.entities))
