"""What Spark's driver holds, stage by stage, and what that bounds: memory and processor time an exchange.

    python bench/driver.py WORLD [WORLD ...] [--master 'local[2]'] [--json]

Scans each world (a folder with ``exchanges.parquet``) on Apache Spark and samples, four times a second, the memory of
its own that each part of the scan holds: the driver's Python (where groups are tested and the case is written), its
Java (here the executors' as well), and the Python workers. Pages of mapped files are not counted: they leave when
memory runs short. Needs the extra ``spark`` and Java 17. Of two worlds or more, the bytes that an exchange adds are
those between the smallest and the largest.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from process_tree import tree_of

SAMPLED_EVERY_S: Final = 0.25
TICKS: Final = os.sysconf("SC_CLK_TCK")
PARTS: Final = ("driver", "java", "workers")
GIB_64: Final = 64e9
RESERVE: Final = 0.75  # of a machine, for what a driver may hold


@dataclass
class Held:
    """What the processes of one part of a scan have held at most, and worked."""

    peak_bytes: int = 0
    cpu_seconds: dict[int, float] = field(default_factory=dict)  # by process, as last seen


def below(root: int) -> Iterator[tuple[int, str, int, float]]:
    """Yield each process of a tree: its number, its part, its own memory in bytes, its processor seconds."""
    for pid in tree_of(root):
        try:
            name = Path(f"/proc/{pid}/comm").read_text().strip()
            after = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        except OSError:
            continue
        anonymous = int(status.get("RssAnon", "0 kB").split()[0]) * 1024
        part = "driver" if pid == root else "java" if name == "java" else "workers"
        yield pid, part, anonymous, (int(after[11]) + int(after[12])) / TICKS


def watched(command: list[str], environment: dict[str, str]) -> dict[str, Held]:
    """Run a command, and return what each part of its tree of processes held and worked."""
    found = {part: Held() for part in PARTS}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while process.poll() is None:
        held = dict.fromkeys(PARTS, 0)
        for pid, part, n_bytes, seconds in below(process.pid):
            held[part] += n_bytes
            found[part].cpu_seconds[pid] = seconds
        for part in PARTS:
            found[part].peak_bytes = max(found[part].peak_bytes, held[part])
        time.sleep(SAMPLED_EVERY_S)
    if process.returncode:
        assert process.stderr is not None
        raise SystemExit(process.stderr.read().decode()[-2000:])
    return found


def measured(world: Path, master: str, work: Path) -> dict[str, Any]:
    """Scan a world on Spark and return what it held and worked, by part, and the driver's stages."""
    case = work / "case"
    command = [sys.executable, "-m", "stillwatch", "scan", str(world / "exchanges.parquet"), "--engine", "spark"]
    for name in ("accounts", "authorisations"):
        if (world / f"{name}.parquet").exists():
            command += [f"--{name}", str(world / f"{name}.parquet")]
    command += ["--master", master, "--out", str(case), "--replace", "--json"]
    found = watched(command, dict(os.environ))
    run = json.loads((case / "run.json").read_bytes())
    return {
        "world": world.name,
        "exchanges": run["counts"]["used"],
        "peak_bytes": {part: found[part].peak_bytes for part in PARTS},
        "cpu_seconds": {part: round(sum(found[part].cpu_seconds.values()), 1) for part in PARTS},
        "stages": {stage["name"]: stage["peak_bytes"] for stage in run["stages"]},
    }


def growing(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return the bytes that an exchange adds to each part, from the smallest world to the largest."""
    rows = sorted(rows, key=lambda row: row["exchanges"])
    n = rows[-1]["exchanges"] - rows[0]["exchanges"]
    return {part: (rows[-1]["peak_bytes"][part] - rows[0]["peak_bytes"][part]) / max(n, 1) for part in PARTS}


def main() -> None:
    """Measure every world and print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("worlds", type=Path, nargs="+")
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    rows = []
    for world in chosen.worlds:
        with tempfile.TemporaryDirectory() as work:
            rows.append(measured(world, chosen.master, Path(work)))
    if chosen.json:
        print(json.dumps({"rows": rows, "bytes_an_exchange": growing(rows)}, indent=2))
        return
    print("| world | exchanges | " + " | ".join(f"{part}, GB" for part in PARTS) + " | ", end="")
    print(" | ".join(f"{part}, s" for part in PARTS) + " |\n|---" + "|---:" * 7 + "|")
    for row in rows:
        cells = [row["world"], f"{row['exchanges']:,}", *(f"{row['peak_bytes'][part] / 1e9:.2f}" for part in PARTS)]
        print("| " + " | ".join([*cells, *(f"{row['cpu_seconds'][part]:.0f}" for part in PARTS)]) + " |")
    if len(rows) > 1:
        added = growing(rows)
        print("\nAn exchange adds " + ", ".join(f"{added[part]:,.0f} bytes ({part})" for part in PARTS) + ".")
        print(
            f"At 64 GB, a quarter left free: {RESERVE * GIB_64 / max(added['driver'], 1) / 1e6:,.0f} million exchanges."
        )


if __name__ == "__main__":
    main()
