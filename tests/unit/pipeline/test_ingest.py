"""Tests of ingesting traffic: duplicates, conflicts and counts that add up."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from stillwatch.engines.embedded import EmbeddedEngine
from stillwatch.errors import InputError
from stillwatch.pipeline.ingest import DUPLICATE, Ingested, ingest
from stillwatch.records.traffic import read_traffic
from stillwatch.sketches.capability import CapabilityModel
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.schema import SKETCHES
from stillwatch.sketches.sketch import Sketcher

SKETCHER = Sketcher(SketchKey.public_demo_key(), CapabilityModel.load())


def row(exchange_id: str, **columns: Any) -> dict[str, Any]:
    """Return an answered exchange with these columns."""
    base = {
        "account_id": "a",
        "requested_at": "2026-03-02T00:00:00Z",
        "prompt": "What is a lathe?",
        "response": "A tool.",
    }
    return {"exchange_id": exchange_id, **base, **columns}


def ingested(folder: Path, *files: list[dict[str, Any]]) -> tuple[Ingested, list[dict[str, Any]]]:
    """Return what became of some files of rows, and the sketches as rows."""
    paths = []
    for number, rows in enumerate(files):
        paths.append(folder / f"{number}.jsonl")
        paths[-1].write_text("".join(json.dumps(item) + "\n" for item in rows))
    work = folder / "work"
    work.mkdir()
    engine = EmbeddedEngine(work, memory_bytes=2**28, n_threads=2)
    try:
        found = ingest(read_traffic(paths), SKETCHER, engine, work, lambda _: None)
        return found, pq.read_table(found.sketches).to_pylist()
    finally:
        engine.close()


def test_each_exchange_is_sketched_once_in_canonical_order(tmp_path: Path) -> None:
    """The sketches are sorted by account and time, hold every column of their schema, and no text."""
    rows = [row(f"x{i}", account_id=f"a{i % 3}", requested_at=f"2026-03-02T00:{59 - i:02d}:00Z") for i in range(12)]
    found, sketches = ingested(tmp_path, rows[:5], rows[5:])
    assert found.account_names == ("a2", "a1", "a0")
    assert [s["account"] for s in sketches] == [0] * 4 + [1] * 4 + [2] * 4
    assert [s["account_id"] for s in sketches] == [found.account_names[s["account"]] for s in sketches]
    assert all(a["requested_at"] < b["requested_at"] for a, b in pairwise(sketches) if a["account"] == b["account"])
    assert set(sketches[0]) == {*SKETCHES.names, "account"}
    assert b"lathe" not in found.sketches.read_bytes()
    assert (found.repeated, len(found.conflicting)) == (0, 0)


def test_a_line_logged_twice_counts_once(tmp_path: Path) -> None:
    """The same line again, in the same file or another, is a repetition and no second exchange."""
    found, sketches = ingested(tmp_path, [row("x"), row("y", account_id="b"), row("x")], [row("x")])
    assert [s["exchange_id"] for s in sketches] == ["x", "y"]
    assert (found.repeated, len(found.conflicting)) == (2, 0)


def test_of_attempts_the_answered_one_stands(tmp_path: Path) -> None:
    """A failed attempt and its retry are one exchange: the one with the answer, whichever was logged first."""
    failed = row("x", response=None, status=529)
    answered = row("x", requested_at="2026-03-02T00:00:05Z", status=200)
    for number, order in enumerate(([failed, answered], [answered, failed])):
        folder = tmp_path / str(number)
        folder.mkdir()
        found, (kept,) = ingested(folder, order)
        assert kept["has_response"]
        assert kept["status"] == 200
        assert (found.repeated, len(found.conflicting)) == (1, 0)


def test_one_id_for_two_exchanges_is_quarantined(tmp_path: Path) -> None:
    """Another account or another prompt under an id that is taken is a conflict, with its place and reason."""
    first = row("x")
    other_account = row("x", account_id="b", requested_at="2026-03-02T01:00:00Z")
    other_prompt = row("x", prompt="And a mill?", requested_at="2026-03-02T02:00:00Z")
    found, (kept,) = ingested(tmp_path, [other_prompt, first], [other_account])
    assert kept["account_id"] == "a"
    assert kept["line"] == 2
    assert found.repeated == 0
    places = found.conflicting.to_pylist()
    assert [(Path(p["source"]).name, p["line"], p["reason"]) for p in places] == [
        ("0.jsonl", 1, DUPLICATE),
        ("1.jsonl", 1, DUPLICATE),
    ]
    assert all(p["bytes"] > 0 for p in places)
    assert all("mill" not in p["detail"] for p in places)


def test_conflicts_and_repetitions_of_one_id_are_told_apart(tmp_path: Path) -> None:
    """Of three rows with one id, the repetition is out of scope and the contradiction in quarantine."""
    rows = [
        row("x"),
        row("x", requested_at="2026-03-02T00:01:00Z"),
        row("x", account_id="thief", requested_at="2026-03-02T03:00:00Z"),
    ]
    found, sketches = ingested(tmp_path, rows)
    assert len(sketches) == 1
    assert (found.repeated, len(found.conflicting)) == (1, 1)


def test_counts_add_up_for_random_duplicates(tmp_path: Path) -> None:
    """Every row is kept, a repetition or a conflict, and never two of them, whatever was logged how often."""
    rng = np.random.default_rng(0)
    rows = [
        row(
            f"x{rng.integers(40)}",
            account_id=f"a{rng.integers(2)}",
            prompt=f"p{rng.integers(2)}",
            status=int(rng.choice([200, 500])),
        )
        for _ in range(200)
    ]
    found, sketches = ingested(tmp_path, rows)
    assert len({s["exchange_id"] for s in sketches}) == len(sketches) == len({item["exchange_id"] for item in rows})
    assert len(sketches) + found.repeated + len(found.conflicting) == 200
    assert found.repeated > 0
    assert len(found.conflicting) > 0


def test_which_repetition_stands_does_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    """Rows of one id that differ in any column but place leave the same sketch behind, whatever order they came in."""
    variants = [
        row("x", conversation_id="c1", turn=3, tls_fingerprint="t1", max_tokens=5, temperature=0.1, input_tokens=3),
        row("x", conversation_id="c2", turn=2, tls_fingerprint="t0", max_tokens=4, temperature=0.2, input_tokens=2),
        row("x", conversation_id="c0", turn=1, tls_fingerprint="t2", max_tokens=6, temperature=0.0, tool_names=["t"]),
    ]
    kept = []
    for number, order in enumerate(([0, 1, 2], [2, 1, 0], [1, 2, 0])):
        folder = tmp_path / str(number)
        folder.mkdir()
        _, (sketch,) = ingested(folder, [variants[i] for i in order])
        kept.append(
            {name: value for name, value in sketch.items() if name not in ("line", "source_index", "record_bytes")}
        )
    assert kept[0] == kept[1] == kept[2]


def test_no_exchange_at_all_is_refused(tmp_path: Path) -> None:
    """Traffic in which nothing can be read is an error of the input, with a next step."""
    with pytest.raises(InputError, match="no exchange") as refused:
        ingested(tmp_path, [{"exchange_id": "x", "account_id": None, "requested_at": "2026-03-02T00:00:00Z"}])
    assert "records explain" in str(refused.value.fix)
