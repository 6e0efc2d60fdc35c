"""Rows of LiteLLM's Postgres table ``LiteLLM_SpendLogs``, exported as JSON; its JSON columns as objects or strings.

What this reader decides:

- The account is ``user``, which in this table is the gateway's own user of the key (not the caller's ``user``
  parameter), else the key.
- ``messages`` and ``response`` are empty objects unless the gateway stores prompts: content is null then.
- ``proxy_server_request``, where it is kept, is the caller's own request body: its parameters and messages go before
  what else the row says.
- The user agent is the longest ``User-Agent:`` tag: the gateway writes the product, then product and version. Tags are
  the caller's too, and so is a user agent.
- ``session_id`` is the caller's session, or one that the gateway made for this call alone; the row does not tell which.
- Times without an offset are UTC, as the gateway writes them.
- Attempts of one call are one exchange (see ``call_attempts``). An id is the call's where the table has that column,
  else the row's own.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from stillwatch.records.outcome import Outcome, OutOfScope, Quarantined, Record
from stillwatch.records.reader import LOGGED_CALL, OneByOne, Reader, Session
from stillwatch.records.readers.call_attempts import CallAttempts
from stillwatch.records.readers.client_address import client_address
from stillwatch.records.readers.json_values import decoded, identifier, items, mapping, microseconds, text
from stillwatch.records.readers.litellm import (
    HEALTH_CHECK,
    failure_columns,
    is_other_call,
    is_redacted,
    known_tokens,
    logged_answer,
    platform_of,
    with_returned_signatures,
)
from stillwatch.records.readers.request_body import request_columns
from stillwatch.records.readers.response_body import ResponseBody

MARKS: Final = frozenset({"request_id", "api_key", "spend", "startTime"})
AGENT_TAG: Final = "user-agent:"


class SpendLogsPass:
    """One pass over rows of the table."""

    def __init__(self) -> None:
        self._attempts = CallAttempts()

    def outcome(self, record: Record) -> Outcome:
        """Return the outcome of a record."""
        value, place = record.value, record.place
        if is_other_call(value.get("call_type")) or text(value.get("mcp_namespaced_tool_name")):
            return OutOfScope(place, "not-generation")
        metadata = mapping(decoded(value.get("metadata")))
        key = identifier(value.get("api_key"), metadata.get("user_api_key"))
        if key == HEALTH_CHECK:
            return OutOfScope(place, "health-check")
        user = identifier(value.get("user"), metadata.get("user_api_key_user_id"))
        account = user or (key and f"key:{key}")
        if account is None:
            return Quarantined(place, "no-account", "neither user nor api_key")
        requested_at = microseconds(value.get("startTime"), naive_is_utc=True)
        if requested_at is None:
            return Quarantined(place, "no-time", "startTime is no time")
        request_id = identifier(value.get("request_id"))
        call_id = identifier(value.get("litellm_call_id"), request_id)
        if call_id is None:
            return Quarantined(place, "no-id", "neither litellm_call_id nor request_id")
        failed = value.get("status") == "failure"
        row = {
            **_columns(value, metadata, failed=failed),
            "exchange_id": f"litellm:{call_id}",
            "account_id": account,
            "requested_at": requested_at,
            "api_key_id": key,
        }
        return self._attempts.outcome(place, row, is_answer=not failed, response_id=request_id)


def _columns(value: Mapping[str, Any], metadata: Mapping[str, Any], *, failed: bool) -> dict[str, Any]:
    """Return every column but the identities and the time."""
    request = mapping(decoded(value.get("proxy_server_request")))
    body = mapping(request.get("body")) or request
    messages = decoded(value.get("messages"))
    if not body.keys() & {"messages", "input", "prompt"} and messages and not is_redacted(messages):
        asked = request_columns({"messages": messages})
        asked = {name: asked[name] for name in asked if name not in ("n_choices", "tool_names")}  # of no parameters
    else:
        asked = {} if not body or is_redacted(body.get("messages")) else request_columns(body)
    answer = ResponseBody() if failed else logged_answer(decoded(value.get("response")))
    if "n_choices" not in asked and answer.n_choices is not None:
        asked["n_choices"] = answer.n_choices
    columns = {
        **asked,
        **answer.columns(),
        **known_tokens(metadata.get("usage_object") or metadata.get("additional_usage_values"), value),
        "model": identifier(value.get("model"), value.get("model_group"), asked.get("model")),
        "platform": platform_of(value.get("custom_llm_provider")),
        "conversation_id": _conversation(value, asked),
        "ip": client_address(value.get("requester_ip_address")) or client_address(metadata.get("requester_ip_address")),
        "user_agent": user_agent(decoded(value.get("request_tags"))) or text(metadata.get("user_agent")),
        "end_user_id": identifier(value.get("end_user")),
        **(failure_columns(mapping(metadata.get("error_information"))) if failed else {"status": 200}),
    }
    return with_returned_signatures(columns, answer)


def _conversation(value: Mapping[str, Any], asked: Mapping[str, Any]) -> str | None:
    """Return the session, unless the gateway filled that column with an id of its own for each call."""
    session = identifier(value.get("session_id"))
    is_own = session is not None and session not in (
        identifier(value.get("litellm_call_id")),
        identifier(value.get("request_id")),
    )
    return session if is_own else identifier(asked.get("conversation_id"))


def user_agent(tags: object) -> str | None:
    """Return the most specific user agent among a row's tags."""
    agents = [
        tag[len(AGENT_TAG) :].strip()
        for tag in items(tags)
        if isinstance(tag, str) and tag.lower().startswith(AGENT_TAG)
    ]
    return max((agent for agent in agents if agent), key=len, default=None)


