"""How a scan's time and memory grow with the traffic, stage by stage, with fitted exponents.

    python bench/growth.py --scales 0.01 --scales 0.03 --scales 0.1 --worlds /tmp/growth

Each scale is the preset ``june`` with as much less of everybody; worlds are made once and kept in ``--worlds``. Every
scan runs in a fresh process. Seconds are of the clock and of the processors, workers included; the peak is the largest
sum of resident memory of the scan and its workers, sampled; what they
share is counted once. ``--json`` prints what a program needs.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np

from process_tree import tree_of

SAMPLED_EVERY_S: Final = 0.5
PAGE: Final = os.sysconf("SC_PAGE_SIZE")
SCALED: Final = ["accounts", "n_accounts", "n_customers", "n_users", "n_groups", "instances", "n_learners", "n_gangs"]
LEAST: Final = {"n_accounts": 10}  # a pool of fewer is none


def scaled_preset(scale: float) -> str:
    """Return the preset ``june`` with its counts of accounts and actors multiplied."""
    text = (resources.files("stillwatch.worlds") / "presets" / "june.toml").read_text(encoding="utf-8")
    for name in SCALED:
        least = LEAST.get(name, 1)
        text = re.sub(
            rf"(?m)^({name}) = (\d+)$",
            lambda match, least=least: f"{match[1]} = {max(least, round(int(match[2]) * scale))}",
            text,
        )
    return text


def made_world(folder: Path, scale: float, seed: int) -> Path:
    """Return the folder of a world, made where it is not there yet."""
    out = folder / f"june-{scale:g}-{seed}"
    if not (out / "world.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        preset = folder / f"june-{scale:g}.toml"
        preset.write_text(scaled_preset(scale), encoding="utf-8")
        command = [sys.executable, "-m", "stillwatch", "world", "--preset", str(preset), "--seed", str(seed)]
        subprocess.run([*command, "--out", str(out), "--json"], check=True, capture_output=True)
    return out


def resident_bytes(root: int) -> int:
    """Return the resident memory of a process and all below it; what they share is counted once (PSS)."""
    below = tree_of(root)
    return plain_bytes(root) if below == [root] else sum(proportional_bytes(pid) for pid in below)


def plain_bytes(pid: int) -> int:
    """Return a process's resident memory, which costs it nothing to say; 0 where it has just ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except OSError:
        return 0


def proportional_bytes(pid: int) -> int:
    """Return a process's proportional set size, for which the kernel walks its pages; 0 where it has just ended."""
    try:
        found = re.search(r"^Pss:\s+(\d+) kB$", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def measured(world: Path, key: Path, out: Path) -> dict[str, Any]:
    """Scan a world in a fresh process and return what it took."""
    command = [sys.executable, "-m", "stillwatch", "scan", str(world / "exchanges.parquet")]
    command += ["--accounts", str(world / "accounts.parquet")]
    command += ["--authorisations", str(world / "authorisations.parquet")]
    command += ["--key-file", str(key), "--out", str(out), "--replace", "--json"]
    begun, before = time.perf_counter(), os.times()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max(peak, resident_bytes(process.pid))
        time.sleep(SAMPLED_EVERY_S)
    if process.returncode:
        raise SystemExit(f"the scan of {world} ended with {process.returncode}")
    after = os.times()
    run = json.loads((out / "run.json").read_text())
    return {
        "world": world.name,
        "exchanges": run["counts"]["used"],
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": after.children_user + after.children_system - before.children_user - before.children_system,
        "peak_bytes": peak,
        "stages": {stage["name"]: stage["seconds"] for stage in run["stages"]},
    }


def exponent(sizes: list[int], values: list[float]) -> float | None:
    """Return the slope of the logarithms by least squares; null for fewer than two sizes."""
    if len(sizes) < 2 or min(values) <= 0:
        return None
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def table(rows: list[dict[str, Any]]) -> str:
    """Return the measurements as Markdown, the exponents in the last line."""
    stages = list(rows[0]["stages"])
    lines = [
        "| "
        + " | ".join(["exchanges", "seconds", "processor seconds", "peak GB", *(f"{s}, s" for s in stages)])
        + " |",
        "|" + "---:|" * (4 + len(stages)),
    ]
    for row in rows:
        values = [f"{row['exchanges']:,}", f"{row['seconds']:.1f}", f"{row['cpu_seconds']:.1f}"]
        values += [f"{row['peak_bytes'] / 1e9:.2f}", *(f"{row['stages'][s]:.1f}" for s in stages)]
        lines.append("| " + " | ".join(values) + " |")
    fitted = [fitted_exponents(rows)[name] for name in ("seconds", "cpu_seconds", "peak_bytes", *stages)]
    lines.append("| exponent | " + " | ".join("-" if value is None else f"{value:.2f}" for value in fitted) + " |")
    return "\n".join(lines)


def fitted_exponents(rows: list[dict[str, Any]]) -> dict[str, float | None]:
    """Return the exponent of each measure in the number of exchanges."""
    sizes = [row["exchanges"] for row in rows]
    found = {name: exponent(sizes, [row[name] for row in rows]) for name in ("seconds", "cpu_seconds", "peak_bytes")}
    return found | {s: exponent(sizes, [row["stages"][s] for row in rows]) for s in rows[0]["stages"]}


def main() -> None:
    """Measure every scale and print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scales", type=float, action="append", help="of the preset june; 1 is ten million exchanges")
    parser.add_argument("--worlds", type=Path, default=Path("growth"), help="where worlds and cases lie")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    key = arguments.worlds / "sketch.key"
    rows = []
    for scale in sorted(arguments.scales or [0.01, 0.03, 0.1]):
        world = made_world(arguments.worlds, scale, arguments.seed)
        if not key.exists():
            subprocess.run(
                [sys.executable, "-m", "stillwatch", "key", "new", str(key)], check=True, capture_output=True
            )
        rows.append(measured(world, key, arguments.worlds / f"case-{scale:g}"))
    if arguments.json:
        print(json.dumps({"cores": os.cpu_count(), "rows": rows, "exponents": fitted_exponents(rows)}, indent=2))
    else:
        print(table(rows))


if __name__ == "__main__":
    main()
