"""The audit log: append-only, each entry sealed by a hash over its own content and the entry before it.

Whoever can write the file can write the whole chain anew: triggers and hashes keep mistakes and partial changes from
going unseen, not an administrator. Keep the head (``stillwatch audit head``) elsewhere, and ``verify`` holds it
against the log.

Source: Haber and Stornetta 1991, How to time-stamp a digital document (linked digests).
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stillwatch.errors import BrokenLogError
from stillwatch.store.desk.database import Database, canonical

GENESIS: Final = "0" * 64
DOMAIN: Final = b"stillwatch.audit/1\n"  # so that no other digest of ours can be passed off as an entry's
SEALED: Final = {"decision": "decision", "proposal": "proposal", "proposal_event": "proposal_event"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its number from 1 on, when, who, what (``kind``), to what (``subject``), and the details."""

    seq: int
    at: str
    actor: str
    kind: str
    subject: str
    detail: Mapping[str, Any]
    previous: str
    sha256: str


def append(
    connection: sqlite3.Connection, at: str, actor: str, kind: str, subject: str, detail: Mapping[str, Any]
) -> Entry:
    """Append an entry within a write transaction and return it."""
    last = connection.execute("SELECT seq, sha256 FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    seq, previous = (last["seq"] + 1, last["sha256"]) if last else (1, GENESIS)
    text = canonical(detail)
    seal = _seal(seq, at, actor, kind, subject, text, previous)
    connection.execute(
        "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (seq, at, actor, kind, subject, text, previous, seal)
    )
    return Entry(seq, at, actor, kind, subject, detail, previous, seal)


def record(database: Database, actor: str, kind: str, subject: str, detail: Mapping[str, Any]) -> Entry:
    """Append one entry that goes with nothing else: a login, a view, an export."""
    with database.writing() as connection:
        return append(connection, database.now(), actor, kind, subject, detail)


def entries(database: Database, *, before: int | None = None, limit: int = 200, kind: str | None = None) -> list[Entry]:
    """Return entries, the newest first.

    Args:
        database: the desk.
        before: only entries with a smaller number.
        limit: at most so many.
        kind: only of that kind.
    """
    with database.reading() as connection:
        rows = connection.execute(
            "SELECT * FROM audit WHERE (?1 IS NULL OR seq < ?1) AND (?2 IS NULL OR kind = ?2)"
            " ORDER BY seq DESC LIMIT ?3",
            (before, kind, limit),
        ).fetchall()
    return [_entry(row) for row in rows]


def kinds(database: Database) -> tuple[str, ...]:
    """Return the kinds of entries that the log has, in order of the alphabet."""
    with database.reading() as connection:
        return tuple(row["kind"] for row in connection.execute("SELECT DISTINCT kind FROM audit ORDER BY kind"))


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry's number and hash; (0, zeros) for an empty log."""

    seq: int
    sha256: str


def head(database: Database) -> Head:
    """Return the head of the log, to be kept where the desk's administrators cannot write."""
    with database.reading() as connection:
        last = connection.execute("SELECT seq, sha256 FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    return Head(last["seq"], last["sha256"]) if last else Head(0, GENESIS)


def verify(database: Database, expected: Head | None = None) -> Head:
    """Check every entry and every row that an entry seals, and return the head.

    Args:
        database: the desk.
        expected: a head that was kept elsewhere; its entry must stand in the log unchanged.

    Raises:
        BrokenLogError: the first entry that is not what was written, and how it differs.
    """
    with database.reading() as connection:
        previous, seq = GENESIS, 0
        for row in connection.execute("SELECT * FROM audit ORDER BY seq"):
            seq += 1
            _check_entry(database, row, seq, previous)
            previous = row["sha256"]
            if expected is not None and expected.seq == seq and expected.sha256 != previous:
                raise _broken(database, seq, "is not the entry of the kept head", previous, expected.sha256)
        if expected is not None and expected.seq > seq:
            raise _broken(database, seq + 1, "is missing: the log was cut off", f"{seq} entries", f"{expected.seq}")
        for broken_seq, table in _unsealed(connection):
            raise _broken(database, broken_seq, f"seals a {table} that was changed", "another digest", "its own")
    return Head(seq, previous)


def _check_entry(database: Database, row: sqlite3.Row, seq: int, previous: str) -> None:
    if row["seq"] != seq:
        raise _broken(database, seq, "is missing", f"entry {row['seq']} in its place", f"entry {seq}")
    if row["previous"] != previous:
        raise _broken(database, seq, "does not follow the entry before it", row["previous"], previous)
    seal = _seal(*(row[name] for name in ("seq", "at", "actor", "kind", "subject", "detail", "previous")))
    if seal != row["sha256"]:
        raise _broken(database, seq, "was changed", row["sha256"], seal)


def _unsealed(connection: sqlite3.Connection) -> Iterator[tuple[int, str]]:
    """Yield the entries whose decision, snapshot or proposal does not have the sealed digest any more."""
    seals = {row["seq"]: json.loads(row["detail"]) for row in connection.execute("SELECT seq, detail FROM audit")}
    claimed = {seq: detail["row"] for seq, detail in seals.items() if "row" in detail}
    for table in SEALED.values():
        for row in connection.execute(f"SELECT * FROM {table} ORDER BY audit_seq"):  # noqa: S608 - our own names
            seq = row["audit_seq"]
            if claimed.pop(seq, None) != {"table": table, "sha256": row_digest(dict(row))}:
                yield seq, table
    yield from ((seq, seal["table"]) for seq, seal in claimed.items())  # rows that are gone
    kept = {row["sha256"]: row["document"] for row in connection.execute("SELECT sha256, document FROM snapshot")}
    for row in connection.execute("SELECT audit_seq, snapshot_sha256, detail FROM decision ORDER BY audit_seq"):
        named = [row["snapshot_sha256"], *json.loads(row["detail"]).get("snapshots", {}).values()]
        if any(sha and hashlib.sha256(kept.get(sha, "").encode()).hexdigest() != sha for sha in named):
            yield row["audit_seq"], "snapshot"


def row_digest(row: Mapping[str, Any]) -> str:
    """Return the digest of a table's row, as its audit entry seals it; the entry's own number is left out."""
    kept = {name: value for name, value in row.items() if name != "audit_seq"}
    return hashlib.sha256(canonical(kept).encode()).hexdigest()


def _seal(seq: int, at: str, actor: str, kind: str, subject: str, detail: str, previous: str) -> str:  # noqa: PLR0913, PLR0917 - an entry's own parts
    content = canonical({"seq": seq, "at": at, "actor": actor, "kind": kind, "subject": subject, "detail": detail})
    return hashlib.sha256(DOMAIN + previous.encode() + b"\n" + content.encode()).hexdigest()


def _broken(database: Database, seq: int, problem: str, got: str, expected: str) -> BrokenLogError:
    fix = "Restore the desk from a copy made before, and find out who wrote to the file."
    return BrokenLogError(f"{database.path}: entry {seq}", problem, got=got, expected=expected, fix=fix)


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        row["seq"], row["at"], row["actor"], row["kind"], row["subject"], json.loads(row["detail"]), row["previous"],
        row["sha256"],
    )  # fmt: skip
