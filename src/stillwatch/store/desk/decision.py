"""Decisions of analysts: an append-only log in which undoing is one more entry."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from stillwatch.errors import DeskError, NotFoundError, StaleError
from stillwatch.store.desk.audit import append, row_digest
from stillwatch.store.desk.database import Database, canonical
from stillwatch.store.desk.snapshot import Snapshot
from stillwatch.store.desk.wording import check_text

KINDS: Final = ("confirm", "dismiss", "merge", "split", "exclude", "note", "assign", "undo")
NEEDS_REASON: Final = frozenset({"dismiss", "merge", "split", "exclude", "note"})
MOST_NAMED: Final = 30_000  # accounts or groups in one decision; more than the largest campaign known


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to record.

    Args:
        actor: who.
        kind: one of ``KINDS``.
        campaign_id: the group that it is about.
        reason: why, in their words; for a note, the note.
        accounts: for split and exclude, the members meant.
        campaigns: for merge, the other groups.
        assignee: for assign, who works on it; empty: nobody.
        undoes: for undo, the decision's number.
        seen: the newest decision about the group that they had before them; 0: none.
        snapshot: the group's evidence as they saw it.
        others: for merge, the evidence of the other groups, each under the id that ``campaigns`` has of it.
    """

    actor: str
    kind: str
    campaign_id: str
    seen: int
    reason: str = ""
    accounts: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()
    assignee: str = ""
    undoes: int | None = None
    snapshot: Snapshot | None = None
    others: Mapping[str, Snapshot] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """One recorded decision.

    ``undone_by`` is the number of the decision that undid it, or null; ``snapshots`` holds the digest of the evidence
    that was kept of each group, by its id.
    """

    id: int
    at: str
    actor: str
    kind: str
    campaign_id: str
    reason: str
    accounts: tuple[str, ...]
    campaigns: tuple[str, ...]
    assignee: str
    undoes: int | None
    undone_by: int | None
    snapshot_sha256: str | None = field(repr=False, default=None)
    snapshots: Mapping[str, str] = field(repr=False, default_factory=dict)


def decide(database: Database, wish: Wish) -> Decision:
    """Record a decision with its entry in the audit log, and return it.

    Raises:
        StaleError: somebody decided something about the group that the person had not before them.
        DeskError: the decision lacks a reason or a subject, or does not fit what was decided before.
        NotFoundError: what is to be undone is not there.
    """
    _check(wish)
    with database.writing() as connection:
        newer = [item for item in _about(connection, wish.campaign_id) if item.id > wish.seen]
        if newer and wish.kind != "note":  # a note contradicts nothing
            raise _stale(wish.campaign_id, newer)
        if wish.kind == "undo":
            _check_undo(connection, wish)
        return _insert(connection, database.now(), wish)


def decisions(database: Database, campaign_id: str | None = None) -> tuple[Decision, ...]:
    """Return all decisions in order, or those about one group; merges are about each group that they name."""
    with database.reading() as connection:
        return tuple(_about(connection, campaign_id) if campaign_id is not None else _all(connection))


def newest_decision(database: Database) -> int:
    """Return the number of the newest decision; 0: none. The log is append-only: it names what the desk holds."""
    with database.reading() as connection:
        number: int = connection.execute("SELECT COALESCE(MAX(id), 0) FROM decision").fetchone()[0]
    return number


def decision(database: Database, number: int) -> Decision:
    """Return one decision.

    Raises:
        NotFoundError: there is none of that number.
    """
    with database.reading() as connection:
        found = [item for item in _all(connection) if item.id == number]
    if not found:
        raise NotFoundError("desk", "no such decision", got=str(number))
    return found[0]


def read_snapshots(database: Database, digests: Iterable[str]) -> dict[str, Snapshot]:
    """Return kept evidence by its digest."""
    with database.reading() as connection:
        rows = [
            connection.execute("SELECT * FROM snapshot WHERE sha256 = ?", (digest,)).fetchone()
            for digest in dict.fromkeys(digests)
        ]
    return {row["sha256"]: Snapshot.from_plain(json.loads(row["document"])) for row in rows}


def described(item: Decision) -> str:
    """Return a decision as a sentence, without its reason."""
    objects = {
        "confirm": "confirmed the group",
        "dismiss": "dismissed the group",
        "merge": f"merged it with {', '.join(item.campaigns)}",
        "split": f"split off {len(item.accounts):,} accounts",
        "exclude": f"left {', '.join(item.accounts[:3])}{' and others' if len(item.accounts) > 3 else ''} out",
        "note": "wrote a note",
        "assign": f"assigned it to {item.assignee}" if item.assignee else "took the assignment back",
        "undo": f"undid decision {item.undoes}",
    }
    return f"{item.actor} {objects[item.kind]}"


