"""A draft of a field map reads its log at once where names are usual, and says what is missing where they are not."""

import tomllib
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import FieldMapError, InputError
from stillwatch.records.draft import _written, draft_map
from stillwatch.records.draft_field import fields_of
from stillwatch.records.explanation import explain
from stillwatch.records.field_map import build_reader
from stillwatch.records.terminal import printable
from stillwatch.records.traffic import ReadOptions

CANARY = "canary-7f3a"
USUAL = {
    "ts": "2026-03-01 12:00:00",
    "rid": "a1",
    "tenant": {"id": "t1", "plan": "pro"},
    "http": {"status": 200, "headers": {"user-agent": "x", "x-forwarded-for": "203.0.113.4, 10.0.0.1"}},
    "payload": {"model": "m", "messages": [{"role": "user", "content": CANARY}]},
    "result": '{"choices":[{"message":{"content":"yes"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3}}',
}


def _log(tmp_path: Path, *records: object) -> Path:
    path = tmp_path / "other.jsonl"
    path.write_bytes(b"\n".join(orjson.dumps(one) for one in records))
    return path


def test_a_draft_of_usual_names_reads_the_log(tmp_path: Path) -> None:
    """Bodies are found by what they are, the rest by its names, and a time without a zone is pointed at."""
    path = _log(tmp_path, USUAL, {**USUAL, "rid": "a2", "result": None})
    draft = draft_map(path)
    document = tomllib.loads(draft)
    assert document["bodies"] == {"request": "payload", "response": "result"}
    assert document["map"] == {
        "exchange_id": "rid",
        "account_id": "tenant.id",
        "requested_at": "ts",
        "status": "http.status",
        "ip": "http.headers.x-forwarded-for",
        "user_agent": "http.headers.user-agent",
    }
    assert document["time_zone"] == "UTC"
    assert CANARY not in draft
    (tmp_path / "ours.toml").write_text(draft, encoding="utf-8")
    told = explain([path], ReadOptions(field_map=tmp_path / "ours.toml"))[0]
    assert told.tally.used == 2
    assert {one.name for one in told.columns if one.filled_share == 1} >= {"prompt", "model", "turn", "account_id"}


def test_a_draft_says_what_it_did_not_find(tmp_path: Path) -> None:
    """Without an account the draft is no map yet, and the line to write is there; an id may be the place."""
    draft = draft_map(_log(tmp_path, {"when": 1772366400, "question": "why"}))
    assert '# account_id = "..."  # not found' in draft
    document = tomllib.loads(draft)
    assert document["map"]["exchange_id"] == {"place": True}
    with pytest.raises(FieldMapError, match="account_id"):
        build_reader(document, "draft")


def test_a_status_in_words_becomes_a_table(tmp_path: Path) -> None:
    """Words that say how a call went are turned to numbers, those that are known and the rest as failures."""
    rows = [{"ts": 1772366400, "user_id": f"u{n}", "status": word} for n, word in enumerate(("ok", "OK", "error"))]
    status = tomllib.loads(draft_map(_log(tmp_path, *rows)))["map"]["status"]
    assert status == {"path": "status", "values": {"ok": 200, "OK": 200}, "default": 500}


def test_a_draft_of_a_known_format_says_that_none_is_needed(tmp_path: Path) -> None:
    """Who drafts a map for a log that is read anyway is told so."""
    row = {"exchange_id": "e", "account_id": "a", "requested_at": 1772366400}
    assert draft_map(_log(tmp_path, row)).startswith("# No map is needed: this file is read already, as canonical")


def test_a_file_without_records_gives_no_draft(tmp_path: Path) -> None:
    """There is nothing to look at in an empty file."""
    (tmp_path / "none.jsonl").write_bytes(b"")
    with pytest.raises(InputError, match="no record"):
        draft_map(tmp_path / "none.jsonl")


@given(
    st.dictionaries(
        st.text(max_size=8) | st.sampled_from(["request", "id", "user", "ts", 'a"b', "a\\b", "a.b", "\x1b[2J", "\n"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
            max_leaves=8,
        ),
        max_size=6,
    )
)
def test_any_record_gives_toml_that_steers_no_terminal(record: dict[str, object]) -> None:
    """Whatever a log's fields are called, the draft is TOML without control characters, and its paths are paths."""
    lines = list(_written("log", fields_of([record, record]), 2))
    assert all(printable(part, len(part)) == part for line in lines for part in line.split("\n"))
    document = tomllib.loads("\n".join(lines))
    filler = {"account_id": "a", "requested_at": "t"}
    build_reader({**document, "map": {**filler, **document["map"]}}, "draft")
