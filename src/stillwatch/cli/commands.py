"""Every command, and what holds for all of them."""

import sys
from typing import Annotated

import typer

from stillwatch import __version__
from stillwatch.cli.late import LateGroup

app = typer.Typer(
    name="stillwatch",
    cls=LateGroup,
    help="Find unauthorised distillation of a language model in its API traffic.",
    epilog="\b\nExamples:\n"
    "  stillwatch demo\n"
    "  stillwatch scan 'logs/*.jsonl.gz' --accounts accounts.parquet --out case/\n"
    "  stillwatch records explain gateway.jsonl.gz",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # a traceback may quote what was being read
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - what an option's callback takes
    if asked:
        sys.stdout.write(f"stillwatch {__version__}\n")
        raise typer.Exit


@app.callback()
def stillwatch(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Find unauthorised distillation of a language model in its API traffic."""
    del version
