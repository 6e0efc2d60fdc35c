"""Tests of the embedded engine."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.engines.embedded import EmbeddedEngine


@pytest.fixture
def engine(tmp_path: Path):
    """Return an engine with a small memory of its own."""
    made = EmbeddedEngine(tmp_path / "spill", memory_bytes=2**27, n_threads=2)
    yield made
    made.close()


def test_files_are_read_in_place_with_the_rows_position(engine: EmbeddedEngine, tmp_path: Path) -> None:
    """``row_index`` is the position in the file whatever the query's order; a quote in the path is no SQL."""
    folder = tmp_path / "it's"
    folder.mkdir()
    pq.write_table(pa.table({"x": np.arange(10_000)[::-1]}), folder / "a.parquet", row_group_size=700)
    for name, path in (("one", folder / "a.parquet"), ("many", folder)):
        engine.register_parquet(name, path)
        found = engine.query(f"SELECT x, row_index FROM {name} ORDER BY x")
        assert np.array_equal(found["row_index"].to_numpy(), np.arange(10_000)[::-1])


def test_written_files_are_sorted_and_the_same_for_any_number_of_threads(tmp_path: Path) -> None:
    """The bytes of a sorted file do not depend on the workers."""
    rng = np.random.default_rng(0)
    table = pa.table({"key": rng.permutation(50_000), "text": [f"v{i % 97}" for i in range(50_000)]})
    written = []
    for n_threads in (1, 2, 4):
        made = EmbeddedEngine(tmp_path / "spill", memory_bytes=2**28, n_threads=n_threads)
        made.register("rows", table)
        path = tmp_path / f"o'{n_threads}.parquet"
        made.write_parquet("SELECT * FROM rows", path, order_by="key")
        made.close()
        written.append(path.read_bytes())
    assert np.array_equal(pq.read_table(path)["key"].to_numpy(), np.arange(50_000))
    assert written[0] == written[1] == written[2]


def test_a_sort_beyond_the_memory_spills_and_still_sorts(tmp_path: Path) -> None:
    """More rows than the engine's memory holds are sorted all the same, through its folder on disk."""
    made = EmbeddedEngine(tmp_path / "spill", memory_bytes=128 * 2**20, n_threads=1)
    path = tmp_path / "big.parquet"
    made.write_parquet("SELECT hash(i) AS h, repeat('x', 100) || i AS t FROM range(2500000) r(i)", path, order_by="h")
    made.close()
    h = pq.read_table(path, columns=["h"])["h"].to_numpy()
    assert len(h) == 2_500_000
    assert np.all(h[1:] >= h[:-1])


def test_times_are_utc(engine: EmbeddedEngine) -> None:
    """A time with a zone comes back in UTC, whatever the machine's zone."""
    engine.register("t", pa.table({"t_at": pa.array([0], pa.timestamp("us", "UTC"))}))
    assert engine.query("SELECT t_at FROM t")["t_at"].type == pa.timestamp("us", "UTC")
    assert engine.query("SELECT CAST(t_at AS VARCHAR) AS s FROM t")["s"][0].as_py().startswith("1970-01-01 00:00:00")


def test_engines_do_not_share_tables(engine: EmbeddedEngine, tmp_path: Path) -> None:
    """Two scans in one process do not see each other's tables."""
    engine.execute("CREATE TABLE mine AS SELECT 1 AS x")
    other = EmbeddedEngine(tmp_path / "other", memory_bytes=2**27, n_threads=1)
    with pytest.raises(Exception, match="mine"):
        other.query("SELECT * FROM mine")
    other.close()
    assert engine.query("SELECT x FROM mine")["x"].to_pylist() == [1]


def test_the_runs_record_names_engine_and_version(engine: EmbeddedEngine) -> None:
    """What ran is on record."""
    assert engine.settings()["engine"] == "duckdb"
    assert engine.settings()["version"]
