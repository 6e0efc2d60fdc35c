"""A whole scan: from files to CASE/."""

import os
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from stillwatch import __version__
from stillwatch.dossiers.case import Case
from stillwatch.engines.embedded import EmbeddedEngine
from stillwatch.engines.engine import Engine
from stillwatch.engines.side_by_side import IN_TURN, SideBySide
from stillwatch.engines.spark import SparkEngine
from stillwatch.links.population import Population, accounts_from, exchanges_from
from stillwatch.pipeline.analysis import Analysis, analyse
from stillwatch.pipeline.assembly import assemble
from stillwatch.pipeline.decided import Making, with_decisions
from stillwatch.pipeline.intake import Given, Intake, Taken, TrafficIntake
from stillwatch.pipeline.output import case_folder, write_case
from stillwatch.pipeline.registry import Registry, read_registry
from stillwatch.pipeline.settings import Settings
from stillwatch.pipeline.stored import OrderedColumn, StoredTable
from stillwatch.records.registers import Register, read_accounts, read_authorisations, whole
from stillwatch.records.traffic import ReadOptions, read_traffic
from stillwatch.sketches.capability import CapabilityModel
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.sketch import Sketcher

MEMORY_SHARE = 0.25  # of the machine, for the embedded engine; the arrays of the population come on top
MOST_MEMORY = 2 * 2**30  # for the embedded engine; beyond it, it spills: more saves little

MOST_UNMATCHED = 100  # rows of the registry that name nobody, listed in run.json
LEAST_SIDE_BY_SIDE = 200_000  # exchanges: some ten seconds of work on groups

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """What to scan and where to put the case.

    Args:
        traffic: files, folders and globs.
        out: the case's folder.
        accounts: tables of accounts.
        authorisations: tables of the registry.
        key: the sketches' secret.
        settings: levels, weights and limits.
        read: how traffic is read.
        replace: whether an earlier case at ``out`` may be replaced.
        decisions: the desk whose decisions hold for the case, or null.
        spark_master: where Spark runs the stages that are SQL or sketching; None for the embedded engine.
    """

    traffic: Sequence[str]
    out: Path
    key: SketchKey
    accounts: Sequence[str] = ()
    authorisations: Sequence[str] = ()
    settings: Settings = field(default_factory=Settings)
    read: ReadOptions = field(default_factory=ReadOptions)
    replace: bool = False
    decisions: Path | None = None
    spark_master: str | None = None


