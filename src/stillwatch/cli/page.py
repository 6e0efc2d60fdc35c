"""Where tables for people are printed; apart from the rim, for it is slow to import."""

import sys
from typing import Final

from rich.console import Console
from rich.table import Table

UNWRAPPED: Final = 10_000  # columns: wider than any line that is printed


def page() -> Console:
    """Return a console on standard output: as wide as the terminal, and one that wraps nothing in a pipe or a file."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(width=UNWRAPPED, highlight=False)


def print_table(table: Table) -> None:
    """Print a table; in a pipe or a file no line of it is wrapped or ends in spaces."""
    console = page()
    with console.capture() as drawn:
        console.print(table)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in drawn.get().splitlines()))
