"""A field map: a TOML file that says where another log keeps what an exchange needs.

```toml
name = "our-gateway"                       # optional
time_zone = "Europe/Berlin"                # optional: for times without an offset
marks = ["request_id", "caller.tenant"]    # optional: what a record of this log has; a list within: one of it
calls = ["usage", "request.body"]          # optional: a record in which none of these has a value is no model call

[only]                                     # optional: records with another value here are no model calls
kind = ["chat", "completion"]

[bodies]                                   # optional: whole bodies as OpenAI, Anthropic or Gemini define them
request = "request.body"
response = "response.body"

[map]
exchange_id = "request_id"                 # a dotted path; ["a.key"] quotes, [0] is an index
account_id = "caller.tenant.id"
requested_at = { path = "at", format = "%d/%m/%Y %H:%M:%S" }
status = { path = "outcome", values = { ok = 200, throttled = 429 }, default = 500 }
prompt = { messages = "request.messages", system = "request.system" }
```

``prompt`` as ``messages`` also fills ``system_prompt``, ``turn`` and ``thinking_signatures`` where the map does not.
``bodies`` fill every column that a body tells; a value that the map itself finds wins. ``field_rule`` has the lines.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from stillwatch.errors import FieldMapError
from stillwatch.records.coercion import BadValueError
from stillwatch.records.field_path import Steps, exists, follow
from stillwatch.records.field_rule import (
    Line,
    Rule,
    as_text,
    first_found,
    read_lines,
    refuse_unknown,
    steps_of,
    zone_of,
)
from stillwatch.records.messages import SplitMessages
from stillwatch.records.outcome import Outcome, OutOfScope, Place, Quarantined, Record, Used
from stillwatch.records.readers.bodies import exchange_columns
from stillwatch.records.readers.json_values import decoded, http_status, mapping
from stillwatch.records.readers.request_body import is_request
from stillwatch.records.readers.response_body import answer_of
from stillwatch.records.schema import EXCHANGES, REQUIRED

TOP_KEYS: Final = frozenset(
    {"name", "title", "notes", "no_account", "time_zone", "marks", "calls", "only", "bodies", "map"}
)
BODIES: Final = frozenset({"request", "response"})
FROM_MESSAGES: Final = ("system_prompt", "turn", "thinking_signatures")
FROM_REQUEST: Final = (
    *("model", "conversation_id", "turn", "system_prompt", "prompt", "tool_names", "n_choices", "temperature"),
    *("max_tokens", "end_user_id", "thinking_signatures"),
)
FROM_RESPONSE: Final = (
    *("response", "refused", "status", "input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens"),
)
MAX_FILE_BYTES: Final = 1 << 20  # a map is a page of text
EMPTY: Final = (None, "", "-")  # what Envoy and nginx write for nothing
NOWHERE: Final = Place("", 0, 0)  # of a sampled record, which is only looked at


@dataclass(frozen=True, slots=True)
class MapReader:
    """A reader made from a field map.

    Args:
        name: the map's name.
        title: the log in words, else where the map stood.
        rules: canonical column to how its value is found.
        described: canonical column to the same in words.
        split: how the message list is found and split, if the map names one.
        marks: groups of paths: a record of this log has one of each; without groups, its required columns tell.
        calls: paths: a model call's record has a value at one of them; without paths, every record is one.
        only: paths, and the values there of records that are model calls.
        request: where the request's body stands, what counts first first.
        response: where the response's body stands, what counts first first.
        no_account: why the log names no account, and what to do; null where it names one.
        written: the map's document, where it stood, and the user's word for the account.
        notes: what a reader of the log should know, a sentence each.
    """

    name: str
    title: str
    rules: Mapping[str, Rule]
    described: Mapping[str, str]
    split: Callable[[Record], SplitMessages] | None = None
    marks: Sequence[Sequence[Steps]] = ()
    calls: Sequence[Steps] = ()
    only: Sequence[tuple[Steps, frozenset[str]]] = ()
    request: Sequence[Steps] = ()
    response: Sequence[Steps] = ()
    notes: Sequence[str] = ()
    no_account: str | None = None
    written: tuple[Mapping[str, Any], str, str | None] = ({}, "", None)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process as what was written, since rules are functions."""
        return _rebuilt, self.written

    @property
    def provides(self) -> frozenset[str]:
        """The columns that the map fills."""
        return frozenset(self.described)

    def recognises(self, sample: Sequence[Mapping[str, Any]]) -> float:
        """Return the share of records that have the marks; without marks, those with the required columns."""
        return sum(self._is_ours(one) for one in sample) / len(sample) if sample else 0.0

    def _is_ours(self, one: Mapping[str, Any]) -> bool:
        if self.marks:
            return all(any(exists(one, steps) for steps in group) for group in self.marks)
        return all(
            _found(rule, Record(NOWHERE, one)) for name, rule in self.rules.items() if name in REQUIRED["exchanges"]
        )

    def with_account(self, path: str) -> "MapReader":
        """Return the same reader with the account at another path, on its user's word.

        Raises:
            FieldMapError: the path is none.
        """
        lines = read_lines("account_id", path, "--account", None)
        return replace(
            self,
            rules={**self.rules, "account_id": first_found(lines)},
            described={**self.described, "account_id": f"{path}, as --account says"},
            no_account=None,
            written=(self.written[0], self.written[1], path),
        )

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
        reader = self.reader
        is_other = any(as_text(follow(record.value, steps)) not in values for steps, values in reader.only)
        if is_other or (reader.calls and all(follow(record.value, steps) in EMPTY for steps in reader.calls)):
            yield OutOfScope(record.place, "not-a-model-call")
            return
        if reader.no_account is not None:
            yield Quarantined(record.place, "no-account", reader.no_account)
            return
        try:
            named = {name: rule(record) for name, rule in reader.rules.items()}
        except BadValueError as bad:
            yield Quarantined(record.place, bad.reason, bad.detail)
            return
        row: dict[str, Any] = {}
        if reader.split is not None:
            split = reader.split(record)
            row = {
                "prompt": split.prompt,
                "system_prompt": split.system_prompt,
                "turn": split.turn if split.prompt is not None else None,
                "thinking_signatures": list(split.thinking_signatures),
            }
        if reader.request or reader.response:
            row.update(self._body_columns(record.value, named))
            named = {name: value for name, value in named.items() if name not in row or value not in (None, "")}
        yield Used(record.place, {**row, **named})

    def finish(self) -> Iterator[Outcome]:
        """Yield nothing: nothing is held back."""
        return iter(())

    def _body_columns(self, value: Mapping[str, Any], named: dict[str, Any]) -> dict[str, Any]:
        """Return what the bodies say; a status that they correct is taken out of what the map found."""
        reader = self.reader
        sent = (decoded(follow(value, steps)) for steps in reader.request)
        request = mapping(next((body for body in sent if is_request(body)), None))
        got = (follow(value, steps) for steps in reader.response)
        answer = answer_of(next((body for body in got if body not in (None, "")), None))
        columns = exchange_columns(request, answer, http_status(named.get("status")))
        if "status" in columns:
            named.pop("status", None)
        return columns


