"""A state in a folder: ``manifest.json``, ``objects/`` and ``lock``.

Guarantee: an object is written under another name, synced and renamed; the manifest likewise, after the objects and
their folders are synced. Whoever reads sees the manifest before or after, never a mixture. The lock is the kernel's,
so that it ends with its process, however that ends.

Source: Pillai et al. 2014, All file systems are not created equal, on what a rename needs to survive a crash.
"""

import fcntl
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from stillwatch.errors import OutputError, StateError, StateInUseError
from stillwatch.store.state.vault import RESTORE, checked, reference_of

MANIFEST: Final = "manifest.json"
OBJECTS: Final = "objects"
LOCK: Final = "lock"
DRAFT: Final = ".draft"
PRIVATE: Final = 0o700  # account ids, addresses and fingerprints lie inside
READ_ONLY: Final = "Make it writable for this user, and see that there is room."


class FolderVault:
    """A state in a folder of this machine.

    Args:
        folder: where; it is made at the first commit's lock.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def name(self) -> str:
        """The folder as the user named it."""
        return str(self._folder)

    def manifest(self) -> bytes | None:
        """Return the manifest, or null where there is no state yet."""
        try:
            return (self._folder / MANIFEST).read_bytes()
        except FileNotFoundError:
            self._refuse_strangers()
            return None
        except OSError as error:
            raise StateError(self.name, "the state cannot be read", got=error.strerror) from None

    def read(self, reference: str) -> bytes:
        """Return an object's bytes, checked against its name."""
        return checked(self._bytes(reference), reference, self._shown(reference))

    def local(self, reference: str, folder: Path, *, is_checked: bool) -> Path:
        """Return the object's own file; nothing is copied."""
        del folder
        if is_checked:
            self.read(reference)
        path = self._path(reference)
        if not path.is_file():
            self._bytes(reference)  # which says why
        return path

    @contextmanager
    def locked(self) -> Iterator["FolderWriter"]:
        """Hold the folder's lock; a process that ends in any way lets go of it."""
        self._refuse_strangers()
        try:
            self._folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            (self._folder / OBJECTS).mkdir(mode=PRIVATE, exist_ok=True)
            descriptor = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise OutputError(self.name, "the state cannot be written", got=error.strerror, fix=READ_ONLY) from None
        try:
            self._take(descriptor)
            try:
                yield FolderWriter(self._folder, self.name)
            finally:
                with suppress(OSError):
                    os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    def _take(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise StateInUseError(
                self.name, "the state is in use", got=f"process {holder}", fix="Wait until it has ended."
            ) from None
        except OSError as error:
            raise OutputError(self.name, "the state cannot be locked", got=error.strerror, fix=READ_ONLY) from None

    def _refuse_strangers(self) -> None:
        """Refuse a place where something stands that is no state, nor the beginning of one."""
        if not os.path.lexists(self._folder):
            return
        try:
            names = {path.name for path in self._folder.iterdir()}
        except OSError as error:
            raise StateError(self.name, "the state cannot be read", got=error.strerror) from None
        if MANIFEST not in names and not names <= {OBJECTS, LOCK, MANIFEST + DRAFT}:
            raise StateError(self.name, "something that is no state stands there", fix="Name another --state.")

    def _bytes(self, reference: str) -> bytes:
        try:
            return self._path(reference).read_bytes()
        except OSError as error:
            raise StateError(
                self._shown(reference), "a part of the state cannot be read", got=error.strerror, fix=RESTORE
            ) from None

    def _path(self, reference: str) -> Path:
        return self._folder / OBJECTS / reference

    def _shown(self, reference: str) -> str:
        return f"{self.name}/{OBJECTS}/{reference}"


class FolderWriter:
    """Writes to a folder whose lock is held."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name

    def put(self, content: bytes, suffix: str) -> str:
        """Write an object unless it is there already, byte for byte."""
        reference = reference_of(content, suffix)
        path = self._folder / OBJECTS / reference
        if not (path.is_file() and path.read_bytes() == content):
            self._write(path, content)
        return reference

    def commit(self, manifest: bytes, live: Collection[str]) -> None:
        """Sync the objects' folder, replace the manifest, and sweep."""
        try:
            _sync_folder(self._folder / OBJECTS)
        except OSError as error:
            raise self._unwritable(error) from None
        self._write(self._folder / MANIFEST, manifest)
        try:
            _sync_folder(self._folder)
        except OSError as error:
            raise self._unwritable(error) from None
        kept = set(live)
        for path in (self._folder / OBJECTS).iterdir():
            if path.name not in kept:
                with suppress(OSError):  # the next commit sweeps again
                    path.unlink()

    def _write(self, path: Path, content: bytes) -> None:
        draft = path.with_name(path.name + DRAFT)
        try:
            try:
                with draft.open("wb") as sink:
                    sink.write(content)
                    sink.flush()
                    os.fsync(sink.fileno())
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(self._name, "the state cannot be written", got=error.strerror, fix=READ_ONLY)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
