"""AWS Bedrock's model invocation log, joined with CloudTrail on the request's id.

What this reader decides:

- The account is ``accountId``, the AWS account that pays. The principal's ARN is the key: without the session name of
  an assumed role, which the caller may choose freely. ``requestMetadata`` is the caller's and is not read.
- Address and user agent come from CloudTrail's event with the same request id; an address that is the name of an AWS
  service is null.
- A failure names an ``errorCode`` and lacks its bodies; with text delivery off, or bodies too large for the log, a
  success lacks them as well. Content is null then.
- Bodies are read as JSON only, never searched as text: a prompt that spells ``"accountId"`` stays a prompt.

An invocation waits for its CloudTrail event with its text, up to ``MAX_HELD_BYTES`` of records; beyond that the oldest
go on without address and user agent. Events are small (some 400 bytes held each, ``MAX_HELD_EVENTS`` of them), so name
files such that CloudTrail sorts first, and no invocation waits.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from stillwatch.records.outcome import Outcome, OutOfScope, Place, Quarantined, Record, Used
from stillwatch.records.reader import LOGGED_CALL, Reader, Session
from stillwatch.records.readers.bodies import exchange_columns
from stillwatch.records.readers.client_address import client_address
from stillwatch.records.readers.json_values import decoded, identifier, mapping, microseconds, text
from stillwatch.records.readers.response_body import ERROR_STATUS, ResponseBody, answer_of
from stillwatch.records.readers.token_usage import token_columns

MAX_HELD_BYTES: Final = 256 * 2**20  # of waiting invocations; CloudTrail delivers within about 5 minutes, logs likewise
MAX_HELD_EVENTS: Final = 500_000  # some 200 MB; an event whose invocation does not come in so many never had one
OPERATIONS: Final = frozenset({"InvokeModel", "InvokeModelWithResponseStream", "Converse", "ConverseStream"})
EVENT_SOURCES: Final = frozenset({"bedrock.amazonaws.com", "bedrock-runtime.amazonaws.com"})
OTHER_MODELS: Final = ("embed", "image", "canvas", "reel", "stability", "rerank", "sonic")  # they generate no text
STATUS_BY_ERROR: Final = {
    "AccessDeniedException": 403,
    "InternalServerException": 500,
    "ModelErrorException": 424,
    "ModelNotReadyException": 429,
    "ModelStreamErrorException": 424,
    "ModelTimeoutException": 408,
    "ResourceNotFoundException": 404,
    "ServiceQuotaExceededException": 400,
    "ServiceUnavailableException": 503,
    "ThrottlingException": 429,
    "ValidationException": 400,
}  # as the API reference of the Bedrock runtime lists them


def invocation_of(value: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the invocation in a record, also where CloudWatch wraps it as a message, or None."""
    if value.get("schemaType") == "ModelInvocationLog":
        return value
    for key in ("message", "@message"):
        inner = mapping(decoded(value.get(key)))
        if inner.get("schemaType") == "ModelInvocationLog" and "schemaType" not in value:
            return inner
    return None


def is_event(value: Mapping[str, Any]) -> bool:
    """Say whether a record is an event of CloudTrail."""
    return {"eventVersion", "eventSource", "eventName", "sourceIPAddress"} <= value.keys()


def principal(arn: object) -> str | None:
    """Return who called: the ARN, without the session name of an assumed role."""
    found = identifier(arn)
    if found is not None and ":assumed-role/" in found:
        return "/".join(found.split("/")[:2])
    return found


