"""Writes a world that memory cannot hold: spilled to disk by time, then sorted and written one bucket at a time.

Memory holds the accounts, one batch of contributions, and one bucket of exchanges.
"""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stillwatch.worlds.account import Window
from stillwatch.worlds.generator import (
    SCHEMAS,
    Progress,
    TableWriter,
    Tally,
    in_order,
    prepare_folder,
    write_summary,
)
from stillwatch.worlds.parallel import made_parts
from stillwatch.worlds.presets import Preset
from stillwatch.worlds.texts import Split

BUCKET_S: Final = 3 * 3600.0  # ten million exchanges in nine days are some 140,000 in three hours: about 200 MB
BATCH_ROWS: Final = 40_000  # exchanges gathered before they are dealt to the buckets
SPILLED: Final = ("exchanges", "truth_exchanges")
HEX: Final = "0123456789abcdef"
ID_DIGIT: Final = 4  # the first random digit of an exchange's id, after "req_"


def _time_bucket(table: pa.Table, window: Window) -> NDArray[np.int64]:
    start_us = int(window.start_at.timestamp()) * 1_000_000
    at_us = table["requested_at"].cast(pa.int64()).to_numpy()
    return np.asarray((at_us - start_us) // int(BUCKET_S * 1e6), dtype=np.int64)


def _id_bucket(table: pa.Table) -> NDArray[np.int64]:
    digits = pc.utf8_slice_codeunits(table["exchange_id"], ID_DIGIT, ID_DIGIT + 1)
    return np.asarray([HEX.index(digit) for digit in digits.to_pylist()], dtype=np.int64)


class Spill:
    """Rows of one table on disk, dealt to buckets whose order is the order of the finished file."""

    def __init__(self, folder: Path, name: str, n_buckets: int) -> None:
        self._name = name
        self._paths = [folder / f"{name}-{i:04d}.arrow" for i in range(n_buckets)]
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._sinks = [pa.ipc.new_stream(str(path), SCHEMAS[name], options=options) for path in self._paths]

    def add(self, table: pa.Table, bucket: NDArray[np.int64]) -> None:
        """Deal rows to their buckets."""
        order = np.argsort(bucket, kind="stable")
        cuts = np.searchsorted(bucket[order], np.arange(len(self._paths) + 1))
        dealt = table.take(pa.array(order))
        for i, sink in enumerate(self._sinks):
            if cuts[i + 1] > cuts[i]:
                sink.write_table(dealt.slice(int(cuts[i]), int(cuts[i + 1] - cuts[i])))

    def sorted_buckets(self) -> Iterator[pa.Table]:
        """Yield each bucket's rows in order and delete its file."""
        for sink in self._sinks:
            sink.close()
        for path in self._paths:
            with pa.ipc.open_stream(str(path)) as source:
                table = source.read_all()
            path.unlink()
            yield in_order(self._name, table)


def stream_world(  # noqa: PLR0913 - what a world is, and how it is written
    preset: Preset,
    seed: int,
    out: Path,
    split: Split = "tune",
    file_format: str = "parquet",
    *,
    progress: Progress | None = None,
    n_processes: int = 1,
) -> dict[str, Any]:
    """Write a world in bounded memory and return what ``world.json`` says.

    Args:
        preset: the recipe.
        seed: the world's seed.
        out: the folder to write to; also takes the spilled rows while the world is made.
        split: the side of the texts.
        file_format: parquet or jsonl.
        progress: called for each part.
        n_processes: how many make parts; the world does not depend on it.
    """
    prepare_folder(out, file_format)
    tally = Tally()
    small: dict[str, list[pa.Table]] = {name: [schema.empty_table()] for name, schema in SCHEMAS.items()}
    n_buckets = int(-(-preset.window.seconds // BUCKET_S))
    with tempfile.TemporaryDirectory(dir=out, prefix=".spill-") as folder:
        spills = {"exchanges": Spill(Path(folder), "exchanges", n_buckets)}
        spills["truth_exchanges"] = Spill(Path(folder), "truth_exchanges", len(HEX))
        for part in made_parts(preset, seed, split, n_processes, progress):
            tally.merge(part.tally)
            for name, table in part.tables.items():
                small[name].append(table)
            if sum(table.num_rows for table in small["exchanges"]) >= BATCH_ROWS:
                _deal(small, spills, preset.window)
        _deal(small, spills, preset.window)
        for name, spill in spills.items():
            with TableWriter(out, name, file_format) as writer, ThreadPoolExecutor(1) as pool:
                for table in _one_ahead(pool, spill.sorted_buckets()):
                    writer.write(table)
    for name in sorted(SCHEMAS.keys() - set(SPILLED)):
        with TableWriter(out, name, file_format) as writer:
            writer.write(in_order(name, pa.concat_tables(small[name])))
    summary = tally.summary(preset, seed, split)
    write_summary(summary, out)
    return summary


def _one_ahead(pool: ThreadPoolExecutor, tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yield tables, the next one read and sorted while the last is written."""
    following = pool.submit(next, tables, None)
    while (table := following.result()) is not None:
        following = pool.submit(next, tables, None)
        yield table


def _deal(small: dict[str, list[pa.Table]], spills: dict[str, Spill], window: Window) -> None:
    for name in SPILLED:
        table = pa.concat_tables(small[name])
        small[name] = [SCHEMAS[name].empty_table()]
        spills[name].add(table, _time_bucket(table, window) if name == "exchanges" else _id_bucket(table))
