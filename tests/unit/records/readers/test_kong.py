"""Kong's log lines with an AI block become exchanges, whatever is in them."""

from copy import deepcopy
from typing import Any

import pytest
from gateway_records import load, outcomes, records, rows, spoiled
from hypothesis import given, settings

from stillwatch.records.outcome import OutOfScope, Quarantined
from stillwatch.records.readers import azure, kong, langfuse, otlp

READER = kong.READER
LINES = load("kong_log.jsonl")
OLDER, NEWER, PLAIN, SANITISED = LINES


def row_of(*values: dict[str, Any]) -> Any:
    """Return the one exchange of some lines."""
    (row,) = rows(outcomes(READER, records(values)))
    return row


def test_several_plugins_on_one_request_are_one_exchange():
    """The proxy tells the call; what a transformer used before it does not count, and payloads are read."""
    assert row_of(OLDER) == {
        "exchange_id": "kong:k-1",
        "account_id": "consumer-1",
        "api_key_id": "credential-1",
        "requested_at": 1795478764123000,
        "platform": "api",
        "model": "gpt-4o",
        "prompt": "Hello",
        "turn": 0,
        "thinking_signatures": [],
        "response": "Hi there",
        "tool_names": [],
        "n_choices": 1,
        "temperature": 0.9,
        "input_tokens": 28,
        "output_tokens": 20,
        "refused": False,
        "status": 200,
        "ip": "203.0.113.30",
        "user_agent": "OpenAI/Python 2.1",
    }


def test_the_newer_block_without_payloads():
    """prompt_tokens and prompt_token are one thing (T11); without payloads the content is null."""
    row = row_of(NEWER)
    assert (row["input_tokens"], row["output_tokens"], row["cached_tokens"], row["reasoning_tokens"]) == (14, 21, 4, 9)
    assert (row["platform"], "prompt" in row, "response" in row) == ("bedrock", False, False)


def test_lines_without_a_model_are_out_of_scope():
    """Other routes, and plugins that call no model, are no exchanges; embeddings generate nothing."""
    embedding = {**NEWER, "request": {**NEWER["request"], "uri": "/v1/embeddings?x=1"}}
    found = outcomes(READER, records([PLAIN, SANITISED, embedding]))
    assert [one.reason for one in found if isinstance(one, OutOfScope)] == [
        *("not-a-model-call", "not-a-model-call", "not-generation"),
    ]


def test_an_open_route_has_no_account():
    """Without an authenticated consumer the line is quarantined."""
    value = {name: held for name, held in NEWER.items() if name not in ("consumer", "authenticated_entity")}
    (outcome,) = outcomes(READER, records([value]))
    assert isinstance(outcome, Quarantined)
    assert outcome.reason == "no-account"


@pytest.mark.parametrize(
    ("consumer", "credential", "account"),
    [
        (None, {"id": "cred", "consumer_id": "c-9"}, "c-9"),
        ({"username": "u", "custom_id": "x"}, None, "x"),
        (None, {"id": "cred"}, "cred"),
    ],
)
def test_the_account_falls_back(consumer, credential, account):
    """The consumer stands before the credential, in each spelling of it."""
    assert row_of({**NEWER, "consumer": consumer, "authenticated_entity": credential})["account_id"] == account


def test_a_failed_request_has_no_response():
    """A 429 keeps the prompt and its status, and has no response."""
    value = deepcopy(OLDER)
    value["response"]["status"] = 429
    row = row_of(value)
    assert (row["status"], row["prompt"], "response" in row) == (429, "Hello", False)


def test_a_line_without_a_time_is_quarantined():
    """started_at of another type is no time."""
    (outcome,) = outcomes(READER, records([{**NEWER, "started_at": "yesterday"}]))
    assert outcome.reason == "no-time"


def test_a_line_without_a_request_id_is_named_by_its_place():
    """Two lines without an id stay two exchanges."""
    value = {**NEWER, "request": {"method": "POST", "uri": "/chat"}}
    first, second = rows(outcomes(READER, records([value, value])))
    assert first["exchange_id"] != second["exchange_id"]


def test_recognises_its_own_and_nothing_else():
    """The reader claims its lines and no others, and the others claim none of its lines."""
    others = (
        "otlp_dialects.jsonl",
        "langfuse_rows.jsonl",
        "azure_rows.jsonl",
        "litellm_standard_logging_payload.jsonl",
    )
    assert READER.recognises(LINES) == 1.0
    assert all(READER.recognises(load(name)) == 0.0 for name in others)
    assert all(reader.recognises(LINES) == 0.0 for reader in (otlp.READER, langfuse.READER, azure.READER))
    assert set(READER.mapping()) == READER.provides


@settings(deadline=None)
@given(spoiled(LINES))
def test_no_value_anywhere_crashes_the_reader(values):
    """Whatever JSON stands where, each line has exactly one outcome."""
    outcomes(READER, records(values))
    READER.recognises(values)
