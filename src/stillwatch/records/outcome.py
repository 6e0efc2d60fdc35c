"""What became of one input record: used, quarantined or out of scope, and never two of them or none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stood.

    Args:
        source: the file as the user named it.
        line: 1-based line, or record number where the format has no lines.
        n_bytes: size of the record as it stood in the (decompressed) file.
    """

    source: str
    line: int
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Record:
    """One decoded record and where it stood."""

    place: Place
    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Used:
    """A record that became an exchange.

    Args:
        row: canonical column name to value; absent columns are null. ``requested_at`` is an aware datetime, or a
            number of microseconds since 1970 in UTC.
    """

    place: Place
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that should have been an exchange and could not be read.

    Args:
        reason: a short code, as ``not-json`` or ``no-account``; counted by it.
        detail: what was wrong, without any text of the record's own.
    """

    place: Place
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class OutOfScope:
    """A well-formed record that is not an exchange of its own: a health check, a retried attempt, a joined row."""

    place: Place
    reason: str


Outcome: TypeAlias = Used | Quarantined | OutOfScope
