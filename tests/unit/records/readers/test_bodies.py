"""Enveloped bodies of OpenAI-compatible and Anthropic APIs become exchanges, whole or streamed."""

import json
from copy import deepcopy
from typing import Any

import pytest
from gateway_records import load, outcomes, records, rows, spoiled
from hypothesis import given, settings

from stillwatch.errors import UsageError
from stillwatch.records.outcome import Quarantined
from stillwatch.records.readers import batch, bedrock, bodies, litellm, spend_logs

READER = bodies.READER
ENVELOPES = load("bodies.jsonl")
TOKENS = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")


def envelope(request: Any, response: Any = None, **changes: Any) -> dict[str, Any]:
    """Return an envelope around bodies."""
    return {"ts": "2026-11-24T00:00:00Z", "account_id": "a", "request": request, "response": response, **changes}


def row_of(value: dict[str, Any]) -> Any:
    """Return the one exchange of one envelope."""
    (row,) = rows(outcomes(READER, records([value])))
    return row


def asked(**parameters: Any) -> dict[str, Any]:
    """Return a chat request."""
    return {"model": "m", "messages": [{"role": "user", "content": "hi"}], **parameters}


def test_a_chat_completion_fills_its_columns():
    """Several choices are one response; the caller's end user is kept as such and is not the account."""
    assert row_of(ENVELOPES[0]) == {
        "exchange_id": "traffic.jsonl:1",
        "account_id": "acct-1",
        "api_key_id": "key-1",
        "requested_at": 1795478401000000,
        "ip": "203.0.113.9",
        "user_agent": "OpenAI/Python 2.1",
        "platform": "api",
        "model": "m",
        "turn": 0,
        "system_prompt": "Be terse",
        "prompt": "Say hello",
        "response": "hello\n\nhi",
        "tool_names": [],
        "n_choices": 2,
        "temperature": 1.0,
        "max_tokens": 64,
        "input_tokens": 17,
        "cached_tokens": 5,
        "output_tokens": 12,
        "reasoning_tokens": 2,
        "status": 200,
        "refused": False,
        "end_user_id": "u-9f",
        "thinking_signatures": [],
    }


def test_an_anthropic_message_counts_its_cache_as_input():
    """input_tokens include what was read and written; tool results are new; signatures sent come first."""
    row = row_of(ENVELOPES[1])
    assert [row.get(name) for name in TOKENS] == [310, 200, 9, None]
    assert (row["system_prompt"], row["prompt"], row["response"]) == ("You grade essays", "7 of 10", "Seven.")
    assert (row["turn"], row["n_choices"], row["tool_names"]) == (1, 1, ["grade"])
    assert row["thinking_signatures"] == ["sig-sent", "sig-back"]
    assert (row["account_id"], row["end_user_id"]) == ("acct-2", "opaque-2")


def test_responses_are_chained_to_conversations():
    """A request that names its predecessor continues its conversation, whose first id names it."""
    first, second = rows(outcomes(READER, records(ENVELOPES[2:4])))
    assert (first["system_prompt"], first["prompt"], first["response"]) == ("Be exact", "What is 2+2?", "4")
    assert [first[name] for name in TOKENS] == [20, 8, 15, 10]
    assert first["thinking_signatures"] == ["enc-1"]
    assert (first["conversation_id"], first["turn"]) == ("resp_1", 0)
    assert (second["prompt"], second["conversation_id"], second["turn"]) == ("And 3+3?", "resp_1", 1)


def test_a_chain_never_joins_two_accounts():
    """Another account that names a response of this one starts a conversation whose turn is not known."""
    stranger = {**ENVELOPES[3], "account_id": "stranger"}
    _, row = rows(outcomes(READER, records([ENVELOPES[2], stranger])))
    assert row["turn"] is None


def test_a_chat_stream_is_put_together():
    """Chunks give the text, the usage of the last one the tokens."""
    row = row_of(ENVELOPES[4])
    assert (row["response"], row["input_tokens"], row["output_tokens"], row["status"]) == ("one two", 3, 2, 200)


