"""Files, globs and folders to a sorted list of sources, and a source to its decompressed bytes.

Nothing that a file contains decides a path or the memory used: compression is recognised by its magic bytes, and what
comes out of it is bounded.
"""

import glob
import hashlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import pyarrow as pa

from stillwatch.errors import InputError

GZIP_MAGIC: Final = b"\x1f\x8b"
ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
READ_BYTES: Final = 1 << 18  # 256 KiB: large enough that Python's cost a call vanishes, small enough for any cache
ZSTD_STEP_BYTES: Final = 1 << 14  # an error loses at most one step of what was readable
HEAD_BYTES: Final = 1 << 18  # what recognition looks at


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """What a hostile or broken file may cost.

    Args:
        max_record_bytes: a longer record is skipped in constant memory and quarantined.
        max_ratio: decompressed bytes per compressed byte beyond ``ratio_floor_bytes``; JSON logs reach 10 to 50.
        ratio_floor_bytes: decompressed bytes that are never held against a file.
        max_decompressed_bytes: decompressed bytes of one file, whatever the ratio.
        max_quarantine_rows: quarantined records that are listed; all are counted.
    """

    max_record_bytes: int = 32 << 20
    max_ratio: float = 200.0
    ratio_floor_bytes: int = 64 << 20
    max_decompressed_bytes: int = 1 << 40
    max_quarantine_rows: int = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """One input file.

    Args:
        name: how reports call it: relative to the parent of the argument that named it, the same wherever it lies.
        path: where it lies.
    """

    name: str
    path: Path


class ByteStream(Protocol):
    """What framing reads from."""

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, empty at the end."""
        ...


class StreamStoppedError(Exception):
    """A stream cannot go on; what came before it stands."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")


def find_sources(arguments: Iterable[str | Path]) -> list[Source]:
    """Return the files that files, folders and globs name, each once, sorted by name.

    Folders are searched to the bottom; hidden files, and marker files that begin with an underscore as Spark leaves
    them, are skipped there, and links to folders are not followed.

    Raises:
        InputError: something named does not exist, holds no file or is no regular file.
    """
    named: dict[Path, list[str]] = {}  # resolved path to the parts of its name, longest last
    for argument in arguments:
        for path, base in _expand(str(argument)):
            named.setdefault(path.resolve(), list(path.relative_to(base).parts))
    return sorted(Source(name, path) for path, name in _unique_names(named).items())


def _expand(argument: str) -> Iterator[tuple[Path, Path]]:
    """Yield each file with the folder that its name is relative to."""
    path = Path(argument)
    if not path.exists() and glob.has_magic(argument):
        matches = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207 - Path.glob refuses absolute patterns
        if not matches:
            raise InputError(argument, "no file matches", fix="Check the pattern, and quote it.")
        for match in matches:
            if Path(match).is_file():
                yield Path(match), Path(match).parent
        return
    if path.is_dir():
        yield from _expand_folder(path)
        return
    if not path.exists():
        raise InputError(argument, "no such file", fix="Check the path.")
    if not path.is_file():
        raise InputError(argument, "not a regular file", fix="Write it to a file first; it is read more than once.")
    yield path, path.parent


def _expand_folder(path: Path) -> Iterator[tuple[Path, Path]]:
    found = False
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith((".", "_")) and Path(folder, name).is_file():
                found = True
                yield Path(folder, name), path.parent if path.name else path
    if not found:
        raise InputError(str(path), "the folder holds no file", fix="Name the folder that holds the logs.")


def _unique_names(named: dict[Path, list[str]]) -> dict[Path, str]:
    """Return a name a path; where two would be equal, each takes parent folders until they differ."""
    names = {path: "/".join(parts) for path, parts in named.items()}
    depth = {path: len(parts) for path, parts in named.items()}
    while len(set(names.values())) < len(names):
        taken: dict[str, list[Path]] = {}
        for path, name in names.items():
            taken.setdefault(name, []).append(path)
        for paths in taken.values():
            if len(paths) > 1:
                for path in paths:
                    depth[path] += 1
                    names[path] = "/".join(path.parts[-depth[path] :]).lstrip("/")
    return names


