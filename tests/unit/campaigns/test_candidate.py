"""Tests of proposing candidates by content and by identity."""

from pathlib import Path

import numpy as np
import pytest
from planted_pools import NO_LINKS, Pool, chatter, make_pool
from planted_traffic import planted
from scipy.sparse import csc_array, csr_array

from stillwatch.campaigns import candidate as candidate_module
from stillwatch.campaigns.candidate import (
    LEAST_EVEN,
    MOST_SHARE,
    RECURRENT_USES,
    _excess_spread,
    _is_kept_up_together,
    _kept_up_groups,
    family_use,
    is_recurrent,
    propose,
)
from stillwatch.links.entity import Entities
from stillwatch.links.family import LEAST_ENTITIES, LEAST_KEPT_UP
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


def test_clear_use_needs_two_phrases_or_two_exchanges(tmp_path: Path) -> None:
    """One exchange with one phrase counts nothing; one with two phrases counts, and so do two with one each."""
    rng = np.random.default_rng(2)
    rows = [{"account": f"p{i % 8}", "phrases": [11, 12, *chatter(rng)]} for i in range(40)]
    rows += [{"account": "once", "phrases": [11, *chatter(rng)]}]
    rows += [{"account": "double", "phrases": [11, 12, *chatter(rng)]}]
    rows += [{"account": "twice", "phrases": [word, *chatter(rng)]} for word in (11, 12)]
    made = planted(rows)
    use = family_use(made.population, made.entities, made.families(tmp_path)).toarray()
    wanted = {"p0": 5, "once": 0, "double": 1, "twice": 2}
    assert {name: int(use[made.entity(name)].sum()) for name in wanted} == wanted


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


def test_what_recurs_is_three_uses_and_a_share_or_very_many() -> None:
    """Three of a hundred, or a dozen of ten thousand; neither two of two nor eleven of ten thousand."""
    count, sent = np.array([3, 2, 2, 12, 11, 3]), np.array([100, 100, 2, 10_000, 10_000, 101])
    assert is_recurrent(count, sent).tolist() == [True, False, False, True, False, False]


def test_half_of_many_users_keep_a_family_up_and_half_of_few_do_not() -> None:
    """Forty of sixty-six that come back are no chance where a third would be; three fifths of ten may be."""
    for n_users, n_recurrent, wanted in ((66, 40, True), (10, 6, False), (66, 30, False)):
        use = np.ones(n_users, np.int64)
        use[:n_recurrent] = np.arange(3, 3 + n_recurrent) ** 2  # as people do, very unequally
        used = csc_array((use, np.arange(n_users), [0, n_users]), shape=(n_users, 1))
        entities = Entities(np.arange(n_users, dtype=np.int32), n_users, np.full(n_users, 40), np.zeros(n_users, bool))
        assert bool(_kept_up_groups(used, entities)[1][0]) == wanted


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


@pytest.mark.parametrize("use", ["in rotation", "one language", "one template", "now and then"])
def test_templates_in_rotation_are_kept_up_together(use: str) -> None:
    """Some uses of each of many templates are a deal; a language's are uneven, and one template or a try is none."""
    rng = np.random.default_rng(13)
    mean = {"in rotation": 6.0, "one template": 6.0, "now and then": 1.5}
    count = rng.poisson(mean[use], 60) if use in mean else rng.poisson(15 * rng.gamma(0.5, 2.0, 60))
    count = np.maximum(count, 1)
    n_templates = 1 if use == "one template" else 10
    table = np.array([rng.multinomial(n, np.full(n_templates, 1 / n_templates)) for n in count])
    used = csc_array(table)
    used.eliminate_zeros()
    assert _is_kept_up_together(used, np.arange(n_templates)) == (use == "in rotation")


def test_the_spread_beyond_chance_is_recovered() -> None:
    """Counts that a queue deals have none; counts of people whose liking varies have its squared variation."""
    rng = np.random.default_rng(12)
    n, mean, variation = 20_000, 6.0, 0.8
    shape = 1 / variation**2
    columns = [np.maximum(rng.poisson(mean, n), 1), np.maximum(rng.poisson(mean * rng.gamma(shape, 1 / shape, n)), 0)]
    held = csc_array(np.column_stack(columns))
    held.eliminate_zeros()
    even, varied = _excess_spread(held)
    assert even == pytest.approx(0.0, abs=0.02)
    assert 0.3 < varied < variation**2 + 0.05  # who never used it is not counted, which takes some of the spread
    assert len(_excess_spread(csc_array((5, 0), dtype=np.int64))) == 0


def test_of_an_entity_that_says_everything_only_its_rarest_families_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Overlaps of families cost at most the square of the bound an entity; the others' are what they were."""
    monkeypatch.setattr(candidate_module, "MOST_JOINED", 8)
    rng = np.random.default_rng(4)
    used = rng.random((60, 40)) < 0.1
    used[7] = True
    size = used.sum(axis=0).astype(np.float64)
    kept = candidate_module._rarest(csr_array(used.astype(np.int32)), size).toarray() > 0
    assert np.array_equal(np.delete(kept, 7, axis=0), np.delete(used, 7, axis=0))
    assert kept[7].sum() == 8
    assert size[kept[7]].max() <= np.sort(size)[7]
    left, right, both, n = candidate_module._overlaps(csr_array(kept.astype(np.int32)))
    exact = kept.astype(int).T @ kept.astype(int)
    assert n == np.count_nonzero(exact)
    wanted = np.argwhere(np.triu(exact >= 3, 1))
    assert sorted(zip(left.tolist(), right.tolist(), strict=True)) == [tuple(pair) for pair in wanted.tolist()]
    assert both.tolist() == exact[left, right].tolist()
    assert len(left)
