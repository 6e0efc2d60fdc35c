"""The fields of a log that no format fits: their paths, their names and what the sample holds of them."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from stillwatch.records.readers.json_values import decoded
from stillwatch.records.readers.request_body import is_request

PLAIN_NAME: Final = re.compile(r'[^.\[\]"\s]+')
OWNED: Final = frozenset({"id", "name", "key", "uuid", "hash"})
MAX_DEPTH: Final = 5
MAX_FIELDS: Final = 400  # a log with more is a log of free keys
MOST: Final = 0.9  # share of a field's values that must be what its column needs
DISTINCT: Final = 0.99  # an id is that; retries may repeat a few


@dataclass(slots=True)
class Field:
    """One field of a log: its path as written in a map, its names, and the values that the sample holds.

    Args:
        path: as a map writes it.
        names: its own name, letters and digits alone, and that with the name above it before it.
        values: those that are neither null nor empty.
        places: the number of the record that each is from.
    """

    path: str
    names: tuple[str, ...]
    values: list[Any] = field(default_factory=list)
    places: list[int] = field(default_factory=list)


def fields_of(sample: Sequence[Mapping[str, Any]]) -> list[Field]:
    """Return the fields of some records in the order in which they are met."""
    fields: dict[str, Field] = {}
    for place, record in enumerate(sample):
        for path, names, value in _walk(record, "", "", 0):
            if path in fields or len(fields) < MAX_FIELDS:
                one = fields.setdefault(path, Field(path, names))
                one.values.append(value)
                one.places.append(place)
    return list(fields.values())


def _walk(value: Mapping[str, Any], above: str, owner: str, depth: int) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Yield each field's path, its names and its value; one called no more than ``id`` or ``name`` is its owner's."""
    for key, inner in value.items():
        if not isinstance(key, str) or not key:
            continue
        path, name = _joined(above, key), re.sub(r"[^a-z0-9]", "", key.lower())
        if inner not in (None, ""):
            yield path, (owner + name,) if owner and name in OWNED else (name, owner + name), inner
        below = decoded(inner)
        if isinstance(below, Mapping) and depth < MAX_DEPTH and not is_request(below):
            yield from _walk(below, path, name, depth + 1)


def _joined(above: str, key: str) -> str:
    if PLAIN_NAME.fullmatch(key):
        return f"{above}.{key}" if above else key
    quoted = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'{above}["{quoted}"]'


def share(values: Sequence[Any], is_so: Callable[[Any], bool]) -> float:
    """Return the share of values of which something is so; 0 of none."""
    return sum(is_so(value) for value in values) / len(values) if values else 0.0
