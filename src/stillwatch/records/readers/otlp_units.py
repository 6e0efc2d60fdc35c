"""An OTLP line to its units: each span or log record with its resource's attributes and where it stood."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as default
from typing import Any, Final

from stillwatch.records.outcome import Outcome, OutOfScope, Place, Quarantined, Record
from stillwatch.records.readers.json_values import text
from stillwatch.records.readers.otlp_attributes import attributes, field, integer, plain

NS_PER_US: Final = 1000
STATUS_ERROR: Final[frozenset[int | str]] = frozenset({2, "2", "STATUS_CODE_ERROR"})
SERVER: Final[frozenset[int | str]] = frozenset({2, "2", "SPAN_KIND_SERVER"})
CLIENT: Final[frozenset[int | str]] = frozenset({3, "3", "SPAN_KIND_CLIENT"})
SPANS: Final = ("resourceSpans", ("scopeSpans", "instrumentationLibrarySpans"), "spans")  # the older name before 1.0
LOGS: Final = ("resourceLogs", ("scopeLogs", "instrumentationLibraryLogs"), "logRecords")
OTHER_SIGNALS: Final = ("resourceMetrics", "resourceProfiles")


@dataclass(slots=True)
class Event:
    """Something named that happened in a span, or that a log record says."""

    name: str
    attributes: Mapping[str, Any]
    body: Any = None


@dataclass(slots=True)
class Unit:
    """One span or log record.

    Args:
        number: its position in the line, from 0.
        at_us: when it began, in microseconds since 1970; None where it does not say.
        event: what a log record says; None for a span.
    """

    place: Place
    number: int
    trace_id: str | None
    span_id: str | None
    parent_id: str | None
    name: str
    at_us: int | None
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]
    is_server: bool = False
    is_client: bool = False
    is_error: bool = False
    events: list[Event] = default(default_factory=list)
    event: Event | None = None


def units_of(record: Record) -> Iterator[Unit | Outcome]:
    """Yield each unit of a line, and an outcome for each thing that is none; a line never stays unanswered."""
    value = record.value
    n_found = 0
    for names, build in ((SPANS, _span), (LOGS, _log_record)):
        for entry, resource in _entries(value, names):
            if isinstance(entry, Mapping):
                yield build(entry, resource, record.place, n_found)
            else:
                yield Quarantined(record.place, "bad-otlp", "a span, a log record or what holds it is no object")
            n_found += 1
    if n_found:
        return
    if any(isinstance(field(value, names[0]), list) for names in (SPANS, LOGS)):
        yield OutOfScope(record.place, "empty-container")  # a connection test, as OpenRouter sends it
    elif any(field(value, name) is not None for name in OTHER_SIGNALS):
        yield OutOfScope(record.place, "not-a-model-call")
    else:
        yield Quarantined(record.place, "bad-otlp", "no list of resource spans or resource logs")


def _entries(
    value: Mapping[str, Any], names: tuple[str, tuple[str, ...], str]
) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    outer, scopes, inner = names
    for group in _list_or_bad(field(value, outer)):
        if not isinstance(group, Mapping):
            yield None, {}
            continue
        resource = group.get("resource")
        described = attributes(resource.get("attributes")) if isinstance(resource, Mapping) else {}
        for scope in (scope for name in scopes for scope in _list_or_bad(field(group, name))):
            held = field(scope, inner) if isinstance(scope, Mapping) else False
            for entry in _list_or_bad(held):
                yield entry, described


def _span(entry: Mapping[str, Any], resource: Mapping[str, Any], place: Place, number: int) -> Unit:
    status = entry.get("status")
    code = status.get("code") if isinstance(status, Mapping) else None
    kind = entry.get("kind")
    return Unit(
        place=place,
        number=number,
        trace_id=_id(field(entry, "traceId")),
        span_id=_id(field(entry, "spanId")),
        parent_id=_id(field(entry, "parentSpanId")),
        name=text(entry.get("name")) or "",
        at_us=_microseconds(field(entry, "startTimeUnixNano")),
        attributes=attributes(entry.get("attributes")),
        resource=resource,
        is_server=_is_one_of(kind, SERVER),
        is_client=_is_one_of(kind, CLIENT),
        is_error=_is_one_of(code, STATUS_ERROR),
        events=[
            Event(text(event.get("name")) or "", attributes(event.get("attributes")))
            for event in _list(entry.get("events"))
            if isinstance(event, Mapping)
        ],
    )


def _log_record(entry: Mapping[str, Any], resource: Mapping[str, Any], place: Place, number: int) -> Unit:
    described = attributes(entry.get("attributes"))
    name = text(field(entry, "eventName")) or text(described.get("event.name")) or ""
    at_us = _microseconds(field(entry, "timeUnixNano"))
    return Unit(
        place=place,
        number=number,
        trace_id=_id(field(entry, "traceId")),
        span_id=_id(field(entry, "spanId")),
        parent_id=None,
        name=name,
        at_us=at_us or _microseconds(field(entry, "observedTimeUnixNano")),
        attributes=described,
        resource=resource,
        event=Event(name, described, plain(entry.get("body"))),
    )


def _is_one_of(value: object, known: frozenset[int | str]) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool) and value in known


def _id(value: object) -> str | None:
    """Return a trace or span id, in one letter case; all zeros mean none."""
    found = value.strip().lower() if isinstance(value, str) else ""
    return found if found.strip("0") else None


def _microseconds(nanoseconds: object) -> int | None:
    found = integer(nanoseconds)
    return found // NS_PER_US if found and found > 0 else None


def _list_or_bad(value: object) -> list[Any]:
    """Return a list, empty for a missing one; what is no list counts as one entry that is no object."""
    return value if isinstance(value, list) else [] if value is None else [None]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
