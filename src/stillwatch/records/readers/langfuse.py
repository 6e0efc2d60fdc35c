"""Langfuse: rows of its blob-storage export (legacy and enriched) and of its API.

What this reader decides:

- An observation of type ``GENERATION`` is an exchange; other observations, traces and scores are not.
- Langfuse knows no account. LiteLLM's verified user or key is taken where its callback wrote one into the metadata,
  else the project. ``user_id`` is whatever the application says its user is: disclosed, never an identity.
- Legacy observations lack their user and session: those come from the trace's row, in whatever file it stands.
- ``usage_details`` splits the input into plain and cached parts: all parts whose name has ``input`` add up, as in
  Langfuse's own sums, unless its total shows that the plain count includes them.
- Where ``input`` and ``output`` were left out of the export, the content is null.

Source: Langfuse documentation, blob storage export field reference.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from stillwatch.records.field_path import Steps, follow, parse_path, told_path
from stillwatch.records.messages import text_of, tool_names
from stillwatch.records.outcome import Outcome, OutOfScope, Quarantined, Record, Used
from stillwatch.records.reader import Reader, Session
from stillwatch.records.readers.json_values import count, decoded, first_count, identifier, items, mapping, microseconds
from stillwatch.records.readers.request_body import content_columns, is_request, parameter_columns
from stillwatch.records.readers.response_body import ERROR_STATUS, ResponseBody, answer_of

OTHER_TYPES: Final = frozenset(
    {"SPAN", "EVENT", "AGENT", "TOOL", "CHAIN", "RETRIEVER", "EVALUATOR", "EMBEDDING", "GUARDRAIL"}
)
TRACE_MARKS: Final = frozenset({"bookmarked", "public", "release"})
MAX_TRACES: Final = 500_000  # users and sessions by trace, some 150 bytes each
MAX_HELD_BYTES: Final = 256 * 2**20  # observations that wait for their trace's row


def told(row: Mapping[str, Any], name: str) -> Any:
    """Return a column by its snake_case name (exports) or its camelCase name (API)."""
    found = row.get(name)
    if found is not None:
        return found
    first, *rest = name.split("_")
    return row.get(first + "".join(word.capitalize() for word in rest))


class LangfuseSession:
    """One pass over Langfuse rows."""

    def __init__(self, max_held_bytes: int = MAX_HELD_BYTES, account: Steps | None = None) -> None:
        self._max_held_bytes = max_held_bytes
        self._account = account
        self._traces: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._waiting: OrderedDict[str, list[tuple[Record, dict[str, Any]]]] = OrderedDict()
        self._n_held_bytes = 0

    def feed(self, record: Record) -> Iterator[Outcome]:
        """Yield what is known after one more row."""
        row = record.value
        kind = _kind(row)
        if kind == "TRACE":
            yield from self._take_trace(record)
        elif kind != "GENERATION":
            yield OutOfScope(record.place, "not-a-model-call" if kind != "EMBEDDING" else "not-generation")
        else:
            yield from self._take(record)

    def finish(self) -> Iterator[Outcome]:
        """Yield the observations whose trace never came."""
        while self._waiting:
            yield from self._release(next(iter(self._waiting)))

    def _take(self, record: Record) -> Iterator[Outcome]:
        found = _exchange(record, self._account)
        if not isinstance(found, dict):
            yield found
            return
        trace_id = identifier(told(record.value, "trace_id"))
        is_enriched = any(name in record.value for name in ("user_id", "userId", "session_id", "sessionId"))
        if is_enriched or trace_id is None:
            yield self._owned(record, found)
        elif trace_id in self._traces:
            yield self._owned(record, {**self._traces[trace_id], **found})
        else:
            self._waiting.setdefault(trace_id, []).append((record, found))
            self._n_held_bytes += record.place.n_bytes
            while self._n_held_bytes > self._max_held_bytes and self._waiting:
                yield from self._release(next(iter(self._waiting)))

    def _take_trace(self, record: Record) -> Iterator[Outcome]:
        row = record.value
        trace_id = identifier(row.get("id"))
        if trace_id is not None:
            self._traces[trace_id] = _disclosed(row)
            if len(self._traces) > MAX_TRACES:
                self._traces.popitem(last=False)
            yield from self._release(trace_id)
        nested = [one for one in items(row.get("observations")) if isinstance(one, Mapping)]  # the API's whole trace
        if not nested:
            yield OutOfScope(record.place, "joined-row")
        for one in nested:
            inherited = {key: row[key] for key in ("project_id", "projectId") if row.get(key) is not None}
            yield from self.feed(Record(record.place, {**inherited, **one, "traceId": trace_id, "observations": None}))

    def _release(self, trace_id: str) -> Iterator[Outcome]:
        for record, row in self._waiting.pop(trace_id, ()):
            self._n_held_bytes -= record.place.n_bytes
            yield self._owned(record, {**self._traces.get(trace_id, {}), **row})

    def _owned(self, record: Record, row: dict[str, Any]) -> Outcome:
        """Return an exchange; where the account is the user that the trace may name, it is known only now."""
        if self._account is not None and self._account[-1] in ("user_id", "userId"):
            row["account_id"] = row["account_id"] or row.get("end_user_id")
        if not row["account_id"]:
            return Quarantined(record.place, "no-account", "the field that --account names is empty")
        return Used(record.place, row)


def _kind(row: Mapping[str, Any]) -> str | None:
    """Return an observation's type, ``TRACE`` for a trace, ``SCORE`` for a score, or None."""
    kind = row.get("type")
    if isinstance(kind, str):
        return kind.upper()
    if _is_score(row):
        return "SCORE"
    return "TRACE" if "id" in row and told(row, "start_time") is None and "timestamp" in row else None


