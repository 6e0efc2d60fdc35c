"""The project's own table, ``exchanges``: whole columns from Parquet and Arrow, rows from JSON Lines and CSV."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import InputError
from stillwatch.records.batches import BATCH_ROWS, BATCH_TEXT_BYTES
from stillwatch.records.columns import check_types, convert, text_bytes
from stillwatch.records.framing import Framed
from stillwatch.records.outcome import Place, Quarantined, Record, Used
from stillwatch.records.reader import OneByOne, Session
from stillwatch.records.schema import EXCHANGES, PLACED_EXCHANGES, REQUIRED

MISSING: Final[Mapping[str, str]] = {"exchange_id": "no-id", "account_id": "no-account", "requested_at": "no-time"}
"""Required column to the reason for which a row without it is quarantined."""

CORRUPT: Final = "corrupt-file"
TEXTS: Final = tuple(field.name for field in EXCHANGES if pa.types.is_string(field.type))


@dataclass(frozen=True, slots=True)
class CanonicalReader:
    """Rows that carry the canonical names already."""

    name: str = "canonical"
    title: str = "stillwatch's own exchanges table"
    provides: frozenset[str] = frozenset(EXCHANGES.names)

    def recognises(self, sample: Sequence[Mapping[str, Any]]) -> float:
        """Return the share of rows with all required columns."""
        if not sample:
            return 0.0
        return sum(all(name in row for name in REQUIRED["exchanges"]) for row in sample) / len(sample)

    def mapping(self) -> Mapping[str, str]:
        """Return each column's own name."""
        return {name: f"column {name}" for name in EXCHANGES.names}

    def session(self) -> Session:
        """Return a new pass."""
        return OneByOne(lambda record: Used(record.place, record.value))  # values are checked where all rows are


READER: Final = CanonicalReader()


@dataclass(slots=True)
class Part:
    """A piece of a columnar file.

    Args:
        batch: rows of ``PLACED_EXCHANGES``.
        quarantined: the piece's other rows.
        warnings: values set to null, by column and reason.
        n_ignored: values in columns that are not canonical.
    """

    batch: pa.RecordBatch
    quarantined: list[Quarantined] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)
    n_ignored: int = 0


def open_columns(path: Path, container: str, name: str) -> pa.Schema:
    """Return the schema of a columnar file.

    Args:
        path: the file.
        container: ``parquet``, ``arrow-file`` or ``arrow-stream``.
        name: how to call it in refusals.

    Raises:
        InputError: the file is damaged.
    """
    try:
        if container == "parquet":
            return pq.read_schema(path)
        with pa.OSFile(str(path)) as file:
            opener = pa.ipc.open_file if container == "arrow-file" else pa.ipc.open_stream
            return opener(file).schema
    except (pa.ArrowException, OSError) as error:
        raise InputError(name, f"the {container} file cannot be opened", fix="Write or copy the file again.") from error


@dataclass(frozen=True, slots=True)
class Cut:
    """What of a Parquet file is read, and in which runs of row groups.

    A batch never reaches from one run into the next, so that what can be read of a damaged file does not depend on
    whether one worker reads all of it.

    Args:
        row_groups: from the first to before the second; None for all.
        run_bytes: a run has about this many bytes uncompressed.
    """

    row_groups: tuple[int, int] | None = None
    run_bytes: int = 64 << 20  # seconds of sketching: little is lost with a worker, and little is spent on starting

    def runs(self, metadata: pq.FileMetaData) -> list[tuple[int, int]]:
        """Return runs of row groups, each from the first to before the second."""
        if self.row_groups is not None:
            return [self.row_groups]
        runs: list[tuple[int, int]] = []
        start = size = 0
        for group in range(metadata.num_row_groups):
            size += metadata.row_group(group).total_byte_size
            if size >= self.run_bytes or group == metadata.num_row_groups - 1:
                runs.append((start, group + 1))
                start, size = group + 1, 0
        return runs

    def rows_before(self, path: Path) -> int:
        """Return how many rows of a file lie before what is read."""
        if self.row_groups is None:
            return 0
        metadata = pq.read_metadata(path)
        return sum(metadata.row_group(group).num_rows for group in range(self.row_groups[0]))


WHOLE: Final = Cut()


