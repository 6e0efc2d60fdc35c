"""A scan whose input is sketches that were made elsewhere, as at a gateway's edge: it never sees a text.

The benchmark shows with it that text is needed for nothing but its sketch.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.dossiers.case import Case
from stillwatch.pipeline.ablation import dropping, rewrite
from stillwatch.pipeline.intake import TrafficIntake
from stillwatch.pipeline.scan import Progress, ScanRequest, scan
from stillwatch.records.schema import EXCHANGES, PLACE_COLUMNS
from stillwatch.records.traffic import read_traffic
from stillwatch.sketches.capability import CapabilityModel
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.schema import TEXT_COLUMNS
from stillwatch.sketches.sketch import Sketcher

SKETCHES_FILE = "sketches.parquet"
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
    kept = KeptSketches(pq.read_table(sketches))
    return scan(request, progress, TrafficIntake(read_traffic(request.traffic, request.read), kept))
