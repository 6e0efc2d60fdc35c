"""Tests of a pool within a larger group: strangers tied to each other are set apart, fragments of a pool are not."""

from dataclasses import replace

import numpy as np
import pytest
from planted_traffic import planted

from stillwatch.campaigns.group import Group
from stillwatch.campaigns.nesting import LEVEL, apart_p_value, groups_within, without_strangers
from stillwatch.links.identity import ties_of

N_POOL, N_RELAY, N_OTHERS = 24, 12, 400
NOBODY = np.zeros(0, np.int64), np.zeros(0, np.int64)


def group_of(members: np.ndarray, rows: np.ndarray) -> Group:
    """Return a group by content of some entities, whose slice is all that they sent."""
    n = len(members)
    return Group("content", np.array([0]), members, np.full(n, 0.9), rows, np.full(len(rows), 0.9))


def test_customers_of_a_relay_beside_a_pool_are_set_apart() -> None:
    """The pool shares cards, the relay's customers a device each two, and nothing joins both but the words."""
    n = N_POOL + N_RELAY + N_OTHERS
    facts = [
        {
            "account_id": f"a{i:03}",
            "payment_fingerprint": f"pool{i // 3}" if i < N_POOL else f"own{i}",
            "device_fingerprint": f"relay{i // 2}" if N_POOL <= i < N_POOL + N_RELAY else f"own{i}",
        }
        for i in range(n)
    ]
    made = planted([{"account": f"a{i:03}"} for i in range(n)], facts)
    both = np.array([made.entity(f"a{i:03}") for i in range(N_POOL + N_RELAY)])
    ties = ties_of(made.population, made.entities)
    whole, pool = (group_of(np.sort(part), np.sort(part)) for part in (both, both[:N_POOL]))
    args = made.population, made.entities, ties, NOBODY
    kept, rest = without_strangers(whole, [pool], *args)
    assert set(kept.entities.tolist()) == set(both[:N_POOL].tolist())
    assert set(rest.entities.tolist()) == set(both[N_POOL:].tolist()) == set(kept.apart.tolist())
    assert kept.whole is whole
    assert rest.whole is None


def test_a_fragment_of_one_pool_cuts_nothing() -> None:
    """All of a pool share an address: those whom a narrower group leaves out are tied to it as it is to itself."""
    n = N_POOL + N_OTHERS
    rows = [{"account": f"a{i:03}", "ip": f"pool{i % 4}" if i < N_POOL else f"own{i}"} for i in range(n)]
    made = planted(rows, [{"account_id": f"a{i:03}"} for i in range(n)])
    pool = np.sort([made.entity(f"a{i:03}") for i in range(N_POOL)])
    whole, part = group_of(pool, pool), group_of(pool[: N_POOL // 2], pool[: N_POOL // 2])
    ties = ties_of(made.population, made.entities)
    assert without_strangers(whole, [part], made.population, made.entities, ties, NOBODY) == (whole,)


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_a_pool_with_a_fragment_is_cut_as_rarely_as_promised(share: float) -> None:
    """Ties fall on members whoever the fragment takes in: three standard errors above the level at most."""
    rng = np.random.default_rng(int(share * 10))
    n_pools = 2_000
    n_cut = sum(
        apart_p_value(rng.random(60) < share, np.isin(np.arange(60), rng.choice(60, 40, replace=False))) <= LEVEL
        for _ in range(n_pools)
    )
    assert n_cut <= n_pools * LEVEL + 3 * np.sqrt(n_pools * LEVEL)


def test_half_as_many_ties_are_no_strangers() -> None:
    """Whoever is tied to the pool half as often as its members are is of it."""
    is_inside = np.arange(300) < 200
    is_tied = np.where(is_inside, np.arange(300) % 2 == 0, np.arange(300) % 4 == 0)
    assert apart_p_value(is_tied, is_inside) == 1.0
    assert apart_p_value(is_tied & is_inside, is_inside) < 1e-9


def test_groups_within_are_those_by_content_that_leave_enough() -> None:
    """A group most of which lies within, neither nearly all of it nor a handful; and none that ties proposed."""
    rows = np.zeros(0, np.int64)
    whole = group_of(np.arange(30), rows)
    pool = group_of(np.concatenate([np.arange(18), [90, 91]]), rows)
    nearly, few, elsewhere = (group_of(np.arange(*ends), rows) for ends in ((0, 27), (0, 4), (20, 60)))
    by_ties = replace(pool, channel="identity")
    found = groups_within([whole, pool, nearly, few, elsewhere, by_ties], 100)
    assert [part.tolist() for part in found] == [[1], [], [1], [], [], []]
