"""Tests of the canonical order of rows that stay where they lie: it is the one by which an engine would sort them."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.engines.embedded import EmbeddedEngine
from stillwatch.engines.stored_rows import StoredRows
from stillwatch.links.population import exchanges_from
from stillwatch.pipeline import ingest as ingesting
from stillwatch.pipeline.placing import order_of
from stillwatch.pipeline.stored import StoredTable
from stillwatch.records.traffic import ReadOptions, read_traffic
from stillwatch.sketches.capability import CapabilityModel
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.sketch import Sketcher

NAMES = pa.chunked_array([["é", "b", "a"]])  # canonical order is not that of names
ROWS = st.lists(st.tuples(st.sampled_from(["a", "b", "é"]), st.none() | st.integers(0, 3), st.booleans()), max_size=30)
"""Account, time, and whether the row is left out; ``x`` has no other rows."""


@settings(deadline=None)
@given(ROWS)
def test_the_order_is_by_account_then_time_then_id(rows: list[tuple[str, int | None, bool]]) -> None:
    """It equals Python's own sort, nulls last and ids by their bytes; what is left out has no place."""
    rows = [*rows, ("x", 1, True)]
    ids = [f"{'é' if n % 3 else 'z'}{7919 * n % 101}" for n in range(len(rows))]
    table = pa.table(
        {
            "account_id": pa.array([account for account, _, _ in rows], pa.string()),
            "requested_at": pa.array([at for _, at, _ in rows], pa.timestamp("us", "UTC")),
            "exchange_id": pa.array(ids, pa.string()),
        }
    )
    left_out = np.array([n for n, row in enumerate(rows) if row[2]], np.int64)
    names = NAMES.to_pylist()
    kept = [n for n, row in enumerate(rows) if not row[2]]
    wanted = sorted(kept, key=lambda n: (names.index(rows[n][0]), rows[n][1] is None, rows[n][1] or 0, ids[n].encode()))
    found = order_of(StoredRows(table, 1), NAMES, left_out)
    assert found.account.tolist() == [names.index(rows[n][0]) for n in wanted]
    assert [found.place[n] for n in wanted] == list(range(len(wanted)))
    assert all(found.place[n] == -1 for n in left_out)
    assert [kept[n] for n in found.rows.tolist()] == wanted


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a log out of order, with lines twice, ids of several accounts, and ties in time."""
    rng = np.random.default_rng(4)
    n = 600
    rows = [
        {
            "exchange_id": f"x{rng.integers(0, 500)}",
            "account_id": f"a{rng.integers(0, 9)}",
            "requested_at": f"2026-03-02T00:00:{rng.integers(0, 20):02d}Z",
            "prompt": f"What is number {rng.integers(0, 50)} of the list of all the tools that we have?",
            "response": "A lathe." if rng.random() < 0.8 else None,
            "ip": f"192.0.2.{rng.integers(0, 4)}" if rng.random() < 0.7 else None,
            "model": str(rng.choice(["m1", "m2"])),
            "conversation_id": f"c{rng.integers(0, 90)}" if rng.random() < 0.7 else None,
        }
        for _ in range(n)
    ]
    path = tmp_path_factory.mktemp("log") / "log.parquet"
    table = pa.Table.from_pylist([*rows, *rows[:40]])
    pq.write_table(table, path, row_group_size=100)
    return path


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EmbeddedEngine]:
    """Yield an engine of its own."""
    made = EmbeddedEngine(tmp_path / "spill", memory_bytes=2**28, n_threads=2)
    yield made
    made.close()


def test_rows_that_stay_give_the_same_population_as_rows_that_were_sorted(
    log: Path, tmp_path: Path, engine: EmbeddedEngine
) -> None:
    """Every array, every code and every batch of minima is the same, whether or not rows were moved."""
    sketcher = Sketcher(SketchKey.public_demo_key(), CapabilityModel.load())
    found, minima = [], []
    for is_moved in (True, False):
        work = tmp_path / str(is_moved)
        work.mkdir()
        traffic = read_traffic([str(log)], ReadOptions())
        made = ingesting.ingest(traffic, sketcher, engine, work, lambda _: None, is_moved=is_moved)
        assert (made.order is None) == is_moved
        table = StoredTable(made.sketches, made.order)
        found.append((made, exchanges_from(table, len(made.account_names), order=made.order)))
        engine.register_parquet(f"sketches{is_moved}", made.sketches, made.order)
        rows = engine.rows(f"sketches{is_moved}")
        assert rows is not None
        by_place = {}
        for place, batch in rows.placed(["account", "exchange_id", "body_minima"]):
            by_place.update(zip(place.tolist(), batch.to_pylist(), strict=True))
        minima.append([by_place[n] for n in range(rows.n_rows)])
    (moved, a), (stayed, b) = found
    assert moved.repeated == stayed.repeated > 0
    assert len(moved.conflicting) == len(stayed.conflicting) > 0
    assert moved.account_names == stayed.account_names
    assert minima[0] == minima[1]
    assert a.columns == b.columns
    for left, right in itertools.chain(
        ((a.keys[name].code, b.keys[name].code) for name in a.keys),
        ((a.numbers[name], b.numbers[name]) for name in a.numbers),
        ((a.flags[name], b.flags[name]) for name in a.flags),
        ((a.hashes[name], b.hashes[name]) for name in a.hashes),
        ((getattr(a, n), getattr(b, n)) for n in ("account", "requested_us", "first", "shape")),
        ((getattr(a, n), getattr(b, n)) for n in ("topic", "capability", "cue_bits")),
    ):
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)
    assert {name: codes.values for name, codes in a.keys.items()} == {n: c.values for n, c in b.keys.items()}
