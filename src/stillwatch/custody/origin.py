"""What a dossier was made from: the case's inputs by digest, and how the scan that read them was set."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from stillwatch.custody.files import read_small
from stillwatch.custody.strict_json import load_plain
from stillwatch.errors import InputError

RUN: Final = "run.json"
CASE_FILES: Final = ("campaigns.json", "accounts.parquet", "exchanges.parquet", "memberships.parquet", RUN)
KEPT: Final = ("stillwatch_version", "weights", "key_id", "settings", "sketches", "engine", "counts")
CHUNK_BYTES: Final = 1 << 20


def origin_of(case: Path) -> dict[str, Any]:
    """Return the origin of a dossier of a case.

    Returns:
        ``inputs``, ``registers`` and ``case_files`` with name and SHA-256, and the run's versions, weights, settings,
        counts and key id.

    Raises:
        InputError: the case has no readable ``run.json``.
    """
    path = case / RUN
    run = load_plain(read_small(path, "record of the run"), str(path))
    if not isinstance(run, dict) or not isinstance(run.get("inputs"), list):
        raise InputError(str(path), "is no record of a run", expected="inputs with their digests")
    registers = run.get("registers", {})
    return {
        "run": {name: run[name] for name in KEPT if name in run},
        "inputs": [_named(one, str(path)) for one in run["inputs"]],
        "registers": {
            str(name): dict(one.get("sha256", {})) for name, one in registers.items() if isinstance(one, dict)
        }
        if isinstance(registers, dict)
        else {},
        "case_files": [
            {"name": name, "sha256": sha256_of(case / name)} for name in CASE_FILES if (case / name).is_file()
        ],
    }


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces.

    Raises:
        InputError: it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as source:
            while piece := source.read(CHUNK_BYTES):
                digest.update(piece)
    except OSError as error:
        raise InputError(str(path), "cannot be read", got=error.strerror) from None
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class InputCheck:
    """What became of one input: its name, what it is (input, register or case file), and its status.

    The status is ``same``, ``changed`` (a file of that name is given that is none of those expected) or ``not given``.
    """

    name: str
    what: str
    status: str


def check_inputs(origin: Mapping[str, Any], given: list[Path]) -> list[InputCheck]:
    """Compare files and folders at hand with the inputs that the manifest names: by content, then by name.

    Raises:
        InputError: something given cannot be read.
    """
    expected = _expected(origin)
    known = {sha256 for _, _, sha256 in expected}
    strange: set[str] = set()  # names of files that nothing accounts for
    digests: set[str] = set()
    for path in given:
        if not path.exists():
            raise InputError(str(path), "does not exist")
        for file in [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file()):
            digests.add(sha256 := sha256_of(file))
            if sha256 not in known:
                strange.add(file.name)
    found = []
    for what, name, sha256 in expected:
        status = "same" if sha256 in digests else "changed" if Path(name).name in strange else "not given"
        found.append(InputCheck(name, what, status))
    return found


def _expected(origin: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    for what, key in (("input", "inputs"), ("case file", "case_files")):
        rows = origin.get(key, [])
        named = [one for one in rows if isinstance(one, dict)] if isinstance(rows, list) else []
        found += [(what, str(one.get("name")), str(one.get("sha256"))) for one in named]
    registers = origin.get("registers", {})
    for one in registers.values() if isinstance(registers, dict) else []:
        found += [
            ("register", str(name), str(sha256)) for name, sha256 in (one.items() if isinstance(one, dict) else ())
        ]
    return found


def _named(one: Any, where: str) -> dict[str, Any]:
    if not isinstance(one, dict) or not isinstance(one.get("sha256"), str):
        raise InputError(where, "names an input without a digest")
    return {name: one[name] for name in ("name", "format", "bytes", "sha256") if name in one}
