"""LiteLLM's StandardLoggingPayload, as its callbacks and its object stores deliver it; one object a record.

What this reader decides:

- The account is the gateway's own user of the key, or the key where it has none. ``end_user``, ``user`` and
  ``safety_identifier`` come from the caller and are never an identity; ``end_user`` is kept as what was disclosed.
- The address is the last public one of ``requester_ip_address`` (see ``client_address``).
- ``x-litellm-session-id`` lands in ``trace_id``, which else is new for each request: it counts as the conversation
  only where that header is seen in the record.
- Attempts of one call are one exchange (see ``call_attempts``).
- A failure keeps its prompt and has no response. One whose code is none or no error code (a gateway that could not
  read a 200) counts as 500.
- Parameters are those that the gateway sent on, which may differ from what the caller asked; where it kept none,
  nothing is said about tools.
- The price table (``model_map_information``), most of a record's bytes, is never touched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from stillwatch.records.messages import JOINT
from stillwatch.records.outcome import Outcome, OutOfScope, Quarantined, Record
from stillwatch.records.reader import LOGGED_CALL, OneByOne, Reader, Session
from stillwatch.records.readers.call_attempts import CallAttempts
from stillwatch.records.readers.client_address import client_address
from stillwatch.records.readers.json_values import (
    decoded,
    http_status,
    identifier,
    mapping,
    microseconds,
    text,
)
from stillwatch.records.readers.request_body import content_columns, parameter_columns
from stillwatch.records.readers.response_body import ERROR_STATUS, REFUSAL_ERRORS, ResponseBody, answer_of
from stillwatch.records.readers.token_usage import token_columns

REDACTED: Final = "redacted-by-litellm"
HEALTH_CHECK: Final = "litellm-internal-health-check"  # the gateway's own key; aliases and tags are callers' to choose
PLATFORMS: Final = {
    "bedrock": "bedrock",
    "bedrock_converse": "bedrock",
    "vertex_ai": "vertex",
    "vertex_ai_beta": "vertex",
    "azure": "azure",
    "azure_ai": "azure",
}
OTHER_CALLS: Final = (
    *("embedding", "moderation", "rerank", "transcription", "speech", "image", "video", "ocr", "search", "realtime"),
    *("create_batch", "retrieve_batch", "file", "fine_tuning", "vector_store", "container", "mcp"),
    *("list_", "get_", "delete_", "cancel_", "health", "assistant", "thread", "count_tokens", "compact"),
)  # parts of a call type that generates no text for an answer
MARKS: Final = (  # the payload's own keys; older versions have neither the first nor the third
    *("litellm_call_id", "model_map_information", "status_fields", "hidden_params", "model_parameters"),
    *("custom_llm_provider", "saved_cache_cost"),
)


def is_other_call(call_type: object) -> bool:
    """Say whether a call type is one that generates no text, as an embedding."""
    return isinstance(call_type, str) and any(part in call_type.lower() for part in OTHER_CALLS)


def platform_of(provider: object) -> str:
    """Return our platform for LiteLLM's ``custom_llm_provider``: the cloud behind it, or the provider's own API."""
    return PLATFORMS.get(provider, "api") if isinstance(provider, str) else "api"


def is_redacted(messages: object) -> bool:
    """Say whether the gateway replaced a message list; a placeholder that a caller put beside real text is no such."""
    if isinstance(messages, list):
        return len(messages) == 1 and mapping(messages[0]).get("content") == REDACTED
    return messages == REDACTED


def logged_answer(response: object) -> ResponseBody:
    """Return what a logged response says, without its text where the gateway replaced that."""
    answer = answer_of(response)
    if answer.text is not None and set(answer.text.split(JOINT)) == {REDACTED}:
        return replace(answer, text=None, is_refused=None)
    return answer


def is_failure(value: Mapping[str, Any]) -> bool:
    """Say whether a record is of a failed call."""
    status = value.get("status")
    return status == "failure" or (status != "success" and text(value.get("error_str")) is not None)


def failure_columns(error: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``status``, and ``refused`` where a content filter said no, for a failure's ``error_information``."""
    status = http_status(error.get("error_code"))
    columns: dict[str, Any] = {"status": status if status is not None and status >= 400 else ERROR_STATUS}
    if str(error.get("error_class")).lower() in REFUSAL_ERRORS:
        columns["refused"] = True
    return columns


