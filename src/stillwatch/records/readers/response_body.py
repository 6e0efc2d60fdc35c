"""What the model answered, in any dialect that readers meet, to the response's canonical columns.

Dialects: OpenAI chat completions, Responses and legacy completions; Anthropic messages; Gemini; Bedrock Converse and
the bodies of Titan, Llama, Mistral, Cohere and Nova; Ollama; messages alone, as LangSmith keeps them; streamed answers
of each, which ``stream_events`` puts together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from stillwatch.records.messages import JOINT, entries_of, text_of
from stillwatch.records.readers.json_values import (
    EMPTY,
    decoded,
    http_status,
    identifier,
    items,
    mapping,
    microseconds,
    number,
)
from stillwatch.records.readers.request_body import message_signatures
from stillwatch.records.readers.stream_events import assemble, events_of
from stillwatch.records.readers.token_usage import token_columns

REFUSAL_ENDINGS: Final = frozenset(
    {"content_filter", "refusal", "guardrail_intervened", "content_filtered", "error_toxic"}
    | {"safety", "prohibited_content", "blocklist", "spii", "image_safety"}
)  # OpenAI; Anthropic; Bedrock twice, Titan in capitals; Cohere; Gemini in capitals
REFUSAL_ERRORS: Final = frozenset({"content_filter", "content_policy_violation", "contentpolicyviolationerror"})
STATUS_BY_ERROR: Final = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
    "invalid_api_key": 401,
    "model_not_found": 404,
    "insufficient_quota": 429,
    "rate_limit_exceeded": 429,
    "content_filter": 400,
    "content_policy_violation": 400,
    "server_error": 500,
}  # Anthropic's error types, then OpenAI's codes, as their pages list them
USAGE_KEYS: Final = ("usage", "usageMetadata", "usage_metadata")  # Gemini; as BigQuery has it
INPUT_KEYS: Final = ("prompt_token_count", "inputTextTokenCount", "prompt_eval_count")  # Llama; Titan; Ollama
END_OF_STREAM: Final = "data: [DONE]"  # alone, it is a stream that brought nothing
ERROR_STATUS: Final = 500  # a failure that names no status is the server's


@dataclass(frozen=True, slots=True)
class ResponseBody:
    """What one response says.

    Args:
        text: the answer's text, several choices joined; empty if it has none (tool calls alone), null if the body
            holds no answer or is an error.
        n_choices: how many answers came; null if there is none.
        is_refused: whether the model or its filter declined; null if there is nothing to judge by.
        signatures: the thinking signatures that came back, in order.
        tokens: token columns by name.
        error_status: the HTTP status of an error body; null if it is none.
    """

    text: str | None = None
    n_choices: int | None = None
    is_refused: bool | None = None
    signatures: tuple[str, ...] = ()
    tokens: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    response_id: str | None = None
    created_at_us: int | None = None
    error_status: int | None = None

    def columns(self) -> dict[str, Any]:
        """Return ``response``, ``refused`` and the tokens, those that are known."""
        found: dict[str, Any] = dict(self.tokens)
        if self.text is not None:
            found["response"] = self.text
        if self.is_refused is not None:
            found["refused"] = self.is_refused
        return found


@dataclass(frozen=True, slots=True)
class _Answer:
    text: str
    is_refused: bool | None  # null where the answer names no ending to judge by
    signatures: tuple[str, ...] = ()


def read_response(body: object) -> ResponseBody:
    """Return what a response says, whole or streamed; an empty answer for what is no response.

    Args:
        body: a response object, a list of stream events, or either as text (JSON or server-sent events).
    """
    events = events_of(body)
    found = mapping(assemble(events) if events is not None else decoded(body))
    if not found:
        return ResponseBody()
    answers = list(_answers(found))
    error = _error_of(found)
    return ResponseBody(
        text=JOINT.join(answer.text for answer in answers if answer.text) if answers else None,
        n_choices=len(answers) or None,
        is_refused=_any_refused(answers) if answers else _is_turned_away(found, error),
        signatures=tuple(dict.fromkeys(s for answer in answers for s in answer.signatures)),
        tokens=token_columns(next((usage for key in USAGE_KEYS if (usage := mapping(found.get(key)))), EMPTY))
        or _counted_in_body(found),
        model=identifier(found.get("model"), found.get("modelVersion"), found.get("model_version")),
        response_id=identifier(found.get("id"), found.get("responseId"), found.get("response_id")),
        created_at_us=microseconds(found.get("created", found.get("created_at"))),
        error_status=None if answers or not error else error_status(error),
    )


def answer_of(response: object) -> ResponseBody:
    """Return what a logged response says: a body of any kind, or the answer's text alone."""
    found = read_response(response)
    is_body = found.text is not None or found.error_status is not None or found.response_id is not None
    is_text = isinstance(response, str) and response.strip() not in ("", END_OF_STREAM)
    if isinstance(response, str) and is_text and not is_body:  # an answer may itself be JSON
        return ResponseBody(text=response, n_choices=1)
    return found


