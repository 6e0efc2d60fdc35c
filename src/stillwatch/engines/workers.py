"""Sketching beside the reader, in the order of the input: in threads where the kernels are compiled, else in processes.

Compiled kernels and Arrow leave the interpreter to others, so that threads suffice and nothing is copied. Processes
cost their start and the copies, and begin once there is enough to be worth that; text goes to them through pipes and
never to a file. Batches are handed on in the order in which they were read, so that the result does not depend on the
number of workers.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain, islice
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
from typing import Any, Final, TypeVar

import pyarrow as pa

from stillwatch.engines.ahead import in_order
from stillwatch.engines.engine import Sketching
from stillwatch.records.schema import PLACED_EXCHANGES
from stillwatch.sketches.schema import SKETCH_ROWS, sketch_rows

Pool = TypeVar("Pool", bound=Executor)

INLINE_BATCHES: Final = 24  # some 100 MB of text: below, a process's start costs more than it saves
AHEAD: Final = 2  # batches a worker that wait for it or for their turn: bounds memory

_sketcher: list[Sketching] = []  # a worker's own, set once when it starts


def sketched_rows(traffic: Iterable[pa.RecordBatch], sketcher: Sketching, n_workers: int) -> Iterator[pa.RecordBatch]:
    """Yield the sketches of each batch, of schema ``SKETCH_ROWS``, in order.

    Args:
        traffic: batches of ``PLACED_EXCHANGES``, read by this process.
        sketcher: makes the sketches; processes are sent it.
        n_workers: threads or processes; one means this one alone.
    """
    batches = iter(traffic)
    n_inline = 1 if sketcher.shares_interpreter else INLINE_BATCHES  # one: machine code is loaded before threads ask
    for batch in batches if n_workers < 2 else islice(batches, n_inline):
        yield sketch_rows(sketcher.sketch(batch))
    following = next(batches, None)
    if following is None:
        return
    yield from (_threads if sketcher.shares_interpreter else _processes)(
        chain([following], batches), sketcher, n_workers
    )


class _Worker(SpawnProcess):
    """A process that does not import the program that started it: that may be a script that would scan again."""

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 - multiprocessing's own name
        program = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")  # without a file: there is nothing to import
        try:
            return SpawnProcess._Popen(process_obj)  # noqa: SLF001 - what it is meant to be replaced with
        finally:
            sys.modules["__main__"] = program


class _Context(SpawnContext):
    """How workers are started."""

    Process = _Worker


def _threads(batches: Iterable[pa.RecordBatch], sketcher: Sketching, n_workers: int) -> Iterator[pa.RecordBatch]:
    with _ending(ThreadPoolExecutor(n_workers)) as pool:
        yield from in_order(
            lambda batch: pool.submit(lambda: sketch_rows(sketcher.sketch(batch))), batches, AHEAD * n_workers
        )


def _processes(batches: Iterable[pa.RecordBatch], sketcher: Sketching, n_workers: int) -> Iterator[pa.RecordBatch]:
    with _ending(ProcessPoolExecutor(n_workers, _Context(), _begin, (sketcher,))) as pool:
        packed = in_order(lambda batch: pool.submit(_sketched, _packed(batch)), batches, AHEAD * n_workers)
        yield from (_unpacked(data, SKETCH_ROWS) for data in packed)


@contextmanager
def _ending(pool: Pool) -> Iterator[Pool]:
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _packed(batch: pa.RecordBatch) -> bytes:
    return bytes(batch.serialize().to_pybytes())


def _unpacked(data: bytes, schema: pa.Schema) -> pa.RecordBatch:
    return pa.ipc.read_record_batch(pa.py_buffer(data), schema)  # noqa: TID251 - no copy; not read by Arrow's threads


def _begin(sketcher: Sketching) -> None:
    """Make a process a worker: it leaves an interrupt to its parent, and ends where that is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _sketcher.append(sketcher)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _sketched(data: bytes) -> bytes:
    batch = _unpacked(data, PLACED_EXCHANGES)
    return _packed(sketch_rows(_sketcher[0].sketch(batch)))
