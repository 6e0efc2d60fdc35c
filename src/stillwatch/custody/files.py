"""Reading and writing the files of custody: bounded, whole, and private where they hold a secret."""

import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from stillwatch.errors import InputError, OutputError, SettingsError

MAX_SMALL_BYTES: Final = 64 << 20  # envelopes, trust files, keys: far above any honest one
OWNER_ONLY: Final = 0o600
OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def read_small(path: Path, what: str, most: int = MAX_SMALL_BYTES) -> bytes:
    """Return a file's bytes.

    Raises:
        InputError: it cannot be read, or is larger than any honest one.
    """
    try:
        with path.open("rb") as source:
            content = source.read(most + 1)
    except OSError as error:
        raise InputError(str(path), f"cannot read the {what}", got=error.strerror) from None
    if len(content) > most:
        raise InputError(str(path), f"is too large for a {what}", expected=f"at most {most:,} bytes")
    return content


def read_private(path: Path) -> bytes:
    """Return the bytes of a key file that its owner alone may touch.

    Raises:
        SettingsError: it cannot be read, is no plain file, or others have rights on it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as source:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise SettingsError(str(path), "is not a plain file")
            if found.st_mode & OTHERS:
                raise SettingsError(
                    str(path),
                    "others may touch this private key",
                    got=f"mode {stat.S_IMODE(found.st_mode):04o}",
                    expected="0600",
                    fix=f"Run: chmod 600 {path}. If others could read it, rotate it.",
                )
            return source.read(MAX_SMALL_BYTES)
    except OSError as error:
        raise SettingsError(str(path), "cannot read the private key", got=error.strerror) from None


def write_new(path: Path, content: bytes, mode: int, fix: str) -> None:
    """Write a file that did not exist, with its mode from the first byte on.

    Raises:
        OutputError: a file stands there (``fix`` says what then), or it cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(descriptor, "wb") as sink:
                os.fchmod(descriptor, mode)  # whatever the umask
                sink.write(content)
        except OSError:
            path.unlink()
            raise
    except FileExistsError:
        raise OutputError(str(path), "a file stands there", fix=fix) from None
    except OSError as error:
        raise OutputError(str(path), "cannot be written", got=error.strerror) from None


def write_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write or replace a file, which has its name only once it is whole.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as sink:
                os.fchmod(descriptor, mode)
                sink.write(content)
            Path(draft).replace(path)
        finally:
            Path(draft).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(str(path), "cannot be written", got=error.strerror) from None
