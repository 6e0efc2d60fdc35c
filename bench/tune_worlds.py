"""Tune-side worlds, scanned as far as their findings: what weights are learned and judged on."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.engines.embedded import EmbeddedEngine
from stillwatch.links.population import Population, accounts_from, exchanges_from
from stillwatch.pipeline.analysis import Analysis, assess_all
from stillwatch.pipeline.benchmark_job import make_world
from stillwatch.pipeline.ingest import ingest
from stillwatch.pipeline.registry import read_registry
from stillwatch.pipeline.scenarios import DISCIPLINES, WorldRecipe
from stillwatch.pipeline.settings import Settings
from stillwatch.records.registers import read_accounts, read_authorisations
from stillwatch.records.traffic import read_traffic
from stillwatch.sketches.capability import CapabilityModel
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.sketch import Sketcher


@dataclass(frozen=True)
class ScannedWorld:
    """What a scan found in a world whose truth is known.

    Args:
        analysis: every group that was tested, accused or not.
        names: account ids, in the order of the analysis.
        truth: ``truth_accounts`` of the world: ``account_id``, ``class`` and ``group_id``, among others.
    """

    analysis: Analysis
    names: list[str]
    truth: pa.Table


def recipe_of(name: str) -> WorldRecipe:
    """Return the tune world that ``preset:seed`` or ``preset:seed:discipline`` names."""
    preset, seed, *discipline = name.split(":")
    return WorldRecipe(preset, int(seed), "tune", DISCIPLINES[discipline[0]][1] if discipline else {})


def scanned_world(name: str, *, n_threads: int) -> ScannedWorld:
    """Make a tune world, scan it and return what was found; nothing of it stays on disk."""
    with tempfile.TemporaryDirectory() as folder:
        world, work = Path(folder) / "world", Path(folder) / "work"
        work.mkdir()
        make_world(recipe_of(name), world)
        engine = EmbeddedEngine(work, memory_bytes=4 << 30, n_threads=n_threads)
        sketcher = Sketcher(SketchKey.public_demo_key(), CapabilityModel.load())
        ingested = ingest(read_traffic([str(world / "exchanges.parquet")]), sketcher, engine, work, lambda _n: None)
        names = list(ingested.account_names)
        facts = read_accounts([str(world / "accounts.parquet")]).table
        population = Population(
            accounts_from(names, facts), exchanges_from(pq.read_table(ingested.sketches), len(names))
        )
        registry = read_registry(population, read_authorisations([str(world / "authorisations.parquet")]).table)
        engine.register_parquet("sketches", ingested.sketches)
        analysis = assess_all(engine, population, registry, Settings(), lambda *_: None)
        engine.close()
        return ScannedWorld(analysis, names, pq.read_table(world / "truth_accounts.parquet"))
