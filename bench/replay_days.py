"""Every day, not once: python bench/replay_days.py [--preset demo] [--seed 1] [--split report] [--days N] [--json].

Makes a world, hands it to ``scan --state`` day by day, and scans the whole world once. Prints for each planted campaign
on which day it was first accused, how many of its exchanges were through by the end of that day, and under how many
ids it went; how close the replay's groups are to the single scan's; and what a day costs, stage by stage. A campaign
counts as accused once most members of an accusation are its accounts. ``--preset bench/six-weeks.toml`` fills the
window of 45 days, with pools that are banned and replaced; ``--preset hard`` has disciplined campaigns.
"""

import argparse
import json
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.dossiers.case import Case
from stillwatch.pipeline import state_intake
from stillwatch.pipeline.daily import scan_state
from stillwatch.pipeline.scan import ScanRequest, scan
from stillwatch.sketches.key import SketchKey
from stillwatch.store.state.place import vault_at
from stillwatch.store.state.reading import open_state
from stillwatch.worlds.generator import build_world, write_world
from stillwatch.worlds.metrics.agreement import adjusted_rand_index
from stillwatch.worlds.presets import load_preset

ADDING, ORDERING, OTHER = "adding the day", "window in order", "the rest"
STAGES = {
    "population": "arrays of the window",
    "families": "families, ties",
    "candidates": "candidates",
    "members": "members, tests, hypotheses",
    "work lists": "work lists",
    "group tests": "members, tests, hypotheses",
    "hypotheses": "members, tests, hypotheses",
    "case": "case, commit",
    "done": "case, commit",
}
DAILY = (ADDING,)  # what grows with the day; the rest grows with the window


def cpu_seconds() -> float:
    """Return the processor seconds of this process and of those that it waited for, however busy the machine is."""
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


class Meter:
    """Processor seconds of a scan by stage, told by its progress and by two functions that are watched."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._stage, self._since = OTHER, cpu_seconds()

    def enter(self, stage: str) -> None:
        """Charge what was spent to the stage before, and begin another."""
        now = cpu_seconds()
        self.seconds[self._stage] += now - self._since
        self._stage, self._since = stage, now

    def __call__(self, name: str, done: int, total: int) -> None:
        """Take a scan's progress."""
        del done, total
        if name != "records and sketches":
            self.enter(STAGES.get(name, OTHER))

    def watched(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function whose time is charged to a stage."""

        def run(*arguments: Any) -> Any:
            self.enter(stage)
            try:
                return function(*arguments)
            finally:
                self.enter(OTHER)

        return run


@dataclass
class Planted:
    """A campaign of the world: its accounts, its exchanges by day, and what the replay made of it."""

    accounts: set[str]
    by_day: Counter[str]
    reported: str | None = None
    accused: str | None = None
    ids: set[str] = field(default_factory=set)


def planted(world: Path, exchanges: pa.Table) -> dict[str, Planted]:
    """Return the campaigns of a world by their names in the truth."""
    truth = pq.read_table(world / "truth_exchanges.parquet")
    truth = truth.filter(pc.equal(truth["class"], "distillation"))
    joined = truth.join(exchanges.select(["exchange_id", "account_id", "day"]), "exchange_id", join_type="inner")
    found: dict[str, Planted] = {}
    for name, account, day in zip(*(joined[c].to_pylist() for c in ("group_id", "account_id", "day")), strict=True):
        one = found.setdefault(name, Planted(set(), Counter()))
        one.accounts.add(account)
        one.by_day[day] += 1
    return found


def note_day(campaigns: dict[str, Planted], case: Case, day: str) -> None:
    """Note which planted campaigns a day's case reports and accuses."""
    for group in case.campaigns:
        for one in campaigns.values():
            if sum(account in one.accounts for account in group.accounts) * 2 <= len(group.accounts):
                continue
            one.ids.add(group.id)
            one.reported = one.reported or day
            if group.is_accusation:
                one.accused = one.accused or day


def without_story(case: Path) -> Any:
    """Return a case's document without ids and stories."""
    document = json.loads((case / "campaigns.json").read_bytes())
    for campaign in document["campaigns"]:
        del campaign["id"]
        campaign.pop("lifecycle", None)
    return document


def replay(world: Path, work: Path, most_days: int | None) -> dict[str, Any]:
    """Replay a world day by day and return what was found when, and what each day cost."""
    table = pq.read_table(world / "exchanges.parquet")
    table = table.append_column("day", pc.strftime(table["requested_at"], "%Y-%m-%d"))
    days = sorted(set(table["day"].to_pylist()))[:most_days]
    campaigns = planted(world, table)
    tables = {name: [str(world / f"{name}.parquet")] for name in ("accounts", "authorisations")}
    vault, key, costs = vault_at(str(work / "state")), SketchKey.public_demo_key(), []
    plain = {name: getattr(state_intake, name) for name in ("add_traffic", "in_order")}

    def request(name: str, path: Path) -> ScanRequest:
        return ScanRequest([str(path)], work / name, key, replace=True, **tables)

    for day in days:
        part = table.filter(pc.equal(table["day"], day)).drop_columns("day")
        pq.write_table(part, work / "day.parquet")
        meter = Meter()
        state_intake.add_traffic = meter.watched(ADDING, plain["add_traffic"])
        state_intake.in_order = meter.watched(ORDERING, plain["in_order"])
        case = scan_state(request("daily", work / "day.parquet"), vault, meter)
        meter.enter(OTHER)
        stages = {name: round(seconds, 3) for name, seconds in meter.seconds.items()}
        total = sum(stages.values())
        costs.append({"day": day, "new": len(part), "window": case.funnel.used, "cpu_seconds": total, "stages": stages})
        note_day(campaigns, case, day)
        sys.stderr.write(f"{day}: {len(part):,} new, {case.funnel.used:,} in the window, {total:.1f} s of CPU\n")
    n_bytes = sum(path.stat().st_size for path in (work / "state").rglob("*") if path.is_file())
    kept = table.filter(pc.is_in(table["day"], value_set=pa.array(days))).drop_columns("day")
    pq.write_table(kept, work / "all.parquet")
    meter = Meter()
    scan(request("once", work / "all.parquet"), meter)
    meter.enter(OTHER)
    return {
        "campaigns": [_row(name, one, days) for name, one in sorted(campaigns.items())],
        "days": costs,
        "once_cpu_seconds": sum(meter.seconds.values()),
        "state_bytes": n_bytes,
        "same": without_story(work / "daily") == without_story(work / "once"),
        "ari": adjusted_rand_index(labels(work / "daily"), labels(work / "once")),
        "replaced": [
            {"campaign": one.id, "day": event.day, "reason": event.reason}
            for one in open_state(str(work / "state")).campaigns()
            for event in one.events
            if event.kind == "replaced"
        ],
    }


def labels(case: Path) -> list[str]:
    """Return the campaign of each account of a case, in their order; one of its own for whoever is in none."""
    table = pq.read_table(case / "accounts.parquet").sort_by("account_id")
    pairs = zip(table["account_id"].to_pylist(), table["campaign_id"].to_pylist(), strict=True)
    return [campaign or f"none: {account}" for account, campaign in pairs]


def _row(name: str, one: Planted, days: list[str]) -> dict[str, Any]:
    lost = sum(n for day, n in one.by_day.items() if one.accused and day <= one.accused)
    first = min(one.by_day)
    return {
        "campaign": name, "accounts": len(one.accounts),
        "exchanges": sum(n for day, n in one.by_day.items() if day in days),
        "first_day": first, "reported": one.reported, "accused": one.accused,
        "days_to_accusation": days.index(one.accused) - days.index(first) + 1 if one.accused else None,
        "exchanges_lost": lost if one.accused else None, "ids": sorted(one.ids),
    }  # fmt: skip


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="demo")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--split", default="report", choices=("tune", "report"))
    parser.add_argument("--days", type=int, help="replay only the first days")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder) / "world"
        made = build_world(load_preset(chosen.preset), chosen.seed, chosen.split, lambda *_: None)
        write_world(made, world)
        del made
        found = replay(world, Path(folder), chosen.days)
    if chosen.json:
        print(json.dumps(found, indent=2))
        return
    show(found)


