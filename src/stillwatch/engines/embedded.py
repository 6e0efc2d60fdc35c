"""The embedded engine: DuckDB in this process, spilling to a folder of its own when memory runs short."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.engines.engine import Sketching
from stillwatch.engines.ordering import bounds_of, sorted_ranges, write_groups
from stillwatch.engines.stored_rows import StoredRows
from stillwatch.engines.workers import sketched_rows
from stillwatch.errors import OutputError
from stillwatch.links.tables import Order, Rows
from stillwatch.records.traffic import Traffic
from stillwatch.sketches import compiled
from stillwatch.sketches.schema import SKETCH_ROWS

STREAMED_ROWS: Final = 1_000_000  # of a batch
SORTED_ROWS: Final = 262_144  # that the engine sorts by itself; more are dealt out by ranges first
DEALT_ROWS: Final = 65_536  # of a batch that is dealt out: some 60 MB of sketches
LEADING_KEYS: Final = 2  # of an order, by which rows are dealt out
SAMPLED_ROWS: Final = 50_000  # that say where ranges end
DICTIONARY: Final = [field.name for field in SKETCH_ROWS if pa.types.is_string(field.type)]  # hashes hardly repeat
COMPRESSION: Final = {
    f"{field.name}.list.element" if pa.types.is_list(field.type) else field.name: (
        "none" if field.name.endswith("_minima") else "lz4"  # nor can hashes be compressed
    )
    for field in SKETCH_ROWS
}
GLOB_SIGNS: Final = re.compile(r"([*?\[])")


class EmbeddedEngine:
    """SQL over Arrow tables and Parquet files on one machine.

    Args:
        spill_folder: where intermediate results rest when they exceed ``memory_bytes``; removed by the caller.
        memory_bytes: the engine's own bound; Arrow tables that a query returns come on top.
        n_threads: workers; the result does not depend on it.
    """

    def __init__(self, spill_folder: Path, *, memory_bytes: int, n_threads: int) -> None:
        self._n_threads = n_threads
        self._spill_folder = spill_folder
        self._registered: dict[str, pa.Table | Path] = {}
        self._orders: dict[str, Order] = {}
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "temp_directory": str(spill_folder),
                "memory_limit": f"{memory_bytes // 2**20}MiB",
                "threads": n_threads,
                "enable_external_file_cache": False,  # files here are read once or twice, and are as large as memory
                "preserve_insertion_order": False,  # every query that needs an order says so
            },
        )
        self._connection.execute("SET TimeZone = 'UTC'")

    def sketch(self, traffic: Traffic, sketcher: Sketching, folder: Path, progress: Callable[[int], None]) -> int:
        """Sketch some traffic into the table ``parts``, one batch at a time; see ``Engine``."""
        n_rows = 0
        path = folder / "sketches.parquet"
        with pq.ParquetWriter(path, SKETCH_ROWS, compression=COMPRESSION, use_dictionary=DICTIONARY) as writer:
            for rows in sketched_rows(traffic, sketcher, self._n_threads):
                writer.write_batch(rows)
                n_rows += rows.num_rows
                progress(n_rows)
        self.register_parquet("parts", path)
        return n_rows

    def query(self, sql: str) -> pa.Table:
        """Return the result of ``sql`` as one Arrow table."""
        with self._told_full():
            return self._connection.sql(sql).to_arrow_table()

    def stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Yield the result of ``sql`` batch by batch, in its order; the engine holds what is to come, and spills."""
        with self._told_full():
            yield from self._connection.sql(sql).to_arrow_reader(STREAMED_ROWS)

    def rows(self, name: str) -> Rows | None:
        """Return the rows of a registered table, read where they lie."""
        found = self._registered.get(name)
        return None if found is None else StoredRows(found, self._n_threads, self._orders.get(name))

    def execute(self, sql: str) -> None:
        """Run ``sql`` for its effect on the engine's own tables."""
        self._connection.execute(sql)

    def materialise(self, name: str, sql: str) -> None:
        """Run ``sql`` once and keep the result as the table ``name``."""
        with self._told_full():
            self._connection.execute(f"CREATE OR REPLACE TABLE {name} AS {sql}")

    def register(self, name: str, table: pa.Table) -> None:
        """Make ``table`` known to queries as ``name``."""
        self._registered[name] = table
        self._connection.register(name, table)

    def register_parquet(self, name: str, path: Path, order: Order | None = None) -> None:
        """Make a Parquet file, or a folder of them, known to queries as ``name``; it is read where it lies.

        The view has the file's columns and ``row_index``, the position of the row in its file. There is no view of rows
        that do not lie in their order: they are known to ``rows`` alone.
        """
        self._registered[name] = path
        if order is not None:
            self._orders[name] = order
            return
        plain = GLOB_SIGNS.sub(r"[\1]", str(path))  # a folder's own name is no pattern
        pattern = f"{plain}/*.parquet" if path.is_dir() else plain
        literal = pattern.replace("'", "''")
        self._connection.execute(
            f"CREATE OR REPLACE VIEW {name} AS SELECT * EXCLUDE (file_row_number), file_row_number AS row_index "  # noqa: S608 - a quoted literal
            f"FROM read_parquet('{literal}', file_row_number = true)"
        )

    def write_parquet(self, sql: str, path: Path, *, order_by: str) -> None:
        """Write the result of ``sql``, in the order of ``order_by``, to one Parquet file.

        The bytes depend on the rows, and not on threads, nor on how the rows were found.
        """
        with self._told_full():
            n_rows = self._connection.sql(f"SELECT count(*) FROM ({sql})").fetchall()[0][0]  # noqa: S608 - ours
            if n_rows > SORTED_ROWS:
                self._write_by_ranges(sql, path, [name.strip() for name in order_by.split(",")], n_rows)
                return
        literal = str(path).replace("'", "''")
        with self._told_full():
            self._connection.execute(
                f"COPY (SELECT * FROM ({sql}) ORDER BY {order_by}) "  # noqa: S608 - ours, and a quoted literal
                f"TO '{literal}' (FORMAT parquet, COMPRESSION lz4)"  # hashes cannot be compressed: do not try hard
            )

    def _write_by_ranges(self, sql: str, path: Path, order: list[str], n_rows: int) -> None:
        keys = ", ".join(order[:LEADING_KEYS])
        known = " AND ".join(f"{name} IS NOT NULL" for name in order[:LEADING_KEYS])
        drawn = f"SELECT {keys} FROM ({sql}) WHERE {known}"  # noqa: S608 - ours
        sample = self.query(f"SELECT * FROM ({drawn}) USING SAMPLE reservoir({SAMPLED_ROWS} ROWS)")  # noqa: S608 - ours
        batches = self._connection.sql(sql).to_arrow_reader(DEALT_ROWS)
        self._spill_folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self._spill_folder) as folder:
            bounds = bounds_of(sample, n_rows)
            write_groups(sorted_ranges(batches, order, bounds, Path(folder), self._n_threads), path)

    @contextmanager
    def _told_full(self) -> Iterator[None]:
        """Turn the engine's own error over a disk that is full, or may not be written, into a refusal."""
        try:
            yield
        except (duckdb.IOException, OSError) as error:
            raise OutputError(
                str(self._spill_folder), "intermediate results cannot be written or read back",
                fix="See that there is room beside --out.",
            ) from error  # fmt: skip

    def settings(self) -> Mapping[str, Any]:
        """Return the engine's name, version, workers and kernels, for the run's record."""
        kernels = "compiled" if compiled.IS_ON else "numpy"
        return {"engine": "duckdb", "version": duckdb.__version__, "threads": self._n_threads, "kernels": kernels}

    def close(self) -> None:
        """Free the engine's memory."""
        self._connection.close()
