"""How far a scan is: bars on a terminal, one line a stage elsewhere, nothing where standard error is for programs."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from stillwatch.cli.stop import STOP
from stillwatch.pipeline.scan import Progress as Report

STAGES: Final = {
    "world": ("making the world", "actors"),
    "records and sketches": ("reading and sketching", "exchanges"),
    "population": ("putting accounts in order", ""),
    "families": ("finding families of exchanges", ""),
    "candidates": ("linking accounts", ""),
    "members": ("weighing memberships", "groups"),
    "group tests": ("testing groups against controls", "groups"),
    "hypotheses": ("weighing rival hypotheses", "groups"),
    "case": ("writing the case", ""),
}
"""Each stage in words, and what it counts."""
DONE: Final = "done"


class Lines:
    """One line a stage, when it ends: its words, its count and its seconds."""

    def __init__(self) -> None:
        self._name = ""
        self._count = 0
        self._start = time.monotonic()

    def __call__(self, name: str, done: int, total: int) -> None:
        """Take a stage's progress."""
        if name != self._name:
            self._end()
            self._name, self._count, self._start = name, 0, time.monotonic()
        self._count = max(done, total)

    def _end(self) -> None:
        if not self._name:
            return
        words, counted = words_of(self._name)
        count = f": {self._count:,} {counted}" if counted else ""
        sys.stderr.write(f"{words}{count}, {time.monotonic() - self._start:.1f} s\n")
        sys.stderr.flush()


class Bars:
    """A bar a stage, on a terminal."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._name = ""
        self._task: TaskID | None = None
        self._count = 0

    def __call__(self, name: str, done: int, total: int) -> None:
        """Take a stage's progress."""
        if name != self._name:
            self.end()
            self._name = name
            self._task = None if name == DONE else self._bars.add_task(words_of(name)[0], total=total or None, shown="")
        self._count = max(done, total)
        if self._task is not None:
            self._bars.update(self._task, completed=done, total=total or None, shown=self._shown(done))

    def end(self) -> None:
        """Fill the last stage's bar."""
        if self._task is not None:
            total = max(self._count, 1)
            self._bars.update(self._task, completed=total, total=total, shown=self._shown(self._count))

    def _shown(self, count: int) -> str:
        counted = words_of(self._name)[1]
        return f"{count:,} {counted}" if counted else ""


def words_of(name: str) -> tuple[str, str]:
    """Return a stage in words and what it counts."""
    return STAGES.get(name, (name, ""))


def stoppable(report: Report) -> Report:
    """Return a report that ends the run if a signal came whose exception was lost, as in a destructor."""

    def checked(name: str, done: int, total: int) -> None:
        if STOP.is_asked:
            raise KeyboardInterrupt
        report(name, done, total)

    return checked


@contextmanager
def shown_progress(*, as_json: bool) -> Iterator[Report]:
    """Yield what to tell of a run's progress."""
    console = Console(stderr=True)
    if console.is_terminal:
        with Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[shown]}", markup=False),
            TimeElapsedColumn(),
            console=console,
        ) as bars:
            yield stoppable(Bars(bars))
    elif as_json:
        yield stoppable(lambda name, done, total: None)  # noqa: ARG005 - standard error is for a refusal
    else:
        yield stoppable(Lines())
