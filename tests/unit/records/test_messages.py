"""Message lists of every common shape become a system prompt, what is new, and a turn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.records.messages import split_messages, text_of, tool_names

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["role", "content", "type", "text", "parts", "toolResult", "output", "signature"])
            | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=30,
)


def user(content):
    """Return a user message."""
    return {"role": "user", "content": content}


def assistant(content):
    """Return an assistant message."""
    return {"role": "assistant", "content": content}


def test_first_request():
    """System and developer messages are set apart; the rest of a first request is new."""
    split = split_messages(
        [{"role": "system", "content": "Be brief."}, {"role": "developer", "content": "No."}, user("Hi")]
    )
    assert (split.system_prompt, split.prompt, split.turn) == ("Be brief.\n\nNo.", "Hi", 0)


def test_only_what_follows_the_last_answer_is_new():
    """History is not new; the turn counts the answers before."""
    split = split_messages([user("a"), assistant("b"), user("c"), assistant("d"), user("e"), user("f")])
    assert (split.prompt, split.turn) == ("e\n\nf", 2)


def test_tool_results_are_new():
    """An agent's turn brings tool results, in OpenAI's and in Anthropic's shape."""
    openai = [user("a"), {"role": "assistant", "content": None, "tool_calls": []}, {"role": "tool", "content": "42"}]
    anthropic = [
        user("a"),
        assistant([{"type": "tool_use", "id": "t", "name": "f", "input": {"secret": "x"}}]),
        user([{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "42"}]}]),
    ]
    converse = [
        {"role": "user", "content": [{"text": "a"}]},
        {"role": "assistant", "content": [{"toolUse": {"name": "f"}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "t", "content": [{"text": "42"}]}}]},
    ]
    for messages in (openai, anthropic, converse):
        assert (split_messages(messages).prompt, split_messages(messages).turn) == ("42", 1)


def test_responses_items_of_one_answer_are_one_turn():
    """Reasoning, a call and a message of the model in a row are one answer."""
    items = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "a"}]},
        {"type": "reasoning", "encrypted_content": "sig", "summary": []},
        {"type": "function_call", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "42"},
    ]
    split = split_messages(items, system="Be brief.")
    assert (split.system_prompt, split.prompt, split.turn) == ("Be brief.", "42", 1)
    assert split.thinking_signatures == ("sig",)


def test_prefilled_answer_is_new():
    """Words put in the assistant's mouth are the caller's, so they belong to the prompt."""
    split = split_messages([user("a"), assistant("b"), user("c"), assistant("<think>")])
    assert (split.prompt, split.turn) == ("c\n\n<think>", 1)


def test_signatures_sent_back():
    """Thinking signatures are collected in order; the thinking itself is not text."""
    history = assistant([{"type": "thinking", "thinking": "hmm", "signature": "s1"}, {"type": "text", "text": "b"}])
    split = split_messages([user("a"), history, user("c"), history | {}, user("d")])
    assert split.thinking_signatures == ("s1", "s1")
    assert text_of(history) == "b"


@pytest.mark.parametrize(("messages", "prompt"), [("Hi", "Hi"), ([], None), (None, None), (7, None), ([user([])], "")])
def test_odd_lists(messages, prompt):
    """A string is one user message; nothing sent is null; a message without text is empty."""
    assert split_messages(messages).prompt == prompt


def test_otel_and_gemini_parts():
    """OpenTelemetry and Gemini keep their text in parts."""
    otel = [
        {"role": "user", "parts": [{"type": "text", "content": "Hi"}, {"type": "tool_call_response", "response": "42"}]}
    ]
    gemini = [
        {"role": "user", "parts": [{"text": "a"}]},
        {"role": "model", "parts": [{"text": "b"}]},
        {"parts": [{"text": "c"}]},
    ]
    assert split_messages(otel).prompt == "Hi\n\n42"
    assert (split_messages(gemini).prompt, split_messages(gemini).turn) == ("c", 1)


def test_seed_is_stable_over_a_conversation():
    """The seed groups the turns of a conversation and tells two conversations apart."""
    first = split_messages([user("a")], system="s")
    later = split_messages([user("a"), assistant("b"), user("c")], system="s")
    assert first.conversation_seed == later.conversation_seed
    assert first.conversation_seed != split_messages([user("a")]).conversation_seed


def test_tool_names_of_every_shape():
    """Each vendor's tool list gives names; absent is none, unreadable is not known."""
    assert tool_names([{"type": "function", "function": {"name": "f"}}, {"name": "g", "input_schema": {}}]) == [
        "f",
        "g",
    ]
    assert tool_names({"tools": [{"toolSpec": {"name": "h"}}]}) == ["h"]
    assert tool_names([{"functionDeclarations": [{"name": "i"}, {"name": "j"}]}, {"type": "web_search"}]) == [
        "i",
        "j",
        "web_search",
    ]
    assert tool_names(None) == []
    assert tool_names("x") is None


@given(JSON, JSON)
def test_any_shape_is_survived(messages, system):
    """No decoded JSON makes the split raise, and its parts keep their types."""
    split = split_messages(messages, system)
    assert split.turn >= 0
    assert split.prompt is None or isinstance(split.prompt, str)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ({"image": {"format": "png", "source": {"bytes": "QUJD"}}}, ""),
        ({"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://b/v"}}}}, ""),
        ({"toolUse": {"toolUseId": "t", "name": "f", "input": {"a": "b"}}}, ""),
        ({"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}}, ""),
        ({"cachePoint": {"type": "default"}}, ""),
        ({"document": {"name": "d", "format": "pdf", "source": {"bytes": "QUJD"}}}, ""),
        ({"document": {"name": "d", "format": "txt", "source": {"text": "words"}}}, "words"),
        ({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}}, "words"),
        ({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "QUJD"}}, ""),
        ({"functionCall": {"name": "f", "args": {"a": "b"}}}, ""),
        ({"fileData": {"mimeType": "image/png", "fileUri": "gs://b/i.png"}}, ""),
        ({"text": "hm", "thought": True}, ""),
        ({"toolResult": {"toolUseId": "t", "content": [{"json": {"image": "a cat", "n": 2}}]}}, "a cat"),
        ({"guardContent": {"text": {"text": "words"}}}, "words"),
    ],
    ids=str,
)
def test_parts_named_by_their_key_say_only_words(part: object, text: str) -> None:
    """Converse and Gemini name a part by its key: bytes, calls and thoughts in it are no text; documents may be."""
    assert text_of([part]) == text
