"""Frozen dataclasses as plain JSON values and back, strictly: what every document of stillwatch is written with.

An unknown key, a missing key, a wrong type or a number that is not finite is refused with the place where it stands;
integers are counts, in [0, 2**53); times are aware UTC.
"""

import functools
import json
import math
import types
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

INT_MAX: Final = 2**53 - 1  # what every JSON reader holds exactly
SHOWN_CHARACTERS: Final = 60  # of a wrong value, in a refusal


class MismatchError(Exception):
    """A value that does not fit its place; turned into a refusal at the rim."""

    def __init__(self, path: str, got: str, expected: str) -> None:
        super().__init__(path)
        self.path, self.got, self.expected = path, got, expected


def parse(document: bytes) -> Any:
    """Return the plain values of a JSON document.

    Raises:
        MismatchError: a key stands twice, or a number is not finite.
        UnicodeDecodeError, json.JSONDecodeError, RecursionError: it is no JSON document.
    """
    return json.loads(document.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant)


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def encode(value: Any, kind: Any, path: str) -> Any:
    """Return plain JSON values; integers in float fields become floats, so that equal cases give equal bytes."""
    if value is None and type(None) in get_args(kind):
        return None
    kind = _not_null(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        if not isinstance(value, kind):
            raise MismatchError(path, type(value).__name__, kind.__name__)
        hints = _hints(kind)
        return {
            f.name: encode(getattr(value, f.name), hints[f.name], f"{path}.{f.name}")
            for f in fields(kind)
            if f.default is MISSING or getattr(value, f.name) != f.default
        }
    if get_origin(kind) is tuple:
        if not isinstance(value, tuple):
            raise MismatchError(path, type(value).__name__, "a tuple")
        return [encode(item, k, f"{path}[{i}]") for i, (item, k) in enumerate(_zip_kinds(value, kind, path))]
    if kind is datetime:
        return _instant_text(value, path)
    return _scalar(value, kind, path)


def decode(value: Any, kind: Any, path: str) -> Any:
    """Return plain JSON values as an instance of ``kind``.

    Raises:
        MismatchError: they do not fit it.
    """
    if value is None and type(None) in get_args(kind):
        return None
    kind = _not_null(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        return _decode_object(value, kind, path)
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise MismatchError(path, shown(value), "a list")
        return tuple(decode(item, k, f"{path}[{i}]") for i, (item, k) in enumerate(_zip_kinds(value, kind, path)))
    if kind is datetime:
        return _instant(value, path)
    return _scalar(value, kind, path)


def _decode_object(value: Any, kind: type, path: str) -> Any:
    if not isinstance(value, dict):
        raise MismatchError(path, shown(value), "an object")
    hints = _hints(kind)
    for name in value:
        if name not in hints:
            raise MismatchError(f"{path}.{shown(name)}", "an unknown key", f"keys of {kind.__name__}")
    for name in required_of(kind):
        if name not in value:
            raise MismatchError(f"{path}.{name}", "nothing", "a value")
    return kind(**{name: decode(item, hints[name], f"{path}.{name}") for name, item in value.items()})


def required_of(kind: type) -> tuple[str, ...]:
    """Return the keys that stand in every object of a kind; one with a default is left out where it has that value."""
    return tuple(f.name for f in fields(kind) if f.default is MISSING)


def _not_null(kind: Any) -> Any:
    """Return the one kind beside null in ``kind | None``."""
    if get_origin(kind) in (Union, types.UnionType):
        return next(k for k in get_args(kind) if k is not type(None))
    return kind


def _zip_kinds(values: Any, kind: Any, path: str) -> list[tuple[Any, Any]]:
    """Pair each item of a tuple with its kind, for ``tuple[X, ...]`` and ``tuple[X, Y]``."""
    kinds = get_args(kind)
    if kinds[-1] is Ellipsis:
        return [(value, kinds[0]) for value in values]
    if len(values) != len(kinds):
        raise MismatchError(path, f"{len(values)} items", f"{len(kinds)} items")
    return list(zip(values, kinds, strict=True))


def _scalar(value: Any, kind: Any, path: str) -> Any:
    if kind is float and type(value) in (int, float):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
        raise MismatchError(path, "a number that is not finite", "a finite number")
    if kind is int and type(value) is int:
        if 0 <= value <= INT_MAX:  # every integer of a case is a count or an index
            return value
        raise MismatchError(path, shown(value), f"a count of at most {INT_MAX}")
    if kind is str and type(value) is str:
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise MismatchError(path, "half a surrogate pair", "valid Unicode")
        return value
    if kind is bool and type(value) is bool:
        return value
    raise MismatchError(path, shown(value), kind.__name__)


def _instant_text(value: Any, path: str) -> str:
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise MismatchError(path, shown(value), "an aware UTC time")
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _instant(value: Any, path: str) -> datetime:
    expected = "a UTC time as 2026-03-01T09:00:00.000000Z"
    if not isinstance(value, str):
        raise MismatchError(path, shown(value), expected)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise MismatchError(path, shown(value), expected) from None
    if moment.utcoffset() != timedelta(0):
        raise MismatchError(path, shown(value), expected)
    return moment.astimezone(UTC)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MismatchError(shown(twice), "the same key twice", "each key once")
    return keys


def _refuse_constant(name: str) -> Any:
    raise MismatchError("a number", name, "a finite number")


def shown(value: Any) -> str:
    """Return a short, printable form of a wrong value for a refusal."""
    text = ascii(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "..."
