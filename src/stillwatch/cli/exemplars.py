"""``stillwatch dossier exemplars``: a few exchanges that show a campaign, released by two people."""
# ruff: noqa: FBT002, PLR0917 - a command's parameters are its options, with their defaults

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from stillwatch.cli.grouped import ListedGroup, grouped
from stillwatch.cli.rim import rim, say, say_json
from stillwatch.cli.signer import AsJson, PassphraseFile, TrustFile, passphrase_in
from stillwatch.custody.files import OWNER_ONLY, read_small, write_new, write_whole
from stillwatch.custody.instant import instant_text, now
from stillwatch.custody.release import Sealed, Step, checked_log
from stillwatch.custody.release import approve as approve_release
from stillwatch.custody.release import release as release_content
from stillwatch.custody.release import request as request_release
from stillwatch.custody.signing_key import SigningKey
from stillwatch.custody.strict_json import load_plain, written
from stillwatch.custody.trust import Trust
from stillwatch.errors import OutputError
from stillwatch.pipeline.exemplars.document import ExemplarRequest, find_exemplars
from stillwatch.pipeline.exemplars.rendering import render_html, render_markdown
from stillwatch.records.traffic import ReadOptions
from stillwatch.sketches.key import SketchKey

HEADINGS: Final = {
    "What is asked for": ("--traffic", "--key-file", "--most", "--out"),
    "Who asks, and why": ("--key", "--passphrase-file", "--trust", "--why"),
    "How the traffic is read": ("--format", "--map", "--account", "--time-zone"),
}
REQUEST_EXAMPLE: Final = (
    "Example: stillwatch dossier exemplars request case/ c-12ebe280889a --traffic traffic.parquet "
    "--key-file sketch.key --key anna.key --trust trust.json --why 'for counsel' --out exemplars.sealed"
)
EXAMPLES: Final = (
    "\b\nThree people, three steps:\n"
    "  stillwatch dossier exemplars request case/ c-12ebe280889a \\\n"
    "      --traffic traffic.parquet --key-file sketch.key --key anna.key \\\n"
    "      --trust trust.json --why 'for counsel' --out exemplars.sealed\n"
    "  stillwatch dossier exemplars approve exemplars.sealed --key ben.key \\\n"
    "      --trust trust.json --why 'agreed'\n"
    "  stillwatch dossier exemplars release exemplars.sealed --key cleo.key \\\n"
    "      --trust trust.json --why 'to counsel' --out exemplars/"
)