def _found(rule: Rule, one: Record) -> bool:
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
    refuse_unknown(document.keys() - TOP_KEYS, where, "key", TOP_KEYS)
    lines = _columns(document, where)
    lists = [one for column in lines.values() for one in column if one.source == "messages"]
    rules = {column: first_found(found) for column, found in lines.items() if found[0].source != "messages"}
    described = {column: ", else ".join(line.words() for line in found) for column, found in lines.items()}
    if lists:
        described = {**dict.fromkeys(FROM_MESSAGES, lists[0].words()), **described}
    bodies = _bodies(document.get("bodies", {}), f"{where}: [bodies]")
    return MapReader(
        name=_text(document, "name", where) or "map",
        title=_text(document, "title", where) or f"field map {where}",
        rules=rules,
        described=_with_bodies(described, document.get("bodies", {})),
        split=lists[0].split() if lists else None,
        marks=_groups(document.get("marks", []), f"{where}: marks"),
        calls=tuple(steps_of(path, f"{where}: calls") for path in _texts(document, "calls", where)),
        only=_only(document.get("only", {}), f"{where}: [only]"),
        request=bodies["request"],
        response=bodies["response"],
        notes=_texts(document, "notes", where),
        no_account=_text(document, "no_account", where),
        written=(document, where, None),
    )


