"""Measure detection on worlds with known truth: recall a campaign, and the innocent accused a look-alike class.

Usage: python bench/detection.py [--presets demo null hard] [--seeds 21 22 23] [--split report] [--json FILE]

The table of docs/results.md comes from here. Scans run exactly as `stillwatch scan` does, with the released weights.
Scenario ids are permanent: PRESET/SPLIT/SEED.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from stillwatch.pipeline.scan import ScanRequest, scan
from stillwatch.sketches.key import SketchKey
from stillwatch.worlds.generator import build_world, write_world
from stillwatch.worlds.presets import load_preset

DISTILLATION = "distillation"


def measured(preset: str, split: str, seed: int) -> dict[str, object]:
    """Return recall by campaign and the accused by class for one scenario."""
    with tempfile.TemporaryDirectory() as name:
        world, case_folder = Path(name) / "world", Path(name) / "case"
        write_world(build_world(load_preset(preset), seed, split), world)
        request = ScanRequest(
            [str(world / "exchanges.parquet")],
            case_folder,
            SketchKey.public_demo_key(),
            [str(world / "accounts.parquet")],
            [str(world / "authorisations.parquet")],
        )
        start = time.perf_counter()
        case = scan(request, lambda *_: None)
        seconds = time.perf_counter() - start
        truth = pq.read_table(world / "truth_accounts.parquet", columns=["account_id", "class", "group_id"]).to_pydict()
    kind = dict(zip(truth["account_id"], truth["class"], strict=True))
    group = dict(zip(truth["account_id"], truth["group_id"], strict=True))
    accused = {name for campaign in case.campaigns if campaign.is_accusation for name in campaign.accounts}
    members = Counter(group[name] for name, label in kind.items() if label == DISTILLATION)
    found = Counter(group[name] for name in accused if kind[name] == DISTILLATION)
    wrong = Counter(kind[name] for name in accused if kind[name] != DISTILLATION)
    return {
        "scenario": f"{preset}/{split}/{seed}",
        "exchanges": case.funnel.used,
        "accounts": len(kind),
        "campaigns": {name: [found[name], n] for name, n in sorted(members.items())},
        "accused_innocent": dict(sorted(wrong.items())),
        "seconds": round(seconds, 1),
    }


def row(result: dict[str, object]) -> str:
    """Return one Markdown row."""
    campaigns: dict[str, list[int]] = result["campaigns"]  # type: ignore[assignment]
    wrong: dict[str, int] = result["accused_innocent"]  # type: ignore[assignment]
    by_campaign = ", ".join(
        f"{name.removeprefix('distillation-')} {found}/{n}" for name, (found, n) in campaigns.items()
    )
    accused = sum(found for found, _ in campaigns.values()) + sum(wrong.values())
    total = sum(n for _, n in campaigns.values())
    precision = f"{1 - sum(wrong.values()) / accused:.3f}" if accused else "-"
    recall = f"{(accused - sum(wrong.values())) / total:.3f}" if total else "-"
    innocent = ", ".join(f"{name} {n}" for name, n in wrong.items()) or "0"
    cells = (result["scenario"], f"{result['exchanges']:,}", precision, recall, innocent, by_campaign or "none planted")
    return "| " + " | ".join(str(cell) for cell in (*cells, result["seconds"])) + " |"


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", nargs="+", default=["demo", "null", "hard"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[21, 22, 23])
    parser.add_argument("--split", default="report", choices=["tune", "report"])
    parser.add_argument("--json", type=Path, help="also write the results here")
    asked = parser.parse_args()
    print("| scenario | exchanges | precision | recall | innocent accused | found of each campaign | scan, s |")
    print("|---|---:|---:|---:|---|---|---:|")
    results = []
    for preset in asked.presets:
        for seed in asked.seeds:
            results.append(measured(preset, asked.split, seed))
            print(row(results[-1]), flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
