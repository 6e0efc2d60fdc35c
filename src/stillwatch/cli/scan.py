"""``stillwatch scan``: traffic to a case."""
# ruff: noqa: FBT002, PLR0917 - a command's parameters are its options, with their defaults

from enum import Enum
from pathlib import Path
from typing import Annotated, Final

import typer

from stillwatch.cli.grouped import grouped
from stillwatch.cli.rim import ACCOUNT_HELP, EXIT_STATUSES, rim
from stillwatch.errors import UsageError

app = typer.Typer(rich_markup_mode=None)

ACCUSED_STATUS: Final = 10  # apart from every refusal's status, for jobs that only look at it
EXAMPLES: Final = (
    "\b\nExamples:\n"
    "  stillwatch scan traffic.parquet --out case/\n"
    "  stillwatch scan 'logs/*.jsonl.gz' --accounts accounts.parquet \\\n"
    "      --authorisations registry.csv --key-file sketch.key --out case/\n"
    "  stillwatch scan logs/ --out case/ --json --fail-on-accusation\n"
    "  stillwatch scan logs/2026-03-02/ --state state/ --key-file sketch.key \\\n"
    "      --out case/ --replace\n"
    "  stillwatch scan /shared/logs --key-file sketch.key --out /shared/case \\\n"
    "      --engine spark --master spark://host:7077\n"
    "\n\b\nExit status:\n" + "\n".join(f"  {status:<4} {meaning}" for status, meaning in EXIT_STATUSES.items())
)


HEADINGS: Final = {
    "What comes out": ("--out", "--replace", "--fail-on-accusation", "--json"),
    "Tables beside the traffic": ("--accounts", "--authorisations"),
    "How the traffic is read": ("--format", "--map", "--account", "--time-zone"),
    "From day to day": ("--state", "--window", "--decisions"),
    "How it is scanned": ("--key-file", "--settings", "--engine", "--master"),
}


class EngineName(Enum):
    """What runs the stages that are SQL or sketching."""

    DUCKDB = "duckdb"
    SPARK = "spark"


Traffic = Annotated[
    list[str] | None, typer.Argument(metavar="TRAFFIC", help="Files, folders or quoted globs; none with --state alone.")
]
Out = Annotated[Path, typer.Option("--out", metavar="CASE/", help="The folder to write the case to.")]
Accounts = Annotated[
    list[str] | None, typer.Option("--accounts", metavar="TABLE", help="A table of accounts; may be repeated.")
]
Registry = Annotated[
    list[str] | None,
    typer.Option("--authorisations", metavar="TABLE", help="The registry of authorisations; may be repeated."),
]
KeyFile = Annotated[
    Path | None, typer.Option("--key-file", metavar="FILE", help="The sketch key; see 'stillwatch key new'.")
]
SettingsFile = Annotated[Path | None, typer.Option("--settings", metavar="FILE", help="A TOML file of settings.")]
Format = Annotated[
    str | None, typer.Option("--format", metavar="NAME", help="Read all traffic so; see 'stillwatch records formats'.")
]
Map = Annotated[
    Path | None, typer.Option("--map", metavar="FILE", help="A TOML field map for a log that no format fits.")
]
Account = Annotated[
    str | None,
    typer.Option("--account", metavar="PATH", help=ACCOUNT_HELP),
]
Zone = Annotated[str | None, typer.Option("--time-zone", metavar="ZONE", help="IANA zone of times without an offset.")]
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
    int | None, typer.Option("--window", metavar="DAYS", min=1, help="Days of a state to analyse; 45 unless told.")
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


@app.command(cls=grouped(HEADINGS), epilog=EXAMPLES)
def scan(  # noqa: PLR0913 - one parameter an option
    out: Out,
    traffic: Traffic = None,
    accounts: Accounts = None,
    authorisations: Registry = None,
    key_file: KeyFile = None,
    settings_file: SettingsFile = None,
    format_name: Format = None,
    field_map: Map = None,
    account: Account = None,
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
        from stillwatch.cli import scanning  # noqa: PLC0415 - slow to import, and help needs none of it

        asked = scanning.Asked(
            traffic=traffic or [],
            out=out,
            accounts=accounts or (),
            authorisations=authorisations or (),
            key_file=key_file,
            settings_file=settings_file,
            format=format_name,
            field_map=field_map,
            account=account,
            time_zone=time_zone,
            decisions=decisions,
            state=state,
            window_days=window_days,
            replace=replace,
            spark_master=spark_master(engine, master),
            accused_status=ACCUSED_STATUS if fail_on_accusation else 0,
            as_json=as_json,
        )
        status = scanning.scan_as_asked(asked)
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