def error_status(error: Mapping[str, Any]) -> int:
    """Return the HTTP status of an error object: its own number, or what its type or code stands for."""
    named = http_status(error.get("status_code"), error.get("status"), error.get("code"))
    if named is not None and named >= 400:
        return named
    names = [name for key in ("code", "type") if isinstance(name := error.get(key), str)]
    return next((STATUS_BY_ERROR[name] for name in names if name in STATUS_BY_ERROR), ERROR_STATUS)


def _error_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    error = body.get("error")
    if isinstance(error, str) and error:
        return {"type": error}
    if body.get("status") == "failed" and not mapping(error):  # Responses
        return {"type": "server_error"}
    return mapping(error)


def _any_refused(answers: Sequence[_Answer]) -> bool | None:
    judged = [answer.is_refused for answer in answers if answer.is_refused is not None]
    return any(judged) if judged else None


def _is_turned_away(body: Mapping[str, Any], error: Mapping[str, Any]) -> bool | None:
    """Say whether a body without an answer is a refusal: Gemini's blocked prompt, or an error that says so."""
    feedback = mapping(body.get("promptFeedback", body.get("prompt_feedback")))
    if identifier(feedback.get("blockReason"), feedback.get("block_reason")):
        return True
    return _is_content_error(error)


def _is_content_error(error: Mapping[str, Any]) -> bool | None:
    names = (error.get("code"), error.get("type"))
    return True if any(isinstance(name, str) and name.lower() in REFUSAL_ERRORS for name in names) else None


def _answers(body: Mapping[str, Any]) -> Iterator[_Answer]:
    """Yield each answer in a response of any dialect."""
    if choices := items(body.get("choices")):  # OpenAI chat and completions
        yield from (_choice(choice) for choice in map(mapping, choices))
    elif candidates := items(body.get("candidates")):  # Gemini
        yield from (_candidate(candidate) for candidate in map(mapping, candidates))
    elif output := items(body.get("output")):  # Responses
        yield _response_items(output, body)
    elif message := mapping(mapping(body.get("output")).get("message")):  # Converse, Nova
        yield _message(message, body.get("stopReason"))
    elif isinstance(body.get("content"), list) and body.get("type") in ("message", None):  # Anthropic
        yield _message(body, body.get("stop_reason"))
    elif told := _told_messages(body):
        told_refusal = _is_refusal(body["done_reason"]) if "done_reason" in body else None
        yield _Answer(text_of([message.get("content") for message in told]), told_refusal)
    else:
        yield from _plain_answers(body)


