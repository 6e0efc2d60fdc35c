"""Sessions: a random token in the browser, its digest here; they end when idle, and when old.

A *visit* is a session of nobody: its form secret follows from its token, so that strangers who open the login page
leave no row. A login never turns a visit into a session; it begins a new one (no session fixation).
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from stillwatch.store.desk.database import Database, instant_text
from stillwatch.store.desk.person import Person

IDLE: Final = timedelta(minutes=30)  # a screen left alone
ABSOLUTE: Final = timedelta(hours=12)  # one long shift
VISIT: Final = "v."  # begins the token of a visit; no session's token has a full stop
TOUCH_EVERY: Final = timedelta(minutes=1)  # a page costs no write more often than this


@dataclass(frozen=True, slots=True)
class Session:
    """One session: who, and the secret that their forms carry. ``person`` is null in a visit."""

    person: Person | None
    csrf: str
    token: str


def new_visit() -> str:
    """Return the token of a new visit."""
    return VISIT + secrets.token_urlsafe(32)


def begin(database: Database, name: str) -> str:
    """Begin a session of somebody who logged in, and return its token."""
    token = secrets.token_urlsafe(32)
    at = database.now()
    oldest = instant_text(database.clock() - ABSOLUTE)
    with database.writing() as connection:
        connection.execute("DELETE FROM session WHERE created_at < ?", (oldest,))
        connection.execute(
            "INSERT INTO session VALUES (?, ?, ?, ?, ?)", (_digest(token), name, secrets.token_urlsafe(32), at, at)
        )
    return token


def resume(database: Database, token: str | None) -> Session | None:
    """Return the session of a token, or null where it has ended or the person may not log in any more."""
    if not token:
        return None
    if token.startswith(VISIT):
        return Session(None, derived(database, "csrf", token), token)
    digest, now = _digest(token), database.clock()
    with database.reading() as connection:
        row = connection.execute(
            "SELECT s.*, p.role, p.is_disabled FROM session s JOIN person p ON p.name = s.person"
            " WHERE s.token_sha256 = ? AND s.seen_at > ? AND s.created_at > ?",
            (digest, instant_text(now - IDLE), instant_text(now - ABSOLUTE)),
        ).fetchone()
    if row is None or row["is_disabled"]:
        return None
    if row["seen_at"] < instant_text(now - TOUCH_EVERY):
        with database.writing() as connection:
            connection.execute("UPDATE session SET seen_at = ? WHERE token_sha256 = ?", (instant_text(now), digest))
    return Session(Person(row["person"], row["role"]), row["csrf"], token)


def end(database: Database, session: Session) -> None:
    """End a session."""
    with database.writing() as connection:
        connection.execute("DELETE FROM session WHERE token_sha256 = ?", (_digest(session.token),))


def derived(database: Database, purpose: str, token: str) -> str:
    """Return a secret that follows from a token and a purpose, and from which neither follows."""
    with database.reading() as connection:
        secret = connection.execute("SELECT value FROM secret WHERE name = 'device'").fetchone()["value"]
    message = f"{purpose}\n{token}".encode("utf-8", "replace")
    return base64.urlsafe_b64encode(hmac.new(secret, message, hashlib.sha256).digest()).decode().rstrip("=")


def _digest(token: str) -> str:
    """Return what is kept of a token; with 256 random bits in it, a plain digest cannot be turned back."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
