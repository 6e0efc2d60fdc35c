"""A row's values to checked values of the canonical types.

A value that is wrong but not needed becomes null and is counted as a warning; only what makes the row useless (no id,
no account, no usable time) quarantines it. NUL characters are removed from text, since they would hide words from
everything that follows; half surrogate pairs become U+FFFD.

Numbers given as times are read by magnitude: below 1e11 seconds, below 1e14 milliseconds, below 1e17 microseconds,
else nanoseconds since 1970. Within the window of plausible times, 2015 to 2100, the four never overlap.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

import orjson
import pyarrow as pa

from stillwatch.errors import UsageError
from stillwatch.records.schema import UTC_MICROSECONDS

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
MICROSECONDS_A_SECOND: Final = 1_000_000
EARLIEST_US: Final = int(datetime(2015, 1, 1, tzinfo=UTC).timestamp()) * MICROSECONDS_A_SECOND  # before any model API
EARLIEST_EVENT_US: Final = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp()) * MICROSECONDS_A_SECOND  # sign-ups, bans
LATEST_US: Final = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()) * MICROSECONDS_A_SECOND  # fixed: runs must repeat
CONTENT_COLUMNS: Final = frozenset(
    {"system_prompt", "prompt", "response"}
)  # here empty says something; else it is null
MAX_ID_CHARACTERS: Final = 1024  # an ARN has up to 2,048 bytes in theory and under 300 in practice
MAX_TOKENS: Final = 1_000_000_000  # a thousand times the longest context
BOUNDS: Final[Mapping[str, tuple[float, float]]] = {  # outside: null and a warning
    "turn": (0, 1_000_000),
    "n_choices": (1, 10_000),
    "temperature": (0, 100),  # the APIs stop at 2; self-hosted servers take more
    "max_tokens": (0, MAX_TOKENS),
    "input_tokens": (0, MAX_TOKENS),
    "output_tokens": (0, MAX_TOKENS),
    "reasoning_tokens": (0, MAX_TOKENS),
    "cached_tokens": (0, MAX_TOKENS),
    "status": (100, 599),
    "plan_price_usd": (0, 1e9),
}
MAX_IGNORED_NAMES: Final = 100  # names of ignored columns that are told apart; a hostile log may have any number
TRUE_WORDS: Final = frozenset({"true", "t", "yes", "y", "1"})
FALSE_WORDS: Final = frozenset({"false", "f", "no", "n", "0"})
NUMBER: Final = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d{1,3})?", re.ASCII)
SERVER_LOG_TIME: Final = "%d/%b/%Y:%H:%M:%S %z"  # Apache and nginx
MAX_TIME_CHARACTERS: Final = 64
UTC_WORDS: Final = re.compile(
    r"\s*(?:([+-]\d{2}:?\d{2})\s+)?(?:UTC|GMT|Z)$"
)  # "... UTC" (BigQuery), "... +0000 UTC" (Go)

Check: TypeAlias = Callable[[Any], Any]


class BadValueError(ValueError):
    """A value cannot be used; the reason is a code."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(reason)


def zone_named(name: str | None) -> ZoneInfo | None:
    """Return the zone for times without an offset.

    Raises:
        UsageError: there is no such zone.
    """
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise _no_zone(name) from error
    except KeyError as error:
        raise _no_zone(name) from error


def _no_zone(name: str) -> UsageError:
    return UsageError("--time-zone", "no such zone", got=repr(name[:64]), expected="an IANA name, as Europe/Berlin")


def to_microseconds(value: Any, zone: ZoneInfo | None = None) -> int:
    """Return a time as microseconds since 1970 in UTC, plausible or not.

    Args:
        value: an ISO 8601 string, a datetime, or a number or numeric string read by magnitude.
        zone: the zone of times without an offset.

    Raises:
        BadValueError: ``bad-time`` or ``no-time-zone``.
    """
    if isinstance(value, str):
        text = value.strip()
        if NUMBER.fullmatch(text):
            return _from_number(float(text) if "." in text or "e" in text.lower() else int(text[:40]))
        return _from_datetime(_parse_iso(text), zone)
    if isinstance(value, datetime):
        return _from_datetime(value, zone)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(value)
    raise BadValueError("bad-time", f"a {type(value).__name__} is no time")


