"""What the stages ask of an engine: plain SQL over named Arrow tables or Parquet files."""

from collections.abc import Iterator
from typing import Protocol

import pyarrow as pa


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

    def register(self, name: str, table: pa.Table) -> None:
        """Make ``table`` known as ``name``."""
        ...
