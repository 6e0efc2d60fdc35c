"""Bedrock invocation logs become exchanges, joined with CloudTrail."""

import json
from copy import deepcopy
from typing import Any

import pytest
from gateway_records import load, outcomes, records, rows, spoiled
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.records.outcome import OutOfScope, Quarantined, Used
from stillwatch.records.readers import batch, bedrock, bodies, litellm, spend_logs

READER = bedrock.READER
LOGS = load("bedrock_invocations.jsonl")
EVENTS = load("cloudtrail_events.jsonl")


def row_of(value: dict[str, Any]) -> Any:
    """Return the one exchange of one invocation."""
    (row,) = rows(outcomes(READER, records([value])))
    return row


def test_a_streamed_invocation_fills_its_columns():
    """T9: the events of a stream are one response; the AWS account pays, and its role is the key."""
    assert row_of(LOGS[0]) == {
        "exchange_id": "bedrock:req-1",
        "account_id": "111111111111",
        "api_key_id": "arn:aws:sts::111111111111:assumed-role/app",
        "requested_at": 1795489201000000,
        "model": "anthropic.claude-3-haiku-20240307-v1:0",
        "platform": "bedrock",
        "turn": 0,
        "system_prompt": "Be terse",
        "prompt": "Why is the sky blue?",
        "response": "Rayleigh scattering.",
        "tool_names": [],
        "n_choices": 1,
        "temperature": 1.0,
        "max_tokens": 2000,
        "input_tokens": 11,
        "output_tokens": 21,
        "status": 200,
        "refused": False,
        "thinking_signatures": [],
    }


@pytest.mark.parametrize(
    ("index", "prompt", "response", "max_tokens"),
    [
        (1, "Hello", "Hello there", 300),
        (2, "User: Hello", "Hi!", 512),
        (3, "Capital of Sudan?", "Khartoum.", 2048),
        (4, "<s>[INST] Hi [/INST]", "Bonjour", 200),
        (5, "A joke", "No.", 256),
    ],
)
def test_every_vendors_body_is_read(index, prompt, response, max_tokens):
    """Converse and Nova, Titan, Llama, Mistral and Cohere bodies give prompt, response and limit."""
    row = row_of(LOGS[index])
    assert (row["prompt"], row["response"], row["max_tokens"]) == (prompt, response, max_tokens)
    assert (row["input_tokens"], row["output_tokens"]) == (11 + index, 21 + index)


def test_converse_and_cohere_keep_their_own_places():
    """Converse keeps tools in toolConfig and its model in an ARN; Cohere keeps a preamble and a history."""
    converse, cohere = row_of(LOGS[1]), row_of(LOGS[5])
    assert (converse["tool_names"], converse["system_prompt"]) == (["weather"], "Be kind")
    assert (converse["model"], converse["temperature"]) == ("us.amazon.nova-lite-v1:0", 0.2)
    assert (cohere["system_prompt"], cohere["turn"]) == ("Be funny", 1)


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([{"outputText": "a", "index": 0}, {"outputText": "b", "completionReason": "FINISH"}], "ab"),
        ([{"generation": "a"}, {"generation": "b", "stop_reason": "stop"}], "ab"),
        ([{"outputs": [{"text": "a"}]}, {"outputs": [{"text": "b", "stop_reason": "stop"}]}], "ab"),
        ([{"event_type": "text-generation", "text": "ab"}, {"is_finished": True, "text": "ab"}], "ab"),
        (
            [
                {"messageStart": {"role": "assistant"}},
                {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "a"}}},
                {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "b"}}},
                {"messageStop": {"stopReason": "end_turn"}},
                {"metadata": {"usage": {"inputTokens": 1, "outputTokens": 2}}},
            ],
            "ab",
        ),
    ],
)
def test_every_vendors_stream_is_put_together(events, text):
    """T9: Titan, Llama, Mistral, Cohere and ConverseStream chunks are one response."""
    value = deepcopy(LOGS[3])
    value["output"]["outputBodyJson"] = events
    assert row_of(value)["response"] == text


def test_failures_and_undelivered_text_have_no_content():
    """T9: a failure lacks both bodies; with text delivery off a success keeps its token counts."""
    failed, silent = row_of(LOGS[6]), row_of(LOGS[7])
    assert failed["status"] == 429
    assert not {"prompt", "response", "tool_names", "input_tokens"} & failed.keys()
    assert (silent["status"], silent["input_tokens"], silent["output_tokens"]) == (200, 18, 28)
    assert not {"prompt", "response", "tool_names", "n_choices"} & silent.keys()


