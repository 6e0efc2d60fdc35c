"""OpenTelemetry GenAI telemetry: OTLP traces and logs, as JSON lines or decoded from protobuf.

What this reader decides:

- What is counted is the span or log record, not the line. Those that are no model call are out of scope.
- The account is what the gateway's operator set (see ``otlp_identity``); a call without one is quarantined.
- A call's address, client and status come from the HTTP server span around it, in whatever line or file that stands:
  traces are held until the end, the oldest settled first when they come to more than ``capacity_bytes``.
- A call seen twice, by a proxy and by an SDK inside it, is one exchange.
- A call that failed has no response; where no status is told it counts as 500, as in the LiteLLM reader.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from stillwatch.records.outcome import Outcome, OutOfScope, Quarantined, Record
from stillwatch.records.reader import Reader, Session
from stillwatch.records.readers.call_attempts import CallAttempts
from stillwatch.records.readers.otlp_attributes import field
from stillwatch.records.readers.otlp_dialects import why_no_call
from stillwatch.records.readers.otlp_identity import Surroundings, surroundings_of
from stillwatch.records.readers.otlp_messages import MESSAGE_EVENTS
from stillwatch.records.readers.otlp_traces import Trace, settle, without_trace
from stillwatch.records.readers.otlp_units import Unit, units_of

DETAILS_EVENT: Final = "gen_ai.client.inference.operation.details"
CAPACITY_BYTES: Final = 256 * 2**20  # held text; some 100,000 calls of 2 kB beside their surroundings
SURROUNDINGS_BYTES: Final = 600  # what one span without text takes, measured


class OtlpSession:
    """One pass over OTLP records."""

    def __init__(self, capacity_bytes: int = CAPACITY_BYTES, account_name: str | None = None) -> None:
        self._capacity = capacity_bytes
        self._account_name = account_name
        self._traces: OrderedDict[str, Trace] = OrderedDict()
        self._weights: dict[str, int] = {}
        self._held = 0
        self._attempts = CallAttempts()

    def feed(self, record: Record) -> Iterator[Outcome]:
        """Yield what is known after one more line."""
        for found in units_of(record):
            if isinstance(found, Unit):
                yield from self._take(found)
            else:
                yield found
        while self._held > self._capacity and self._traces:
            yield from self._settle_oldest()

    def finish(self) -> Iterator[Outcome]:
        """Yield every call that waited for the spans around it."""
        while self._traces:
            yield from self._settle_oldest()

    def _take(self, unit: Unit) -> Iterator[Outcome]:
        if unit.event is not None:
            yield from self._take_event(unit)
            return
        reason = why_no_call(unit.attributes)
        if unit.trace_id is None:
            yield from (
                [OutOfScope(unit.place, reason)]
                if reason
                else settle(without_trace(unit, self._account_name), self._attempts)
            )
            return
        if unit.span_id:
            self._keep_surroundings(unit.trace_id, unit.span_id, surroundings_of(unit, self._account_name))
        if reason is not None:
            yield OutOfScope(unit.place, reason)
            return
        self._hold(unit.trace_id, _weight(unit)).calls.append(unit)

    def _take_event(self, unit: Unit) -> Iterator[Outcome]:
        if unit.name in MESSAGE_EVENTS:
            if unit.trace_id is None:
                yield Quarantined(unit.place, "no-span", "a logged message that names no trace")
            else:
                self._hold(unit.trace_id, _weight(unit)).messages.append(unit)
            return
        reason = why_no_call(unit.attributes) if unit.name == DETAILS_EVENT else "not-a-model-call"
        if reason is not None:
            yield OutOfScope(unit.place, reason)
        elif unit.trace_id is None:
            yield from self._settle_alone(unit)
        else:
            self._hold(unit.trace_id, _weight(unit)).details.append(unit)

    def _keep_surroundings(self, trace_id: str, span_id: str, around: Surroundings) -> None:
        self._hold(trace_id, SURROUNDINGS_BYTES).around.setdefault(span_id, around)

    def _hold(self, trace_id: str, n_bytes: int) -> Trace:
        self._weights[trace_id] = self._weights.get(trace_id, 0) + n_bytes
        self._held += n_bytes
        return self._traces.setdefault(trace_id, Trace(self._account_name))

    def _settle_alone(self, unit: Unit) -> Iterator[Outcome]:
        yield from settle(without_trace(unit, self._account_name), self._attempts)

    def _settle_oldest(self) -> Iterator[Outcome]:
        trace_id, trace = self._traces.popitem(last=False)
        self._held -= self._weights.pop(trace_id)
        yield from settle(trace, self._attempts)


def _weight(unit: Unit) -> int:
    """Return about how many bytes a unit takes: its texts, and as much again as surroundings for the rest."""
    held = [unit.attributes, *(event.attributes for event in unit.events)]
    texts = sum(len(value) for source in held for value in source.values() if isinstance(value, str))
    return SURROUNDINGS_BYTES * 2 + texts + (unit.place.n_bytes if unit.event is not None else 0)


@dataclass(frozen=True, slots=True)
class OtlpReader:
    """OpenTelemetry GenAI traces and logs.

    Args:
        account: the attribute that names the account, on the user's word; null: those that operators set.
    """

    account: str | None = None

    name: ClassVar = "otlp"
    title: ClassVar = (
        "OpenTelemetry GenAI traces and logs (OTLP), with OpenLLMetry, OpenInference, LiteLLM, OpenRouter "
        "and the AI SDK"
    )
    provides: ClassVar = frozenset(
        {"exchange_id", "account_id", "requested_at", "model", "platform", "conversation_id", "turn", "system_prompt"}
        | {"prompt", "response", "tool_names", "n_choices", "temperature", "max_tokens", "input_tokens"}
        | {"output_tokens", "reasoning_tokens", "cached_tokens", "status", "refused", "ip", "user_agent"}
        | {"api_key_id", "end_user_id", "thinking_signatures"}
    )

    def recognises(self, sample: Sequence[Mapping[str, Any]]) -> float:
        """Return the share of objects that hold OTLP's list of resource spans or resource logs."""
        hits = sum(any(isinstance(field(one, n), list) for n in ("resourceSpans", "resourceLogs")) for one in sample)
        return hits / len(sample) if sample else 0.0

    def mapping(self) -> Mapping[str, str]:
        """Say where each column comes from."""
        return {
            "exchange_id": "'litellm:' and litellm.call_id, else 'otlp:', the trace id and the span id",
            "account_id": f"{self.account}, as --account says"
            if self.account
            else "litellm.metadata.user_api_key_user_id, else 'key:' and litellm.api_key.hash or OpenRouter's "
            "key name, else account.id, customer.id, tenant.id, organization.id or litellm.team.id of the span, its "
            "resource or the spans around it; never user.id",
            "requested_at": "the span's start, or the event's time",
            "model": "gen_ai.request.model, llm.request.model or llm.model_name, else the response's model",
            "platform": "gen_ai.provider.name or gen_ai.system: bedrock, vertex and azure by name, else api; "
            "aggregator:openrouter for OpenRouter's broadcast",
            "conversation_id": "gen_ai.conversation.id, else session.id",
            "turn": "how often the assistant has spoken in the messages",
            "system_prompt": "gen_ai.system_instructions and the system messages",
            "prompt": "what follows the assistant's last message in gen_ai.input.messages, the message events, "
            "gen_ai.prompt.*, llm.input_messages.*, ai.prompt.messages, gen_ai.prompt or input.value",
            "response": "all choices of gen_ai.output.messages, gen_ai.choice events, gen_ai.completion.*, "
            "llm.output_messages.*, ai.response.text, gen_ai.completion or output.value; null for failures",
            "tool_names": "gen_ai.tool.definitions, ai.prompt.tools, llm.request.functions.* or llm.tools.*; else not "
            "known",
            "n_choices": "gen_ai.request.choice.count, else the number of finish reasons, else of choices",
            "temperature": "gen_ai.request.temperature, else llm.invocation_parameters",
            "max_tokens": "gen_ai.request.max_tokens, else llm.invocation_parameters",
            "input_tokens": "gen_ai.usage.input_tokens or prompt_tokens, llm.token_count.prompt",
            "output_tokens": "gen_ai.usage.output_tokens or completion_tokens, llm.token_count.completion",
            "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens and its older names",
            "cached_tokens": "gen_ai.usage.cache_read.input_tokens and its older names",
            "status": "http.response.status_code of the call, or of the HTTP server span around it; 500 for a failure "
            "that names none",
            "refused": "true where a finish reason is a content filter or a refusal",
            "ip": "client.address of the HTTP server span around the call, else its peer",
            "user_agent": "user_agent.original of the HTTP server span around the call",
            "api_key_id": "litellm.api_key.hash, or OpenRouter's key name",
            "end_user_id": "user.id, enduser.id or litellm.metadata.user_api_key_end_user_id: disclosed by the caller, "
            "never an identity",
            "thinking_signatures": "thinking blocks in the messages sent, then those in the answer",
        }

    def session(self) -> Session:
        """Return a new pass."""
        return OtlpSession(account_name=self.account)

    def with_account(self, path: str) -> "OtlpReader":
        """Return the same reader with the account in another attribute, on its user's word."""
        return OtlpReader(path)


READER: Final[Reader] = OtlpReader()
