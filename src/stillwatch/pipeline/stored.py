"""A Parquet file, or a folder of them, as a table of which only the columns asked for are read, one at a time."""

from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq


class StoredTable:
    """The columns of stored sketches; see ``links.population.Columns``.

    Args:
        path: what an engine's ``write_parquet`` left; files of a folder follow each other by name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.column_names: list[str] = ds.dataset(path, format="parquet").schema.names

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        """Return one column, read anew each time."""
        return pq.read_table(self._path, columns=[name])[name]