def _parse_iso(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(UTC_WORDS.sub(lambda match: match[1] or "+00:00", text))
    except ValueError:
        return _parse_header_time(text)


def _parse_header_time(text: str) -> datetime:
    """Return a time as mail and HTTP headers write it, or as web servers' logs do."""
    if len(text) <= MAX_TIME_CHARACTERS and text.isascii():
        try:
            return datetime.strptime(text, SERVER_LOG_TIME)  # noqa: DTZ007 - the pattern has an offset
        except ValueError:
            pass
        try:
            return parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            pass
    raise BadValueError("bad-time", f"{len(text)} characters that are no time, as ISO 8601 writes it")


def _from_datetime(value: datetime, zone: ZoneInfo | None) -> int:
    if value.utcoffset() is None:
        if zone is None:
            raise BadValueError("no-time-zone", "the time has no offset; name its zone with --time-zone")
        value = value.replace(tzinfo=zone)
    return (value - EPOCH) // MICROSECOND


def _from_number(value: float) -> int:
    if isinstance(value, float) and not math.isfinite(value):
        raise BadValueError("bad-time", "the time is not a finite number")
    size = abs(value)
    if size < 1e11:
        return round(value * MICROSECONDS_A_SECOND)
    if size < 1e14:
        return round(value * 1000)
    return int(value) if size < 1e17 else int(value) // 1000


def earliest_us(column: str) -> int:
    """Return the earliest plausible time of a column: 2015 for requests, 1990 for other events."""
    return EARLIEST_US if column == "requested_at" else EARLIEST_EVENT_US


def to_time(value: Any, zone: ZoneInfo | None = None, earliest: int = EARLIEST_US) -> int:
    """Return a plausible time as microseconds since 1970 in UTC.

    Raises:
        BadValueError: ``bad-time``, ``no-time-zone``, or ``implausible-time`` before ``earliest`` or from 2100 on.
    """
    microseconds = to_microseconds(value, zone)
    if not earliest <= microseconds < LATEST_US:
        raise BadValueError("implausible-time", "the time is outside what can be")
    return microseconds


def to_text(value: Any) -> str:
    """Return text; numbers are written out."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadValueError("not-text")
    if isinstance(value, int):
        return str(value) if abs(value) < 1 << 64 else _refuse("not-text")
    if value.is_integer() and abs(value) < 1 << 53:  # beyond it two ids could become one
        return str(int(value))
    raise BadValueError("not-text")


def _refuse(reason: str) -> str:
    raise BadValueError(reason)


def clean_text(text: str) -> str:
    """Return text without NULs and half surrogate pairs."""
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def to_float(value: Any) -> float:
    """Return a finite number, also from a numeric string."""
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadValueError("not-a-number")
    try:
        number = float(value)
    except OverflowError:
        raise BadValueError("out-of-range") from None
    if not math.isfinite(number):
        raise BadValueError("not-a-number")
    return number


def to_int(value: Any) -> int:
    """Return a whole number, also from a string or a float without a fraction."""
    if type(value) is int:
        return value
    number = to_float(value)
    if not number.is_integer():
        raise BadValueError("not-whole")
    return int(number)


def to_bool(value: Any) -> bool:
    """Return a truth value, also from 0, 1 and the usual words."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, str | int) else ""
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise BadValueError("not-a-boolean")


def to_strings(value: Any) -> list[str]:
    """Return a list of strings, also from a JSON array in a string; empty entries are left out."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise BadValueError("not-a-list") from None
    if not isinstance(value, list | tuple):
        raise BadValueError("not-a-list")
    return [clean_text(to_text(entry)) for entry in value if entry is not None and entry != ""]


def check_for(field: pa.Field, zone: ZoneInfo | None = None) -> Check:
    """Return the function that makes one column's values canonical, its bounds included."""
    if field.type == UTC_MICROSECONDS:
        earliest = earliest_us(field.name)
        return lambda value: to_time(value, zone, earliest)
    if pa.types.is_string(field.type):
        return to_text
    if pa.types.is_boolean(field.type):
        return to_bool
    if pa.types.is_list(field.type):
        return to_strings
    convert: Check = to_int if pa.types.is_integer(field.type) else to_float
    low, high = BOUNDS[field.name]

    def within(value: Any) -> Any:
        number = convert(value)
        if not low <= number <= high:
            raise BadValueError("out-of-range")
        return number

    return within


class RowCheck:
    """Checks rows against one table's schema and counts what it had to set to null.

    Args:
        schema: the canonical table.
        required: column to the reason for which a row without it is quarantined.
        zone: the zone of times without an offset.
    """

    def __init__(self, schema: pa.Schema, required: Mapping[str, str], zone: ZoneInfo | None = None) -> None:
        self._checks: dict[str, Check] = {field.name: check_for(field, zone) for field in schema}
        self._texts = frozenset(field.name for field in schema if pa.types.is_string(field.type))
        self._required = required
        self.warnings: Counter[str] = Counter()
        self.ignored: Counter[str] = Counter()

    def check(self, row: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
        """Return the row's values that are not null, and the bytes of its text.

        Raises:
            BadValueError: the row is useless; its reason is the quarantine's.
        """
        checked: dict[str, Any] = {}
        text_bytes = 0
        for name, value in row.items():
            if value is None or (value == "" and name not in CONTENT_COLUMNS):
                continue
            check = self._checks.get(name)
            if check is None:
                self.ignored[name if name in self.ignored or len(self.ignored) < MAX_IGNORED_NAMES else "others"] += 1
                continue
            try:
                good = check(value)
            except BadValueError as bad:
                self._refuse_or_warn(name, bad)
                continue
            if name in self._texts:
                if not good.isascii() or "\0" in good:
                    good = self._clean(name, good)
                    text_bytes += len(good.encode("utf-8"))
                else:
                    text_bytes += len(good)
            checked[name] = good
        self._require(checked)
        return checked, text_bytes

    def _require(self, checked: Mapping[str, Any]) -> None:
        for name, reason in self._required.items():
            if name not in checked:
                raise BadValueError(reason, f"{name} is missing or empty")
            value = checked[name]
            if isinstance(value, str) and (len(value) > MAX_ID_CHARACTERS or not value.strip()):
                raise BadValueError(reason, f"{name} is blank or over {MAX_ID_CHARACTERS} characters")

    def _refuse_or_warn(self, name: str, bad: BadValueError) -> None:
        if name not in self._required:
            self.warnings[f"{name}: {bad.reason}"] += 1
            return
        is_time = bad.reason.endswith(("time", "time-zone"))
        raise BadValueError(bad.reason if is_time else self._required[name], bad.detail or f"{name} is {bad.reason}")

    def _clean(self, name: str, value: str) -> str:
        try:
            value.encode("utf-8")
            if "\0" not in value:
                return value
        except UnicodeEncodeError:
            pass
        self.warnings[f"{name}: unclean-text"] += 1
        return clean_text(value)
