"""Every command, and what holds for all of them."""

import sys
from typing import Annotated

import typer

from stillwatch import __version__
from stillwatch.cli import actions, audit, console, custody, dossier, key, records, signer, state
from stillwatch.cli.bench import EXAMPLES as BENCH_EXAMPLES
from stillwatch.cli.bench import bench
from stillwatch.cli.demo import demo
from stillwatch.cli.report import report, schema
from stillwatch.cli.scan import EXAMPLES, scan
from stillwatch.cli.world import world

app = typer.Typer(
    name="stillwatch",
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

app.command(epilog=EXAMPLES)(scan)
app.command(epilog="\b\nExamples:\n  stillwatch demo\n  stillwatch demo --out /tmp/demo --seed 7 --json")(demo)
app.command(epilog="Example: stillwatch report case/ --out report.html")(report)
app.command(epilog="\b\nExamples:\n  stillwatch schema\n  stillwatch schema campaigns > campaigns.schema.json")(schema)
app.command(epilog="Example: stillwatch world --preset tiny --seed 3 --out world/")(world)
app.command(epilog=BENCH_EXAMPLES)(bench)
custody.add_commands(dossier.app)
app.add_typer(dossier.app, name="dossier", epilog=dossier.EXAMPLES)
app.add_typer(console.app, name="console", epilog=console.EXAMPLES)
app.add_typer(actions.app, name="actions", epilog="Example: stillwatch actions show case/")
app.add_typer(audit.app, name="audit", epilog="Example: stillwatch audit verify demo/desk.sqlite")
app.add_typer(records.app, name="records", epilog="Example: stillwatch records explain gateway.jsonl.gz")
app.add_typer(state.app, name="state", epilog="Example: stillwatch state show state/")
app.add_typer(key.app, name="key", epilog="Example: stillwatch key new sketch.key")
app.add_typer(
    signer.app,
    name="signer",
    epilog="Example: stillwatch signer new anna.key --name 'Anna Analyst' --role analyst --trust trust.json",
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