def iterate_columns(
    path: Path, container: str, columns: Sequence[str] | None, cut: Cut = WHOLE
) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a columnar file, each bounded by rows and roughly by bytes.

    Args:
        path: the file.
        container: ``parquet``, ``arrow-file`` or ``arrow-stream``.
        columns: those to read; None reads all.
        cut: of a Parquet file, what is read.
    """
    if container == "parquet":
        with pq.ParquetFile(path) as file:
            size = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
            row_bytes = max(1, size // max(1, file.metadata.num_rows))
            rows = max(1, min(BATCH_ROWS, BATCH_TEXT_BYTES // row_bytes))
            chosen = list(columns) if columns is not None else None
            for start, stop in cut.runs(file.metadata):
                yield from file.iter_batches(batch_size=rows, row_groups=list(range(start, stop)), columns=chosen)
        return
    with pa.memory_map(str(path)) as mapped:
        opened = pa.ipc.open_file(mapped) if container == "arrow-file" else pa.ipc.open_stream(mapped)
        batches = (
            (opened.get_batch(i) for i in range(opened.num_record_batches)) if container == "arrow-file" else opened
        )
        for batch in batches:
            kept = batch if columns is None else batch.select(list(columns))
            rows = max(1, min(BATCH_ROWS, BATCH_TEXT_BYTES * max(1, batch.num_rows) // max(1, batch.nbytes)))
            yield from (kept.slice(start, rows) for start in range(0, batch.num_rows, rows))


def read_columns(
    path: Path, container: str, source: str, source_index: int, zone: ZoneInfo | None, cut: Cut = WHOLE
) -> Iterator[Part]:
    """Yield a columnar canonical file in pieces; lines are row numbers from 1.

    A file that turns out damaged on the way ends with one quarantined ``corrupt-file``; what came before stands.

    Raises:
        InputError: a column has a type that cannot be the canonical one.
    """
    schema = open_columns(path, container, source)
    check_types(schema, EXCHANGES, source, zone)
    wanted = [name for name in EXCHANGES.names if name in schema.names]
    n_extra = len(set(schema.names) - {*wanted, *PLACED_EXCHANGES.names})
    first_line = 1 + cut.rows_before(path)
    batches = iterate_columns(path, container, wanted, cut)
    while True:
        try:
            batch = next(batches, None)
        except (pa.ArrowException, OSError):
            detail = f"the file is damaged from row {first_line} on"
            empty = pa.RecordBatch.from_pylist([], schema=PLACED_EXCHANGES)
            yield Part(empty, [Quarantined(Place(source, first_line, 0), CORRUPT, detail)])
            return
        if batch is None:
            return
        part = _place(batch, source, source_index, first_line, zone)
        part.n_ignored = batch.num_rows * n_extra
        yield part
        first_line += batch.num_rows


def _place(batch: pa.RecordBatch, source: str, source_index: int, first_line: int, zone: ZoneInfo | None) -> Part:
    converted = convert(batch, EXCHANGES, MISSING, zone)
    n = batch.num_rows
    lines = np.arange(first_line, first_line + n, dtype=np.int64)
    canonical = pa.RecordBatch.from_arrays([converted.columns[name] for name in EXCHANGES.names], schema=EXCHANGES)
    n_bytes = text_bytes(canonical, TEXTS)
    places = [pa.array(np.full(n, source_index, np.int32)), pa.array(lines), pa.array(n_bytes)]
    placed = pa.RecordBatch.from_arrays([*canonical.columns, *places], schema=PLACED_EXCHANGES)
    if not converted.reasons:
        return Part(placed, [], converted.warnings)
    is_good = np.ones(n, np.bool_)
    is_good[list(converted.reasons)] = False
    quarantined = [
        Quarantined(Place(source, int(lines[row]), int(n_bytes[row])), reason)
        for row, reason in sorted(converted.reasons.items())
    ]
    return Part(placed.filter(pa.array(is_good)), quarantined, converted.warnings)


def frame_table(path: Path, container: str, source: str) -> Iterator[Framed]:
    """Yield the rows of a columnar file as records, for readers of other formats; lines are row numbers from 1."""
    open_columns(path, container, source)
    line = 1
    batches = iterate_columns(path, container, None)
    while True:
        try:
            batch = next(batches, None)
        except (pa.ArrowException, OSError):
            yield Quarantined(Place(source, line, 0), CORRUPT, f"the file is damaged from row {line} on")
            return
        if batch is None:
            return
        row_bytes = batch.nbytes // max(1, batch.num_rows)
        for row in _rows(batch):
            place = Place(source, line, row_bytes)
            if row is None:
                yield Quarantined(place, "unreadable", "a value is no text, or no time that can be")
            else:
                yield Record(place, row)
            line += 1


def _rows(batch: pa.RecordBatch) -> Iterator[Mapping[str, Any] | None]:
    """Yield rows as values; None for one that holds text that is not UTF-8, or a time beyond what Python can hold."""
    columns = [
        column.cast(pa.timestamp("us", column.type.tz), safe=False)
        if pa.types.is_timestamp(column.type) and column.type.unit == "ns"
        else column
        for column in batch.columns
    ]
    plain = pa.RecordBatch.from_arrays(columns, names=batch.schema.names)
    try:
        yield from plain.to_pylist()
    except (ValueError, OverflowError):
        for start in range(plain.num_rows):
            try:
                yield plain.slice(start, 1).to_pylist()[0]
            except (ValueError, OverflowError):
                yield None