def show(found: dict[str, Any]) -> None:
    """Print the tables in Markdown."""
    names = ("campaign", "accounts", "exchanges", "first day", "reported", "accused", "days", "exchanges lost", "share")
    print(f"| {' | '.join((*names, 'ids'))} |\n|---|---:|---:|---|---|---|---:|---:|---:|---:|")
    for row in found["campaigns"]:
        lost = row["exchanges_lost"]
        cells = (
            row["campaign"],
            row["accounts"],
            f"{row['exchanges']:,}",
            row["first_day"],
            row["reported"] or "never",
            row["accused"] or "never",
            row["days_to_accusation"] or "",
            "" if lost is None else f"{lost:,}",
            "" if lost is None else f"{lost / row['exchanges']:.0%}",
            len(row["ids"]),
        )
        print(f"| {' | '.join(str(cell) for cell in cells)} |")
    print(f"\nThe replay ends at the same groups as one scan over all days, byte for byte: {found['same']}.")
    print(f"Adjusted Rand index of the accounts' campaigns, replay against single scan: {found['ari']:.3f}.\n")
    for one in found["replaced"]:
        print(f"- {one['day']}, {one['campaign']}: {one['reason']}")
    days = found["days"]
    stages = sorted({stage for day in days for stage in day["stages"]}, key=lambda name: (name not in DAILY, name))
    chosen = [days[0], days[len(days) // 2], days[-1]]
    print("\n| processor seconds | " + " | ".join(one["day"] for one in chosen) + " |\n|---|" + "---:|" * len(chosen))
    for name in ("new", "window"):
        print(f"| exchanges, {name} | " + " | ".join(f"{one[name]:,}" for one in chosen) + " |")
    for stage in stages:
        print(f"| {stage} | " + " | ".join(f"{one['stages'].get(stage, 0.0):.2f}" for one in chosen) + " |")
    print("| all | " + " | ".join(f"{one['cpu_seconds']:.2f}" for one in chosen) + " |")
    slope, fixed = np.polyfit([day["window"] for day in days], [day["cpu_seconds"] for day in days], 1)
    n_bytes = found["state_bytes"] / days[-1]["window"]
    print(f"\nA straight line through all days: {fixed:.2f} s and {slope * 1e6:.0f} µs an exchange of the window.")
    print(f"One scan over all days: {found['once_cpu_seconds']:.1f} s. The state: {n_bytes:,.0f} bytes an exchange.")


if __name__ == "__main__":
    main()
