"""Decoded JSON of unknown shape to values of one type, or to nothing.

A log's optional fields may be missing, null or of another type; each function answers None (or an empty container)
for what it cannot take, and none of them raises, so that one strange field never costs a whole record.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

EMPTY: Final[Mapping[str, Any]] = {}
MAX_INTEGER: Final = 2**53  # beyond it JSON numbers are not exact; no count of tokens comes near
EARLIEST_S: Final = 1_262_304_000  # 2010-01-01: no model was served before, so `created: 1` is no time
LATEST_S: Final = 4_102_444_800  # 2100-01-01
UNITS_PER_SECOND: Final = (1, 1_000, 1_000_000, 1_000_000_000)  # with the bounds above one unit fits at most
MAX_TEXT_OF_TIME: Final = 64  # characters; the longest ISO time has 35


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object as it is, and an empty one for anything else."""
    return value if isinstance(value, Mapping) else EMPTY


def items(value: object) -> Sequence[Any]:
    """Return a list as it is, and an empty one for anything else."""
    return value if isinstance(value, list | tuple) else ()


def decoded(value: object) -> Any:
    """Return an object or a list, also where a log holds it as a string of JSON; other values as they are."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return orjson.loads(value)
        except (orjson.JSONDecodeError, UnicodeEncodeError):
            return value
    return value


def text(value: object) -> str | None:
    """Return a string with at least one character that is not space."""
    return value if isinstance(value, str) and value.strip() else None


def identifier(*values: object) -> str | None:
    """Return the first of these that is a usable name: a non-blank string, stripped, or an integer."""
    for value in values:
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return None


def number(value: object) -> float | None:
    """Return a finite number, also from a string of digits."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and len(value) > MAX_TEXT_OF_TIME:
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def count(value: object) -> int | None:
    """Return a whole number that is not negative and fits a column."""
    found = number(value)
    if found is None or not 0 <= found <= MAX_INTEGER or found != int(found):
        return None
    return int(found)


def first_count(*values: object) -> int | None:
    """Return the first of these that is a count."""
    return next((found for value in values if (found := count(value)) is not None), None)


def http_status(*values: object) -> int | None:
    """Return the first of these that is an HTTP status."""
    return next((found for value in values if (found := count(value)) is not None and 100 <= found <= 599), None)


def microseconds(value: object, *, naive_is_utc: bool = False) -> int | None:
    """Return a time as microseconds since 1970 in UTC.

    Args:
        value: an ISO 8601 string with an offset, or a number of seconds, milliseconds, microseconds or nanoseconds
            since 1970 (told apart by size), between 2010 and 2100.
        naive_is_utc: whether a string without an offset is UTC; None is returned for it otherwise.
    """
    found = number(value)
    if found is not None:
        return _from_epoch(found)
    if not isinstance(value, str) or len(value) > MAX_TEXT_OF_TIME:
        return None
    try:
        when = datetime.fromisoformat(value.strip())
        if when.tzinfo is None:
            if not naive_is_utc:
                return None
            when = when.replace(tzinfo=UTC)
        since = when - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    if not EARLIEST_S <= since.total_seconds() < LATEST_S:
        return None
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds  # seconds a day


def _from_epoch(found: float) -> int | None:
    for per_second in UNITS_PER_SECOND:
        if EARLIEST_S * per_second <= found < LATEST_S * per_second:
            return round(found * (1_000_000 / per_second))
    return None
