"""The distributed engine: Apache Spark, which runs the same SQL and the same sketching code as the embedded one.

Every file that it reads or writes is named by a path that the driver and all executors see alike, as on a shared mount.
Sketching sends out portions of the traffic, never text: executors open the files themselves.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch import __version__
from stillwatch.engines.engine import Sketching
from stillwatch.engines.spark_rows import FAILED, ROWS, listed_table, sketch_portions, spark_schema
from stillwatch.engines.spark_session import start_session
from stillwatch.errors import EngineError
from stillwatch.links.tables import Order
from stillwatch.records.portion import counted, portions_of
from stillwatch.records.tally import QUARANTINE
from stillwatch.records.traffic import Traffic
from stillwatch.sketches.schema import SKETCH_ROWS

TOLD_EVERY_S: Final = 0.5  # how often progress is looked up
STREAMED_ROWS: Final = 262_144  # of a result at once
BROADCAST_BYTES: Final = 64 * 2**20  # of a registered table; some four times as much on each executor
SETTINGS: Final = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.sources.partitionOverwriteMode": "STATIC",
    "spark.sql.caseSensitive": "true",
}


class SparkEngine:
    """SQL and sketching on a Spark cluster, or on this machine's cores.

    Args:
        master: as Spark names it; ``spark-submit``'s own choice goes before it.
        work: a folder of this run, for Spark's log and for results on their way; on a cluster, on the shared mount.
    """

    def __init__(self, master: str, work: Path) -> None:
        self._work = work
        self._n_streams = 0
        self.log = work / "spark.log"  # Spark's own words, where Java was started here
        self._session, self._is_ours = start_session(master, self.log)
        for name, value in SETTINGS.items():
            self._session.conf.set(name, value)
        self._n_portions = 0

    def sketch(self, traffic: Traffic, sketcher: Sketching, folder: Path, progress: Callable[[int], None]) -> int:
        """Sketch some traffic into the table ``parts``, one portion a task; see ``Engine``."""
        from pyspark.cloudpickle import dumps  # noqa: PLC0415 - an extra

        portions = portions_of(traffic)
        self._n_portions = len(portions)
        context = self._session.sparkContext
        tasks = [(number, bytearray(dumps(portion))) for number, portion in enumerate(portions)]
        spread = context.parallelize(tasks, max(1, len(tasks)))
        n_sketched = context.accumulator(0)

        def sketched(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for rows in sketch_portions(batches, sketcher, __version__):
                n_sketched.add(rows.num_rows - rows["row_index"].null_count)
                yield rows

        frame = self._session.createDataFrame(spread, "number int, portion binary")
        frame = frame.mapInArrow(sketched, spark_schema(ROWS))
        with _refusals(), ThreadPoolExecutor(1) as pool:
            written = pool.submit(frame.write.mode("overwrite").parquet, _url(folder))
            while not written.done():
                time.sleep(TOLD_EVERY_S)
                progress(n_sketched.value)
            written.result()
        return self._take_tally(traffic, folder, progress)

    def _take_tally(self, traffic: Traffic, folder: Path, progress: Callable[[int], None]) -> int:
        """Put the portions' counts together, and make the view ``parts`` of those rows that count."""
        portions = portions_of(traffic)
        self._frame(folder).createOrReplaceTempView("sketched")
        rows = self.query("SELECT portion, counts FROM sketched WHERE counts IS NOT NULL ORDER BY portion")
        reports = [orjson.loads(text) for text in rows["counts"].to_pylist()]
        does_count = counted(portions, reports)
        kept = [number for number, counts in enumerate(does_count) if counts]
        last = _last_needed(reports, kept, traffic.options.limits.max_quarantine_rows)
        is_needed = f"listed IS NOT NULL AND portion <= {last}"
        streams = self.query(f"SELECT portion, listed FROM sketched WHERE {is_needed} ORDER BY portion, row_index")  # noqa: S608 - a number
        is_kept = pa.array([does_count[number] for number in streams["portion"].to_pylist()], pa.bool_())
        listed = listed_table(streams.filter(is_kept)["listed"].to_pylist(), QUARANTINE)
        traffic.absorb([(reports[number], portions[number].indexes) for number in kept], listed)
        refused = ", ".join(str(number) for number, counts in enumerate(does_count) if not counts) or "-1"
        names = ", ".join(f'"{name}"' for name in (*SKETCH_ROWS.names, "row_index"))
        is_row = f"counts IS NULL AND listed IS NULL AND portion NOT IN ({refused})"
        self._sql(f"SELECT {names} FROM sketched WHERE {is_row}").createOrReplaceTempView("parts")  # noqa: S608 - names
        n_rows = traffic.tally.used
        progress(n_rows)
        return n_rows

    def query(self, sql: str) -> pa.Table:
        """Return the result of ``sql`` as one Arrow table, in this process's memory."""
        with _refusals():
            table: pa.Table = self._sql(sql).toArrow()
        return table

    def stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Yield the result of ``sql`` batch by batch, in its order; executors leave it in files, one sorted run each.

        Neither Java nor this process holds more of it than a batch.
        """
        self._n_streams += 1
        folder = self._work / f"stream-{self._n_streams}"
        with _refusals():
            self._sql(sql).write.parquet(_url(folder))
        for file in sorted(folder.glob("*.parquet")):
            with pq.ParquetFile(file) as source:
                yield from source.iter_batches(STREAMED_ROWS)
        rmtree(folder)

    def rows(self, name: str) -> None:
        """Return null: rows lie with the executors, and are reached by SQL."""

    def materialise(self, name: str, sql: str) -> None:
        """Run ``sql`` once and keep the result as the table ``name``."""
        with _refusals():
            frame = self._sql(sql).persist()
            frame.count()
            frame.createOrReplaceTempView(name)

    def register(self, name: str, table: pa.Table) -> None:
        """Make ``table`` known to queries as ``name``.

        A small table is sent to every executor, and what it is joined with stays where it lies: no key of it, however
        popular, puts its rows into one task.
        """
        frame = self._session.createDataFrame(table)
        if table.nbytes <= BROADCAST_BYTES:
            frame = frame.hint("broadcast")
        frame.createOrReplaceTempView(name)

    def write_parquet(self, sql: str, path: Path, *, order_by: str) -> None:
        """Write the result of ``sql``, in the order of ``order_by``, to a folder of Parquet files."""
        with _refusals():
            self._sql(f"SELECT * FROM ({sql}) ORDER BY {order_by}").write.parquet(_url(path))  # noqa: S608 - ours

    def register_parquet(self, name: str, path: Path, order: Order | None = None) -> None:
        """Make what ``write_parquet`` left known as ``name``, with ``row_index``, a row's position in its order."""
        assert order is None  # executors' rows are sorted
        first, before = [], 0
        for file in sorted(path.glob("*.parquet")):
            first.append((file.name, before))
            before += pq.read_metadata(file).num_rows
        offsets = self._session.createDataFrame(first, "of_file string, first bigint")
        frame = self._frame(path).select("*", "_metadata.file_name", "_metadata.row_index")
        joined = frame.withColumnRenamed("row_index", "within").join(
            offsets.hint("broadcast"), frame["file_name"] == offsets["of_file"]
        )
        placed = joined.selectExpr("* EXCEPT (within, file_name, of_file, first)", "first + within AS row_index")
        placed.createOrReplaceTempView(name)

    def settings(self) -> Mapping[str, Any]:
        """Return the engine's name, version and workers, for the run's record."""
        context = self._session.sparkContext
        return {
            "engine": "spark",
            "version": self._session.version,
            "master": context.master,
            "portions": self._n_portions,
            "parallelism": context.defaultParallelism,
            "shuffle_partitions": int(self._session.conf.get("spark.sql.shuffle.partitions")),
        }

    def close(self) -> None:
        """Free what the engine holds; a session that it found is left running."""
        self._session.catalog.clearCache()
        if self._is_ours:
            self._session.stop()

    def _sql(self, sql: str) -> Any:
        from stillwatch.engines.dialect import spark_sql  # noqa: PLC0415 - needs the extra

        return self._session.sql(spark_sql(sql))

    def _frame(self, folder: Path) -> Any:
        return self._session.read.parquet(_pattern(folder))


