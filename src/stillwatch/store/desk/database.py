"""The desk's file: opened, made, and read or written within one transaction."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any, Final

from stillwatch.errors import InputError, OutputError

VERSION: Final = 1
APPLICATION_ID: Final = 0x53574431  # "SWD1": a desk and no other SQLite file
BUSY_S: Final = 10.0  # how long a writer waits for another one; a transaction here takes milliseconds
FILE_NAME: Final = "desk.sqlite"
APPEND_ONLY: Final = ("audit", "snapshot", "decision", "proposal", "proposal_event")
"""Tables whose rows the database itself lets nobody change or delete."""

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present time, aware UTC."""
    return datetime.now(UTC)


def instant_text(at: datetime) -> str:
    """Return a time as the desk writes it; such texts sort like the times."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def instant(text: str) -> datetime:
    """Return the time that the desk wrote."""
    return datetime.fromisoformat(text)


def canonical(document: Any) -> str:
    """Return JSON with one form for one value: sorted keys, no spaces, ASCII; what digests are taken over."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


class Database:
    """One desk file. Each block opens a connection of its own, so that threads and processes share nothing.

    Args:
        path: the file; it is made, readable by its owner alone, where it is not there.
        clock: tells the time of what is recorded.

    Raises:
        InputError: the file is no desk, or one of a later version.
        OutputError: it cannot be made.
    """

    def __init__(self, path: Path, clock: Clock = utc_now) -> None:
        self.path = path
        self.clock = clock
        if not path.exists():
            self._make()
        with self.reading() as connection:
            self._check(connection)

    def now(self) -> str:
        """Return the present time as the desk writes it."""
        return instant_text(self.clock())

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection whose reads all see one state of the desk."""
        connection = self._connect()
        try:
            connection.execute("BEGIN")
            yield connection
        finally:
            connection.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection that no other writer runs beside; what the block wrote stands as a whole or not at all."""
        connection = self._connect()
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise OutputError(str(self.path), "the desk cannot be written", got=str(error)) from None
        finally:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")  # a decision that was confirmed survives a power cut
            connection.execute("PRAGMA trusted_schema = OFF")
        except sqlite3.DatabaseError as error:
            raise InputError(str(self.path), "the desk cannot be opened", got=str(error)) from None
        return connection

    def _make(self) -> None:
        try:
            os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600))
        except OSError as error:
            raise OutputError(str(self.path), "the desk cannot be made", got=error.strerror) from None
        script = resources.files("stillwatch.store.desk").joinpath("schema.sql").read_text(encoding="utf-8")
        connection = self._connect()
        try:
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:  # another process may have been faster
                for statement in (*_statements(script), *_refusals()):
                    connection.execute(statement)
                connection.execute("INSERT INTO secret VALUES ('device', randomblob(32))")
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            raise OutputError(str(self.path), "the desk cannot be made", got=str(error)) from None
        finally:
            connection.close()

    def _check(self, connection: sqlite3.Connection) -> None:
        try:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise InputError(
                str(self.path), "not a desk", got=str(error), expected="a file that stillwatch made"
            ) from None
        if application != APPLICATION_ID or version != VERSION:
            raise InputError(
                str(self.path),
                "not a desk of this version",
                got=f"application {application:#x}, version {version}",
                expected=f"application {APPLICATION_ID:#x}, version {VERSION}",
                fix="Name the desk that stillwatch made, or use the version that made it.",
            )


def _refusals() -> Iterator[str]:
    """Yield the triggers that refuse to change or delete what is append-only."""
    for table in APPEND_ONLY:
        for verb, done in (("UPDATE", "changed"), ("DELETE", "deleted")):
            yield (
                f"CREATE TRIGGER {table}_is_not_{done} BEFORE {verb} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
            )


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script, a trigger as one."""
    gathered = ""
    for line in script.splitlines(keepends=True):
        gathered += line
        if sqlite3.complete_statement(gathered):
            yield gathered
            gathered = ""
