"""Tests of the canonical order of accounts and exchanges."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from planted_traffic import at, planted
from planted_traffic import seen as read_off

from stillwatch.engines.embedded import EmbeddedEngine
from stillwatch.links.population import MISSING_TIME, SEEN, canonical_order, codes


def requests(*rows: tuple[str, float]) -> pa.Table:
    """Return one request for each account and hour, ids in the order of the rows."""
    return pa.table(
        {
            "account_id": [name for name, _ in rows],
            "requested_at": [at(hours) for _, hours in rows],
            "exchange_id": [f"x{number:04d}" for number in range(len(rows))],
        }
    )


def seen(*rows: tuple[str, float]) -> pa.Table:
    """Return what the order is made from."""
    return read_off(requests(*rows))


def test_accounts_are_ordered_by_first_then_last_then_count_and_only_then_by_id() -> None:
    """The least exchange id decides between accounts that first, last and count do not tell apart; names never do."""
    table = seen(
        ("a-late", 5), ("a-late", 9),
        ("z-first", 0), ("z-first", 1),
        ("m-longer", 0), ("m-longer", 2),
        ("b-more", 0), ("b-more", 1), ("b-more", 1),
        ("y-tied", 0), ("y-tied", 1),
    )  # fmt: skip
    order = canonical_order(table)
    assert order["account_id"].to_pylist() == ["z-first", "y-tied", "b-more", "m-longer", "a-late"]
    assert order["account"].to_pylist() == [0, 1, 2, 3, 4]


def test_no_permutation_of_rows_changes_the_order() -> None:
    """The canonical order is the same for every order of the input, ties included."""
    rng = np.random.default_rng(3)
    table = requests(*[(f"a{rng.integers(30)}", float(rng.integers(6))) for _ in range(200)])
    wanted = canonical_order(read_off(table))
    for _ in range(5):
        assert canonical_order(read_off(table.take(rng.permutation(len(table))))).equals(wanted)


def test_the_engine_sees_what_is_read_off_the_rows(tmp_path: Path) -> None:
    """The order made by the engine, account by account, is that made from the rows, with ids beyond ASCII and ties."""
    rng = np.random.default_rng(4)
    table = requests(*[(f"a{rng.integers(40)}", float(rng.integers(2))) for _ in range(300)])
    ids = [f"{rng.choice(['x', 'X', 'é', '試', '~'])}{number}" for number in rng.permutation(300)]
    table = table.set_column(2, "exchange_id", pa.array(ids))
    engine = EmbeddedEngine(tmp_path, memory_bytes=2**28, n_threads=2)
    try:
        engine.register("exchanges", table)
        found = engine.query(f"SELECT account_id, {SEEN} FROM exchanges GROUP BY account_id")
    finally:
        engine.close()
    assert canonical_order(found).equals(canonical_order(read_off(table)))


def test_new_names_keep_the_order() -> None:
    """Accounts of one first time, last time and count keep their places whatever their names are."""
    rows = [(f"a{i % 20}", float(i // 20)) for i in range(60)]
    new = {f"a{i}": f"n{i * 7 % 20:02d}" for i in range(20)}
    before = canonical_order(seen(*rows))["account_id"].to_pylist()
    after = canonical_order(seen(*[(new[name], hours) for name, hours in rows]))["account_id"].to_pylist()
    assert after == [new[name] for name in before]


def test_exchanges_lie_beneath_their_account_by_time() -> None:
    """Each account's exchanges are one stretch of rows, rising in time, equal times by id."""
    population = planted(
        [
            {"account": "b", "hours": 7},
            {"account": "a", "hours": 1, "exchange_id": "q"},
            {"account": "b", "hours": 3},
            {"account": "a", "hours": 1, "exchange_id": "p"},
        ]
    )
    exchanges = population.population.exchanges
    assert population.population.accounts.names == ("a", "b")
    assert exchanges.first.tolist() == [0, 2, 4]
    assert np.all(np.diff(exchanges.requested_us[2:4]) > 0)
    assert population.table["exchange_id"].to_pylist()[:2] == ["p", "q"]


def test_accounts_without_facts_are_kept_and_facts_without_traffic_left_out() -> None:
    """The population's accounts are those with traffic, whatever the accounts table says or omits."""
    made = planted(
        [{"account": "known", "hours": 0}, {"account": "unknown", "hours": 1}],
        accounts=[
            {"account_id": "silent", "payment_fingerprint": "card-of-silent"},
            {"account_id": "known", "created_at": at(-24), "plan_price_usd": 20.0, "payment_fingerprint": "card"},
        ],
    )
    accounts = made.population.accounts
    assert accounts.names == ("known", "unknown")
    assert accounts.created_us[1] == MISSING_TIME
    assert accounts.plan_price_usd[0] == 20.0
    assert np.isnan(accounts.plan_price_usd[1])
    assert accounts.keys["payment_fingerprint"].values == ("card",)
    assert accounts.columns == {"created_at", "plan_price_usd", "payment_fingerprint"}


def test_country_is_no_column_of_the_population() -> None:
    """A declared country does not even reach the stages that detect: no code column holds it."""
    made = planted([{"account": "a"}], accounts=[{"account_id": "a", "declared_country": "Atlantis"}])
    for column in (made.population.accounts.keys, made.population.exchanges.keys):
        assert all("Atlantis" not in held.values for held in column.values())


def test_columns_are_known_by_what_they_hold() -> None:
    """A column of nulls does not count as there; text columns count by what became of them in the sketch."""
    bare = planted([{"account": "a", "has_prompt": False, "has_response": False}]).population
    full = planted(
        [{"account": "a", "has_response": False, "model": "m", "system_hash": 7, "n_tools": 0, "prompt_hash": 1}]
    ).population
    assert not bare.columns & {
        "prompt",
        "response",
        "system_prompt",
        "tool_names",
        "model",
        "topic",
        "capability",
        "shape",
    }
    assert full.columns >= {"prompt", "system_prompt", "tool_names", "model"}
    assert "response" not in full.columns


def test_codes_are_ranks_of_sorted_values_with_nulls_apart() -> None:
    """Codes do not depend on which value came first, and null is -1."""
    for values in (["b", None, "a", "b"], ["b", "a", None, "b"]):
        found = codes(pa.array(values, pa.string()))
        assert found.values == ("a", "b")
        assert [None if c < 0 else found.values[c] for c in found.code] == values
    empty = codes(pa.nulls(3, pa.string()))
    assert empty.code.tolist() == [-1, -1, -1]
    assert not empty.is_known
