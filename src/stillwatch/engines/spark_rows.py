"""What a Spark executor does: read one portion of the traffic, sketch it, and hand on rows without text.

Traffic is opened, decoded and sketched inside the Python worker. What leaves it, for Spark's memory, shuffles, disks
and logs, are sketches, counts and the places of bad records; a failure leaves by its type alone, because its message
may quote what was read.
"""

import pickle
from collections.abc import Iterator, Sequence
from typing import Final

import orjson
import pyarrow as pa

from stillwatch import __version__
from stillwatch.engines.engine import Sketching
from stillwatch.records.portion import Portion
from stillwatch.records.tally import CHUNK_ROWS
from stillwatch.sketches.schema import SKETCH_ROWS, sketch_rows

FAILED: Final = "stillwatch worker:"  # what a failure's message begins with, for the driver to find
ROW_BITS: Final = 40  # of a row's index within its portion; the portion's number stands above
ROWS: Final = pa.schema(
    [
        *SKETCH_ROWS,
        ("row_index", pa.int64()),
        ("portion", pa.int32()),
        ("counts", pa.string()),  # JSON, in the last row of each portion; all else is null there
        ("listed", pa.binary()),  # an Arrow stream of quarantined records; row_index is the chunk's place
    ]
)
"""A sketch, or a part of a portion's tally."""

SPARK_TYPES: Final = {
    pa.string(): "string", pa.timestamp("us", tz="UTC"): "timestamp", pa.int64(): "bigint", pa.int32(): "int",
    pa.int16(): "smallint", pa.int8(): "tinyint", pa.float64(): "double", pa.float32(): "float",
    pa.bool_(): "boolean", pa.binary(): "binary",
}  # fmt: skip


def spark_type(kind: pa.DataType) -> str:
    """Return an Arrow type as Spark's DDL names it."""
    return f"array<{spark_type(kind.value_type)}>" if pa.types.is_list(kind) else SPARK_TYPES[kind]


def spark_schema(schema: pa.Schema) -> str:
    """Return an Arrow schema as Spark's DDL."""
    return ", ".join(f"`{field.name}` {spark_type(field.type)}" for field in schema)


def sketch_portions(batches: Iterator[pa.RecordBatch], sketcher: Sketching, version: str) -> Iterator[pa.RecordBatch]:
    """Yield the rows of every portion that the batches name.

    Args:
        batches: columns ``number`` and ``portion``, a pickled ``Portion``.
        sketcher: makes the sketches.
        version: of stillwatch on the driver; another one here would give other bytes.
    """
    try:
        _check_version(version)
        for batch in batches:
            for number, blob in zip(batch["number"].to_pylist(), batch["portion"].to_pylist(), strict=True):
                portion = pickle.loads(blob)  # noqa: S301 - the driver's own, over the channel that brought this code
                yield from _rows_of(number, portion, sketcher)
    except Exception as failure:  # noqa: BLE001 - whatever it is, its message stays here
        raise RuntimeError(f"{FAILED} {type(failure).__name__}") from None


def _check_version(version: str) -> None:
    if version != __version__:
        raise ImportError(f"stillwatch {__version__} here, {version} on the driver")


def _rows_of(number: int, portion: Portion, sketcher: Sketching) -> Iterator[pa.RecordBatch]:
    traffic = portion.traffic()
    at = pa.array(portion.indexes, pa.int32())
    first = number << ROW_BITS
    for batch in traffic:
        rows = sketch_rows(sketcher.sketch(batch))
        index = rows.schema.get_field_index("source_index")
        rows = rows.set_column(index, rows.schema.field(index), at.take(rows.column(index)))
        row_index = pa.array(range(first, first + rows.num_rows), pa.int64())
        first += rows.num_rows
        yield _filled(rows, number, row_index)
    quarantine = traffic.quarantine_as_met()
    for place, start in enumerate(range(0, len(quarantine), CHUNK_ROWS)):
        chunk = pa.array([_stream(quarantine.slice(start, CHUNK_ROWS))], pa.binary())
        yield _tally_row(number, row_index=pa.array([place], pa.int64()), listed=chunk)
    yield _tally_row(number, counts=pa.array([orjson.dumps(traffic.report()).decode()], pa.string()))


def _filled(rows: pa.RecordBatch, number: int, row_index: pa.Array) -> pa.RecordBatch:
    n = rows.num_rows
    portion = pa.array([number] * n, pa.int32())
    return pa.RecordBatch.from_arrays(
        [*rows.columns, row_index, portion, pa.nulls(n, pa.string()), pa.nulls(n, pa.binary())], schema=ROWS
    )


def _tally_row(number: int, **columns: pa.Array) -> pa.RecordBatch:
    known = {"portion": pa.array([number], pa.int32()), **columns}
    return pa.RecordBatch.from_arrays([known.get(f.name, pa.nulls(1, f.type)) for f in ROWS], schema=ROWS)


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def listed_table(streams: Sequence[bytes], schema: pa.Schema) -> pa.Table:
    """Return quarantined records from the streams of ``listed``."""
    tables = [pa.ipc.open_stream(stream).read_all() for stream in streams]
    return pa.concat_tables([schema.empty_table(), *tables])
