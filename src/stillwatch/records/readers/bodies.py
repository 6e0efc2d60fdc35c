"""Request and response bodies of OpenAI-compatible, Anthropic and Gemini APIs, each pair in an envelope.

``{ts, account_id, key_id, client_ip, user_agent, request, response}``: the bodies name no account, no time and no
address, so the envelope must. A response may be whole, a list of stream events, or either as text. Nothing in the
bodies is an identity: ``user``, ``safety_identifier`` and ``metadata.user_id`` are the caller's words.

A response's id can be the caller's choice on some servers, so an exchange is named for the envelope's own id, else for
its place, after the source's name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from stillwatch.records.field_path import Steps, follow, parse_path, told_path
from stillwatch.records.outcome import Outcome, Quarantined, Record, Used
from stillwatch.records.reader import OneByOne, Reader, Session
from stillwatch.records.readers.envelope import (
    ID_KEYS,
    claimed_end_user,
    envelope_account,
    envelope_columns,
    envelope_status,
    envelope_time,
)
from stillwatch.records.readers.json_values import decoded, identifier, mapping
from stillwatch.records.readers.request_body import is_request, request_columns
from stillwatch.records.readers.response_body import ResponseBody, answer_of
from stillwatch.records.readers.response_chains import ResponseChains

NO_ACCOUNT: Final = "the envelope has no account_id, and bodies name no account: name its field with --account"
OTHERS_MARKS: Final = frozenset({"custom_id", "batch_line", "latencies", "ai_model", "ai_org", "schemaType"})


def exchange_columns(request: Mapping[str, Any], answer: ResponseBody, status: int | None) -> dict[str, Any]:
    """Return what a request and its answer say together.

    Args:
        request: the request's body; empty if it is not known.
        answer: what came back; an empty one if nothing did.
        status: the HTTP status that was noted beside the bodies.
    """
    columns = {**(request_columns(request) if request else {}), **answer.columns()}
    if "n_choices" not in columns and answer.n_choices is not None:
        columns["n_choices"] = answer.n_choices
    if "model" not in columns and answer.model is not None:
        columns["model"] = answer.model
    if answer.signatures:
        columns["thinking_signatures"] = [*columns.get("thinking_signatures", ()), *answer.signatures]
    end_user = claimed_end_user(request)
    if end_user is not None:
        columns["end_user_id"] = end_user
    if answer.error_status is not None and (status is None or status < 400):  # an error beside a 200
        status = answer.error_status
    if status is None and answer.text is not None:
        status = 200
    if status is not None:
        columns["status"] = status
        if status >= 400:
            columns.pop("response", None)
    return columns


class BodiesPass:
    """One pass over enveloped bodies; the account may stand where the user says it does."""

    def __init__(self, account: Steps | None = None) -> None:
        self._chains = ResponseChains()
        self._account = account

    def outcome(self, record: Record) -> Outcome:
        """Return the outcome of a record."""
        value, place = record.value, record.place
        account = envelope_account(value) if self._account is None else identifier(follow(value, self._account))
        if account is None:
            return Quarantined(place, "no-account", NO_ACCOUNT)
        requested_at = envelope_time(value)
        if requested_at is None:
            return Quarantined(place, "no-time", "the envelope has no ts, requested_at, timestamp, time or created_at")
        request = mapping(decoded(value.get("request")))
        if not request:
            return Quarantined(place, "no-request", "request is no object")
        answer = answer_of(value.get("response"))
        own_id = identifier(*(value.get(key) for key in ID_KEYS))
        row = {
            "platform": "api",
            "model": identifier(value.get("model")),  # Gemini's is in the address that was called
            **exchange_columns(request, answer, envelope_status(value)),
            **self._chains.columns(account, request, answer.response_id),
            **envelope_columns(value),
            "exchange_id": f"{place.source}:{own_id or place.line}",
            "account_id": account,
            "requested_at": requested_at,
        }
        return Used(place, row)


@dataclass(frozen=True, slots=True)
class BodiesReader:
    """Enveloped OpenAI-compatible, Anthropic and Gemini bodies.

    Args:
        account: where the account stands, on the user's word; null: under the envelope's own names.
    """

    account: str | None = None

    name: ClassVar = "bodies"
    title: ClassVar = "OpenAI-compatible, Anthropic and Gemini request and response bodies in an envelope"
    provides: ClassVar = frozenset(
        {"exchange_id", "account_id", "requested_at", "model", "platform", "conversation_id", "turn", "system_prompt"}
        | {"prompt", "response", "tool_names", "n_choices", "temperature", "max_tokens", "input_tokens"}
        | {"output_tokens", "reasoning_tokens", "cached_tokens", "status", "refused", "ip", "user_agent"}
        | {"tls_fingerprint", "api_key_id", "end_user_id", "thinking_signatures"}
    )

    def recognises(self, sample: Sequence[Mapping[str, Any]]) -> float:
        """Return the share of envelopes: those whose ``request`` is the body of a model request."""
        hits = sum(not OTHERS_MARKS & one.keys() and is_request(decoded(one.get("request"))) for one in sample)
        return hits / len(sample) if sample else 0.0

    def mapping(self) -> Mapping[str, str]:
        """Say where each column comes from."""
        return {
            "exchange_id": "the source's name, and the envelope's exchange_id, request_id or id, else the line",
            "account_id": f"{self.account}, as --account says"
            if self.account
            else "the envelope's account_id or account",
            "requested_at": "the envelope's ts, requested_at, timestamp, time or created_at; offset needed",
            "model": "request.model, else response.model, else the envelope's model",
            "platform": "the envelope's platform, else api",
            "conversation_id": "the envelope's, request.conversation, or the chain of previous_response_id",
            "turn": "how often the assistant has spoken in the messages, or the place in the chain of responses",
            "system_prompt": "system and developer messages, Anthropic system, Responses instructions",
            "prompt": "what follows the assistant's last message in messages or input; a legacy prompt",
            "response": "the texts of response, all choices; null for failures",
            "tool_names": "request.tools or functions",
            "n_choices": "request.n, 1 where it is absent",
            "temperature": "request.temperature",
            "max_tokens": "request.max_tokens, max_completion_tokens or max_output_tokens",
            "input_tokens": "response.usage, with what was read from or written to a cache",
            "output_tokens": "response.usage",
            "reasoning_tokens": "response.usage.completion_tokens_details or output_tokens_details",
            "cached_tokens": "response.usage: cached_tokens or cache_read_input_tokens",
            "status": "the envelope's status, else what an error body stands for, else 200",
            "refused": "a refusal, or a finish_reason or stop_reason that says so",
            "ip": "the envelope's client_ip or ip: the last public address in it",
            "user_agent": "the envelope's user_agent",
            "tls_fingerprint": "the envelope's tls_fingerprint (JA4)",
            "api_key_id": "the envelope's key_id or api_key_id",
            "end_user_id": "the envelope's, else safety_identifier, user or metadata.user_id: the caller's word",
            "thinking_signatures": "thinking blocks and reasoning items in the request, then those in the response",
        }

    def session(self) -> Session:
        """Return a new pass."""
        return OneByOne(BodiesPass(parse_path(self.account) if self.account else None).outcome)

    def with_account(self, path: str) -> "BodiesReader":
        """Return the same reader with the account at another path, on its user's word.

        Raises:
            UsageError: the path is none.
        """
        told_path(path)
        return BodiesReader(path)


READER: Final[Reader] = BodiesReader()