def known_tokens(usage: object, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the token columns of a usage object, or the record's own counts; noughts all over are no counts."""
    columns = token_columns(usage) or token_columns(
        {"prompt_tokens": record.get("prompt_tokens"), "completion_tokens": record.get("completion_tokens")}
    )
    return columns if any(columns.values()) else {}


def with_returned_signatures(columns: dict[str, Any], answer: ResponseBody) -> dict[str, Any]:
    """Put the signatures that came back after those that were sent."""
    sent = columns.get("thinking_signatures")
    if sent is None and not answer.signatures:
        return columns
    return {**columns, "thinking_signatures": [*(sent or ()), *answer.signatures]}


class LiteLLMPass:
    """One pass over StandardLoggingPayload records."""

    def __init__(self) -> None:
        self._attempts = CallAttempts()

    def outcome(self, record: Record) -> Outcome:
        """Return the outcome of a record."""
        value, place = record.value, record.place
        metadata = mapping(value.get("metadata"))
        if is_other_call(value.get("call_type")):
            return OutOfScope(place, "not-generation")
        key = identifier(metadata.get("user_api_key_hash"))
        if key == HEALTH_CHECK:
            return OutOfScope(place, "health-check")
        account = identifier(metadata.get("user_api_key_user_id")) or (key and f"key:{key}")
        if account is None:
            return Quarantined(place, "no-account", "neither user_api_key_user_id nor user_api_key_hash in metadata")
        requested_at = microseconds(value.get("startTime"), naive_is_utc=True)
        if requested_at is None:
            return Quarantined(place, "no-time", "startTime is no time")
        call_id = identifier(value.get("litellm_call_id"), value.get("id"))
        if call_id is None:
            return Quarantined(place, "no-id", "neither litellm_call_id nor id")
        row = {
            **_columns(value, metadata),
            "exchange_id": f"litellm:{call_id}",
            "account_id": account,
            "requested_at": requested_at,
            "api_key_id": key,
        }
        response_id = identifier(value.get("id"))
        return self._attempts.outcome(place, row, is_answer=not is_failure(value), response_id=response_id)


def _columns(value: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return every column but the identities and the time."""
    parameters = mapping(decoded(value.get("model_parameters")))
    failed = is_failure(value)
    answer = ResponseBody() if failed else logged_answer(value.get("response"))
    messages = None if is_redacted(value.get("messages")) else value.get("messages")
    columns = {
        "model": identifier(value.get("model"), value.get("model_group")),
        "platform": platform_of(value.get("custom_llm_provider")),
        "conversation_id": _conversation(value, metadata),
        "ip": client_address(value.get("requester_ip_address")) or client_address(metadata.get("requester_ip_address")),
        "user_agent": text(value.get("user_agent")) or text(metadata.get("user_agent")),
        "end_user_id": identifier(value.get("end_user"), metadata.get("user_api_key_end_user_id")),
        **content_columns({**parameters, "messages": messages}),
        **parameter_columns(parameters, is_complete=False),
        **answer.columns(),
        **known_tokens(metadata.get("usage_object") or mapping(value.get("response")).get("usage"), value),
    }
    if parameters and parameters.get("tools") is None and "tool_names" not in columns:
        columns["tool_names"] = []
    if "n_choices" not in columns and answer.n_choices is not None:
        columns["n_choices"] = answer.n_choices
    columns |= failure_columns(mapping(value.get("error_information"))) if failed else {"status": 200}
    return with_returned_signatures(columns, answer)


def _conversation(value: Mapping[str, Any], metadata: Mapping[str, Any]) -> str | None:
    session = identifier(value.get("session_id"))
    if session is not None:
        return session
    seen = (
        mapping(metadata.get("requester_custom_headers")),
        mapping(mapping(metadata.get("requester_metadata")).get("headers")),
    )
    is_named = any(isinstance(name, str) and name.lower() == "x-litellm-session-id" for h in seen for name in h)
    return identifier(value.get("trace_id")) if is_named else None


class LiteLLMReader:
    """LiteLLM StandardLoggingPayload."""

    name = "litellm"
    title = "LiteLLM StandardLoggingPayload (generic_api, S3, GCS and other callbacks)"
    provides = LOGGED_CALL | {"end_user_id"}

    def recognises(self, sample: Sequence[Mapping[str, Any]]) -> float:
        """Return the share of payloads: those with a call's type, a start and three more of its own keys."""
        hits = sum(
            "call_type" in one and "startTime" in one and "spend" not in one and sum(mark in one for mark in MARKS) >= 3
            for one in sample
        )
        return hits / len(sample) if sample else 0.0

    def mapping(self) -> Mapping[str, str]:
        """Say where each column comes from."""
        return {
            "exchange_id": "'litellm:' and litellm_call_id; a second answer under one id adds its start",
            "account_id": "metadata.user_api_key_user_id, else 'key:' and metadata.user_api_key_hash",
            "requested_at": "startTime (seconds since 1970)",
            "model": "model, else model_group",
            "platform": "custom_llm_provider: bedrock, vertex and azure by name, else api",
            "conversation_id": "session_id, else trace_id where an x-litellm-session-id header is seen",
            "turn": "how often the assistant has spoken in messages",
            "system_prompt": "system messages, or the system or instructions parameter",
            "prompt": "what follows the assistant's last message; null where redacted",
            "response": "the texts of response, all choices; null for failures and where redacted",
            "tool_names": "model_parameters.tools; null where no parameters were kept",
            "n_choices": "model_parameters.n, else the number of choices",
            "temperature": "model_parameters.temperature, as the gateway sent it on",
            "max_tokens": "model_parameters.max_tokens, max_completion_tokens or max_output_tokens",
            "input_tokens": "metadata.usage_object, else prompt_tokens",
            "output_tokens": "metadata.usage_object, else completion_tokens",
            "reasoning_tokens": "metadata.usage_object.completion_tokens_details.reasoning_tokens",
            "cached_tokens": "metadata.usage_object.prompt_tokens_details.cached_tokens",
            "status": "200, or error_information.error_code of a failure (500 where that is no error code)",
            "refused": "a refusal, a finish_reason of content_filter, or a content policy error",
            "ip": "requester_ip_address: the last public address in it",
            "user_agent": "user_agent",
            "api_key_id": "metadata.user_api_key_hash",
            "end_user_id": "end_user: disclosed by the caller, never an identity",
            "thinking_signatures": "thinking blocks and reasoning items in messages, then those in response",
        }

    def session(self) -> Session:
        """Return a new pass."""
        return OneByOne(LiteLLMPass().outcome)


READER: Final[Reader] = LiteLLMReader()
