"""Accounts and authorisations are read with the same care as traffic."""

from datetime import UTC, datetime, timedelta

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputError
from stillwatch.records.registers import read_accounts, read_authorisations, whole
from stillwatch.records.schema import ACCOUNTS, AUTHORISATIONS

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def write(path, rows):
    """Write rows as JSON Lines."""
    path.write_bytes(b"\n".join(orjson.dumps(row) for row in rows))
    return path


def test_accounts_fold_and_conflicts_are_chosen_between(tmp_path):
    """Equal rows fold; of contradicting rows the fuller stands, whatever the order of rows and files, and is told."""
    rows = [
        {"account_id": "b", "plan": "max", "plan_price_usd": "200"},
        {"account_id": "a", "is_verified": "yes", "created_at": "2012-05-01T00:00:00Z"},
        {"account_id": "a", "is_verified": True, "created_at": 1335830400},
        {"account_id": "b", "plan": "pro"},
        {"account_id": "b", "plan": "team", "plan_price_usd": 30},
        {"account_id": ""},
        {"account_id": "c", "favourite_colour": "red", "plan_price_usd": -1},
    ]
    one = read_accounts([write(tmp_path / "x.jsonl", rows)])
    write(tmp_path / "1.jsonl", rows[4:])
    write(tmp_path / "2.jsonl", rows[3::-1])
    two = read_accounts([tmp_path / "1.jsonl", tmp_path / "2.jsonl"])
    assert one.table.schema == ACCOUNTS
    assert one.table.equals(two.table)
    assert one.warnings == two.warnings
    kept = {row["account_id"]: row for row in one.table.to_pylist()}
    assert list(kept) == ["a", "b", "c"]
    assert kept["a"]["created_at"] == datetime(2012, 5, 1, tzinfo=UTC)
    assert kept["b"]["plan_price_usd"] in (30.0, 200.0)
    assert (one.n_read, one.n_folded, one.quarantine.num_rows) == (7, 3, 1)
    assert one.warnings == {
        "accounts with rows that contradict each other": 1,
        "favourite_colour: no column of this table, ignored": 1,
        "plan_price_usd: out-of-range": 1,
    }


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_accounts_in_other_containers(tmp_path, kind):
    """Parquet and CSV give the same accounts; nanosecond times are accepted."""
    path = tmp_path / f"x.{kind}"
    if kind == "csv":
        path.write_text("account_id,created_at,is_verified\na,2026-03-01T12:00:00Z,true\n")
    else:
        created = pa.array([NOON], pa.timestamp("ns", "UTC"))
        pq.write_table(pa.table({"account_id": ["a"], "created_at": created, "is_verified": [True]}), path)
    assert read_accounts([path]).table.to_pylist()[0] == {
        **dict.fromkeys(ACCOUNTS.names),
        "account_id": "a",
        "created_at": NOON,
        "is_verified": True,
    }


def test_a_file_of_another_kind_is_refused(tmp_path):
    """A table without the column that makes it accounts, or authorisations, is refused whole."""
    path = write(tmp_path / "x.jsonl", [{"user": "a"}])
    for read in (read_accounts, read_authorisations):
        with pytest.raises(InputError, match="no row has"):
            read([path])
    naive = pa.table({"account_id": ["a"], "created_at": pa.array([NOON.replace(tzinfo=None)])})
    pq.write_table(naive, tmp_path / "y.parquet")
    with pytest.raises(InputError, match="--time-zone"):
        read_accounts([tmp_path / "y.parquet"])
    assert read_accounts([tmp_path / "y.parquet"], time_zone="UTC").table["created_at"].to_pylist() == [NOON]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "not-one-party"),
        ({"account_id": "a", "organisation_id": "o"}, "not-one-party"),
        ({"account_id": " "}, "not-one-party"),
        ({"account_id": "a", "scope": "anything"}, "unknown-scope"),
        ({"account_id": "a", "scope": None}, "unknown-scope"),
        ({"account_id": "a", "valid_to": "someday"}, "bad-time"),
        ({"account_id": "a", "valid_from": "2026-03-01T00:00:00"}, "no-time-zone"),
        ({"account_id": "a", "valid_from": "9999-12-31T00:00:00Z"}, "bad-validity"),
        ({"account_id": "a", "valid_from": "2026-03-01T00:00:00Z", "valid_to": "2025-01-01T00:00:00Z"}, "bad-validity"),
        ({"account_id": "a", "valid_to": 0}, "bad-validity"),
    ],
)
def test_an_authorisation_that_is_unclear_authorises_nothing(tmp_path, values, reason):
    """A row of no or two parties, of an unknown scope or of an unreadable time is set apart, never widened."""
    found = read_authorisations([write(tmp_path / "x.jsonl", [{"scope": "evaluation", **values}])])
    assert found.table.num_rows == 0
    assert found.quarantine["reason"].to_pylist() == [reason]


