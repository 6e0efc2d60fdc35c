"""One scan, two engines: Spark on this machine leaves the bytes that the embedded engine leaves."""

import json

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from console import stillwatch
from spark_here import needs_spark
from test_determinism import SAME, shuffled

from stillwatch.worlds.generator import json_lines

pytestmark = [needs_spark, pytest.mark.xdist_group("spark")]
SPARK = ("--engine", "spark", "--master", "local[2]")


def different(one, other):
    """The files of two cases that are not the same bytes."""
    return [name for name in SAME if (one / name).read_bytes() != (other / name).read_bytes()]


def messy_logs(world, folder):
    """Shuffled rows over five files of two kinds, with bad lines, repeated lines, retries and stolen ids."""
    table = shuffled(pq.read_table(world / "exchanges.parquet"), 9)
    folder.mkdir()
    fifth = len(table) // 5 + 1
    rng = np.random.default_rng(3)
    for i in range(5):
        part = table.slice(i * fifth, fifth)
        if i % 2:
            lines = json_lines(part).splitlines()
            repeated = [lines[at] for at in rng.integers(len(lines), size=15)]
            failed = [{**orjson.loads(line), "response": None, "status": 529} for line in repeated[:5]]
            stolen = [{**orjson.loads(line), "account_id": "thief"} for line in repeated[5:8]]
            bad = [b"{torn", b'{"exchange_id": "e", "account_id": null, "requested_at": 0}', b"[1, 2]", b"\xff\xfe"]
            more = [*repeated, *(json.dumps(one).encode() for one in (*failed, *stolen)), *bad]
            lines = [(*lines, *more)[at] for at in rng.permutation(len(lines) + len(more))]
            (folder / f"{9 - i}.jsonl").write_bytes(b"\n".join([*lines[:1], *lines[1:]]) + b"\n")
        else:
            blank = pa.array([None if at % 50 == 7 else name for at, name in enumerate(part["account_id"].to_pylist())])
            column = part.column_names.index("account_id")
            pq.write_table(part.set_column(column, "account_id", blank), folder / f"{9 - i}.parquet", row_group_size=97)
    return folder


def test_a_world_leaves_the_same_bytes_and_spark_keeps_neither_text_nor_key(tiny, tmp_path):
    """The case is the same; Spark's event log, which a history server shows, has no prompt and no byte of the key."""
    events = tmp_path / "events"
    events.mkdir()
    conf = tmp_path / "conf"
    conf.mkdir()
    lines = ("spark.eventLog.enabled true", f"spark.eventLog.dir file://{events}", "spark.eventLog.compress false")
    (conf / "spark-defaults.conf").write_text("\n".join(lines) + "\n")
    arguments = ("scan", *tiny.inputs, *SPARK, "--out", tmp_path / "case", "--json")
    done = stillwatch(*arguments, SPARK_CONF_DIR=str(conf), SPARK_LOCAL_DIRS=str(tmp_path / "local"))
    assert done.status == 0, done.err
    assert done.err == ""
    assert done.document["counts"] == tiny.summary["counts"]
    assert different(tmp_path / "case", tiny.case) == []
    engine = json.loads((tmp_path / "case" / "run.json").read_bytes())["engine"]
    assert (engine["engine"], engine["master"], engine["portions"]) == ("spark", "local[2]", 1)
    assert engine["version"].startswith("4.")
    told = b"".join(path.read_bytes() for path in events.rglob("*") if path.is_file())
    assert b"SparkListenerJobStart" in told
    key = bytes.fromhex(tiny.key.read_text().strip())
    prompts = [
        one.encode()[:40] for one in pq.read_table(tiny.world / "exchanges.parquet")["prompt"].to_pylist()[:200] if one
    ]
    assert len(prompts) > 100
    assert not any(secret in told for secret in (key, key.hex().encode(), repr(key).encode(), *prompts))


def test_messy_logs_leave_the_same_bytes_counts_and_quarantine(tiny, tmp_path):
    """Bad lines, retries, repeated and stolen ids in shuffled files of two kinds are judged alike by both engines."""
    logs = messy_logs(tiny.world, tmp_path / "logs")
    documents = []
    for name, engine in (("embedded", ()), ("spark", SPARK)):
        done = stillwatch("scan", logs, *tiny.inputs[1:], *engine, "--out", tmp_path / name, "--json")
        assert done.status == 0, done.err
        documents.append(json.loads((tmp_path / name / "run.json").read_bytes()))
    assert different(tmp_path / "embedded", tmp_path / "spark") == []
    for name in ("counts", "inputs", "warnings", "sketches", "key_id"):
        assert documents[0][name] == documents[1][name], name
    counts = documents[0]["counts"]
    assert counts["quarantined_by_reason"].keys() >= {"duplicate-id", "no-account", "not-json"}
    assert counts["out_of_scope_by_reason"]["repeated-exchange"] >= 20
    assert counts["read"] == counts["used"] + counts["quarantined"] + counts["out_of_scope"]
    quarantines = [pq.read_table(tmp_path / name / "quarantine.parquet") for name in ("embedded", "spark")]
    assert quarantines[0].equals(quarantines[1])
    assert documents[1]["engine"]["portions"] == 5


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (("--engine", "spark", "--master", "spark://127.0.0.1:9"), {}, "does not answer"),
        (("--engine", "spark", "--master", "flink"), {}, "is no Spark master"),
        (("--engine", "spark"), {"JAVA_HOME": "/nonexistent"}, "Java cannot be run"),
        (("--master", "local[2]"), {}, "is for Spark alone"),
    ],
)
def test_what_is_missing_is_said(tiny, tmp_path, arguments, environment, said):
    """No Java, no master or a wrong option is one sentence with a next step, and leaves nothing behind."""
    done = stillwatch("scan", *tiny.inputs, *arguments, "--out", tmp_path / "case", **environment)
    assert done.status == (9 if "spark" in arguments else 2)
    assert said in done.err
    assert "Traceback" not in done.err
    assert list(tmp_path.iterdir()) == []
