"""Tests of members whom two facts name: a few uses of the group's families, and a rare value shared with a member."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from planted_pools import TEMPLATE, chatter
from planted_traffic import Planted, planted

from stillwatch.campaigns.candidate import Candidate
from stillwatch.campaigns.control import activity_strata
from stillwatch.campaigns.coordination import assess_elsewhere, shared_value_statistic
from stillwatch.campaigns.declared import apart_from_registered
from stillwatch.campaigns.group import Group
from stillwatch.campaigns.growth import MOST_FALSE, grown, share_of_strangers, tied_to
from stillwatch.campaigns.membership import weigh_membership
from stillwatch.links.identity import Ties, ties_of
from stillwatch.links.replica import replicas

N_POOL, N_RARE = 10, 12
COPIERS = 10


def made(copiers_at: str) -> Planted:
    """Return a pool of regulars and of accounts with one use each, and strangers who copied the template once.

    Args:
        copiers_at: where the copiers live: ``homes`` of their own, or the pool's own ``address``.
    """
    rng = np.random.default_rng(1)

    def use(name: str, ip: str, *, is_slice: bool) -> dict[str, object]:
        said = rng.choice(TEMPLATE, 4, replace=False).tolist() if is_slice else []
        return {"account": name, "ip": ip, "phrases": [*said, *chatter(rng)], "hours": rng.uniform(0, 200)}

    rows = []
    for k in range(N_POOL + N_RARE):
        name = f"{'p' if k < N_POOL else 'r'}{k:02d}"
        ip = f"10.0.0.{k % (N_POOL // 2)}"
        rows += [use(name, ip, is_slice=True) for _ in range(8 if k < N_POOL else 1)]
        rows += [use(name, ip, is_slice=False) for _ in range(6)]
    for k in range(200):
        name = f"o{k:03d}"
        ip = "10.0.0.0" if copiers_at == "address" and k in (3, 150) else f"10.1.{k // 2}.1"  # couples share a line
        rows += [use(name, ip, is_slice=k < COPIERS and i == 0) for i in range(int(rng.integers(5, 20)))]
    return planted(rows)


def grow(world: Planted, channel: str, spill: Path) -> tuple[Group, Group]:
    """Return a group of the regulars before and after it grew."""
    population, entities, families = world.population, world.entities, world.families(spill)
    regulars = np.array(sorted(world.entity(f"p{k:02d}") for k in range(N_POOL)))
    is_replica = replicas(population, entities)
    candidate = Candidate(channel, np.arange(families.n), regulars)
    group = weigh_membership(candidate, population, entities, families, is_replica)
    assert group is not None
    strata = activity_strata(entities.n_exchanges)
    return group, grown(group, population, entities, families, ties_of(population, entities), strata, is_replica)


def names(world: Planted, entities: np.ndarray) -> set[str]:
    """Return the accounts of some entities."""
    of_account = world.entities.of_account.tolist()
    chosen = set(entities.tolist())
    return {name for name, e in zip(world.population.accounts.names, of_account, strict=True) if e in chosen}


def test_one_use_and_a_rare_value_shared_with_a_member_make_a_member(tmp_path: Path) -> None:
    """Accounts with a single use of the template join where they share the pool's addresses; copiers do not."""
    world = made("homes")
    before, after = grow(world, "identity", tmp_path)
    wanted = {f"r{k:02d}" for k in range(N_POOL, N_POOL + N_RARE)}
    assert names(world, after.added) == wanted
    assert names(world, after.entities) == names(world, before.entities) | wanted
    assert names(world, after.proposed) == names(world, before.entities)
    assert names(world, after.outsiders) == wanted | {f"o{k:03d}" for k in range(COPIERS)}
    slices = np.bincount(world.population.exchanges.account[after.slice_rows], minlength=len(world.population.accounts))
    assert all(slices[world.population.accounts.names.index(name)] == 1 for name in wanted)


def test_a_template_that_everybody_copies_adds_nobody(tmp_path: Path) -> None:
    """Where users are tied to the group no more often than strangers are, nobody joins, tied or not."""
    rng = np.random.default_rng(2)
    world = made("address")
    population, entities, families = world.population, world.entities, world.families(tmp_path)
    regulars = np.array(sorted(world.entity(f"p{k:02d}") for k in range(N_POOL)))
    candidate = Candidate("identity", np.arange(families.n), regulars)
    is_replica = replicas(population, entities)
    group = weigh_membership(candidate, population, entities, families, is_replica)
    assert group is not None
    member_of_all = rng.integers(0, 40, entities.n).astype(np.int32)  # a value that one in forty shares with any other
    tie = Ties("payment_fingerprint", np.sort(member_of_all), np.argsort(member_of_all).astype(np.int32), ("v",) * 40)
    after = grown(
        group,
        population,
        entities,
        families,
        {"payment_fingerprint": tie},
        activity_strata(entities.n_exchanges),
        is_replica,
    )
    assert len(after.outsiders) == N_RARE + COPIERS
    assert not len(after.added)


def test_the_expected_share_of_strangers_among_those_added_is_as_stated() -> None:
    """Over many draws of members and strangers, those added hold no more strangers than promised."""
    rng = np.random.default_rng(3)
    false = []
    for _ in range(3000):
        n_members, n_strangers = int(rng.integers(0, 40)), int(rng.integers(0, 60))
        is_member = np.arange(n_members + n_strangers) < n_members
        chance = rng.choice([0.02, 0.08, 0.15], len(is_member))
        tied = rng.random(len(is_member)) < np.where(is_member, 0.7, chance)
        if np.count_nonzero(tied) < 5 or share_of_strangers(tied, chance) > MOST_FALSE:
            false.append(0.0)
            continue
        false.append(float(np.mean(~is_member[tied])))
    assert np.mean(false) <= MOST_FALSE
    assert np.count_nonzero(false) > 10  # strangers are tied at times: the promise is not empty


