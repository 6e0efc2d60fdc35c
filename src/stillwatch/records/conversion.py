"""Any log that can be read, written as the canonical exchanges table in Parquet."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import OutputError, UsageError
from stillwatch.records.schema import EXCHANGES
from stillwatch.records.tally import Tally
from stillwatch.records.traffic import ReadOptions, Traffic, read_traffic
from stillwatch.records.unusable import nothing_usable

GROUP_ROWS: Final = 65_536  # rows a row group: large enough to compress, small enough to read in bounded memory
GROUP_BYTES: Final = 128 << 20


def convert(arguments: Sequence[str | Path], out: Path, options: ReadOptions | None = None) -> Tally:
    """Write the exchanges in files, folders and globs to one Parquet file, and return what became of every record.

    The file appears whole or not at all.

    Raises:
        InputError: an input cannot be read, or holds no exchange.
        OutputError: the file cannot be written.
        UsageError: the output would overwrite an input.
    """
    traffic = read_traffic(arguments, options)
    if out.exists() and any(source.path == out.resolve() for source in traffic.sources):
        raise UsageError("--out", "the output is one of the inputs", got=out.name, fix="Choose another name.")
    try:
        handle, unfinished = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    except OSError as error:
        raise OutputError(str(out), "the folder cannot be written to", fix="Check that it exists.") from error
    os.close(handle)
    try:
        _write(traffic, Path(unfinished), out)
        tally = traffic.tally
        if tally.used == 0:
            raise nothing_usable(traffic)
        Path(unfinished).chmod(0o600)  # it holds prompts: for its owner alone
        Path(unfinished).replace(out)
    finally:
        Path(unfinished).unlink(missing_ok=True)
    return tally


def _write(traffic: Traffic, unfinished: Path, out: Path) -> None:
    held: list[pa.RecordBatch] = []
    with pq.ParquetWriter(unfinished, EXCHANGES, compression="zstd") as writer:
        for batch in traffic:  # refusals about the input pass; only writing becomes an OutputError
            held.append(batch.select(EXCHANGES.names))
            if sum(one.num_rows for one in held) >= GROUP_ROWS or sum(one.nbytes for one in held) >= GROUP_BYTES:
                _write_group(writer, held, out)
        _write_group(writer, held, out)


def _write_group(writer: pq.ParquetWriter, held: list[pa.RecordBatch], out: Path) -> None:
    try:
        if held:
            writer.write_table(pa.Table.from_batches(held, schema=EXCHANGES))
    except OSError as error:
        raise OutputError(
            str(out), "the file cannot be written", got=error.strerror or "an error of the system"
        ) from error
    held.clear()
