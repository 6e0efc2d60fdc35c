"""``stillwatch bench``: stillwatch and its rivals on worlds with known truth, in one table."""
# ruff: noqa: FBT002 - a command's parameters are its options, with their defaults

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from stillwatch.cli.grouped import grouped
from stillwatch.cli.progress import stoppable
from stillwatch.cli.rim import note, rim, say, say_json
from stillwatch.errors import OutputError
from stillwatch.pipeline.benchmark import run_benchmark
from stillwatch.pipeline.benchmark_plan import N_PROCESSES, BenchmarkRequest
from stillwatch.pipeline.benchmark_table import LEGEND, markdown, tables
from stillwatch.pipeline.scan import Progress as Report
from stillwatch.pipeline.scenarios import SCENARIOS
from stillwatch.records.terminal import printable
from stillwatch.worlds.rivals.catalogue import RIVALS

app = typer.Typer(rich_markup_mode=None)

FAILED_STATUS: Final = 1  # something that was asked for could not be measured
WIDTH: Final = 180  # of a table that goes to a file: fifteen columns
MOST_SHOWN: Final = 1000  # characters of a cell: every class of accounts
RESULTS: Final = "results.json"
NO_RIVAL: Final = "none"
HEADINGS: Final = {
    "What is measured": ("--size", "--scenarios", "--rivals", "--list"),
    "What comes out": ("--out", "--worlds", "--markdown", "--json"),
}
EXAMPLES: Final = (
    "\b\nExamples:\n"
    "  stillwatch bench --size smoke\n"
    "  stillwatch bench --size nightly --markdown results.md\n"
    "  stillwatch bench --scenarios hard-report-31 --rivals minhash --json\n"
    "  stillwatch bench --scenarios nulls --rivals none\n"
    "\nRivals whose packages are not installed are left out and said so: pip install 'stillwatch[bench]'.\n"
    "\n\b\nExit status:\n"
    "  0    everything that was asked for was measured\n"
    "  1    something could not be: a scan or a rival failed, or sketches gave\n"
    "       another case than texts\n"
)

Size = Annotated[
    str, typer.Option("--size", metavar="SIZE", help="smoke (a minute or two), nightly (half an hour) or full.")
]
Scenarios = Annotated[
    list[str] | None,
    typer.Option("--scenarios", metavar="ID", help="Scenario ids instead of all of the size; may be repeated."),
]
Rivals = Annotated[
    list[str] | None, typer.Option("--rivals", metavar="NAME", help="Rivals instead of all, or none; may be repeated.")
]
Out = Annotated[
    Path, typer.Option("--out", metavar="FOLDER", help="The folder for results.json and, in worlds/, the worlds made.")
]
Worlds = Annotated[Path | None, typer.Option("--worlds", metavar="FOLDER", help="Keep the worlds here instead.")]
Markdown = Annotated[
    Path | None, typer.Option("--markdown", metavar="FILE", help="Also write the tables to this Markdown file.")
]
Processes = Annotated[
    int, typer.Option("--processes", metavar="N", min=1, help="Jobs at a time, of one thread and some GiB each.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the results as JSON, and nothing else.")]
AsList = Annotated[bool, typer.Option("--list", help="Print the scenarios and rivals, and run nothing.")]


@app.command(cls=grouped(HEADINGS), epilog=EXAMPLES)
def bench(  # noqa: PLR0913, PLR0917 - one parameter an option
    size: Size = "smoke",
    scenarios: Scenarios = None,
    rivals: Rivals = None,
    out: Out = Path("bench-results"),
    worlds: Worlds = None,
    processes: Processes = N_PROCESSES,
    markdown_file: Markdown = None,
    as_json: AsJson = False,
    as_list: AsList = False,
) -> None:
    """Measure stillwatch and its rivals on worlds with known truth: quality, speed and memory in one table."""
    status = 0
    with rim(as_json=as_json):
        if as_list:
            _list()
            return
        chosen = None if rivals is None else tuple(name for name in _parts(rivals) if name != NO_RIVAL)
        request = BenchmarkRequest(size, worlds or out / "worlds", tuple(_parts(scenarios or [])), chosen, processes)
        with _shown(as_json=as_json) as progress:
            document = run_benchmark(request, progress)
        _write(out / RESULTS, json.dumps(document, indent=2) + "\n")
        if markdown_file is not None:
            _write(markdown_file, markdown(document))
        status = FAILED_STATUS if document["failures"] else 0
        if as_json:
            say_json({**document, "exit_status": status})
        else:
            _show(document)
            say(f"results   {out / RESULTS}")
    raise typer.Exit(status)


@contextmanager
def _shown(*, as_json: bool) -> Iterator[Report]:
    """Yield what to tell of jobs that are done: a bar on a terminal, one line a job elsewhere, nothing for programs."""
    console = Console(stderr=True)
    if not console.is_terminal:

        def line(name: str, done: int, total: int) -> None:
            if name and not as_json:
                note(f"{done}/{total} {name}")

        yield stoppable(line)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("making worlds", total=None)

        def advance(name: str, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)
            if name:
                bar.update(task, description=f"done: {name}")

        yield stoppable(advance)


def _parts(names: list[str]) -> list[str]:
    return [part for name in names for part in name.replace(",", " ").split()]


def _list() -> None:
    for title, entries in (
        ("scenario", [(one.id, f"{', '.join(sorted(one.sizes)):<22} {one.about}") for one in SCENARIOS.values()]),
        ("rival", [(one.name, one.source) for one in RIVALS.values()]),
    ):
        say(f"{title}s")
        for name, about in entries:
            say(f"  {name:<34} {about}")


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(str(path), "cannot be written", got=error.strerror, fix="Choose another file.") from None


def _show(document: dict[str, Any]) -> None:
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=WIDTH)
    for title, columns, rows in tables(document, only_own=True):
        shown = Table(title=title, title_justify="left")
        for column in columns:
            shown.add_column(column, no_wrap=column in ("scenario", "system"))
        for cells in rows:
            shown.add_row(*(printable(cell, MOST_SHOWN) for cell in cells))
        console.print(shown)
    console.print(LEGEND)
    absent = sorted(
        {f"{row['system']}: {row['problem']}" for row in document["rows"] if row["status"] not in ("done", "failed")}
    )
    for line in absent:
        note(line)
    for line in document["failures"]:
        note(line)