def _check(wish: Wish) -> None:
    where = f"decision {wish.kind!a}"
    if wish.kind not in KINDS:
        raise DeskError(where, "unknown kind", expected=", ".join(KINDS))
    check_text(where, "reason", wish.reason, is_needed=wish.kind in NEEDS_REASON)
    check_text(where, "assignee", wish.assignee, most=64)
    check_text(where, "campaign", wish.campaign_id, is_needed=True, most=200)
    needed = {"split": wish.accounts, "exclude": wish.accounts, "merge": wish.campaigns}.get(wish.kind)
    if needed is not None and not 0 < len(set(needed)) == len(needed) <= MOST_NAMED:
        raise DeskError(where, "names nothing, or something twice", expected="each account or group once")
    if wish.kind == "merge" and wish.campaign_id in wish.campaigns:
        raise DeskError(where, "a group cannot be merged with itself", got=wish.campaign_id)
    if not wish.others.keys() <= set(wish.campaigns):
        raise DeskError(where, "keeps evidence of a group that it does not name", expected="groups to merge with")
    members = set(wish.snapshot.accounts) if wish.snapshot else None
    if members is not None and not members.issuperset(wish.accounts):
        stranger = next(name for name in wish.accounts if name not in members)
        raise DeskError(where, "names an account that is no member", got=ascii(stranger)[:80])
    if wish.kind == "split" and members is not None and len(wish.accounts) >= len(members):
        raise DeskError(where, "leaves nothing of the group", expected="some of its accounts")


def _check_undo(connection: sqlite3.Connection, wish: Wish) -> None:
    target = next((item for item in _all(connection) if item.id == wish.undoes), None)
    if target is None or wish.campaign_id not in (target.campaign_id, *target.campaigns):
        raise NotFoundError("desk", "no such decision about this group", got=str(wish.undoes))
    if target.undone_by is not None:
        raise DeskError("desk", f"decision {target.id} was undone already", fix="Decide again instead.")
    if target.kind in ("undo", "note"):
        raise DeskError("desk", f"a decision of kind {target.kind} is not undone", fix="Decide again, or add a note.")


def _insert(connection: sqlite3.Connection, at: str, wish: Wish) -> Decision:
    number = connection.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM decision").fetchone()[0]
    detail: dict[str, Any] = {"accounts": wish.accounts, "campaigns": wish.campaigns, "assignee": wish.assignee}
    if wish.others:
        detail["snapshots"] = {name: _keep_snapshot(connection, one) for name, one in wish.others.items()}
    row: dict[str, Any] = {
        "id": number,
        "at": at,
        "actor": wish.actor,
        "kind": wish.kind,
        "campaign_id": wish.campaign_id,
        "reason": wish.reason.strip(),
        "detail": canonical(detail),
        "undoes": wish.undoes if wish.kind == "undo" else None,
        "snapshot_sha256": _keep_snapshot(connection, wish.snapshot),
    }
    sealed = {"row": {"table": "decision", "sha256": row_digest(row)}, "decision": number, "reason": row["reason"]}
    entry = append(connection, at, wish.actor, f"decision:{wish.kind}", wish.campaign_id, sealed)
    row["audit_seq"] = entry.seq
    names = ", ".join(row)
    connection.execute(
        f"INSERT INTO decision ({names}) VALUES ({', '.join('?' * len(row))})",  # noqa: S608 - our own names
        tuple(row.values()),
    )
    return _decision(row, {})


def _keep_snapshot(connection: sqlite3.Connection, snapshot: Snapshot | None) -> str | None:
    if snapshot is None:
        return None
    document = canonical(asdict(snapshot))
    sha256 = hashlib.sha256(document.encode()).hexdigest()
    connection.execute("INSERT OR IGNORE INTO snapshot VALUES (?, ?)", (sha256, document))
    return sha256


def _all(connection: sqlite3.Connection) -> list[Decision]:
    rows = connection.execute("SELECT * FROM decision ORDER BY id").fetchall()
    undone = {row["undoes"]: row["id"] for row in rows if row["undoes"] is not None}
    return [_decision(row, undone) for row in rows]


def _about(connection: sqlite3.Connection, campaign_id: str) -> list[Decision]:
    return [item for item in _all(connection) if campaign_id in (item.campaign_id, *item.campaigns)]


def _decision(row: Mapping[str, Any] | sqlite3.Row, undone: Mapping[int, int]) -> Decision:
    detail = json.loads(row["detail"])
    mine = {row["campaign_id"]: row["snapshot_sha256"]} if row["snapshot_sha256"] else {}
    return Decision(
        row["id"], row["at"], row["actor"], row["kind"], row["campaign_id"], row["reason"],
        tuple(detail["accounts"]), tuple(detail["campaigns"]), detail["assignee"], row["undoes"],
        undone.get(row["id"]), row["snapshot_sha256"], {**mine, **detail.get("snapshots", {})},
    )  # fmt: skip


def _stale(campaign_id: str, newer: Sequence[Decision]) -> StaleError:
    changes = "; ".join(
        f"{described(item)} ({item.reason[:120]})" if item.reason else described(item) for item in newer
    )
    return StaleError(
        campaign_id,
        "decided since you opened it",
        got=f"decision {newer[-1].id}: {changes}",
        expected="nothing newer than what you saw",
        fix="Look at what changed, then decide again.",
    )
