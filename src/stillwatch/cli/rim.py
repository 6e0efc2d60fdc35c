"""Where a command meets the terminal: signals, refusals, unexpected failures, and text that is safe to print."""

import json
import os
import shutil
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import typer

from stillwatch.cli.stop import STOP
from stillwatch.errors import Interrupted, StillwatchError
from stillwatch.records.terminal import printable

TRACEBACK: Final = "STILLWATCH_TRACEBACK"
UNEXPECTED_STATUS: Final = 1  # every refusal has another status
MAX_LINE: Final = 2000  # a sentence, whatever a file put in it

ACCOUNT_HELP: Final = (
    "Take the account from this field, a dotted path, on your word that callers cannot write it; "
    "for bodies, otlp, langfuse and the formats of maps."
)
EXIT_STATUSES: Final = {
    0: "done, whether or not something was found",
    2: "the command line is wrong",
    3: "an input as a whole cannot be read",
    4: "a settings or key file is wrong",
    5: "the output cannot be written",
    6: "the desk refuses it: role, second person, reason, or a newer decision",
    7: "the desk's log was changed; the first broken entry is named",
    8: "the state is refused: damaged, in use, or of another key",
    9: "the engine cannot run here, or failed",
    10: "done, and a group is accused (with --fail-on-accusation)",
    11: "done, and the dossier is not what was signed (dossier verify)",
    130: "interrupted; nothing half-written is left",
    141: "whoever read the output has gone, as with '| head'",
}


@contextmanager
def rim(*, as_json: bool) -> Iterator[None]:
    """Run a command's body: refusals become a sentence (or a JSON object) and an exit status, an interruption 130.

    An engine that was stopped in the middle of a query raises an error of its own; it means the same as the signal.
    """
    with refusals(as_json=as_json), _one_line_warnings(as_json=as_json):
        try:
            yield
        except Exception as failure:
            if STOP.is_asked:
                raise Interrupted("stillwatch", "stopped") from failure
            raise


@contextmanager
def refusals(*, as_json: bool) -> Iterator[None]:
    """Turn a refusal into its sentence on standard error and its exit status."""
    try:
        yield
    except KeyboardInterrupt:
        _refuse(Interrupted("stillwatch", "stopped"), as_json=as_json)
    except StillwatchError as refusal:
        _refuse(refusal, as_json=as_json)


def _refuse(refusal: StillwatchError, *, as_json: bool) -> None:
    if as_json:
        sys.stderr.write(json.dumps({"error": refusal.parts()}) + "\n")
    else:
        sys.stderr.write(printable(refusal.sentence(), MAX_LINE) + "\n")
    raise typer.Exit(refusal.exit_status) from refusal


@contextmanager
def _one_line_warnings(*, as_json: bool) -> Iterator[None]:
    """Say a warning in one line, without the line of code that gave it."""
    with warnings.catch_warnings():
        if as_json:  # standard error holds nothing but the refusal then
            warnings.simplefilter("ignore")

        def show(message: Warning | str, *_: Any, **__: Any) -> None:
            note(str(message))

        warnings.showwarning = show
        yield


def note(text: str) -> None:
    """Print one line on standard error."""
    sys.stderr.write(f"stillwatch: {printable(text, MAX_LINE)}\n")
    sys.stderr.flush()


def say(text: str = "") -> None:
    """Print lines on standard output; no line of them can steer a terminal."""
    sys.stdout.write("\n".join(printable(line, MAX_LINE) for line in text.split("\n")) + "\n")
    sys.stdout.flush()  # a program at the other end of a pipe waits for it: a console runs on


def terminal_width() -> int | None:
    """Return the columns of the terminal that is written to; null for a pipe or a file, where nothing is wrapped."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def say_json(document: Any) -> None:
    """Print one JSON document on standard output, in ASCII, so that nothing in it can turn a line."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
    sys.stdout.flush()


def report_unexpected(failure: Exception, *, as_json: bool) -> int:
    """Say in one line that stillwatch failed, and return the exit status.

    The failure's own message may quote what was being read, so it is shown only to who asks for the traceback.
    """
    if os.environ.get(TRACEBACK) == "1":
        traceback.print_exception(failure)
        return UNEXPECTED_STATUS
    frames = traceback.extract_tb(failure.__traceback__)
    ours = [frame for frame in frames if "stillwatch" in Path(frame.filename).parts and "cli" not in frame.filename]
    last = (ours or frames)[-1]
    place = f"{Path(last.filename).name}:{last.lineno} ({last.name})"
    problem = f"unexpected {type(failure).__name__} at {place}"
    fix = f"This is a bug in stillwatch. Set {TRACEBACK}=1 for the traceback, which may quote the input."
    if as_json:
        parts = {"code": "unexpected", "where": "stillwatch", "problem": problem, "got": None, "expected": None}
        sys.stderr.write(json.dumps({"error": {**parts, "fix": fix}}) + "\n")
    else:
        note(f"{problem}. {fix} [unexpected]")
    return UNEXPECTED_STATUS
