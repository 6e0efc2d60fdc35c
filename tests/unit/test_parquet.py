"""Tests of reading Parquet from bytes: the same table, and no Python object left to Arrow's threads."""

import io
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.parquet import file_of, held_by_arrow, table_of

TABLE = pa.table({"account_id": ["a", "b", "c"], "n": [1, 2, None]})


@pytest.fixture
def content() -> bytes:
    """The bytes of a small Parquet file."""
    sink = io.BytesIO()
    pq.write_table(TABLE, sink)
    return sink.getvalue()


def test_bytes_give_the_table_that_was_written(content: bytes) -> None:
    """Whole or some columns of it, and its metadata."""
    assert table_of(content).equals(TABLE)
    assert table_of(content, ["n"]).equals(TABLE.select(["n"]))
    assert file_of(content).metadata.num_rows == len(TABLE)


def test_arrow_holds_no_python_object(content: bytes) -> None:
    """Whatever thread lets go of the buffer last needs no interpreter: nothing but the caller refers to the bytes."""
    before = sys.getrefcount(content)
    held = held_by_arrow(content)
    assert sys.getrefcount(content) == before
    assert held.to_pybytes() == content
    borrowed = pa.py_buffer(content)  # what must not be done: it does refer to them
    assert sys.getrefcount(content) == before + 1
    del borrowed


def test_what_is_no_parquet_is_an_error_of_arrow(content: bytes) -> None:
    """The caller turns it into a refusal of its own."""
    with pytest.raises(pa.ArrowException):
        table_of(content[:-8])