class StageClock:
    """Seconds and peak memory of each stage, for the run's record."""

    def __init__(self) -> None:
        self.stages: list[dict[str, Any]] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a block as one stage."""
        start = time.perf_counter()
        yield
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts KiB
        self.stages.append({"name": name, "seconds": round(time.perf_counter() - start, 3), "peak_bytes": peak})


def scan(request: ScanRequest, progress: Progress, intake: Intake | None = None) -> Case:
    """Run every stage and leave a case at ``request.out``.

    Args:
        request: what to scan.
        progress: told of each stage.
        intake: where the exchanges come from; null for the request's traffic alone.

    Guarantee: the same inputs, key and settings give the same ``campaigns.json``, ``accounts.parquet`` and
    ``exchanges.parquet`` byte for byte, whatever the order of rows or the number of threads; an
    interrupted run leaves nothing.

    Raises:
        StillwatchError: an input, a setting or the output is refused.
    """
    clock = StageClock()
    with case_folder(request.out, replace=request.replace) as folder:
        work = folder / "work"
        work.mkdir()
        engine = _engine(request, work)
        try:
            intake = intake or TrafficIntake(read_traffic(request.traffic, request.read))
            registers = _registers(request)
            sketcher = Sketcher(request.key, CapabilityModel.load())
            given = Given(sketcher, _table_of(registers, "accounts"), _table_of(registers, "authorisations"))
            with clock.stage("records and sketches"):
                taken = intake.take(given, engine, work, lambda n: progress("records and sketches", n, 0))
            progress(_engine_in_words(engine), 0, 1)
            with clock.stage("population"):
                progress("population", 0, 1)
                population = _population(taken, _n_processors(request.settings))
                registry = read_registry(population, taken.authorisations)
                engine.register_parquet("sketches", taken.sketches, taken.order)
            with clock.stage("links, campaigns and assessments"):
                workers = _workers(request.settings, len(population.exchanges))
                analysis = analyse(engine, population, registry, request.settings, progress, work, workers)
            with clock.stage("case"):
                progress("case", 0, 1)
                case_of = partial(_case_of, request, taken, intake, workers)
                case = case_of(analysis)
                if request.decisions is not None:
                    analysis, case = with_decisions(
                        analysis, case, request.decisions, Making(case_of, request.settings, progress)
                    )
                run = _run_record(request, sketcher, engine, taken, clock)
                run["registers"] = {name: _register_record(one) for name, one in registers.items()}
                if "authorisations" in registers:
                    run["registers"]["authorisations"] |= _unmatched(registry)
                ids = OrderedColumn(taken.sketches, taken.order, "exchange_id")  # not kept: it is wanted here alone
                write_case(folder, case, analysis, ids, taken.quarantine, run, workers)
        finally:
            engine.close()
            _remove(work)
        intake.keep(folder)
        progress("done", 1, 1)
    return case


def _case_of(request: ScanRequest, taken: Taken, intake: Intake, workers: SideBySide, analysis: Analysis) -> Case:
    reasons = (taken.quarantined, taken.out_of_scope)
    case = assemble(analysis, taken.counts, reasons, request.key.key_id, request.settings, workers)
    return intake.named(analysis, case)


def _population(taken: Taken, n_threads: int) -> Population:
    accounts = accounts_from(list(taken.account_names), taken.accounts)
    table = StoredTable(taken.sketches, taken.order)
    population = Population(accounts, exchanges_from(table, len(accounts), n_threads, taken.order))
    pa.default_memory_pool().release_unused()  # what the columns took on their way
    return population


def _run_record(
    request: ScanRequest, sketcher: Sketcher, engine: Engine, taken: Taken, clock: StageClock
) -> dict[str, Any]:
    by_reason = {"quarantined_by_reason": taken.quarantined, "out_of_scope_by_reason": taken.out_of_scope}
    return {
        "schema": "stillwatch.run/1",
        "stillwatch_version": __version__,
        "weights": request.settings.weights,
        "key_id": request.key.key_id,
        "settings": asdict(request.settings),
        "sketches": sketcher.description(),
        "engine": dict(engine.settings()),
        "counts": {**taken.counts, **by_reason},
        "inputs": taken.tally["sources"],
        "warnings": taken.tally["warnings"],
        "stages": clock.stages,
        **taken.record,
    }


def _registers(request: ScanRequest) -> dict[str, Register]:
    """Return the tables beside the traffic that were given, by name."""
    zone = request.read.time_zone
    given = {
        "accounts": read_accounts(request.accounts, time_zone=zone) if request.accounts else None,
        "authorisations": (
            whole(read_authorisations(request.authorisations, time_zone=zone), "--authorisations")
            if request.authorisations
            else None
        ),
    }
    return {name: register for name, register in given.items() if register is not None}


def _table_of(registers: Mapping[str, Register], name: str) -> pa.Table | None:
    return registers[name].table if name in registers else None


def _register_record(register: Register) -> dict[str, Any]:
    """Return what became of a register's rows: ``read == used + folded + quarantined``."""
    reasons = Counter(register.quarantine["reason"].to_pylist())
    return {
        "sha256": dict(register.digests),
        "read": register.n_read,
        "used": len(register.table),
        "folded": register.n_folded,
        "quarantined": dict(sorted(reasons.items())),
        "warnings": dict(register.warnings),
    }


def _unmatched(registry: Registry) -> dict[str, Any]:
    """Return how many rows of the registry name nobody in the traffic, and the first of them by whom they name."""
    listed = [{"name": one.name, "why": one.why} for one in registry.unmatched[:MOST_UNMATCHED]]
    return {"n_unmatched": len(registry.unmatched), "unmatched": listed}


def _engine(request: ScanRequest, work: Path) -> Engine:
    if request.spark_master is not None:
        return SparkEngine(request.spark_master, work)
    return EmbeddedEngine(work, memory_bytes=_memory_bytes(request.settings), n_threads=_n_processors(request.settings))


def _n_processors(settings: Settings) -> int:
    return settings.threads or len(os.sched_getaffinity(0))


def _workers(settings: Settings, n_exchanges: int) -> SideBySide:
    """Return what looks at groups side by side; a small log is done before that is worth a process."""
    return SideBySide(_n_processors(settings)) if n_exchanges >= LEAST_SIDE_BY_SIDE else IN_TURN


def _engine_in_words(engine: Engine) -> str:
    """Return what ran the first stage, as ``spark 4.3.0: master local[2], portions 5``."""
    settings = dict(engine.settings())
    title = f"{settings.pop('engine')} {settings.pop('version')}"
    return f"{title}: " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in settings.items())


def _memory_bytes(settings: Settings) -> int:
    if settings.memory_mib:
        return settings.memory_mib * 2**20
    return min(int(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * MEMORY_SHARE), MOST_MEMORY)


def _remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