class BedrockSession:
    """One pass over invocation logs and CloudTrail events."""

    def __init__(self, max_held_bytes: int = MAX_HELD_BYTES, max_held_events: int = MAX_HELD_EVENTS) -> None:
        self._max_held_bytes = max_held_bytes
        self._max_held_events = max_held_events
        self._held_bytes = 0
        self._invocations: OrderedDict[str, Used] = OrderedDict()
        self._events: OrderedDict[str, tuple[Place, Mapping[str, Any]]] = OrderedDict()

    def feed(self, record: Record) -> Iterator[Outcome]:
        """Yield an exchange when both its records have come."""
        invocation = invocation_of(record.value)
        if invocation is not None:
            yield from self._feed_invocation(record.place, invocation)
        elif is_event(record.value):
            yield from self._feed_event(record.place, record.value)
        else:
            yield Quarantined(record.place, "unknown-record", "neither an invocation log nor a CloudTrail event")

    def finish(self) -> Iterator[Outcome]:
        """Yield the invocations that have no event, and the events that have no invocation."""
        yield from self._invocations.values()
        for place, _ in self._events.values():
            yield OutOfScope(place, "no-invocation-log")
        self._invocations.clear()
        self._events.clear()
        self._held_bytes = 0

    def _feed_invocation(self, place: Place, invocation: Mapping[str, Any]) -> Iterator[Outcome]:
        outcome = _exchange(place, invocation)
        request_id = identifier(invocation.get("requestId"))
        if not isinstance(outcome, Used) or request_id is None:
            yield outcome
            return
        if (event := self._events.pop(request_id, None)) is not None:
            yield from _joined(outcome, *event)
            return
        if (same := self._take(request_id)) is not None:
            yield same  # delivered to two places; settled where rows of one exchange_id meet
        self._invocations[request_id] = outcome
        self._held_bytes += place.n_bytes
        while self._held_bytes > self._max_held_bytes and self._invocations:
            oldest = self._take(next(iter(self._invocations)))
            if oldest is not None:
                yield oldest

    def _feed_event(self, place: Place, event: Mapping[str, Any]) -> Iterator[Outcome]:
        if (
            identifier(event.get("eventSource")) not in EVENT_SOURCES
            or identifier(event.get("eventName")) not in OPERATIONS
        ):
            yield OutOfScope(place, "not-an-invocation")
            return
        request_id = identifier(event.get("requestID"), event.get("requestId"))
        if request_id is None:
            yield Quarantined(place, "no-id", "a CloudTrail event without requestID")
            return
        seen = {"ip": client_address(event.get("sourceIPAddress")), "user_agent": _agent(event.get("userAgent"))}
        if (invocation := self._take(request_id)) is not None:
            yield from _joined(invocation, place, seen)
            return
        if request_id in self._events:
            yield OutOfScope(place, "delivered-twice")
            return
        self._events[request_id] = (place, seen)
        if len(self._events) > self._max_held_events:
            _, (oldest, _) = self._events.popitem(last=False)
            yield OutOfScope(oldest, "no-invocation-log")

    def _take(self, request_id: str) -> Used | None:
        held = self._invocations.pop(request_id, None)
        if held is not None:
            self._held_bytes -= held.place.n_bytes
        return held


def _joined(invocation: Used, place: Place, seen: Mapping[str, Any]) -> Iterator[Outcome]:
    yield Used(invocation.place, {**invocation.row, **seen})
    yield OutOfScope(place, "joined")


def _agent(value: object) -> str | None:
    """Return a client's user agent; CloudTrail puts its own in brackets and names services there as well."""
    agent = text(value)
    if agent is not None and agent.startswith("[") and agent.endswith("]"):
        agent = text(agent[1:-1].strip())
    return None if agent is None or agent.endswith(".amazonaws.com") else agent


