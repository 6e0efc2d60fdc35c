"""One line of a field map: where a column's value stands in a record, and what is done with it.

A line is a path, a table, or a list of these of which the first that finds something counts::

    exchange_id = ["id", { place = true }]              # place: the file and the line
    account_id = ["team", { path = "key", prefix = "key:" }]
    requested_at = { path = "at", format = "%d/%m/%Y %H:%M:%S" }
    status = { path = "outcome", values = { ok = 200 }, default = 500 }
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

import orjson

from stillwatch.errors import FieldMapError, UsageError
from stillwatch.records.coercion import BadValueError, to_float, to_microseconds, to_text, zone_named
from stillwatch.records.field_path import Steps, follow, parse_path
from stillwatch.records.messages import SplitMessages, split_messages, text_of, tool_names
from stillwatch.records.outcome import Record
from stillwatch.records.readers.client_address import client_address, is_address_list
from stillwatch.records.readers.json_values import decoded
from stillwatch.records.schema import EXCHANGES, REQUIRED

Rule: TypeAlias = Callable[[Record], Any]

SOURCES: Final = ("path", "const", "messages", "tools", "text", "place")  # exactly one a table
OPTIONS: Final[Mapping[str, frozenset[str]]] = {
    "path": frozenset({"format", "scale", "values", "default", "time_zone", "prefix"}),
    "messages": frozenset({"system"}),
}
RULE_KEYS: Final = frozenset(SOURCES).union(*OPTIONS.values())
NUMBERS: Final = frozenset({"requested_at", "temperature", "max_tokens", "turn", "n_choices", "status"}) | {
    name for name in EXCHANGES.names if name.endswith("_tokens")
}
MAX_ALTERNATIVES: Final = 32


@dataclass(frozen=True, slots=True)
class Line:
    """One source of one column, checked.

    Args:
        column: the canonical column.
        source: which of SOURCES it is.
        steps: the path that the source names; empty for a constant or a place.
        shown: the path as it was written.
        options: the table as it was written.
        system: where a system prompt stands beside ``messages``.
        zone: the zone of times without an offset.
    """

    column: str
    source: str
    steps: Steps
    shown: str
    options: Mapping[str, Any] = field(default_factory=dict)
    system: Steps | None = None
    zone: ZoneInfo | None = None

    def words(self) -> str:
        """Return in words where the value comes from."""
        if self.source == "place":
            return "the file and the line"
        kinds = {
            "messages": "what is new in the messages at ",
            "tools": "the names of the tools at ",
            "text": "the text at ",
        }
        prefix = f"'{self.options['prefix']}' and " if "prefix" in self.options else ""
        ending = f"; {self.options['default']!r} where it is another or none" if "default" in self.options else ""
        return prefix + kinds.get(self.source, "") + self.shown + ending

    def split(self) -> Callable[[Record], SplitMessages]:
        """Return what splits the record's messages; only for ``messages``."""
        steps, system = self.steps, self.system

        def split_record(record: Record) -> SplitMessages:
            above = None if system is None else follow(record.value, system)
            return split_messages(decoded(follow(record.value, steps)), above)

        return split_record

    def rule(self) -> Rule:
        """Return what finds the value in a record; the rule raises BadValueError for a time that is none."""
        source, steps, options = self.source, self.steps, self.options
        if source == "place":
            return lambda record: f"{record.place.source}:{record.place.line}"
        if source == "const":
            constant = options["const"]
            return lambda _: constant
        if source == "tools":
            return lambda record: tool_names(decoded(follow(record.value, steps)))
        if source == "text":
            return lambda record: None if (found := follow(record.value, steps)) is None else text_of(decoded(found))
        return self._path_rule()

    def _path_rule(self) -> Rule:
        steps, options = self.steps, self.options
        values, default = options.get("values"), options.get("default")
        finish = _finisher(self.column, options, self.zone)

        def value_of(record: Record) -> Any:
            value = follow(record.value, steps)
            if values is not None and value is not None:
                value = values.get(as_text(value), default)
            elif value is None or value == "":
                value = default
            return value if finish is None or value is None or value == "" else finish(value)

        return value_of


def read_lines(column: str, written: object, where: str, zone: ZoneInfo | None) -> list[Line]:
    """Return the lines of one column, first that which counts first.

    Raises:
        FieldMapError: one of them is wrong; the message says where and what to do.
    """
    if not isinstance(written, list):
        return [_read_line(column, written, where, zone)]
    if not 0 < len(written) <= MAX_ALTERNATIVES:
        raise FieldMapError(where, "a wrong number of alternatives", got=str(len(written)), expected="1 to 32")
    return [_read_line(column, one, f"{where} [{index}]", zone) for index, one in enumerate(written)]


def first_found(lines: Sequence[Line]) -> Rule:
    """Return the rule of several lines: the first value that is there."""
    rules = [line.rule() for line in lines]
    if len(rules) == 1:
        return rules[0]

    def value_of(record: Record) -> Any:
        return next((value for rule in rules if (value := rule(record)) not in (None, "")), None)

    return value_of


def _read_line(column: str, written: object, where: str, zone: ZoneInfo | None) -> Line:
    options = {"path": written} if isinstance(written, str) else written
    if not isinstance(options, Mapping):
        raise FieldMapError(
            where,
            "neither a path nor a table",
            got=repr(written),
            fix='Write "a.b" or { path = "a.b" } or { const = 1 }.',
        )
    refuse_unknown(options.keys() - RULE_KEYS, where, "key", RULE_KEYS)
    named = [key for key in SOURCES if key in options]
    if len(named) != 1:
        raise FieldMapError(
            where, "not exactly one source", got=", ".join(named) or "none", expected="one of " + ", ".join(SOURCES)
        )
    source = named[0]
    _check_options(column, source, options, where)
    zone = zone_of(options.get("time_zone"), where) or zone
    if source == "const":
        return Line(column, source, (), f"always {options['const']!r}", options, None, zone)
    if source == "place":
        return Line(column, source, (), "", options, None, zone)
    system = steps_of(options["system"], where) if "system" in options else None
    return Line(column, source, steps_of(options[source], where), str(options[source]), options, system, zone)


