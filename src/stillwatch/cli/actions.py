"""``stillwatch actions``: propose a step against a group, and agree to another person's."""
# ruff: noqa: FBT002, PLR0913, PLR0917 - a command's parameters are its options, with their defaults

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from stillwatch.actions.dry_run import DryRun
from stillwatch.actions.export import FORMATS, exported
from stillwatch.actions.proposal import Proposal, to_plain
from stillwatch.actions.step import STEPS
from stillwatch.cli.desk import desk_path, existing_desk, person_at, system_user
from stillwatch.cli.grouped import ListedGroup, grouped
from stillwatch.cli.rim import rim, say, say_json
from stillwatch.dossiers.render.numbers import certainty
from stillwatch.errors import OutputError, UsageError
from stillwatch.pipeline import proposing
from stillwatch.pipeline.proposing import Registers, Wanted, prepare
from stillwatch.store.desk import proposal as kept
from stillwatch.store.desk.database import Database
from stillwatch.store.desk.proposal import Standing, act

app = typer.Typer(
    name="actions",
    cls=ListedGroup,
    help="Propose graduated steps against whole groups. Nothing is done: what is agreed to becomes a file.",
    epilog="Example: stillwatch actions show case/",
    no_args_is_help=True,
    rich_markup_mode=None,
)

HEADINGS = {
    "What is proposed": ("--step", "--reason", "--dry-run"),
    "Whom the registry spares": ("--authorisations", "--accounts"),
    "Where it is recorded, and by whom": ("--desk", "--user"),
}

CasePath = Annotated[Path, typer.Argument(metavar="CASE/", help="The folder that a scan left.")]
Identifier = Annotated[str, typer.Argument(metavar="PROPOSAL", help="The proposal's id.")]
DeskFile = Annotated[Path | None, typer.Option("--desk", metavar="PATH", help="The desk; default: beside the case.")]
User = Annotated[
    str | None, typer.Option("--user", metavar="NAME", help="Your name at the desk; the password is asked for.")
]
Registry = Annotated[
    list[str] | None,
    typer.Option("--authorisations", metavar="TABLE", help="The registry of authorisations; may be repeated."),
]
Accounts = Annotated[
    list[str] | None, typer.Option("--accounts", metavar="TABLE", help="A table of accounts; may be repeated.")
]
Reason = Annotated[str, typer.Option("--reason", metavar="REASON", help="Why, in your words.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command(
    cls=grouped(HEADINGS),
    epilog="\b\nExamples:\n"
    "  stillwatch actions propose case/ c-12ebe280889a --step rate_limit \\\n"
    "      --authorisations registry.csv --dry-run\n"
    "  stillwatch actions propose case/ c-12ebe280889a --step suspend --user ada \\\n"
    "      --authorisations registry.csv --reason 'one work list over 412 accounts'",
)
def propose(
    case: CasePath,
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The campaign's id.")],
    step: Annotated[str, typer.Option("--step", metavar="STEP", help=f"One of {', '.join(STEPS)}.")],
    reason: Reason = "",
    authorisations: Registry = None,
    accounts: Accounts = None,
    desk: DeskFile = None,
    user: User = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show who would be touched, and record nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Propose a step against a whole group; the registry is read first, and whoever it names is spared."""
    with rim(as_json=as_json), TemporaryDirectory() as nowhere:
        path = desk_path(desk or case)
        database = Database(Path(nowhere) / path.name if dry_run and not path.exists() else path)
        by = system_user() if dry_run and user is None else person_at(database, user).name
        registers = Registers(authorisations or (), accounts or ())
        made = prepare(case, database, registers, Wanted(campaign, step, by, reason))
        if not dry_run:
            kept.keep(database, made)
        _print(made, "dry run; nothing is recorded" if dry_run else "proposed", [], as_json=as_json)


@app.command(
    epilog="\b\nExamples:\n  stillwatch actions show case/\n  stillwatch actions show case/ p-91c0a2b44d10 --json"
)
def show(
    case: CasePath,
    identifier: Annotated[str | None, typer.Argument(metavar="PROPOSAL", help="One proposal; default: all.")] = None,
    desk: DeskFile = None,
    as_json: AsJson = False,
) -> None:
    """Show a proposal and what became of it, or list all."""
    with rim(as_json=as_json):
        database = existing_desk(desk or case)
        if identifier is not None:
            held = kept.proposal(database, identifier)
            _print(held.proposal, held.state, held.history(), as_json=as_json)
            return
        found = kept.proposals(database)
        if as_json:
            say_json([_row(item) for item in found])
        else:
            for item in found:
                row = _row(item)
                touched = f"touches {row['touched']:,}"
                say(f"{row['id']}  {row['state']:<12} {row['step']:<12} {row['campaign_id']}  {touched}")


@app.command(epilog="Example: stillwatch actions approve case/ p-91c0a2b44d10 --user ben --authorisations registry.csv")
def approve(
    case: CasePath,
    identifier: Identifier,
    authorisations: Registry = None,
    accounts: Accounts = None,
    desk: DeskFile = None,
    user: User = None,
    as_json: AsJson = False,
) -> None:
    """Agree to another person's proposal, after the registry was read once more."""
    with rim(as_json=as_json):
        database = existing_desk(desk or case)
        person = person_at(database, user)
        registers = Registers(authorisations or (), accounts or ())
        sha256 = kept.proposal(database, identifier).proposal.sha256
        held = proposing.approve(case, database, registers, identifier, person, sha256)
        _print(held.proposal, held.state, held.history(), as_json=as_json)


def add_reasoned(act_name: str, says: str, example: str) -> None:
    """Add the command of an act on a proposal that takes a reason and nothing else."""

    def command(
        case: CasePath,
        identifier: Identifier,
        reason: Reason,
        desk: DeskFile = None,
        user: User = None,
        as_json: AsJson = False,
    ) -> None:
        with rim(as_json=as_json):
            database = existing_desk(desk or case)
            person = person_at(database, user)
            sha256 = kept.proposal(database, identifier).proposal.sha256
            held = act(database, identifier, act_name, person, sha256, reason)
            _print(held.proposal, held.state, held.history(), as_json=as_json)

    name = act_name.replace("_", "-")
    epilog = f"Example: stillwatch actions {name} case/ p-91c0a2b44d10 --user {example}"
    app.command(name, help=says, epilog=epilog)(command)


add_reasoned("withdraw", "Withdraw a proposal before it is carried out.", "ada --reason 'a known customer'")
add_reasoned("refuse", "Refuse a proposal, as an approver.", "ben --reason 'too many own exchanges'")
add_reasoned(
    "roll_back",
    "Record that an agreed step is taken back; export the file for it afterwards.",
    "ada --reason 'an appeal held'",
)


@app.command(epilog="Example: stillwatch actions export case/ p-91c0a2b44d10 --user ada --out suspend.json")
def export(
    case: CasePath,
    identifier: Identifier,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=f"Ends in .{' or .'.join(FORMATS)}.")],
    desk: DeskFile = None,
    user: User = None,
    as_json: AsJson = False,
) -> None:
    """Write an agreed proposal as a file for your own systems; of a rolled-back one, the file that takes it back."""
    with rim(as_json=as_json):
        form = out.suffix.removeprefix(".")
        if form not in FORMATS:
            raise UsageError(
                "--out", "has another ending", got=out.name, expected=" or ".join(f".{one}" for one in FORMATS)
            )
        database = existing_desk(desk or case)
        person = person_at(database, user)
        made = kept.proposal(database, identifier).proposal
        held = act(database, identifier, "export", person, made.sha256)
        content = exported(made, held.history(), form, roll_back=held.state == "rolled_back")
        try:
            with out.open("xb") as sink:
                sink.write(content)
        except OSError as error:
            raise OutputError(str(out), "cannot be written", got=error.strerror, fix="Choose a new name.") from None
        if as_json:
            say_json({"file": str(out), "accounts": len(made.dry_run.touched), "sha256": made.sha256})
        else:
            say(f"{out}: {len(made.dry_run.touched):,} accounts")


