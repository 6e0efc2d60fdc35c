"""A scan whose input is sketches that were made elsewhere, as at a gateway's edge: it never sees a text.

The benchmark shows with it that text is needed for nothing but its sketch.
"""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch import __version__
from stillwatch.dossiers.case import Case
from stillwatch.engines.embedded import EmbeddedEngine
from stillwatch.links.population import Population, accounts_from, exchanges_from
from stillwatch.pipeline.ablation import dropping, rewrite
from stillwatch.pipeline.analysis import analyse
from stillwatch.pipeline.assembly import assemble
from stillwatch.pipeline.ingest import ingest
from stillwatch.pipeline.output import case_folder, write_case
from stillwatch.pipeline.registry import read_registry
from stillwatch.pipeline.scan import Progress, ScanRequest
from stillwatch.records.registers import read_accounts, read_authorisations
from stillwatch.records.schema import EXCHANGES, PLACE_COLUMNS
from stillwatch.records.traffic import ReadOptions, read_traffic
from stillwatch.sketches.capability import CapabilityModel
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.schema import TEXT_COLUMNS
from stillwatch.sketches.sketch import Sketcher

SKETCHES_FILE = "sketches.parquet"
MEMORY_MIB = 4096  # of the embedded engine where the settings leave it open
BATCH_ROWS = 16_384  # some 30 MB of prompts a batch


class KeptSketches:
    """Hands out sketches that were made before, by exchange id; stands where a sketcher stands."""

    shares_interpreter = True  # Arrow does all

    def __init__(self, table: pa.Table) -> None:
        self._table = table.combine_chunks()

    def sketch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the kept sketches of some exchanges, in their order, with the places of this input."""
        at = pc.index_in(batch["exchange_id"], value_set=self._table["exchange_id"].combine_chunks())
        kept = self._table.take(at)
        for name, kind in PLACE_COLUMNS:
            kept = kept.set_column(kept.column_names.index(name), pa.field(name, kind), batch[name])
        return kept.combine_chunks().to_batches()[0]


def sketch_world(world: Path, out: Path, key: SketchKey) -> None:
    """Write a world's input without any text, and the sketches of its exchanges beside it."""
    rewrite(world, out, {"exchanges": dropping(frozenset(TEXT_COLUMNS))})
    sketcher = Sketcher(key, CapabilityModel.load())
    writer: pq.ParquetWriter | None = None
    try:
        with pq.ParquetFile(world / "exchanges.parquet") as source:
            for batch in source.iter_batches(BATCH_ROWS, columns=EXCHANGES.names):
                sketched = sketcher.sketch(batch)
                writer = writer or pq.ParquetWriter(out / SKETCHES_FILE, sketched.schema, compression="zstd")
                writer.write_batch(sketched)
    finally:
        if writer is not None:
            writer.close()


def scan_sketched(request: ScanRequest, sketches: Path, progress: Progress) -> Case:
    """Scan text-free traffic with kept sketches and leave a case at ``request.out``.

    Guarantee: ``campaigns.json``, ``accounts.parquet`` and ``exchanges.parquet`` are those of a scan of the texts under
    the same key and settings.
    """
    settings = request.settings
    with case_folder(request.out, replace=request.replace) as folder:
        work = folder / "work"
        work.mkdir()
        engine = EmbeddedEngine(
            work,
            memory_bytes=(settings.memory_mib or MEMORY_MIB) * 2**20,
            n_threads=settings.threads or os.cpu_count() or 1,
        )
        try:
            traffic = read_traffic(request.traffic, ReadOptions())
            kept = KeptSketches(pq.read_table(sketches))
            ingested = ingest(traffic, kept, engine, work, lambda n: progress("records and sketches", n, 0))
            table = pq.read_table(ingested.sketches)
            names = list(ingested.account_names)
            facts = read_accounts(request.accounts).table if request.accounts else None
            population = Population(accounts_from(names, facts), exchanges_from(table, len(names)))
            rows = read_authorisations(request.authorisations).table if request.authorisations else None
            registry = read_registry(population, rows)
            engine.register_parquet("sketches", ingested.sketches)
            analysis = analyse(engine, population, registry, settings, progress)
            tally = traffic.tally
            counts = {
                "read": tally.read,
                "used": tally.used - ingested.repeated,
                "quarantined": tally.quarantined,
                "out_of_scope": tally.out_of_scope + ingested.repeated,
            }
            case = assemble(analysis, counts, (dict(tally.by_reason), {}), request.key.key_id, settings)
            run = {"stillwatch_version": __version__, "key_id": request.key.key_id, "counts": counts}
            ids = table["exchange_id"].combine_chunks()
            write_case(folder, case, analysis, ids, traffic.quarantine(), run)
        finally:
            engine.close()
            for path in sorted(work.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
            work.rmdir()
    return case
