"""The real console script, run as a user runs it: a program of its own, its output as bytes."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(sys.executable).with_name("stillwatch")
LIMIT_S = 400  # a hung command fails its test instead of the whole run


@dataclass(frozen=True)
class Finished:
    """What a command left: its exit status and both streams."""

    status: int
    out: str
    err: str

    @property
    def document(self):
        """Standard output as the one JSON document that it has to be."""
        return json.loads(self.out)


def plain_environment(**more):
    """The environment without what would change the output."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("STILLWATCH_", "FORCE_", "TTY_", "PYTHONUNBUFFERED"))
    }
    return {**kept, "NO_COLOR": "1", "COLUMNS": "100", **more}


def hear_signals():
    """Undo what a shell does to its background jobs, which ignore an interruption."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def stillwatch(*arguments, cwd=None, **environment):
    """Run a command to its end."""
    done = subprocess.run(
        [SCRIPT, *map(str, arguments)],
        check=False,
        capture_output=True,
        cwd=cwd,
        env=plain_environment(**environment),
        timeout=LIMIT_S,
    )
    return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())


def start(*arguments, cwd=None):
    """Start a command whose standard error is read line by line."""
    return subprocess.Popen(
        [SCRIPT, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env=plain_environment(),
        preexec_fn=hear_signals,  # noqa: PLW1509 - tests start no threads
    )
