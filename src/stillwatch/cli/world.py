"""``stillwatch world``: a benchmark world with known truth."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from stillwatch.cli.page import page
from stillwatch.cli.rim import refusals
from stillwatch.errors import UsageError
from stillwatch.worlds.generator import FORMATS, build_world, write_world
from stillwatch.worlds.presets import Preset, load_preset
from stillwatch.worlds.stream import stream_world
from stillwatch.worlds.texts import Split

app = typer.Typer(rich_markup_mode=None)

SPLITS = ("tune", "report")
N_COLUMNS_SHOWN = 12  # the most telling columns; world.json has all


@app.command(epilog="Example: stillwatch world --preset tiny --seed 3 --out world/")
def world(
    out: Annotated[Path, typer.Option("--out", help="The folder to write to.")],
    preset: Annotated[str, typer.Option("--preset", help="A preset's name, or a TOML file of your own.")] = "demo",
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same bytes.")] = 1,
    split: Annotated[str, typer.Option("--split", help="The side of the texts: tune or report.")] = "tune",
    file_format: Annotated[str, typer.Option("--format", help="parquet or jsonl.")] = "parquet",
    as_json: Annotated[bool, typer.Option("--json", help="Print world.json instead of tables.")] = False,  # noqa: FBT002
) -> None:
    """Make a benchmark world: traffic of honest people, look-alikes and campaigns, and the truth beside it."""
    with refusals(as_json=as_json):
        recipe = load_preset(preset)
        for name, value, known in (("--split", split, SPLITS), ("--format", file_format, FORMATS)):
            if value not in known:
                raise UsageError(name, "no such choice", got=repr(value), expected=" or ".join(known))
        summary = _make(recipe, seed, out, cast("Split", split), file_format)
    if as_json:
        sys.stdout.write(json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
    else:
        _show(summary, out)


def _make(recipe: Preset, seed: int, out: Path, split: Split, file_format: str) -> dict[str, Any]:
    console = Console(stderr=True)
    if not console.is_terminal:

        def say(done: int, total: int, kind: str) -> None:
            if kind:
                console.print(f"{done + 1}/{total} {kind}", highlight=False)

        return _write(recipe, seed, out, split, file_format, say)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("making the world")

        def advance(done: int, total: int, kind: str) -> None:
            bar.update(task, completed=done, total=total, description=kind or "writing")

        return _write(recipe, seed, out, split, file_format, advance)


def _write(recipe: Preset, seed: int, out: Path, split: Split, file_format: str, progress: Any) -> dict[str, Any]:
    if recipe.is_streamed:
        return stream_world(
            recipe, seed, out, split, file_format, progress=progress, n_processes=len(os.sched_getaffinity(0))
        )
    made = build_world(recipe, seed, split, progress)
    write_world(made, out, file_format)
    return made.summary


def _show(summary: dict[str, Any], out: Path) -> None:
    console = page()
    title = f"{summary['preset']}, seed {summary['seed']}, {summary['split']}: {out}"
    console.print(title, highlight=False, markup=False)
    counts = Table("class", "accounts", "exchanges", "groups")
    for label in sorted(summary["accounts"].keys() | summary["exchanges"].keys()):
        row = [summary[part].get(label, 0) for part in ("accounts", "exchanges", "groups")]
        counts.add_row(label, *(f"{n:,}" for n in row))
    totals = [sum(summary[part].values()) for part in ("accounts", "exchanges", "groups")]
    counts.add_section()
    counts.add_row("all", *(f"{n:,}" for n in totals))
    console.print(counts)
    known = [(value, name) for name, value in summary["column_auc"].items() if value is not None]
    if not known:
        console.print("No campaigns, so no column can give them away.")
        return
    audit = Table(
        "column", "AUC", title="What single columns say of the campaigns (0.5: nothing)", title_justify="left"
    )
    for value, name in sorted(known, key=lambda pair: (-pair[0], pair[1]))[:N_COLUMNS_SHOWN]:
        audit.add_row(name, f"{value:.3f}")
    console.print(audit)
