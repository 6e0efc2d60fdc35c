"""Tests of undeclared ties and of the graph that rare ones make."""

import math
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from planted_traffic import planted, use_matrix
from scipy.sparse import csr_array

from stillwatch.links.blocking import blocked_pairs, holdings_of
from stillwatch.links.identity import LEAST_BITS, RING, Ties, tie_graph, ties_of

N = 4096  # entities: 12 bits, so that every expectation below is a whole number


def tie(column: str, holders: dict[int, list[int]]) -> Ties:
    """Return a tie of these values and the entities that hold them."""
    pairs = sorted((value, entity) for value, entities in holders.items() for entity in entities)
    value, entity = (np.array(part, np.int32) for part in zip(*pairs, strict=True))
    return Ties(column, value, entity, tuple(f"v{i}" for i in range(max(holders) + 1)))


def graph_of(*ties: Ties, n: int = N) -> dict[tuple[int, int], float]:
    """Return the links of some ties, each pair once."""
    left, right, bits = tie_graph({item.column: item for item in ties}, n)
    assert len(set(zip(left.tolist(), right.tolist(), strict=True))) == len(left)
    return {(a, b): w for a, b, w in zip(left.tolist(), right.tolist(), bits.tolist(), strict=True)}


def test_two_facts_add_their_bits() -> None:
    """Three holders of one card and three of one device, the same three: the rarities of both facts add up."""
    bits = float(np.log2(N / 3))
    found = graph_of(tie("payment_fingerprint", {0: [5, 9, 30]}), tie("device_fingerprint", {0: [9, 30, 5]}))
    assert found == {pair: pytest.approx(2 * bits) for pair in ((5, 9), (5, 30), (9, 30))}


def test_one_value_of_three_holders_is_not_enough() -> None:
    """A single value that three hold is worth less than the prior takes away; so is one that two hold, by one bit."""
    assert graph_of(tie("payment_fingerprint", {0: [5, 9, 30]})) == {}
    pair = graph_of(tie("payment_fingerprint", {0: [5, 9]}))
    assert pair == {}  # 11 bits against 12


def test_several_values_of_one_column_add_up() -> None:
    """Two addresses that the same two entities alone use are two facts."""
    assert graph_of(tie("ip", {0: [1, 2], 1: [1, 2]})) == {(1, 2): pytest.approx(22.0)}


