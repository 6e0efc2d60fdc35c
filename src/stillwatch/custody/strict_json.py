"""JSON of which one reading exists: no key twice, no number that is none, one way to write it.

Source: RFC 8259, section 4 (names should be unique); ours: docs/custody.md.
"""

import json
from typing import Any, NoReturn

from stillwatch.errors import InputError


class Lexeme(str):
    """A number as it was written, so that 1.0 and 1.00 can be told apart."""

    __slots__ = ()


def load_plain(content: bytes, where: str) -> Any:
    """Return decoded JSON.

    Raises:
        InputError: it is not JSON, names a key twice, holds NaN or is nested too deeply; the refusal says where.
    """
    return _load(content, where, keep_numbers=False)


def load_exact(content: bytes, where: str) -> Any:
    """Return decoded JSON with every number as a :class:`Lexeme`; refuses as :func:`load_plain` does."""
    return _load(content, where, keep_numbers=True)


def written(value: Any) -> bytes:
    """Return the one way in which custody writes JSON: ASCII, indented by one, in the order given, a final newline."""
    return json.dumps(value, indent=1, allow_nan=False).encode("ascii") + b"\n"


def compact(value: Any) -> bytes:
    """Return JSON in ASCII without blanks, in the order given."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def _load(content: bytes, where: str, *, keep_numbers: bool) -> Any:
    number = Lexeme if keep_numbers else None
    try:
        return json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_int=number,
            parse_float=number,
        )
    except UnicodeDecodeError as broken:
        raise InputError(where, "is not UTF-8", got=f"byte {content[broken.start]:#04x} at {broken.start}") from None
    except json.JSONDecodeError as broken:
        place = f"{broken.msg} at line {broken.lineno}, column {broken.colno}"
        raise InputError(where, "is not JSON", got=place) from None
    except _AmbiguousError as broken:
        raise InputError(where, "is not plain JSON", got=str(broken)) from None
    except (RecursionError, ValueError):  # ValueError: an integer of thousands of digits
        raise InputError(where, "is not plain JSON", got="deep nesting or an endless number") from None


class _AmbiguousError(Exception):
    """JSON that two readers may read differently."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _AmbiguousError(f"the key {key[:60]!r} twice in one object")
        found[key] = value
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise _AmbiguousError(f"{name}, which is not JSON")
