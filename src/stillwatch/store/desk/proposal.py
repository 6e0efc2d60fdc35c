"""Proposals and what became of them: append-only, each event with its entry in the audit log."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from stillwatch.actions.proposal import Proposal, from_plain, to_plain
from stillwatch.errors import DeskError, NotAllowedError, NotFoundError, StaleError
from stillwatch.store.desk.audit import append, row_digest
from stillwatch.store.desk.database import Database, canonical, instant_text
from stillwatch.store.desk.decision import decisions, described
from stillwatch.store.desk.person import Person
from stillwatch.store.desk.wording import check_text

EVENTS: Final = ("approve", "refuse", "withdraw", "export", "roll_back")
NEEDS_REASON: Final = frozenset({"refuse", "withdraw", "roll_back"})
ALLOWED_IN: Final = {
    "approve": ("proposed",),
    "refuse": ("proposed",),
    "withdraw": ("proposed", "approved"),
    "export": ("approved", "rolled_back", "ended"),
    "roll_back": ("approved",),
}
STATE_AFTER: Final = {"approve": "approved", "refuse": "refused", "withdraw": "withdrawn", "roll_back": "rolled_back"}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that somebody did with a proposal."""

    at: str
    actor: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A proposal as it stands.

    ``state`` is proposed, approved, refused, withdrawn, rolled_back, expired (nobody agreed in time) or ended (agreed
    to, and its time is over).
    """

    proposal: Proposal
    events: tuple[Event, ...]
    state: str

    def history(self) -> list[dict[str, Any]]:
        """Return the events as plain values."""
        return [asdict(event) for event in self.events]


def keep(database: Database, proposal: Proposal) -> None:
    """Record a proposal.

    Raises:
        DeskError: its reason is missing or unfit.
        StaleError: somebody decided about the group since the dry run.
    """
    check_text("proposal", "reason", proposal.reason, is_needed=True)
    _refuse_stale(database, proposal)
    row = {"id": proposal.id, "document": canonical(to_plain(proposal))}
    with database.writing() as connection:
        detail = {
            "row": {"table": "proposal", "sha256": row_digest(row)},
            "step": proposal.step,
            "touched": len(proposal.dry_run.touched),
            "spared": len(proposal.dry_run.spared),
            "reason": proposal.reason,
            "sha256": proposal.sha256,
        }
        entry = append(connection, database.now(), proposal.proposed_by, "proposal", proposal.id, detail)
        connection.execute("INSERT INTO proposal VALUES (?, ?, ?)", (row["id"], row["document"], entry.seq))


def proposals(database: Database, campaign_id: str | None = None) -> tuple[Standing, ...]:
    """Return all proposals, the newest first, or those about one group."""
    with database.reading() as connection:
        rows = connection.execute("SELECT * FROM proposal ORDER BY audit_seq DESC").fetchall()
        found = [_standing(database, connection, row) for row in rows]
    return tuple(item for item in found if campaign_id is None or item.proposal.group.campaign_id == campaign_id)


def proposal(database: Database, proposal_id: str) -> Standing:
    """Return one proposal.

    Raises:
        NotFoundError: there is none of that id.
    """
    with database.reading() as connection:
        return _found(database, connection, proposal_id)


def act(database: Database, proposal_id: str, kind: str, person: Person, sha256: str, reason: str = "") -> Standing:
    """Record what somebody does with a proposal, and return how it stands then.

    Args:
        database: the desk.
        proposal_id: which.
        kind: one of ``EVENTS``.
        person: who.
        sha256: the digest of the proposal that they had before them.
        reason: why.

    Raises:
        NotFoundError: there is no such proposal.
        NotAllowedError: the person may not do that: only an approver other than the proposer agrees.
        StaleError: it is not the proposal that they saw, or somebody decided about the group since.
        DeskError: it does not stand so that this can be done.
    """
    check_text(f"{kind} {proposal_id}", "reason", reason, is_needed=kind in NEEDS_REASON)
    if kind == "approve":
        _refuse_stale(database, proposal(database, proposal_id).proposal)
    with database.writing() as connection:
        held = _found(database, connection, proposal_id)
        _check(held, kind, person, sha256)
        number = connection.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM proposal_event").fetchone()[0]
        at = database.now()
        row: dict[str, Any] = {
            "id": number,
            "proposal_id": proposal_id,
            "at": at,
            "actor": person.name,
            "kind": kind,
            "reason": reason.strip(),
        }
        detail = {
            "row": {"table": "proposal_event", "sha256": row_digest(row)},
            "reason": row["reason"],
            "sha256": sha256,
        }
        entry = append(connection, at, person.name, f"proposal:{kind}", proposal_id, detail)
        connection.execute("INSERT INTO proposal_event VALUES (?, ?, ?, ?, ?, ?, ?)", (*row.values(), entry.seq))
        return _found(database, connection, proposal_id)


def _check(held: Standing, kind: str, person: Person, sha256: str) -> None:
    made = held.proposal
    where = f"proposal {made.id}"
    if kind not in ALLOWED_IN:
        raise DeskError(where, "unknown event", got=ascii(kind)[:40], expected=", ".join(EVENTS))
    if kind in ("approve", "refuse"):
        if person.role != "approver":
            raise NotAllowedError(where, f"only an approver can {kind} it", got=person.role, expected="approver")
        if person.name == made.proposed_by and kind == "approve":
            raise NotAllowedError(
                where,
                "nobody agrees to their own proposal",
                got=person.name,
                expected="another person than the proposer",
            )
    elif person.role == "auditor":
        raise NotAllowedError(where, f"an auditor cannot {kind.replace('_', ' ')} it", expected="analyst or approver")
    if sha256 != made.sha256:
        raise StaleError(where, "is not the one you saw", got=sha256[:16], expected=made.sha256[:16])
    if held.state not in ALLOWED_IN[kind]:
        raise DeskError(
            where, f"cannot {kind.replace('_', ' ')} it now", got=held.state, expected=" or ".join(ALLOWED_IN[kind])
        )


def _refuse_stale(database: Database, made: Proposal) -> None:
    """Refuse a proposal whose group somebody decided about after its dry run; a note changes nothing."""
    about = decisions(database, made.group.campaign_id)
    newer = [item for item in about if item.id > made.group.newest_decision and item.kind not in ("note", "assign")]
    excluded = [
        item
        for item in decisions(database)
        if item.kind == "exclude" and item.id > made.group.newest_decision and item not in newer
        and {member.account_id for member in made.dry_run.touched}.intersection(item.accounts)
    ]  # fmt: skip
    if newer or excluded:
        raise StaleError(
            f"proposal {made.id}",
            "somebody decided about the group since its dry run",
            got="; ".join(described(item) for item in (*newer, *excluded)),
            fix="Propose anew, so that the dry run shows who is touched now.",
        )


def _found(database: Database, connection: sqlite3.Connection, proposal_id: str) -> Standing:
    row = connection.execute("SELECT * FROM proposal WHERE id = ?", (proposal_id,)).fetchone()
    if row is None:
        raise NotFoundError("proposal", "no such proposal", got=ascii(proposal_id)[:60])
    return _standing(database, connection, row)


def _standing(database: Database, connection: sqlite3.Connection, row: Mapping[str, Any] | sqlite3.Row) -> Standing:
    made = from_plain(json.loads(row["document"]))
    rows = connection.execute("SELECT * FROM proposal_event WHERE proposal_id = ? ORDER BY id", (made.id,)).fetchall()
    events = tuple(Event(item["at"], item["actor"], item["kind"], item["reason"]) for item in rows)
    state = "proposed"
    for event in events:
        state = STATE_AFTER.get(event.kind, state)
    now = database.now()
    if state == "proposed" and instant_text(made.agree_by) <= now:
        state = "expired"
    if state == "approved" and instant_text(made.ends_at) <= now:
        state = "ended"
    return Standing(made, events, state)
