"""``stillwatch report``: a case rendered again."""
# ruff: noqa: FBT002 - a command's parameters are its options, with their defaults

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.rim import rim, say, say_json
from stillwatch.dossiers.document import DOCUMENT, from_json
from stillwatch.dossiers.render.html import render_html
from stillwatch.errors import InputError, OutputError

app = typer.Typer(rich_markup_mode=None)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command(epilog="Example: stillwatch report case/ --out report.html")
def report(
    case: Annotated[Path, typer.Argument(metavar="CASE/", help="A case's folder, or its campaigns.json.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The page to write.")],
    replace: Annotated[bool, typer.Option("--replace", help="Replace a file that stands there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Render the HTML report of a case again, from its campaigns.json alone."""
    with rim(as_json=as_json):
        document = case / DOCUMENT if case.is_dir() else case
        try:
            content = document.read_bytes()
        except OSError as error:
            raise InputError(str(document), "cannot be read", got=error.strerror) from None
        page = render_html(from_json(content))
        if out.exists() and not replace:
            raise OutputError(str(out), "a file stands there", fix="Choose another --out, or add --replace.")
        _write_whole(out, page)
        if as_json:
            say_json({"report": str(out)})
        else:
            say(str(out))


def _write_whole(out: Path, page: str) -> None:
    """Write a file that has its name only once it is whole."""
    try:
        descriptor, draft = tempfile.mkstemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as sink:
                sink.write(page)
            Path(draft).chmod(0o644)  # as a plain file would be
            Path(draft).replace(out)
        finally:
            Path(draft).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(str(out), "cannot be written", got=error.strerror) from None
