"""``stillwatch state``: what is kept from day to day, and how it leaves again."""
# ruff: noqa: FBT002 - a command's parameters are its options, with their defaults

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.campaigns.record import Record
from stillwatch.cli.grouped import ListedGroup
from stillwatch.cli.rim import note, rim, say, say_json
from stillwatch.errors import StateError, UsageError
from stillwatch.pipeline.adding import hash_of_account
from stillwatch.sketches.key import SketchKey
from stillwatch.store.state.erasure import HISTORY_DAYS, forget, prune
from stillwatch.store.state.place import vault_at
from stillwatch.store.state.reading import open_state

app = typer.Typer(
    name="state",
    cls=ListedGroup,
    help="See, check and prune what 'scan --state' keeps from day to day, and erase accounts from it.",
    epilog="Example: stillwatch state show state/",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Place = Annotated[str, typer.Argument(metavar="STATE", help="A state's folder, or postgresql://HOST/DATABASE.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ELSEWHERE = "Cases at --out, backups and logs are not part of the state: erase there as well."


@app.command(
    epilog="\b\nExamples:\n  stillwatch state show state/\n  stillwatch state show state/ --account acct-7 --json"
)
def show(
    place: Place,
    account: Annotated[
        str | None, typer.Option("--account", metavar="ID", help="All that is kept of one account.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a state holds, or everything that it holds of one account."""
    with rim(as_json=as_json):
        state = open_state(place)
        document = asdict(state.holdings()) if account is None else state.account(account)
        if as_json:
            say_json(_plain(document))
        else:
            for name, value in document.items():
                say(f"{name:<15} {_shown(value)}")


@app.command(epilog="Example: stillwatch state verify state/ --json")
def verify(place: Place, as_json: AsJson = False) -> None:
    """Read every part of a state and compare it with its name; exit with 8 where one was changed, torn or lost."""
    status = 0
    with rim(as_json=as_json):
        state = open_state(place)
        n_parts = len(state.manifest.references())
        broken = state.broken()
        status = StateError.exit_status if broken else 0
        if as_json:
            parts = [{"where": one.where, "problem": one.problem} for one in broken]
            say_json({"parts": n_parts, "broken": parts, "exit_status": status})
        else:
            for one in broken:
                note(one.sentence())
            say(f"{len(broken)} of {n_parts} parts are broken" if broken else f"all {n_parts} parts are whole")
    raise typer.Exit(status)


@app.command(
    "forget", epilog="Example: stillwatch state forget state/ --account acct-7 --keep-out --key-file sketch.key"
)
def forget_accounts(
    place: Place,
    account: Annotated[list[str], typer.Option("--account", metavar="ID", help="An account; may be repeated.")],
    keep_out: Annotated[bool, typer.Option("--keep-out", help="Take none of their exchanges in again.")] = False,
    key_file: Annotated[Path | None, typer.Option("--key-file", help="The state's key, for --keep-out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Erase accounts: every exchange, count, fact, authorisation and membership of theirs, in one step."""
    with rim(as_json=as_json):
        kept_out = []
        if keep_out:
            if key_file is None:
                raise UsageError("--keep-out", "needs the state's key", fix="Add --key-file FILE.")
            key = SketchKey.load(key_file)
            expected = open_state(place).manifest.key_id
            if key.key_id != expected:
                raise UsageError("--key-file", "is another key", got=key.key_id, expected=expected)
            kept_out = [hash_of_account(key, one) for one in account]
        erased = forget(vault_at(place), account, kept_out)
        if as_json:
            say_json({"erased": asdict(erased), "kept_out": len(kept_out), "note": ELSEWHERE})
        else:
            say(
                f"erased {erased.exchanges:,} exchanges, {erased.days:,} days with counts, "
                f"{erased.table_rows:,} rows of tables, memberships in {erased.campaigns:,} campaigns"
            )
            note(f"The last case is dropped; the next scan leaves a new one. {ELSEWHERE}")


@app.command("prune", epilog="Example: stillwatch state prune state/ --older-than 90")
def prune_days(
    place: Place,
    older_than: Annotated[int, typer.Option("--older-than", min=1, metavar="DAYS", help="Days of sketches to keep.")],
    history: Annotated[
        int | None,
        typer.Option(
            "--history", min=1, metavar="DAYS", help=f"Days of counts by account; {HISTORY_DAYS} unless told."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Drop what is older than some days, counted back from the state's newest day."""
    with rim(as_json=as_json):
        pruned = prune(vault_at(place), older_than, history or max(HISTORY_DAYS, older_than))
        if as_json:
            say_json(asdict(pruned))
        else:
            say(
                f"dropped {pruned.exchanges:,} exchanges and {pruned.campaigns:,} campaigns; "
                f"kept from {pruned.first_day} on"
            )


@app.command(epilog="Example: stillwatch state campaigns state/ --json")
def campaigns(place: Place, as_json: AsJson = False) -> None:
    """List the campaigns with their status, and what was lost before each was accused."""
    with rim(as_json=as_json):
        records = open_state(place).campaigns()
        if as_json:
            say_json([_summary(one) for one in records])
            return
        say(
            f"{'campaign':<16}{'status':<13}{'accounts':>9}{'exchanges':>11}  {'first seen':<12}{'accused':<12}"
            f"{'lost':>9}  explanation"
        )
        for one in records:
            lost = "" if one.exchanges_lost is None else f"{one.exchanges_lost:,}"
            say(
                f"{one.id:<16}{one.status:<13}{len(one.accounts):>9,}{one.exchanges:>11,}  {one.first_seen:<12}"
                f"{one.accused or '-':<12}{lost:>9}  {one.leading_hypothesis}"
            )


@app.command(epilog="Example: stillwatch state history state/ c-0123456789ab")
def history(
    place: Place,
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="A campaign's id.")],
    as_json: AsJson = False,
) -> None:
    """Tell what happened to one campaign from day to day, and why it is said."""
    with rim(as_json=as_json):
        one = open_state(place).campaign(campaign)
        if as_json:
            say_json(asdict(one))
            return
        for event in one.events:
            say(f"{event.day}  {event.kind:<12} {event.n_accounts:>6,} accounts  {event.reason}")


def _summary(one: Record) -> dict[str, object]:
    """Return a campaign without its members' ids and without its phrases."""
    document = asdict(one)
    for name in ("phrases", "bans_seen", "accounts"):
        del document[name]
    return {**document, "n_accounts": len(one.accounts)}


def _plain(value: object) -> object:
    """Return JSON values; times as text."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {item}" for name, item in value.items()) or "none"
    if isinstance(value, list):
        return "\n".join(f"{'' if i == 0 else ' ' * 16}{_shown(item)}" for i, item in enumerate(value)) or "none"
    return "none" if value is None else str(value)