def _is_score(row: Mapping[str, Any]) -> bool:
    return told(row, "data_type") is not None and "value" in row


def _exchange(record: Record, account_at: Steps | None) -> dict[str, Any] | Quarantined:
    row, place = record.value, record.place
    metadata = _metadata(row)
    key = identifier(metadata.get("user_api_key_hash"))
    account = identifier(metadata.get("user_api_key_user_id"), key and f"key:{key}", told(row, "project_id"))
    if account_at is not None:
        held = {**row, "metadata": metadata, **{name: told(row, name) for name in ("user_id", "session_id")}}
        account = identifier(follow(held, account_at))
    elif account is None:
        return Quarantined(place, "no-account", "neither a project_id nor LiteLLM's user or key in metadata")
    requested_at = _time(told(row, "start_time"))
    if requested_at is None:
        return Quarantined(place, "no-time", "start_time is no time")
    own_id = identifier(row.get("id"), told(row, "span_id"))
    if own_id is None:
        return Quarantined(place, "no-id", "neither id nor span_id")
    trace_id = identifier(told(row, "trace_id")) or ""
    found = {
        **_columns(row),
        **_disclosed(row),
        "exchange_id": f"langfuse:{trace_id}:{own_id}",
        "account_id": account,
        "requested_at": requested_at,
    }
    return {**found, "api_key_id": key} if key else found


def _columns(row: Mapping[str, Any]) -> dict[str, Any]:
    parameters = mapping(decoded(told(row, "model_parameters")))
    sent = decoded(row.get("input"))
    failed = row.get("level") == "ERROR"
    answer = ResponseBody() if failed else _answer(row.get("output"))
    columns: dict[str, Any] = {
        "platform": "api",
        **_sent_columns(sent),
        **parameter_columns(parameters, is_complete=False),
        **answer.columns(),
        **_tokens(row),
    }
    model = identifier(told(row, "provided_model_name"), row.get("model"))
    if model is not None:
        columns["model"] = model
    tools = _pairs(told(row, "tool_definitions"))
    if tools:
        columns["tool_names"] = [name for name in tools if isinstance(name, str)]
    elif (offered := decoded(mapping(sent).get("tools"))) is not None and (names := tool_names(offered)) is not None:
        columns["tool_names"] = names
    if "n_choices" not in columns and answer.n_choices:
        columns["n_choices"] = answer.n_choices
    if answer.signatures:
        columns["thinking_signatures"] = [*columns.get("thinking_signatures", ()), *answer.signatures]
    if failed:
        columns["status"] = ERROR_STATUS
    return columns


def _sent_columns(sent: object) -> dict[str, Any]:
    if isinstance(sent, Mapping):
        return content_columns(sent if is_request(sent) else {"messages": [sent]})
    return content_columns({"messages": sent}) if isinstance(sent, str | list) and sent else {}


def _answer(output: object) -> ResponseBody:
    """Return what an output says: a provider's response, one message, a list of messages, or plain text."""
    found = decoded(output)
    if found is None or found == "":
        return ResponseBody()
    answer = answer_of(found)
    if answer.text is not None:
        return answer
    if isinstance(found, Mapping) and not ({"role", "content", "text", "completion"} & found.keys()):
        return answer if answer.error_status else ResponseBody(text=text_of(found))
    held = found.get("completion") or found if isinstance(found, Mapping) else found
    return ResponseBody(text=text_of(held), n_choices=None if isinstance(found, list) else 1)


def _tokens(row: Mapping[str, Any]) -> dict[str, Any]:
    usage = {name: n for name, value in _pairs(told(row, "usage_details")).items() if (n := count(value)) is not None}
    legacy = mapping(row.get("usage"))
    n_input = _sum(usage, "input")
    n_output = _sum(usage, "output")
    total = usage.get("total")
    if total is not None and total == usage.get("input", 0) + usage.get("output", 0):
        n_input, n_output = usage.get("input", n_input), usage.get("output", n_output)
    read = {name: n for name, n in usage.items() if "creat" not in name and "writ" not in name}
    columns = {
        "input_tokens": first_count(n_input, told(row, "prompt_tokens"), legacy.get("input"), told(row, "input_usage")),
        "output_tokens": first_count(
            n_output, told(row, "completion_tokens"), legacy.get("output"), told(row, "output_usage")
        ),
        "cached_tokens": _sum(read, "input", "cache"),
        "reasoning_tokens": _sum(usage, "output", "reasoning"),
    }
    return {name: value for name, value in columns.items() if value is not None}


