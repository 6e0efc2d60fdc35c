"""Langfuse rows of every export become exchanges, whatever is in them."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from gateway_records import load, outcomes, records, rows, spoiled
from hypothesis import given, settings

from stillwatch.records.outcome import OutOfScope, Quarantined
from stillwatch.records.readers import azure, kong, langfuse, otlp

READER = langfuse.READER
ROWS = load("langfuse_rows.jsonl")
TRACE, LEGACY, SPAN, ENRICHED, API = range(5)


def row_of(*values: dict[str, Any]) -> Any:
    """Return the one exchange of some rows."""
    (row,) = rows(outcomes(READER, records(values)))
    return row


def test_a_legacy_observation_joins_its_trace():
    """User and session come from the trace's row, and the parts of the usage add up."""
    assert row_of(ROWS[TRACE], ROWS[LEGACY]) == {
        "exchange_id": "langfuse:tr-1:obs-1",
        "account_id": "proj-1",
        "requested_at": 1780062380100000,
        "model": "gpt-4o",
        "platform": "api",
        "conversation_id": "sess-1",
        "end_user_id": "app-user-1",
        "system_prompt": "Be brief.",
        "prompt": "Name a prime.",
        "turn": 0,
        "thinking_signatures": [],
        "response": "Seven.",
        "n_choices": 1,
        "temperature": 0.7,
        "max_tokens": 50,
        "input_tokens": 50,
        "output_tokens": 10,
        "cached_tokens": 30,
        "reasoning_tokens": 6,
    }


def test_the_trace_may_come_later():
    """The order of rows and files changes nothing."""
    assert row_of(ROWS[LEGACY], ROWS[TRACE]) == row_of(ROWS[TRACE], ROWS[LEGACY])


def test_a_missing_trace_costs_only_its_columns():
    """An observation whose trace never comes is an exchange without session."""
    row = row_of(ROWS[LEGACY])
    assert (row["prompt"], "conversation_id" in row) == ("Name a prime.", False)


def test_an_enriched_row_without_content():
    """With input and output left out the content is null, and LiteLLM's verified user is the account."""
    row = row_of(ROWS[ENRICHED])
    assert (row["account_id"], row["api_key_id"], row["end_user_id"]) == ("acct-7", "hash-7", "app-user-2")
    assert ("prompt" in row, "response" in row, row["tool_names"]) == (False, False, ["lookup"])
    assert (row["input_tokens"], row["output_tokens"]) == (5, 6)


def test_an_api_row_that_failed():
    """CamelCase names are read; an error has a status of failure and no response."""
    row = row_of(ROWS[API])
    assert (row["account_id"], row["prompt"], row["max_tokens"], row["tool_names"]) == ("proj-3", "Hi", 9, ["f"])
    assert (row["status"], "response" in row) == (500, False)


def test_user_id_is_never_an_account():
    """Without a project the row is quarantined, whatever user it names (T4)."""
    value = {name: held for name, held in ROWS[ENRICHED].items() if not name.startswith(("project", "metadata"))}
    (outcome,) = outcomes(READER, records([value]))
    assert isinstance(outcome, Quarantined)
    assert outcome.reason == "no-account"


def test_a_plain_count_that_includes_the_cached_part():
    """Where the total shows that the plain counts are whole, the parts are not added again."""
    value = {**ROWS[ENRICHED], "usage_details": {"input": 50, "input_cached_tokens": 30, "output": 10, "total": 60}}
    row = row_of(value)
    assert (row["input_tokens"], row["output_tokens"], row["cached_tokens"]) == (50, 10, 30)


def test_rows_from_parquet():
    """Maps come as pairs and times as datetimes there, with the same exchange."""
    value = deepcopy(ROWS[ENRICHED])
    value["usage_details"] = [("input", 5), ("output", 6), ("total", 11)]
    value["start_time"] = datetime(2026, 5, 29, 14, tzinfo=UTC)
    assert row_of(value) == row_of(ROWS[ENRICHED])