def test_a_registry_that_lost_a_row_is_refused(tmp_path):
    """Whom the lost row names could be accused; the refusal says which row, and why."""
    path = write(tmp_path / "x.jsonl", [{"account_id": "a", "scope": "evaluation"}, {"account_id": "b", "scope": "x"}])
    with pytest.raises(InputError, match=r"1 of 2 rows.*row 2: unknown-scope"):
        whole(read_authorisations([path]), "--authorisations")
    good = read_authorisations([write(tmp_path / "y.jsonl", [{"account_id": "a", "scope": "evaluation"}])])
    assert whole(good, "--authorisations") is good


def test_a_plain_date_means_its_whole_day(tmp_path):
    """As legal departments write it: from the day's first to its last microsecond, in the zone given or in UTC."""
    path = tmp_path / "x.csv"
    path.write_text("account_id,scope,valid_from,valid_to\na,evaluation,2026-03-01,2026-03-01\n")
    for zone, shift in ((None, 0), ("Europe/Athens", 2)):
        (row,) = read_authorisations([path], time_zone=zone).table.to_pylist()
        start = datetime(2026, 3, 1, tzinfo=UTC) - timedelta(hours=shift)
        assert row["valid_from"] == start
        assert row["valid_to"] == start + timedelta(days=1) - timedelta(microseconds=1)


def test_authorisations(tmp_path):
    """Rows add up, each once; an end in 9999 is no end."""
    rows = [
        {"organisation_id": "o", "scope": "distillation", "valid_to": "9999-12-31T00:00:00Z", "reference": "c-1"},
        {"account_id": "a", "scope": "evaluation", "valid_from": "2026-03-01T12:00:00Z"},
        {"account_id": "a", "scope": "evaluation", "valid_from": NOON.timestamp()},
    ]
    found = read_authorisations([write(tmp_path / "x.jsonl", rows)])
    assert found.table.schema == AUTHORISATIONS
    assert (found.n_read, found.n_folded, found.table.num_rows) == (3, 1, 2)
    by_party = {row["account_id"] or row["organisation_id"]: row for row in found.table.to_pylist()}
    assert by_party["o"]["valid_to"] is None
    assert by_party["a"]["valid_from"] == NOON


def empty_file(path, schema):
    """Write a table without a row, as the kind of file that a path's ending names."""
    if path.suffix == ".parquet":
        pq.write_table(schema.empty_table(), path)
    else:
        path.write_text({".csv": ",".join(schema.names) + "\n", ".json": "[]", ".jsonl": ""}[path.suffix])
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".json", ".jsonl"])
def test_a_table_without_a_row_is_read_and_told(tmp_path, suffix):
    """A registry that authorises nobody is one; so is an accounts table that describes nobody."""
    for read, schema in ((read_accounts, ACCOUNTS), (read_authorisations, AUTHORISATIONS)):
        found = read([empty_file(tmp_path / f"x{suffix}", schema)])
        assert found.table.schema == schema
        assert (found.n_read, len(found.table), found.quarantine.num_rows) == (0, 0, 0)
        assert found.warnings == {"files without a row": 1}
        assert list(found.digests) == [f"x{suffix}"]


def test_a_table_of_another_kind_without_a_row_is_refused(tmp_path):
    """Where a file says its columns, a missing one is missed even without a row."""
    path = empty_file(tmp_path / "x.parquet", ACCOUNTS)
    with pytest.raises(InputError, match="no row has scope"):
        read_authorisations([path])
