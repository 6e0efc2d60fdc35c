"""Sorting more rows than memory holds: they are dealt out by ranges of the order, and each range is sorted by itself.

A sort that spills moves wide rows several times and compares them each time. Here a row is copied twice, whatever its
width: once to its range, in a file beside the others, and once within it.

Source: DeWitt, Naughton and Schneider 1991, Parallel sorting on a shared-nothing architecture using probabilistic
splitting (ranges from a sample).
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.engines.ahead import in_order

RANGE_ROWS: Final = 1 << 17  # of a range, about: some 120 MB of sketches
MOST_RANGES: Final = 512  # files open at once; beyond 67 million rows ranges become longer
GROUP_ROWS: Final = 122_880  # of a row group, as DuckDB writes them
SPILL: Final = pa.ipc.IpcWriteOptions(compression="lz4")


def bounds_of(sample: pa.Table, n_rows: int) -> list[tuple[Any, ...]]:
    """Return where ranges end, rising: values of the leading keys of which the first of the next range is one.

    Args:
        sample: leading keys of some rows; of rows with a null there is none.
        n_rows: how many rows there are in all.
    """
    n_ranges = min(-(-n_rows // RANGE_ROWS), MOST_RANGES)
    ordered = sample.sort_by([(name, "ascending") for name in sample.column_names])
    at = np.unique(np.arange(1, n_ranges) * len(ordered) // n_ranges) if len(ordered) else np.empty(0, np.int64)
    rows = ordered.take(pa.array(at)).to_pylist()
    return list(dict.fromkeys(tuple(row.values()) for row in rows))


def ranges_of(batch: pa.RecordBatch, names: Sequence[str], bounds: Sequence[tuple[Any, ...]]) -> npt.NDArray[np.uint16]:
    """Return the range of each row, shape (n,); nulls come last."""
    found = np.zeros(batch.num_rows, np.uint16)
    columns = [batch[name] for name in names]
    for bound in bounds:
        is_behind = np.ones(batch.num_rows, np.bool_)
        for column, value in zip(columns[::-1], bound[::-1], strict=True):
            least = pa.scalar(value, column.type)  # as it is: a hash may be beyond what a signed integer holds
            is_equal = pc.fill_null(pc.equal(column, least), False).to_numpy(zero_copy_only=False)
            is_behind = pc.fill_null(pc.greater(column, least), True).to_numpy(zero_copy_only=False) | (
                is_equal & is_behind
            )
        found += is_behind
    return found


def sorted_ranges(
    batches: Iterable[pa.RecordBatch], order: Sequence[str], bounds: Sequence[tuple[Any, ...]], folder: Path,
    n_threads: int,
) -> Iterator[pa.Table]:  # fmt: skip
    """Yield all rows in order, range by range.

    Args:
        batches: the rows, in any order.
        order: the columns by which they are sorted, the first first; text by its bytes, nulls last.
        bounds: where ranges end, of the first columns of the order.
        folder: an empty folder for the ranges; each file is removed once it is read.
        n_threads: ranges that are sorted at once.
    """
    names = order[: len(bounds[0])] if bounds else order[:1]
    paths = [folder / f"{number:05d}.arrow" for number in range(len(bounds) + 1)]
    with ThreadPoolExecutor(n_threads) as pool:
        dealt = in_order(lambda batch: pool.submit(_dealt, batch, names, bounds), batches, n_threads + 1)
        _append(dealt, paths)
        for table in in_order(lambda path: pool.submit(_sorted, path, order), paths, n_threads + 1):
            if table is not None:
                yield table


def _dealt(
    batch: pa.RecordBatch, names: Sequence[str], bounds: Sequence[tuple[Any, ...]]
) -> list[tuple[int, pa.Buffer]]:
    """Return the rows of each range that a batch has any of, as an Arrow stream."""
    ranges = ranges_of(batch, names, bounds)
    rows = batch.take(pa.array(np.argsort(ranges, kind="stable")))
    counts = np.bincount(ranges, minlength=len(bounds) + 1)
    begins = np.cumsum(counts) - counts
    return [(int(n), _stream(rows.slice(begins[n], counts[n]))) for n in np.flatnonzero(counts)]


def _stream(batch: pa.RecordBatch) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=SPILL) as stream:
        stream.write_batch(batch)
    return sink.getvalue()


def _append(dealt: Iterable[list[tuple[int, pa.Buffer]]], paths: Sequence[Path]) -> None:
    """Write each range's streams end to end to its file."""
    with ExitStack() as stack:
        files: dict[int, BinaryIO] = {}
        for parts in dealt:
            for number, stream in parts:
                if number not in files:
                    files[number] = stack.enter_context(paths[number].open("wb"))
                files[number].write(stream)


def _sorted(path: Path, order: Sequence[str]) -> pa.Table | None:
    if not path.exists():
        return None
    parts: list[pa.Table] = []
    with pa.OSFile(str(path)) as file:
        while file.tell() < file.size():
            with pa.ipc.open_stream(file) as stream:
                parts.append(stream.read_all())
    path.unlink()
    table = pa.concat_tables(parts).combine_chunks()
    return table.take(pc.sort_indices(table, sort_keys=[(name, "ascending") for name in order]))


def write_groups(tables: Iterable[pa.Table], path: Path) -> None:
    """Write tables end to end, in row groups of ``GROUP_ROWS`` whatever the tables' sizes.

    The bytes depend on the rows alone. Text is written with a dictionary; hashes, which hardly repeat, are not.
    """
    writer: pq.ParquetWriter | None = None
    pending: list[pa.Table] = []
    try:
        for table in tables:
            if writer is None:
                texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
                writer = pq.ParquetWriter(path, table.schema, compression="lz4", use_dictionary=texts)
            pending.append(table)
            while sum(part.num_rows for part in pending) >= GROUP_ROWS:
                whole = pa.concat_tables(pending)
                writer.write_table(whole.slice(0, GROUP_ROWS).combine_chunks(), row_group_size=GROUP_ROWS)
                pending = [whole.slice(GROUP_ROWS)]
        if writer is not None and sum(part.num_rows for part in pending):
            writer.write_table(pa.concat_tables(pending).combine_chunks(), row_group_size=GROUP_ROWS)
    finally:
        if writer is not None:
            writer.close()
