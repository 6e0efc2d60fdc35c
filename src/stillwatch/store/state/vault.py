"""What a state asks of the place where it rests: immutable objects, one manifest that is replaced whole, one writer.

An object is named by the SHA-256 of its bytes and never changes. The manifest names the objects that count; a commit
replaces it in one step, after every object that it names is safe. So a state is always the one before a commit or the
one after it, whatever happens in between; objects that no manifest names are leavings, and the next writer
sweeps them out.

Source: content addressing and one root pointer as in Git (Torvalds 2005); ours: docs/decisions/0014-state.md.
"""

import hashlib
from collections.abc import Collection
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Protocol

from stillwatch.errors import StateError

SUFFIXES: Final = ("parquet", "json")
RESTORE: Final = "Restore the state from a backup, or begin a new one from the traffic."


class Writer(Protocol):
    """The one process that may change a state."""

    def put(self, content: bytes, suffix: str) -> str:
        """Keep some bytes and return their reference; it counts once a committed manifest names it.

        Raises:
            OutputError: it cannot be written.
        """
        ...

    def commit(self, manifest: bytes, live: Collection[str]) -> None:
        """Make ``manifest`` the state's, in one step, and sweep out every object that is not among ``live``.

        Raises:
            OutputError: it cannot be written; the state is what it was.
        """
        ...


class Vault(Protocol):
    """A place where a state rests."""

    @property
    def name(self) -> str:
        """Where it is, for people; without any password."""
        ...

    def manifest(self) -> bytes | None:
        """Return the manifest, or null where there is no state yet.

        Raises:
            StateError: something else stands there, or it cannot be read.
        """
        ...

    def read(self, reference: str) -> bytes:
        """Return an object.

        Raises:
            StateError: it is not there, or its bytes are not those that were put.
        """
        ...

    def local(self, reference: str, folder: Path, *, is_checked: bool) -> Path:
        """Return a file on this machine with an object's bytes, in ``folder`` unless it lies here anyway.

        Args:
            reference: the object.
            folder: for a copy.
            is_checked: whether to read all of it and compare it with its name.

        Raises:
            StateError: as for ``read``.
        """
        ...

    def locked(self) -> AbstractContextManager[Writer]:
        """Become the one writer for as long as the block runs.

        Raises:
            StateInUseError: another process is.
            OutputError: the place cannot be written to.
        """
        ...


def reference_of(content: bytes, suffix: str) -> str:
    """Return the reference of some bytes: their SHA-256 and what they are."""
    assert suffix in SUFFIXES
    return f"{hashlib.sha256(content).hexdigest()}.{suffix}"


def checked(content: bytes, reference: str, where: str) -> bytes:
    """Return an object's bytes if they are what its name says.

    Raises:
        StateError: they are not.
    """
    found = hashlib.sha256(content).hexdigest()
    if found != reference.split(".", maxsplit=1)[0]:
        raise StateError(
            where, "was changed or torn", got=f"SHA-256 {found[:12]}", expected=reference[:12], fix=RESTORE
        )
    return content
