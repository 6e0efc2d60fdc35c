"""The plan of a benchmark: the jobs that its scenarios come to, what each is asked and how long it may take."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from stillwatch.pipeline.scenarios import SKETCHED, Scenario, WorldRecipe

N_PROCESSES: Final = 2
NULLS_A_JOB: Final = 10  # worlds of one process: its start of two seconds is spread over them
LIMIT_S: Final[Mapping[str, int]] = {"smoke": 60, "nightly": 300, "full": 1800}  # of one rival on one world
SYSTEM: Final = "stillwatch"

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


def world_jobs(scenarios: Sequence[Scenario], request: BenchmarkRequest) -> Iterator[Job]:
    """Yield a job for each world that is kept: it is made once, whatever the number of scenarios on it."""
    wanted = {world_key(scenario.world): scenario for scenario in scenarios if not scenario.n_worlds}
    for key, scenario in wanted.items():
        yield Job(f"world {key}", scenario, "", _document("world", scenario, request))


def scenario_jobs(scenarios: Sequence[Scenario], rivals: Sequence[str], request: BenchmarkRequest) -> Iterator[Job]:
    """Yield the jobs of scenarios: small null worlds some at a time, else a scan and each rival."""
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


def world_key(recipe: WorldRecipe) -> str:
    """Return what names a world: its preset, split, seed and what was changed in its campaigns."""
    changes = "".join(f" {name}={value}" for name, value in sorted(recipe.campaign.items()))
    return f"{recipe.preset}-{recipe.split}-{recipe.seed}{changes}"


def _document(kind: str, scenario: Scenario, request: BenchmarkRequest) -> Document:
    world = asdict(scenario.world) | {"campaign": dict(scenario.world.campaign)}
    return {"kind": kind, "world": world, "cache": str(request.worlds), "settings": dict(scenario.settings)}
