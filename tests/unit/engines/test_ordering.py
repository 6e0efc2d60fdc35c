"""Tests of the sort by ranges: what comes out is what a sort of all rows at once gives."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillwatch.engines import embedded, ordering
from stillwatch.engines.embedded import EmbeddedEngine
from stillwatch.errors import OutputError

ORDER = ["account", "sent", "id"]


def rows(n: int, seed: int = 0) -> pa.Table:
    """Return rows of few accounts, one of which has half of all, with ties in time, nulls and lists."""
    rng = np.random.default_rng(seed)
    account = np.where(rng.random(n) < 0.5, 3, rng.integers(0, 40, n)).astype(np.int32)
    at = rng.integers(0, n // 4 + 1, n)
    return pa.table(
        {
            "account": account,
            "sent": pa.array(at, pa.int64(), mask=rng.random(n) < 0.01),
            "id": [f"{number:x}" for number in rng.permutation(n)],
            "minima": pa.array([[int(x)] * int(x % 3) for x in rng.integers(0, 9, n)], pa.list_(pa.int64())),
        }
    )


def in_order(table: pa.Table) -> pa.Table:
    """Return all rows sorted at once."""
    return table.take(pc.sort_indices(table, sort_keys=[(name, "ascending") for name in ORDER]))


@pytest.mark.parametrize("n", [1, 7, 1000])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_ranges_end_to_end_are_a_sort(n: int, n_threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges follow each other in order; equal leading keys, nulls and an account of half the rows do no harm."""
    monkeypatch.setattr(ordering, "RANGE_ROWS", 60)
    table = rows(n)
    known = table.select(ORDER[:2]).filter(pc.is_valid(table["sent"]))
    bounds = ordering.bounds_of(known, n)
    assert len(bounds) == (16 if n == 1000 else 0)
    made = list(ordering.sorted_ranges(table.to_batches(max_chunksize=64), ORDER, bounds, tmp_path, n_threads))
    assert max(map(len, made)) <= max(120, n // 5)
    assert pa.concat_tables(made).combine_chunks().equals(in_order(table).combine_chunks())
    assert list(tmp_path.iterdir()) == []


def test_a_sample_of_one_value_makes_one_bound(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Rows that all are alike are sorted in one piece; a sample without rows makes no bound."""
    monkeypatch.setattr(ordering, "RANGE_ROWS", 10)
    table = (
        rows(100).set_column(0, "account", pa.array([1] * 100, pa.int32())).set_column(1, "sent", pa.array([5] * 100))
    )
    bounds = ordering.bounds_of(table.select(ORDER[:2]), 100)
    assert bounds == [(1, 5)]
    made = pa.concat_tables(ordering.sorted_ranges(table.to_batches(), ORDER, bounds, tmp_path, 1))
    assert made.equals(in_order(table))
    assert ordering.bounds_of(table.select(ORDER[:2]).slice(0, 0), 100) == []


def test_the_files_bytes_depend_on_the_rows_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However tables are cut, the row groups are the same."""
    monkeypatch.setattr(ordering, "GROUP_ROWS", 300)
    table = in_order(rows(1000))
    written = []
    for cuts in ((1000,), (1, 700, 299), (299, 1, 300, 300, 100)):
        ends = np.cumsum(cuts)
        parts = [table.slice(end - size, size) for end, size in zip(ends, cuts, strict=True)]
        ordering.write_groups(parts, tmp_path / "a.parquet")
        written.append((tmp_path / "a.parquet").read_bytes())
    assert written[0] == written[1] == written[2]
    metadata = pq.read_metadata(tmp_path / "a.parquet")
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [300, 300, 300, 100]


def test_the_engine_sorts_many_rows_as_it_sorts_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dealt out by ranges or sorted by DuckDB itself, the rows of the file are the same, whatever the threads."""
    monkeypatch.setattr(ordering, "RANGE_ROWS", 100)
    table = rows(2000)
    found = []
    for most, n_threads in ((5000, 1), (500, 1), (500, 2)):
        monkeypatch.setattr(embedded, "SORTED_ROWS", most)
        engine = EmbeddedEngine(tmp_path / "spill", memory_bytes=2**28, n_threads=n_threads)
        engine.register("given", table)
        engine.write_parquet("SELECT * FROM given", tmp_path / "o.parquet", order_by=", ".join(ORDER))
        engine.register_parquet("written", tmp_path / "o.parquet")
        found.append(engine.query("SELECT * FROM written ORDER BY row_index"))
        engine.close()
    assert found[0].equals(found[1])
    assert found[0].equals(found[2])
    assert found[0]["id"].to_pylist() == in_order(table)["id"].to_pylist()


def test_a_folder_that_cannot_be_written_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No room for the ranges is told as no room for a sort is."""
    monkeypatch.setattr(embedded, "SORTED_ROWS", 10)
    (tmp_path / "spill").write_text("a file where a folder should be")
    engine = EmbeddedEngine(tmp_path / "spill", memory_bytes=2**28, n_threads=1)
    engine.register("given", rows(100))
    with pytest.raises(OutputError, match="intermediate results"):
        engine.write_parquet("SELECT * FROM given", tmp_path / "o.parquet", order_by="account, sent, id")
    engine.close()
