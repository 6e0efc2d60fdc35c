"""The manifest: every file of the folder with its digest and parts, and what the dossier was made from.

An in-toto statement, version 1: the files are its subjects, the rest is its predicate, of schema
``stillwatch.custody/1``.

Source: in-toto Attestation Framework v1, statement layer.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

from stillwatch import __version__
from stillwatch.custody.files import read_small
from stillwatch.custody.instant import instant, instant_text
from stillwatch.custody.parts import parts_of
from stillwatch.custody.strict_json import load_plain, written
from stillwatch.custody.trust import TrustedKey
from stillwatch.errors import InputError

ENVELOPE: Final = "custody.dsse.json"
STAMP_NAME: Final = re.compile(r"custody\.\d{1,4}\.tsr", re.ASCII)
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "urn:stillwatch:custody:1"
SCHEMA: Final = "stillwatch.custody/1"
MAX_FILE_BYTES: Final = 1 << 30  # a dossier's largest file; beyond it something else was put there
SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One signed file: its path in the folder with slashes, its SHA-256, its size and its parts."""

    name: str
    sha256: str
    n_bytes: int
    parts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a signature vouches for.

    Args:
        created_at: when it was made, by the first signer's clock.
        created_by: key id and name of the first signer, as they said.
        files: every file of the folder.
        origin: the case that the dossier is of: digests of its inputs and files, versions, settings, weights, key id.
        version: stillwatch's.
    """

    created_at: datetime
    created_by: tuple[str, str]
    files: tuple[FileRecord, ...]
    origin: Mapping[str, Any]
    version: str = __version__

    def to_bytes(self) -> bytes:
        """Return the statement."""
        return written(
            {
                "_type": STATEMENT_TYPE,
                "subject": [{"name": one.name, "digest": {"sha256": one.sha256}} for one in self.files],
                "predicateType": PREDICATE_TYPE,
                "predicate": {
                    "schema": SCHEMA,
                    "stillwatch_version": self.version,
                    "created_at": instant_text(self.created_at),
                    "created_by": {"key_id": self.created_by[0], "name": self.created_by[1]},
                    "origin": dict(self.origin),
                    "files": {one.name: {"bytes": one.n_bytes, "parts": dict(one.parts)} for one in self.files},
                },
            }
        )

    @classmethod
    def from_bytes(cls, content: bytes, where: str) -> Self:
        """Return the manifest that a payload holds.

        Raises:
            InputError: it is none, or breaks its schema; the refusal names the place.
        """
        plain = load_plain(content, where)
        try:
            if (plain["_type"], plain["predicateType"]) != (STATEMENT_TYPE, PREDICATE_TYPE):
                raise InputError(where, "is another kind of statement", expected=PREDICATE_TYPE)
            predicate = plain["predicate"]
            if predicate["schema"] != SCHEMA:
                raise InputError(f"{where}: predicate/schema", "is unknown", expected=SCHEMA)
            files = tuple(_record(one, predicate["files"]) for one in plain["subject"])
            by = (str(predicate["created_by"]["key_id"]), str(predicate["created_by"]["name"]))
            origin, version = predicate["origin"], str(predicate["stillwatch_version"])
            created_at = instant(predicate["created_at"], f"{where}: predicate/created_at")
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            raise InputError(where, "is not a custody manifest", expected=SCHEMA) from None
        if len({one.name for one in files}) != len(files) or len(files) != len(predicate["files"]):
            raise InputError(where, "names a file twice, or a file without digest")
        if not isinstance(origin, dict):
            raise InputError(f"{where}: predicate/origin", "is not an object")
        return cls(created_at, by, files, origin, version)


def make_manifest(folder: Path, signer: TrustedKey, origin: Mapping[str, Any], at: datetime) -> Manifest:
    """Return the manifest of a folder as it stands.

    Raises:
        InputError: the folder cannot be read, holds nothing, or holds what is not a plain file.
    """
    records = []
    for name, path in folder_files(folder):
        if path.is_symlink() or not path.is_file():
            raise InputError(str(path), "is not a plain file", fix="Take it out: a link vouches for nothing.")
        content = read_small(path, "file of the dossier", MAX_FILE_BYTES)
        records.append(FileRecord(name, hashlib.sha256(content).hexdigest(), len(content), parts_of(name, content)))
    if not records:
        raise InputError(str(folder), "holds no file to sign")
    return Manifest(at, (signer.key_id, signer.name), tuple(records), origin)


def folder_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield name and path of everything in a folder but folders and custody's own files, sorted by name.

    Links are yielded, never followed.

    Raises:
        InputError: the folder cannot be read.
    """
    if not folder.is_dir():
        raise InputError(str(folder), "is not a folder", expected="a dossier's folder")
    found = []
    try:
        for path in folder.rglob("*"):
            name = path.relative_to(folder).as_posix()
            if (path.is_dir() and not path.is_symlink()) or name == ENVELOPE or STAMP_NAME.fullmatch(name):
                continue
            try:
                name.encode("utf-8")
            except UnicodeEncodeError:
                raise InputError(str(folder), "holds a file whose name is not UTF-8", got=ascii(name)) from None
            found.append((name, path))
    except OSError as error:
        raise InputError(str(folder), "cannot be read", got=error.strerror) from None
    yield from sorted(found)


def _record(subject: Any, files: Mapping[str, Any]) -> FileRecord:
    name, sha256 = subject["name"], subject["digest"]["sha256"]
    entry = files[name]
    if not isinstance(name, str) or not SHA256.fullmatch(sha256) or not isinstance(entry["parts"], dict):
        raise ValueError(name)
    return FileRecord(name, sha256, int(entry["bytes"]), entry["parts"])
