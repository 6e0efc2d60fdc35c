"""One job of the benchmark in a process of its own, so that its time and memory are its own.

Called as ``python -m stillwatch.pipeline.benchmark_job JOB.json RESULT.json``.
"""

import hashlib
import json
import re
import resource
import shutil
import sys
import time
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch import __version__
from stillwatch.errors import StillwatchError
from stillwatch.pipeline.ablation import take_away
from stillwatch.pipeline.scan import ScanRequest, scan
from stillwatch.pipeline.scenarios import SKETCHED, WorldRecipe
from stillwatch.pipeline.settings import Settings
from stillwatch.pipeline.sketched_scan import SKETCHES_FILE, scan_sketched, sketch_world
from stillwatch.sketches.key import SketchKey
from stillwatch.worlds.account import DISTILLATION
from stillwatch.worlds.generator import build_world, write_world
from stillwatch.worlds.metrics.agreement import campaign_agreement
from stillwatch.worlds.metrics.case import case_metrics
from stillwatch.worlds.metrics.decision import account_metrics
from stillwatch.worlds.metrics.truth import read_truth
from stillwatch.worlds.presets import load_preset
from stillwatch.worlds.rivals.catalogue import EXTRA, RIVALS, missing_modules
from stillwatch.worlds.rivals.rival import ALONE, Scored, read_traffic_of
from stillwatch.worlds.rivals.verdict import best_decision, recall_at_rate
from stillwatch.worlds.texts import Split

COMPARED: Final = ("campaigns.json", "accounts.parquet", "exchanges.parquet")
FALSE_POSITIVES: Final = 0.003  # of the published content test on benign windows: where rivals' recall is compared
MEMORY_MIB: Final = 4096  # of the embedded engine: two of them fit an ordinary machine
MONTH_DAYS: Final = 30
WANTED: Final = 1_000_000  # accepted exchanges a month, to which an adversary's cost is scaled


def peak_bytes() -> int:
    """Return the most memory that this process, or a child of it, ever held."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024  # Linux counts KiB
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return max(children, int(re.findall(r"VmHWM:\s*(\d+) kB", status)[0]) * 1024)
    except (OSError, IndexError):
        return max(children, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def recipe_of(job: dict[str, Any]) -> WorldRecipe:
    """Return the world's recipe in a job."""
    return WorldRecipe(**job["world"])


def world_folder(recipe: WorldRecipe, cache: Path) -> Path:
    """Return where a world is kept; its name changes with everything that the world depends on."""
    text = json.dumps([recipe.preset, recipe.seed, recipe.split, dict(recipe.campaign), __version__, _sources()])
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return cache / f"{Path(recipe.preset).stem}-{recipe.split}-{recipe.seed}-{digest}"


def _sources() -> str:
    """Return a digest of what makes worlds: code, presets, templates and corpora."""
    digest = hashlib.sha256()
    root = Path(str(resources.files("stillwatch.worlds")))
    for path in sorted(root.rglob("*")):
        part = path.relative_to(root).parts[0]
        if path.is_file() and path.suffix != ".pyc" and part not in ("metrics", "rivals"):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def make_world(recipe: WorldRecipe, out: Path) -> None:
    """Make a world in a folder."""
    preset = load_preset(recipe.preset)
    actors = []
    for table in preset.actors:
        parameters = dict(table.parameters)
        if table.kind == "campaign":
            parameters |= recipe.campaign
        actors.append(replace(table, parameters={k: v for k, v in parameters.items() if v is not None}))
    made = build_world(replace(preset, actors=tuple(actors)), recipe.seed, cast("Split", recipe.split))
    write_world(made, out)


def request_of(tables: Path, out: Path, settings: dict[str, Any]) -> ScanRequest:
    """Return a scan of a world's input tables on one thread, with the published demonstration key."""
    return ScanRequest(
        [str(tables / "exchanges.parquet")],
        out,
        SketchKey.public_demo_key(),
        [str(tables / "accounts.parquet")],
        [str(tables / "authorisations.parquet")],
        Settings(**{"threads": 1, "memory_mib": MEMORY_MIB, **settings}),
    )


def run_scan(job: dict[str, Any], work: Path) -> dict[str, Any]:
    """Scan a world, changed as the job says, and measure the case."""
    world = world_folder(recipe_of(job), Path(job["cache"]))
    tables, case = world, work / "case"
    if job["change"]:
        tables = work / "tables"
        if job["change"] == SKETCHED:
            sketch_world(world, tables, SketchKey.public_demo_key())
        else:
            take_away(job["change"], world, tables)
    request = request_of(tables, case, job["settings"])
    start = time.perf_counter()
    if job["change"] == SKETCHED:
        found = scan_sketched(request, tables / SKETCHES_FILE, _silent)
    else:
        found = scan(request, _silent)
    seconds = time.perf_counter() - start
    peak = peak_bytes()
    return {
        "seconds": seconds,
        "peak_bytes": peak,
        "exchanges": found.funnel.used,
        "accounts": found.funnel.accounts,
        **case_metrics(case, world),
        "recall_at_low_rate": ranked_recall(case, world),
        "digests": {name: hashlib.sha256((case / name).read_bytes()).hexdigest() for name in COMPARED},
        **({"cost": adversary_cost(world)} if job.get("discipline") else {}),
    }


