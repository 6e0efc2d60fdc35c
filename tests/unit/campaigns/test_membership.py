"""Tests of memberships and slices on planted pools."""

from pathlib import Path

import numpy as np
import pytest
from planted_pools import NO_LINKS, TEMPLATE, Pool, chatter, make_pool
from planted_traffic import planted

from stillwatch.campaigns.candidate import Candidate, propose
from stillwatch.campaigns.declared import without_declared
from stillwatch.campaigns.group import LEAST_MEMBER, Group
from stillwatch.campaigns.membership import weigh_membership
from stillwatch.links.entity import Entities
from stillwatch.links.family import Families
from stillwatch.links.population import Population
from stillwatch.links.replica import replicas


def weighed(candidate: Candidate, population: Population, entities: Entities, families: Families) -> Group:
    """Return the group that a candidate becomes, which must be one."""
    group = weigh_membership(candidate, population, entities, families, replicas(population, entities))
    assert group is not None
    return group


def group_of(pool: Pool, spill: Path) -> Group:
    """Return the one content group of a planted pool."""
    population, entities = pool.made.population, pool.made.entities
    families = pool.made.families(spill)
    (candidate,) = propose(population, entities, families, {}, NO_LINKS)
    return weighed(candidate, population, entities, families)


@pytest.mark.parametrize("cover", [0.0, 0.5, 0.8])
def test_a_planted_slice_is_recovered_whatever_covers_it(cover: float, tmp_path: Path) -> None:
    """Members and slice are exactly those planted, even where four of five exchanges are honest chatter."""
    pool = make_pool(cover=cover, seed=1)
    group = group_of(pool, tmp_path)
    assert group.channel == "content"
    assert pool.names(group.entities) == pool.pool
    assert pool.ids(group.slice_rows) == pool.slice_ids
    assert np.all((group.p_entity >= LEAST_MEMBER) & (group.p_entity <= 1))
    assert np.all((group.p_exchange >= LEAST_MEMBER) & (group.p_exchange <= 1))


def test_strangers_with_one_chance_match_stay_out(tmp_path: Path) -> None:
    """Twenty strangers who once say one phrase of the template are no members, and their exchanges no slice."""
    pool = make_pool(cover=0.5, chance=20, seed=2)
    group = group_of(pool, tmp_path)
    assert pool.names(group.entities) == pool.pool
    assert pool.ids(group.slice_rows) == pool.slice_ids


def test_one_turn_of_phrase_again_and_again_makes_no_member(tmp_path: Path) -> None:
    """Who often uses one phrase that the template shares with common speech lacks the others and stays out."""
    base = make_pool(seed=3)
    rng = np.random.default_rng(3)
    rows = base.rows()
    rows += [
        {"account": "fond", "exchange_id": f"fond-{i}", "phrases": [TEMPLATE[0], *chatter(rng)]} for i in range(20)
    ]
    pool = Pool(planted(rows), base.pool, base.slice_ids)
    assert pool.names(group_of(pool, tmp_path).entities) == pool.pool


def test_a_conversation_is_gone_on_with(tmp_path: Path) -> None:
    """Later turns of a conversation whose opening carries the template are slice; other conversations are not."""
    rng = np.random.default_rng(4)
    rows = []
    for account in range(10):
        for talk in range(6):
            name = f"p{account}-{talk}"
            is_slice = talk < 4
            said = rng.choice(TEMPLATE, 4, replace=False).tolist() if is_slice else chatter(rng)
            for turn in range(3):
                phrases = said if turn == 0 else chatter(rng)
                rows.append(
                    {
                        "account": f"p{account}",
                        "exchange_id": f"{name}-{turn}",
                        "phrases": phrases,
                        "conversation_id": name,
                        "turn": turn,
                    }
                )
        rows.append({"account": f"p{account}", "exchange_id": f"p{account}-lone", "phrases": chatter(rng)})
    rows += [{"account": f"o{i % 40}", "exchange_id": f"o{i}", "phrases": chatter(rng)} for i in range(400)]
    truth = frozenset(f"p{a}-{talk}-{turn}" for a in range(10) for talk in range(4) for turn in range(3))
    pool = Pool(planted(rows), frozenset(f"p{a}" for a in range(10)), truth)
    group = group_of(pool, tmp_path)
    assert pool.ids(group.slice_rows) == truth
    certain = dict(
        zip(pool.made.table["exchange_id"].take(group.slice_rows).to_pylist(), group.p_exchange, strict=True)
    )
    assert certain["p0-0-0"] > certain["p0-0-1"] > LEAST_MEMBER  # what carries the template itself is surer


def talks(rng: np.random.Generator, account: str, n_talks: int, n_turns: int) -> list[dict[str, object]]:
    """Return conversations of an account that open with the template and go on in other words."""
    return [
        {
            "account": account,
            "exchange_id": f"{account}-{talk}-{turn}",
            "phrases": rng.choice(TEMPLATE, 4, replace=False).tolist() if turn == 0 else chatter(rng),
            **({"conversation_id": f"{account}-{talk}", "turn": turn} if n_turns > 1 else {}),
        }
        for talk in range(n_talks)
        for turn in range(n_turns)
    ]


