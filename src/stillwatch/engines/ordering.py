"""Sorting more rows than memory holds: they are dealt out by ranges of the order, and each range is sorted by itself.

A sort that spills moves wide rows several times and compares them each time. Here a row is copied twice, whatever its
width: once to its range, in a file beside the others, and once within it.

Source: DeWitt, Naughton and Schneider 1991, Parallel sorting on a shared-nothing architecture using probabilistic
splitting (ranges from a sample).
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

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
    _deal(batches, names, bounds, paths)
    with ThreadPoolExecutor(n_threads) as pool:
        waiting: deque[Future[pa.Table | None]] = deque()
        for path in paths:
            waiting.append(pool.submit(_sorted, path, order))
            if len(waiting) > n_threads and (table := waiting.popleft().result()) is not None:
                yield table
        while waiting:
            if (table := waiting.popleft().result()) is not None:
                yield table


def _deal(
    batches: Iterable[pa.RecordBatch], names: Sequence[str], bounds: Sequence[tuple[Any, ...]], paths: Sequence[Path]
) -> None:
    """Write each row to the file of its range."""
    with ExitStack() as stack:
        writers: dict[int, pa.ipc.RecordBatchStreamWriter] = {}
        for batch in batches:
            ranges = ranges_of(batch, names, bounds)
            rows = batch.take(pa.array(np.argsort(ranges, kind="stable")))
            ends = np.cumsum(np.bincount(ranges, minlength=len(paths)))
            for number, (begin, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
                if begin == end:
                    continue
                if number not in writers:
                    file = stack.enter_context(pa.OSFile(str(paths[number]), "wb"))
                    opened = pa.ipc.new_stream(file, batch.schema, options=SPILL)
                    writers[number] = stack.enter_context(opened)
                writers[number].write_batch(rows.slice(begin, end - begin))


def _sorted(path: Path, order: Sequence[str]) -> pa.Table | None:
    if not path.exists():
        return None
    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as stream:
        table = stream.read_all().combine_chunks()
    path.unlink()
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
