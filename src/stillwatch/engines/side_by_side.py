"""Pure functions over what lies in memory, on all processors: in processes that share it with their parent.

What follows the sketches looks at gigabytes of arrays, group by group, in many short calls of numpy that threads would
wait on each other for. A forked process has the arrays without a copy, for nobody writes to them. It is given the
numbers of items to work on, hands back pickled results, and ends without cleaning up what is its parent's.

Guarantee: results are those of a plain loop, in its order, whatever the number of processes; where a process is not to
be had, or does not come back with a result (the function failed, memory ran out), the parent computes it itself, and
meets the same failure. A process ends when its parent does, however that ends.

The functions must be pure: numpy and Python alone. Arrow's and DuckDB's threads are not there in a forked process.

Source: ours: docs/decisions/0030-groups-side-by-side.md.
"""

import gc
import os
import pickle
import signal
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO, Any, Final, Self, TypeVar

T = TypeVar("T")

TOKEN_BYTES: Final = 4
TOKENS_AT_ONCE: Final = 4096  # in the queue's pipe, which holds 64 KiB at least
CAN_FORK: Final = sys.platform == "linux"  # elsewhere system libraries forbid it to programs with threads


def _nobody_asked(_done: int) -> None:
    """Take notice of nothing."""


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Runs functions over items in some processes.

    Args:
        n_workers: processes, this one among them; one means a plain loop.
    """

    n_workers: int = 1

    def each(self, function: Callable[[int], T], n: int, told: Callable[[int], None] = _nobody_asked) -> list[T]:
        """Return ``[function(0), ..., function(n - 1)]``.

        Args:
            function: pure; its results can be pickled. The largest items had best come first.
            n: number of items.
            told: of each item that this process begins.
        """
        found: dict[int, T] = {}
        n_others = min(self.n_workers, n) - 1 if CAN_FORK else 0
        if n_others > 0:
            for start in range(0, n, TOKENS_AT_ONCE):
                found |= _shared_out(function, range(start, min(start + TOKENS_AT_ONCE, n)), n_others, told)
        for i in range(n):
            if i not in found:
                told(i)
                found[i] = function(i)
        return [found[i] for i in range(n)]

    @contextmanager
    def meanwhile(self, function: Callable[[], None]) -> Iterator[None]:
        """Run a function in another process while the block runs; after the block, where that cannot be."""
        if not CAN_FORK or self.n_workers < 2:
            yield
            function()
            return
        with _Child(function) as child:
            yield
            is_done = child.has_succeeded()
        if not is_done:
            function()


IN_TURN: Final = SideBySide()
"""A plain loop, in this process."""


def _shared_out(function: Callable[[int], T], items: range, n_others: int, told: Callable[[int], None]) -> dict[int, T]:
    """Return the results of some items by number; those that a process failed to bring are missing."""
    take, give = os.pipe()
    os.write(give, b"".join(i.to_bytes(TOKEN_BYTES, "little") for i in items))
    os.close(give)  # so that an empty queue ends
    found: dict[int, T] = {}

    def others_part() -> dict[int, T]:
        return {i: function(i) for i in _tokens(take)}

    with ExitStack() as stack:
        stack.callback(os.close, take)
        children = [stack.enter_context(_Child(others_part)) for _ in range(n_others)]
        for i in _tokens(take):
            told(i)
            found[i] = function(i)
        for child in children:
            found |= child.result() or {}
    return found


def _tokens(take: int) -> Iterator[int]:
    """Yield the items that nobody took yet, until there are none; several processes may take from one queue."""
    while token := os.read(take, TOKEN_BYTES):
        yield int.from_bytes(token, "little")


def _forked() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads: see the module's own words
        return os.fork()


class _Child:
    """A forked process that runs one function and leaves its result, pickled, in a file without a name.

    Args:
        function: what it runs.
    """

    def __init__(self, function: Callable[[], Any]) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by ``end``
        alive, self._alive = os.pipe()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # till it is clear whom it would reach
        try:
            self._pid: int | None = _forked()
            if self._pid == 0:
                self._run(function, alive)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(alive)

    def _run(self, function: Callable[[], Any], alive: int) -> None:
        """Be the child; this never returns."""
        status = 1
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # its parent is told, and ends it
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            gc.disable()  # what its parent left to collect is not its to close
            os.close(self._alive)
            threading.Thread(target=_end_with_parent, args=(alive,), daemon=True).start()
            pickle.dump(function(), self._file, pickle.HIGHEST_PROTOCOL)
            self._file.flush()
            status = 0
        finally:
            os._exit(status)

    def has_succeeded(self) -> bool:
        """Wait for the process and return whether it came to its end."""
        if self._pid is None:
            return False
        _, status = os.waitpid(self._pid, 0)
        self._pid = None
        return status == 0

    def result(self) -> Any:
        """Wait for the process and return what its function did; null where it failed."""
        if not self.has_succeeded():
            return None
        self._file.seek(0)
        return pickle.load(self._file)  # noqa: S301 - a file without a name, written by this program itself

    def end(self) -> None:
        """End the process, if it still runs, and give everything back."""
        if self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = None
        os.close(self._alive)
        self._file.close()

    def __enter__(self) -> Self:
        """Return the process."""
        return self

    def __exit__(self, *_raised: object) -> None:
        """End the process."""
        self.end()


def _end_with_parent(alive: int) -> None:
    """End this process when its parent has gone: the other end of the pipe closes then."""
    os.read(alive, 1)
    os._exit(1)
