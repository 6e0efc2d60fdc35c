"""Time to detection: python bench/replay_days.py [--preset demo] [--seed 1] [--split report] [--days N] [--json].

Makes a world, hands it to ``scan --state`` day by day, and prints for each planted campaign on which day it was first
accused and how many of its exchanges were through by the end of that day. A campaign counts as accused once most
members of an accusation are its accounts. Afterwards the whole world is scanned at once: the two must give the same
groups.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.dossiers.case import Case
from stillwatch.pipeline.daily import scan_state
from stillwatch.pipeline.scan import ScanRequest, scan
from stillwatch.sketches.key import SketchKey
from stillwatch.store.state.place import vault_at
from stillwatch.worlds.generator import build_world, write_world
from stillwatch.worlds.presets import load_preset


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

    def request(name: str, path: Path) -> ScanRequest:
        return ScanRequest([str(path)], work / name, key, replace=True, **tables)

    for day in days:
        part = table.filter(pc.equal(table["day"], day)).drop_columns("day")
        pq.write_table(part, work / "day.parquet")
        start = time.process_time()  # of all threads: what a day costs, however busy the machine is
        case = scan_state(request("daily", work / "day.parquet"), vault, lambda *_: None)
        seconds = time.process_time() - start
        costs.append({"day": day, "new": len(part), "window": case.funnel.used, "cpu_seconds": round(seconds, 2)})
        note_day(campaigns, case, day)
        sys.stderr.write(f"{day}: {len(part):,} new, {case.funnel.used:,} in the window, {seconds:.1f} s of CPU\n")
    n_bytes = sum(path.stat().st_size for path in (work / "state").rglob("*") if path.is_file())
    kept = table.filter(pc.is_in(table["day"], value_set=pa.array(days))).drop_columns("day")
    pq.write_table(kept, work / "all.parquet")
    scan(request("once", work / "all.parquet"), lambda *_: None)
    rows = [_row(name, one, days) for name, one in sorted(campaigns.items())]
    same = without_story(work / "daily") == without_story(work / "once")
    return {"campaigns": rows, "days": costs, "state_bytes": n_bytes, "same": same}


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
    names = ("campaign", "accounts", "exchanges", "reported", "accused", "days", "exchanges lost", "share")
    print(f"| {' | '.join(names)} |\n|---|---:|---:|---|---|---:|---:|---:|")
    for row in found["campaigns"]:
        lost = row["exchanges_lost"]
        cells = (
            row["campaign"],
            row["accounts"],
            f"{row['exchanges']:,}",
            row["reported"] or "never",
            row["accused"] or "never",
            row["days_to_accusation"] or "",
            "" if lost is None else f"{lost:,}",
            "" if lost is None else f"{lost / row['exchanges']:.0%}",
        )
        print(f"| {' | '.join(str(cell) for cell in cells)} |")
    first, last = found["days"][0], found["days"][-1]
    print(
        f"\nThe first day: {first['new']:,} exchanges, {first['cpu_seconds']:.1f} s of CPU. "
        f"The last: {last['new']:,} new of {last['window']:,} in the window, {last['cpu_seconds']:.1f} s. The state: "
        f"{found['state_bytes'] / last['window']:,.0f} bytes an exchange."
    )
    print(f"The replay ends at the same groups as one scan over all days: {found['same']}")


if __name__ == "__main__":
    main()