def test_rows_from_csv():
    """In CSV every nested column is a string of JSON and missing ones are empty."""
    value = {name: json.dumps(held) if isinstance(held, dict | list) else held for name, held in ROWS[LEGACY].items()}
    value["user_id"] = value["session_id"] = ""
    whole = row_of(ROWS[LEGACY])
    assert row_of(value) == whole


def test_a_whole_trace_of_the_api():
    """A trace with its observations inside is as many units as it has observations."""
    trace = {**ROWS[TRACE], "observations": [{**ROWS[API], "projectId": None}, ROWS[SPAN]]}
    session = READER.session()
    found = [*session.feed(records([trace])[0]), *session.finish()]
    (row,) = rows(found)
    assert (row["account_id"], len(found)) == ("proj-1", 2)


def test_other_observations_are_out_of_scope():
    """Spans, traces and scores are no exchanges; embeddings generate nothing."""
    score = {"id": "s", "trace_id": "tr-1", "name": "quality", "value": 1, "data_type": "NUMERIC"}
    embedding = {**ROWS[LEGACY], "type": "EMBEDDING"}
    found = outcomes(READER, records([ROWS[SPAN], ROWS[TRACE], score, embedding]))
    assert [one.reason for one in found if isinstance(one, OutOfScope)] == [
        *("not-a-model-call", "joined-row", "not-a-model-call", "not-generation"),
    ]


def test_what_waits_is_bounded():
    """An observation that waits longer than memory allows becomes an exchange without its trace."""
    session = langfuse.LangfuseSession(max_held_bytes=0)
    (record,) = records([ROWS[LEGACY]])
    assert len(rows(session.feed(record))) == 1
    assert list(session.finish()) == []


def test_recognises_its_own_and_nothing_else():
    """The reader claims its rows and no others, and the others claim none of its rows."""
    others = ("otlp_dialects.jsonl", "azure_rows.jsonl", "kong_log.jsonl", "litellm_standard_logging_payload.jsonl")
    assert READER.recognises(ROWS) == 1.0
    assert all(READER.recognises(load(name)) == 0.0 for name in others)
    assert all(reader.recognises(ROWS) == 0.0 for reader in (otlp.READER, azure.READER, kong.READER))
    assert set(READER.mapping()) == READER.provides


@settings(deadline=None)
@given(spoiled(ROWS))
def test_no_value_anywhere_crashes_the_reader(values):
    """Whatever JSON stands where, each row has exactly one outcome."""
    outcomes(READER, records(values))
    READER.recognises(values)


def test_the_account_is_what_the_user_says_wherever_the_trace_has_it():
    """--account user_id finds the user on the observation, on its trace, or nowhere; metadata's parts are paths."""
    observation = {
        "id": "o1",
        "trace_id": "t1",
        "project_id": "p",
        "type": "GENERATION",
        "start_time": "2026-03-01 12:00:00",
        "input": "hi",
        "output": "ho",
        "metadata": '{"customer": "c1"}',
    }
    trace = {"id": "t1", "timestamp": "2026-03-01 12:00:00", "session_id": "s", "user_id": "u1", "public": False}
    by_user = langfuse.READER.with_account("user_id")
    assert [row["account_id"] for row in rows(outcomes(by_user, records([observation, trace])))] == ["u1"]
    assert [row["account_id"] for row in rows(outcomes(by_user, records([{**observation, "user_id": "u2"}])))] == ["u2"]
    (missed,) = outcomes(by_user, records([observation]))
    assert missed.reason == "no-account"
    by_part = langfuse.READER.with_account("metadata.customer")
    assert [row["account_id"] for row in rows(outcomes(by_part, records([observation, trace])))] == ["c1"]
    assert by_part.mapping()["account_id"] == "metadata.customer, as --account says"
