"""``stillwatch scan``: traffic to a case."""
# ruff: noqa: FBT002, PLR0917 - a command's parameters are its options, with their defaults

from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from stillwatch.cli.progress import shown_progress
from stillwatch.cli.rim import EXIT_STATUSES, note, rim, say, say_json
from stillwatch.dossiers.case import Case
from stillwatch.dossiers.render.text import render_summary
from stillwatch.errors import UsageError
from stillwatch.pipeline.daily import scan_state
from stillwatch.pipeline.output import RUN
from stillwatch.pipeline.scan import ScanRequest
from stillwatch.pipeline.scan import scan as run_scan
from stillwatch.pipeline.settings import load_settings
from stillwatch.records.traffic import ReadOptions
from stillwatch.sketches.key import SketchKey
from stillwatch.store.desk.database import FILE_NAME
from stillwatch.store.state.place import DATABASES, vault_at
from stillwatch.store.state.window import DEFAULT_DAYS

ACCUSED_STATUS: Final = 10  # apart from every refusal's status, for jobs that only look at it
FRESH_KEY: Final = (
    "no --key-file: this run's key is fresh and forgotten afterwards, so its ids match no other run's. "
    "For runs that can be compared: stillwatch key new FILE"
)
EXAMPLES: Final = (
    "\b\nExamples:\n"
    "  stillwatch scan traffic.parquet --out case/\n"
    "  stillwatch scan 'logs/*.jsonl.gz' --accounts accounts.parquet --authorisations registry.csv \\\n"
    "      --key-file sketch.key --out case/ --replace\n"
    "  stillwatch scan logs/ --out case/ --json --fail-on-accusation\n"
    "  stillwatch scan logs/2026-03-02/ --state state/ --key-file sketch.key --out case/ --replace\n"
    "  stillwatch scan /shared/logs --key-file sketch.key --out /shared/case --engine spark --master spark://host:7077\n"
    "\n\b\nExit status:\n" + "\n".join(f"  {status:<4} {meaning}" for status, meaning in EXIT_STATUSES.items())
)


class EngineName(Enum):
    """What runs the stages that are SQL or sketching."""

    DUCKDB = "duckdb"
    SPARK = "spark"


