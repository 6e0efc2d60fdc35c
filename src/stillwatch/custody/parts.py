"""The digest of every part of a file, so that a change is found and named without the original.

JSON is mirrored: the same objects and lists, with a digest in the place of each number, text, truth value or null. Text
has one digest a line, anything else one a block. Two mirrors are compared value by value; what differs is named by
its JSON pointer. The parts only locate: whether a file is whole is decided by its SHA-256.

Source: Merkle 1987, A digital signature based on a conventional encryption function (digests of parts instead of
copies); RFC 6901 (JSON pointer).
"""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, Final

from stillwatch.custody.strict_json import Lexeme, load_exact
from stillwatch.errors import InputError

PART_BYTES: Final = 15  # 120 bits: 20 characters; nobody finds another value with the digest of a given one
LEAST_BLOCK_BYTES: Final = 4096
MOST_BLOCKS: Final = 1024  # a large file has larger blocks
MOST_LINES: Final = 100_000
MOST_DEPTH: Final = 100  # levels of JSON; ours has about ten
MOST_SHOWN: Final = 100  # changes; an attacker could make millions
TEXT_SUFFIXES: Final = frozenset({".md", ".html", ".txt", ".csv", ".svg", ".css", ".js", ".jsonl", ".xml"})


@dataclass(frozen=True, slots=True)
class Change:
    """One difference inside a file.

    Args:
        how: changed, added, removed, reordered or unreadable.
        place: a JSON pointer (the whole document is the empty one), or lines, or bytes.
    """

    how: str
    place: str


def parts_of(name: str, content: bytes) -> dict[str, Any]:
    """Return the parts of a file: its ``kind`` (json, lines or blocks) and their digests ``of``."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix == ".json":
        try:
            return {"kind": "json", "of": _mirror(load_exact(content, name))}
        except InputError:
            pass  # it has no structure to speak of
    if suffix in TEXT_SUFFIXES and content.count(b"\n") <= MOST_LINES:
        return {"kind": "lines", "of": [_digest(b"line", line) for line in content.split(b"\n")]}
    size = LEAST_BLOCK_BYTES
    while len(content) > size * MOST_BLOCKS:
        size *= 2
    return {"kind": "blocks", "block_bytes": size, "of": _blocks(content, size)}


def changes(name: str, content: bytes, parts: dict[str, Any]) -> tuple[list[Change], bool]:
    """Return where a file differs from the parts that were signed, and whether more than the shown places do.

    No change although the file's SHA-256 is another means that it says the same, written in another way.
    """
    kind, of = parts.get("kind"), parts.get("of")
    if kind == "json":
        try:
            now = _mirror(load_exact(content, name))
        except InputError as broken:
            return [Change("unreadable", broken.got or broken.problem)], False
        found = list(islice(_differences(of, now, ""), MOST_SHOWN + 1))
    elif kind == "lines":
        found = _spans("line", of, [_digest(b"line", line) for line in content.split(b"\n")], 1)
    else:
        size = parts.get("block_bytes")
        if not isinstance(size, int) or size < LEAST_BLOCK_BYTES:
            return [], False
        found = _spans("byte", of, _blocks(content, size), size)
    return found[:MOST_SHOWN], len(found) > MOST_SHOWN


def pointer(parent: str, key: str | int) -> str:
    """Return the JSON pointer of a child."""
    return f"{parent}/{str(key).replace('~', '~0').replace('/', '~1')}"


def _blocks(content: bytes, size: int) -> list[str]:
    return [_digest(b"block", content[at : at + size]) for at in range(0, len(content), size)]


def _digest(tag: bytes, content: bytes) -> str:
    raw = hashlib.sha256(b"stillwatch part v1 " + tag + b"\n" + content).digest()[:PART_BYTES]
    return base64.urlsafe_b64encode(raw).decode("ascii")


def _mirror(value: Any, depth: int = 0) -> Any:
    if depth > MOST_DEPTH:
        raise InputError("document", "is nested too deeply", expected=f"at most {MOST_DEPTH} levels")
    if isinstance(value, dict):
        return {key: _mirror(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_mirror(item, depth + 1) for item in value]
    if isinstance(value, Lexeme):
        return _digest(b"number", value.encode("ascii"))
    if isinstance(value, str):
        return _digest(b"text", value.encode("utf-8", "surrogatepass"))
    return _digest(b"word", {True: b"true", False: b"false", None: b"null"}[value])


def _differences(before: Any, after: Any, at: str) -> Iterator[Change]:
    """Yield where two mirrors differ; as deep as the second goes, which has a limit."""
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _object_differences(before, after, at)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list_differences(before, after, at)
    elif before != after:
        yield Change("changed", at)


def _object_differences(before: dict[str, Any], after: dict[str, Any], at: str) -> Iterator[Change]:
    for key, item in before.items():
        if key in after:
            yield from _differences(item, after[key], pointer(at, key))
        else:
            yield Change("removed", pointer(at, key))
    for key in after:
        if key not in before:
            yield Change("added", pointer(at, key))
    if [key for key in before if key in after] != [key for key in after if key in before]:
        yield Change("reordered", at)


def _list_differences(before: list[Any], after: list[Any], at: str) -> Iterator[Change]:
    """Compare lists; what was put in or taken out is found by what is alike before and behind it."""
    if len(before) == len(after):
        for i, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differences(old, new, pointer(at, i))
        return
    head, tail = _alike(before, after)
    old, new = len(before) - head - tail, len(after) - head - tail
    for i in range(min(old, new)):
        yield from _differences(before[head + i], after[head + i], pointer(at, head + i))
    for i in range(new, old):
        yield Change("removed", pointer(at, head + i))
    for i in range(old, new):
        yield Change("added", pointer(at, head + i))


def _alike(before: list[Any], after: list[Any]) -> tuple[int, int]:
    """Return how many items are alike at the head, and at the tail behind it."""
    most = min(len(before), len(after))
    head = next((i for i in range(most) if before[i] != after[i]), most)
    rest = most - head
    tail = next((i for i in range(rest) if before[-1 - i] != after[-1 - i]), rest)
    return head, tail


def _spans(unit: str, before: Any, after: list[str], size: int) -> list[Change]:
    """Return one change over all lines or blocks between the first and the last that differ."""
    if not isinstance(before, list) or before == after:
        return []
    if len(before) == len(after):
        differing = [i for i in range(len(after)) if before[i] != after[i]]
        return [Change("changed", _span(unit, i, i, size)) for i in differing]
    head, tail = _alike(before, after)
    if len(after) - tail > head:
        return [Change("changed", _span(unit, head, len(after) - tail - 1, size))]
    return [Change("removed", f"after {_span(unit, head - 1, head - 1, size)}" if head else "at the start")]


def _span(unit: str, first: int, last: int, size: int) -> str:
    if unit == "line":
        return f"line {first + 1}" if first == last else f"lines {first + 1} to {last + 1}"
    return f"bytes {first * size} to {(last + 1) * size - 1}"
