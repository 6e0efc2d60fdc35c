"""A second world, made by other rules than ``stillwatch world``, to see what holds on traffic that someone else made.

    python bench/other_world --seeds 1 2 3 --out /tmp/other

It shares no code, text or template with the worlds that the method was made on: texts are sentences of the Python files
installed here, wordings are such sentences too, and behaviour and look-alikes follow other assumptions. Each seed gives
a world with four campaigns and one without; both are scanned, and what is accused is compared with the truth.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final

from actors import populate
from traffic import World

CAMPAIGN: Final = "campaign "


def accused(case: Path) -> set[str]:
    """Return the accounts of all accused groups of a case."""
    found = json.loads((case / "campaigns.json").read_text(encoding="utf-8"))["campaigns"]
    return {account for group in found if group["is_accusation"] for account in group["accounts"]}


def measured(seed: int, folder: Path, n_people: int, *, has_campaigns: bool) -> dict[str, dict[str, int]]:
    """Make a world, scan it, and return accounts and accused accounts by class."""
    world = World(seed)
    populate(world, n_people, has_campaigns=has_campaigns)
    world.write(folder)
    command = [sys.executable, "-m", "stillwatch", "scan", str(folder / "exchanges.parquet"), "--replace", "--json"]
    command += ["--accounts", str(folder / "accounts.parquet"), "--out", str(folder / "case")]
    subprocess.run(command, check=True, capture_output=True)
    named = Counter(world.label_of[account] for account in accused(folder / "case"))
    return {name: {"accounts": n, "accused": named[name]} for name, n in Counter(world.label_of.values()).items()}


def main() -> None:
    """Print a row a class and a total for each world."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--people", type=int, default=1500)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    for seed in asked.seeds:
        for has_campaigns in (True, False):
            name = f"{seed}{'' if has_campaigns else ' without campaigns'}"
            rows = measured(seed, asked.out / name.replace(" ", "-"), asked.people, has_campaigns=has_campaigns)
            right = sum(row["accused"] for label, row in rows.items() if label.startswith(CAMPAIGN))
            wrong = sum(row["accused"] for row in rows.values()) - right
            members = sum(row["accounts"] for label, row in rows.items() if label.startswith(CAMPAIGN))
            print(f"world {name}: {right} of {members} members accused, {wrong} others")
            for label, row in rows.items():
                if label.startswith(CAMPAIGN) or row["accused"]:
                    print(f"  {label:24} {row['accused']:4} of {row['accounts']}")


if __name__ == "__main__":
    main()