def test_a_stream_as_server_sent_events_is_put_together():
    """The same stream as the text that went over the wire says the same."""
    text = "".join(f"data: {json.dumps(event)}\n\n" for event in ENVELOPES[4]["response"]) + "data: [DONE]\n\n"
    assert row_of({**ENVELOPES[4], "response": text}) == row_of(ENVELOPES[4])


def test_an_anthropic_stream_is_put_together():
    """T9: text, thinking signature, stop reason and usage come from their own events, also as event and data."""
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"id": "m1", "usage": {"input_tokens": 5, "cache_read_input_tokens": 2}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s1"}},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "I can"}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "not."}},
        {"type": "message_delta", "delta": {"stop_reason": "refusal"}, "usage": {"output_tokens": 8}},
        {"type": "message_stop"},
    ]
    row = row_of(envelope(asked(max_tokens=9), events))
    assert (row["response"], row["refused"], row["thinking_signatures"]) == ("I cannot.", True, ["s1"])
    assert [row.get(name) for name in TOKENS] == [7, 2, 8, None]
    pairs = [{"event": event["type"], "data": json.dumps(event)} for event in events]
    assert row_of(envelope(asked(max_tokens=9), pairs)) == row


def test_a_responses_stream_that_was_cut_gives_what_had_arrived():
    """Without a completed event the deltas are the answer."""
    events = [
        {"type": "response.created", "response": {"id": "r1", "status": "in_progress", "output": []}},
        {"type": "response.output_text.delta", "delta": "par"},
        {"type": "response.output_text.delta", "delta": "tial"},
    ]
    assert row_of(envelope({"model": "o", "input": "x"}, events))["response"] == "partial"


