"""Sketching in worker processes: the same rows in the same order as in this process."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from stillwatch.engines import workers
from stillwatch.records.schema import PLACED_EXCHANGES
from stillwatch.sketches import compiled
from stillwatch.sketches.capability import CapabilityModel
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.sketch import Sketcher


def batches(n: int) -> list[pa.RecordBatch]:
    """Return ``n`` batches of three exchanges each."""
    made = []
    for number in range(n):
        rows = [
            {
                "exchange_id": f"x{number}-{i}",
                "account_id": "a",
                "prompt": f"Sort {number} pears and {i} plums.",
            }
            for i in range(3)
        ]
        columns = {name: [row.get(name) for row in rows] for name in PLACED_EXCHANGES.names}
        made.append(pa.RecordBatch.from_pydict(columns, schema=PLACED_EXCHANGES))
    return made


ARE_THREADS = [
    False,
    pytest.param(
        True, marks=pytest.mark.skipif(not compiled.is_available(), reason="the extra `fast` is not installed")
    ),
]


@pytest.mark.parametrize("are_threads", ARE_THREADS)
def test_workers_give_the_same_rows_in_the_same_order(monkeypatch: pytest.MonkeyPatch, *, are_threads: bool) -> None:
    """Two threads or processes and one give equal batches, whatever the order in which workers finish."""
    monkeypatch.setattr(workers, "INLINE_BATCHES", 2)
    monkeypatch.setattr(compiled, "IS_ON", are_threads)
    sketcher = Sketcher(SketchKey.public_demo_key(), CapabilityModel.load())
    alone = list(workers.sketched_rows(batches(9), sketcher, 1))
    together = list(workers.sketched_rows(batches(9), sketcher, 2))
    assert len(alone) == len(together) == 9
    assert all(a.equals(b) for a, b in zip(alone, together, strict=True))


@pytest.mark.parametrize("are_threads", ARE_THREADS)
def test_a_reader_that_fails_ends_the_workers(monkeypatch: pytest.MonkeyPatch, *, are_threads: bool) -> None:
    """An error of the reader comes out as it is, after the rows of what came before it."""
    monkeypatch.setattr(workers, "INLINE_BATCHES", 1)
    monkeypatch.setattr(compiled, "IS_ON", are_threads)

    def reader() -> Iterator[pa.RecordBatch]:
        yield from batches(3)
        raise ZeroDivisionError

    sketcher = Sketcher(SketchKey.public_demo_key(), CapabilityModel.load())
    with pytest.raises(ZeroDivisionError):
        list(workers.sketched_rows(reader(), sketcher, 2))


SCRIPT = """
print("began", flush=True)
from test_workers import batches
from stillwatch.engines import workers
from stillwatch.sketches import compiled
from stillwatch.sketches.capability import CapabilityModel
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.sketch import Sketcher
workers.INLINE_BATCHES, compiled.IS_ON = 1, False
sketcher = Sketcher(SketchKey.public_demo_key(), CapabilityModel.load())
print(len(list(workers.sketched_rows(batches(5), sketcher, 2))))
"""


def test_a_script_without_a_guard_is_not_run_again(tmp_path: Path) -> None:
    """A program that scans at its top level runs once: its workers do not import it."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    path = os.pathsep.join([str(Path(__file__).parent), *[entry for entry in sys.path if entry]])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "began\n5\n", "")
