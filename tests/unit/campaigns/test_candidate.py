"""Tests of proposing candidates by content and by identity."""

from pathlib import Path

import numpy as np
import pytest
from planted_pools import NO_LINKS, Pool, chatter, make_pool
from planted_traffic import planted

from stillwatch.campaigns.candidate import MOST_SHARE, propose
from stillwatch.campaigns.kept_up import LEAST_EVEN
from stillwatch.links.family import LEAST_ENTITIES, LEAST_KEPT_UP, RECURRENT_USES
from stillwatch.links.identity import Ties


def content(pool: Pool, spill: Path) -> list[set[str]]:
    """Return the accounts of each content candidate."""
    found = propose(pool.made.population, pool.made.entities, pool.made.families(spill), {}, NO_LINKS)
    assert all(candidate.channel == "content" for candidate in found)
    return [pool.names(candidate.entities) for candidate in found]


def pools(rows: list[dict]) -> Pool:
    """Return a population of these exchanges, no pool named."""
    return Pool(planted(rows), frozenset(), frozenset())


def test_a_planted_pool_is_proposed_whole(tmp_path: Path) -> None:
    """The entities that use one template again and again are one candidate, without those who said one phrase once."""
    pool = make_pool(chance=10, seed=1)
    assert content(pool, tmp_path) == [set(pool.pool)]


def test_use_now_and_then_is_not_recurrent(tmp_path: Path) -> None:
    """An entity is proposed from its third exchange with the family on, if these are a share of all it sends."""
    rng = np.random.default_rng(3)
    rows = [{"account": f"p{i % 8}", "phrases": [11, 12, *chatter(rng)]} for i in range(80)]
    for name, uses, others in (("thrice", RECURRENT_USES, 5), ("seldom", RECURRENT_USES - 1, 5), ("lost", 3, 300)):
        rows += [{"account": name, "phrases": [11, 12, *chatter(rng)]} for _ in range(uses)]
        rows += [{"account": name, "phrases": chatter(rng)} for _ in range(others)]
    rows += [{"account": f"o{i % 20}", "phrases": chatter(rng)} for i in range(60)]
    (names,) = content(pools(rows), tmp_path)
    assert names == {*(f"p{i}" for i in range(8)), "thrice"}


def test_common_speech_proposes_nobody(tmp_path: Path) -> None:
    """A template that more than half of all entities use is common speech."""
    rng = np.random.default_rng(4)
    for n, n_candidates in ((24, 0), (16, 1)):
        rows = [{"account": f"p{i % n}", "phrases": [11, 12, *chatter(rng)]} for i in range(4 * n)]
        rows += [{"account": f"o{i}", "phrases": chatter(rng)} for i in range(40 - n)]
        assert (n > MOST_SHARE * 40) == (n_candidates == 0)
        assert len(content(pools(rows), tmp_path / str(n))) == n_candidates


def test_two_pools_stay_two_candidates(tmp_path: Path) -> None:
    """Templates of different pools are not joined by a few accounts that work for both."""
    rng = np.random.default_rng(5)
    rows, truth = [], []
    for pool in range(6):
        members = [f"p{pool}-{i}" for i in range(12)] + [f"p{(pool + 1) % 6}-0"]
        truth.append(set(members))
        for member in members:
            rows += [
                {"account": member, "phrases": [100 * (pool + 1), 100 * (pool + 1) + 1, *chatter(rng)]}
                for _ in range(6)
            ]
    rows += [{"account": f"o{i % 60}", "phrases": chatter(rng)} for i in range(240)]
    found = content(pools(rows), tmp_path)
    assert sorted(map(sorted, found)) == sorted(map(sorted, truth))


def ties_of_pools(n_pools: int, size: int, n: int) -> Ties:
    """Return two cards that each pool of ``size`` entities holds in common, so that pairs outweigh the prior."""
    pairs = sorted(
        (2 * pool + card, pool * size + i) for pool in range(n_pools) for i in range(size) for card in range(2)
    )
    value, entity = (np.array(part, np.int32) for part in zip(*pairs, strict=True))
    return Ties("payment_fingerprint", value, entity, tuple(f"v{i}" for i in range(2 * n_pools)))


