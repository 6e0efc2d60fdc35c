"""The rows of a table that lies on this machine, in memory or in files; see ``links.tables.Rows``."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

BATCH_ROWS: Final = 32_768  # of sketches: some 12 MB
BUFFER_BYTES: Final = 2**20  # pages are read as they are needed: a row group at once costs twice the time


class StoredRows:
    """Rows in the order in which they lie.

    Args:
        where: a table, a Parquet file, or a folder of them that follow each other by name.
        n_threads: threads that may work on the rows.
    """

    def __init__(self, where: pa.Table | Path, n_threads: int) -> None:
        self._where = where
        self.n_threads = n_threads
        if isinstance(where, Path):
            self.n_rows = sum(pq.read_metadata(file).num_rows for file in _files(where))
        else:
            self.n_rows = len(where)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield some columns batch by batch, in order."""
        if isinstance(self._where, pa.Table):
            yield from self._where.select(columns).to_batches(BATCH_ROWS)
            return
        for file in _files(self._where):
            with pq.ParquetFile(file, pre_buffer=False, buffer_size=BUFFER_BYTES) as source:
                yield from source.iter_batches(BATCH_ROWS, columns=list(columns), use_threads=False)


def _files(path: Path) -> list[Path]:
    return sorted(path.glob("*.parquet")) if path.is_dir() else [path]
