"""``stillwatch audit``: the log of what was done at a desk."""
# ruff: noqa: FBT002 - a command's parameters are its options, with their defaults

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.desk import existing_desk
from stillwatch.cli.grouped import ListedGroup
from stillwatch.cli.rim import rim, say, say_json
from stillwatch.errors import UsageError
from stillwatch.store.desk.audit import Head, entries
from stillwatch.store.desk.audit import head as head_of
from stillwatch.store.desk.audit import verify as verify_log

app = typer.Typer(
    name="audit",
    cls=ListedGroup,
    help="Check and show the log of a desk: each entry is sealed by a hash over itself and the entry before it.",
    epilog="Example: stillwatch audit verify demo/desk.sqlite",
    no_args_is_help=True,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Desk = Annotated[Path, typer.Argument(metavar="DESK", help="The desk, or the case or state folder that it belongs to.")]


@app.command(
    epilog="\b\nExamples:\n  stillwatch audit verify demo/desk.sqlite\n"
    "  stillwatch audit verify demo/desk.sqlite --head 118:9f2c...e1\n\n\b\nExit status:\n  0    every entry holds\n"
    "  7    an entry is not what was written; it is named"
)
def verify(
    desk: Desk,
    head: Annotated[
        str | None, typer.Option("--head", metavar="NUMBER:HASH", help="A head that was kept elsewhere.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every entry, and every decision and proposal that one seals; name the first that is broken."""
    with rim(as_json=as_json):
        found = verify_log(existing_desk(desk), _head(head) if head else None)
        if as_json:
            say_json(asdict(found))
        else:
            say(f"all {found.seq:,} entries hold\nhead {found.seq}:{found.sha256}")


@app.command(epilog="Example: stillwatch audit head demo/desk.sqlite >> /mnt/elsewhere/heads.txt")
def head(desk: Desk, as_json: AsJson = False) -> None:
    """Print the newest entry's number and hash, to be kept where the desk's administrators cannot write."""
    with rim(as_json=as_json):
        found = head_of(existing_desk(desk))
        if as_json:
            say_json(asdict(found))
        else:
            say(f"{found.seq}:{found.sha256}")


@app.command(epilog="Example: stillwatch audit show demo/desk.sqlite --kind login:failed --limit 20")
def show(
    desk: Desk,
    kind: Annotated[str | None, typer.Option("--kind", help="Only entries of this kind.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Print entries, the newest first."""
    with rim(as_json=as_json):
        found = entries(existing_desk(desk), limit=limit, kind=kind)
        if as_json:
            say_json([asdict(entry) for entry in found])
        else:
            for entry in found:
                say(f"{entry.seq:>6}  {entry.at[:19]}Z  {entry.actor:<20} {entry.kind:<18} {entry.subject}")


def _head(text: str) -> Head:
    number, colon, sha256 = text.partition(":")
    if not colon or not number.isdigit() or len(sha256) != 64:
        raise UsageError("--head", "is no head", got=text, expected="NUMBER:HASH as 'stillwatch audit head' prints it")
    return Head(int(number), sha256)