def _choice(choice: Mapping[str, Any]) -> _Answer:
    message = mapping(choice.get("message"))
    answer = _message(message, choice.get("finish_reason"))
    if not message and isinstance(choice.get("text"), str):  # legacy completions
        return _Answer(choice["text"], answer.is_refused)
    refusal = message.get("refusal") or mapping(message.get("provider_specific_fields")).get("refusal")
    if isinstance(refusal, str) and refusal:
        return _Answer(answer.text or refusal, is_refused=True, signatures=answer.signatures)
    return answer


def _candidate(candidate: Mapping[str, Any]) -> _Answer:
    content = mapping(candidate.get("content"))
    ending = candidate.get("finishReason", candidate.get("finish_reason"))
    signatures = message_signatures({"content": content.get("parts")})
    return _Answer(text_of(content.get("parts")), _is_refusal(ending), tuple(signatures))


def _message(message: Mapping[str, Any], ending: object) -> _Answer:
    return _Answer(text_of(message.get("content")), _is_refusal(ending), tuple(message_signatures(message)))


def _response_items(output: Sequence[Any], body: Mapping[str, Any]) -> _Answer:
    found = [mapping(item) for item in output]
    parts = [part for item in found if item.get("type") in ("message", None) for part in items(item.get("content"))]
    refusals = [
        part["refusal"]
        for part in map(mapping, parts)
        if part.get("type") == "refusal" and text_of(part.get("refusal"))
    ]
    said = text_of(parts) or JOINT.join(text_of(refusal) for refusal in refusals)
    signatures = tuple(s for item in found for s in message_signatures(item))
    cut = mapping(body.get("incomplete_details")).get("reason")
    return _Answer(said, bool(refusals) or _is_refusal(cut), signatures)


def _told_messages(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the assistant's messages where an answer is nothing but messages (Ollama, LangChain, LangSmith's own)."""
    batches = [entry for entry in items(body.get("generations")) if isinstance(entry, list)]
    if batches:  # LangChain: for each prompt of a batch its choices
        found = [mapping(choice) for batch in batches for choice in batch]
        return [
            {"content": one.get("text") or entries_of(mapping(one.get("message")))[0].get("content")} for one in found
        ]
    listed = entries_of(body.get("messages", body.get("message", body)))
    return [one for one in listed if isinstance(one, Mapping) and one.get("role") == "assistant" and "content" in one]


def _plain_answers(body: Mapping[str, Any]) -> Iterator[_Answer]:
    for key, text_key, ending_key in (
        ("results", "outputText", "completionReason"),  # Titan
        ("outputs", "text", "stop_reason"),  # Mistral
        ("generations", "text", "finish_reason"),  # Cohere's generate
    ):
        if listed := items(body.get(key)):
            for one in map(mapping, listed):
                yield _Answer(text_of(one.get(text_key)), _is_refusal(one.get(ending_key)))
            return
    for text_key, ending_key in (
        ("generation", "stop_reason"),  # Llama
        ("completion", "stop_reason"),  # Claude 2
        ("outputText", "completionReason"),  # Titan, streamed
        ("text", "finish_reason"),  # Cohere's chat; SGLang
        ("response", "done_reason"),  # Ollama
    ):
        if isinstance(body.get(text_key), str):
            yield _Answer(body[text_key], _is_refusal(body.get(ending_key)))
            return


def _is_refusal(ending: object) -> bool:
    return isinstance(ending, str) and ending.lower() in REFUSAL_ENDINGS


def _counted_in_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return token columns that Titan, Llama and Ollama keep beside the text."""
    first = mapping(next(iter(items(body.get("results"))), EMPTY))
    return token_columns(
        {
            "prompt_tokens": next((n for key in INPUT_KEYS if number(n := body.get(key)) is not None), None),
            "completion_tokens": next(
                (
                    n
                    for n in (
                        body.get("generation_token_count"),
                        body.get("totalOutputTextTokenCount"),
                        body.get("eval_count"),
                        first.get("tokenCount"),
                    )
                    if number(n) is not None
                ),
                None,
            ),
        }
    )
