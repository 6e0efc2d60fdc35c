"""A command whose output nobody reads any more leaves as other Unix tools do: quietly, with the status of SIGPIPE."""

import os
import subprocess
import sys

import pytest

from stillwatch.cli.app import UNREAD_STATUS


def run_unread(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command with a standard output that has no reader, and return how it ended."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        return subprocess.run(
            [sys.executable, "-m", "stillwatch", *arguments], stdout=write_end, stderr=subprocess.PIPE, check=False,
            env={**os.environ, **environment},
        )  # fmt: skip
    finally:
        os.close(write_end)


@pytest.mark.parametrize("arguments", [("--help",), ("records", "formats"), ("schema", "campaigns")])
def test_a_closed_pipe_ends_a_command_quietly(arguments: tuple[str, ...]) -> None:
    """Neither a traceback nor Python's own complaint, and the status that a shell knows."""
    ended = run_unread(*arguments)
    assert (ended.returncode, ended.stderr) == (UNREAD_STATUS, b"")


def test_it_does_so_without_a_buffer_too() -> None:
    """Where the write itself breaks, and not the last flush."""
    ended = run_unread("schema", "campaigns", PYTHONUNBUFFERED="1")
    assert (ended.returncode, ended.stderr) == (UNREAD_STATUS, b"")


def test_a_refusal_keeps_its_status_and_its_sentence() -> None:
    """Who closed the output still learns on standard error what was wrong."""
    ended = run_unread("report", "no-such-case", "--out", "no-such-page.html")
    assert ended.returncode not in (0, 1, UNREAD_STATUS)
    assert b"no-such-case" in ended.stderr
