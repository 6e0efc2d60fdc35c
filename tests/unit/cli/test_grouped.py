"""Help of commands with many options."""

from importlib import import_module
from typing import Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from stillwatch.cli.commands import app
from stillwatch.cli.grouped import grouped
from stillwatch.cli.late import COMMANDS

MOST = 7  # options that a reader takes in at a glance


def _commands(group: Any, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], Any]]:
    commands = getattr(group, "commands", None)
    if commands is None:
        return [(path, group)]
    return [found for name, one in commands.items() for found in _commands(one, (*path, name))]


EVERY = [
    found for name in COMMANDS for found in _commands(get_command(import_module(f"stillwatch.cli.{name}").app), (name,))
]


@pytest.mark.parametrize(("path", "command"), EVERY, ids=lambda one: " ".join(one) if isinstance(one, tuple) else "")
def test_no_list_of_options_is_longer_than_a_glance(path: tuple[str, ...], command: Any) -> None:
    """Options stand under headings of at most seven, and each of them stands in the help once."""
    shown = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "80"}).output
    lists: list[list[str]] = []
    for line in shown.split("Example")[0].splitlines():
        if line and not line.startswith(" ") and line.endswith(":"):
            lists.append([])
        elif line.startswith("  -") and lists:
            lists[-1].append(line.split()[0])
    assert max(map(len, lists)) <= MOST + 1  # --help comes to the last
    assert sorted(name for one in lists for name in one if name != "-h,") == sorted(
        parameter.opts[0]
        for parameter in command.params
        if parameter.param_type_name == "option" and not parameter.opts[0].endswith("-completion")
    )


def test_a_heading_with_an_unknown_option_is_a_fault_of_ours() -> None:
    """A renamed option cannot vanish from the help in silence."""
    around = typer.Typer(rich_markup_mode=None)

    @around.command(cls=grouped({"What": ("--gone",)}))
    def here(there: str = "") -> None:
        del there

    assert isinstance(CliRunner().invoke(around, ["--help"]).exception, KeyError)