def test_identity_proposes_communities_of_shared_rare_values(tmp_path: Path) -> None:
    """Each of many pools of shared cards is one candidate by identity; groups below the least size are none."""
    rng = np.random.default_rng(6)
    made = planted([{"account": f"a{i:04d}", "hours": float(i), "phrases": chatter(rng, 2)} for i in range(600)])
    families = made.families(tmp_path)
    cards = {"payment_fingerprint": ties_of_pools(20, 6, 600)}
    found = propose(made.population, made.entities, families, cards, NO_LINKS)
    assert [candidate.entities.tolist() for candidate in found] == [list(range(6 * p, 6 * p + 6)) for p in range(20)]
    assert {candidate.channel for candidate in found} == {"identity"}
    assert all(len(candidate.families) == 0 for candidate in found)
    few = ties_of_pools(20, LEAST_ENTITIES - 1, 600)
    assert propose(made.population, made.entities, families, {"payment_fingerprint": few}, NO_LINKS) == ()


def test_nothing_shared_proposes_nothing(tmp_path: Path) -> None:
    """A population of strangers has no candidates, and that is no error."""
    rng = np.random.default_rng(7)
    assert content(pools([{"account": f"o{i}", "phrases": chatter(rng)} for i in range(50)]), tmp_path) == []


def now_and_then(rng: np.random.Generator, n: int = 60) -> list[dict]:
    """Return people of one language: each says half of twelve turns of phrase, most of them once, some often."""
    rows = []
    for account in range(n):
        for family in np.flatnonzero(rng.random(12) < 0.5).tolist():
            uses = 4 if rng.random() < 0.35 else 1
            said = [1000 + 2 * family, 1001 + 2 * family]
            rows += [{"account": f"w{account:02d}", "phrases": [*said, *chatter(rng)]} for _ in range(uses)]
    rows += [{"account": f"o{i % 90}", "phrases": chatter(rng)} for i in range(360)]
    return rows


def test_speech_that_people_meet_now_and_then_proposes_nobody(tmp_path: Path) -> None:
    """Families that recur for a third of their users only are no programme: by content alone nobody is proposed."""
    assert content(pools(now_and_then(np.random.default_rng(8))), tmp_path) == []


def test_a_weak_family_stands_where_most_of_its_users_are_linked(tmp_path: Path) -> None:
    """What content alone does not propose is proposed by what links its users, which names only whom it links."""
    made = planted(now_and_then(np.random.default_rng(8)))
    families = made.families(tmp_path)
    everybody = np.array([made.entity(f"w{i:02d}") for i in range(60)])
    for n_linked, is_proposed in ((45, True), (12, False)):
        linked = everybody[:n_linked]
        pairs = np.array([(a, b) for a in linked for b in linked if a < b])
        found = propose(made.population, made.entities, families, {}, (pairs[:, 0], pairs[:, 1]))
        assert bool(found) == is_proposed
        for candidate in found:
            assert candidate.channel == "hand_over"
            assert set(candidate.entities.tolist()) <= set(linked.tolist())
            assert len(candidate.entities) >= LEAST_ENTITIES
            assert len(candidate.families)


def test_a_family_kept_up_needs_no_link_and_no_link_makes_it_another(tmp_path: Path) -> None:
    """A pool that content proposes is proposed by content whatever else links it, so that the rest may count for it."""
    pool = make_pool(seed=9)
    members = np.array(sorted(pool.made.entity(name) for name in pool.pool))
    for links in (NO_LINKS, (members, np.roll(members, 1))):
        (candidate,) = propose(pool.made.population, pool.made.entities, pool.made.families(tmp_path), {}, links)
        assert candidate.channel == "content"
        assert pool.names(candidate.entities) == pool.pool


def test_no_traffic_proposes_nothing(tmp_path: Path) -> None:
    """An empty log and one without prompts have no candidates, and that is no error."""
    for rows in ([], [{"account": f"o{i}", "has_prompt": False} for i in range(30)]):
        made = planted(rows)
        assert propose(made.population, made.entities, made.families(tmp_path), {}, NO_LINKS) == ()


@pytest.mark.parametrize("use", ["dealt", "at will"])
def test_few_uses_are_proposed_where_they_are_dealt_evenly(use: str, tmp_path: Path) -> None:
    """A queue that deals some three uses to each account is proposed by content; people of unequal liking are not."""
    rng = np.random.default_rng(11)
    count = rng.poisson(2.8, 60) if use == "dealt" else rng.poisson(6 * rng.gamma(0.6, 1 / 0.6, 60))
    count = np.maximum(count, 1)
    assert LEAST_EVEN < np.mean(count >= RECURRENT_USES) < LEAST_KEPT_UP  # as many come back in either case
    rows = [
        {"account": f"p{account:02d}", "phrases": [11, 12, 13, *chatter(rng)]}
        for account, n in enumerate(count.tolist())
        for _ in range(n)
    ]
    rows += [{"account": f"o{i % 90}", "phrases": chatter(rng)} for i in range(360)]
    assert bool(content(pools(rows), tmp_path)) == (use == "dealt")
