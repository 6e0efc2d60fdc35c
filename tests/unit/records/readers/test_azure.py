"""Azure's gateway, language model and RequestResponse logs become exchanges, whatever is in them."""

import json
from itertools import permutations
from typing import Any

import pytest
from gateway_records import load, outcomes, records, rows, spoiled
from hypothesis import given, settings

from stillwatch.records.outcome import OutOfScope, Quarantined
from stillwatch.records.readers import azure, kong, langfuse, otlp
from stillwatch.records.readers.azure_rows import reassembled

READER = azure.READER
ROWS = load("azure_rows.jsonl")
GATEWAY, *PIECES, JOINED, OTHER, OPENAI, KEYED = ROWS


def row_of(*values: dict[str, Any]) -> Any:
    """Return the one exchange of some rows."""
    (row,) = rows(outcomes(READER, records(values)))
    return row


def test_a_gateway_row_with_bodies():
    """One gateway row with bodies has everything: address, client, account, content, parameters and tokens."""
    assert row_of(GATEWAY) == {
        "exchange_id": "azure:c-1",
        "account_id": "user-1",
        "api_key_id": "sub-1",
        "requested_at": 1779625382435000,
        "platform": "azure",
        "model": "gpt-chat",
        "system_prompt": "Sys",
        "prompt": "Ask",
        "turn": 0,
        "thinking_signatures": [],
        "response": "One\n\nTwo",
        "tool_names": [],
        "n_choices": 2,
        "temperature": 0.4,
        "max_tokens": 30,
        "input_tokens": 9,
        "output_tokens": 4,
        "cached_tokens": 2,
        "reasoning_tokens": 1,
        "refused": False,
        "status": 200,
        "ip": "203.0.113.20",
        "user_agent": "OpenAI/Python 2.1",
    }


@pytest.mark.parametrize("order", list(permutations([JOINED, *PIECES]))[::5])
def test_pieces_are_put_together_in_any_order(order):
    """Messages split over numbered rows are joined by number, whatever order the rows stand in (T8)."""
    row = row_of(*order)
    assert (row["system_prompt"], row["prompt"], row["response"]) == (
        "Sys",
        "The first half and the second half",
        "Done.",
    )
    assert (row["input_tokens"], row["output_tokens"], row["model"]) == (77, 8, "gpt-4o")
    assert (row["account_id"], row["ip"]) == ("sub-2", "203.0.113.21")


def test_a_missing_piece_leaves_the_rest():
    """Without the middle row the other pieces still make one exchange, and each row has its outcome."""
    rest = [piece for piece in PIECES if piece["SequenceNumber"] != 1]
    found = outcomes(READER, records([*rest, JOINED]))
    (row,) = rows(found)
    assert (row["prompt"], row["response"]) == ("The first half and", "Done.")
    assert [one.reason for one in found if isinstance(one, OutOfScope)] == ["joined-row"] * 2


def test_pieces_of_raw_text():
    """Pieces that are no JSON one by one are joined as text; with one missing there is no content."""
    whole = json.dumps([{"role": "user", "content": "a long question"}])
    pieces = [(2, whole[20:]), (0, whole[:9]), (1, whole[9:20])]
    assert reassembled(pieces) == [{"role": "user", "content": "a long question"}]
    assert reassembled(pieces[:2]) is None
    assert reassembled([]) is None


def test_a_model_log_without_its_gateway_row_has_no_account():
    """The call is quarantined once; its other pieces count as joined."""
    found = outcomes(READER, records(PIECES))
    assert [one.reason for one in found] == ["no-account", "joined-row", "joined-row"]
    assert isinstance(found[0], Quarantined)


def test_azure_openai_request_response():
    """Properties inside a string, .NET ticks and a negative duration are read; the masked address is left out (T8)."""
    assert row_of(OPENAI) == {
        "exchange_id": "azure:c-4",
        "account_id": "entra-4",
        "requested_at": 1715929481539415,
        "platform": "azure",
        "model": "gpt-35-turbo",
        "status": 200,
    }


def test_a_caller_with_a_key_has_no_account():
    """An empty objectId means a key: quarantined, with what to do about it."""
    (outcome,) = outcomes(READER, records([KEYED]))
    assert isinstance(outcome, Quarantined)
    assert (outcome.reason, "key" in outcome.detail) == ("no-account", True)


def test_a_row_of_the_older_table():
    """Columns with a type's suffix, as in AzureDiagnostics, give the same exchange."""
    value = {f"{name}_s": held for name, held in GATEWAY.items() if name not in ("properties", "durationMs")}
    value |= {f"{name}_s": held for name, held in GATEWAY["properties"].items()}
    assert row_of(value) == row_of(GATEWAY)


def test_a_failed_request_has_no_response():
    """A 429 keeps the prompt and its status, and has no response."""
    value = {**GATEWAY, "properties": {**GATEWAY["properties"], "responseCode": 429}}
    row = row_of(value)
    assert (row["status"], row["prompt"], "response" in row) == (429, "Ask", False)


def test_a_body_that_was_cut_off():
    """A body that the gateway cut at its limit leaves the content out, and the exchange stays."""
    cut = GATEWAY["properties"]["requestBody"][:40]
    row = row_of({**GATEWAY, "properties": {**GATEWAY["properties"], "requestBody": cut}})
    assert ("prompt" in row, row["response"]) == (False, "One\n\nTwo")


def test_other_rows_are_out_of_scope():
    """Other interfaces behind the gateway, embeddings, audits and second deliveries are no exchanges."""
    embeddings = {
        **GATEWAY,
        "correlationId": "c-9",
        "properties": {**GATEWAY["properties"], "url": "https://x/embeddings"},
    }
    audit = {
        "category": "Audit",
        "correlationId": "c-8",
        "resourceId": "/SUBSCRIPTIONS/S",
        "time": "2026-01-01T00:00:00Z",
    }
    listing = {**OPENAI, "operationName": "Models_List"}
    found = outcomes(READER, records([OTHER, embeddings, audit, listing, GATEWAY, GATEWAY]))
    assert sorted(one.reason for one in found if isinstance(one, OutOfScope)) == [
        *("delivered-twice", "not-a-model-call", "not-a-model-call", "not-generation", "not-generation"),
    ]


def test_what_is_held_is_bounded():
    """A request that waits longer than memory allows is settled with what is known."""
    session = azure.AzureSession(max_held_bytes=0)
    (record,) = records([GATEWAY])
    assert len(rows(session.feed(record))) == 1
    assert list(session.finish()) == []


def test_recognises_its_own_and_nothing_else():
    """The reader claims its rows and no others, and the others claim none of its rows."""
    others = ("otlp_dialects.jsonl", "langfuse_rows.jsonl", "kong_log.jsonl", "litellm_standard_logging_payload.jsonl")
    assert READER.recognises(ROWS) == 1.0
    assert all(READER.recognises(load(name)) == 0.0 for name in others)
    assert all(reader.recognises(ROWS) == 0.0 for reader in (otlp.READER, langfuse.READER, kong.READER))
    assert set(READER.mapping()) == READER.provides


@settings(deadline=None)
@given(spoiled(ROWS))
def test_no_value_anywhere_crashes_the_reader(values):
    """Whatever JSON stands where, each row has exactly one outcome."""
    outcomes(READER, records(values))
    READER.recognises(values)