def _url(path: Path) -> str:
    return f"file://{path.resolve()}"


def _pattern(path: Path) -> str:
    """Return a folder's address where Spark would take signs in its name for a pattern."""
    return "".join(f"\\{sign}" if sign in "{}[]*?\\" else sign for sign in _url(path))


def _last_needed(reports: list[dict[str, Any]], kept: list[int], limit: int) -> int:
    """Return the portion with which the quarantine's list is full; the last one where it never is."""
    n_listed = 0
    for number in kept:
        n_listed += sum(sum(source["quarantined"].values()) for source in reports[number]["sources"])
        if n_listed >= limit:
            return number
    return len(reports)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what Spark throws into a refusal that quotes nothing that was read."""
    from py4j.protocol import Py4JError  # noqa: PLC0415 - an extra
    from pyspark.errors import PySparkException  # noqa: PLC0415 - an extra

    try:
        yield
    except (Py4JError, PySparkException) as failure:
        raise _refusal(str(failure), type(failure).__name__) from None


def _refusal(message: str, kind: str) -> EngineError:
    place = message.find(FAILED)
    if "maxResultSize" in message or "OutOfMemoryError" in message:
        return EngineError(
            "spark", "the driver has too little memory for a result",
            fix="Raise spark.driver.memory and spark.driver.maxResultSize: docs/scale.md, 'What the driver holds'.",
        )  # fmt: skip
    if "No module named" in message:
        return EngineError(
            "spark", "an executor lacks a Python package", expected="stillwatch and its dependencies on every executor",
            fix="Send the environment along: docs/scale.md, 'On a cluster'.",
        )  # fmt: skip
    if place < 0:
        return EngineError("spark", "a stage failed", got=kind, fix="Look at Spark's own log of the failed stage.")
    word = message[place + len(FAILED) :].split(maxsplit=1)[0]
    fixes = {
        "FileNotFoundError": "Put traffic and case on a mount that every executor sees under the same path.",
        "ImportError": "Send the same stillwatch to the executors as to the driver: docs/scale.md, 'On a cluster'.",
    }
    return EngineError("spark", "sketching failed on an executor", got=word, fix=fixes.get(word))
