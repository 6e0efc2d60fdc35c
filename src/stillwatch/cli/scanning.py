"""What ``stillwatch scan`` does once its options are read; apart, so that its help imports none of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from stillwatch.cli.progress import shown_progress
from stillwatch.cli.rim import EXIT_STATUSES, note, say, say_json, terminal_width
from stillwatch.dossiers.case import Case
from stillwatch.dossiers.render.text import render_summary
from stillwatch.errors import UsageError
from stillwatch.pipeline.daily import scan_state
from stillwatch.pipeline.output import RUN
from stillwatch.pipeline.scan import ScanRequest, scan
from stillwatch.pipeline.settings import load_settings
from stillwatch.records.traffic import ReadOptions
from stillwatch.sketches import compiled
from stillwatch.sketches.key import SketchKey
from stillwatch.store.desk.database import FILE_NAME
from stillwatch.store.state.place import DATABASES, vault_at
from stillwatch.store.state.window import DEFAULT_DAYS

WITHOUT_ROWS: Final = {"accounts": "nothing is known of any account", "authorisations": "nobody counts as authorised"}
ONE_ACCOUNT: Final = (
    "all exchanges are of one account, and a group needs several: where the log knows more of who sent them, name that "
    "field with --account or in a field map; 'stillwatch records explain FILE' says what the account is read from"
)
MAX_STRAYS: Final = 5  # files or rows named in one line
ENOUGH_FOR_MORE: Final = 20  # exchanges: fewer may well be one account's
LARGE_SCAN: Final = 500_000  # exchanges: below, what the compiled kernels save is less than half a minute
FRESH_KEY: Final = (
    "no --key-file: this run's key is fresh and forgotten afterwards, so its ids match no other run's. "
    "For runs that can be compared: stillwatch key new FILE"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of ``stillwatch scan``, as its help tells them; ``accused_status`` is 0 unless it was asked for."""

    traffic: Sequence[str]
    out: Path
    accounts: Sequence[str]
    authorisations: Sequence[str]
    key_file: Path | None
    settings_file: Path | None
    format: str | None
    field_map: Path | None
    account: str | None
    time_zone: str | None
    decisions: Path | None
    state: str | None
    window_days: int | None
    replace: bool
    spark_master: str | None
    accused_status: int
    as_json: bool


def scan_as_asked(asked: Asked) -> int:
    """Scan, say what was found, and return the exit status.

    Raises:
        StillwatchError: options, an input or the output are refused.
    """
    refuse_misfits(asked)
    request = ScanRequest(
        traffic=asked.traffic,
        out=asked.out,
        accounts=asked.accounts,
        authorisations=asked.authorisations,
        key=SketchKey.load(asked.key_file) if asked.key_file else SketchKey.generate(),
        settings=load_settings(asked.settings_file),
        read=ReadOptions(
            format=asked.format, field_map=asked.field_map, account=asked.account, time_zone=asked.time_zone
        ),
        replace=asked.replace,
        decisions=asked.decisions or desk_in(asked.state),
        spark_master=asked.spark_master,
    )
    if asked.key_file is None and not asked.as_json:
        note(FRESH_KEY)
    if asked.decisions is None and not asked.as_json:
        unread = unread_desk(asked)
        if unread is not None:
            note(unread)
    with shown_progress(as_json=asked.as_json) as progress:
        case = (
            scan(request, progress)
            if asked.state is None
            else scan_state(request, vault_at(asked.state), progress, asked.window_days or DEFAULT_DAYS)
        )
    status = asked.accused_status if case.funnel.accusations else 0
    if asked.as_json:
        say_json({**summary(case, asked.out), "key_is_fresh": asked.key_file is None, "exit_status": status})
    else:
        say(render_summary(case, terminal_width()))
        for line in (
            *of_one_account(case),
            *of_inputs(asked.out),
            *of_state(asked.out),
            *slow_kernels(case.funnel.used),
        ):
            note(line)
        say(f"case      {asked.out}")
        say(f"report    {asked.out / 'report.html'}")
    return status


def slow_kernels(n_exchanges: int) -> list[str]:
    """Return a hint where a large scan went without the compiled kernels because they are not installed."""
    if n_exchanges < LARGE_SCAN or compiled.is_installed():
        return []
    return [
        "Sketching takes a sixth of the time with the extra `fast`: pip install 'stillwatch[fast]' (210 MB on disk)."
    ]


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
        "warnings": [
            *of_one_account(case),
            *stray_files(out),
            *unusable_rows(out),
            *unmatched_rows(out),
            *of_state(out),
        ],
        "missing_evidence": [item.name for item in case.missing],
        "exit_statuses": {str(status): meaning for status, meaning in EXIT_STATUSES.items()},
    }


