"""Kong Gateway's logging plugins with the AI block of its AI plugins; one JSON object a request.

What this reader decides:

- A line without an AI plugin's model or usage is not a model call. A request that another plugin turned away before
  the AI plugin saw it has no such block either, so those attempts are not counted.
- Several AI plugins may have worked on one request (a transformer before the proxy): that is one exchange, told by
  the proxy.
- The account is the consumer that Kong authenticated; the credential is the key.
- Usage is spelled ``prompt_token`` in older versions and ``prompt_tokens`` in newer ones.
- Content is there only where ``log_payloads`` is on.

Source: Kong documentation, AI Gateway audit log reference and the logging plugins' log format.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from stillwatch.records.outcome import Outcome, OutOfScope, Quarantined, Record, Used
from stillwatch.records.reader import LOGGED_CALL, OneByOne, Reader, Session
from stillwatch.records.readers.client_address import client_address
from stillwatch.records.readers.json_values import (
    decoded,
    http_status,
    identifier,
    items,
    mapping,
    microseconds,
    text,
)
from stillwatch.records.readers.request_body import is_request, request_columns
from stillwatch.records.readers.response_body import ResponseBody, answer_of
from stillwatch.records.readers.token_usage import token_columns

PLATFORMS: Final = {"bedrock": "bedrock", "azure": "azure", "vertex": "vertex"}
OTHER_ROUTES: Final = ("/embeddings", "/images/", "/audio/", "/moderations", "/rerank", "/files", "/batches")
USAGE_NAMES: Final = {
    "prompt_tokens": ("prompt_tokens", "prompt_token", "input_tokens"),
    "completion_tokens": ("completion_tokens", "completion_token", "output_tokens"),
    "prompt_tokens_details": ("prompt_tokens_details", "input_tokens_details"),
    "completion_tokens_details": ("completion_tokens_details", "output_tokens_details"),
}


def _outcome(record: Record) -> Outcome:
    line, place = record.value, record.place
    ai = mapping(decoded(line.get("ai")))
    plugin = _main_plugin(ai)
    request = mapping(line.get("request"))
    if plugin is None:
        return OutOfScope(place, "not-a-model-call")
    if any(route in path for path in _paths(request) for route in OTHER_ROUTES):
        return OutOfScope(place, "not-generation")
    consumer, credential = mapping(line.get("consumer")), mapping(line.get("authenticated_entity"))
    account = identifier(
        consumer.get("id"),
        credential.get("consumer_id"),
        consumer.get("custom_id"),
        consumer.get("username"),
        credential.get("id"),
    )
    if account is None:
        return Quarantined(place, "no-account", "neither consumer nor authenticated_entity: the route is open")
    requested_at = microseconds(line.get("started_at"))
    if requested_at is None:
        return Quarantined(place, "no-time", "started_at is no time")
    headers = _headers(request)
    own_id = identifier(request.get("id"), _headers(mapping(line.get("response"))).get("x-kong-request-id"))
    found = {
        "exchange_id": f"kong:{own_id}" if own_id else f"kong:{place.source}:{place.line}",
        "account_id": account,
        "requested_at": requested_at,
        "ip": client_address(line.get("client_ip")),
        "user_agent": text(headers.get("user-agent")),
        "api_key_id": identifier(credential.get("id")),
        **_call_columns(line, ai, plugin),
    }
    return Used(place, {name: value for name, value in found.items() if value is not None})


def _main_plugin(ai: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the entry of the plugin that called the model: the proxy, else the last that says what was used."""
    entries = [(name, mapping(entry)) for name, entry in ai.items() if isinstance(name, str)]
    called = [(name, entry) for name, entry in entries if mapping(entry.get("meta")) or mapping(entry.get("usage"))]
    proxies = [entry for name, entry in called if "proxy" in name]
    return proxies[-1] if proxies else called[-1][1] if called else None


