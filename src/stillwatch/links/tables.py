"""What the stages ask of an engine: plain SQL over named Arrow tables or Parquet files."""

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

    def register(self, name: str, table: pa.Table) -> None:
        """Make ``table`` known as ``name``."""
        ...
