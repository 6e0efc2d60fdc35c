"""The rows of a table that lies on this machine, in memory or in files; see ``links.tables.Rows``."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.links.tables import Order

BATCH_ROWS: Final = 32_768  # of sketches: some 12 MB
BUFFER_BYTES: Final = 2**20  # pages are read as they are needed: a row group at once costs twice the time
ACCOUNT: Final = "account"


class StoredRows:
    """Rows that stay where they lie.

    Args:
        where: a table, a Parquet file, or a folder of them that follow each other by name.
        n_threads: threads that may work on the rows.
        order: the rows' order, where they do not lie in it; rows that are none of it are left out, and the others
            have their ``account`` from it. Null where they lie in order.
    """

    def __init__(self, where: pa.Table | Path, n_threads: int, order: Order | None = None) -> None:
        self._where, self._order = where, order
        self.n_threads = n_threads
        if order is not None:
            self.n_rows = len(order.account)
        elif isinstance(where, Path):
            self.n_rows = sum(pq.read_metadata(file).num_rows for file in _files(where))
        else:
            self.n_rows = len(where)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield some columns batch by batch, as they lie."""
        if self._order is None:
            yield from self._stored(columns)
            return
        for _, batch in self.placed(columns):
            yield batch

    def placed(self, columns: Sequence[str]) -> Iterator[tuple[npt.NDArray[np.int32], pa.RecordBatch]]:
        """Yield some columns batch by batch, each with its rows' places in the order."""
        n = 0
        if self._order is None:
            for batch in self._stored(columns):
                yield np.arange(n, n + batch.num_rows, dtype=np.int32), batch
                n += batch.num_rows
            return
        for stored in self._stored([name for name in columns if name != ACCOUNT]):
            place = self._order.place[n : n + stored.num_rows]
            n += stored.num_rows
            batch = stored
            if place.min(initial=0) < 0:
                place, batch = place[place >= 0], stored.filter(pa.array(place >= 0))
            yield place, self._with_account(batch, place, columns)

    def _with_account(
        self, batch: pa.RecordBatch, place: npt.NDArray[np.int32], columns: Sequence[str]
    ) -> pa.RecordBatch:
        assert self._order is not None
        account = pa.array(self._order.account[place])
        chosen = [account if name == ACCOUNT else batch[name] for name in columns]
        return pa.RecordBatch.from_arrays(chosen, names=list(columns))

    def _stored(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        if isinstance(self._where, pa.Table):
            yield from self._where.select(columns).to_batches(BATCH_ROWS)
            return
        for file in _files(self._where):
            with pq.ParquetFile(file, pre_buffer=False, buffer_size=BUFFER_BYTES) as source:
                yield from source.iter_batches(BATCH_ROWS, columns=list(columns), use_threads=False)


def _files(path: Path) -> list[Path]:
    return sorted(path.glob("*.parquet")) if path.is_dir() else [path]
