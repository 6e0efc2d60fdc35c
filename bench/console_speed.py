"""How fast the console answers on a case of 25,000 member accounts, over HTTP, page by page.

    python bench/console_speed.py [--accounts 25000] [--repeats 15]

The case is made up (tests/unit/service/planted_case.py); a case of a scan has the same tables. The console runs as a
program of its own, with a desk on which the largest group was merged with another one. "first" is the first request
for that page, "median" of the repeats after it; "processor" is what the console's processor spent on a repeat, which
other programs on the machine do not change.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT / "tests" / "unit" / part) for part in ("service", "dossiers")]

from example_case import PLANS, Plan, make_case  # noqa: E402 - the tests' builders lie in the path given above
from planted_case import write_case_folder  # noqa: E402 - as above

from stillwatch.dossiers.document import from_json  # noqa: E402 - as above
from stillwatch.store.desk.database import Database  # noqa: E402 - as above
from stillwatch.store.desk.decision import Wish, decide  # noqa: E402 - as above
from stillwatch.store.desk.snapshot import Snapshot  # noqa: E402 - as above

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


def spent_ms(pid: int) -> float:
    """Return the milliseconds that a program's processor has spent so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_MS


def merged(folder: Path, desk: Path) -> None:
    """Merge the case's two largest groups on a new desk."""
    case = from_json((folder / "campaigns.json").read_bytes())
    first, second = sorted(case.campaigns, key=lambda one: -one.n_accounts)[:2]
    seen = Snapshot.of(case, first)
    others = {second.id: Snapshot.of(case, second)}
    decide(
        Database(desk), Wish("ada", "merge", first.id, 0, "why", campaigns=(second.id,), snapshot=seen, others=others)
    )


def timed(address: str) -> tuple[float, int]:
    """Return the milliseconds that a request took, and the bytes of its answer."""
    started = time.perf_counter()
    with urlopen(address) as answer:
        size = len(answer.read())
    return (time.perf_counter() - started) * 1000, size


def pages(base: str) -> dict[str, str]:
    """Return one address of each kind of page, of the largest group."""

    def told(address: str) -> dict:
        with urlopen(f"{base}{address}") as answer:
            return json.load(answer)

    group = told("/campaigns.json?sort=accounts")["rows"][0]["address"]
    account = told(f"{group}/members.json")["rows"][0]["address"]
    view = told(f"{account}.json")
    return {
        "queue": "/campaigns",
        "group": group,
        "group, links": f"{group}/links",
        "group, members": f"{group}/members",
        "group, last page of members": f"{group}/members?page=1000000",
        "group, look-alikes": f"{group}/compare",
        "account": account,
        "pair": view["ties"][0]["pair"],
        "value held by all": next(one["address"] for one in view["values"] if one["kind"] == "user_agent"),
        "search": "/search?q=203.0",
        "the case": "/about",
    }


def main() -> None:
    """Make the case, serve it, ask, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=25_000, help="member accounts of the largest group")
    parser.add_argument("--repeats", type=int, default=15, help="requests a page after the first")
    given = parser.parse_args()
    june = Plan("distillation", given.accounts, 28_800_000, 0.999, 4e-6, 2, 43, 0.2, is_diurnal=False)
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_case_folder(Path(scratch) / "case", make_case((june, *PLANS[1:])), n_outside=100_000)
        size = sum(path.stat().st_size for path in folder.iterdir())
        merged(folder, Path(scratch) / "desk.sqlite")
        command = [sys.executable, "-m", "stillwatch", "console", str(folder), "--port", "0", "--json"]
        started = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            told = ""
            while not told.rstrip().endswith("}"):
                told += process.stdout.readline()
            base = json.loads(told)["address"].rstrip("/")
            first_ms, first_bytes = timed(f"{base}/campaigns")
            ready_s = time.perf_counter() - started
            print(f"case of {given.accounts:,} accounts in the largest group, {size / 1e6:.1f} MB;"
                  f" from the command to the first page {ready_s:.1f} s")  # fmt: skip
            print(f"\n| page | first, ms | median, ms | worst, ms | processor, ms | kB |\n|---|---|---|---|---|---|\n"
                  f"| queue, the very first request | {first_ms:.0f} | | | | {first_bytes / 1e3:.0f} |")  # fmt: skip
            for name, address in pages(base).items():
                first, n_bytes = timed(base + address)
                before = spent_ms(process.pid)
                rest = [timed(base + address)[0] for _ in range(given.repeats)]
                each = (spent_ms(process.pid) - before) / given.repeats
                print(f"| {name} | {first:.0f} | {statistics.median(rest):.0f} | {max(rest):.0f}"
                      f" | {each:.0f} | {n_bytes / 1e3:.0f} |")  # fmt: skip
            process.terminate()


if __name__ == "__main__":
    main()
