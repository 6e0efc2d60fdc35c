"""Sketching in processes of its own, in the order of the input, once there is enough to be worth their start.

Text goes to the workers through pipes and never to a file. Batches are handed on in the order in which they were read,
so that the result does not depend on the number of workers.
"""

import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context, parent_process
from typing import Final

import pyarrow as pa

from stillwatch.engines.engine import Sketching
from stillwatch.records.schema import PLACED_EXCHANGES
from stillwatch.sketches.schema import SKETCH_ROWS, sketch_rows

INLINE_BATCHES: Final = 24  # some 100 MB of text: below, a worker's start costs more than it saves
AHEAD: Final = 2  # batches a worker that wait for it or for their turn: bounds memory

_sketcher: list[Sketching] = []  # a worker's own, set once when it starts


def sketched_rows(traffic: Iterable[pa.RecordBatch], sketcher: Sketching, n_workers: int) -> Iterator[pa.RecordBatch]:
    """Yield the sketches of each batch, of schema ``SKETCH_ROWS``, in order.

    Args:
        traffic: batches of ``PLACED_EXCHANGES``, read by this process.
        sketcher: makes the sketches; it is sent to the workers.
        n_workers: processes; one means this process alone.
    """
    batches = iter(traffic)
    for batch in batches if n_workers < 2 else islice(batches, INLINE_BATCHES):
        yield sketch_rows(sketcher.sketch(batch))
    following = next(batches, None)
    if following is None:
        return
    pool = ProcessPoolExecutor(n_workers, get_context("spawn"), _begin, (sketcher,))
    try:
        waiting: deque[Future[bytes]] = deque([pool.submit(_sketched, _packed(following))])
        for batch in batches:
            if len(waiting) >= AHEAD * n_workers:
                yield _unpacked(waiting.popleft().result(), SKETCH_ROWS)
            waiting.append(pool.submit(_sketched, _packed(batch)))
        while waiting:
            yield _unpacked(waiting.popleft().result(), SKETCH_ROWS)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _packed(batch: pa.RecordBatch) -> bytes:
    return bytes(batch.serialize().to_pybytes())


def _unpacked(data: bytes, schema: pa.Schema) -> pa.RecordBatch:
    return pa.ipc.read_record_batch(pa.py_buffer(data), schema)


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
