"""A state in PostgreSQL, for a team: the same objects and the same manifest, in two tables of a schema of their own.

Guarantee: a commit is one transaction, so that readers see the state before or after it. The one writer holds an
advisory lock of its session: it ends with the connection, and the connection with its process. Large objects are
rows of ``PART_BYTES`` each. No password is in any message: an address is shown by host, port and database alone.

Source: PostgreSQL documentation, 13.3.5 Advisory Locks; ours: docs/decisions/0014-state.md.
"""

import os
import socket
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from stillwatch.errors import OutputError, StateError, StateInUseError, UsageError
from stillwatch.store.state.vault import RESTORE, checked, reference_of

PART_BYTES: Final = 16 << 20  # a row at a time stays far below what one value may hold (1 GB)
LOCK: Final = 0x7374696C6C  # "still": one state a database, so one number
CONNECT_S: Final = 10
WRITABLE: Final = "The role needs to create and write the schema 'stillwatch', and the disk needs room."
TABLES: Final = """
CREATE SCHEMA IF NOT EXISTS stillwatch;
CREATE TABLE IF NOT EXISTS stillwatch.state_object (
    reference text NOT NULL, part integer NOT NULL, content bytea NOT NULL, PRIMARY KEY (reference, part)
);
ALTER TABLE stillwatch.state_object ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE TABLE IF NOT EXISTS stillwatch.state_manifest (
    is_the_one boolean PRIMARY KEY DEFAULT true CHECK (is_the_one), content bytea NOT NULL
);
"""
HOLDER: Final = """
SELECT a.application_name, a.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND (l.classid::bigint << 32) + l.objid::bigint = %s
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresVault:
    """A state in a database.

    Args:
        address: ``postgresql://USER@HOST:PORT/DATABASE``; what is left out comes from the usual PG variables and files.

    Raises:
        UsageError: it is no address.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        try:
            parts = conninfo_to_dict(address)
        except psycopg.ProgrammingError:
            raise UsageError(
                "--state", "is no address of a database", expected="postgresql://HOST/DATABASE"
            ) from None  # its own message would quote the address, and a password in it
        self._password = str(parts.get("password") or "")
        host, port = parts.get("host") or "localhost", str(parts.get("port") or "")
        port = port if port.isdecimal() else ""  # a slip of the pen may put anything there, a password too
        self._name = f"postgresql://{host}{f':{port}' if port else ''}/{parts.get('dbname') or ''}"
        self._writing: Connection | None = None
        self._staged: Path | None = None

    @property
    def name(self) -> str:
        """Host, port and database."""
        return self._name

    def manifest(self) -> bytes | None:
        """Return the manifest, or null where there is no state yet."""
        if not self._rows("SELECT to_regclass('stillwatch.state_manifest') IS NOT NULL")[0][0]:
            return None
        rows = self._rows("SELECT content FROM stillwatch.state_manifest")
        return bytes(rows[0][0]) if rows else None

    def read(self, reference: str) -> bytes:
        """Return an object's bytes, checked against its name."""
        return checked(self._bytes(reference), reference, f"{self._name}/{reference}")

    def local(self, reference: str, folder: Path, *, is_checked: bool) -> Path:
        """Return a copy of an object in ``folder``."""
        path = folder / reference
        path.write_bytes(self.read(reference) if is_checked else self._bytes(reference))
        return path

    @contextmanager
    def locked(self) -> Iterator["PostgresWriter"]:
        """Hold the database's lock for this session."""
        with self._connected() as connection, tempfile.TemporaryDirectory(prefix="stillwatch-") as staged:
            try:
                taken = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone()
                if taken != (True,):
                    raise self._in_use(connection)
                connection.execute(TABLES)
            except psycopg.Error as error:
                raise self._unwritable(error) from None
            self._writing, self._staged = connection, Path(staged)
            try:
                yield PostgresWriter(connection, Path(staged), self)
            finally:
                self._writing = self._staged = None

    def _bytes(self, reference: str) -> bytes:
        if self._staged is not None and (self._staged / reference).is_file():
            return (self._staged / reference).read_bytes()
        rows = self._rows(
            "SELECT content FROM stillwatch.state_object WHERE reference = %s ORDER BY part", (reference,)
        )
        if not rows:
            raise StateError(f"{self._name}/{reference}", "a part of the state is not there", fix=RESTORE)
        return b"".join(bytes(row[0]) for row in rows)

    def _rows(self, sql: str, values: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            if self._writing is not None:
                return self._writing.execute(sql.encode(), values).fetchall()
            with self._connected() as connection:
                return connection.execute(sql.encode(), values).fetchall()
        except psycopg.Error as error:
            raise StateError(self._name, "the state cannot be read", got=self.told(error)) from None

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        about = f"stillwatch process {os.getpid()} on {socket.gethostname()}"[:63]  # as much as the server keeps
        try:
            connection = psycopg.connect(
                self._address, autocommit=True, connect_timeout=CONNECT_S, application_name=about
            )
        except psycopg.Error as error:
            raise StateError(self._name, "the database cannot be reached", got=self.told(error)) from None
        with connection:
            yield connection

    def _in_use(self, connection: Connection) -> StateInUseError:
        row = connection.execute(HOLDER, (LOCK,)).fetchone()
        holder = "another process" if row is None else f"{row[0]} (server process {row[1]})"
        return StateInUseError(self._name, "the state is in use", got=holder, fix="Wait until it has ended.")

    def _unwritable(self, error: psycopg.Error) -> OutputError:
        return OutputError(self._name, "the state cannot be written", got=self.told(error), fix=WRITABLE)

    def told(self, error: psycopg.Error) -> str:
        """Return what the server or the driver says, in one line, without the address and its password."""
        text = error.diag.message_primary or str(error).strip().split("\n", maxsplit=1)[0] or type(error).__name__
        text = text.replace(self._address, self._name)
        return text.replace(self._password, "***") if self._password else text


class PostgresWriter:
    """Writes to a database whose lock is held: into a folder first, and all at once at the commit."""

    def __init__(self, connection: Connection, staged: Path, vault: PostgresVault) -> None:
        self._connection = connection
        self._staged = staged
        self._vault = vault

    def put(self, content: bytes, suffix: str) -> str:
        """Stage an object on this machine."""
        reference = reference_of(content, suffix)
        try:
            (self._staged / reference).write_bytes(content)
        except OSError as error:
            raise OutputError(str(self._staged), "cannot be written", got=error.strerror) from None
        return reference

    def commit(self, manifest: bytes, live: Collection[str]) -> None:
        """Send what is new, replace the manifest and sweep, in one transaction."""
        try:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                cursor.execute("SELECT DISTINCT reference FROM stillwatch.state_object")
                present = {row[0] for row in cursor.fetchall()}
                for reference in sorted(set(live) - present):
                    self._send(cursor, reference)
                cursor.execute(
                    "INSERT INTO stillwatch.state_manifest (content) VALUES (%s) "
                    "ON CONFLICT (is_the_one) DO UPDATE SET content = excluded.content",
                    (manifest,),
                )
                cursor.execute("DELETE FROM stillwatch.state_object WHERE NOT reference = ANY(%s)", (sorted(live),))
        except psycopg.Error as error:
            raise OutputError(
                self._vault.name, "the state cannot be written", got=self._vault.told(error), fix=WRITABLE
            ) from None

    def _send(self, cursor: psycopg.Cursor[tuple[Any, ...]], reference: str) -> None:
        with (self._staged / reference).open("rb") as source:
            part = 0
            while (content := source.read(PART_BYTES)) or part == 0:
                cursor.execute(
                    "INSERT INTO stillwatch.state_object (reference, part, content) VALUES (%s, %s, %s)",
                    (reference, part, content),
                )
                part += 1