def _call_columns(line: Mapping[str, Any], ai: Mapping[str, Any], plugin: Mapping[str, Any]) -> dict[str, Any]:
    meta = mapping(plugin.get("meta"))
    payloads = (mapping(plugin.get("payload")), mapping(ai.get("payload")))
    sent = next((p for one in payloads if (p := decoded(one.get("request"))) is not None), None)
    got = next((p for one in payloads if (p := one.get("response")) is not None), None)
    status = http_status(mapping(line.get("response")).get("status"), line.get("upstream_status"))
    failed = status is not None and status >= 400
    answer = ResponseBody() if failed else answer_of(got)
    provider = identifier(meta.get("provider_name")) or ""
    columns: dict[str, Any] = {
        **(request_columns(mapping(sent)) if is_request(sent) else {}),
        **answer.columns(),
        **token_columns(_usage(mapping(plugin.get("usage")))),
        "platform": next((value for part, value in PLATFORMS.items() if part in provider.lower()), "api"),
        "status": status,
    }
    model = identifier(meta.get("request_model"), columns.get("model"), meta.get("response_model"))
    if model is not None:
        columns["model"] = model
    if "n_choices" not in columns and answer.n_choices:
        columns["n_choices"] = answer.n_choices
    if answer.signatures:
        columns["thinking_signatures"] = [*columns.get("thinking_signatures", ()), *answer.signatures]
    return columns


def _usage(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Return a usage object under the names of the newer versions."""
    return {
        key: next((usage[n] for n in names if usage.get(n) is not None), None) for key, names in USAGE_NAMES.items()
    }


def _headers(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return headers by their lower-case names; of a repeated one the first."""
    return {
        name.lower(): next(iter(items(value)), None) if isinstance(value, list) else value
        for name, value in mapping(message.get("headers")).items()
        if isinstance(name, str)
    }


def _paths(request: Mapping[str, Any]) -> list[str]:
    return [path.partition("?")[0].lower() for key in ("uri", "url") if isinstance(path := request.get(key), str)]


class KongReader:
    """Kong Gateway log lines."""

    name = "kong"
    title = "Kong Gateway logs with the AI plugins' block (file-log, http-log and other logging plugins)"
    provides = LOGGED_CALL

    def recognises(self, sample: Sequence[Mapping[str, Any]]) -> float:
        """Return the share of lines with Kong's start, request and latencies or client."""
        hits = sum(
            "started_at" in one
            and isinstance(request := one.get("request"), Mapping)
            and ("uri" in request or "method" in request)
            and ("latencies" in one or "client_ip" in one)
            for one in sample
        )
        return hits / len(sample) if sample else 0.0

    def mapping(self) -> Mapping[str, str]:
        """Say where each column comes from."""
        return {
            "exchange_id": "'kong:' and request.id or the X-Kong-Request-Id header, else the file and line",
            "account_id": "consumer.id, else authenticated_entity.consumer_id, consumer.custom_id, consumer.username "
            "or authenticated_entity.id",
            "requested_at": "started_at (milliseconds)",
            "model": "ai.<plugin>.meta.request_model, else the payload's model, else meta.response_model",
            "platform": "ai.<plugin>.meta.provider_name: bedrock, vertex and azure by name, else api",
            "conversation_id": "the conversation of a Responses request; else not known",
            "turn": "how often the assistant has spoken in the payload's messages",
            "system_prompt": "the payload's system messages",
            "prompt": "what follows the assistant's last message in ai.payload.request; needs log_payloads",
            "response": "all choices of ai.<plugin>.payload.response; needs log_payloads; null for failures",
            "tool_names": "the payload's tools",
            "n_choices": "the payload's n, else the number of choices",
            "temperature": "the payload's temperature",
            "max_tokens": "the payload's max_tokens and its other names",
            "input_tokens": "ai.<plugin>.usage.prompt_tokens, prompt_token or input_tokens",
            "output_tokens": "ai.<plugin>.usage.completion_tokens, completion_token or output_tokens",
            "reasoning_tokens": "ai.<plugin>.usage.completion_tokens_details.reasoning_tokens",
            "cached_tokens": "ai.<plugin>.usage.prompt_tokens_details.cached_tokens",
            "status": "response.status",
            "refused": "a refusal or a content filter's finish reason in the payload's response",
            "ip": "client_ip",
            "user_agent": "request.headers.user-agent",
            "api_key_id": "authenticated_entity.id, the credential",
            "thinking_signatures": "thinking blocks in the payload's request, then those in its response",
        }

    def session(self) -> Session:
        """Return a new pass."""
        return OneByOne(_outcome)


READER: Final[Reader] = KongReader()
