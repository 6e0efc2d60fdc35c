"""The embedded engine: DuckDB in this process, spilling to a folder of its own when memory runs short."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

GLOB_SIGNS: Final = re.compile(r"([*?\[])")


class EmbeddedEngine:
    """SQL over Arrow tables and Parquet files on one machine.

    Args:
        spill_folder: where intermediate results rest when they exceed ``memory_bytes``; removed by the caller.
        memory_bytes: the engine's own bound; Arrow tables that a query returns come on top.
        n_threads: workers; the result does not depend on it.
    """

    def __init__(self, spill_folder: Path, *, memory_bytes: int, n_threads: int) -> None:
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "temp_directory": str(spill_folder),
                "memory_limit": f"{memory_bytes // 2**20}MiB",
                "threads": n_threads,
                "preserve_insertion_order": False,  # every query that needs an order says so
            },
        )
        self._connection.execute("SET TimeZone = 'UTC'")

    def query(self, sql: str) -> pa.Table:
        """Return the result of ``sql`` as one Arrow table."""
        return self._connection.sql(sql).to_arrow_table()

    def execute(self, sql: str) -> None:
        """Run ``sql`` for its effect on the engine's own tables."""
        self._connection.execute(sql)

    def register(self, name: str, table: pa.Table) -> None:
        """Make ``table`` known to queries as ``name``."""
        self._connection.register(name, table)

    def register_parquet(self, name: str, path: Path) -> None:
        """Make a Parquet file, or a folder of them, known to queries as ``name``; it is read where it lies.

        The view has the file's columns and ``row_index``, the position of the row in its file.
        """
        plain = GLOB_SIGNS.sub(r"[\1]", str(path))  # a folder's own name is no pattern
        pattern = f"{plain}/*.parquet" if path.is_dir() else plain
        literal = pattern.replace("'", "''")
        self._connection.execute(
            f"CREATE OR REPLACE VIEW {name} AS SELECT * EXCLUDE (file_row_number), file_row_number AS row_index "  # noqa: S608 - a quoted literal
            f"FROM read_parquet('{literal}', file_row_number = true)"
        )

    def write_parquet(self, sql: str, path: Path, *, order_by: str) -> None:
        """Write the result of ``sql``, in the order of ``order_by``, to one Parquet file."""
        literal = str(path).replace("'", "''")
        self._connection.execute(
            f"COPY (SELECT * FROM ({sql}) ORDER BY {order_by}) "  # noqa: S608 - ours, and a quoted literal
            f"TO '{literal}' (FORMAT parquet, COMPRESSION zstd)"
        )

    def settings(self) -> Mapping[str, str]:
        """Return the engine's name and version, for the run's record."""
        return {"engine": "duckdb", "version": duckdb.__version__}

    def close(self) -> None:
        """Free the engine's memory."""
        self._connection.close()
