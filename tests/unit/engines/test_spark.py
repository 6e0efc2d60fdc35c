"""Tests of the Spark engine beside the embedded one, on this machine's cores."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from days import bytes_of, make_days
from planted_traffic import planted
from spark_here import needs_spark

from stillwatch.engines.embedded import EmbeddedEngine
from stillwatch.engines.engine import Engine
from stillwatch.engines.spark import SparkEngine
from stillwatch.errors import EngineError
from stillwatch.links.family import find_families
from stillwatch.links.phrase_query import QueriedPhrases
from stillwatch.pipeline.ingest import ingest
from stillwatch.records.readers.canonical import Cut
from stillwatch.records.schema import EXCHANGES
from stillwatch.records.traffic import ReadOptions, read_traffic
from stillwatch.sketches.capability import CapabilityModel
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.sketch import Sketcher

pytestmark = [needs_spark, pytest.mark.xdist_group("spark"), pytest.mark.filterwarnings("default")]
GATEWAYS = Path(__file__).parents[2] / "fixtures" / "gateways"
MICRO = Path(__file__).parents[1] / "pipeline" / "state" / "micro.toml"
SKETCHER = Sketcher(SketchKey.public_demo_key(), CapabilityModel.load())
SMALL = ReadOptions(cut=Cut(run_bytes=20_000))


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkEngine]:
    """Return an engine on two cores; Java takes seconds to start, so there is one for all."""
    made = SparkEngine("local[2]", tmp_path_factory.mktemp("spark"))
    yield made
    made.close()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[EmbeddedEngine]:
    """Return the engine to compare with."""
    made = EmbeddedEngine(tmp_path / "spill", memory_bytes=2**28, n_threads=2)
    yield made
    made.close()


def contradictory_rows(n: int) -> list[dict[str, Any]]:
    """Return rows of few ids that differ in one column or another, null among its values."""
    rng = np.random.default_rng(5)
    rows = []
    for _ in range(n):
        row: dict[str, Any] = {
            "exchange_id": f"x{rng.integers(n // 8)}",
            "account_id": rng.choice(["a", "B", "é", "z"]),
            "requested_at": f"2026-03-02T00:00:0{rng.integers(2)}Z",
            "prompt": str(rng.choice(["What is a lathe?", "What is a mill, and what is it for?", "ß"])),
            "response": rng.choice(["A tool.", ""]),
        }
        more = {"status": [200, 500], "temperature": [0.0, 0.5], "ip": ["198.51.100.7", "2001:db8::1"], "turn": [0, 1]}
        row |= {name: rng.choice(values).item() for name, values in more.items() if rng.random() < 0.5}
        if rng.random() < 0.3:
            row["tool_names"] = [str(one) for one in rng.choice(["search", "run", "Ask"], rng.integers(3))]
        rows.append(row)
    return rows


def traffic_of_all_kinds(folder: Path) -> list[Path]:
    """Return a file of contradictory lines, a Parquet file with damage in its middle, and two joined logs."""
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in contradictory_rows(400)) + "{torn\n")
    base = dict.fromkeys(EXCHANGES.names)
    made = [
        base
        | {
            "exchange_id": f"p{i}",
            "account_id": f"p{i % 9}",
            "requested_at": 1_772_000_000_000_000 + i,
            "prompt": "x " * 20,
        }
        for i in range(20_000)
    ]
    path = folder / "b.parquet"
    table = pa.Table.from_pylist(made, schema=EXCHANGES)
    pq.write_table(table, path, row_group_size=1_000, use_dictionary=False, compression="none")
    metadata = pq.read_metadata(path)
    column = next(i for i in range(metadata.num_columns) if metadata.schema.column(i).path == "exchange_id")
    with path.open("r+b") as file:
        file.seek(metadata.row_group(14).column(column).data_page_offset)
        file.write(b"\xff" * 64)
    joined = ("litellm_standard_logging_payload", "openai_batch_input", "openai_batch_output")
    return [folder / "a.jsonl", path, *(GATEWAYS / f"{name}.jsonl" for name in joined)]


def test_traffic_of_all_kinds_is_ingested_alike(spark: SparkEngine, embedded: EmbeddedEngine, tmp_path: Path) -> None:
    """Sketches, their order, accounts, duplicates, tally and quarantine are equal, value by value."""
    paths = traffic_of_all_kinds(tmp_path)
    found, tables, traffics = [], [], []
    engines: tuple[Engine, ...] = (spark, embedded)
    for number, engine in enumerate(engines):
        work = tmp_path / f"it's [{number}] {{a}}?"
        work.mkdir()
        traffic = read_traffic(paths, SMALL)
        found.append(ingest(traffic, SKETCHER, engine, work, lambda _: None))
        engine.register_parquet("sketches", found[-1].sketches)
        tables.append(pq.read_table(found[-1].sketches))
        traffics.append(traffic)
        rows = engine.query("SELECT row_index, exchange_id FROM sketches ORDER BY row_index")
        assert rows["row_index"].to_pylist() == list(range(len(tables[-1])))
        assert rows["exchange_id"].to_pylist() == tables[-1]["exchange_id"].to_pylist()
    assert len(list(found[0].sketches.glob("*.parquet"))) >= 1
    assert spark.settings()["portions"] > 10
    assert tables[0].select(tables[1].column_names).cast(tables[1].schema).equals(tables[1])
    assert found[0].account_names == found[1].account_names
    assert found[0].repeated == found[1].repeated > 20
    assert found[0].conflicting.equals(found[1].conflicting)
    assert len(found[0].conflicting) > 20
    assert traffics[0].tally.as_document() == traffics[1].tally.as_document()
    assert traffics[0].quarantine().equals(traffics[1].quarantine())
    assert traffics[0].tally.by_reason.keys() >= {"corrupt-file", "not-json"}


def test_families_are_the_same_for_hashes_of_every_size(spark: SparkEngine, embedded: EmbeddedEngine) -> None:
    """A hash of 2**63 or more is no negative number: families, their order and their anchors are equal."""
    rng = np.random.default_rng(2)
    templates = [rng.integers(1, 2**64, 6, dtype=np.uint64).tolist() for _ in range(12)]
    rows = [
        {
            "account": f"a{account}",
            "phrases": [*templates[(account + i) % 4 + 4 * (account % 3)], int(rng.integers(2**64, dtype=np.uint64))],
        }
        for account in range(40)
        for i in range(6)
    ]
    made = planted(rows)
    accounts = np.arange(len(made.population.accounts), dtype=np.int32)
    families = []
    engines: tuple[Engine, ...] = (spark, embedded)
    for engine in engines:
        engine.register("sketches", made.table)
        engine.register("entity_of", pa.table({"account": accounts, "entity": made.entities.of_account}))
        found = dataclasses.asdict(find_families(engine))
        families.append(found | {f"used_{name}": value for name, value in found.pop("used").items()})
    assert families[0]["n"] >= 2
    assert max(max(template) for template in templates) >= 2**63
    for name, value in families[0].items():
        assert np.array_equal(value, families[1][name]), name


class Planned:
    """Stands for an engine whose results are never fetched, to see how Spark would make them."""

    def __init__(self, engine: SparkEngine) -> None:
        self.register, self._engine, self.plans = engine.register, engine, list[str]()

    def stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Keep the plan."""
        self.plans.append(self._engine._sql(sql)._jdf.queryExecution().executedPlan().toString())
        return iter(())


