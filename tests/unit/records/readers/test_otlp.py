"""OTLP traces and logs become exchanges in every dialect of GenAI telemetry, whatever is in them."""

import json
from collections import Counter
from copy import deepcopy
from typing import Any

from gateway_records import load, records, rows, spoiled
from hypothesis import HealthCheck, given, settings

from stillwatch.records.outcome import OutOfScope, Quarantined, Record, Used
from stillwatch.records.readers import azure, kong, langfuse, litellm, otlp
from stillwatch.records.readers.otlp_attributes import indexed, plain
from stillwatch.records.readers.otlp_units import units_of

READER = otlp.READER
LITELLM = load("otlp_litellm_v2_trace.jsonl")
DIALECTS = load("otlp_dialects.jsonl")
LOGS = load("otlp_logs.jsonl")
HASH = "089579a34e5af61cf999b68fc5568d6b16263dd506763fc38af39a3c8fde5ca4"
D1, D2, D3, D4, D5, OPENROUTER = range(6)


def outcomes(values: list[dict[str, Any]], session: Any = None) -> list[Any]:
    """Return all outcomes of a pass, having checked that each span and log record has exactly one."""
    session = session or READER.session()
    fed = records(values)
    found = [outcome for record in fed for outcome in session.feed(record)]
    found += session.finish()
    expected = Counter({record.place.line: sum(1 for _ in units_of(record)) for record in fed})
    assert Counter(outcome.place.line for outcome in found) == expected
    for outcome in found:
        if isinstance(outcome, Used):
            assert outcome.row.keys() <= READER.provides
            assert outcome.row["account_id"]
    return found


def row_of(*values: dict[str, Any]) -> Any:
    """Return the one exchange of some lines."""
    (row,) = rows(outcomes(list(values)))
    return row


