"""``stillwatch dossier``: one campaign frozen into a document, and where its numbers come from."""
# ruff: noqa: FBT002 - a command's parameters are its options, with their defaults

from pathlib import Path
from typing import Annotated, Any

import typer

from stillwatch.cli import custody
from stillwatch.cli.grouped import ListedGroup, grouped
from stillwatch.cli.rim import rim, say, say_json
from stillwatch.dossiers.dossier import DOCUMENT, Dossier
from stillwatch.dossiers.dossier_document import dossier_from_json
from stillwatch.dossiers.freezing.given import Given
from stillwatch.dossiers.number import Number
from stillwatch.dossiers.render.dossier.inert_value import inert_value
from stillwatch.dossiers.render.dossier.words import interval_words, words_of
from stillwatch.dossiers.tracing import Trace, find, trace
from stillwatch.errors import InputError
from stillwatch.pipeline.dossier import FORMATS, DossierRequest, render_again, write_dossier

DEFAULT = "freeze"
SHOWN_ROWS = 5  # of a trace, unless asked for more

EXAMPLES = (
    "\b\nExamples:\n"
    "  stillwatch dossier case/ c-12ebe280889a --out dossier/\n"
    "  stillwatch dossier case/ c-12ebe280889a --prices prices.toml \\\n"
    "      --releases releases.toml --out dossier/\n"
    "  stillwatch dossier trace taken.exchanges dossier/ --case case/"
)
TRACE_EXAMPLES = (
    "\b\nExamples:\n"
    "  stillwatch dossier trace 12 dossier/\n"
    "  stillwatch dossier trace observation.no_ramp dossier/ --case case/ --rows 20"
)


HEADINGS = {
    "What comes out": ("--out", "--formats", "--fonts", "--replace", "--json"),
    "What is known beside the case": ("--prices", "--releases", "--settings"),
}


class FreezeByDefault(ListedGroup):
    """``stillwatch dossier CASE/ CAMPAIGN`` freezes; the other commands have names."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default command's name before arguments that start with none."""
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="dossier",
    cls=FreezeByDefault,
    help="Freeze one campaign of a case into a document that can be handed on.",
    epilog=EXAMPLES,
    no_args_is_help=True,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Prices = Annotated[Path | None, typer.Option(metavar="FILE", help="List prices, TOML.")]
Releases = Annotated[Path | None, typer.Option(metavar="FILE", help="Model releases, TOML.")]
Settings = Annotated[Path | None, typer.Option(metavar="FILE", help="Appeal path and names, TOML.")]
Document = Annotated[Path, typer.Argument(metavar="DOSSIER/", help="A dossier's folder, or its dossier.json.")]
Fonts = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Fonts for the PDF, for further scripts.")]
Replace = Annotated[bool, typer.Option("--replace", help="Replace what stands there.")]


@app.callback()
def dossier() -> None:
    """Freeze one campaign of a case into a document that can be handed on.

    stillwatch dossier CASE/ CAMPAIGN --out DOSSIER/ is short for stillwatch dossier freeze.
    """