def test_the_exchanges_of_a_popular_phrase_stay_where_they_lie(spark: SparkEngine, tmp_path: Path) -> None:
    """Exchanges are matched with families without being sent anywhere by phrase: no phrase makes one large task."""
    rows = [{"account": f"a{i % 40}", "phrases": [7, 8, 9] if i % 10 < 3 else [i, i + 1]} for i in range(400)]
    made = planted(rows)
    (tmp_path / "sketches").mkdir()
    pq.write_table(made.table, tmp_path / "sketches" / "0.parquet")
    spark._frame(tmp_path / "sketches").createOrReplaceTempView("sketches")
    accounts = np.arange(len(made.population.accounts), dtype=np.int32)
    spark.register("entity_of", pa.table({"account": accounts, "entity": made.entities.of_account}))
    planned: Any = Planned(spark)
    phrases = QueriedPhrases(planned)
    phrases._value = np.array([7, 8, 9], np.uint64)
    assert list(phrases.carried(np.arange(3), np.array([0, 3]))) == []
    (plan,) = planned.plans
    assert plan.count("BroadcastHashJoin") == 2
    assert "SortMergeJoin" not in plan
    assert "hashpartitioning(phrase" not in plan.replace("hashpartitioning(phrase_group", "")


def failing_sketcher(failure: Callable[[], Exception]) -> Any:
    """Return a sketcher that fails, in a class that travels to the worker by value."""

    class Failing:
        def sketch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
            raise failure()

    return Failing()


def test_a_failure_on_a_worker_says_what_kind_and_quotes_nothing(spark: SparkEngine, tmp_path: Path) -> None:
    """What a worker read may stand in its failure's message; neither the refusal nor Spark's log has it."""
    (tmp_path / "a.jsonl").write_text('{"exchange_id": "x", "account_id": "a", "requested_at": 1772000000}\n')
    (tmp_path / "parts").mkdir()
    sketcher = failing_sketcher(lambda: ValueError("zqcanary"))
    with pytest.raises(EngineError, match="failed on an executor: got ValueError") as refused:
        spark.sketch(read_traffic([tmp_path / "a.jsonl"]), sketcher, tmp_path / "parts", lambda _: None)
    assert "zqcanary" not in str(refused.value)
    assert b"zqcanary" not in spark.log.read_bytes()
    assert b"stillwatch worker: ValueError" in spark.log.read_bytes()


def test_a_file_that_a_worker_does_not_see_is_explained(spark: SparkEngine, tmp_path: Path) -> None:
    """Traffic that lies on the driver's own disk fails on a cluster, with the remedy."""
    path = tmp_path / "a.jsonl"
    path.write_text('{"exchange_id": "x", "account_id": "a", "requested_at": 1772000000}\n')
    traffic = read_traffic([path])
    path.unlink()
    (tmp_path / "parts").mkdir()
    with pytest.raises(EngineError, match="mount that every executor sees"):
        spark.sketch(traffic, SKETCHER, tmp_path / "parts", lambda _: None)


def test_a_state_of_two_days_is_the_same_bytes(spark: SparkEngine, tmp_path: Path) -> None:
    """Days that Spark adds one by one, the second time with the first file again, leave the embedded engine's bytes."""
    days = make_days(tmp_path / "world", str(MICRO))
    assert spark.settings()["master"] == "local[2]"  # the one session there is; the scans below join it
    for name, master in (("embedded", None), ("spark", "local[2]")):
        for files in (days.days[:1], days.days):
            days.scan(tmp_path / name / "state", tmp_path / name / "case", *files, spark_master=master)
        engine = json.loads((tmp_path / name / "case" / "run.json").read_bytes())["engine"]["engine"]
        assert (engine == "spark") is (master is not None)
    for part, but in (("state", ("lock",)), ("case", ("run.json",))):
        one, other = (bytes_of(tmp_path / name / part, but=but) for name in ("embedded", "spark"))
        assert one.keys() == other.keys()
        assert [name for name in one if one[name] != other[name]] == []
