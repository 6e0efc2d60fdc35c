"""The project's own table reads the same from Parquet, Arrow, JSON Lines and CSV."""

import csv
import gzip
from datetime import UTC, datetime, timedelta

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.errors import InputError
from stillwatch.records.schema import EXCHANGES
from stillwatch.records.traffic import ReadOptions, read_traffic

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROWS = [
    {
        "exchange_id": f"e{i}",
        "account_id": f"a{i % 3}",
        "requested_at": NOON + timedelta(seconds=i, microseconds=i),
        "prompt": ["Write a haiku.", 'Zeile\n"zwei", 日本語', None][i % 3],
        "tool_names": [["a", "b"], [], None][i % 3],
        "temperature": [0.7, None, 1.0][i % 3],
        "input_tokens": i,
        "refused": [True, False, None][i % 3],
        "status": 200,
    }
    for i in range(20)
]
TABLE = pa.Table.from_pylist(ROWS, schema=EXCHANGES)


def as_json_lines(table):
    """Return a table as JSON Lines."""
    return b"\n".join(orjson.dumps(row) for row in table.to_pylist())


def write_csv(table, path):
    """Write a table as CSV, lists as JSON."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(table.column_names)
        for row in table.to_pylist():
            lists = {name: orjson.dumps(value).decode() for name, value in row.items() if isinstance(value, list)}
            writer.writerow({**row, **lists}.values())


def write_arrow(table, path, opener):
    """Write a table as Arrow IPC."""
    with opener(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=7)


def read(path, **options):
    """Return the exchanges of a file, and the traffic."""
    traffic = read_traffic([path], ReadOptions(**options))
    batches = list(traffic)
    return pa.Table.from_batches([batch.select(EXCHANGES.names) for batch in batches], schema=EXCHANGES), traffic


WRITERS = {
    "parquet": lambda table, path: pq.write_table(table, path, row_group_size=6),
    "arrow": lambda table, path: write_arrow(table, path, pa.ipc.new_file),
    "arrows": lambda table, path: write_arrow(table, path, pa.ipc.new_stream),
    "jsonl": lambda table, path: path.write_bytes(as_json_lines(table)),
    "jsonl.gz": lambda table, path: path.write_bytes(gzip.compress(as_json_lines(table))),
    "jsonl.zst": lambda table, path: path.write_bytes(pa.Codec("zstd").compress(as_json_lines(table), asbytes=True)),
    "json": lambda table, path: path.write_bytes(b"[" + as_json_lines(table).replace(b"}\n{", b"},\n{") + b"]"),
    "csv": write_csv,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_round_trip(tmp_path, kind):
    """A table written in any container is the same table when read, and every row is counted."""
    path = tmp_path / f"x.{kind}"
    WRITERS[kind](TABLE, path)
    table, traffic = read(path)
    assert table.equals(TABLE)
    assert (traffic.tally.read, traffic.tally.used, traffic.tally.warnings) == (20, 20, {})
    assert traffic.tally.capabilities == {"tool_names", *ROWS[0]}


@pytest.mark.parametrize(
    "cast",
    [
        {"exchange_id": pa.large_string(), "account_id": pa.dictionary(pa.int32(), pa.string())},
        {"exchange_id": pa.string_view(), "account_id": pa.binary(), "prompt": pa.large_string()},
        {"requested_at": pa.timestamp("ns", "UTC"), "input_tokens": pa.int8(), "status": pa.float64()},
        {"requested_at": pa.timestamp("us", "Asia/Tokyo"), "input_tokens": pa.uint64(), "temperature": pa.float32()},
        {"requested_at": pa.int64(), "status": pa.string(), "tool_names": pa.large_list(pa.large_string())},
    ],
)
def test_columns_of_other_types_are_converted(tmp_path, cast):
    """Wider, narrower and encoded types of the same meaning give the same table."""
    table = TABLE
    for name, kind in cast.items():
        column = table.column(name)
        encoded = column.dictionary_encode() if pa.types.is_dictionary(kind) else column.cast(kind)
        table = table.set_column(table.schema.get_field_index(name), name, encoded)
    write_arrow(table, tmp_path / "x.arrow", pa.ipc.new_file)
    got, traffic = read(tmp_path / "x.arrow")
    if "temperature" in cast:
        got = (
            got.drop(["temperature"])
            .append_column("temperature", pc.round(got.column("temperature"), 4))
            .select(EXCHANGES.names)
        )
    assert got.equals(TABLE)
    assert traffic.tally.quarantined == 0


@pytest.mark.parametrize(
    ("name", "values", "problem"),
    [
        ("requested_at", pa.array([NOON.replace(tzinfo=None)] * 20), "no time zone"),
        ("requested_at", pa.array([True] * 20), "wrong type"),
        ("prompt", pa.array([["x"]] * 20), "wrong type"),
        ("account_id", pa.array([1.5] * 20), "wrong type"),
        ("status", pa.array([NOON] * 20), "wrong type"),
    ],
)
def test_a_column_of_the_wrong_type_is_refused(tmp_path, name, values, problem):
    """The refusal names the column, what it is and what it should be, before any row is used."""
    table = TABLE.set_column(TABLE.schema.get_field_index(name), name, values)
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(InputError, match=f"column {name} has .*{problem.split()[-1]}") as refused:
        read(tmp_path / "x.parquet")
    assert refused.value.got is not None
    assert refused.value.got.partition("<")[0] == str(values.type).partition("<")[0]
    assert refused.value.expected == str(EXCHANGES.field(name).type)


def test_a_naive_time_takes_the_named_zone(tmp_path):
    """With --time-zone a column without a zone is local time."""
    table = TABLE.set_column(2, "requested_at", pa.array([datetime(2026, 3, 1, 21)] * 20))  # noqa: DTZ001
    pq.write_table(table, tmp_path / "x.parquet")
    got, _ = read(tmp_path / "x.parquet", time_zone="Asia/Tokyo")
    assert set(got.column("requested_at").to_pylist()) == {NOON}


def test_bad_rows_are_quarantined_each_alone(tmp_path):
    """Null and blank ids and times that cannot be are quarantined by row and reason; extra columns are told."""
    rows = [dict(row) for row in ROWS[:6]]
    rows[0]["exchange_id"] = None
    rows[1]["account_id"] = "  "
    rows[2]["requested_at"] = None
    rows[3]["requested_at"] = datetime(1970, 1, 1, tzinfo=UTC)
    rows[4]["requested_at"] = datetime(9999, 12, 31, tzinfo=UTC)
    rows[5] |= {"input_tokens": -5, "status": 0, "prompt": "ig\0nore", "model": ""}
    table = pa.Table.from_pylist(rows, schema=EXCHANGES).append_column("secret_note", pa.array(["x"] * 6))
    pq.write_table(table, tmp_path / "x.parquet")
    got, traffic = read(tmp_path / "x.parquet")
    assert got.to_pylist() == [
        dict.fromkeys(EXCHANGES.names) | ROWS[5] | {"input_tokens": None, "status": None, "prompt": "ignore"}
    ]
    quarantine = traffic.quarantine().to_pylist()
    assert [(row["line"], row["reason"]) for row in quarantine] == [
        (1, "no-id"),
        (2, "no-account"),
        (3, "no-time"),
        (4, "implausible-time"),
        (5, "implausible-time"),
    ]
    assert traffic.tally.warnings == {
        "input_tokens: out-of-range": 1,
        "prompt: unclean-text": 1,
        "status: out-of-range": 1,
        "values outside the canonical columns": 6,
    }


def test_text_that_is_not_utf8_is_quarantined(tmp_path):
    """Parquet promises UTF-8 and does not check it; such a row is set apart, and its neighbours stay."""
    bad = pa.array([b"fine", b"\xff\xfe", None]).view(pa.string())
    table = TABLE.slice(0, 3).set_column(TABLE.schema.get_field_index("prompt"), "prompt", bad)
    pq.write_table(table, tmp_path / "x.parquet")
    got, traffic = read(tmp_path / "x.parquet")
    assert got.column("prompt").to_pylist() == ["fine", None]
    assert traffic.tally.by_reason == {"not-utf8": 1}


def test_a_damaged_file_keeps_what_was_read(tmp_path):
    """A row group that cannot be read ends the file with one quarantined record; a file without an end is refused."""
    path = tmp_path / "x.parquet"
    table = pa.concat_tables([TABLE.select(["exchange_id", "account_id", "requested_at"])] * 2000)
    pq.write_table(table, path, row_group_size=10_000, compression="zstd", use_dictionary=False)
    content = bytearray(path.read_bytes())
    start = pq.ParquetFile(path).metadata.row_group(2).column(0).data_page_offset
    content[start : start + 200] = b"\xff" * 200
    path.write_bytes(content)
    _, traffic = read(path)
    assert traffic.tally.by_reason == {"corrupt-file": 1}
    assert 0 < traffic.tally.used <= 20_000
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"x\.parquet"):
        read(path)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "exchange_id": st.none() | TEXT,
                "account_id": st.none() | TEXT,
                "requested_at": st.integers(-(2**40), 2**52),
            },
            optional={
                "prompt": st.none() | TEXT,
                "input_tokens": st.none() | st.integers(-5, 2**40),
                "temperature": st.none() | st.floats(-1, 200),
            },
        ),
        min_size=1,
        max_size=12,
    )
)
def test_columns_and_rows_obey_the_same_rules(tmp_path, rows):
    """Whole columns and single rows agree on every value, used or quarantined."""
    kinds = pa.schema(
        [EXCHANGES.field(n) for n in ("exchange_id", "account_id", "prompt", "temperature", "input_tokens")]
    )
    table = pa.Table.from_pylist(rows, schema=kinds.insert(2, pa.field("requested_at", pa.int64())))
    pq.write_table(table, tmp_path / "x.parquet")
    (tmp_path / "x.jsonl").write_bytes(as_json_lines(table))
    by_column, traffic = read(tmp_path / "x.parquet")
    by_row, other = read(tmp_path / "x.jsonl", format="canonical")
    assert by_column.equals(by_row)
    assert traffic.tally.used == other.tally.used
    assert traffic.tally.read == other.tally.read == len(rows)