@app.command(cls=grouped(HEADINGS), epilog=EXAMPLES)
def freeze(  # noqa: PLR0913, PLR0917 - a command's options
    case: Annotated[Path, typer.Argument(metavar="CASE/", help="The folder that a scan left.")],
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The campaign's id.")],
    out: Annotated[Path, typer.Option("--out", metavar="DOSSIER/", help="The folder to write.")],
    prices: Prices = None,
    releases: Releases = None,
    settings: Settings = None,
    formats: Annotated[
        str | None, typer.Option(metavar="NAMES", help=f"Of {', '.join(FORMATS)}; pdf needs stillwatch[pdf].")
    ] = None,
    fonts: Fonts = None,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Freeze a campaign into one document and render it."""
    with rim(as_json=as_json):
        names = None if formats is None else tuple(name.strip() for name in formats.split(","))
        request = DossierRequest(
            case, campaign, out, Given(prices, releases, settings), names, replace=replace, fonts=fonts
        )
        written = write_dossier(request)
        if as_json:
            say_json({"dossier": str(out), "files": list(written)})
        else:
            for name in written:
                say(str(out / name))


@app.command(epilog="Example: stillwatch dossier render dossier/ --formats html,pdf --out rendered/")
def render(
    document: Document,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The folder to write.")],
    formats: Annotated[str, typer.Option(metavar="NAMES", help=f"Of {', '.join(FORMATS)}.")] = "html,markdown",
    fonts: Fonts = None,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Render a dossier of this or an older version again, from its document alone."""
    with rim(as_json=as_json):
        names = tuple(name.strip() for name in formats.split(","))
        written = render_again(_bytes(document), out, names, replace=replace, fonts=fonts)
        if as_json:
            say_json({"folder": str(out), "files": list(written)})
        else:
            for name in written:
                say(str(out / name))


@app.command("trace", epilog=TRACE_EXAMPLES)
def trace_command(  # noqa: PLR0913, PLR0917 - a command's options
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="A print number, or a reference as taken.exchanges.")],
    document: Document,
    case: Annotated[Path | None, typer.Option(metavar="CASE/", help="Show its rows, and compute it again.")] = None,
    prices: Prices = None,
    releases: Releases = None,
    settings: Settings = None,
    rows: Annotated[int, typer.Option(min=0, max=1_000_000, help="Rows to show.")] = SHOWN_ROWS,
    as_json: AsJson = False,
) -> None:
    """Say where a number comes from: method, uncertainty and rows; with a case, show the rows and compute it again."""
    with rim(as_json=as_json):
        read = _dossier(document)
        if case is None:
            place, found = find(read, number)
            if as_json:
                say_json(_as_document(place, found))
            else:
                _say_number(place, found)
            return
        traced = trace(read, number, case, Given(prices, releases, settings), rows)
        if as_json:
            say_json({**_as_document(traced.place, traced.number), **_trace_document(traced)})
        else:
            _say_number(traced.place, traced.number)
            _say_trace(traced)
        if not traced.agrees:
            got = "nothing" if traced.again is None else words_of(traced.again)
            raise InputError(
                str(case), "the case gives another number", got=got, expected=words_of(traced.number),
                fix="Name the case and the files that the dossier was frozen from.",
            )  # fmt: skip


custody.add_commands(app)


def _bytes(path: Path) -> bytes:
    file = path / DOCUMENT if path.is_dir() else path
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(str(file), "cannot be read", got=error.strerror) from None


def _dossier(path: Path) -> Dossier:
    return dossier_from_json(_bytes(path))


def _say_number(place: int, number: Number) -> None:
    say(f"[{place}] {number.ref}")
    for label, text in (
        ("what", number.title),
        ("value", words_of(number)),
        ("interval", f"{interval_words(number)}: {number.interval.method}" if number.interval else "none"),
        ("method", number.method),
        ("note", number.note),
        ("rows", f"{number.rows.n_rows:,} of {number.rows.file} where {number.rows.selection or 'all'}"),
        ("columns", ", ".join(number.rows.columns)),
        ("behind", ", ".join(number.needs)),
    ):
        if text:
            say(f"  {label:<9} {inert_value(text)}")


def _say_trace(traced: Trace) -> None:
    again = "not given by this case" if traced.again is None else words_of(traced.again)
    say(f"  again     {again}: {'agrees' if traced.agrees else 'differs'}")
    if traced.is_same_file is not None:
        say(f"  file      {'the very file' if traced.is_same_file else 'another file than'} the dossier names")
    for row in traced.rows:
        say("  | " + inert_value("  ".join(f"{name}={value}" for name, value in row.items())))
    if traced.n_rows > len(traced.rows):
        say(f"  | and {traced.n_rows - len(traced.rows):,} more rows (--rows)")


def _as_document(place: int, number: Number) -> dict[str, Any]:
    interval, rows = number.interval, number.rows
    return {
        "number": place, "ref": number.ref, "title": number.title, "value": number.value,
        "moment": number.moment.isoformat() if number.moment else None, "unit": number.unit,
        "interval": None if interval is None else {"low": interval.low, "high": interval.high, "level": interval.level,
                                                   "method": interval.method},
        "method": number.method, "note": number.note, "needs": list(number.needs),
        "rows": {"file": rows.file, "selection": rows.selection, "columns": list(rows.columns), "n_rows": rows.n_rows},
    }  # fmt: skip


def _trace_document(traced: Trace) -> dict[str, Any]:
    shown = [{name: value if isinstance(value, (int, float, str, list, type(None))) else str(value)
              for name, value in row.items()} for row in traced.rows]  # fmt: skip
    again = None if traced.again is None else traced.again.value
    return {"again": again, "agrees": traced.agrees, "is_same_file": traced.is_same_file, "n_rows": traced.n_rows,
            "shown_rows": shown}  # fmt: skip