def _rebuilt(document: Mapping[str, Any], where: str, account: str | None) -> MapReader:
    reader = build_reader(document, where)
    return reader if account is None else reader.with_account(account)


def _columns(document: Mapping[str, Any], where: str) -> dict[str, list[Line]]:
    table = document.get("map")
    if not isinstance(table, Mapping) or not table:
        raise FieldMapError(
            where, "no [map] table", expected="one line a column", fix="Add [map] and the columns under it."
        )
    refuse_unknown(table.keys() - set(EXCHANGES.names), f"{where}: [map]", "column", EXCHANGES.names)
    needless = {"account_id"} if "no_account" in document else set()
    missing = [name for name in REQUIRED["exchanges"] if name not in {*table, *needless}]
    if missing:
        raise FieldMapError(
            f"{where}: [map]",
            "required columns are missing",
            got=", ".join(missing),
            fix="Say where the log keeps them.",
        )
    zone = zone_of(document.get("time_zone"), where)
    lines = {column: read_lines(column, table[column], f"{where}: [map] {column}", zone) for column in table}
    for column, found in lines.items():
        if len(found) > 1 and any(line.source == "messages" for line in found):
            raise FieldMapError(f"{where}: [map] {column}", "messages have no alternatives", fix="Name one list.")
    return lines


def _bodies(table: object, where: str) -> dict[str, tuple[Steps, ...]]:
    if not isinstance(table, Mapping):
        raise FieldMapError(where, "no table", got=repr(table), expected="request and response, each a path")
    refuse_unknown(table.keys() - BODIES, where, "key", BODIES)
    return {
        key: tuple(steps_of(path, f"{where} {key}") for path in _alternatives(table.get(key, []))) for key in BODIES
    }


def _alternatives(written: object) -> Sequence[object]:
    return written if isinstance(written, list) else [written]


def _with_bodies(described: Mapping[str, str], bodies: Mapping[str, Any]) -> dict[str, str]:
    """Return in words where each column comes from: what the map itself finds first, then the bodies."""
    found = dict(described)
    for key, columns, what in (
        ("request", FROM_REQUEST, "the request at "),
        ("response", FROM_RESPONSE, "the answer at "),
    ):
        if key in bodies:
            words = what + " or ".join(str(path) for path in _alternatives(bodies[key]))
            found |= {name: f"{described[name]}, else {words}" if name in described else words for name in columns}
    return found


def _groups(written: object, where: str) -> tuple[tuple[Steps, ...], ...]:
    if not isinstance(written, list):
        raise FieldMapError(where, "no list of paths", got=repr(written), fix='Write it as ["a", ["b", "c"]].')
    return tuple(tuple(steps_of(path, where) for path in _alternatives(group)) for group in written)


def _only(table: object, where: str) -> tuple[tuple[Steps, frozenset[str]], ...]:
    if not isinstance(table, Mapping) or not all(isinstance(values, list) and values for values in table.values()):
        raise FieldMapError(where, "no table of lists", got=repr(table), expected='as kind = ["chat", "completion"]')
    return tuple(
        (steps_of(path, f"{where} {path}"), frozenset(as_text(value) for value in values))
        for path, values in table.items()
    )


def _text(document: Mapping[str, Any], key: str, where: str) -> str | None:
    value = document.get(key)
    if value is not None and (not isinstance(value, str) or not value):
        raise FieldMapError(where, f"{key} is no text", got=repr(value), fix=f"Write {key} as a short text in quotes.")
    return value


def _texts(document: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    values = document.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise FieldMapError(where, f"{key} is no list of texts", got=repr(values), fix='Write it as ["a", "b"].')
    return tuple(values)
