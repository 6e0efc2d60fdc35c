"""Who is accused where nobody should be: python bench/honest_pools.py [--preset bench/pools.toml] [--seeds 1 2 3].

Makes worlds without a campaign, scans each, and prints for every class how many accounts there are, how many are
accused, and in how many groups that are undetermined it has the most accounts. ``bench/pools.toml`` holds many honest
pools that pass failed items on as campaigns do; ``--preset null-small`` is the benchmark's own. The last line bounds
the share of worlds that accuse anybody, exactly, at 95% (Clopper and Pearson 1934).
"""

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
from scipy.stats import beta

from stillwatch.pipeline.benchmark_job import make_world, request_of
from stillwatch.pipeline.scan import scan
from stillwatch.pipeline.scenarios import WorldRecipe


def counted(preset: str, seed: int, split: str) -> dict[str, Counter[str]]:
    """Return, by class, the accounts of one world, those accused, and the groups that are undetermined."""
    with tempfile.TemporaryDirectory() as name:
        world, case = Path(name) / "world", Path(name) / "case"
        make_world(WorldRecipe(preset, seed, split), world)
        scan(request_of(world, case, {}), lambda *_: None)
        groups = json.loads((case / "campaigns.json").read_text(encoding="utf-8"))["campaigns"]
        truth = pq.read_table(world / "truth_accounts.parquet")
    of = dict(zip(truth["account_id"].to_pylist(), truth["class"].to_pylist(), strict=True))
    accused = {account for group in groups if group["is_accusation"] for account in group["accounts"]}
    open_groups = [group["accounts"] for group in groups if group["leading_hypothesis"] == "undetermined"]
    return {
        "accounts": Counter(of.values()),
        "accused": Counter(of[account] for account in accused),
        "undetermined groups": Counter(Counter(of[a] for a in group).most_common(1)[0][0] for group in open_groups),
    }


def main() -> None:
    """Print a row a class, and the bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="bench/pools.toml")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--split", choices=("tune", "report"), default="report")
    asked = parser.parse_args()
    total: dict[str, Counter[str]] = {}
    n_accusing = 0
    for seed in asked.seeds:
        found = counted(asked.preset, seed, asked.split)
        n_accusing += bool(found["accused"])
        for column, counts in found.items():
            total.setdefault(column, Counter()).update(counts)
    print(f"{'class':24} {'accounts':>9} {'accused':>8} {'undetermined groups':>20}")
    for label, n in sorted(total["accounts"].items()):
        print(f"{label:24} {n:9} {total['accused'][label]:8} {total['undetermined groups'][label]:20}")
    n = len(asked.seeds)
    most = float(beta.ppf(0.95, n_accusing + 1, n - n_accusing)) if n_accusing < n else 1.0
    print(f"{n_accusing} of {n} worlds accuse anybody; at most {most:.1%} do, at 95%")


if __name__ == "__main__":
    main()
