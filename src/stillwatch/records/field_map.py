"""A field map: a TOML file that says where another log keeps what an exchange needs.

```toml
name = "our-gateway"                       # optional
time_zone = "Europe/Berlin"                # optional: for times without an offset

[map]
exchange_id = "request_id"                 # a dotted path; ["a.key"] quotes, [0] is an index
account_id = "caller.tenant.id"
requested_at = { path = "at", format = "%d/%m/%Y %H:%M:%S" }
platform = { const = "api" }
status = { path = "outcome", values = { ok = 200, throttled = 429 }, default = 500 }
max_tokens = { path = "limit_k", scale = 1000 }
prompt = { messages = "request.messages", system = "request.system" }
tool_names = { tools = "request.tools" }
response = { text = "response.content" }
```

``prompt`` as ``messages`` also fills ``system_prompt``, ``turn`` and ``thinking_signatures`` where the map does not.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

import orjson

from stillwatch.errors import FieldMapError, UsageError
from stillwatch.records.coercion import BadValueError, to_float, to_microseconds, zone_named
from stillwatch.records.field_path import Steps, follow, parse_path
from stillwatch.records.messages import SplitMessages, split_messages, text_of, tool_names
from stillwatch.records.outcome import Outcome, Quarantined, Record, Used
from stillwatch.records.schema import EXCHANGES, REQUIRED

Rule: TypeAlias = Callable[[Mapping[str, Any]], Any]

TOP_KEYS: Final = frozenset({"name", "time_zone", "map"})
SOURCES: Final = ("path", "const", "messages", "tools", "text")  # exactly one a rule
RULE_KEYS: Final = frozenset({*SOURCES, "system", "format", "scale", "values", "default", "time_zone"})
FROM_MESSAGES: Final = ("system_prompt", "turn", "thinking_signatures")
NUMBERS: Final = frozenset({"requested_at", "temperature", "max_tokens", "turn", "n_choices", "status"}) | {
    name for name in EXCHANGES.names if name.endswith("_tokens")
}
MAX_FILE_BYTES: Final = 1 << 20  # a map is a page of text


@dataclass(frozen=True, slots=True)
class MapReader:
    """A reader made from a field map.

    Args:
        name: the map's name.
        title: where it stood.
        rules: canonical column to how its value is found.
        described: canonical column to the same in words.
        split: how the message list is found and split, if the map names one.
    """

    name: str
    title: str
    rules: Mapping[str, Rule]
    described: Mapping[str, str]
    split: Callable[[Mapping[str, Any]], SplitMessages] | None = None

    @property
    def provides(self) -> frozenset[str]:
        """The columns that the map fills."""
        return frozenset(self.described)

    def recognises(self, sample: Sequence[Mapping[str, Any]]) -> float:
        """Return the share of records in which the required columns are found."""
        hits = sum(all(_found(self.rules[name], one) for name in REQUIRED["exchanges"]) for one in sample)
        return hits / len(sample) if sample else 0.0

    def mapping(self) -> Mapping[str, str]:
        """Return where each column comes from."""
        return self.described

    def session(self) -> "MapSession":
        """Return a new pass."""
        return MapSession(self)


@dataclass(slots=True)
class MapSession:
    """A pass over mapped records; each stands alone."""

    reader: MapReader

    def feed(self, record: Record) -> Iterator[Outcome]:
        """Yield the record's exchange."""
        row: dict[str, Any] = {}
        if self.reader.split is not None:
            split = self.reader.split(record.value)
            row = {
                "prompt": split.prompt,
                "system_prompt": split.system_prompt,
                "turn": split.turn if split.prompt is not None else None,
                "thinking_signatures": list(split.thinking_signatures),
            }
        try:
            for name, rule in self.reader.rules.items():
                row[name] = rule(record.value)
        except BadValueError as bad:
            yield Quarantined(record.place, bad.reason, bad.detail)
            return
        yield Used(record.place, row)

    def finish(self) -> Iterator[Outcome]:
        """Yield nothing: nothing is held back."""
        return iter(())


