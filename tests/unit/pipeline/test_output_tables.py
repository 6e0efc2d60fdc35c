"""Tests of a whole scan's counts and tables on a small hand-made log."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.dossiers.tables import TABLES
from stillwatch.errors import OutputError
from stillwatch.pipeline import output
from stillwatch.pipeline.scan import ScanRequest, scan
from stillwatch.pipeline.settings import Settings
from stillwatch.sketches.key import SketchKey


def exchange(number: int, account: str, **columns: Any) -> dict[str, Any]:
    """Return one exchange with a text of its own."""
    base = {"exchange_id": f"x{number}", "account_id": account, "requested_at": f"2026-03-02T{number % 24:02d}:00:00Z"}
    return {**base, "prompt": f"Question {number} on subject {number * 7}", "response": "Yes.", **columns}


def scanned(folder: Path, lines: list[str], *, replace: bool = False) -> Path:
    """Return the case of a log of these lines."""
    log = folder / "log.jsonl"
    log.write_text("".join(line + "\n" for line in lines))
    settings = Settings(threads=1, memory_mib=256)
    key = SketchKey.public_demo_key()
    scan(ScanRequest([str(log)], folder / "CASE", key, settings=settings, replace=replace), lambda *_: None)
    return folder / "CASE"


def test_every_line_is_counted_once_whatever_became_of_it(tmp_path: Path) -> None:
    """Used, repeated, contradicting and unreadable lines add up to those read, in the case and the run alike."""
    rows = [exchange(i, f"a{i % 6}") for i in range(30)]
    lines = [json.dumps(row) for row in rows]
    lines += [lines[3], lines[4], lines[4]]
    lines += [json.dumps(exchange(5, "somebody-else"))]
    lines += ["{not json", json.dumps({"exchange_id": "y", "requested_at": "2026-03-02T00:00:00Z", "prompt": "?"})]
    case = scanned(tmp_path, lines)
    funnel = json.loads((case / "campaigns.json").read_bytes())["funnel"]
    assert (funnel["read"], funnel["used"], funnel["quarantined"], funnel["out_of_scope"]) == (36, 30, 3, 3)
    reasons = dict(map(tuple, funnel["quarantined_by_reason"]))
    assert reasons["duplicate-id"] == 1
    assert sum(reasons.values()) == 3
    quarantine = pq.read_table(case / "quarantine.parquet").to_pylist()
    assert sorted(row["line"] for row in quarantine) == [34, 35, 36]
    run = json.loads((case / "run.json").read_bytes())
    assert run["counts"]["used"] == 30
    assert run["stages"][0]["name"] == "records and sketches"


def test_strangers_make_an_honest_empty_case(tmp_path: Path) -> None:
    """A log of people with nothing in common has a row for each account, no member, no campaign, and is no error."""
    case = scanned(tmp_path, [json.dumps(exchange(i, f"a{i % 6}")) for i in range(30)])
    accounts = pq.read_table(case / "accounts.parquet").to_pylist()
    assert [row["account_id"] for row in accounts] == [f"a{i}" for i in range(6)]
    assert all(row["p_member"] == 0 and row["campaign_id"] is None and row["reasons"] == [] for row in accounts)
    assert pq.read_table(case / "exchanges.parquet").num_rows == 0
    assert pq.read_table(case / "memberships.parquet").num_rows == 0
    assert json.loads((case / "campaigns.json").read_bytes())["campaigns"] == []


def test_one_account_with_one_request_is_no_error(tmp_path: Path) -> None:
    """The smallest log of all gives a case."""
    case = scanned(tmp_path, [json.dumps(exchange(0, "only"))])
    assert pq.read_table(case / "accounts.parquet")["account_id"].to_pylist() == ["only"]


def test_logs_without_text_are_no_error(tmp_path: Path) -> None:
    """Metadata alone gives a case that says which evidence it lacks."""
    rows = [exchange(i, f"a{i % 6}", prompt=None, response=None) for i in range(30)]
    case = scanned(tmp_path, [json.dumps(row) for row in rows])
    missing = {
        name for item in json.loads((case / "campaigns.json").read_bytes())["missing"] for name in item["missing"]
    }
    assert {"prompt", "system_prompt", "ip", "created_at", "payment_fingerprint"} <= missing


@pytest.mark.parametrize("ids", [("c-1", "c-2"), ("c-2", "c-1")])
def test_the_ids_of_groups_decide_nothing(monkeypatch: pytest.MonkeyPatch, ids: tuple[str, str]) -> None:
    """An account that is in two groups with one probability has the case's first one as its own, whatever its id."""
    monkeypatch.setattr(output, "member_accounts", lambda *_: (np.array([0]), np.array([0.5])))
    monkeypatch.setattr(output, "p_distillation", lambda _: 0.5)
    analysis: Any = SimpleNamespace(
        population=SimpleNamespace(accounts=SimpleNamespace(names=["a"])),
        findings=[SimpleNamespace(is_accusation=False)] * 2,
    )
    case: Any = SimpleNamespace(campaigns=[SimpleNamespace(id=name) for name in ids])
    assert output._memberships(case, analysis)["campaign_id"].to_pylist() == list(ids)


