"""Segments: the sketches of one day as one addition brought them, and the day's counts by account.

A segment holds what a sketch holds, without the place in the log: keyed hashes, scores and metadata, and no text.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.sketches.schema import SKETCH_ROWS
from stillwatch.store.state.book import parquet_bytes
from stillwatch.store.state.manifest import Segment
from stillwatch.store.state.vault import Writer

DAY: Final = "segment_day"
PLACES: Final = ("source_index", "line", "record_bytes")  # of one log; they mean nothing the day after
SEGMENT: Final = pa.schema([field for field in SKETCH_ROWS if field.name not in PLACES])
"""What a segment holds: sketches without the places of their records."""
ORDER: Final = "account_id, requested_at, exchange_id"


def segments_of(path: Path, writer: Writer) -> tuple[Segment, ...]:
    """Keep sorted sketches as segments, one a day.

    Args:
        path: a Parquet file, or a folder of them that follow each other by name: ``SEGMENT`` and ``DAY``, sorted by
            day and then by ``ORDER``.
        writer: where to keep them.

    Cost: memory grows with the largest day.
    """
    return tuple(segment_of(day, table, writer) for day, table in _days(path))


def segment_of(day: str, table: pa.Table, writer: Writer) -> Segment:
    """Keep the sketches of one day."""
    table = table.select(SEGMENT.names).cast(SEGMENT)
    return Segment(
        day=day,
        sketches=writer.put(parquet_bytes(table), "parquet"),
        history=writer.put(parquet_bytes(_history(table)), "parquet"),
        n_rows=len(table),
    )


def _days(path: Path) -> Iterator[tuple[str, pa.Table]]:
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    day = ""
    parts: list[pa.RecordBatch] = []
    for file in files:
        with pq.ParquetFile(file) as source:
            for batch in source.iter_batches():
                for name, part in _cut(batch):
                    if name != day and parts:
                        yield day, pa.Table.from_batches(parts)
                        parts = []
                    day = name
                    parts.append(part)
    if parts:
        yield day, pa.Table.from_batches(parts)


def _cut(batch: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
    runs = pc.run_end_encode(batch[DAY])
    start = 0
    for day, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        yield day, batch.slice(start, end - start)
        start = end


def _history(table: pa.Table) -> pa.Table:
    """Return what each account did on a day: requests, failures, and the first and last of them."""
    failed = pc.fill_null(pc.greater_equal(table["status"], 400), fill_value=False).cast(pa.int64())
    plain = pa.table({"account_id": table["account_id"], "at": table["requested_at"], "failed": failed})
    grouped = plain.group_by("account_id", use_threads=False).aggregate(
        [("at", "count"), ("failed", "sum"), ("at", "min"), ("at", "max")]
    )
    return pa.table(
        {
            "account_id": grouped["account_id"],
            "n_exchanges": grouped["at_count"],
            "n_failed": grouped["failed_sum"],
            "first_at": grouped["at_min"],
            "last_at": grouped["at_max"],
        }
    ).sort_by("account_id")