class SpendLogsReader:
    """Rows of LiteLLM_SpendLogs."""

    name = "spend-logs"
    title = "LiteLLM_SpendLogs rows (JSON export of LiteLLM's Postgres table)"
    provides = LOGGED_CALL | {"end_user_id"}

    def recognises(self, sample: Sequence[Mapping[str, Any]]) -> float:
        """Return the share of rows: those that have the table's own columns."""
        return sum(one.keys() >= MARKS for one in sample) / len(sample) if sample else 0.0

    def mapping(self) -> Mapping[str, str]:
        """Say where each column comes from."""
        return {
            "exchange_id": "'litellm:' and litellm_call_id, else request_id; a second answer adds its start",
            "account_id": "user (the gateway's own user of the key), else 'key:' and api_key",
            "requested_at": "startTime; UTC where it names no offset",
            "model": "model, else model_group",
            "platform": "custom_llm_provider: bedrock, vertex and azure by name, else api",
            "conversation_id": "session_id, unless it is the call's own id",
            "turn": "how often the assistant has spoken in the messages",
            "system_prompt": "system messages, where prompts are stored",
            "prompt": "proxy_server_request, else messages: what follows the assistant's last; null by default",
            "response": "the texts of response, all choices; null by default and for failures",
            "tool_names": "proxy_server_request.tools; null where the request is not stored",
            "n_choices": "proxy_server_request.n, else the number of choices",
            "temperature": "proxy_server_request.temperature",
            "max_tokens": "proxy_server_request.max_tokens, max_completion_tokens or max_output_tokens",
            "input_tokens": "metadata.usage_object, else prompt_tokens",
            "output_tokens": "metadata.usage_object, else completion_tokens",
            "reasoning_tokens": "metadata.usage_object.completion_tokens_details.reasoning_tokens",
            "cached_tokens": "metadata.usage_object.prompt_tokens_details.cached_tokens or cache_read_input_tokens",
            "status": "200, or metadata.error_information.error_code of a failure (500 where that is no error code)",
            "refused": "a refusal, a finish_reason of content_filter, or a content policy error",
            "ip": "requester_ip_address: the last public address in it",
            "user_agent": "request_tags: the longest 'User-Agent:' tag",
            "api_key_id": "api_key (a hash)",
            "end_user_id": "end_user: disclosed by the caller, never an identity",
            "thinking_signatures": "thinking blocks and reasoning items in messages, then those in response",
        }

    def session(self) -> Session:
        """Return a new pass."""
        return OneByOne(SpendLogsPass().outcome)


READER: Final[Reader] = SpendLogsReader()
