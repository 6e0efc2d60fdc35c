"""``stillwatch key``: the secret that sketches are made with."""
# ruff: noqa: FBT002 - a command's parameters are its options, with their defaults

import os
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.grouped import ListedGroup
from stillwatch.cli.rim import rim, say, say_json
from stillwatch.errors import OutputError
from stillwatch.sketches.key import SketchKey

app = typer.Typer(
    name="key",
    cls=ListedGroup,
    help="Make and name sketch keys. Scans with one key can be compared; who has it can test guesses of prompts.",
    epilog="Example: stillwatch key new sketch.key",
    no_args_is_help=True,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command(epilog="Example: stillwatch key new sketch.key")
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it; must not exist.")],
    as_json: AsJson = False,
) -> None:
    """Write a new random key that only you can read, and print its id."""
    with rim(as_json=as_json):
        key = SketchKey.generate()
        _write_new(file, key.hexadecimal() + "\n")
        _print_id(key, file, as_json=as_json)


@app.command("id", epilog="Example: stillwatch key id sketch.key")
def key_id(file: Annotated[Path, typer.Argument(metavar="FILE", help="A key file.")], as_json: AsJson = False) -> None:
    """Print a key's id, which names it in a case and gives nothing of it away."""
    with rim(as_json=as_json):
        _print_id(SketchKey.load(file), file, as_json=as_json)


def _print_id(key: SketchKey, file: Path, *, as_json: bool) -> None:
    if as_json:
        say_json({"key_id": key.key_id, "file": str(file)})
    else:
        say(key.key_id)


def _write_new(file: Path, text: str) -> None:
    """Write a file that did not exist, readable by its owner alone from its first byte on."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as sink:
                os.fchmod(descriptor, 0o600)  # whatever the umask
                sink.write(text)
        except OSError:
            file.unlink()
            raise
    except FileExistsError:
        raise OutputError(
            str(file),
            "a file stands there",
            fix="Choose another name: a lost key makes earlier cases incomparable.",
        ) from None
    except OSError as error:
        raise OutputError(str(file), "cannot write the key", got=error.strerror) from None