def as_text(value: object) -> str:
    """Return a value as a map's tables name it: a text as it is, anything else as JSON writes it."""
    if isinstance(value, str):
        return value
    try:
        return orjson.dumps(value, default=str).decode()
    except TypeError:  # an integer beyond 64 bits, a key or a text that JSON cannot hold
        return ""


def _finisher(column: str, options: Mapping[str, Any], zone: ZoneInfo | None) -> Callable[[Any], Any] | None:
    """Return what is left to do with a found value: a time's format and zone, a number's scale, a prefix."""
    if (pattern := options.get("format")) is not None:
        return lambda value: to_microseconds(_parse_time(value, pattern), zone)
    if (scale := options.get("scale")) is not None:
        factor = scale * (1_000_000 if column == "requested_at" else 1)  # a scaled time is in seconds
        return lambda value: _scaled(value, factor)
    if (prefix := options.get("prefix")) is not None:
        return lambda value: _prefixed(value, prefix)
    if column == "requested_at" and zone is not None:
        return lambda value: to_microseconds(value, zone)
    if column == "ip":
        return lambda value: client_address(value) if is_address_list(value) else value
    return None


def _parse_time(value: Any, pattern: str) -> datetime:
    try:
        return datetime.strptime(str(value), pattern)  # noqa: DTZ007 - the zone follows
    except (ValueError, OverflowError):
        raise BadValueError("bad-time", "the time does not have the map's format") from None


def _scaled(value: Any, factor: float) -> float | str:
    try:
        return round(to_float(value) * factor, 9)
    except BadValueError:
        return "not a number"  # refused or counted where all values are checked


def _prefixed(value: Any, prefix: str) -> Any:
    try:
        return prefix + to_text(value)
    except BadValueError:
        return value  # refused or counted where all values are checked


def refuse_unknown(unknown: set[str], where: str, what: str, known: Sequence[str] | frozenset[str]) -> None:
    """Refuse names that a map cannot have.

    Raises:
        FieldMapError: there is one.
    """
    if unknown:
        raise FieldMapError(
            where,
            f"unknown {what}",
            got=", ".join(sorted(unknown)),
            expected="one of " + ", ".join(sorted(known)),
            fix="Check the spelling, or remove it.",
        )


def zone_of(name: object, where: str) -> ZoneInfo | None:
    """Return the zone that a map names.

    Raises:
        FieldMapError: there is none of that name.
    """
    if name is not None and not isinstance(name, str):
        raise FieldMapError(where, "time_zone is no text", got=repr(name), expected="an IANA name in quotes")
    try:
        return zone_named(name)
    except UsageError as error:
        raise FieldMapError(
            where, "no such time zone", got=error.got, expected="an IANA name, as Europe/Berlin"
        ) from error


def steps_of(path: object, where: str) -> Steps:
    """Return the steps of a path.

    Raises:
        FieldMapError: it is none.
    """
    if not isinstance(path, str):
        raise FieldMapError(where, "the path is no text", got=repr(path), fix="Put it in quotes.")
    try:
        return parse_path(path)
    except ValueError as error:
        raise FieldMapError(
            where, f"the path {error}", got=repr(path), expected='steps such as a.b[0]["c.d"]', fix="Mend the path."
        ) from error


def _check_options(column: str, source: str, options: Mapping[str, Any], where: str) -> None:
    """Refuse options that do not fit the column, the source or each other."""
    unfit = options.keys() - {source} - OPTIONS.get(source, frozenset())
    wrong_type = [
        name
        for name, kinds in (("format", str), ("values", Mapping), ("scale", (int, float)), ("prefix", str))
        if name in options and (not isinstance(options[name], kinds) or isinstance(options[name], bool))
    ]
    constant = options.get("const", options.get("default", ""))
    problem = None
    if unfit:
        problem = f"{', '.join(sorted(unfit))} does not go with {source}"
    elif wrong_type:
        problem = f"{', '.join(wrong_type)} has the wrong type"
    elif source == "messages" and column != "prompt":
        problem = "messages fill prompt, and with it system_prompt, turn and thinking_signatures"
    elif source == "tools" and column != "tool_names":
        problem = "tools fill tool_names"
    elif source == "place" and (column != "exchange_id" or options["place"] is not True):
        problem = "place = true names an exchange, and nothing else"
    else:
        problem = _check_values(column, source, options, constant)
    if problem:
        raise FieldMapError(where, problem, fix="See the field map's page for what each column can take.")


def _check_values(column: str, source: str, options: Mapping[str, Any], constant: object) -> str | None:
    if column != "requested_at" and ("format" in options or "time_zone" in options):
        return "only a time has a format or a time zone"
    if "scale" in options and column not in NUMBERS:
        return "only a number can be scaled"
    if "prefix" in options and (column == "requested_at" or column in NUMBERS):
        return "only a text takes a prefix"
    if isinstance(constant, Mapping) or (isinstance(constant, list) and column != "tool_names"):
        return "a constant is a text, a number or a truth value"
    if source == "const" and column in REQUIRED["exchanges"]:
        return "every exchange would have the same one"
    return None
