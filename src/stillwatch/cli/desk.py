"""Where a command finds the desk, and who is at it."""

import getpass
import os
import pwd
import sys
from pathlib import Path
from typing import Final

from stillwatch.dossiers.document import DOCUMENT
from stillwatch.errors import InputError, NotAllowedError, UsageError
from stillwatch.store.desk.attempt import Origin, forgive, reserve
from stillwatch.store.desk.audit import record
from stillwatch.store.desk.database import FILE_NAME, Database
from stillwatch.store.desk.person import Person, password_hash_of, people, person

MOST_TYPED: Final = 4096  # of a password on standard input


def desk_path(given: Path) -> Path:
    """Return the desk's file: itself, beside the case that is named, or in the state folder that is named."""
    if given.is_dir():
        return given.resolve().parent / FILE_NAME if (given / DOCUMENT).is_file() else given / FILE_NAME
    return given


def existing_desk(given: Path) -> Database:
    """Return a desk that is there; a mistyped name makes none.

    Raises:
        InputError: there is none.
    """
    path = desk_path(given)
    if not path.is_file():
        raise InputError(
            str(path),
            "no desk stands there",
            fix="The console makes it with the first start; or: stillwatch console user add.",
        )
    return Database(path)


def system_user() -> str:
    """Return who runs the command, as the machine knows them."""
    try:
        return f"system:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"system:{os.getuid()}"


def typed_password(prompt: str, *, is_new: bool = False) -> str:
    """Return a password: typed unseen on a terminal, else the first line of standard input; never an argument.

    Raises:
        UsageError: a new one was typed in two ways.
    """
    if not sys.stdin.isatty():
        return sys.stdin.readline(MOST_TYPED).rstrip("\r\n")
    password = getpass.getpass(f"{prompt}: ")
    if is_new and getpass.getpass("The same again: ") != password:
        raise UsageError("password", "was typed in two ways", fix="Try again.")
    return password


def person_at(database: Database, name: str | None) -> Person:
    """Return who gives the command: who logs in, or on a desk without people whoever runs it, as an analyst.

    Raises:
        UsageError: the desk has people, and none is named.
        NotAllowedError: name and password do not fit, or somebody tried too often.
    """
    if not people(database):
        if name is not None:
            raise UsageError(
                "--user", "the desk has no people", got=name, fix="stillwatch console user add NAME --role ROLE."
            )
        return Person(system_user(), "analyst")
    if name is None:
        raise UsageError("--user", "is missing", expected="your name at this desk; the password is asked for")
    from stillwatch.service.login.password import Passwords  # noqa: PLC0415 - slow to import

    origin = Origin(name, "command line")
    wait_s = reserve(database, origin)
    if wait_s:
        raise NotAllowedError("login", "too many attempts", fix=f"Try again in {wait_s} s.")
    if not Passwords().fits(typed_password(f"Password of {name}"), password_hash_of(database, name)):
        record(database, "nobody", "login:failed", "command line", {})
        raise NotAllowedError("login", "name and password do not fit together")
    forgive(database, origin)
    return person(database, name)