def _row(item: Standing) -> dict[str, Any]:
    made = item.proposal
    return {
        "id": made.id,
        "state": item.state,
        "step": made.step,
        "campaign_id": made.group.campaign_id,
        "proposed_by": made.proposed_by,
        "proposed_at": made.proposed_at.isoformat(),
        "touched": len(made.dry_run.touched),
        "spared": len(made.dry_run.spared),
    }


def _risk(run: DryRun) -> list[str]:
    """Return who may be wrongly touched: if the group is a campaign, if it is none, and on the whole."""
    none = certainty(run.all_wrong_probability)
    lines = [f"at risk    if the group is no campaign (probability {none}): all {len(run.touched):,} of them"]
    if run.expected_bystanders is not None:
        lines.append(
            f"           if it is one: {run.expected_bystanders:.1f} bystanders expected, by each one's own membership"
        )
    ends = ""
    if run.expected_wrong_low is not None and run.expected_wrong_high is not None:
        ends = f", {run.expected_wrong_low:.1f} to {run.expected_wrong_high:.1f} over the interval of the posterior"
    return [*lines, f"           on the whole: {run.expected_wrong:.1f} expected wrongly touched{ends}"]


def _print(made: Proposal, state: str, history: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        say_json({"state": state, "sha256": made.sha256, "proposal": to_plain(made), "history": history})
        return
    run = made.dry_run
    say(f"{made.id}  {state}")
    say(f"step       {made.step}: {made.effect}")
    say(f"roll back  {made.rollback}")
    say(f"ends       {made.ends_at:%Y-%m-%d}, agreed to until {made.agree_by:%Y-%m-%d}")
    say(f"registry   {made.registry}")
    known = "not known" if run.exchanges is None else f"{run.exchanges:,} in this group, {run.own_exchanges:,} others"
    say(f"touched    {len(run.touched):,} accounts; exchanges: {known}")
    for line in _risk(run):
        say(line)
    for member in run.touched[:20]:
        in_group = "" if member.p_group is None else f"in the group {certainty(member.p_group)}, "
        say(f"  {member.account_id}  {in_group}in a campaign {certainty(member.p_member)}")
    if len(run.touched) > 20:
        say(f"  and {len(run.touched) - 20:,} more: --json names them all")
    say(f"spared     {len(run.spared):,} accounts")
    for one in run.spared[:20]:
        say(f"  {one.account_id}  {one.because}")
    for event in history:
        say(f"{event['at'][:19]}Z  {event['actor']} {event['kind'].replace('_', ' ')} {event['reason']}".rstrip())