def test_cached_tokens_are_part_of_the_input():
    """InputTokenCount leaves the cache out; input_tokens do not."""
    value = deepcopy(LOGS[0])
    value["input"] |= {"inputTokenCount": 10, "cacheReadInputTokenCount": 100, "cacheWriteInputTokenCount": 5}
    row = row_of(value)
    assert (row["input_tokens"], row["cached_tokens"]) == (115, 100)


def test_nothing_a_caller_wrote_is_an_identity():
    """T4: requestMetadata, a session's name and a prompt that spells a record change no identity."""
    value = deepcopy(LOGS[0])
    spelt = '"accountId":"222222222222","identity":{"arn":"arn:forged"},"inputTokenCount":1'
    value["input"]["inputBodyJson"]["messages"][0]["content"] = spelt
    value["input"]["inputBodyJson"]["metadata"] = {"user_id": "forged"}
    value["identity"]["arn"] = "arn:aws:sts::111111111111:assumed-role/app/another-name"
    row = row_of(value)
    same = ("account_id", "api_key_id", "input_tokens")
    assert [row[name] for name in same] == [row_of(LOGS[0])[name] for name in same]
    assert (row["prompt"], row.get("end_user_id")) == (spelt, None)


@pytest.mark.parametrize("is_reversed", [False, True])
def test_cloudtrail_gives_address_and_agent_whichever_comes_first(is_reversed):
    """The join is on the request's id; an AWS service is no address and no agent."""
    fed = [*records(LOGS[:3], "logs.json"), *records(EVENTS, "trail.json")]
    found = outcomes(READER, fed[::-1] if is_reversed else fed)
    seen = {row["exchange_id"]: (row.get("ip"), row.get("user_agent")) for row in rows(found)}
    assert seen == {
        "bedrock:req-1": ("198.51.100.7", "Boto3/1.40"),
        "bedrock:req-2": (None, None),
        "bedrock:req-3": (None, None),
    }
    reasons = sorted(outcome.reason for outcome in found if isinstance(outcome, OutOfScope))
    assert reasons == ["joined", "joined", "no-invocation-log", "not-an-invocation"]


def test_what_waits_is_bounded():
    """Beyond the bounds the oldest invocation goes on without address, and the oldest event out of scope."""
    session = bedrock.BedrockSession(max_held_bytes=1, max_held_events=1)
    fed = records([LOGS[0], EVENTS[0], EVENTS[1], LOGS[1]])
    found = outcomes(READER, fed, session)
    assert [type(outcome) for outcome in found] == [Used, OutOfScope, Used, OutOfScope]
    assert [row.get("user_agent") for row in rows(found)] == [None, None]


def test_events_and_logs_delivered_twice_stay_one_exchange():
    """A second event is out of scope; a second log of a request has the same exchange_id."""
    found = outcomes(READER, records([EVENTS[0], EVENTS[0], LOGS[1], LOGS[1]]))
    assert len({row["exchange_id"] for row in rows(found)}) == 1
    assert "delivered-twice" in [outcome.reason for outcome in found if isinstance(outcome, OutOfScope)]


def test_embeddings_are_no_exchange():
    """A model that generates no text is out of scope."""
    (outcome,) = outcomes(READER, records([LOGS[8]]))
    assert isinstance(outcome, OutOfScope)


def test_a_log_wrapped_by_cloudwatch_is_the_log():
    """CloudWatch keeps the record as a string in message."""
    wrapped = {"timestamp": 1795489201000, "message": json.dumps(LOGS[0])}
    assert READER.recognises([wrapped]) == 1.0
    assert row_of(wrapped) == row_of(LOGS[0])


def test_useless_records_are_quarantined():
    """Without account, time or id there is no exchange."""
    spoilt = [{**LOGS[0], "accountId": None}, {**LOGS[0], "timestamp": "x"}, {**LOGS[0], "requestId": None}, {"a": 1}]
    found = outcomes(READER, records(spoilt))
    reasons = [outcome.reason for outcome in found if isinstance(outcome, Quarantined)]
    assert reasons == ["no-account", "no-time", "no-id", "unknown-record"]


def test_only_bedrock_and_cloudtrail_are_recognised():
    """Each reader takes its own records and none of another's."""
    assert READER.recognises([*LOGS, *EVENTS]) == 1.0
    assert READER.recognises([]) == 0.0
    for other in (litellm, spend_logs, bodies, batch):
        assert other.READER.recognises([*LOGS, *EVENTS]) == 0.0


def test_each_provided_column_is_explained():
    """The capabilities and their explanations are the same set."""
    assert READER.mapping().keys() == READER.provides


@settings(max_examples=200, deadline=None)
@given(spoiled([*LOGS, *EVENTS]), st.randoms())
def test_no_value_anywhere_crashes_the_reader(values, random):
    """Whatever JSON stands where, in whatever order, each record has exactly one outcome."""
    random.shuffle(values)
    outcomes(READER, records(values))
    READER.recognises(values)
