"""``stillwatch schema``: the published schemas."""

from typing import Annotated

import typer

from stillwatch.cli.rim import rim, say, say_json
from stillwatch.dossiers.schemas import NAMES
from stillwatch.dossiers.schemas import schema as load_schema
from stillwatch.errors import UsageError

app = typer.Typer(rich_markup_mode=None)


@app.command(epilog="\b\nExamples:\n  stillwatch schema\n  stillwatch schema campaigns > campaigns.schema.json")
def schema(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help=f"One of {', '.join(NAMES)}.")] = None,
) -> None:
    """Print a published JSON Schema; without a name, list them.

    They are of what stillwatch writes. The tables that a scan is given are described in docs/tables.md.
    """
    with rim(as_json=False):
        if name is None:
            for known in NAMES:
                say(f"{known:<13} {load_schema(known).get('title', '')}")
            return
        if name not in NAMES:
            raise UsageError("schema", "no such schema", got=repr(name), expected=", ".join(NAMES))
        say_json(load_schema(name))