def _found(rule: Rule, one: Mapping[str, Any]) -> bool:
    try:
        return rule(one) not in (None, "")
    except BadValueError:
        return False


def read_field_map(path: Path) -> MapReader:
    """Return the reader that a field map describes.

    Raises:
        FieldMapError: the file is no map, or it is wrong; the message says where and what to do.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE_BYTES + 1)
        if len(text) > MAX_FILE_BYTES:
            raise FieldMapError(path.name, "the file is too large", expected=f"at most {MAX_FILE_BYTES} bytes")
        document = tomllib.loads(text.decode("utf-8"))
    except OSError as error:
        raise FieldMapError(path.name, "the file cannot be read", fix="Check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FieldMapError(path.name, "not TOML", got=str(error), fix="Mend the line that is named.") from error
    return build_reader(document, path.name)


def build_reader(document: Mapping[str, Any], where: str) -> MapReader:
    """Return the reader that a decoded field map describes.

    Raises:
        FieldMapError: see ``read_field_map``.
    """
    _refuse_unknown(document.keys() - TOP_KEYS, where, "key", TOP_KEYS)
    table = document.get("map")
    if not isinstance(table, Mapping) or not table:
        raise FieldMapError(
            where, "no [map] table", expected="one line a column", fix="Add [map] and the columns under it."
        )
    _refuse_unknown(table.keys() - set(EXCHANGES.names), f"{where}: [map]", "column", EXCHANGES.names)
    missing = [name for name in REQUIRED["exchanges"] if name not in table]
    if missing:
        raise FieldMapError(
            f"{where}: [map]",
            "required columns are missing",
            got=", ".join(missing),
            fix="Say where the log keeps them.",
        )
    name = document.get("name", "map")
    if not isinstance(name, str) or not name:
        raise FieldMapError(where, "name is no text", got=repr(name), fix="Give the format a short name in quotes.")
    zone = _zone(document.get("time_zone"), where)
    specs = {column: _Spec.read(column, table[column], f"{where}: [map] {column}", zone) for column in table}
    lists = [spec for spec in specs.values() if spec.source == "messages"]
    rules = {column: spec.rule() for column, spec in specs.items() if spec.source != "messages"}
    described = {column: spec.words() for column, spec in specs.items()}
    if lists:
        described = {**dict.fromkeys(FROM_MESSAGES, lists[0].words()), **described}
    return MapReader(name, f"field map {where}", rules, described, lists[0].split() if lists else None)


def _refuse_unknown(unknown: set[str], where: str, what: str, known: Sequence[str] | frozenset[str]) -> None:
    if unknown:
        raise FieldMapError(
            where,
            f"unknown {what}",
            got=", ".join(sorted(unknown)),
            expected="one of " + ", ".join(sorted(known)),
            fix="Check the spelling, or remove it.",
        )


def _zone(name: object, where: str) -> ZoneInfo | None:
    if name is not None and not isinstance(name, str):
        raise FieldMapError(where, "time_zone is no text", got=repr(name), expected="an IANA name in quotes")
    try:
        return zone_named(name)
    except UsageError as error:
        raise FieldMapError(
            where, "no such time zone", got=error.got, expected="an IANA name, as Europe/Berlin"
        ) from error


@dataclass(frozen=True, slots=True)
class _Spec:
    """One line of a map, checked."""

    column: str
    source: str
    steps: Steps
    shown: str
    options: Mapping[str, Any] = field(default_factory=dict)
    system: Steps | None = None
    zone: ZoneInfo | None = None

    @classmethod
    def read(cls, column: str, line: object, where: str, zone: ZoneInfo | None) -> "_Spec":
        options = {"path": line} if isinstance(line, str) else line
        if not isinstance(options, Mapping):
            raise FieldMapError(
                where,
                "neither a path nor a table",
                got=repr(line),
                fix='Write "a.b" or { path = "a.b" } or { const = 1 }.',
            )
        _refuse_unknown(options.keys() - RULE_KEYS, where, "key", RULE_KEYS)
        named = [key for key in SOURCES if key in options]
        if len(named) != 1:
            raise FieldMapError(
                where, "not exactly one source", got=", ".join(named) or "none", expected="one of " + ", ".join(SOURCES)
            )
        source = named[0]
        _check_options(column, source, options, where)
        zone = _zone(options.get("time_zone"), where) or zone
        if source == "const":
            return cls(column, source, (), f"always {options['const']!r}", options, None, zone)
        system = _steps(options["system"], where) if "system" in options else None
        return cls(column, source, _steps(options[source], where), str(options[source]), options, system, zone)

    def words(self) -> str:
        kinds = {
            "messages": "what is new in the messages at ",
            "tools": "the names of the tools at ",
            "text": "the text at ",
        }
        return kinds.get(self.source, "") + self.shown

    def split(self) -> Callable[[Mapping[str, Any]], SplitMessages]:
        steps, system = self.steps, self.system

        def split_record(record: Mapping[str, Any]) -> SplitMessages:
            above = None if system is None else follow(record, system)
            return split_messages(_decoded(follow(record, steps)), above)

        return split_record

    def rule(self) -> Rule:
        source, steps, options = self.source, self.steps, self.options
        if source == "const":
            constant = options["const"]
            return lambda _: constant
        if source == "tools":
            return lambda record: tool_names(_decoded(follow(record, steps)))
        if source == "text":
            return lambda record: None if (found := follow(record, steps)) is None else text_of(_decoded(found))
        values, default = options.get("values"), options.get("default")
        finish = _finisher(self.column, options, self.zone)

        def value_of(record: Mapping[str, Any]) -> Any:
            value = follow(record, steps)
            if values is not None and value is not None:
                value = values.get(value if isinstance(value, str) else orjson.dumps(value).decode(), default)
            elif value is None or value == "":
                value = default
            return value if finish is None or value is None else finish(value)

        return value_of


def _finisher(column: str, options: Mapping[str, Any], zone: ZoneInfo | None) -> Callable[[Any], Any] | None:
    """Return what is left to do with a found value: a time's format and zone, a number's scale."""
    if (pattern := options.get("format")) is not None:
        return lambda value: to_microseconds(_parse_time(value, pattern), zone)
    if (scale := options.get("scale")) is not None:
        factor = scale * (1_000_000 if column == "requested_at" else 1)  # a scaled time is in seconds
        return lambda value: _scaled(value, factor)
    if column == "requested_at" and zone is not None:
        return lambda value: to_microseconds(value, zone)
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


def _decoded(value: Any) -> Any:
    """Return a list that was kept as JSON text, as CSV must."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            decoded = orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
        return decoded if isinstance(decoded, list | dict) else value
    return value


def _steps(path: object, where: str) -> Steps:
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
    allowed = {"path": {"format", "scale", "values", "default", "time_zone"}, "messages": {"system"}}.get(source, set())
    unfit = options.keys() - {source} - allowed
    wrong_type = [
        name
        for name, kinds in (("format", str), ("values", Mapping), ("scale", (int, float)))
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
    elif column != "requested_at" and ("format" in options or "time_zone" in options):
        problem = "only a time has a format or a time zone"
    elif "scale" in options and column not in NUMBERS:
        problem = "only a number can be scaled"
    elif isinstance(constant, Mapping) or (isinstance(constant, list) and column != "tool_names"):
        problem = "a constant is a text, a number or a truth value"
    elif source == "const" and column in REQUIRED["exchanges"]:
        problem = "every exchange would have the same one"
    if problem:
        raise FieldMapError(where, problem, fix="See the field map's page for what each column can take.")
