"""Tests of who of a member organisation takes part in a group."""

import numpy as np
from planted_traffic import Planted, at, planted

from stillwatch.campaigns.bystander import accounts_of_group, without_bystanders
from stillwatch.campaigns.group import Group
from stillwatch.links.identity import ties_of

FIRM = [f"firm-{i}" for i in range(10)]
POOL = [f"pool-{i}" for i in range(5)]


def traffic(uses: dict[str, int], addresses: dict[str, str] | None = None) -> Planted:
    """Return a firm and a pool, twenty requests an account; the first ``uses`` of an account are the group's."""
    rows = [
        {"account": name, "hours": i + 24.0 * j, "shape": int(j < uses.get(name, 0)), "ip": (addresses or {}).get(name)}
        for i, name in enumerate(FIRM + POOL)
        for j in range(20)
    ]
    facts = [{"account_id": name, "organisation_id": "firm", "is_verified": True, "created_at": at(0)} for name in FIRM]
    return planted(rows, facts)


def names_in(made: Planted, group: Group) -> set[str]:
    """Return the names of a group's accounts."""
    return {made.population.accounts.names[a] for a in accounts_of_group(made.entities, group)}


def group_of(made: Planted, channel: str = "content") -> Group:
    """Return the group of all entities, whose slice is what was marked."""
    rows = np.flatnonzero(made.population.exchanges.shape == 1).astype(np.int64)
    n = made.entities.n
    return Group(channel, np.zeros(1 - (channel == "identity"), np.int64), np.arange(n), np.ones(n), rows,
                 np.ones(len(rows)))  # fmt: skip


def test_only_the_stolen_keys_of_a_firm_belong() -> None:
    """Of ten accounts of a firm the two that send the group's requests do; one chance match makes no other."""
    uses = {**dict.fromkeys(POOL, 15), "firm-0": 6, "firm-1": 5, "firm-2": 1}
    made = traffic(uses)
    group = without_bystanders(group_of(made), made.population, made.entities, {})
    assert names_in(made, group) == {*POOL, "firm-0", "firm-1"}
    senders = made.population.exchanges.account[group.slice_rows]
    assert {made.population.accounts.names[a] for a in senders} == {*POOL, "firm-0", "firm-1"}


def test_a_firm_of_bystanders_is_no_member() -> None:
    """Chance matches of many accounts add up to one entity's membership, and are nobody's."""
    made = traffic({**dict.fromkeys(POOL, 15), **dict.fromkeys(FIRM, 1)})
    group = without_bystanders(group_of(made), made.population, made.entities, {})
    assert names_in(made, group) == set(POOL)
    assert made.entity("firm-0") not in set(group.entities.tolist())


def test_who_holds_the_shared_value_belongs_where_ties_joined_the_group() -> None:
    """Of a firm that shares an address with a pool, the account that was seen there belongs, and no colleague."""
    addresses = {**dict.fromkeys(POOL, "192.0.2.1"), "firm-3": "192.0.2.1", "firm-4": "192.0.2.9"}
    made = traffic(dict.fromkeys(FIRM + POOL, 20), addresses)
    ties = ties_of(made.population, made.entities)
    group = without_bystanders(group_of(made, "identity"), made.population, made.entities, ties)
    assert names_in(made, group) == {*POOL, "firm-3"}


def test_a_group_of_single_accounts_stays_as_it_is() -> None:
    """Where nobody has several accounts, nothing is looked at."""
    made = planted([{"account": name, "hours": i} for i, name in enumerate(POOL)])
    group = group_of(made)
    assert without_bystanders(group, made.population, made.entities, {}) is group


def test_an_account_that_sends_little_of_it_is_a_bystander() -> None:
    """Who of a firm sends a fifth of what a typical member sends of it meets the group's words and is not of it."""
    made = traffic({**dict.fromkeys(POOL, 20), "firm-0": 10, "firm-1": 4})
    group = without_bystanders(group_of(made), made.population, made.entities, {})
    assert names_in(made, group) == {*POOL, "firm-0"}