def ranked_recall(case: Path, world: Path) -> float | None:
    """Return a case's recall at the rate at which rivals are compared, accounts ranked by ``p_member``."""
    accounts = pq.read_table(case / "accounts.parquet", columns=["account_id", "p_member"])
    scores = accounts["p_member"].to_numpy()
    answer = Scored("p_member", scores, np.full(len(scores), ALONE, np.int64))
    return recall_at_rate(read_truth(world), accounts["account_id"].to_pylist(), [answer], FALSE_POSITIVES)


def adversary_cost(world: Path) -> dict[str, float | None]:
    """Return what a million accepted exchanges a month would cost the adversary of a world, from its truth.

    Accepted is a request of the campaign that was answered, with status 200, and not refused. Accounts are those of the
    campaign in the world; what they send besides, their cover and failed attempts, counts as requests.
    """
    truth = read_truth(world)
    members = truth.members()
    days = int(json.loads((world / "world.json").read_text(encoding="utf-8"))["days"])
    labels = pq.read_table(world / "truth_exchanges.parquet", columns=["exchange_id", "class"])
    columns = ["exchange_id", "account_id", "status", "refused", "response"]
    rows = pq.read_table(world / "exchanges.parquet", columns=columns)
    mine = rows.filter(pc.is_in(rows["account_id"], value_set=pc.cast(members, "string"))).join(labels, "exchange_id")
    is_work = pc.equal(mine["class"], DISTILLATION)
    is_answered = pc.and_(pc.equal(mine["status"], 200), pc.is_valid(mine["response"]))
    is_accepted = pc.and_(pc.and_(is_work, is_answered), pc.invert(pc.fill_null(mine["refused"], fill_value=False)))
    accepted = int(np.count_nonzero(is_accepted.to_numpy()))
    if not accepted:
        return {"accounts": None, "pools": None, "requests_per_accepted": None, "requests": None}
    accounts = WANTED / (accepted / len(members) / days * MONTH_DAYS)
    per_accepted = len(mine) / accepted
    return {
        "accounts": accounts,
        "pools": accounts / len(members),
        "requests_per_accepted": per_accepted,
        "requests": per_accepted * WANTED,
    }


def run_rival(job: dict[str, Any], work: Path) -> dict[str, Any]:
    """Let a rival score a world and measure its best decision."""
    del work
    rival = RIVALS[job["rival"]]
    missing = missing_modules(rival)
    if missing:
        problem = f"needs {', '.join(missing)}: {EXTRA}"
        return {"status": "not installed", "problem": problem}
    world = world_folder(recipe_of(job), Path(job["cache"]))
    start = time.perf_counter()
    traffic = read_traffic_of(world)
    answers = rival.score(traffic)
    seconds = time.perf_counter() - start
    peak = peak_bytes()
    truth = read_truth(world)
    best = best_decision(truth, traffic.account_ids, answers)
    return {
        "seconds": seconds,
        "peak_bytes": peak,
        "exchanges": len(traffic.exchanges),
        "accounts": len(traffic.account_ids),
        **account_metrics(truth, best.decision),
        "agreement": campaign_agreement(truth, best.decision),
        "recall_at_low_rate": recall_at_rate(truth, traffic.account_ids, answers, FALSE_POSITIVES),
        "best_setting": best.setting,
        "best_threshold": best.threshold if np.isfinite(best.threshold) else None,
    }


def run_nulls(job: dict[str, Any], work: Path) -> dict[str, Any]:
    """Make and scan small worlds without a campaign; one that cannot be scanned is counted, not hidden."""
    worlds = []
    recipe = recipe_of(job)
    for seed in job["seeds"]:
        world, case = work / f"world-{seed}", work / f"case-{seed}"
        make_world(replace(recipe, seed=seed), world)
        start = time.perf_counter()
        try:
            found = scan(request_of(world, case, job["settings"]), _silent)
        except StillwatchError as refusal:
            worlds.append({"seed": seed, "problem": refusal.sentence()})
            continue
        finally:
            seconds = time.perf_counter() - start
        measured = case_metrics(case, world)
        kept = ("n_accused", "n_groups_accused", "registered_accused", "accused_by_class", "account_calibration_error")
        counts = {"accounts": found.funnel.accounts, "exchanges": found.funnel.used, "seconds": seconds}
        worlds.append({"seed": seed, **counts, **{name: measured[name] for name in kept}})
        shutil.rmtree(world)
        shutil.rmtree(case)
    return {"worlds": worlds, "peak_bytes": peak_bytes()}


def run_world(job: dict[str, Any], work: Path) -> dict[str, Any]:
    """Make a world where it is not kept already."""
    recipe = recipe_of(job)
    folder = world_folder(recipe, Path(job["cache"]))
    start = time.perf_counter()
    if not folder.is_dir():
        make_world(recipe, work / "world")
        try:
            (work / "world").rename(folder)  # it has its name only once it is whole
        except OSError:
            if not folder.is_dir():  # another run that shares the folder was faster
                raise
    return {"seconds": time.perf_counter() - start, "peak_bytes": peak_bytes()}


def _silent(name: str, done: int, total: int) -> None:
    del name, done, total


KINDS: Final = {"world": run_world, "scan": run_scan, "rival": run_rival, "nulls": run_nulls}


def run_job(job: dict[str, Any], work: Path) -> dict[str, Any]:
    """Run one job and return its result; a refusal is a result."""
    try:
        return {"status": "done", **KINDS[job["kind"]](job, work)}
    except StillwatchError as refusal:
        return {"status": "failed", "problem": refusal.sentence()}


def main(job: Path, result: Path) -> None:
    """Run the job of one file beside it and write its result to another; the caller removes the folder."""
    found = run_job(json.loads(job.read_text(encoding="utf-8")), job.parent)
    result.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