def test_ties_to_a_group_leave_common_values_out() -> None:
    """A value that one in sixteen holds ties nobody, and nobody is tied to itself."""
    value = np.concatenate([np.zeros(20), np.ones(2), [2]]).astype(np.int32)
    entity = np.concatenate([np.arange(20), [3, 70], [5]]).astype(np.int32)
    inside = np.zeros(100, bool)
    inside[[3, 5]] = True
    assert np.flatnonzero(tied_to({"ip": Ties("ip", value, entity, ("a", "b", "c"))}, inside)).tolist() == [70]


def test_sharing_with_entities_beside_a_group_counts() -> None:
    """The statistic with entities beside equals that of the union, less what those beside add."""
    rng = np.random.default_rng(5)
    pairs = sorted({(int(rng.integers(30)), int(rng.integers(100))) for _ in range(200)})
    value, entity = (np.array(part, np.int32) for part in zip(*pairs, strict=True))
    tie = Ties("ip", value, entity, ("v",) * 30)
    beside = np.arange(10)
    group = np.arange(40, 52)
    held = {e: {v for v, who in pairs if who == e} for e in range(100)}
    bits = {v: np.log2(100 / sum(who == v for who, _ in pairs)) for v in range(30) if any(who == v for who, _ in pairs)}
    wanted = 0.0
    for e in group:
        others = [o for o in (*beside, *group) if o != e]
        wanted += max((bits[v] for v in held[int(e)] if any(v in held[int(o)] for o in others)), default=0.0)
    assert float(shared_value_statistic(tie, 100, beside)(group[None, :])[0]) == pytest.approx(wanted)


def test_outsiders_who_share_as_strangers_do_prove_nothing() -> None:
    """Among random outsiders p-values are uniform or larger; of outsiders at the group's addresses they are tiny."""
    rng = np.random.default_rng(6)
    n = 600
    value = np.concatenate([np.arange(200), np.arange(200), rng.integers(200, 400, 200)])
    entity = rng.permutation(n)
    order = np.lexsort((entity, value))
    tie = Ties("ip", value[order].astype(np.int32), entity[order].astype(np.int32), ("v",) * 400)
    strata = activity_strata(rng.geometric(0.05, n))
    proposed = np.sort(rng.choice(n, 30, replace=False))
    rest = np.setdiff1d(np.arange(n), proposed)
    p = [
        assess_elsewhere(np.sort(rng.choice(rest, 20, replace=False)), proposed, {"ip": tie}, strata, seed)[0].p_value
        for seed in range(60)
    ]
    assert np.mean(np.array(p) <= 0.1) <= 0.2
    shares = np.flatnonzero(np.isin(np.arange(n), entity[np.isin(value, value[np.isin(entity, proposed)])]))
    near = np.setdiff1d(shares, proposed)[:20]
    (result,) = assess_elsewhere(near, proposed, {"ip": tie}, strata, 0)
    assert result.p_value < 1e-3
    assert not result.is_selection
    assert result.name == "shared_ip_elsewhere"


def test_nothing_is_tested_where_nobody_used_the_families() -> None:
    """Without outsiders there is no test."""
    nothing = np.zeros(0, np.int64)
    assert assess_elsewhere(nothing, np.arange(5), {}, np.zeros(50, np.int64), 0) == ()


def test_what_the_registered_do_is_no_evidence_against_those_beside_them(tmp_path: Path) -> None:
    """A group of licensed and other accounts becomes two, each with its own exchanges; nobody is lost."""
    world = made("homes")
    _, group = grow(world, "content", tmp_path)
    is_registered = np.zeros(world.entities.n, bool)
    is_registered[[world.entity(f"p{k:02d}") for k in range(4)]] = True
    licensed, others = apart_from_registered(group, is_registered, world.entities, world.population)
    assert names(world, licensed.entities) == {f"p{k:02d}" for k in range(4)}
    assert np.array_equal(np.union1d(licensed.entities, others.entities), group.entities)
    assert np.array_equal(np.union1d(licensed.slice_rows, others.slice_rows), group.slice_rows)
    of_row = world.entities.of_account[world.population.exchanges.account[others.slice_rows]]
    assert not np.any(is_registered[of_row])
    assert len(others.p_exchange) == len(others.slice_rows)


def test_a_group_of_one_kind_stays_whole_and_registered_users_are_no_witnesses(tmp_path: Path) -> None:
    """Without registered members nothing changes, but that a registered outsider's ties do not count any more."""
    world = made("homes")
    before, after = grow(world, "content", tmp_path)
    group = replace(before, outsiders=after.outsiders)
    nobody = np.zeros(world.entities.n, bool)
    assert np.array_equal(
        apart_from_registered(group, nobody, world.entities, world.population)[0].outsiders, group.outsiders
    )
    is_registered = nobody.copy()
    is_registered[group.outsiders[:3]] = True
    (kept,) = apart_from_registered(group, is_registered, world.entities, world.population)
    assert np.array_equal(kept.entities, group.entities)
    assert np.array_equal(kept.outsiders, group.outsiders[3:])
    assert apart_from_registered(group, ~nobody, world.entities, world.population) == [group]
