"""What a scan asks of the engine that runs it; a scan cannot tell ``embedded`` and ``spark`` apart."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from stillwatch.links.tables import Order, Tables
from stillwatch.records.traffic import Traffic


class Sketching(Protocol):
    """What turns a batch of exchanges into their sketches: a row in, a row out, in their order."""

    @property
    def shares_interpreter(self) -> bool:
        """Whether it leaves Python's interpreter to others while it works, so that threads work at once."""
        ...

    def sketch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch of schema ``SKETCHES``."""
        ...


class Engine(Tables, Protocol):
    """Sketches traffic, and runs SQL written for DuckDB over tables of types that every engine has.

    Every query says in which order it wants its rows; integers are signed; text is compared by its UTF-8 bytes; times
    are in UTC; nulls come last.
    """

    def sketch(self, traffic: Traffic, sketcher: Sketching, folder: Path, progress: Callable[[int], None]) -> int:
        """Sketch every exchange of some traffic, which is then used up, and return how many there were.

        The rows become the table ``parts``: ``SKETCH_ROWS`` and ``row_index``, which is different in each row.

        Args:
            traffic: what is to be read.
            sketcher: makes the sketches.
            folder: an empty folder for the rows; the caller removes it when it is done with the table.
            progress: told how many exchanges were sketched so far.
        """
        ...

    def materialise(self, name: str, sql: str) -> None:
        """Run ``sql`` once and keep the result as the table ``name``."""
        ...

    def write_parquet(self, sql: str, path: Path, *, order_by: str) -> None:
        """Write the result of ``sql``, in the order of ``order_by``, to a Parquet file, or a folder of them.

        ``order_by`` has names of its columns, the first first; the first two are seldom null. Files
        of a folder follow each other in the order of their names.
        """
        ...

    def register_parquet(self, name: str, path: Path, order: Order | None = None) -> None:
        """Make what ``write_parquet`` left known as ``name``, with ``row_index``, a row's position in its order.

        Rows that do not lie in their ``order`` are known to ``rows`` alone, of an engine whose rows lie on this
        machine.
        """
        ...

    def settings(self) -> Mapping[str, Any]:
        """Return the engine's name, version and workers, and what else made the result, for the run's record."""
        ...

    def close(self) -> None:
        """Free what the engine holds."""
        ...
