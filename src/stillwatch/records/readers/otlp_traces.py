"""The spans and log records of one trace to exchanges: what surrounds a call is joined, what repeats it is not counted.

A call is often seen more than once: by the proxy and by an SDK inside it, by a span and by an event of the span. One
of them becomes the exchange, the outermost, and what only the others know is filled in.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from stillwatch.records.outcome import Outcome, OutOfScope, Quarantined
from stillwatch.records.readers.call_attempts import CallAttempts
from stillwatch.records.readers.json_values import identifier
from stillwatch.records.readers.otlp_dialects import REQUEST_MODEL_NAMES, call_columns, response_id
from stillwatch.records.readers.otlp_identity import Surroundings, is_openrouter, joined, surroundings_of
from stillwatch.records.readers.otlp_units import Unit
from stillwatch.records.readers.response_body import ERROR_STATUS

MAX_HOPS: Final = 256  # spans around a call that are looked at; agents nest some tens deep
CALL_ID: Final = "litellm.call_id"
NO_ACCOUNT: Final = (
    "no attribute that operators set names an account; where nobody but your own application can set it, name one with "
    "--account, as --account user.id"
)


@dataclass(slots=True)
class Trace:
    """What is held of one trace until it is settled."""

    account_name: str | None = None  # the attribute that names the account, on the user's word
    around: dict[str, Surroundings] = field(default_factory=dict)  # by span id
    calls: list[Unit] = field(default_factory=list)
    details: list[Unit] = field(default_factory=list)  # log records that describe a whole call
    messages: list[Unit] = field(default_factory=list)  # log records that hold one message each


@dataclass(slots=True)
class _Call:
    """One call while its trace is settled; ``repeats`` is the call that it repeats."""

    unit: Unit
    row: dict[str, Any]
    depth: int
    repeats: "_Call | None" = None


def settle(trace: Trace, attempts: CallAttempts) -> Iterator[Outcome]:
    """Yield the outcome of every unit that a trace holds."""
    calls = list(trace.calls)
    by_span: dict[str, Unit] = {}
    for unit in calls:
        if unit.span_id:
            by_span.setdefault(unit.span_id, unit)
    yield from _join_details(trace, by_span, calls)
    yield from _join_messages(trace, by_span)
    found = [_Call(unit, _row(unit, trace), len(_ids_around(unit, trace))) for unit in calls]
    found.sort(key=lambda call: (call.depth, call.unit.at_us or 0, call.unit.span_id or "", call.unit.number))
    _mark_repeats(found, trace)
    for call in found:
        if call.repeats is None:
            yield _outcome(call, attempts)
        else:
            yield OutOfScope(call.unit.place, "wrapped-call")


def _join_details(trace: Trace, by_span: dict[str, Unit], calls: list[Unit]) -> Iterator[Outcome]:
    """Give a span what its event tells; an event whose span never came is a call of its own."""
    for unit in trace.details:
        span = by_span.get(unit.span_id or "")
        if span is None:
            calls.append(unit)
            if unit.span_id:
                by_span[unit.span_id] = unit
        else:
            span.attributes = {**unit.attributes, **span.attributes}
            yield OutOfScope(unit.place, "joined-event")


def _join_messages(trace: Trace, by_span: dict[str, Unit]) -> Iterator[Outcome]:
    """Give a span the messages logged beside it, in the order of their times."""
    for unit in sorted(trace.messages, key=lambda unit: (unit.at_us or 0, unit.place.line, unit.number)):
        span = by_span.get(unit.span_id or "")
        if span is not None and unit.event is not None:
            span.events.append(unit.event)
        if span is not None or unit.span_id in trace.around:
            yield OutOfScope(unit.place, "joined-event")
        else:
            yield Quarantined(unit.place, "no-span", "a logged message whose span is not among the records")


def _ids_around(unit: Unit, trace: Trace) -> list[str]:
    """Return the ids of the spans around a call, the nearest first."""
    own = trace.around.get(unit.span_id or "")
    next_id = own.parent_id if own is not None and unit.event is not None else unit.parent_id
    ids: list[str] = []
    while next_id and next_id in trace.around and len(ids) < MAX_HOPS and next_id not in ids:
        ids.append(next_id)
        next_id = trace.around[next_id].parent_id
    return ids


def _row(unit: Unit, trace: Trace) -> dict[str, Any]:
    is_error = unit.is_error or "error.type" in unit.attributes
    around = [trace.around[span_id] for span_id in _ids_around(unit, trace)]
    row = {**call_columns(unit.attributes, unit.events, is_error=is_error)}
    own = surroundings_of(unit, trace.account_name)
    if unit.event is not None and (span := trace.around.get(unit.span_id or "")) is not None:
        around.insert(0, span)
    row |= joined(own, around)
    if "status" not in row or not (is_error or row["status"] >= 400):
        outer = next((one.status for one in around if one.status is not None), None)
        if outer is not None and (not is_error or outer >= 400):  # a 200 around a failure is another attempt's
            row["status"] = outer
    if is_error and row.get("status", 0) < 400:
        row["status"] = ERROR_STATUS
    if row.get("status", 0) >= 400:
        row.pop("response", None)
    if is_openrouter(unit):
        row["platform"] = "aggregator:openrouter"
    return row


def _mark_repeats(calls: list[_Call], trace: Trace) -> None:
    """Find the calls that repeat another one, outermost first, and fill in what only the repeat knows."""
    by_span: dict[str, _Call] = {}
    by_response: dict[str, _Call] = {}
    for call in calls:
        answer = response_id(call.unit.attributes)
        outer = by_span.get(call.unit.span_id or "") or (by_response.get(answer) if answer else None)
        if outer is None:
            around = (by_span[one] for one in _ids_around(call.unit, trace) if one in by_span)
            outer = next((one for one in around if _is_same_call(one.unit, call.unit)), None)
        if outer is not None:
            call.repeats = outer.repeats or outer
            held = call.repeats.row
            is_failure = held.get("status", 0) >= 400
            for name, value in call.row.items():
                if name not in held and not (is_failure and name == "response"):
                    held[name] = value
        if call.unit.span_id:
            by_span.setdefault(call.unit.span_id, call)
        if answer:
            by_response.setdefault(answer, call)


def _is_same_call(outer: Unit, inner: Unit) -> bool:
    """Say whether a call inside another one is the same one: a model cannot call itself, but a gateway can ask another.

    The answers' ids decide; where one is missing (a failed attempt, a stream), the models' names do.
    """
    outer_id, inner_id = response_id(outer.attributes), response_id(inner.attributes)
    if outer_id and inner_id:
        return outer_id == inner_id
    asked = [identifier(*(unit.attributes.get(n) for n in REQUEST_MODEL_NAMES)) for unit in (outer, inner)]
    return asked[0] == asked[1]


def _outcome(call: _Call, attempts: CallAttempts) -> Outcome:
    unit, row = call.unit, call.row
    if "account_id" not in row:
        return Quarantined(unit.place, "no-account", NO_ACCOUNT)
    if unit.at_us is None:
        return Quarantined(unit.place, "no-time", "neither a start nor a time of the event")
    row = {**row, "exchange_id": _exchange_id(unit), "requested_at": unit.at_us}
    is_answer = row.get("status", 0) < 400
    return attempts.outcome(unit.place, row, is_answer=is_answer, response_id=response_id(unit.attributes))


def _exchange_id(unit: Unit) -> str:
    call_id = identifier(unit.attributes.get(CALL_ID))
    if call_id is not None:
        return f"litellm:{call_id}"  # as the LiteLLM reader writes it
    if unit.trace_id and unit.span_id:
        return f"otlp:{unit.trace_id}:{unit.span_id}"
    return f"otlp:{unit.place.source}:{unit.place.line}:{unit.number}"


def without_trace(unit: Unit, account_name: str | None = None) -> Trace:
    """Return a trace of one call that names none."""
    return Trace(account_name, calls=[replace(unit)])
