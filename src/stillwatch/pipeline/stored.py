"""A Parquet file, or a folder of them, as a table of which only the columns asked for are read, one at a time."""

from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.dataset as ds

from stillwatch.engines.stored_rows import ACCOUNT, StoredRows
from stillwatch.links.tables import Order


class StoredTable:
    """The columns of stored sketches; see ``links.population.Columns``.

    Args:
        path: what an engine's ``write_parquet`` left, or sketches in any order; files of a folder follow each other by
            name.
        order: the rows' order, where they do not lie in it: columns come as they lie, without rows that are none of it.
    """

    def __init__(self, path: Path, order: Order | None = None) -> None:
        self._rows = StoredRows(path, 1, order)
        self._schema = ds.dataset(path, format="parquet").schema
        if order is not None:
            self._schema = self._schema.append(pa.field(ACCOUNT, pa.int32()))
        self.column_names: list[str] = self._schema.names

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        """Return one column, read anew each time, in pieces: at once costs twice the time."""
        pieces = [batch.column(0) for batch in self._rows.batches([name])]
        return pa.chunked_array(pieces, self._schema.field(name).type)


class Ids(Protocol):
    """Ids of exchanges, by their places in the order."""

    def take(self, places: pa.Array) -> pa.Array:
        """Return the ids at some places."""
        ...


class OrderedColumn:
    """One column of stored sketches, held as it lies, from which rows are taken by their places in the order.

    Args:
        path, order: as of a ``StoredTable``.
        name: of the column.
    """

    def __init__(self, path: Path, order: Order | None, name: str) -> None:
        self._column = StoredTable(path, order)[name].combine_chunks()
        self._rows = None if order is None else order.rows

    def take(self, places: pa.Array) -> pa.Array:
        """Return the values at some places, in their order."""
        return self._column.take(places if self._rows is None else pa.array(self._rows[places.to_numpy()]))