def spans_of(line: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the spans of a line's first scope."""
    return line["resourceSpans"][0]["scopeSpans"][0]["spans"]


def attribute(name: str, value: Any) -> dict[str, Any]:
    """Return one attribute with a text."""
    return {"key": name, "value": {"stringValue": value}}


def without(span: dict[str, Any], *names: str) -> None:
    """Take attributes off a span."""
    span["attributes"] = [one for one in span["attributes"] if one["key"] not in names]


def test_litellm_v2_trace():
    """A recorded LiteLLM trace of ten spans is one exchange, with the n that no attribute tells (T7)."""
    found = outcomes(LITELLM)
    (row,) = rows(found)
    assert row == {
        "exchange_id": "litellm:7a66d3f5-7c4c-4546-acf9-76b248ac86b4",
        "account_id": "acct-good",
        "api_key_id": HASH,
        "requested_at": 1795478764156131,
        "model": "mock-gpt",
        "platform": "api",
        "turn": 0,
        "prompt": "hello",
        "response": "canned\n\ncanned",
        "n_choices": 2,
        "temperature": 0.7,
        "max_tokens": 16,
        "input_tokens": 10,
        "output_tokens": 20,
        "status": 200,
        "end_user_id": "end-user-7",
        "thinking_signatures": [],
    }
    assert Counter(outcome.reason for outcome in found if isinstance(outcome, OutOfScope)) == {"not-a-model-call": 9}


def test_message_events_on_the_span():
    """Up to 1.36 each message is an event: the tool's result is new, the assistant's call before it is a turn."""
    row = row_of(DIALECTS[D1])
    assert (row["system_prompt"], row["prompt"], row["turn"]) == ("You are terse.", "rainy, 57 F", 1)
    assert (row["response"], row["platform"], row["account_id"]) == ("It rains.", "azure", "tenant-1")
    assert (row["n_choices"], row["input_tokens"], row["output_tokens"]) == (1, 52, 7)


def test_user_id_is_never_an_account():
    """A caller's user.id is kept as disclosed; without an operator's attribute the call is quarantined (T4)."""
    assert row_of(DIALECTS[D1])["end_user_id"] == "caller-says"
    line = deepcopy(DIALECTS[D1])
    line["resourceSpans"][0]["resource"]["attributes"] = [attribute("service.name", "assistant")]
    (outcome,) = outcomes([line])
    assert isinstance(outcome, Quarantined)
    assert outcome.reason == "no-account"
    assert "--account" in outcome.detail
    told = otlp.READER.with_account("user.id")
    (used,) = outcomes([line], told.session())
    assert used.row["account_id"] == "caller-says"
    assert told.mapping()["account_id"] == "user.id, as --account says"


def test_a_told_attribute_is_looked_for_around_the_call_and_within_json():
    """The user's attribute may stand on the resource, on a span around the call, or inside an attribute of JSON."""
    line = deepcopy(DIALECTS[D1])
    line["resourceSpans"][0]["resource"]["attributes"] = [attribute("metadata", '{"customer": {"id": "c1"}}')]
    (used,) = outcomes([line], otlp.READER.with_account("metadata.customer.id").session())
    assert used.row["account_id"] == "c1"
    (missed,) = outcomes([line], otlp.READER.with_account("metadata.other").session())
    assert missed.reason == "no-account"


def test_message_lists_with_parts():
    """From 1.37 on messages are lists with parts; the HTTP server span around gives address, client and account."""
    row = row_of(DIALECTS[D2])
    assert (row["system_prompt"], row["prompt"], row["turn"], row["response"]) == ("Be kind.", "Prove it.", 1, "QED")
    assert (row["ip"], row["user_agent"], row["status"]) == ("203.0.113.7", "anthropic-python/0.40", 200)
    assert (row["account_id"], row["platform"], row["conversation_id"]) == ("tenant-2", "bedrock", "conv-5")
    assert (row["tool_names"], row["cached_tokens"], row["n_choices"]) == (["search"], 8, 1)


def test_the_server_span_may_stand_in_a_later_line():
    """The order of spans over lines and files changes nothing."""
    call, server = spans_of(DIALECTS[D2])
    lines = []
    for span in (call, server):
        line = deepcopy(DIALECTS[D2])
        line["resourceSpans"][0]["scopeSpans"][0]["spans"] = [span]
        lines.append(line)
    assert row_of(*lines) == row_of(*reversed(lines)) == row_of(DIALECTS[D2])


def test_renamed_attributes_and_agent_spans():
    """The renamed token attributes are read; agents and tools around calls are no exchanges."""
    found = outcomes([DIALECTS[D3]])
    (row,) = rows(found)
    assert (row["input_tokens"], row["cached_tokens"], row["reasoning_tokens"]) == (100, 60, 70)
    assert (row["account_id"], "prompt" in row, "response" in row) == ("org-3", False, False)
    assert [one.reason for one in found if isinstance(one, OutOfScope)] == ["agent-step", "agent-step"]


def test_openllmetry():
    """Dotted keys with numbers are a list in the order of the numbers, not of the letters."""
    found = outcomes([DIALECTS[D4]])
    (row,) = rows(found)
    assert (row["system_prompt"], row["prompt"], row["turn"], row["response"]) == ("Sys", "Third", 1, "Fourth")
    assert (row["tool_names"], row["conversation_id"], row["n_choices"]) == (["lookup"], "sess-4", 1)
    assert (row["input_tokens"], row["output_tokens"], row["account_id"]) == (20, 4, "acct-4")


def test_openinference():
    """OpenInference's span kinds, wrapped messages and invocation parameters are read."""
    row = row_of(DIALECTS[D5])
    assert (row["system_prompt"], row["prompt"], row["response"]) == ("S", "Look", "A\n\nB")
    assert (row["temperature"], row["max_tokens"], row["n_choices"]) == (0.3, 64, 2)
    assert (row["tool_names"], row["platform"], row["account_id"]) == (["zoom"], "azure", "tenant-5")
    assert (row["input_tokens"], row["output_tokens"], row["cached_tokens"], row["reasoning_tokens"]) == (12, 3, 2, 1)


def test_openrouter_broadcast():
    """OpenRouter's account is the key's name, never the caller's user.id; its attempts are no exchanges."""
    row = row_of(DIALECTS[OPENROUTER])
    assert (row["account_id"], row["end_user_id"]) == ("key:prod-key", "claimed")
    assert (row["platform"], row["prompt"], row["response"]) == ("aggregator:openrouter", "Why?", "Because.")
    assert (row["conversation_id"], row["cached_tokens"]) == ("sess-7", 1)


def test_openrouter_connection_test():
    """A test delivery without spans is out of scope, not an error."""
    (outcome,) = outcomes([{"resourceSpans": []}])
    assert outcome.reason == "empty-container"


def test_messages_in_logs_join_their_span():
    """Message events as log records join their span, ordered by their times and not by their files."""
    line = deepcopy(DIALECTS[D1])
    (span,) = spans_of(line)
    span |= {"traceId": "8" * 32, "spanId": "d" * 16, "events": []}
    for values in ([line, LOGS[0]], [LOGS[0], line]):
        found = outcomes(values)
        (row,) = rows(found)
        assert (row["system_prompt"], row["prompt"], row["response"]) == ("Answer.", "What is it?", "Forty-two.")
        assert [one.reason for one in found if isinstance(one, OutOfScope)] == ["joined-event"] * 3


def test_messages_in_logs_without_their_span_are_quarantined():
    """Messages whose span is missing cannot be an exchange, and are not dropped in silence."""
    assert [outcome.reason for outcome in outcomes([LOGS[0]])] == ["no-span"] * 3


def test_operation_details_stand_for_a_missing_span():
    """The details event is the exchange where the span was not kept, with structured messages."""
    found = outcomes([LOGS[1]])
    (row,) = rows(found)
    assert (row["prompt"], row["response"], row["account_id"]) == ("Structured?", "Yes.", "tenant-9")
    assert [one.reason for one in found if isinstance(one, OutOfScope)] == ["not-a-model-call"]


def test_operation_details_join_their_span():
    """Span and details event of one call are one exchange; the event gives what the span leaves out."""
    line = deepcopy(DIALECTS[D3])
    spans_of(line)[0] |= {"traceId": "9" * 32, "spanId": "e" * 16}
    row = row_of(LOGS[1], line)
    assert (row["prompt"], row["input_tokens"], row["account_id"]) == ("Structured?", 100, "org-3")


def test_a_call_seen_by_proxy_and_sdk_counts_once():
    """The outer span of one call is the exchange; what only the inner one knows is filled in."""
    line = deepcopy(DIALECTS[D2])
    call, server = spans_of(line)
    inner = deepcopy(call) | {"spanId": "f" * 16, "parentSpanId": call["spanId"]}
    without(call, "gen_ai.input.messages")
    spans_of(line)[:] = [inner, server, call]
    found = outcomes([line])
    (row,) = rows(found)
    assert row["exchange_id"] == f"otlp:{call['traceId']}:{call['spanId']}"
    assert row["prompt"] == "Prove it."
    assert Counter(one.reason for one in found if isinstance(one, OutOfScope)) == {
        "wrapped-call": 1,
        "not-a-model-call": 1,
    }


def test_another_call_inside_a_call_counts():
    """A gateway's own question to another model inside a call has another answer id and is an exchange."""
    line = deepcopy(DIALECTS[D2])
    call, _ = spans_of(line)
    inner = deepcopy(call) | {"spanId": "f" * 16, "parentSpanId": call["spanId"]}
    without(inner, "gen_ai.response.id")
    inner["attributes"].append(attribute("gen_ai.response.id", "msg_other"))
    spans_of(line).append(inner)
    assert len(rows(outcomes([line]))) == 2


def test_attempts_of_one_call_are_one_exchange():
    """Two failed attempts and an answer under one call id share one exchange id; later failures are attempts (T10)."""
    line = deepcopy(LITELLM[0])
    spans = line["resourceSpans"][0]["scopeSpans"][1]["spans"]
    call = spans[-1]
    for number in (1, 2):
        failed = deepcopy(call) | {"spanId": f"{number}" * 16, "status": {"code": 2}}
        failed["startTimeUnixNano"] = str(int(call["startTimeUnixNano"]) - 10**9 * (3 - number))
        without(failed, "gen_ai.response.id", "gen_ai.output.messages")
        spans.append(failed)
    found = outcomes([line])
    first, last = rows(found)
    assert first["exchange_id"] == last["exchange_id"]
    assert (first["status"], "response" in first, last["status"]) == (500, False, 200)
    assert Counter(one.reason for one in found if isinstance(one, OutOfScope))["retried-attempt"] == 1


def test_a_failure_has_its_status_and_no_response():
    """A span with an error keeps its prompt, loses its response and takes the status from error.type."""
    line = deepcopy(DIALECTS[D2])
    call, _ = spans_of(line)
    call["status"] = {"code": "STATUS_CODE_ERROR"}
    call["attributes"].append(attribute("error.type", "429"))
    row = row_of(line)
    assert (row["status"], row["prompt"], "response" in row) == (429, "Prove it.", False)


def test_snake_case_and_plain_integers_are_read():
    """Older exporters' key names and integers that are no strings give the same exchange (T7)."""
    text = json.dumps(DIALECTS[D2])
    for name in ("resourceSpans", "scopeSpans", "traceId", "spanId", "parentSpanId", "startTimeUnixNano"):
        snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
        text = text.replace(f'"{name}"', f'"{snake}"')
    value = json.loads(text.replace('"stringValue"', '"string_value"').replace('"intValue": "31"', '"int_value": 31'))
    assert row_of(value) == row_of(DIALECTS[D2])


def test_a_message_list_cut_off_by_a_length_limit_leaves_the_content_out():
    """A cut list is no JSON: the exchange stays, without words that were never sent."""
    line = deepcopy(DIALECTS[D2])
    call, _ = spans_of(line)
    without(call, "gen_ai.input.messages")
    call["attributes"].append(attribute("gen_ai.input.messages", '[{"role":"user","parts":[{"type":"te'))
    row = row_of(line)
    assert ("prompt" in row, row["response"]) == (False, "QED")


def test_a_full_pass_settles_the_oldest_trace_early():
    """What is held stays within the capacity; a trace that was settled early lacks only what came too late."""
    session = otlp.OtlpSession(capacity_bytes=0)
    early = [outcome for record in records([DIALECTS[D4]]) for outcome in session.feed(record)]
    assert len(rows(early)) == 1
    assert list(session.finish()) == []


def test_metrics_are_out_of_scope_and_other_objects_are_quarantined():
    """Each line has its outcome, also one that holds no span at all."""
    found = outcomes([{"resourceMetrics": [{}]}, {"hello": 1}, {"resourceSpans": "no"}])
    assert [one.reason for one in found] == ["not-a-model-call", "bad-otlp", "bad-otlp"]


def test_what_stands_in_the_place_of_a_container_is_quarantined():
    """A group, a scope or a list of another type is not passed over in silence."""
    bad = [
        {"resourceSpans": [7, *DIALECTS[D4]["resourceSpans"]]},
        {"resourceSpans": [{"scopeSpans": [None]}]},
        {"resourceSpans": [{"scopeSpans": {}}]},
        {"resourceSpans": [{"scopeSpans": [{"spans": "x"}]}]},
    ]
    found = outcomes(bad)
    assert [one.reason for one in found if isinstance(one, Quarantined)] == ["bad-otlp"] * 4
    assert len(rows(found)) == 1


def test_a_cycle_of_parents_ends():
    """Spans that name each other as parents do not hang the join."""
    line = deepcopy(DIALECTS[D2])
    call, server = spans_of(line)
    server["parentSpanId"] = call["spanId"]
    assert row_of(line)["status"] == 200


def test_values_nested_too_deep_become_nothing():
    """A value nested beyond the limit costs itself, not the reader."""
    value: dict[str, Any] = {"intValue": "1"}
    for _ in range(400):
        value = {"arrayValue": {"values": [value]}}
    assert "1" not in json.dumps(plain(value))


def test_dotted_keys_in_conflict():
    """A key that is both a value and a prefix keeps the list readable."""
    assert indexed({"p.0": "x", "p.0.role": "user", "p.01.role": "b", "q.0": 1}, "p.") == [
        {"role": "user"},
        {"role": "b"},
    ]
    assert indexed({"p.zero": 1}, "p.") == []


def test_recognises_its_own_and_nothing_else():
    """The reader claims all OTLP lines and no line of the other gateways, and they claim none of its lines."""
    own = [*LITELLM, *DIALECTS, *LOGS]
    others = ("langfuse_rows.jsonl", "azure_rows.jsonl", "kong_log.jsonl", "litellm_standard_logging_payload.jsonl")
    assert READER.recognises(own) == 1.0
    assert READER.recognises([]) == 0.0
    assert all(READER.recognises(load(name)) == 0.0 for name in others)
    readers = (langfuse.READER, azure.READER, kong.READER, litellm.READER)
    assert all(reader.recognises(own) == 0.0 for reader in readers)
    assert set(READER.mapping()) == READER.provides


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(spoiled([*LITELLM, *DIALECTS, *LOGS]))
def test_no_value_anywhere_crashes_the_reader(values):
    """Whatever JSON stands where, each unit has exactly one outcome."""
    outcomes(values)
    READER.recognises(values)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=40)
