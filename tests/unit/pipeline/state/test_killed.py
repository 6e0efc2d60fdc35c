"""A scan over a state that is ended at any moment, that finds no room, or that may not write, never tears the state."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from days import Days, bytes_of, make_days

from stillwatch.store.state.place import vault_at
from stillwatch.store.state.reading import open_state

HERE = Path(__file__).parent
N_KILLS = 20
NEVER_COMPARED = ("run.json", "lock")  # seconds and memory of a run; the process that held the lock


@dataclass
class Nursery:
    """Scans in processes of their own, which cost no import."""

    process: subprocess.Popen[str]
    days: Days
    said: Path

    def run(
        self, state: Path, out: Path, *traffic: Path, kill: dict[str, Any] | None = None, **limits: Any
    ) -> tuple[int, str]:
        """Run a scan to its end; return its status, negative for the signal that ended it, and what it said."""
        before = self.said.stat().st_size
        request = {
            "folder": str(self.days.folder), "state": str(state), "out": str(out), "traffic": [str(p) for p in traffic],
        }  # fmt: skip
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"request": request, "limits": limits, "kill": kill or {}}) + "\n")
        self.process.stdin.flush()
        status = int(self.process.stdout.readline())
        return status, self.said.read_text()[before:]


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """A micro world of two days, and where its scans run."""
    folder = tmp_path_factory.mktemp("micro")
    days = make_days(folder, str(HERE / "micro.toml"))
    path = os.pathsep.join([str(HERE), *[entry for entry in sys.path if entry]])
    said = folder / "said.txt"
    with said.open("w") as stderr, subprocess.Popen(
        [sys.executable, str(HERE / "nursery.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
        text=True, env={**os.environ, "PYTHONPATH": path},
    ) as process:  # fmt: skip
        yield Nursery(process, days, said)
        process.kill()


@dataclass(frozen=True)
class Ends:
    """A state after its first day, and state and case after the second, undisturbed; and how long that took."""

    before: Path
    after: dict[str, bytes]
    case: dict[str, bytes]
    seconds: float


@pytest.fixture(scope="module")
def ends(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Ends:
    """The undisturbed way."""
    folder = tmp_path_factory.mktemp("ends")
    assert nursery.run(folder / "before", folder / "case", nursery.days.days[0]) == (0, "")
    shutil.copytree(folder / "before", folder / "after")
    start = time.monotonic()
    assert nursery.run(folder / "after", folder / "case", nursery.days.days[1]) == (0, "")
    seconds = time.monotonic() - start
    return Ends(folder / "before", everything(folder / "after"), everything(folder / "case"), seconds)


def everything(folder: Path) -> dict[str, bytes]:
    """Return every file of a state or a case that two runs must leave alike."""
    return bytes_of(folder, but=NEVER_COMPARED)


def test_killed_at_twenty_random_moments(nursery: Nursery, ends: Ends, tmp_path: Path) -> None:
    """After each kill the state is the one before or the one after; the same scan again ends in the same bytes."""
    rng = random.Random(20260302)
    seen, seconds = set(), ends.seconds
    manifests = {(ends.before / "manifest.json").read_bytes(): "before", ends.after["manifest.json"]: "after"}
    for n in range(N_KILLS):
        state, out = tmp_path / f"state-{n}", tmp_path / f"case-{n}"
        shutil.copytree(ends.before, state)
        moment = rng.uniform(0, 1.1 * seconds)
        status, _ = nursery.run(state, out, nursery.days.days[1], kill={"after_s": moment})
        seen.add((status < 0, manifests[(state / "manifest.json").read_bytes()]))
        assert open_state(state).broken() == []
        assert out.exists() is (out / "run.json").exists()
        start = time.monotonic()
        assert nursery.run(state, out, nursery.days.days[1]) == (0, "")
        seconds = time.monotonic() - start  # the next moment is drawn from it: a busy machine may fall idle
        assert everything(state) == ends.after
        assert everything(out) == ends.case
    assert (True, "before") in seen  # it was in fact ended in the middle


def test_killed_at_the_very_first_scan(nursery: Nursery, tmp_path: Path) -> None:
    """A state that was never committed is no state yet, and its leavings are in nobody's way."""
    state = tmp_path / "state"
    once = str(state / "objects")
    status, _ = nursery.run(state, tmp_path / "case", nursery.days.days[0], kill={"once": once})
    assert status == -signal.SIGKILL
    assert vault_at(str(state)).manifest() is None
    assert nursery.run(state, tmp_path / "case", nursery.days.days[0]) == (0, "")
    assert open_state(state).broken() == []


@pytest.mark.parametrize("file_bytes", [1_000, 20_000, 60_000])
def test_a_full_disk_is_told_and_tears_nothing(nursery: Nursery, ends: Ends, tmp_path: Path, file_bytes: int) -> None:
    """Where files cannot grow, the scan is refused, the state stands as it was, and no case is left."""
    state = tmp_path / "state"
    shutil.copytree(ends.before, state)
    status, said = nursery.run(state, tmp_path / "case", nursery.days.days[1], file_bytes=file_bytes)
    assert (status, "cannot be written" in said or "intermediate results" in said) == (5, True), said
    assert everything(state)["manifest.json"] == everything(ends.before)["manifest.json"]
    assert open_state(state).broken() == []
    assert [path.name for path in tmp_path.iterdir()] == ["state"]
    assert nursery.run(state, tmp_path / "case", nursery.days.days[1]) == (0, "")
    assert everything(state) == ends.after


def test_a_read_only_state_is_told_and_stays(nursery: Nursery, ends: Ends, tmp_path: Path) -> None:
    """A state that may not be written is refused before anything is read, and can still be shown."""
    state = tmp_path / "state"
    shutil.copytree(ends.before, state)
    for path in (*state.rglob("*"), state):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        status, said = nursery.run(state, tmp_path / "case", nursery.days.days[1], obeys_modes=True)
        assert (status, "Permission denied" in said) == (5, True), said
        assert everything(state) == everything(ends.before)
        assert open_state(state).holdings().days == 1
    finally:
        for path in (state, *state.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_of_two_scans_at_once_one_is_refused_by_the_others_number(nursery: Nursery, ends: Ends, tmp_path: Path) -> None:
    """A scan that runs holds the state; another one is told its process and changes nothing."""
    state = tmp_path / "state"
    shutil.copytree(ends.before, state)
    with vault_at(str(state)).locked():
        status, said = nursery.run(state, tmp_path / "case", nursery.days.days[1])
    assert (status, f"process {os.getpid()}" in said) == (8, True), said
    assert not (tmp_path / "case").exists()
    assert everything(state) == everything(ends.before)
