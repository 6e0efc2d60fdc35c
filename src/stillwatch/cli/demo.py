"""``stillwatch demo``: a world with known truth, scanned, and the case beside the truth."""
# ruff: noqa: FBT002 - a command's parameters are its options, with their defaults

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from stillwatch.cli.comparison import Comparison, compare
from stillwatch.cli.progress import shown_progress
from stillwatch.cli.rim import rim, say, say_json, terminal_width
from stillwatch.cli.scanning import summary
from stillwatch.dossiers.case import Case
from stillwatch.dossiers.render.text import render_summary
from stillwatch.errors import OutputError
from stillwatch.pipeline.scan import Progress, ScanRequest, scan
from stillwatch.sketches.key import SketchKey
from stillwatch.worlds.generator import build_world, write_world
from stillwatch.worlds.presets import load_preset

app = typer.Typer(rich_markup_mode=None)

MARK: Final = "demo.json"  # what tells a demo of ours from somebody's folder
PARTS: Final = (MARK, "case", "world")
SCHEMA_NAME: Final = "stillwatch.demo/1"
PRESET: Final = "demo"
SPLIT: Final = "tune"  # the report side of the texts is kept for measurements, so that no demo is tuned on it


@app.command(epilog="\b\nExamples:\n  stillwatch demo\n  stillwatch demo --out /tmp/demo --seed 7 --json")
def demo(
    out: Annotated[Path, typer.Option("--out", help="The folder; an earlier demo there is replaced.")] = Path("demo"),
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed makes the same world.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON, and nothing else.")] = False,
) -> None:
    """Make a small world of honest people, look-alikes and campaigns, scan it, and compare the case with the truth."""
    with rim(as_json=as_json):
        with shown_progress(as_json=as_json) as progress, demo_folder(out):
            case, compared = _run(out, seed, progress)
        if as_json:
            about = {"world": str(out / "world"), "seed": seed, "truth": compared.as_document(), "exit_status": 0}
            say_json({**summary(case, out / "case"), **about})
        else:
            say(render_summary(case, terminal_width()))
            say("\n".join([*compared.lines(), "", f"world     {out / 'world'}", f"case      {out / 'case'}"]))
            say(f"report    {out / 'case' / 'report.html'}")


def _run(out: Path, seed: int, progress: Progress) -> tuple[Case, Comparison]:
    world = out / "world"
    made = build_world(
        load_preset(PRESET), seed, SPLIT, lambda done, total, kind: progress("world", done, total if kind else done)
    )
    truth = made.truth_accounts
    write_world(made, world)
    del made  # the scan reads files, as it does anywhere
    request = ScanRequest(
        traffic=[str(world / "exchanges.parquet")],
        out=out / "case",
        accounts=[str(world / "accounts.parquet")],
        authorisations=[str(world / "authorisations.parquet")],
        key=SketchKey.public_demo_key(),
    )
    case = scan(request, progress)
    compared = compare(case, truth)
    _mark(out, {"seed": seed, "split": SPLIT, "truth": compared.as_document()})
    return case, compared


@contextmanager
def demo_folder(out: Path) -> Iterator[None]:
    """Make room for a demo, and leave nothing of one that does not end well.

    Raises:
        OutputError: something else stands there, or it cannot be written.
    """
    existed = out.exists()
    if existed and not out.is_dir():
        raise OutputError(str(out), "a file stands there", fix="Choose another --out.")
    present = {path.name for path in out.iterdir()} if existed else set()
    if present and (MARK not in present or not present <= set(PARTS)):
        raise OutputError(str(out), "something that is no demo stands there", fix="Choose another --out.")
    try:
        _clear(out)
        out.mkdir(parents=True, exist_ok=True)
        _mark(out, {})
        yield
    except OSError as error:
        _clear(out, with_folder=not existed)
        raise OutputError(str(out), "cannot be written", got=error.strerror) from None
    except BaseException:
        _clear(out, with_folder=not existed)
        raise


def _mark(out: Path, found: dict[str, Any]) -> None:
    text = json.dumps({"schema": SCHEMA_NAME, "preset": PRESET, **found}, indent=2)
    (out / MARK).write_text(text + "\n", encoding="utf-8")


def _clear(out: Path, *, with_folder: bool = False) -> None:
    for name in PARTS:
        path = out / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    if with_folder and out.is_dir() and not any(out.iterdir()):
        out.rmdir()
