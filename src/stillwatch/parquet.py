"""Parquet from bytes at hand, such that no thread of Arrow's ever holds a Python object.

Arrow decodes in threads of its own, and one of them may be the last to let go of the bytes that it read. Where those
are Python's, letting go needs the interpreter; a thread that waits for it while the process ends is thrown out of a
destructor that must not throw, and the process aborts ("terminate called without an active exception"). So Arrow gets
a copy of its own. A file is best read by its path: then nothing of Python's is in it.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq


def table_of(content: bytes, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the table that the bytes of a Parquet file hold, or some columns of it.

    Raises:
        pyarrow.ArrowException: they are none.
    """
    return pq.read_table(pa.BufferReader(held_by_arrow(content)), columns=None if columns is None else list(columns))


def file_of(content: bytes) -> pq.ParquetFile:
    """Return the Parquet file that bytes hold, its metadata read.

    Raises:
        pyarrow.ArrowException: they are none.
    """
    return pq.ParquetFile(pa.BufferReader(held_by_arrow(content)))


def held_by_arrow(content: bytes) -> pa.Buffer:
    """Return a copy of bytes in memory of Arrow's own; it refers to no Python object."""
    sink = pa.BufferOutputStream()
    sink.write(content)
    return sink.getvalue()
