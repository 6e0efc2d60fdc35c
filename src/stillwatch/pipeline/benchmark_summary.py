"""The results of a benchmark's jobs as one document: a row a scenario and system, and what failed."""

import os
from collections.abc import Mapping, Sequence
from typing import Final

from scipy.stats import beta

from stillwatch import __version__
from stillwatch.pipeline.benchmark_plan import SYSTEM, BenchmarkRequest, Document, Job
from stillwatch.pipeline.scenarios import SKETCHED, Scenario
from stillwatch.worlds.rivals.catalogue import RIVALS

SCHEMA_NAME: Final = "stillwatch.bench/1"
CONFIDENCE: Final = 0.95


def summarised(
    request: BenchmarkRequest,
    scenarios: Sequence[Scenario],
    made: Sequence[tuple[Job, Document]],
    found: Sequence[tuple[Job, Document]],
) -> Document:
    """Return the results of all jobs as one document: a row a scenario and system, and what failed."""
    rows = []
    by_scenario: dict[str, list[tuple[Job, Document]]] = {}
    for job, result in found:
        by_scenario.setdefault(job.scenario.id, []).append((job, result))
    for scenario in scenarios:
        mine = by_scenario.get(scenario.id, [])
        if scenario.n_worlds:
            rows += [_null_row(scenario, [result for _, result in mine])] if mine else []
        else:
            rows += [{"scenario": scenario.id, "system": job.system, **result} for job, result in mine]
    _compare(rows, {scenario.id: scenario for scenario in scenarios})
    failures = [f"{job.name}: {result['problem']}" for job, result in made if result["status"] != "done"]
    failures += [f"{row['scenario']} {row['system']}: {row['problem']}" for row in rows if row["status"] == "failed"]
    return {
        "schema": SCHEMA_NAME,
        "stillwatch_version": __version__,
        "size": request.size,
        "n_processes": request.n_processes,
        "n_cores": os.cpu_count(),
        "scenarios": {one.id: {"about": one.about, "base": one.base, "change": one.change} for one in scenarios},
        "rivals": {
            name: {"source": RIVALS[name].source, "setting": RIVALS[name].setting}
            for name in sorted({row["system"] for row in rows} & RIVALS.keys())
        },
        "rows": rows,
        "failures": failures,
    }


def _compare(rows: Sequence[Document], scenarios: Mapping[str, Scenario]) -> None:
    """Put speeds beside stillwatch's on the same world, and say whether sketches gave the same case."""
    own = {row["scenario"]: row for row in rows if row["system"] == SYSTEM and row["status"] == "done"}
    for row in rows:
        scenario = scenarios[row["scenario"]]
        base = own.get(scenario.base or scenario.id)
        if row["status"] != "done":
            continue
        if base and row.get("seconds") and not scenario.n_worlds:
            row["speed_ratio"] = base["seconds"] / row["seconds"]
        if scenario.change == SKETCHED and base:
            row["is_same_case"] = row["digests"] == base["digests"]
            if not row["is_same_case"]:
                row |= {"status": "failed", "problem": "the sketches give another case than the texts"}


def _null_row(scenario: Scenario, results: Sequence[Document]) -> Document:
    """Return one row for all small worlds: how many accuse anybody, and an upper bound of that share."""
    broken = [result for result in results if result["status"] != "done"]
    worlds = [world for result in results if result["status"] == "done" for world in result["worlds"]]
    scanned = [world for world in worlds if "problem" not in world]
    refused = [world for world in worlds if "problem" in world]
    accusing = [world for world in scanned if world["n_groups_accused"]]
    n_accused, n_accounts = (sum(world[key] for world in scanned) for key in ("n_accused", "accounts"))
    row = {
        "scenario": scenario.id,
        "system": SYSTEM,
        "status": "failed" if broken or refused else "done",
        "n_worlds": len(scanned),
        "n_worlds_accusing": len(accusing),
        "share_accusing": len(accusing) / len(scanned) if scanned else None,
        "share_accusing_at_most": upper_bound(len(accusing), len(scanned)),
        "seeds_accusing": [world["seed"] for world in accusing],
        "seeds_refused": [world["seed"] for world in refused],
        "n_accused": n_accused,
        "accounts": n_accounts,
        "exchanges": sum(world["exchanges"] for world in scanned),
        "false_positive_rate": n_accused / n_accounts if n_accounts else None,
        "seconds": sum(world["seconds"] for world in scanned),
        "peak_bytes": max((result.get("peak_bytes", 0) for result in results), default=0),
    }
    problems = [result["problem"] for result in broken] + [world["problem"] for world in refused]
    if problems:
        row["problem"] = f"{len(problems)} not scanned, the first: {problems[0]}"
    return row


def upper_bound(k: int, n: int) -> float | None:
    """Return the largest share that k of n does not refute at 95%, one-sided; null of nothing.

    Source: Clopper and Pearson 1934, The use of confidence or fiducial limits illustrated in the case of the binomial.
    """
    if n == 0:
        return None
    return 1.0 if k == n else float(beta.ppf(CONFIDENCE, k + 1, n - k))
