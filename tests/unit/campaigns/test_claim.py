"""Tests of accounts that two groups claim on the same exchanges."""

import numpy as np
import pytest
from planted_traffic import Planted, planted

from stillwatch.campaigns.claim import settled
from stillwatch.campaigns.group import Group

N_OWN, N_BOTH, N_USES = 20, 8, 6


def made() -> Planted:
    """Return accounts of two programmes, ``a`` and ``b``, each with six exchanges."""
    names = [*(f"a{k:02d}" for k in range(N_OWN)), *(f"b{k:02d}" for k in range(N_BOTH))]
    return planted([{"account": name, "phrases": [1]} for name in names for _ in range(N_USES)])


def group_of(world: Planted, uses: dict[str, int], channel: str = "content") -> Group:
    """Return a group that holds the first so many exchanges of each account."""
    first = world.population.exchanges.first
    place = {name: i for i, name in enumerate(world.population.accounts.names)}
    rows = np.sort(np.concatenate([first[place[name]] + np.arange(n) for name, n in uses.items()])).astype(np.int64)
    members = np.array(sorted(world.entity(name) for name in uses), np.int64)
    return Group(channel, np.zeros(0, np.int64), members, np.ones(len(members)), rows, np.ones(len(rows)))


def members(world: Planted, group: Group) -> set[str]:
    """Return the accounts of a group."""
    inside = set(group.entities.tolist())
    return {name for name in world.population.accounts.names if world.entity(name) in inside}


OWN = {f"a{k:02d}": N_USES for k in range(N_OWN)}
TAKEN_IN = {f"b{k:02d}": 3 for k in range(N_BOTH)}
THEIRS = {f"b{k:02d}": N_USES for k in range(N_BOTH)}


@pytest.mark.parametrize("is_first", [True, False])
def test_the_group_that_explains_more_keeps_an_account(is_first: bool) -> None:  # noqa: FBT001 - a case of the test
    """Accounts that the large group holds by three exchanges each go to the small one that holds all six."""
    world = made()
    large, small = group_of(world, {**OWN, **TAKEN_IN}), group_of(world, THEIRS)
    found = settled([large, small] if is_first else [small, large], world.population, world.entities)
    after, kept = found if is_first else found[::-1]
    assert members(world, after) == set(OWN)
    assert len(after.slice_rows) == len(after.p_exchange) == N_OWN * N_USES
    assert kept is small


def test_other_exchanges_are_no_claim() -> None:
    """An account with two programmes of its own, on different exchanges, is in both groups."""
    world = made()
    large, small = group_of(world, {**OWN, **TAKEN_IN}), group_of(world, THEIRS)
    first = world.population.exchanges.first
    place = {name: i for i, name in enumerate(world.population.accounts.names)}
    late = np.sort(np.concatenate([first[place[name]] + np.arange(2, N_USES) for name in THEIRS])).astype(np.int64)
    apart = Group("content", small.families, small.entities, small.p_entity, late, np.ones(len(late)))
    found = settled([large, apart], world.population, world.entities)
    assert found[0] is large  # one of three exchanges is shared


def test_a_part_of_another_group_stays_whole() -> None:
    """A group most of whose members another explains better is not taken apart: it repeats that one."""
    world = made()
    whole, part = group_of(world, OWN), group_of(world, {f"a{k:02d}": 2 for k in range(N_OWN // 2)})
    assert settled([whole, part], world.population, world.entities) == [whole, part]


def test_groups_by_identity_claim_nothing() -> None:
    """Who is tied by identity is judged by ties: such groups neither lose accounts nor take them."""
    world = made()
    large, small = group_of(world, {**OWN, **TAKEN_IN}), group_of(world, THEIRS, "identity")
    found = settled([large, small], world.population, world.entities)
    assert found[0] is large
    assert found[1] is small
