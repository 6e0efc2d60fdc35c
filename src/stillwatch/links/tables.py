"""What the stages ask of an engine: plain SQL over named Arrow tables or Parquet files, or the rows themselves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Order:
    """The order of rows that stay where they lie, in any order.

    Args:
        place: (n_stored,) int32, the place of each stored row in the order; -1 for a row that is none of it.
        account: (n,) int32, the account of each row in the order, rising.
    """

    place: npt.NDArray[np.int32]
    account: npt.NDArray[np.int32]

    @property
    def kept(self) -> npt.NDArray[np.int32]:
        """Return the places of the rows that are of the order, (n,), as they lie."""
        return self.place if len(self.place) == len(self.account) else self.place[self.place >= 0]

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """Return which of the rows that are of the order, counted as they lie, stands at each place, (n,)."""
        found = np.empty(len(self.account), np.int64)
        found[self.kept] = np.arange(len(found))
        return found


class Rows(Protocol):
    """The rows of a table that lie on this machine, and what may be used to look at them.

    Args:
        n_rows: how many.
        n_threads: threads that may work on them; no result depends on it.
    """

    n_rows: int
    n_threads: int

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield some columns batch by batch, as they lie."""
        ...

    def placed(self, columns: Sequence[str]) -> Iterator[tuple[npt.NDArray[np.int32], pa.RecordBatch]]:
        """Yield some columns batch by batch, each with its rows' places in the order of ``row_index``."""
        ...


class Tables(Protocol):
    """Runs dialect-neutral SQL; ``engines`` implements it.

    A query names its inputs; the same query over the same rows gives the same rows, in the order that its ORDER BY
    fixes, whatever the number of threads.
    """

    def query(self, sql: str) -> pa.Table:
        """Return the result of ``sql`` as one Arrow table."""
        ...

    def stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Yield the result of ``sql`` batch by batch, in its order; for results that memory need not hold at once."""
        ...

    def rows(self, name: str) -> Rows | None:
        """Return the rows of a registered table where they lie on this machine; null where SQL alone reaches them."""
        ...

    def register(self, name: str, table: pa.Table) -> None:
        """Make ``table`` known as ``name``."""
        ...
