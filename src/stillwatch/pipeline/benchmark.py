"""The benchmark: scenarios, stillwatch and its rivals in one run, each job in a process of its own, two at a time."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from scipy.stats import beta

from stillwatch import __version__
from stillwatch.errors import OutputError, UsageError
from stillwatch.pipeline.scenarios import SKETCHED, Scenario, WorldRecipe, chosen
from stillwatch.worlds.rivals.catalogue import RIVALS

SCHEMA_NAME: Final = "stillwatch.bench/1"
N_PROCESSES: Final = 2
NULLS_A_JOB: Final = 10  # worlds of one process: its start of two seconds is spread over them
LIMIT_S: Final[Mapping[str, int]] = {"smoke": 60, "nightly": 300, "full": 1800}  # of one rival on one world
JOB_MODULE: Final = "stillwatch.pipeline.benchmark_job"
ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
)  # each job has one core: times of different systems are of the same machine
SYSTEM: Final = "stillwatch"
CONFIDENCE: Final = 0.95

Progress = Callable[[str, int, int], None]
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BenchmarkRequest:
    """What to run.

    Args:
        size: ``smoke``, ``nightly`` or ``full``.
        scenarios: ids; none runs all of the size.
        rivals: names; None runs all, an empty tuple none.
        worlds: where worlds are kept from run to run.
        n_processes: jobs at a time.
    """

    size: str
    worlds: Path
    scenarios: tuple[str, ...] = ()
    rivals: tuple[str, ...] | None = None
    n_processes: int = N_PROCESSES


@dataclass(frozen=True, slots=True)
class Job:
    """One process: what it is asked, whose row it gives, and how long it may take."""

    name: str
    scenario: Scenario
    system: str
    document: Document
    limit_s: int | None = None
    cost: float = field(default=0.0)  # about how long, in any unit: long jobs start first


def run_benchmark(request: BenchmarkRequest, progress: Progress) -> Document:
    """Run every job and return the results as one document.

    Args:
        request: what to run.
        progress: told the name of a job that is done, how many are, and how many there are.

    Raises:
        UsageError: no such size, scenario or rival.
        OutputError: the folder of worlds cannot be made.
    """
    scenarios = chosen(request.size, request.scenarios)
    names = _rivals(request.rivals)
    try:
        request.worlds.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(str(request.worlds), "cannot be made", got=error.strerror, fix="Choose another.") from None
    start = time.monotonic()
    worlds = list(_world_jobs(scenarios, request))
    jobs = sorted(_jobs(scenarios, names, request), key=lambda job: -job.cost)
    with _Workers(request.n_processes) as workers:
        made = workers.run(worlds, lambda name, done: progress(name, done, len(worlds) + len(jobs)))
        unmade = {job.name for job, result in made if result["status"] != "done"}
        ready = [job for job in jobs if f"world {_key(job.scenario.world)}" not in unmade]
        found = workers.run(ready, lambda name, done: progress(name, len(worlds) + done, len(worlds) + len(jobs)))
    document = summarised(request, scenarios, made, found)
    document["seconds"] = round(time.monotonic() - start, 1)
    return document


def _rivals(asked: tuple[str, ...] | None) -> tuple[str, ...]:
    unknown = sorted(set(asked or ()) - RIVALS.keys())
    if unknown:
        raise UsageError("--rivals", "no such rival", got=", ".join(unknown), expected=", ".join(RIVALS))
    return tuple(RIVALS) if asked is None else asked


def _key(recipe: WorldRecipe) -> str:
    changes = "".join(f" {name}={value}" for name, value in sorted(recipe.campaign.items()))
    return f"{recipe.preset}-{recipe.split}-{recipe.seed}{changes}"


def _world_jobs(scenarios: Sequence[Scenario], request: BenchmarkRequest) -> Iterator[Job]:
    wanted = {_key(scenario.world): scenario for scenario in scenarios if not scenario.n_worlds}
    for key, scenario in wanted.items():
        yield Job(f"world {key}", scenario, "", _document("world", scenario, request))


def _document(kind: str, scenario: Scenario, request: BenchmarkRequest) -> Document:
    world = asdict(scenario.world) | {"campaign": dict(scenario.world.campaign)}
    return {"kind": kind, "world": world, "cache": str(request.worlds), "settings": dict(scenario.settings)}


def _jobs(scenarios: Sequence[Scenario], rivals: Sequence[str], request: BenchmarkRequest) -> Iterator[Job]:
    for scenario in scenarios:
        weight = {"hard": 5.0, "standard": 15.0, "tiny": 0.1}.get(scenario.world.preset, 1.0)
        if scenario.n_worlds:
            n, first = scenario.n_worlds[request.size], scenario.world.seed
            for start in range(first, first + n, NULLS_A_JOB):
                seeds = list(range(start, min(start + NULLS_A_JOB, first + n)))
                document = _document("nulls", scenario, request) | {"seeds": seeds}
                yield Job(f"{scenario.id} {seeds[0]} to {seeds[-1]}", scenario, SYSTEM, document, cost=0.5)
            continue
        document = _document("scan", scenario, request)
        document |= {"change": scenario.change, "discipline": scenario.discipline}
        cost = weight * (1.5 if scenario.change == SKETCHED else 1.0)
        yield Job(f"{scenario.id} {SYSTEM}", scenario, SYSTEM, document, cost=cost)
        if scenario.has_rivals:
            for name in rivals:
                document = _document("rival", scenario, request) | {"rival": name}
                limit_s = LIMIT_S[request.size]
                yield Job(f"{scenario.id} {name}", scenario, name, document, limit_s, cost=weight / 2)


class _Workers:
    """Runs jobs as processes, some at a time; none outlives it."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._pool = ThreadPoolExecutor(n)
        self._alive: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._is_closed = True
            for process in self._alive:
                _kill(process)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def run(self, jobs: Sequence[Job], done: Callable[[str, int], None]) -> list[tuple[Job, Document]]:
        """Return each job's result, in the order of the jobs; ``done`` is told of each, and regularly."""
        waiting: dict[Future[Document], Job] = {self._pool.submit(self._run, job): job for job in jobs}
        order = list(waiting)
        pending = set(waiting)
        n_done = 0
        while pending:
            finished, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
            n_done += len(finished)
            for future in finished:
                done(waiting[future].name, n_done)
            if not finished:
                done("", n_done)
        return [(waiting[future], future.result()) for future in order]

    def _run(self, job: Job) -> Document:
        with tempfile.TemporaryDirectory(
            prefix=".job-", dir=job.document["cache"]
        ) as folder:  # removed with a killed job
            asked, answer, said = (Path(folder) / name for name in ("job.json", "result.json", "stderr"))
            asked.write_text(json.dumps(job.document), encoding="utf-8")
            with said.open("wb") as errors:
                command = [sys.executable, "-m", JOB_MODULE, str(asked), str(answer)]
                with self._lock:
                    if self._is_closed:
                        return {"status": "failed", "problem": "stopped"}
                    process = subprocess.Popen(  # noqa: S603 - our own module
                        command, stdout=subprocess.DEVNULL, stderr=errors,
                        env={**os.environ, **ONE_THREAD}, start_new_session=True,
                    )  # fmt: skip
                    self._alive.add(process)
                try:
                    process.wait(job.limit_s)
                except subprocess.TimeoutExpired:
                    _kill(process)
                    process.wait()
                    return {"status": "did not finish", "problem": f"stopped after {job.limit_s} s"}
                finally:
                    with self._lock:
                        self._alive.discard(process)
            if process.returncode or not answer.is_file():
                lines = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                last = lines[-1] if lines else "it said nothing"
                return {"status": "failed", "problem": f"exit status {process.returncode}: {last}"}
            result: Document = json.loads(answer.read_text(encoding="utf-8"))
            return result


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a job and every process that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


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
