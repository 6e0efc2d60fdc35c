"""Commands are imported when they are run, and the help tells of them what they tell of themselves."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from stillwatch.cli.commands import app
from stillwatch.cli.late import COMMANDS, LateCommands
from stillwatch.cli.rim import EXIT_STATUSES
from stillwatch.cli.scan import ACCUSED_STATUS
from stillwatch.store.state.window import DEFAULT_DAYS

LATE = LateCommands()
HEAVY = ("duckdb", "numpy", "pandas", "pyarrow", "rich", "scipy", "starlette")
PROBE = f"""
import sys
from stillwatch.cli.app import main
try:
    main()
finally:
    found = [name for name in {HEAVY!r} if name in sys.modules]
    assert not found, found
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_tells_of_a_command_what_its_own_help_begins_with(name):
    """Each line of the list is the command's first sentence, or sentences: it cannot go stale."""
    first_paragraph = LATE[name].help.split("\n\n")[0].replace("\n", " ")
    assert first_paragraph == COMMANDS[name]


def test_a_name_that_is_none_is_refused_and_a_near_one_is_named():
    """A typo gets the nearest command, none of which was imported for it."""
    assert "sacn" not in LATE
    assert len(LATE) == len(list(LATE)) == len(COMMANDS)
    done = CliRunner().invoke(app, ["sacn"])
    assert done.exit_code == 2
    assert "Did you mean 'scan'?" in done.output


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["scan", "--help"], ["key", "--help"]])
def test_help_imports_no_package_that_it_does_not_need(arguments):
    """What takes a second to import waits until something is scanned."""
    done = subprocess.run([sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_numbers_in_the_help_are_those_in_force():
    """The window's days stand in the help as words, and the status of an accusation in the list of all."""
    shown = CliRunner().invoke(app, ["scan", "--help"], env={"COLUMNS": "200"}).output
    assert f"{DEFAULT_DAYS} unless told" in shown
    assert f"{ACCUSED_STATUS} " in shown
    assert ACCUSED_STATUS in EXIT_STATUSES