@pytest.mark.parametrize(("n_turns", "wanted"), [(4, {"twice"}), (1, set())])
def test_two_conversations_make_a_member_where_the_group_works_in_conversations(
    n_turns: int, wanted: set[str], tmp_path: Path
) -> None:
    """Their later turns count as sent for it; one conversation is a try, and two single requests are no recurrence."""
    rng = np.random.default_rng(7)
    rows = [row for account in range(12) for row in talks(rng, f"p{account}", 6, n_turns)]
    rows += talks(rng, "twice", 2, n_turns) + talks(rng, "once", 1, n_turns)
    rows += [{"account": f"o{i % 40}", "exchange_id": f"o{i}", "phrases": chatter(rng)} for i in range(400)]
    pool = Pool(planted(rows), frozenset(f"p{a}" for a in range(12)), frozenset())
    assert pool.names(group_of(pool, tmp_path).entities) == pool.pool | wanted


def test_who_runs_known_items_again_and_again_is_no_member(tmp_path: Path) -> None:
    """A stranger all of whose matches are marked as known stays out where the group's own are new."""
    pool = make_pool(seed=5)
    population, entities = pool.made.population, pool.made.entities
    families = pool.made.families(tmp_path)
    (candidate,) = propose(population, entities, families, {}, NO_LINKS)
    runner = pool.made.entity(min(pool.pool))
    is_known = entities.of_account[population.exchanges.account] == runner
    group = weigh_membership(candidate, population, entities, families, is_known)
    assert group is not None
    assert pool.names(group.entities) == pool.pool - {min(pool.pool)}


def test_membership_rises_with_evidence(tmp_path: Path) -> None:
    """An account that uses the template more often is never a less probable member."""
    p = []
    for uses in (4, 8, 16):
        group = group_of(make_pool(uses=uses, cover=0.5, seed=5), tmp_path / str(uses))
        p.append(float(np.median(group.p_entity)))
    assert p == sorted(p)
    assert p[-1] > 0.99


def test_an_identity_candidate_without_shared_phrases_keeps_all_its_traffic(tmp_path: Path) -> None:
    """Where ties alone propose a group, its members are those proposed, none certain, and its slice all they sent."""
    pool = make_pool(seed=6)
    strangers = np.array([pool.made.entity(f"o{i:02d}") for i in range(7)])
    candidate = Candidate("identity", np.zeros(0, np.int64), np.sort(strangers))
    group = weighed(candidate, pool.made.population, pool.made.entities, pool.made.families(tmp_path))
    wanted = {
        name
        for name in pool.made.table["exchange_id"].to_pylist()
        if name.split("-")[0] in {f"o{i:02d}" for i in range(7)}
    }
    assert pool.ids(group.slice_rows) == wanted
    assert np.array_equal(group.entities, np.sort(strangers))
    assert np.all(group.p_entity < 1)


def test_identity_members_are_those_that_share_and_nobody_else(tmp_path: Path) -> None:
    """Content makes nobody a member of a group that identity proposed, and puts nobody out of it."""
    pool = make_pool(seed=7)
    population, entities = pool.made.population, pool.made.entities
    families = pool.made.families(tmp_path)
    some = np.sort(np.array([pool.made.entity(name) for name in sorted(pool.pool)][:11]))
    group = weighed(Candidate("identity", np.arange(families.n), some), population, entities, families)
    assert np.array_equal(group.entities, some)
    assert pool.ids(group.slice_rows) <= pool.slice_ids


def test_a_declared_organisation_stays_only_where_something_ties_it(tmp_path: Path) -> None:
    """A verified organisation that says what the pool says leaves the group with all its exchanges, unless it is tied.

    A tie to somebody outside the group is none; undeclared members stay, tied or not.
    """
    base = make_pool(seed=8)
    rows = base.rows()
    facts = [
        {"account_id": name, "organisation_id": "org", "is_verified": name in {"p00", "p01"}}
        for name in base.made.population.accounts.names
    ]
    pool = Pool(planted(rows, facts), base.pool, base.slice_ids)
    made, group = pool.made, group_of(pool, tmp_path)
    assert pool.names(group.entities) == pool.pool
    org, member, outsider = (np.array([made.entity(name)]) for name in ("p00", "p02", "o00"))
    for links, stays in (([NO_LINKS], False), ([(org, outsider)], False), ([NO_LINKS, (member, org)], True)):
        found = without_declared(group, made.entities, made.population, links)
        left = pool.pool if stays else pool.pool - {"p00", "p01"}
        assert pool.names(found.entities) == left
        assert {name.split("-")[0] for name in pool.ids(found.slice_rows)} == left
        assert len(found.p_entity) == len(found.entities)
        assert len(found.p_exchange) == len(found.slice_rows)