Traffic = Annotated[
    list[str] | None, typer.Argument(metavar="TRAFFIC", help="Files, folders or quoted globs; none with --state alone.")
]
Out = Annotated[Path, typer.Option("--out", metavar="CASE/", help="The folder to write the case to.")]
Accounts = Annotated[list[str] | None, typer.Option("--accounts", help="A table of accounts; may be repeated.")]
Registry = Annotated[
    list[str] | None, typer.Option("--authorisations", help="The registry of authorisations; may be repeated.")
]
KeyFile = Annotated[Path | None, typer.Option("--key-file", help="The sketch key; see 'stillwatch key new'.")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="A TOML file of settings.")]
Format = Annotated[str | None, typer.Option("--format", help="Read all traffic so; see 'stillwatch records formats'.")]
Map = Annotated[Path | None, typer.Option("--map", help="A TOML field map for a log that no format fits.")]
Zone = Annotated[str | None, typer.Option("--time-zone", help="IANA zone of times without an offset.")]
Decisions = Annotated[
    Path | None,
    typer.Option("--decisions", metavar="DESK", help="Whose decisions hold; default: the state's."),
]
State = Annotated[
    str | None,
    typer.Option(
        "--state",
        metavar="DIR|URL",
        help="Add the traffic to this state and analyse its window; a folder or postgresql://HOST/DATABASE.",
    ),
]
WindowDays = Annotated[
    int | None, typer.Option("--window", min=1, help=f"Days of a state to analyse; {DEFAULT_DAYS} unless told.")
]
Replace = Annotated[bool, typer.Option("--replace", help="Replace an earlier case at --out.")]
FailOnAccusation = Annotated[
    bool, typer.Option("--fail-on-accusation", help=f"Exit with {ACCUSED_STATUS} where a group is accused.")
]
Engine = Annotated[EngineName, typer.Option("--engine", help="What runs the stages; the case is the same.")]
Master = Annotated[
    str | None,
    typer.Option("--master", metavar="URL", help="Spark's master, as for spark-submit; else local[*]."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print a summary as JSON, and nothing else.")]


def scan(  # noqa: PLR0913 - one parameter an option
    out: Out,
    traffic: Traffic = None,
    accounts: Accounts = None,
    authorisations: Registry = None,
    key_file: KeyFile = None,
    settings_file: SettingsFile = None,
    format_name: Format = None,
    field_map: Map = None,
    time_zone: Zone = None,
    decisions: Decisions = None,
    state: State = None,
    window_days: WindowDays = None,
    replace: Replace = False,
    fail_on_accusation: FailOnAccusation = False,
    as_json: AsJson = False,
    engine: Engine = EngineName.DUCKDB,
    master: Master = None,
) -> None:
    """Find groups of accounts that extract a model together, and write a case with the evidence for and against."""
    status = 0
    with rim(as_json=as_json):
        given = traffic or []
        refuse_misfits(given, out, state, window_days, has_key=key_file is not None)
        request = ScanRequest(
            traffic=given,
            out=out,
            accounts=accounts or (),
            authorisations=authorisations or (),
            key=SketchKey.load(key_file) if key_file else SketchKey.generate(),
            settings=load_settings(settings_file),
            read=ReadOptions(format=format_name, field_map=field_map, time_zone=time_zone),
            replace=replace,
            decisions=decisions or desk_in(state),
            spark_master=spark_master(engine, master),
        )
        if key_file is None and not as_json:
            note(FRESH_KEY)
        with shown_progress(as_json=as_json) as progress:
            case = (
                run_scan(request, progress)
                if state is None
                else scan_state(request, vault_at(state), progress, window_days or DEFAULT_DAYS)
            )
        status = ACCUSED_STATUS if fail_on_accusation and case.funnel.accusations else 0
        if as_json:
            say_json({**summary(case, out), "key_is_fresh": key_file is None, "exit_status": status})
        else:
            say(render_summary(case))
            for line in (*unusable_rows(out), *of_state(out)):
                note(line)
            say(f"case      {out}")
            say(f"report    {out / 'report.html'}")
    raise typer.Exit(status)


def spark_master(engine: EngineName, master: str | None) -> str | None:
    """Return where Spark runs; None where the embedded engine was asked for.

    Raises:
        UsageError: a master was named for an engine that has none.
    """
    if engine is EngineName.SPARK:
        return master or "local[*]"
    if master is not None:
        raise UsageError("--master", "is for Spark alone", got=f"--engine {engine.value}", fix="Add --engine spark.")
    return None


def summary(case: Case, out: Path) -> dict[str, Any]:
    """Return what a program needs of a case: where it is, its counts, and one entry a group."""
    funnel = case.funnel
    return {
        "case": str(out),
        "files": sorted(str(path) for path in out.iterdir()),
        "stillwatch_version": case.stillwatch_version,
        "weights": case.weights,
        "key_id": case.key_id,
        "counts": {
            **{name: getattr(funnel, name) for name in ("read", "used", "quarantined", "out_of_scope", "accounts")},
            "quarantined_by_reason": dict(funnel.quarantined_by_reason),
            "out_of_scope_by_reason": dict(funnel.out_of_scope_by_reason),
            "authorised_accounts": funnel.authorised_accounts,
            "campaigns": funnel.campaigns,
            "accusations": funnel.accusations,
            "accused_accounts": funnel.accused_accounts,
        },
        "campaigns": [
            {
                "id": campaign.id,
                "leading_hypothesis": campaign.leading_hypothesis,
                "is_accusation": campaign.is_accusation,
                "p_leading": campaign.p_leading,
                "q_value": campaign.q_value,
                "accounts": campaign.n_accounts,
                "exchanges": campaign.exchanges,
                **({} if campaign.lifecycle is None else {"status": campaign.lifecycle.status}),
            }
            for campaign in case.campaigns
        ],
        "lapsed": len(case.lapsed),
        "warnings": [*unusable_rows(out), *of_state(out)],
        "missing_evidence": [item.name for item in case.missing],
        "exit_statuses": {str(status): meaning for status, meaning in EXIT_STATUSES.items()},
    }


def unusable_rows(out: Path) -> list[str]:
    """Return a line for each register of which rows could not be used: an unread authorisation protects nobody."""
    registers = orjson.loads((out / RUN).read_bytes()).get("registers", {})
    lines = []
    for name, register in registers.items():
        n_bad = sum(register["quarantined"].values())
        if n_bad:
            reasons = ", ".join(f"{reason} {n:,}" for reason, n in register["quarantined"].items())
            lines.append(f"{name}: {n_bad:,} of {register['read']:,} rows could not be used: {reasons}")
    return lines


def of_state(out: Path) -> list[str]:
    """Return what to tell of the state that a case came from; nothing for one without."""
    state = orjson.loads((out / RUN).read_bytes()).get("state")
    if state is None:
        return []
    lines = [f"already in the state, not read again: {name}" for name in state["known_inputs"]]
    added = f"{state['added']:,} exchanges added" if state["added"] else "nothing was added"
    days = f"{state['days']:,} day" + ("" if state["days"] == 1 else "s")
    window = f"{days} with traffic from {state['first_day']} to {state['last_day']} analysed"
    return [*lines, f"state {state['at']}: {added}; {window}"]


def desk_in(state: str | None) -> Path | None:
    """Return the desk in a state's folder, whose decisions hold for every scan over it; null: there is none."""
    if state is None or state.startswith(DATABASES):
        return None
    desk = Path(state) / FILE_NAME
    return desk if desk.is_file() else None


def refuse_misfits(traffic: list[str], out: Path, state: str | None, window_days: int | None, *, has_key: bool) -> None:
    """Refuse options that do not fit together.

    Raises:
        UsageError: they do not.
    """
    if state is None and not traffic:
        raise UsageError("TRAFFIC", "nothing to read was named", fix="Name files, folders or quoted globs.")
    if state is None and window_days is not None:
        raise UsageError("--window", "needs a state", fix="Add --state DIR, or leave it out.")
    if state is not None and not has_key:
        raise UsageError(
            "--state", "needs a key that is kept", fix="Make one (stillwatch key new FILE) and add --key-file FILE."
        )
    refuse_own_output(traffic, out)
    if state is not None and not state.startswith(DATABASES):
        refuse_own_output(traffic, Path(state), name="--state")
        inner, outer = out.resolve(), Path(state).resolve()
        if inner.is_relative_to(outer) or outer.is_relative_to(inner):
            raise UsageError("--out", "lies inside the state, or the state in it", got=str(out), expected="apart")


def refuse_own_output(traffic: list[str], out: Path, name: str = "--out") -> None:
    """Refuse a case or a state inside a folder of traffic, where the next scan would read it as traffic.

    Raises:
        UsageError: it would lie there.
    """
    for argument in traffic:
        folder = Path(argument)
        if folder.is_dir() and out.resolve().is_relative_to(folder.resolve()):
            raise UsageError(name, "lies inside the traffic", got=str(out), expected=f"a folder outside {argument}")
