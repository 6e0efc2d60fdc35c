"""The audit log: what was written stays, and what was changed behind its back is named."""

import sqlite3

import pytest
from desks import new_desk

from stillwatch.errors import BrokenLogError
from stillwatch.store.desk.audit import Head, entries, head, record, verify
from stillwatch.store.desk.decision import Wish, decide


@pytest.fixture
def desk(tmp_path):
    """A desk whose log has a login, a decision, a view and another decision."""
    desk = new_desk(tmp_path)
    record(desk, "ada", "login", "ada", {"address": "127.0.0.1"})
    decide(desk, Wish("ada", "confirm", "c-1", 0))
    record(desk, "ada", "view:account", "acct_1", {})
    decide(desk, Wish("ben", "note", "c-1", 1, reason="looks right"))
    return desk


def tamper(desk, *statements):
    """Write to the file as somebody would who knows SQLite, past the triggers."""
    connection = sqlite3.connect(desk.path)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_untouched_log_verifies_and_names_its_head(desk):
    """Verification ends at the newest entry, which is the head."""
    assert verify(desk) == head(desk)
    assert head(desk).seq == 4
    assert [entry.kind for entry in entries(desk)] == ["decision:note", "view:account", "decision:confirm", "login"]


@pytest.mark.parametrize("table", ["audit", "decision", "snapshot", "proposal", "proposal_event"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET rowid = rowid"])
def test_log_tables_are_append_only(desk, table, statement):
    """Each table of record has a trigger against changing and one against deleting."""
    with desk.reading() as connection:
        names = {row["name"] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    assert {f"{table}_is_not_changed", f"{table}_is_not_deleted"} <= names
    if table in ("audit", "decision"):  # the others are empty here, and a trigger fires for rows
        connection = sqlite3.connect(desk.path)
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement.format(table))
        connection.close()


@pytest.mark.parametrize(
    ("statement", "seq", "problem"),
    [
        ("UPDATE audit SET actor = 'eve' WHERE seq = 2", 2, "was changed"),
        ("UPDATE audit SET at = '2020-01-01T00:00:00.000000Z' WHERE seq = 3", 3, "was changed"),
        ("UPDATE audit SET detail = '{}' WHERE seq = 1", 1, "was changed"),
        ("DELETE FROM audit WHERE seq = 3", 3, "is missing"),
        ("UPDATE audit SET previous = sha256 WHERE seq = 3", 3, "does not follow"),
        ("UPDATE decision SET reason = 'other' WHERE id = 1", 2, "seals a decision"),
        ("UPDATE decision SET actor = 'eve' WHERE id = 2", 4, "seals a decision"),
        ("DELETE FROM decision WHERE id = 2", 4, "seals a decision"),
    ],
)
def test_first_broken_entry_is_named(desk, statement, seq, problem):
    """Whatever was changed in the file, verification names the entry and says how it is broken."""
    tamper(desk, statement)
    with pytest.raises(BrokenLogError) as refused:
        verify(desk)
    assert refused.value.where.endswith(f"entry {seq}")
    assert problem in refused.value.problem


def test_cut_log_is_found_by_a_kept_head(desk):
    """A log whose newest entries were removed verifies by itself and fails against a head kept elsewhere."""
    kept = head(desk)
    tamper(desk, "DELETE FROM decision WHERE id = 2", "DELETE FROM audit WHERE seq = 4")
    assert verify(desk).seq == 3
    with pytest.raises(BrokenLogError, match="cut off"):
        verify(desk, kept)


def test_rewritten_log_is_found_by_a_kept_head(desk, tmp_path):
    """A log that was written anew from the start is not the one of the kept head."""
    kept = head(desk)
    (tmp_path / "other").mkdir()
    other = new_desk(tmp_path / "other")
    for _ in range(5):
        record(other, "eve", "login", "eve", {})
    verify(other)
    with pytest.raises(BrokenLogError, match="kept head"):
        verify(other, kept)
    assert verify(desk, Head(2, entries(desk)[2].sha256)) == kept


def test_file_is_for_its_owner_alone(desk):
    """Nobody else on the machine reads who decided what."""
    assert desk.path.stat().st_mode & 0o777 == 0o600
