"""The help of every command fits a terminal of 80 columns, shows an example and leaves no sentence unfinished."""

from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from stillwatch.cli.commands import app


def paths(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the names of every command and group."""
    yield path
    for name, one in getattr(command, "commands", {}).items():
        yield from paths(one, (*path, name))


@pytest.mark.parametrize("path", list(paths(get_command(app))), ids=" ".join)
def test_help_fits_a_terminal_and_ends_its_sentences(path: tuple[str, ...]) -> None:
    """No line is wider than the terminal, no command of a list ends in dots, and somebody can copy a line."""
    told = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "80"})
    assert told.exit_code == 0
    lines = told.output.splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert [line for line in lines if line.endswith("...") and not line.startswith("Usage:")] == []
    assert "Example" in told.output or "Three people" in told.output
