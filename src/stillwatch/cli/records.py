"""``stillwatch records``: what a log is, and a log as the canonical table."""
# ruff: noqa: FBT002 - a command's parameters are its options, with their defaults

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stillwatch.cli.grouped import ListedGroup
from stillwatch.cli.page import page, print_table
from stillwatch.cli.rim import ACCOUNT_HELP, refusals
from stillwatch.errors import UsageError
from stillwatch.records.catalogue import READERS
from stillwatch.records.conversion import convert as convert_files
from stillwatch.records.draft import draft_map
from stillwatch.records.explanation import Explanation
from stillwatch.records.explanation import explain as explain_files
from stillwatch.records.schema import EXCHANGES, REQUIRED
from stillwatch.records.shipped_maps import SHIPPED_MAPS, map_text
from stillwatch.records.tally import Tally
from stillwatch.records.terminal import printable
from stillwatch.records.traffic import ReadOptions

app = typer.Typer(
    name="records",
    cls=ListedGroup,
    help="Read gateway logs: what a file is, what it can show, and the same as one canonical table.",
    epilog="Example: stillwatch records explain gateway.jsonl.gz",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Files, folders or quoted globs.")]
Format = Annotated[str | None, typer.Option("--format", help="Read every file as this format; see 'formats'.")]
Map = Annotated[Path | None, typer.Option("--map", help="A TOML field map for a log that no format fits.")]
Account = Annotated[
    str | None,
    typer.Option("--account", metavar="PATH", help=ACCOUNT_HELP),
]
Zone = Annotated[str | None, typer.Option("--time-zone", help="IANA zone of times without an offset.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command(
    epilog="Examples: stillwatch records explain gateway.jsonl.gz; "
    "stillwatch records explain logs/ --map ours.toml --json"
)
def explain(
    files: Files,
    format_name: Format = None,
    field_map: Map = None,
    account: Account = None,
    time_zone: Zone = None,
    as_json: AsJson = False,
) -> None:
    """Say what each file was taken for and why, how full each column is, and what the file cannot show."""
    with refusals(as_json=as_json):
        explanations = explain_files(files, _options(format_name, field_map, account, time_zone))
        if as_json:
            _print_json([one.as_document() for one in explanations])
            return
        for one in explanations:
            _print_explanation(one)


@app.command(
    epilog="Examples: stillwatch records convert logs/ --out exchanges.parquet; "
    "stillwatch records convert 'logs/*.csv' --map ours.toml --time-zone Europe/Berlin --out exchanges.parquet"
)
def convert(  # noqa: PLR0913, PLR0917 - one parameter an option
    files: Files,
    out: Annotated[Path, typer.Option("--out", help="The Parquet file to write; it holds prompts, so guard it.")],
    format_name: Format = None,
    field_map: Map = None,
    account: Account = None,
    time_zone: Zone = None,
    as_json: AsJson = False,
) -> None:
    """Write any readable log as one canonical exchanges table in Parquet."""
    with refusals(as_json=as_json):
        tally = convert_files(files, out, _options(format_name, field_map, account, time_zone))
        if as_json:
            _print_json(tally.as_document())
        else:
            _print_tally(tally)


@app.command(epilog="Example: stillwatch records formats --json")
def formats(as_json: AsJson = False) -> None:
    """List the formats that are read, and the columns each can fill."""
    listed = [
        {"name": one.name, "title": one.title, "provides": [name for name in EXCHANGES.names if name in one.provides]}
        for one in READERS.values()
    ]
    if as_json:
        _print_json(listed)
        return
    table = _table("format", "title", "columns", "cannot fill")
    for one in READERS.values():
        absent = ", ".join(name for name in EXCHANGES.names if name not in one.provides)
        table.add_row(one.name, one.title, f"{len(one.provides)} of {len(EXCHANGES.names)}", absent or "-")
    print_table(table)


@app.command(epilog="Example: stillwatch records draft other.jsonl > ours.toml")
def draft(file: Annotated[str, typer.Argument(metavar="FILE", help="A log that no format fits.")]) -> None:
    """Write a first field map for a log that no format fits, from the names and values of its fields, to be mended."""
    with refusals(as_json=False):
        sys.stdout.write(draft_map(file))


@app.command(name="map", epilog="Example: stillwatch records map helicone > ours.toml")
def show_map(name: Annotated[str, typer.Argument(metavar="FORMAT", help="A format that a shipped map reads.")]) -> None:
    """Print a shipped field map, to be copied and changed."""
    with refusals(as_json=False):
        if name not in SHIPPED_MAPS:
            raise UsageError("FORMAT", "no shipped map reads it", got=repr(name[:64]), expected=", ".join(SHIPPED_MAPS))
        sys.stdout.write(map_text(name))


def _options(
    format_name: str | None, field_map: Path | None, account: str | None, time_zone: str | None
) -> ReadOptions:
    return ReadOptions(format=format_name, field_map=field_map, account=account, time_zone=time_zone)


def _print_json(document: Any) -> None:
    sys.stdout.write(json.dumps(document, indent=2) + "\n")  # ASCII: nothing in it can turn a line


def _print_explanation(one: Explanation) -> None:
    console = page()
    console.print(f"[bold]{_shown(one.source)}[/bold]: {_shown(one.title)} ({_shown(one.format)})")
    console.print(f"  {_shown(one.container)}, compression {one.compression}; {_shown(one.why)}")
    console.print(f"  {one.tally.read} records looked at, {one.tally.used} usable")
    _print_counts(console, "not usable", one.tally.quarantined)
    for reason, detail in one.details.items():
        console.print(f"    {_shown(reason)}: {_shown(detail)}")
    _print_counts(console, "out of scope", one.tally.out_of_scope)
    _print_counts(console, "set to null or ignored", one.warnings)
    if one.tally.format in ("unknown", "empty"):
        return
    table = _table("column", "filled", "from")
    for column in one.columns:
        mark = " *" if column.name in REQUIRED["exchanges"] else ""
        table.add_row(column.name + mark, f"{column.filled_share:.0%}", _shown(column.origin or "not in this format"))
    print_table(table)
    absent = _table("without", "there is no")
    for column in one.columns:
        if column.is_missing and column.without_it:
            absent.add_row(column.name, _shown(column.without_it))
    if absent.row_count:
        console.print()
        print_table(absent)


def _print_tally(tally: Tally) -> None:
    console = page()
    console.print(
        f"{tally.read} read = {tally.used} used + {tally.quarantined} quarantined + {tally.out_of_scope} out of scope"
    )
    _print_counts(console, "quarantined", tally.by_reason)
    _print_counts(console, "out of scope", tally.by_scope)
    _print_counts(console, "set to null or ignored", tally.warnings)


def _print_counts(console: Console, title: str, counts: Mapping[str, int]) -> None:
    if counts:
        console.print(f"  {title}: " + ", ".join(f"{_shown(name)} {count}" for name, count in counts.items()))


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def _shown(text: str) -> str:
    return escape(printable(text))