def of_one_account(case: Case) -> list[str]:
    """Return a hint where all traffic is one account's: then the log's own account is not who sent the requests."""
    if case.funnel.accounts != 1 or case.funnel.used < ENOUGH_FOR_MORE:
        return []
    return [ONE_ACCOUNT]


def of_inputs(out: Path) -> list[str]:
    """Return what to tell of the files and tables that were given: what was not read, not used, or names nobody."""
    return [*stray_files(out), *unusable_rows(out), *unmatched_rows(out)]


def stray_files(out: Path) -> list[str]:
    """Return a line for the files of searched folders that were not read: one may be a log that somebody misses."""
    strays = [
        one["name"] for one in orjson.loads((out / RUN).read_bytes()).get("inputs", []) if one["format"] == "unknown"
    ]
    if not strays:
        return []
    more = f" and {len(strays) - MAX_STRAYS:,} more" if len(strays) > MAX_STRAYS else ""
    return [f"not read, see quarantine.parquet: {', '.join(strays[:MAX_STRAYS])}{more}"]


def unusable_rows(out: Path) -> list[str]:
    """Return a line for each register of which rows could not be used: an unread authorisation protects nobody."""
    registers = orjson.loads((out / RUN).read_bytes()).get("registers", {})
    lines = []
    for name, register in registers.items():
        n_bad = sum(register["quarantined"].values())
        if register["read"] == 0:
            lines.append(f"{name}: the table has no row; {WITHOUT_ROWS[name]}")
        if n_bad:
            reasons = ", ".join(f"{reason} {n:,}" for reason, n in register["quarantined"].items())
            lines.append(f"{name}: {n_bad:,} of {register['read']:,} rows could not be used: {reasons}")
    return lines


def unmatched_rows(out: Path) -> list[str]:
    """Return a line for the rows of the registry that name nobody in the traffic: a typo spares nobody."""
    register = orjson.loads((out / RUN).read_bytes()).get("registers", {}).get("authorisations", {})
    n = register.get("n_unmatched", 0)
    if not n:
        return []
    named = [f"{row['name']} ({row['why']})" for row in register["unmatched"][:MAX_STRAYS]]
    more = f"; and {n - MAX_STRAYS:,} more, see run.json" if n > MAX_STRAYS else ""
    said = (
        "1 row names nobody in this traffic and spares"
        if n == 1
        else f"{n:,} rows name nobody in this traffic and spare"
    )
    return [f"authorisations: {said} nobody: {'; '.join(named)}{more}"]


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


def unread_desk(asked: Asked) -> str | None:
    """Return a sentence where decisions might be expected to hold that nobody asked for; null: nowhere."""
    if asked.state is not None and asked.state.startswith(DATABASES):
        return "no --decisions: a state in a database has no desk of its own, so that no analyst's decision holds"
    beside = asked.out.resolve().parent / FILE_NAME
    if asked.state is None and beside.is_file():
        return f"no --decisions: what analysts decided in {beside} does not hold for this case"
    return None


def refuse_misfits(asked: Asked) -> None:
    """Refuse options that do not fit together.

    Raises:
        UsageError: they do not.
    """
    traffic, out, state = asked.traffic, asked.out, asked.state
    if state is None and not traffic:
        raise UsageError("TRAFFIC", "nothing to read was named", fix="Name files, folders or quoted globs.")
    if state is None and asked.window_days is not None:
        raise UsageError("--window", "needs a state", fix="Add --state DIR, or leave it out.")
    if state is not None and asked.key_file is None:
        raise UsageError(
            "--state", "needs a key that is kept", fix="Make one (stillwatch key new FILE) and add --key-file FILE."
        )
    refuse_own_output(traffic, out)
    if state is not None and not state.startswith(DATABASES):
        refuse_own_output(traffic, Path(state), name="--state")
        inner, outer = out.resolve(), Path(state).resolve()
        if inner.is_relative_to(outer) or outer.is_relative_to(inner):
            raise UsageError("--out", "lies inside the state, or the state in it", got=str(out), expected="apart")


def refuse_own_output(traffic: Sequence[str], out: Path, name: str = "--out") -> None:
    """Refuse a case or a state inside a folder of traffic, where the next scan would read it as traffic.

    Raises:
        UsageError: it would lie there.
    """
    for argument in traffic:
        folder = Path(argument)
        if folder.is_dir() and out.resolve().is_relative_to(folder.resolve()):
            raise UsageError(name, "lies inside the traffic", got=str(out), expected=f"a folder outside {argument}")
