"""A file is explained: what it is, how full it is, what it cannot show; and converted whole or not at all."""

import orjson
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputError, OutputError, UsageError
from stillwatch.records.conversion import convert
from stillwatch.records.evidence_needs import NEEDS, switched_off
from stillwatch.records.explanation import explain
from stillwatch.records.schema import EXCHANGES
from stillwatch.records.traffic import ReadOptions

ROW = {"exchange_id": "e", "account_id": "a", "requested_at": "2026-03-01T12:00:00Z", "prompt": "canary-5d1e"}


def write(path, *lines):
    """Write lines, rows as JSON."""
    path.write_bytes(b"\n".join(one if isinstance(one, bytes) else orjson.dumps(one) for one in lines))
    return path


def test_every_column_has_its_evidence():
    """Each canonical column says what is off without it."""
    assert list(NEEDS) == EXCHANGES.names
    assert set(switched_off(["prompt"])) == set(EXCHANGES.names) - {"prompt"}


def test_explain_says_what_is_there_and_what_is_missing(tmp_path):
    """Shares, reasons and missing evidence are those of the sample, and no record's text is in it."""
    path = write(tmp_path / "x.jsonl", ROW, {**ROW, "status": 200}, b'{"canary-5d1e', {**ROW, "account_id": None})
    one = explain([path])[0]
    columns = {column.name: column for column in one.columns}
    assert (one.format, one.container, one.tally.read, one.tally.used) == ("canonical", "json-lines", 4, 2)
    assert one.tally.quarantined == {"no-account": 1, "not-json": 1}
    assert (columns["status"].filled_share, columns["prompt"].filled_share) == (0.5, 1.0)
    assert columns["ip"].is_missing
    assert columns["ip"].without_it == NEEDS["ip"]
    document = orjson.dumps(one.as_document()).decode()
    assert "canary" not in document
    assert explain([path], ReadOptions(max_records=1))[0].tally.read == 1


def test_convert_writes_the_canonical_table(tmp_path):
    """Every usable record is in the file, in the canonical schema; the counts come back."""
    tally = convert([write(tmp_path / "x.jsonl", ROW, b"{")], tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.schema.equals(EXCHANGES)
    assert table["prompt"].to_pylist() == ["canary-5d1e"]
    assert (tally.read, tally.used, tally.quarantined) == (2, 1, 1)
    assert (tmp_path / "out.parquet").stat().st_mode & 0o077 == 0


def test_convert_leaves_nothing_behind_when_it_fails(tmp_path):
    """Without a usable record or a writable folder there is no output and no remains; inputs stay as they are."""
    path = write(tmp_path / "x.jsonl", {**ROW, "account_id": ""})
    with pytest.raises(InputError, match="no-account 1"):
        convert([path], tmp_path / "out.parquet")
    with pytest.raises(OutputError):
        convert([path], tmp_path / "absent" / "out.parquet")
    with pytest.raises(UsageError, match="one of the inputs"):
        convert([path], path)
    assert [one.name for one in tmp_path.iterdir()] == ["x.jsonl"]


def test_a_folder_is_explained_with_its_strays(tmp_path):
    """A note among the logs is explained as what it is, and keeps nothing of the logs from being explained."""
    (tmp_path / "a.md").write_text("# Notes\n", encoding="utf-8")
    (tmp_path / "b.jsonl").write_bytes(b'{"exchange_id":"1","account_id":"a","requested_at":1772366400}\n')
    stray, log = explain([tmp_path])
    assert (stray.format, stray.title, dict(stray.tally.quarantined)) == ("unknown", "not read", {"unknown-format": 1})
    assert (log.format, log.tally.used) == ("canonical", 1)