def test_a_popular_value_links_nobody() -> None:
    """What more than one in sixteen has is common ground, even beside a rare value."""
    popular = {0: list(range(N // 16 + 1))}
    assert np.log2(N / len(popular[0])) < LEAST_BITS
    assert graph_of(tie("ip", popular)) == {}
    with_card = graph_of(
        tie("ip", popular), tie("payment_fingerprint", {0: [1, 2]}), tie("phone_fingerprint", {0: [1, 2]})
    )
    assert with_card == {(1, 2): pytest.approx(22.0)}


def test_a_held_value_costs_a_ring_and_not_a_square() -> None:
    """Within one value each entity is linked to its next few holders only."""
    holders = {0: list(range(0, 400, 2)), 1: list(range(0, 400, 2)), 2: list(range(0, 400, 2))}
    found = graph_of(tie("ip", holders))
    assert len(found) == 200 * RING - RING * (RING + 1) // 2
    assert max(b - a for a, b in found) == 2 * RING


def test_pairs_of_an_entity_are_bounded_whatever_the_popularity_of_its_values() -> None:
    """However many hold a value, each holder keeps at most twice ``RING`` partners for it, and as few for each kind."""
    for size in (10, 60, 250):  # of one in sixteen at most
        rng = np.random.default_rng(size)
        held = {value: np.sort(rng.choice(N, size, replace=False)).tolist() for value in range(40)}
        made = tie("payment_fingerprint", held)
        n_values = np.bincount(made.entity, minlength=N)
        left, right, _ = tie_graph(
            {made.column: made, "phone_fingerprint": replace(made, column="phone_fingerprint")}, N
        )
        partners = np.bincount(np.concatenate([left, right]), minlength=N)
        assert len(left) > size
        assert np.all(partners <= 2 * RING * n_values)
        of_kind = blocked_pairs(holdings_of({made.column: made}, csr_array((N, 1))), N)
        partners = np.bincount(np.concatenate(next(iter(of_kind.values()))), minlength=N)
        assert 0 < partners.max() <= 2 * RING


def uses(families: dict[int, list[int]]) -> dict[int, dict[int, int]]:
    """Return uses from entity to family to exchanges, given who uses each family."""
    found: dict[int, dict[int, int]] = {}
    for family, entities in families.items():
        for entity in entities:
            found.setdefault(entity, {})[family] = 3
    return found


def test_a_rare_family_in_common_lifts_a_tied_pair() -> None:
    """To a pair with one card in common, the rarest family that both use adds its bits, and only that one."""
    used = uses({0: [5, 9, 40, 41], 1: list(range(64)), 2: [5]})
    card = {"payment_fingerprint": tie("payment_fingerprint", {0: [5, 9]})}
    left, right, bits = tie_graph(card, N, use_matrix(used, N, 3))
    assert (left.tolist(), right.tolist()) == ([5], [9])
    assert bits == pytest.approx([11 + 10])  # a card of two and a family of four, of 4,096 entities


def test_a_family_alone_ties_nobody() -> None:
    """Who shares nothing but content is not linked by it, however rare it is: that would be counted twice later."""
    used = use_matrix(uses({0: [1, 2], 1: [1, 2], 2: [3, 4]}), N, 3)
    left, _, _ = tie_graph({"ip": tie("ip", {0: [10, 11]})}, N, used)
    assert len(left) == 0
    assert len(tie_graph({}, N, used)[0]) == 0


def expected_bits(held: dict[int, list[int]], n: int, a: int, b: int) -> float:
    """Return the bits of what two entities share beyond chance, of values that three hold each, one by one."""
    both = sum({a, b} <= set(holders) for holders in held.values())
    others = [sum(e in holders for holders in held.values()) - both + 1 for e in (a, b)]
    chance = max(others[0] * others[1] * n / max(sum(map(len, held.values())), n), 1.0)
    of_value = max(float(np.log2(n / 3 / chance)), 0.0)
    return min(both * of_value + float(np.log2(math.factorial(both))), both * float(np.log2(n / 3)))


def test_addresses_that_everybody_has_tie_nobody() -> None:
    """Half of all accounts draw from 256 addresses, as behind a proxy: each has dozens in common with each other one.

    Two who share three cards of their own are tied all the same.
    """
    rng = np.random.default_rng(4)
    n = 2_000
    drawn = {entity: set(rng.integers(0, 256, 60).tolist()) for entity in range(0, n, 2)}
    proxy = tie("ip", {value: [e for e in drawn if value in drawn[e]] for value in range(256)})
    assert float(np.log2(n / proxy.n_entities().max())) < LEAST_BITS  # popular ones are left out at once
    fewer = {e: set(rng.integers(0, 256, 20).tolist()) for e in range(0, n, 2)}
    rare = tie("ip", {value: [e for e in fewer if value in fewer[e]] for value in range(256)})
    assert float(np.log2(n / np.median(rare.n_entities()))) > LEAST_BITS  # these are not
    by_chance = graph_of(rare, n=n)
    assert len(by_chance) <= n / 20  # of half a million pairs that have a value in common
    cards = tie("payment_fingerprint", {k: [7, 9] for k in range(3)})
    assert set(graph_of(rare, cards, n=n)) - set(by_chance) == {(7, 9)}


def test_a_pool_of_addresses_of_its_own_ties_its_members() -> None:
    """Among 2,000 people with five addresses each, twenty accounts share ten lines: chance does not explain them."""
    rng = np.random.default_rng(5)
    people = {1_000 + k: [int(e)] for k, e in enumerate(rng.integers(100, 2_000, 9_000))}
    lines = {k: np.sort(rng.choice(20, 6, replace=False)).tolist() for k in range(10)}
    found = graph_of(tie("ip", {**people, **lines, **{k: [] for k in range(10, 1_000)}}), n=2_000)
    tied = {e for pair in found for e in pair}
    assert len(tied) >= 12
    assert max(tied) < 20


def test_bits_of_families_equal_a_look_at_every_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    """For random ties and uses, in chunks of any size, weights are the sum of ties and of the rarest common family."""
    rng = np.random.default_rng(6)
    n = 64
    held = {value: rng.choice(n, 3, replace=False).tolist() for value in range(40)}
    used = uses({family: rng.choice(n, int(rng.integers(1, 30)), replace=False).tolist() for family in range(25)})
    ties = {"payment_fingerprint": tie("payment_fingerprint", held)}
    use = use_matrix(used, n, 25)
    users = np.bincount(use.indices, minlength=25)
    wanted = {}
    for a in range(n):
        for b in range(a + 1, n):
            cards = expected_bits(held, n, a, b)
            common = set(used.get(a, {})) & set(used.get(b, {}))
            total = cards + max((float(np.log2(n / users[f])) for f in common), default=0.0)
            if cards and total >= np.log2(n):
                wanted[a, b] = total
    assert wanted
    for chunk in (3, 20_000):
        monkeypatch.setattr("stillwatch.links.identity.CHUNK_PAIRS", chunk)
        left, right, bits = tie_graph(ties, n, use)
        found = {(a, b): w for a, b, w in zip(left.tolist(), right.tolist(), bits.tolist(), strict=True)}
        assert found == pytest.approx(wanted)


def test_unused_families_add_nothing() -> None:
    """A matrix without any use, or without any family, leaves the links as they are."""
    two_cards = {"payment_fingerprint": tie("payment_fingerprint", {0: [1, 2], 1: [1, 2]})}
    plain = tie_graph(two_cards, N)
    for n_families in (0, 4):
        found = tie_graph(two_cards, N, csr_array((N, n_families), dtype=np.int64))
        assert all(np.array_equal(a, b) for a, b in zip(found, plain, strict=True))


def test_nothing_shared_makes_an_empty_graph() -> None:
    """No ties, and ties that nobody shares, give no links."""
    assert graph_of() == {}
    assert graph_of(tie("ip", {0: [1], 1: [2]})) == {}


def test_ties_are_read_by_entity_and_once_a_pair() -> None:
    """Ties equal a set of (value, entity) read off the rows: accounts of one entity count once."""
    rng = np.random.default_rng(11)
    rows = [
        {"account": f"a{rng.integers(20)}", "ip": rng.choice(["10.0.0.1", "10.0.0.2", "10.0.0.3"])} for _ in range(120)
    ]
    rows.append({"account": "a0", "ip": None})
    facts = [
        {
            "account_id": f"a{i}",
            "organisation_id": "org",
            "is_verified": i < 3,
            "payment_fingerprint": f"card{i % 4}" if i < 8 else None,
        }
        for i in range(20)
    ]
    made = planted(rows, facts)
    found = ties_of(made.population, made.entities)
    assert set(found) == {"payment_fingerprint", "ip"}
    truth = defaultdict(set)
    for row in rows:
        if row["ip"] is not None:
            truth["ip"].add((row["ip"], made.entity(row["account"])))
    for fact in facts:
        if fact["payment_fingerprint"] is not None:
            truth["payment_fingerprint"].add((fact["payment_fingerprint"], made.entity(fact["account_id"])))
    for column, held in truth.items():
        item = found[column]
        pairs = [(item.names[v], e) for v, e in zip(item.value.tolist(), item.entity.tolist(), strict=True)]
        assert pairs == sorted(held)
        assert item.n_entities().tolist() == [sum(name == value for value, _ in held) for name in item.names]


def test_held_by_lists_each_value_of_each_entity_once() -> None:
    """For any entities, rising, what comes back are exactly the pairs that a look through all ties finds."""
    rng = np.random.default_rng(8)
    holders = {value: sorted(rng.choice(50, rng.integers(1, 6), replace=False).tolist()) for value in range(30)}
    made = tie("device_fingerprint", holders)
    for size in (0, 1, 7, 50):
        chosen = np.sort(rng.choice(60, size, replace=False))  # some hold nothing
        value, which = made.held_by(chosen)
        found = sorted(zip(chosen[which].tolist(), value.tolist(), strict=True))
        assert found == sorted((e, v) for v, entities in holders.items() for e in entities if e in set(chosen.tolist()))