app = typer.Typer(
    name="exemplars",
    cls=ListedGroup,
    help="Show a few exchanges of a campaign, redacted, once two people agreed. The case itself holds no text.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

SealedFile = Annotated[Path, typer.Argument(metavar="SEALED", help="The sealed file of a request.")]
Key = Annotated[Path, typer.Option("--key", metavar="FILE", help="Your private signing key.")]
Why = Annotated[str, typer.Option("--why", metavar="REASON", help="The reason, for the log.")]


@app.command(cls=grouped(HEADINGS), epilog=REQUEST_EXAMPLE)
def request(  # noqa: PLR0913 - one parameter an option
    case: Annotated[Path, typer.Argument(metavar="CASE/", help="The folder that a scan left.")],
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The campaign's id.")],
    traffic: Annotated[
        list[str],
        typer.Option(
            "--traffic", metavar="TRAFFIC", help="The traffic that was scanned: file, folder or glob; repeatable."
        ),
    ],
    key_file: Annotated[Path, typer.Option("--key-file", metavar="FILE", help="The sketch key of that scan.")],
    key: Key,
    trust: TrustFile,
    why: Why,
    out: Annotated[Path, typer.Option("--out", metavar="SEALED", help="The sealed file to write.")],
    most: Annotated[int, typer.Option("--most", metavar="N", help="How many exchanges at most.")] = 4,
    format_name: Annotated[str | None, typer.Option("--format", metavar="NAME", help="Read all traffic so.")] = None,
    field_map: Annotated[Path | None, typer.Option("--map", metavar="FILE", help="A TOML field map.")] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="PATH", help="Where a map's format keeps the account.")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option("--time-zone", metavar="ZONE", help="Zone of times without an offset.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Choose exemplars from traffic at hand, redact them and seal them, so that nobody can read them alone."""
    with rim(as_json=as_json):
        signer = SigningKey.load(key, passphrase_in(passphrase_file))
        known = Trust.load(trust)
        if out.exists():
            raise OutputError(str(out), "a file stands there", fix="Choose another --out.")
        read = ReadOptions(format=format_name, field_map=field_map, account=account, time_zone=time_zone)
        asked = ExemplarRequest(case, campaign, traffic, SketchKey.load(key_file), most, read)
        found = find_exemplars(asked)
        sealed = request_release(written(found.document), found.summary, why, signer, known, now())
        write_new(out, sealed.to_bytes(), OWNER_ONLY, "Choose another --out.")
        _say_log(checked_log(sealed, known), {"sealed": str(out)}, as_json=as_json)


@app.command(
    epilog="Example: stillwatch dossier exemplars approve exemplars.sealed --key ben.key --trust trust.json --why ok"
)
def approve(
    sealed_file: SealedFile,
    key: Key,
    trust: TrustFile,
    why: Why,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Agree to a release, as another person than who asked; this alone opens nothing."""
    with rim(as_json=as_json):
        known = Trust.load(trust)
        signer = SigningKey.load(key, passphrase_in(passphrase_file))
        sealed = approve_release(_load(sealed_file), why, signer, known, now())
        write_whole(sealed_file, sealed.to_bytes(), OWNER_ONLY)
        _say_log(checked_log(sealed, known), {"sealed": str(sealed_file)}, as_json=as_json)


@app.command(
    epilog="Example: stillwatch dossier exemplars release exemplars.sealed --key cleo.key --trust trust.json "
    "--why 'to counsel' --out exemplars/"
)
def release(  # noqa: PLR0913 - one parameter an option
    sealed_file: SealedFile,
    key: Key,
    trust: TrustFile,
    why: Why,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER/", help="A new folder for the exemplars.")],
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Open what another person approved, and write exemplars.json, .html, .md and the log; sign the folder next."""
    with rim(as_json=as_json):
        known = Trust.load(trust)
        signer = SigningKey.load(key, passphrase_in(passphrase_file))
        content, sealed = release_content(_load(sealed_file), why, signer, known, now())
        steps = checked_log(sealed, known)
        document = load_plain(content, "exemplars")
        try:
            out.mkdir(mode=0o700)
        except FileExistsError:
            raise OutputError(str(out), "stands there", fix="Choose another --out.") from None
        except OSError as error:
            raise OutputError(str(out), "cannot be made", got=error.strerror) from None
        write_whole(sealed_file, sealed.to_bytes(), OWNER_ONLY)  # the log first: no text without its entry
        for name, text in (
            ("exemplars.json", content),
            ("exemplars.html", render_html(document).encode("utf-8")),
            ("exemplars.md", render_markdown(document).encode("utf-8")),
            ("log.json", written([_entry(step) for step in steps])),
        ):
            write_new(out / name, text, OWNER_ONLY, "Choose another --out.")
        said = {"sealed": str(sealed_file), "folder": str(out), "files": sorted(path.name for path in out.iterdir())}
        _say_log(steps, said, as_json=as_json)


@app.command(epilog="Example: stillwatch dossier exemplars show exemplars.sealed --trust trust.json")
def show(sealed_file: SealedFile, trust: TrustFile, as_json: AsJson = False) -> None:
    """Print who asked for what and why, who approved and who released, every signature checked; opens nothing."""
    with rim(as_json=as_json):
        _say_log(checked_log(_load(sealed_file), Trust.load(trust)), {"sealed": str(sealed_file)}, as_json=as_json)


def _load(path: Path) -> Sealed:
    return Sealed.from_bytes(read_small(path, "sealed file"), str(path))


def _entry(step: Step) -> dict[str, Any]:
    shown = {name: value for name, value in step.facts.items() if name != "halves"}
    by = {"key_id": step.by.key_id, "name": step.by.name}
    return {"step": step.step, "by": by, "at": instant_text(step.at), "why": step.why, **shown}


def _say_log(steps: list[Step], said: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        say_json({**said, "log": [_entry(step) for step in steps]})
        return
    for step in steps:
        say(f"{instant_text(step.at)}  {step.step:<8} {step.by.name}: {step.why}")
    summary = steps[0].facts.get("summary", {})
    for name in ("campaign_id", "n_exemplars", "families", "n_characters_shown", "left_out"):
        if name in summary:
            say(f"{name:<20} {summary[name]}")
    for name, value in said.items():
        say(f"{name:<20} {value}")
