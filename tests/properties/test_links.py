"""Laws of links that hold for any traffic."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_traffic import at, bundle_phrases, phrases_of, planted
from planted_traffic import seen as read_off
from scipy.sparse import csr_array

from stillwatch.links.blocking import blocked_pairs, holdings_of
from stillwatch.links.bundle import mixed
from stillwatch.links.components import connected_components
from stillwatch.links.identity import RING, Ties, tie_graph
from stillwatch.links.layout import force_layout
from stillwatch.links.population import canonical_order, codes

REQUESTS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 5)), min_size=1, max_size=40)
EDGES = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=30)


def seen(requests: list[tuple[int, tuple[int, int]]]) -> pa.Table:
    """Return what the canonical order is made from, for numbered requests of numbered accounts."""
    columns = {
        "account_id": [f"a{a}" for _, (a, _) in requests],
        "requested_at": [at(h) for _, (_, h) in requests],
        "exchange_id": [f"x{number:02d}" for number, _ in requests],
    }
    return read_off(pa.table(columns))


@settings(max_examples=80, deadline=None)
@given(REQUESTS, st.randoms())
def test_the_order_of_rows_never_matters(requests: list[tuple[int, int]], random) -> None:
    """Any permutation of any requests gives one canonical order, in which every account stands once."""
    numbered = list(enumerate(requests))
    wanted = canonical_order(seen(numbered))
    assert sorted(wanted["account_id"].to_pylist()) == sorted({f"a{a}" for a, _ in requests})
    shuffled = list(numbered)
    random.shuffle(shuffled)
    assert canonical_order(seen(shuffled)).equals(wanted)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 7), st.sampled_from(["api", "aggregator:N", "aggregator:S", None])),
        min_size=1,
        max_size=25,
    ),
    st.lists(
        st.tuples(st.sampled_from([None, "o1", "o2"]), st.sampled_from([None, True, False])), min_size=8, max_size=8
    ),
)
def test_folding_is_a_partition_that_rests_on_declared_ties(requests: list, facts: list) -> None:
    """Any two accounts share an entity exactly if one verified organisation or one aggregator has all of both."""
    rows = [{"account": f"a{a}", "platform": platform} for a, platform in requests]
    table = [
        {"account_id": f"a{i}", "organisation_id": organisation, "is_verified": verified}
        for i, (organisation, verified) in enumerate(facts)
    ]
    made = planted(rows, table)

    def declared(account: int) -> tuple[str, str] | None:
        organisation, verified = facts[account]
        if verified and organisation:
            return "organisation", organisation
        platforms = {platform for a, platform in requests if a == account}
        (only,) = platforms if len(platforms) == 1 else (None,)
        return ("aggregator", only) if only and only.startswith("aggregator:") else None

    present = sorted({a for a, _ in requests})
    for a in present:
        for b in present:
            expected = a == b or (declared(a) is not None and declared(a) == declared(b))
            assert (made.entity(f"a{a}") == made.entity(f"a{b}")) == expected
    assert made.entities.n_exchanges.sum() == len(requests)
    assert set(made.entities.of_account.tolist()) == set(range(made.entities.n))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(1, 10**6), st.sets(st.integers(0, 60), min_size=1, max_size=12), max_size=30))
def test_phrases_of_equal_users_are_bundled_and_of_disjoint_users_are_not(sets: dict[int, set[int]]) -> None:
    """For any sets of users: equal sets share a bundle, and a bundle is connected by users in common."""
    found = bundle_phrases(phrases_of(sets)) if sets else np.zeros(0, np.int64)
    ordered = [sets[value] for value in sorted(sets)]
    assert len(found) == len(ordered)
    for i, a in enumerate(ordered):
        for j, b in enumerate(ordered):
            if a == b:
                assert found[i] == found[j]
    overlap = [(i, j) for i, a in enumerate(ordered) for j, b in enumerate(ordered) if i < j and a & b]
    left, right = (np.array([pair[k] for pair in overlap], np.int64) for k in (0, 1))
    possible = connected_components(len(ordered), left, right)
    for label in set(found.tolist()):
        assert len(set(possible[found == label].tolist())) == 1


@settings(max_examples=60, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 6), st.integers(0, 63)), min_size=1, max_size=80), st.integers(6, 12))
def test_links_of_ties_join_holders_of_a_common_value(pairs: set[tuple[int, int]], log_n: int) -> None:
    """Every link joins two holders of one value and outweighs the prior; links are few for any popularity."""
    value, entity = (np.array(part, np.int32) for part in zip(*sorted(pairs), strict=True))
    n = 2**log_n
    tie = Ties("ip", value, entity, tuple(f"v{i}" for i in range(7)))
    left, right, bits = tie_graph({"ip": tie}, n)
    held = {e: {v for v, other in pairs if other == e} for _, e in pairs}
    size = {v: sum(1 for w, _ in pairs if w == v) for v, _ in pairs}
    assert len(left) <= RING * len(pairs)
    for a, b, weight in zip(left.tolist(), right.tolist(), bits.tolist(), strict=True):
        assert a < b
        common = held[a] & held[b]
        assert common
        assert log_n - 1e-9 <= weight <= sum(log_n - np.log2(size[v]) for v in common) + 1e-9


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 512), st.integers(2, 512), st.integers(0, 2**32 - 1))
def test_partners_are_bounded_whatever_the_popularity_of_a_key(few: int, many: int, seed: int) -> None:
    """An entity keeps at most eight partners a value that it has, and a kind of evidence, whoever else has them."""
    n, rng = 512, np.random.default_rng(seed)
    ties = {}
    for column, size in (("payment_fingerprint", few), ("device_fingerprint", many)):
        holders = [
            np.sort(rng.choice(n, size, replace=False)),
            *(np.sort(rng.choice(n, 3, replace=False)) for _ in "ab"),
        ]
        value = np.repeat(np.arange(3, dtype=np.int32), [len(some) for some in holders])
        ties[column] = Ties(column, value, np.concatenate(holders).astype(np.int32), ("popular", "rare", "other"))
    left, right, _ = tie_graph(ties, n)
    n_values = sum(np.bincount(tie.entity, minlength=n) for tie in ties.values())
    assert np.all(np.bincount(np.concatenate([left, right]), minlength=n) <= 2 * RING * n_values)
    for left, right in blocked_pairs(holdings_of(ties, csr_array((n, 1))), n).values():
        assert np.bincount(np.concatenate([left, right])).max() <= 2 * RING * len(ties)


@settings(max_examples=60, deadline=None)
@given(EDGES)
def test_components_equal_a_search(edges: list[tuple[int, int]]) -> None:
    """Components equal those of a plain search, numbered by their first item."""
    left, right = (np.array([edge[k] for edge in edges], np.int64) for k in (0, 1))
    found = connected_components(15, left, right).tolist()
    label = list(range(15))
    for _ in range(15):
        for a, b in edges:
            label[a] = label[b] = min(label[a], label[b])
    order = {root: number for number, root in enumerate(dict.fromkeys(label))}
    assert found == [order[root] for root in label]


@settings(max_examples=30, deadline=None)
@given(EDGES, st.floats(0, 1e6))
def test_layouts_stay_in_the_unit_square(edges: list[tuple[int, int]], weight: float) -> None:
    """Any graph with any weights, loops and double links included, is drawn within the unit square."""
    left, right = (np.array([edge[k] for edge in edges], np.int64) for k in (0, 1))
    position = force_layout(15, left, right, np.full(len(edges), weight))
    assert np.all((position >= 0) & (position <= 1))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=4)), max_size=20))
def test_codes_read_back(values: list[str | None]) -> None:
    """Any column of strings, hostile ones included, reads back from its codes, and codes are ranks."""
    found = codes(pa.array(values, pa.string()))
    assert [None if code < 0 else found.values[code] for code in found.code] == values
    assert list(found.values) == sorted({v for v in values if v is not None}, key=lambda v: v.encode())


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(0, 2**64 - 1), min_size=1, max_size=50), st.integers(1, 64))
def test_mixing_keeps_values_apart(values: set[int], seed: int) -> None:
    """The mixer is a bijection: no two entities ever collide under any seed."""
    mixed_values = mixed(np.array(sorted(values), np.uint64), seed=seed)
    assert len(set(mixed_values.tolist())) == len(values)