@pytest.mark.parametrize(
    "response",
    [
        {"choices": [{"finish_reason": "stop", "message": {"content": None, "refusal": "I will not."}}]},
        {"choices": [{"finish_reason": "content_filter", "message": {"content": ""}}]},
        {"type": "message", "content": [], "stop_reason": "refusal"},
        {"output": [{"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}]},
        {"error": {"code": "content_filter", "message": "filtered", "type": None}},
    ],
)
def test_every_vendors_refusal_is_one(response):
    """Refusals by the model and by its filter count alike."""
    assert row_of(envelope(asked(), response))["refused"] is True


@pytest.mark.parametrize(
    ("response", "noted", "status"),
    [
        ({"type": "error", "error": {"type": "overloaded_error"}}, None, 529),
        ({"error": {"type": "invalid_request_error", "code": None}}, None, 400),
        ({"error": {"message": "?", "type": "odd", "code": "odd"}}, None, 500),
        ({"error": {"message": "?"}}, 503, 503),
        ({"error": {"message": "?", "code": 404}}, 200, 404),
        ({"choices": [{"message": {"content": "kept from the caller"}}]}, 429, 429),
    ],
)
def test_a_failure_has_a_status_and_no_response(response, noted, status):
    """The envelope's status counts, unless the body is an error beside a success."""
    row = row_of(envelope(asked(), response, status=noted))
    assert row["status"] == status
    assert "response" not in row


def test_a_legacy_completion_is_read():
    """A prompt string, or a list of them, is the prompt; choices keep their text."""
    row = row_of(envelope({"model": "m", "prompt": ["One", "Two"], "n": 3}, {"choices": [{"text": "!"}]}))
    assert (row["prompt"], row["response"], row["n_choices"], row["turn"]) == ("One\n\nTwo", "!", 3, 0)


def test_a_prompt_or_answer_that_is_json_stays_text():
    """Text that looks like JSON is neither messages nor a body."""
    row = row_of(envelope({"model": "o", "input": '[{"role": "system", "content": "x"}]'}, '{"answer": 4}'))
    assert (row["prompt"], row["response"]) == ('[{"role": "system", "content": "x"}]', '{"answer": 4}')
    assert "system_prompt" not in row


def test_reasoning_counted_apart_is_added_to_the_output():
    """output_tokens include reasoning_tokens also where the upstream counts them apart."""
    usage = {"prompt_tokens": 1, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 100}}
    row = row_of(envelope(asked(), {"choices": [{"message": {"content": "x"}}], "usage": usage}))
    assert (row["output_tokens"], row["reasoning_tokens"]) == (105, 100)


def test_an_envelope_without_account_time_or_request_is_quarantined():
    """T4: the caller's user never stands in for a missing account."""
    nobody = envelope(asked(user="u", safety_identifier="u"), account_id=None)
    timeless = envelope(asked(), ts=None)
    empty = envelope("text")
    found = outcomes(READER, records([nobody, timeless, empty]))
    assert [o.reason for o in found if isinstance(o, Quarantined)] == ["no-account", "no-time", "no-request"]


def test_synonyms_of_the_envelope_are_read():
    """Our own column names serve as well, and a time without an offset is left to the run's time zone."""
    value = {"requested_at": "2026-11-24T00:00:00", "account": 7, "api_key_id": "k", "ip": "2001:db8::1", "id": "e1"}
    row = row_of({**value, "request": json.dumps(asked())})
    assert (row["account_id"], row["api_key_id"], row["ip"]) == ("7", "k", "2001:db8::1")
    assert (row["exchange_id"], row["requested_at"]) == ("traffic.jsonl:e1", "2026-11-24T00:00:00")
    assert "status" not in row


def test_one_response_id_in_two_envelopes_is_two_exchanges():
    """Servers let callers choose response ids, so those never fold exchanges together."""
    found = rows(outcomes(READER, records([ENVELOPES[0], ENVELOPES[0]])))
    assert len({row["exchange_id"] for row in found}) == 2


def test_only_envelopes_are_recognised():
    """Each reader takes its own records and none of another's; a gateway's HTTP record is no envelope."""
    assert READER.recognises(ENVELOPES) == 1.0
    assert READER.recognises([]) == 0.0
    kong = {"request": {"method": "POST", "uri": "/", "headers": {}, "input": 1}, "response": {}, "client_ip": "x"}
    assert READER.recognises([kong]) == 0.0
    for other in (litellm, spend_logs, batch, bedrock):
        assert other.READER.recognises(ENVELOPES) == 0.0


def test_each_provided_column_is_explained():
    """The capabilities and their explanations are the same set."""
    assert READER.mapping().keys() == READER.provides


@settings(max_examples=200, deadline=None)
@given(spoiled(deepcopy(ENVELOPES)))
def test_no_value_anywhere_crashes_the_reader(values):
    """Whatever JSON stands where, each envelope has exactly one outcome."""
    outcomes(READER, records(values))
    READER.recognises(values)


def test_an_envelope_may_call_the_account_by_another_name() -> None:
    """The user says which field it is; without that word the reason names the option."""
    value = {
        "created_at": 1772366400,
        "org": {"id": "o1"},
        "request": {"messages": [{"role": "user", "content": "hi"}]},
    }
    (told,) = outcomes(bodies.READER.with_account("org.id"), records([value]))
    assert told.row["account_id"] == "o1"
    (untold,) = outcomes(bodies.READER, records([value]))
    assert (untold.reason, "--account" in untold.detail) == ("no-account", True)
    with pytest.raises(UsageError, match="path"):
        bodies.READER.with_account("a..b")


def test_a_model_may_stand_in_the_envelope_alone() -> None:
    """Gemini names its model in the address, so that whoever writes the envelope has to."""
    request = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
    (row,) = rows(outcomes(READER, records([envelope(request, model="gemini-2.5-pro")])))
    assert (row["model"], row["prompt"]) == ("gemini-2.5-pro", "hi")


def test_a_stream_that_brought_nothing_is_no_answer() -> None:
    """The mark of a stream's end is not what the model said."""
    (row,) = rows(outcomes(READER, records([envelope({"messages": "hi"}, "data: [DONE]\n\n")])))
    assert row.get("response") is None
