"""What the stages ask of an engine: plain SQL over named Arrow tables or Parquet files, or the rows themselves."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import pyarrow as pa


class Rows(Protocol):
    """The rows of a table that lie on this machine, and what may be used to look at them.

    Args:
        n_rows: how many.
        n_threads: threads that may work on them; no result depends on it.
    """

    n_rows: int
    n_threads: int

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield some columns batch by batch, in the order of ``row_index``."""
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