def _sum(usage: Mapping[str, int], *parts: str) -> int | None:
    found = [n for name, n in usage.items() if all(part in name.lower() for part in parts)]
    return sum(found) if found else None


def _disclosed(row: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        "end_user_id": identifier(told(row, "user_id")),
        "conversation_id": identifier(told(row, "session_id")),
    }
    return {name: value for name, value in found.items() if value is not None}


def _metadata(row: Mapping[str, Any]) -> dict[str, Any]:
    names, values = items(decoded(row.get("metadata_names"))), items(decoded(row.get("metadata_values")))
    listed = {name: value for name, value in zip(names, values, strict=False) if isinstance(name, str)}
    return {**listed, **_pairs(row.get("metadata"))}


def _pairs(value: object) -> dict[str, Any]:
    """Return a map, also from JSON or from the pairs that Parquet's maps become."""
    found = decoded(value)
    if isinstance(found, Mapping):
        return {key: one for key, one in found.items() if isinstance(key, str)}
    pairs = [one for one in items(found) if isinstance(one, list | tuple) and len(one) == 2]
    return {one[0]: one[1] for one in pairs if isinstance(one[0], str)}


def _time(value: object) -> int | None:
    if isinstance(value, datetime):  # from Parquet
        value = (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    return microseconds(value, naive_is_utc=True)


def _is_langfuse(row: Mapping[str, Any]) -> bool:
    kind = row.get("type")
    has_trace = told(row, "trace_id") is not None
    if isinstance(kind, str) and (kind in OTHER_TYPES or kind == "GENERATION"):
        return has_trace and told(row, "start_time") is not None
    if _is_score(row):
        return has_trace and "name" in row
    has_session = "session_id" in row or "sessionId" in row
    return "timestamp" in row and "id" in row and has_session and not TRACE_MARKS.isdisjoint(row)


@dataclass(frozen=True, slots=True)
class LangfuseReader:
    """Langfuse exports and API rows.

    Args:
        account: where the account stands, on the user's word; null: LiteLLM's user or key, else the project.
    """

    account: str | None = None

    name: ClassVar = "langfuse"
    title: ClassVar = "Langfuse traces and observations (blob-storage export, API)"
    provides: ClassVar = frozenset(
        {"exchange_id", "account_id", "requested_at", "model", "platform", "conversation_id", "turn", "system_prompt"}
        | {"prompt", "response", "tool_names", "n_choices", "temperature", "max_tokens", "input_tokens"}
        | {"output_tokens", "reasoning_tokens", "cached_tokens", "status", "refused", "api_key_id", "end_user_id"}
        | {"thinking_signatures"}
    )

    def recognises(self, sample: Sequence[Mapping[str, Any]]) -> float:
        """Return the share of observations, traces and scores."""
        return sum(map(_is_langfuse, sample)) / len(sample) if sample else 0.0

    def mapping(self) -> Mapping[str, str]:
        """Say where each column comes from."""
        return {
            "exchange_id": "'langfuse:', trace_id and id",
            "account_id": f"{self.account}, as --account says"
            if self.account
            else "metadata.user_api_key_user_id or 'key:' and metadata.user_api_key_hash where LiteLLM wrote "
            "them, else project_id; never user_id",
            "requested_at": "start_time (UTC)",
            "model": "provided_model_name, else model",
            "platform": "always api",
            "conversation_id": "session_id, else the trace's",
            "turn": "how often the assistant has spoken in input",
            "system_prompt": "system messages of input",
            "prompt": "what follows the assistant's last message in input; null where input was left out",
            "response": "the text of output; null for failures and where output was left out",
            "tool_names": "tool_definitions, else the tools of input or model_parameters; else not known",
            "n_choices": "model_parameters.n, else the number of choices in output",
            "temperature": "model_parameters.temperature",
            "max_tokens": "model_parameters.max_tokens and its other names",
            "input_tokens": "the parts of usage_details with 'input' in their names, else promptTokens",
            "output_tokens": "the parts of usage_details with 'output' in their names, else completionTokens",
            "reasoning_tokens": "the reasoning part of usage_details' output",
            "cached_tokens": "the cached part of usage_details' input, without what was written",
            "status": "500 where level is ERROR; else not known",
            "refused": "a refusal or a content filter's finish reason in output",
            "api_key_id": "metadata.user_api_key_hash where LiteLLM wrote it",
            "end_user_id": "user_id, else the trace's: disclosed by the application, never an identity",
            "thinking_signatures": "thinking blocks in input, then those in output",
        }

    def session(self) -> Session:
        """Return a new pass."""
        return LangfuseSession(account=parse_path(self.account) if self.account else None)

    def with_account(self, path: str) -> "LangfuseReader":
        """Return the same reader with the account at another path, on its user's word.

        Raises:
            UsageError: the path is none.
        """
        told_path(path)
        return LangfuseReader(path)


READER: Final[Reader] = LangfuseReader()
