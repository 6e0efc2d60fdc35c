"""Tests of who is set apart from a group: strangers who share its words, and never slips within one pool."""

from dataclasses import replace

import numpy as np
import pytest

from stillwatch.campaigns.behaviour import Behaviour
from stillwatch.campaigns.separation import LEVEL, natural_cuts, parts_of, set_apart, tied_beyond, tied_members
from stillwatch.links.identity import Ties

N_FEATURES = 60
NOBODY = np.zeros(0, np.int64), np.zeros(0, np.int64)


def behaviour(features: np.ndarray, n_exchanges: np.ndarray | None = None) -> Behaviour:
    """Return behaviour of these features, with a name each."""
    n = np.full(len(features), 20.0) if n_exchanges is None else n_exchanges
    return Behaviour(features, tuple(f"feature {k}" for k in range(features.shape[1])), n)


def test_strangers_with_another_client_are_set_apart():
    """Sixty of a pool, a third of them tied, and a hundred honest users of the same agent, of whom nobody is."""
    rng = np.random.default_rng(3)
    features = rng.normal(size=(160, N_FEATURES))
    features[60:, 7] += 9.0
    is_tied = np.zeros(160, bool)
    is_tied[rng.choice(60, 20, replace=False)] = True
    apart, by = set_apart(is_tied, behaviour(features), seed=0)
    assert np.count_nonzero(apart[:60]) == 0
    assert np.all(apart[60:])
    assert by == ("feature 7",)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_pool_whose_slips_are_chance_is_cut_as_rarely_as_promised(share: float):
    """The level holds over many pools: three standard errors above it at most."""
    n_cut, n_pools = 0, 100
    for seed in range(n_pools):
        rng = np.random.default_rng(seed)
        is_tied = rng.random(60) < share
        n_cut += len(parts_of(is_tied, behaviour(rng.normal(size=(60, N_FEATURES))), seed)) > 1
    assert n_cut <= n_pools * LEVEL + 3 * np.sqrt(n_pools * LEVEL * (1 - LEVEL))


def test_ties_that_come_with_activity_cut_nothing():
    """Who sends more passes more on, and differs in whatever else goes with sending more."""
    n_cut = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        n = np.arange(80.0)
        is_tied = rng.random(80) < n / 80
        features = np.column_stack([np.floor(n / 20), rng.normal(size=(80, 5))])
        n_cut += len(parts_of(is_tied, behaviour(features, n), seed)) > 1
    assert n_cut <= 6


def test_half_as_many_ties_are_another_habit_and_no_strangers():
    """Parts of one pool may be tied more and less: only where ties all but stop is somebody set apart."""
    features = np.repeat([[0.0], [1.0]], 60, axis=0)
    is_tied = np.concatenate([np.arange(60) < 57, np.arange(60) < 32])
    assert len(parts_of(is_tied, behaviour(features), 0)) == 2
    assert not np.any(set_apart(is_tied, behaviour(features), 0)[0])


def ties(values: dict[str, list[int]], n: int) -> dict[str, Ties]:
    """Return ties of one column, by who holds each value."""
    pairs = sorted((code, entity) for code, holders in enumerate(values.values()) for entity in holders)
    code, entity = (np.array(column, np.int32) for column in zip(*pairs, strict=True))
    assert entity.max() < n
    return {"payment_fingerprint": Ties("payment_fingerprint", code, entity, tuple(values))}


def test_a_value_that_stands_for_nothing_ties_nobody():
    """A seventh of all accounts have the card "unknown": so do a seventh of the members."""
    n = 700
    unknown = list(range(0, n, 7))
    members = np.arange(70)
    found = tied_members(members, ties({"unknown": unknown, "card": [1, 2, 3, 4]}, n), NOBODY, n)
    assert np.flatnonzero(found).tolist() == [1, 2, 3, 4]


def test_addresses_that_everybody_has_tie_nobody():
    """Half of all accounts come from 256 addresses; members send more than others, and so were seen at more of them."""
    rng = np.random.default_rng(6)
    n, members = 700, np.arange(0, 140, 2)
    held: dict[str, list[int]] = {str(k): [] for k in range(256)}
    for entity in range(0, n, 2):
        for value in set(rng.integers(0, 256, 60 if entity < 140 else 10).tolist()):
            held[str(value)].append(entity)
    assert np.count_nonzero(tied_members(members, ties(held, n), NOBODY, n)) <= 3
    cards = replace(ties({"card": [2, 4, 6, 8]}, n)["payment_fingerprint"], column="device_fingerprint")
    found = tied_members(members, {**ties(held, n), "device_fingerprint": cards}, NOBODY, n)
    assert set(members[found].tolist()) >= {2, 4, 6, 8}


def test_hand_overs_tie_both_ends():
    """And only where both are members."""
    handed = np.array([3, 5]), np.array([4, 400])
    found = tied_members(np.arange(70), ties({"card": [600]}, 700), handed, 700)
    assert np.flatnonzero(found).tolist() == [3, 4]


def test_a_tie_to_somebody_set_apart_is_none():
    """Two friends among the strangers are tied to each other, and not to the pool."""
    values = {"pool": [0, 1, 2], "friends": [50, 51], "both": [3, 52]}
    to = np.arange(70) < 40
    found = tied_beyond(np.arange(70), to, ties(values, 70_000), NOBODY, 70_000)
    assert np.flatnonzero(found).tolist() == [0, 1, 2, 52]


def test_the_same_seed_sets_the_same_members_apart():
    """And nothing else decides."""
    rng = np.random.default_rng(5)
    features = rng.normal(size=(90, N_FEATURES))
    features[50:, 2] += 2.0
    is_tied = np.arange(90) < 30
    first, again = (set_apart(is_tied, behaviour(features), 4) for _ in range(2))
    assert np.array_equal(first[0], again[0])
    assert first[1] == again[1]


def test_a_cut_falls_where_the_values_part():
    """Whoever is tied; a constant is not cut, nor are single values at the ends."""
    two = np.concatenate([np.linspace(0, 1, 12), np.linspace(9, 10, 30)])
    ends = np.concatenate([[0.0, 0.0], np.full(38, 5.0), [90.0, 90.0]])
    is_low = natural_cuts(np.column_stack([two, np.ones(42), ends]))
    assert np.flatnonzero(is_low[:, 0]).tolist() == list(range(12))
    assert not np.any(is_low[:, 1:])
