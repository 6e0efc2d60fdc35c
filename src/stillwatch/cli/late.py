"""Commands that are imported when they are asked for: help is quick, and no command waits for another's packages."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

COMMANDS: Final[Mapping[str, str]] = {
    "scan": "Find groups of accounts that extract a model together, "
    "and write a case with the evidence for and against.",
    "demo": "Make a small world of honest people, look-alikes and campaigns, "
    "scan it, and compare the case with the truth.",
    "report": "Render the HTML report of a case again, from its campaigns.json alone.",
    "schema": "Print a published JSON Schema; without a name, list them.",
    "world": "Make a benchmark world: traffic of honest people, look-alikes and campaigns, and the truth beside it.",
    "bench": "Measure stillwatch and its rivals on worlds with known truth: quality, speed and memory in one table.",
    "dossier": "Freeze one campaign of a case into a document that can be handed on.",
    "console": "The analysts' web console on a case, and the people who may use it.",
    "actions": "Propose graduated steps against whole groups. Nothing is done: what is agreed to becomes a file.",
    "audit": "Check and show the log of a desk: each entry is sealed by a hash over itself and the entry before it.",
    "records": "Read gateway logs: what a file is, what it can show, and the same as one canonical table.",
    "state": "See, check and prune what 'scan --state' keeps from day to day, and erase accounts from it.",
    "key": "Make and name sketch keys. Scans with one key can be compared; who has it can test guesses of prompts.",
    "signer": "Make, hand out, rotate and revoke signing keys. Recipients need only the public half.",
}
"""Each command, in the order of the help, with its own first sentence; ``stillwatch.cli.NAME`` has it as ``app``."""


class LateCommands(Mapping[str, Any]):
    """The commands by name; looking one up imports its module."""

    def __getitem__(self, name: str) -> Any:
        """Return one command."""
        if name not in COMMANDS:
            raise KeyError(name)
        around = typer.Typer(add_completion=False, rich_markup_mode=None)
        around.callback()(_nothing)  # so that a single command does not become the whole
        around.add_typer(import_module(f"stillwatch.cli.{name}").app)
        group: Any = get_command(around)
        return group.commands[name]

    def __iter__(self) -> Iterator[str]:
        """Return the names, in the order of the help."""
        return iter(COMMANDS)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(COMMANDS)


class LateGroup(TyperGroup):
    """A group of commands of which only the one that is run is imported."""

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**attrs | {"commands": LateCommands()})

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names, in the order of the help."""
        del ctx
        return list(COMMANDS)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each command with its first sentence, without importing it."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _nothing() -> None:
    """Do nothing: what stands around a command."""
