"""``stillwatch dossier``: one campaign frozen into a document, and where its numbers come from."""
# ruff: noqa: FBT002 - a command's parameters are its options, with their defaults

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from stillwatch.cli.rim import rim, say, say_json
from stillwatch.dossiers.freezing.given import Given
from stillwatch.pipeline.dossier import DossierRequest, write_dossier

DEFAULT = "freeze"

EXAMPLES = (
    "\b\nExamples:\n"
    "  stillwatch dossier case/ c-12ebe280889a --out dossier/\n"
    "  stillwatch dossier case/ c-12ebe280889a --prices prices.toml --releases releases.toml --out dossier/"
)


class FreezeByDefault(TyperGroup):
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


@app.callback()
def dossier() -> None:
    """Freeze one campaign of a case into a document that can be handed on.

    stillwatch dossier CASE/ CAMPAIGN --out DOSSIER/ is short for stillwatch dossier freeze.
    """


@app.command(epilog=EXAMPLES)
def freeze(  # noqa: PLR0913, PLR0917 - a command's options
    case: Annotated[Path, typer.Argument(metavar="CASE/", help="The folder that a scan left.")],
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The campaign's id.")],
    out: Annotated[Path, typer.Option("--out", metavar="DOSSIER/", help="The folder to write.")],
    prices: Annotated[Path | None, typer.Option(metavar="FILE", help="List prices, TOML.")] = None,
    releases: Annotated[Path | None, typer.Option(metavar="FILE", help="Model releases, TOML.")] = None,
    settings: Annotated[Path | None, typer.Option(metavar="FILE", help="Appeal path and wording, TOML.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a dossier that stands there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Freeze a campaign into one document and render it."""
    with rim(as_json=as_json):
        written = write_dossier(DossierRequest(case, campaign, out, Given(prices, releases, settings), replace=replace))
        if as_json:
            say_json({"dossier": str(out), "files": list(written)})
        else:
            for name in written:
                say(str(out / name))
