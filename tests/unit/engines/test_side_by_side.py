"""Functions over items, in this process and others."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stillwatch.engines import side_by_side
from stillwatch.engines.side_by_side import IN_TURN, SideBySide

PATIENCE = 1000  # hundredths of a second: ten seconds on a busy machine


def summed(array: np.ndarray) -> Callable[[int], tuple[int, float]]:
    """A pure function of a row of an array."""
    return lambda i: (i, float(array[i].sum()))


@pytest.mark.parametrize("n_workers", [1, 2, 3, 40])
@pytest.mark.parametrize("n", [0, 1, 2, 17])
def test_results_are_those_of_a_loop(n_workers: int, n: int) -> None:
    """Whatever the number of processes and items, results come in the order of the items."""
    rows = np.random.default_rng(0).normal(size=(n, 50))
    assert SideBySide(n_workers).each(summed(rows), n) == [summed(rows)(i) for i in range(n)]


def test_more_items_than_the_queue_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Items that do not fit into the queue at once are given out in turns."""
    monkeypatch.setattr(side_by_side, "TOKENS_AT_ONCE", 5)
    assert SideBySide(2).each(lambda i: i * i, 23) == [i * i for i in range(23)]


def test_others_take_part(tmp_path: Path) -> None:
    """Items are worked on by other processes too: each waits with its first item until all three have one."""

    def met(_i: int) -> int:
        (tmp_path / str(os.getpid())).touch()
        for _ in range(PATIENCE):
            if len(list(tmp_path.iterdir())) == 3:
                return os.getpid()
            time.sleep(0.01)
        raise TimeoutError

    assert len(set(SideBySide(3).each(met, 12))) == 3


def test_this_process_tells_of_what_it_begins() -> None:
    """Progress is told by this process alone, of rising items."""
    told: list[int] = []
    SideBySide(2).each(lambda i: i, 50, told.append)
    assert told == sorted(told)
    assert len(told) > 0


def test_what_a_process_fails_at_is_done_here() -> None:
    """A process that is killed loses nothing: its part is done by this one."""
    here = os.getpid()

    def deadly(i: int) -> int:
        time.sleep(0.01)
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return i + 1

    assert SideBySide(3).each(deadly, 9) == list(range(1, 10))


def test_what_cannot_be_handed_back_is_made_here() -> None:
    """A result that cannot be pickled is made by this process."""
    made = SideBySide(2).each(lambda i: lambda: i, 6)
    assert [function() for function in made] == list(range(6))


@pytest.mark.parametrize("n_workers", [1, 3])
def test_a_failure_is_raised_here(n_workers: int) -> None:
    """What the function raises reaches the caller, as from a loop, and no process is left."""

    def refusing(i: int) -> int:
        if i == 7:
            raise ValueError(f"item {i}")
        return i

    with pytest.raises(ValueError, match="item 7"):
        SideBySide(n_workers).each(refusing, 9)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize("workers", [IN_TURN, SideBySide(2)])
def test_something_else_is_done_meanwhile(workers: SideBySide, tmp_path: Path) -> None:
    """What runs beside a block has run when the block is left."""
    with workers.meanwhile((tmp_path / "beside").touch):
        (tmp_path / "here").touch()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["beside", "here"]


def test_what_fails_beside_a_block_is_done_after_it(tmp_path: Path) -> None:
    """A process that fails beside a block leaves the work to this one."""
    here = os.getpid()

    def failing() -> None:
        if os.getpid() != here:
            raise ValueError
        (tmp_path / "done").touch()

    with SideBySide(2).meanwhile(failing):
        pass
    assert (tmp_path / "done").exists()


def test_a_failing_block_leaves_no_process() -> None:
    """A block that raises ends the process beside it."""
    with pytest.raises(KeyError), SideBySide(2).meanwhile(lambda: time.sleep(60)):
        raise KeyError
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_processes_end_with_their_parent(tmp_path: Path) -> None:
    """A parent that is killed takes its processes with it, in the middle of their work."""
    program = textwrap.dedent(
        f"""
        import os, time
        from pathlib import Path
        from stillwatch.engines.side_by_side import SideBySide

        def work(i):
            Path({str(tmp_path)!r}, str(os.getpid())).touch()
            time.sleep(60)

        SideBySide(3).each(work, 9)
        """
    )
    parent = subprocess.Popen([sys.executable, "-c", program])
    while len(pids := [int(path.name) for path in tmp_path.iterdir()]) < 3:
        assert parent.poll() is None
        time.sleep(0.01)
    parent.kill()
    parent.wait()
    for _ in range(PATIENCE):
        if not any(Path(f"/proc/{pid}/stat").exists() and _runs(pid) for pid in pids):
            break
        time.sleep(0.01)
    else:
        pytest.fail("a process outlived its parent")


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state not in "ZX"
