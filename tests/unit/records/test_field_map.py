"""A field map reads a log of any names, and a wrong map is refused before the run with what to do."""

import csv
import tomllib
from datetime import UTC, datetime

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import FieldMapError
from stillwatch.records.field_map import build_reader, read_field_map
from stillwatch.records.field_path import follow, parse_path
from stillwatch.records.outcome import Place, Record
from stillwatch.records.schema import PLACED_EXCHANGES
from stillwatch.records.traffic import ReadOptions, read_traffic

MAP = """
name = "ours"
time_zone = "Europe/Berlin"
[map]
exchange_id = "request.id"
account_id = 'caller["tenant.id"]'
requested_at = { path = "at", format = "%d/%m/%Y %H:%M:%S" }
platform = { const = "api" }
status = { path = "outcome", values = { ok = 200, throttled = 429, true = 200 }, default = 500 }
max_tokens = { path = "limits[0].k", scale = 1000 }
prompt = { messages = "request.messages", system = "request.system" }
tool_names = { tools = "request.tools" }
response = { text = "answer" }
"""
RECORD = {
    "request": {
        "id": 7,
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": [{"type": "text", "text": "c"}]},
        ],
        "tools": [{"function": {"name": "f"}}],
    },
    "caller": {"tenant.id": "t"},
    "at": "01/03/2026 13:00:00",
    "outcome": "throttled",
    "limits": [{"k": 4}],
    "answer": {"content": [{"type": "text", "text": "d"}]},
}
REQUIRED = 'exchange_id = "i"\naccount_id = "a"\nrequested_at = "t"\n'


def read(path, map_text, tmp_path, **options):
    """Return rows without nulls and places, and the traffic."""
    (tmp_path / "map.toml").write_text(map_text, encoding="utf-8")
    traffic = read_traffic([path], ReadOptions(field_map=tmp_path / "map.toml", **options))
    rows = pa.Table.from_batches(list(traffic), schema=PLACED_EXCHANGES).to_pylist()
    places = {"source_index", "line", "record_bytes"}
    return [{k: v for k, v in row.items() if v is not None and k not in places} for row in rows], traffic


def test_a_map_fills_every_column_it_names(tmp_path):
    """Paths, constants, formats, zones, scales, value tables and messages give one exchange."""
    log = tmp_path / "log.jsonl"
    log.write_bytes(orjson.dumps(RECORD) + b"\n" + orjson.dumps({**RECORD, "outcome": "odd", "at": "2026"}))
    rows, traffic = read(log, MAP, tmp_path)
    assert rows == [
        {
            "exchange_id": "7",
            "account_id": "t",
            "requested_at": datetime(2026, 3, 1, 12, tzinfo=UTC),
            "platform": "api",
            "system_prompt": "Be brief.",
            "prompt": "c",
            "response": "d",
            "turn": 1,
            "tool_names": ["f"],
            "max_tokens": 4000,
            "status": 429,
            "thinking_signatures": [],
        }
    ]
    assert traffic.tally.by_reason == {"bad-time": 1}
    assert traffic.recognitions[0].reader.provides >= {"turn", "system_prompt", "prompt"}


def test_a_value_outside_its_table_takes_the_default(tmp_path):
    """Values not in the table, and missing ones, take the default; booleans are looked up as JSON writes them."""
    (tmp_path / "log.jsonl").write_bytes(
        b"\n".join(orjson.dumps({**RECORD, "outcome": outcome}) for outcome in ("odd", None, True, ["x"]))
    )
    rows, _ = read(tmp_path / "log.jsonl", MAP, tmp_path)
    assert [row["status"] for row in rows] == [500, 500, 200, 500]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_other_containers(tmp_path, kind):
    """CSV and Parquet logs take a map too; messages may be JSON text in a field."""
    row = {"i": "1", "a": "x", "t": "2026-03-01T12:00:00Z", "m": '[{"role":"user","content":"hi"}]'}
    log = tmp_path / f"log.{kind}"
    if kind == "csv":
        with log.open("w", newline="") as file:
            writer = csv.DictWriter(file, row)
            writer.writeheader()
            writer.writerow(row)
    else:
        pq.write_table(pa.Table.from_pylist([row]), log)
    rows, _ = read(log, "[map]\n" + REQUIRED + 'prompt = { messages = "m" }', tmp_path)
    assert [(one["exchange_id"], one["prompt"], one["turn"]) for one in rows] == [("1", "hi", 0)]


