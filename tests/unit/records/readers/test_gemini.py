"""Gemini bodies, as the API, its libraries and BigQuery spell them, whole and streamed, give the same exchange."""

from typing import Any

import pytest

from stillwatch.records.readers.request_body import request_columns
from stillwatch.records.readers.response_body import read_response

REQUEST: dict[str, Any] = {
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "contents": [
        {"role": "user", "parts": [{"text": "Look."}]},
        {
            "role": "model",
            "parts": [{"functionCall": {"name": "see", "args": {"at": "sky"}}, "thoughtSignature": "sig-1"}],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "see", "response": {"colour": "blue"}}},
                {"inlineData": {"mimeType": "image/png", "data": "QUJDREVG"}},
                {"text": "What is it?"},
            ],
        },
    ],
    "generationConfig": {"temperature": 0.5, "maxOutputTokens": 64, "candidateCount": 2},
    "tools": [{"functionDeclarations": [{"name": "see"}]}],
}
RESPONSE: dict[str, Any] = {
    "candidates": [
        {
            "content": {
                "role": "model",
                "parts": [
                    {"text": "Colours?", "thought": True},
                    {"text": "The sky.", "thoughtSignature": "sig-2"},
                ],
            },
            "finishReason": "STOP",
        }
    ],
    "usageMetadata": {
        "promptTokenCount": 30,
        "cachedContentTokenCount": 10,
        "candidatesTokenCount": 4,
        "thoughtsTokenCount": 6,
        "totalTokenCount": 40,
    },
    "modelVersion": "gemini-2.5-pro",
    "responseId": "r1",
}


def _snake(value: Any) -> Any:
    """Return a body as BigQuery spells it; what a tool said is not a name of the API's."""
    if isinstance(value, list):
        return [_snake(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {"".join(f"_{c.lower()}" if c.isupper() else c for c in key): _snake(one) for key, one in value.items()}


@pytest.mark.parametrize("spell", [lambda body: body, _snake], ids=["api", "bigquery"])
def test_a_request_is_read_without_calls_and_bytes(spell: Any) -> None:
    """What is new is the tool's answer and the words; neither a call's arguments nor an image's bytes are text."""
    assert request_columns(spell(REQUEST)) == {
        "system_prompt": "Be brief.",
        "prompt": "blue\n\nWhat is it?",
        "turn": 1,
        "thinking_signatures": ["sig-1"],
        "temperature": 0.5,
        "max_tokens": 64,
        "n_choices": 2,
        "tool_names": ["see"],
    }


@pytest.mark.parametrize("spell", [lambda body: body, _snake], ids=["api", "bigquery"])
def test_an_answer_counts_what_was_thought(spell: Any) -> None:
    """Thoughts are no answer; their tokens are output, and cached ones are input."""
    found = read_response(spell(RESPONSE))
    assert found.columns() == {
        "response": "The sky.",
        "refused": False,
        "input_tokens": 30,
        "output_tokens": 10,
        "reasoning_tokens": 6,
        "cached_tokens": 10,
    }
    assert (found.signatures, found.model, found.response_id) == (("sig-2",), "gemini-2.5-pro", "r1")


def test_a_stream_gives_what_the_whole_answer_gives() -> None:
    """Pieces of one text are joined without a gap, and the last counts stand."""
    pieces = [
        {"candidates": [{"content": {"parts": [{"text": "Colours?", "thought": True}]}}]},
        {"candidates": [{"content": {"parts": [{"text": "The "}]}}], "usageMetadata": {"promptTokenCount": 30}},
        {
            **RESPONSE,
            "candidates": [
                {"content": {"parts": [{"text": "sky.", "thoughtSignature": "sig-2"}]}, "finishReason": "STOP"}
            ],
        },
    ]
    assert read_response(pieces) == read_response(RESPONSE)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"promptFeedback": {"blockReason": "SAFETY"}}, {"refused": True}),
        (
            {"candidates": [{"finishReason": "PROHIBITED_CONTENT", "content": {}}]},
            {"response": "", "refused": True},
        ),
        ({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "quota"}}, {}),
    ],
)
def test_blocked_prompts_and_answers_are_refusals(body: Any, expected: dict[str, Any]) -> None:
    """A blocked prompt has no answer; a blocked answer is empty; an error of the API's is neither."""
    found = read_response(body)
    assert found.columns() == expected
    assert found.error_status == (429 if "error" in body else None)