class HashingFile:
    """A raw file whose SHA-256 is known once it was read to its end."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("rb")
        self._digest = hashlib.sha256()
        self.n_bytes = 0

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes."""
        chunk = self._file.read(size)
        self._digest.update(chunk)
        self.n_bytes += len(chunk)
        return chunk

    def finish(self) -> str:
        """Read what is left, close, and return the digest of the whole file in hexadecimal."""
        while self.read(READ_BYTES):
            pass
        self.close()
        return self._digest.hexdigest()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class _ArrowFile:
    """A raw file as Arrow wants it; Arrow closes what it reads, which would end the hash too early."""

    closed = False

    def __init__(self, raw: HashingFile) -> None:
        self.read = raw.read

    def close(self) -> None:
        self.closed = True

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False


def compression_of(head: bytes) -> str:
    """Return ``gzip``, ``zstd`` or ``none`` from a file's first bytes; a name alone proves nothing."""
    if head.startswith(GZIP_MAGIC):
        return "gzip"
    return "zstd" if head.startswith(ZSTD_MAGIC) else "none"


class Decompressed:
    """The bytes inside a raw file, within the limits.

    ``read`` raises StreamStoppedError once the readable part was handed out: ``truncated-file``,
    ``corrupt-compression`` or ``decompression-bomb``.
    """

    def __init__(self, raw: HashingFile, compression: str, limits: ReadLimits) -> None:
        self._raw = raw
        self._limits = limits
        self._n_out = 0
        self._stop: StreamStoppedError | None = None
        openers: dict[str, Callable[[HashingFile], Iterator[bytes]]] = {"gzip": _gunzip, "zstd": _unzstd}
        self._is_compressed = compression in openers
        self._chunks = openers.get(compression, _plain)(raw)
        self._left = b""

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, empty at the end."""
        if not self._left:
            self._left = self._next()
        chunk, self._left = self._left[:size], self._left[size:]
        return chunk

    def _next(self) -> bytes:
        if self._stop is not None:
            raise self._stop
        try:
            chunk = next(self._chunks, b"")
        except StreamStoppedError as stop:
            self._stop = stop
            raise
        self._n_out += len(chunk)
        if self._is_compressed:
            self._check()
        return chunk

    def _check(self) -> None:
        limits = self._limits
        ratio_limit = max(limits.ratio_floor_bytes, limits.max_ratio * self._raw.n_bytes)
        if self._n_out > min(ratio_limit, limits.max_decompressed_bytes):
            self._stop = StreamStoppedError(
                "decompression-bomb", f"{self._n_out} bytes out of {self._raw.n_bytes} compressed bytes"
            )


def _plain(raw: HashingFile) -> Iterator[bytes]:
    while chunk := raw.read(READ_BYTES):
        yield chunk


def _gunzip(raw: HashingFile) -> Iterator[bytes]:
    """Yield the contents of all members, at most READ_BYTES at a time."""
    pending = b""
    while True:
        member = zlib.decompressobj(wbits=31)  # 31: a gzip header, and its checksum is verified
        while not member.eof:
            pending = pending or raw.read(READ_BYTES)
            if not pending:
                raise StreamStoppedError("truncated-file", "the gzip stream ends in the middle of a member")
            try:
                chunk = member.decompress(pending, READ_BYTES)
            except zlib.error as error:
                raise StreamStoppedError("corrupt-compression", "the gzip stream is damaged") from error
            pending = member.unconsumed_tail
            if chunk:
                yield chunk
        pending = member.unused_data.lstrip(b"\0") or _after_padding(raw)
        if not pending:
            return
        if not pending.startswith(GZIP_MAGIC[: len(pending)]):
            raise StreamStoppedError("corrupt-compression", "bytes that are not gzip follow the last member")


def _after_padding(raw: HashingFile) -> bytes:
    """Return what follows zero padding, as tapes and some uploaders add it."""
    while chunk := raw.read(READ_BYTES):
        if rest := chunk.lstrip(b"\0"):
            return rest
    return b""


def _unzstd(raw: HashingFile) -> Iterator[bytes]:
    stream = pa.CompressedInputStream(pa.PythonFile(_ArrowFile(raw), mode="r"), "zstd")
    while True:
        steps: list[bytes] = []
        try:
            while len(steps) < READ_BYTES // ZSTD_STEP_BYTES and (step := stream.read(ZSTD_STEP_BYTES)):
                steps.append(step)
        except OSError as error:
            if steps:
                yield b"".join(steps)
            is_short = "trunc" in str(error).lower()
            reason, what = ("truncated-file", "ends too early") if is_short else ("corrupt-compression", "is damaged")
            raise StreamStoppedError(reason, f"the zstd stream {what}") from error
        if not steps:
            return
        yield b"".join(steps)