def test_a_canonical_name_in_a_map_wins_over_messages(tmp_path):
    """A column that the map names itself is not taken from the messages."""
    text = "[map]\n" + REQUIRED + 'prompt = { messages = "m" }\nturn = "n"\n'
    (tmp_path / "log.jsonl").write_bytes(orjson.dumps({"i": 1, "a": "x", "t": 1772366400, "m": "hi", "n": 9}))
    rows, _ = read(tmp_path / "log.jsonl", text, tmp_path)
    assert (rows[0]["prompt"], rows[0]["turn"]) == ("hi", 9)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[map", "not TOML"),
        ("", "no \\[map\\]"),
        ("[map]\n", "no \\[map\\]"),
        ("[maps]\n", "maps"),
        ('[map]\naccount_id = "a"\n', "exchange_id, requested_at"),
        ("[map]\n" + REQUIRED + 'promt = "p"', "promt"),
        ("[map]\n" + REQUIRED + "prompt = 5", "neither a path nor a table"),
        ("[map]\n" + REQUIRED + 'prompt = "a..b"', "the path wrong at character 2|character"),
        ("[map]\n" + REQUIRED + 'prompt = ""', "0 steps"),
        ("[map]\n" + REQUIRED + 'prompt = "a[x]"', "character 2"),
        ("[map]\n" + REQUIRED + 'prompt = { path = "p", const = 1 }', "not exactly one source"),
        ("[map]\n" + REQUIRED + 'prompt = { default = "p" }', "not exactly one source"),
        ("[map]\n" + REQUIRED + 'prompt = { path = "p", scal = 2 }', "scal"),
        ("[map]\n" + REQUIRED + 'prompt = { path = "p", scale = 2 }', "only a number"),
        ("[map]\n" + REQUIRED + 'max_tokens = { path = "p", scale = "2" }', "wrong type"),
        ("[map]\n" + REQUIRED + 'model = { path = "p", format = "%Y" }', "only a time"),
        ("[map]\n" + REQUIRED + 'model = { messages = "m" }', "messages fill prompt"),
        ("[map]\n" + REQUIRED + 'model = { tools = "m" }', "tools fill tool_names"),
        ("[map]\n" + REQUIRED + "model = { const = { a = 1 } }", "a constant"),
        ("[map]\n" + REQUIRED.replace('"a"', '{ const = "a" }'), "the same one"),
        ('time_zone = "Mars/X"\n[map]\n' + REQUIRED, "time zone"),
        ("time_zone = 5\n[map]\n" + REQUIRED, "time_zone"),
        ("name = 5\n[map]\n" + REQUIRED, "name"),
    ],
)
def test_wrong_maps_are_refused(tmp_path, text, named):
    """Unknown keys, missing columns, bad paths and wrong types are named, with the next step."""
    path = tmp_path / "map.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FieldMapError, match=named):
        read_field_map(path)


def test_a_missing_map_is_refused(tmp_path):
    """A map that is not there is refused as a map."""
    with pytest.raises(FieldMapError, match="cannot be read"):
        read_field_map(tmp_path / "absent.toml")


def test_paths():
    """Names, indexes from either end and quoted keys lead to a value; a path that leads nowhere gives None."""
    value = {"a": [{"b.c": 1, 'd"e': 2}, 3]}
    assert [
        follow(value, parse_path(path)) for path in ('a[0]["b.c"]', 'a[0]["d\\"e"]', "a[-1]", "a[5]", "a.b", "x.y")
    ] == [
        1,
        2,
        3,
        None,
        None,
        None,
    ]


@given(st.text(max_size=20))
def test_any_path_is_taken_or_refused(text):
    """No text makes path reading fail in another way than by refusing."""
    try:
        steps = parse_path(text)
    except ValueError:
        return
    follow({"a": 1}, steps)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5), lambda x: st.dictionaries(st.text(max_size=5), x), max_leaves=9
    )
)
def test_any_record_is_survived(value):
    """No record makes a mapped session raise."""
    session = build_reader(tomllib.loads(MAP), "map").session()
    record = value if isinstance(value, dict) else {"request": value}
    assert len(list(session.feed(Record(Place("s", 1, 1), record)))) == 1
