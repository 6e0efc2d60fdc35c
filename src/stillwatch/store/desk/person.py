"""The people of a desk: a name, a role, and how they log in. Passwords are here only as hashes made elsewhere."""

import re
import sqlite3
from dataclasses import dataclass
from typing import Final

from stillwatch.errors import DeskError, NotFoundError
from stillwatch.store.desk.audit import append
from stillwatch.store.desk.database import Database

ROLES: Final = ("analyst", "approver", "auditor")
NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
LOCAL: Final = "local"  # who works on a desk without people; no person can have that name


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may work: an analyst decides and proposes, an approver also agrees, an auditor only reads.

    Args:
        name: unique, lower case.
        role: one of ``ROLES``.
        is_disabled: may not log in any more; what they did stays theirs.
        has_password: logs in with a password.
        subject: ``issuer|subject`` of a login provider, or null.
    """

    name: str
    role: str
    is_disabled: bool = False
    has_password: bool = False
    subject: str | None = None

    @property
    def may_decide(self) -> bool:
        """Return whether the person may record decisions and proposals."""
        return self.role in ("analyst", "approver")


def add_person(
    database: Database, name: str, role: str, *, by: str, password_hash: str | None = None, subject: str | None = None
) -> Person:
    """Add somebody; the audit log says who did.

    Raises:
        DeskError: the name is taken or unfit, or the role unknown.
    """
    if not NAME.fullmatch(name) or name == LOCAL:
        raise DeskError(
            "person",
            "not a name",
            got=ascii(name)[:80],
            expected="up to 64 of a-z, 0-9 and ._@+-, a letter or digit first",
        )
    if role not in ROLES:
        raise DeskError("person", "unknown role", got=ascii(role)[:40], expected=", ".join(ROLES))
    with database.writing() as connection:
        if connection.execute("SELECT 1 FROM person WHERE name = ? OR subject = ?", (name, subject)).fetchone():
            raise DeskError("person", "somebody has that name or login already", got=name, fix="Choose another name.")
        at = database.now()
        connection.execute("INSERT INTO person VALUES (?, ?, ?, ?, ?, 0)", (name, role, password_hash, subject, at))
        append(
            connection, at, by, "person:add", name, {"role": role, "login": "password" if password_hash else "provider"}
        )
    return Person(name, role, has_password=password_hash is not None, subject=subject)


def change_person(
    database: Database,
    name: str,
    *,
    by: str,
    role: str | None = None,
    password_hash: str | None = None,
    is_disabled: bool | None = None,
) -> Person:
    """Change somebody's role, password or leave to log in; their sessions end with it.

    Raises:
        NotFoundError: there is nobody of that name.
        DeskError: the role is unknown.
    """
    if role is not None and role not in ROLES:
        raise DeskError("person", "unknown role", got=ascii(role)[:40], expected=", ".join(ROLES))
    with database.writing() as connection:
        row = connection.execute("SELECT * FROM person WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise NotFoundError("person", "nobody has that name", got=ascii(name)[:80])
        connection.execute(
            "UPDATE person SET role = COALESCE(?2, role), password_hash = COALESCE(?3, password_hash),"
            " is_disabled = COALESCE(?4, is_disabled) WHERE name = ?1",
            (name, role, password_hash, is_disabled),
        )
        connection.execute("DELETE FROM session WHERE person = ?", (name,))
        what = {"role": role, "password": "new" if password_hash else None, "is_disabled": is_disabled}
        detail = {key: value for key, value in what.items() if value is not None}
        append(connection, database.now(), by, "person:change", name, detail)
    return person(database, name)


def people(database: Database) -> tuple[Person, ...]:
    """Return everybody, by name."""
    with database.reading() as connection:
        return tuple(_person(row) for row in connection.execute("SELECT * FROM person ORDER BY name"))


def person(database: Database, name: str) -> Person:
    """Return somebody.

    Raises:
        NotFoundError: there is nobody of that name.
    """
    with database.reading() as connection:
        row = connection.execute("SELECT * FROM person WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise NotFoundError("person", "nobody has that name", got=ascii(name)[:80])
    return _person(row)


def person_of_subject(database: Database, subject: str) -> Person | None:
    """Return whom a login provider means, or null."""
    with database.reading() as connection:
        row = connection.execute("SELECT * FROM person WHERE subject = ?", (subject,)).fetchone()
    return _person(row) if row else None


def password_hash_of(database: Database, name: str) -> str | None:
    """Return the hash of somebody's password; null where there is none, or they may not log in."""
    with database.reading() as connection:
        row = connection.execute(
            "SELECT password_hash FROM person WHERE name = ? AND is_disabled = 0", (name,)
        ).fetchone()
    return row["password_hash"] if row else None


def _person(row: sqlite3.Row) -> Person:
    return Person(row["name"], row["role"], bool(row["is_disabled"]), row["password_hash"] is not None, row["subject"])


def bind_subject(database: Database, name: str, subject: str) -> Person | None:
    """Bind somebody without a password to a login provider's subject, at their first login; else null."""
    with database.writing() as connection:
        changed = connection.execute(
            "UPDATE person SET subject = ? WHERE name = ? AND subject IS NULL AND password_hash IS NULL",
            (subject, name),
        ).rowcount
        if changed:
            append(connection, database.now(), name, "person:bind", name, {"subject": subject})
    return person(database, name) if changed else None
