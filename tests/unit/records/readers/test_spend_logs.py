"""Rows of LiteLLM_SpendLogs become exchanges, with and without stored prompts."""

from copy import deepcopy
from typing import Any

from gateway_records import load, outcomes, records, rows, spoiled
from hypothesis import given, settings

from stillwatch.records.outcome import OutOfScope, Quarantined
from stillwatch.records.readers import batch, bedrock, bodies, litellm, spend_logs

READER = spend_logs.READER
TABLE = load("litellm_spend_logs.jsonl")


def changed(index: int, **changes: Any) -> dict[str, Any]:
    """Return a copy of a fixture row with changes."""
    return {**deepcopy(TABLE[index]), **changes}


def row_of(value: dict[str, Any]) -> Any:
    """Return the one exchange of one row."""
    (row,) = rows(outcomes(READER, records([value])))
    return row


def test_a_row_without_stored_prompts_has_no_content():
    """Empty objects for messages and response are no content, and say nothing about tools."""
    row = row_of(TABLE[0])
    assert not {"prompt", "response", "system_prompt", "tool_names", "n_choices", "refused"} & row.keys()
    assert (row["exchange_id"], row["account_id"], row["api_key_id"]) == ("litellm:chatcmpl-1", "acct-good", "0895aa")
    assert (row["requested_at"], row["status"], row["ip"]) == (1795476413646000, 200, "203.0.113.9")
    assert (row["input_tokens"], row["output_tokens"], row["end_user_id"]) == (10, 20, "end-user-7")


def test_a_stored_request_gives_parameters_and_messages():
    """JSON columns that are strings are read; proxy_server_request is what the client asked."""
    row = row_of(TABLE[1])
    assert (row["system_prompt"], row["prompt"], row["response"]) == ("Be terse", "Which colour has the sky?", "blue")
    assert (row["temperature"], row["max_tokens"], row["n_choices"], row["tool_names"]) == (0.3, 99, 1, ["look"])
    assert [row[name] for name in ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")] == [
        100,
        40,
        50,
        30,
    ]
    assert row["requested_at"] == 1795476420500000  # a time without an offset is UTC in this table
    assert row["exchange_id"] == "litellm:call-2"


def test_stored_messages_serve_where_the_request_is_not_stored():
    """Messages alone give the prompt, and leave parameters unknown."""
    row = row_of(changed(0, messages=[{"role": "user", "content": "hello"}]))
    assert row["prompt"] == "hello"
    assert not {"tool_names", "n_choices"} & row.keys()


def test_redacted_messages_are_no_content():
    """The gateway's placeholder is no prompt in this table either."""
    row = row_of(changed(0, messages=[{"role": "user", "content": "redacted-by-litellm"}]))
    assert "prompt" not in row


def test_the_most_specific_agent_tag_counts():
    """Of 'OpenAI' and 'OpenAI/Python 2.1' the second is the user agent; other tags are none."""
    assert row_of(TABLE[0])["user_agent"] == "OpenAI/Python 2.1"
    assert row_of(TABLE[1])["user_agent"] == "curl/8.7.1"
    assert row_of(changed(0, request_tags=["t1", "User-Agent: ", 7]))["user_agent"] is None


def test_a_failure_has_its_status_and_the_key_as_account():
    """T6: a failed row is an attempt; a key without a user is its own account."""
    row = row_of(TABLE[2])
    assert (row["status"], row["account_id"]) == (429, "key:0895aa")
    assert not {"response", "input_tokens"} & row.keys()


def test_attempts_of_one_call_share_an_exchange():
    """T10: a failed row and the answer of the same call have one exchange_id, further attempts none."""
    found = outcomes(
        READER, records([TABLE[2], changed(2, request_id="call-3b"), changed(1, litellm_call_id="call-3")])
    )
    assert [row["exchange_id"] for row in rows(found)] == ["litellm:call-3", "litellm:call-3"]
    assert [outcome.reason for outcome in found if isinstance(outcome, OutOfScope)] == ["retried-attempt"]


def test_the_calls_own_id_is_no_conversation():
    """A session_id that the gateway filled with the request's id groups nothing."""
    assert row_of(TABLE[0])["conversation_id"] == "5f0c"
    assert row_of(changed(0, session_id="chatcmpl-1"))["conversation_id"] is None


def test_rows_without_account_or_time_are_quarantined():
    """What makes a row useless is said by a reason."""
    nobody = changed(0, user="", api_key="", metadata={})
    timeless = changed(0, startTime="soon")
    found = outcomes(READER, records([nobody, timeless]))
    assert [outcome.reason for outcome in found if isinstance(outcome, Quarantined)] == ["no-account", "no-time"]


def test_only_rows_of_the_table_are_recognised():
    """Each reader takes its own records and none of another's."""
    assert READER.recognises(TABLE) == 1.0
    assert READER.recognises([]) == 0.0
    for other in (litellm, bodies, batch, bedrock):
        assert other.READER.recognises(TABLE) == 0.0


def test_each_provided_column_is_explained():
    """The capabilities and their explanations are the same set."""
    assert READER.mapping().keys() == READER.provides


@settings(max_examples=150, deadline=None)
@given(spoiled(TABLE))
def test_no_value_anywhere_crashes_the_reader(values):
    """Whatever JSON stands where, each row has exactly one outcome."""
    outcomes(READER, records(values))
    READER.recognises(values)
