"""A Parquet file, or a folder of them, as a table of which only the columns asked for are read, one at a time."""

from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds

from stillwatch.engines.stored_rows import StoredRows


class StoredTable:
    """The columns of stored sketches; see ``links.population.Columns``.

    Args:
        path: what an engine's ``write_parquet`` left; files of a folder follow each other by name.
    """

    def __init__(self, path: Path) -> None:
        self._rows = StoredRows(path, n_threads=1)
        self._schema = ds.dataset(path, format="parquet").schema
        self.column_names: list[str] = self._schema.names

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        """Return one column, read anew each time, in pieces: at once costs twice the time."""
        pieces = [batch.column(0) for batch in self._rows.batches([name])]
        return pa.chunked_array(pieces, self._schema.field(name).type)
