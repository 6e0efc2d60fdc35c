"""The benchmark: scenarios, stillwatch and its rivals in one run, each job in a process of its own, two at a time."""

import time
from collections.abc import Callable

from stillwatch.errors import OutputError, UsageError
from stillwatch.pipeline.benchmark_plan import BenchmarkRequest, Document, scenario_jobs, world_jobs, world_key
from stillwatch.pipeline.benchmark_processes import JobProcesses
from stillwatch.pipeline.benchmark_summary import summarised
from stillwatch.pipeline.scenarios import chosen
from stillwatch.worlds.rivals.catalogue import RIVALS

Progress = Callable[[str, int, int], None]


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
    worlds = list(world_jobs(scenarios, request))
    jobs = sorted(scenario_jobs(scenarios, names, request), key=lambda job: -job.cost)
    with JobProcesses(request.n_processes) as workers:
        made = workers.run(worlds, lambda name, done: progress(name, done, len(worlds) + len(jobs)))
        unmade = {job.name for job, result in made if result["status"] != "done"}
        ready = [job for job in jobs if f"world {world_key(job.scenario.world)}" not in unmade]
        found = workers.run(ready, lambda name, done: progress(name, len(worlds) + done, len(worlds) + len(jobs)))
    document = summarised(request, scenarios, made, found)
    document["seconds"] = round(time.monotonic() - start, 1)
    return document


def _rivals(asked: tuple[str, ...] | None) -> tuple[str, ...]:
    unknown = sorted(set(asked or ()) - RIVALS.keys())
    if unknown:
        raise UsageError("--rivals", "no such rival", got=", ".join(unknown), expected=", ".join(RIVALS))
    return tuple(RIVALS) if asked is None else asked