@given(spoiled([*DIALECTS, *LOGS]))
def test_a_small_capacity_loses_no_unit(values):
    """However little is held, each unit has exactly one outcome."""
    outcomes(values, otlp.OtlpSession(capacity_bytes=4000))


def test_no_units_of_a_record_is_impossible():
    """Every object, the empty one too, has at least one unit to answer for."""
    (record,) = records([{}])
    assert isinstance(record, Record)
    assert len(list(units_of(record))) == 1


def test_the_ai_sdk_is_read_from_its_provider_calls():
    """Vercel's AI SDK keeps messages and tools as JSON; the span around a provider's call is no call of its own."""
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
    ]
    common = {"traceId": "5b8efff798038103d269b633813fc60c", "startTimeUnixNano": "1772366400000000000", "kind": 1}
    inner = {
        **common,
        "spanId": "eee19b7ec3c1b174",
        "parentSpanId": "aaa19b7ec3c1b174",
        "name": "ai.generateText.doGenerate",
        "attributes": [
            attribute("operation.name", "ai.generateText.doGenerate"),
            attribute("gen_ai.system", "openai.chat"),
            attribute("gen_ai.request.model", "gpt-4o-mini"),
            attribute("ai.prompt.messages", json.dumps(messages)),
            {
                "key": "ai.prompt.tools",
                "value": {"arrayValue": {"values": [{"stringValue": '{"type":"function","name":"look_up"}'}]}},
            },
            attribute("ai.response.text", "ho"),
            attribute("ai.telemetry.metadata.userId", "u1"),
        ],
    }
    outer = {**common, "spanId": "aaa19b7ec3c1b174", "name": "ai.generateText", "attributes": []}
    line = {"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"spans": [outer, inner]}]}]}
    found = outcomes([line], otlp.READER.with_account("ai.telemetry.metadata.userId").session())
    (row,) = [one.row for one in found if isinstance(one, Used)]
    assert {key: row[key] for key in ("account_id", "system_prompt", "prompt", "response", "tool_names", "turn")} == {
        "account_id": "u1",
        "system_prompt": "Be brief.",
        "prompt": "hi",
        "response": "ho",
        "tool_names": ["look_up"],
        "turn": 0,
    }
    assert len(found) == 2