def _exchange(place: Place, invocation: Mapping[str, Any]) -> Outcome:
    model = _model(invocation.get("modelId"))
    operation = invocation.get("operation")
    if isinstance(operation, str) and operation not in OPERATIONS:
        return OutOfScope(place, "not-generation")
    if model is not None and any(part in model.lower() for part in OTHER_MODELS):
        return OutOfScope(place, "not-generation")
    account = identifier(invocation.get("accountId"))
    if account is None:
        return Quarantined(place, "no-account", "accountId is missing")
    requested_at = microseconds(invocation.get("timestamp"), naive_is_utc=True)
    if requested_at is None:
        return Quarantined(place, "no-time", "timestamp is no time")
    request_id = identifier(invocation.get("requestId"))
    if request_id is None:
        return Quarantined(place, "no-id", "requestId is missing")
    row = {
        **_columns(invocation),
        "exchange_id": f"bedrock:{request_id}",
        "account_id": account,
        "requested_at": requested_at,
        "api_key_id": principal(mapping(invocation.get("identity")).get("arn")),
        "model": model,
        "platform": "bedrock",
    }
    return Used(place, row)


def _columns(invocation: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the bodies and the log's own token counts say."""
    given, got = mapping(invocation.get("input")), mapping(invocation.get("output"))
    request = mapping(decoded(given.get("inputBodyJson")))
    error = text(invocation.get("errorCode"))
    answer = ResponseBody() if error else answer_of(got.get("outputBodyJson"))
    status = STATUS_BY_ERROR.get(error, ERROR_STATUS) if error else 200
    columns = exchange_columns(request, answer, status)
    columns.pop("end_user_id", None)  # metadata of a body is the caller's, and no aggregator's
    logged = token_columns(
        {
            "inputTokens": given.get("inputTokenCount"),
            "cacheReadInputTokens": given.get("cacheReadInputTokenCount"),
            "cacheWriteInputTokens": given.get("cacheWriteInputTokenCount"),
            "outputTokens": got.get("outputTokenCount"),
        }
    )
    return {**columns, **logged}


def _model(value: object) -> str | None:
    """Return a model's id, without the ARN around it."""
    model = identifier(value)
    return model.rpartition("/")[2] or None if model is not None and model.startswith("arn:") else model


class BedrockReader:
    """AWS Bedrock invocation logs with CloudTrail."""

    name = "bedrock"
    title = "AWS Bedrock model invocation log, with CloudTrail events"
    provides = LOGGED_CALL - {"conversation_id"}

    def recognises(self, sample: Sequence[Mapping[str, Any]]) -> float:
        """Return the share of invocation logs and CloudTrail events."""
        hits = sum(invocation_of(one) is not None or is_event(one) for one in sample)
        return hits / len(sample) if sample else 0.0

    def mapping(self) -> Mapping[str, str]:
        """Say where each column comes from."""
        return {
            "exchange_id": "'bedrock:' and requestId",
            "account_id": "accountId, the AWS account that pays",
            "requested_at": "timestamp",
            "model": "modelId, without the ARN around it",
            "platform": "bedrock",
            "turn": "how often the assistant has spoken in the messages",
            "system_prompt": "the system part of inputBodyJson",
            "prompt": "what follows the assistant's last message in inputBodyJson, or the vendor's prompt",
            "response": "the text of outputBodyJson, events put together; null for failures and where text is not kept",
            "tool_names": "toolConfig or tools in inputBodyJson; null where text is not kept",
            "n_choices": "num_generations in inputBodyJson, else 1; null where text is not kept",
            "temperature": "temperature in inputBodyJson, at the vendor's place",
            "max_tokens": "the vendor's limit in inputBodyJson",
            "input_tokens": "input.inputTokenCount, with what was read from or written to a cache",
            "output_tokens": "output.outputTokenCount",
            "reasoning_tokens": "usage in outputBodyJson",
            "cached_tokens": "input.cacheReadInputTokenCount",
            "status": "200, or what errorCode stands for",
            "refused": "a stop reason that says so",
            "ip": "CloudTrail's sourceIPAddress; null for the name of a service",
            "user_agent": "CloudTrail's userAgent",
            "api_key_id": "identity.arn, without the session name of an assumed role",
            "thinking_signatures": "thinking blocks in inputBodyJson, then those in outputBodyJson",
        }

    def session(self) -> Session:
        """Return a new pass."""
        return BedrockSession()


READER: Final[Reader] = BedrockReader()
