"""Tests of members that did nothing in the log and live on the group's own infrastructure."""

import numpy as np
from planted_traffic import Planted, planted

from stillwatch.campaigns.group import Group
from stillwatch.campaigns.standby import LEAST_P, tool_ties, with_standby
from stillwatch.links.identity import ties_of

N_POOL, N_STRANGERS = 30, 800


def made(reserve: dict[str, list[str]], users_of_tools: tuple[str, ...] = ()) -> Planted:
    """Return thirty members on six lines, each on two of them, strangers on lines of their own, and ``reserve``.

    Args:
        reserve: for each further account, the address of each of its requests.
        users_of_tools: who offers the set of tools that the pool offers.
    """
    rows: list[dict[str, object]] = []
    for k in range(N_POOL):
        rows += [{"account": f"p{k:02d}", "ip": f"10.0.0.{(k + i * 2) % 6}", "phrases": [1]} for i in (0, 1, 0, 1)]
    for k in range(N_STRANGERS):
        rows += [
            {"account": f"o{k:03d}", "ip": f"10.{1 + k // 400}.{k // 2 % 200}.1", "phrases": [2]} for _ in range(4)
        ]
    for name, addresses in reserve.items():
        rows += [{"account": name, "ip": ip, "phrases": [3]} for ip in addresses]
    offers = {*users_of_tools, *(f"p{k:02d}" for k in range(N_POOL) if users_of_tools)}
    return planted([{**row, "tools_hash": 77 if row["account"] in offers else 0} for row in rows])


def standing_by(world: Planted, taken: tuple[str, ...] = ()) -> dict[str, float]:
    """Return who is added to the group of the pool, and with which membership."""
    members = np.array(sorted(world.entity(f"p{k:02d}") for k in range(N_POOL)))
    nothing = np.zeros(0, np.int64)
    group = Group("content", nothing, members, np.ones(len(members)), nothing, np.zeros(0))
    is_taken = np.zeros(world.entities.n, bool)
    is_taken[[world.entity(name) for name in taken]] = True
    ties = {**ties_of(world.population, world.entities), **tool_ties(world.population, world.entities)}
    after = with_standby(group, world.population, world.entities, ties, is_taken)
    assert np.array_equal(after.proposed, after.entities)
    assert set(after.standby.tolist()) == set(after.entities.tolist()) - set(members.tolist())
    assert np.all(np.diff(after.entities) > 0)
    name_of = {world.entity(name): name for name in world.population.accounts.names}
    p_of = dict(zip(after.entities.tolist(), after.p_entity.tolist(), strict=True))
    return {name_of[e]: p_of[e] for e in after.standby.tolist()}


def test_who_lives_on_two_of_the_groups_addresses_stood_by() -> None:
    """An account all of whose requests come from two addresses that members share is added, whatever it asked."""
    found = standing_by(made({"reserve": ["10.0.0.1", "10.0.0.3"]}))
    assert set(found) == {"reserve"}
    assert LEAST_P <= found["reserve"] < 1


def test_one_shared_address_adds_nobody() -> None:
    """The owner of a line that a pool hires shares that line and no other, and is not added, however much it sends."""
    assert standing_by(made({"owner": ["10.0.0.1"] * 50})) == {}


def test_a_passer_by_is_not_added() -> None:
    """Who sends mostly from elsewhere is not added for having been at two of the group's addresses."""
    assert standing_by(made({"guest": ["10.0.0.1", "10.0.0.3", *["10.9.9.9"] * 3]})) == {}


def test_addresses_that_serve_many_others_add_nobody() -> None:
    """Where as many others as members live on the addresses, they are nobody's own: a relay's, or an office's."""
    others = {f"n{k:02d}": [f"10.0.0.{k % 6}", f"10.0.0.{(k + 2) % 6}"] for k in range(N_POOL)}
    assert standing_by(made(others)) == {}


def test_more_than_a_third_of_the_group_adds_nobody() -> None:
    """Where those to be added are many beside the members, the infrastructure serves others, and nobody is added."""
    few = {f"n{k}": [f"10.0.0.{k % 6}", f"10.0.0.{(k + 2) % 6}"] for k in range(3)}
    assert set(standing_by(made(few))) == set(few)
    many = {f"n{k}": [f"10.0.0.{k % 6}", f"10.0.0.{(k + 2) % 6}"] for k in range(11)}
    assert standing_by(made(many)) == {}


def test_members_of_other_accused_groups_stay_there() -> None:
    """Who is a member of another accused group already is not added to this one."""
    assert standing_by(made({"reserve": ["10.0.0.1", "10.0.0.3"]}), taken=("reserve",)) == {}


def test_one_address_and_the_groups_own_set_of_tools_are_two_values() -> None:
    """Who shares one address and offers the set of tools that hardly anybody but members does is added."""
    assert set(standing_by(made({"worker": ["10.0.0.1"] * 3}, users_of_tools=("worker",)))) == {"worker"}


def test_a_set_of_tools_alone_adds_nobody() -> None:
    """A set of tools may be copied: who shares nothing but that is not added, however few have it."""
    assert standing_by(made({"copier": ["10.9.9.9"] * 3}, users_of_tools=("copier",))) == {}


def test_a_public_set_of_tools_says_nothing() -> None:
    """What one in sixteen of all entities offers is no value, and does not stand for the second address."""
    public = tuple(f"o{k:03d}" for k in range(0, 800, 3))
    assert standing_by(made({"guest": ["10.0.0.1"] * 3}, users_of_tools=(*public, "guest"))) == {}