@pytest.mark.parametrize(
    ("posterior", "q", "is_accusation", "expected"),
    [(0.95, 0.0, True, 0.95), (0.5, 0.0, False, 1 / 11), (0.99, 0.0, False, 9.9 / 10.9), (0.5, 1.0, False, 0.5 / 11)],
)
def test_a_group_that_is_not_accused_counts_a_tenth_of_its_odds(
    posterior: float, q: float, expected: float, *, is_accusation: bool
) -> None:
    """It lacks what campaigns seldom lack; one on which no test speaks counts half of that."""
    finding: Any = SimpleNamespace(
        is_accusation=is_accusation, q_value=q, hypotheses=[SimpleNamespace(name="distillation", posterior=posterior)]
    )
    assert output.p_distillation(finding) == pytest.approx(expected)


def test_nothing_of_the_work_is_left(tmp_path: Path) -> None:
    """A case holds its files and no sketches, beside it stands nothing, and it is replaced only when asked for."""
    lines = [json.dumps(exchange(i, f"a{i % 6}")) for i in range(30)]
    case = scanned(tmp_path, lines)
    names = {"campaigns.json", "report.html", "run.json"}
    tables = {f"{name}.parquet" for name in TABLES}
    assert {path.name for path in case.iterdir()} == names | tables
    assert {path.name for path in tmp_path.iterdir()} == {"CASE", "log.jsonl"}
    first = (case / "campaigns.json").read_bytes()
    with pytest.raises(OutputError):
        scanned(tmp_path, lines)
    assert (scanned(tmp_path, lines, replace=True) / "campaigns.json").read_bytes() == first


@pytest.mark.parametrize("sizes", [(), (0,), (3, 0, 9), (4, 4, 4), (1, 30, 2), (8,)])
def test_a_table_in_parts_has_the_bytes_of_the_whole(
    sizes: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However a table is cut into parts, its file is the one that all rows at once would make."""
    monkeypatch.setattr(output, "GROUP_ROWS", 4)
    rng = np.random.default_rng(sum(sizes))
    schema = pa.schema([("id", pa.string()), ("n", pa.int64()), ("some", pa.list_(pa.uint8()))])
    parts = [
        pa.table(
            [[f"x{n}" for n in rng.integers(0, 9, size)], rng.integers(0, 9, size), [[1, 2]] * size], schema=schema
        )
        for size in sizes
    ]
    output._write_parts(schema, parts, tmp_path / "parts.parquet")
    whole = pa.concat_tables([schema.empty_table(), *parts]).combine_chunks()
    pq.write_table(whole, tmp_path / "whole.parquet", compression="zstd", row_group_size=4)
    assert (tmp_path / "parts.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert pq.read_table(tmp_path / "parts.parquet").equals(whole)
