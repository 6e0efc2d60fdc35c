"""LiteLLM StandardLoggingPayload records become exchanges, whatever is in them."""

from copy import deepcopy
from typing import Any

import pytest
from gateway_records import load, outcomes, records, rows, spoiled
from hypothesis import given, settings

from stillwatch.records.outcome import OutOfScope, Quarantined, Used
from stillwatch.records.readers import batch, bedrock, bodies, litellm, spend_logs

READER = litellm.READER
PAYLOADS = load("litellm_standard_logging_payload.jsonl")
HASH = "089579a34e5af61cf999b68fc5568d6b16263dd506763fc38af39a3c8fde5ca4"


def payload(index: int = 0, **changes: Any) -> dict[str, Any]:
    """Return a copy of a fixture payload with top-level changes."""
    return {**deepcopy(PAYLOADS[index]), **changes}


def with_metadata(value: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a payload with changes in its metadata."""
    return {**value, "metadata": {**value["metadata"], **changes}}


def row_of(value: dict[str, Any]) -> Any:
    """Return the one exchange of one payload."""
    (row,) = rows(outcomes(READER, records([value])))
    return row


def test_a_success_fills_every_column_it_has():
    """A recorded success becomes one exchange with the gateway's identities and the caller's words."""
    assert row_of(payload()) == {
        "exchange_id": "litellm:a3386d7e-1e05-4d7e-8438-fda6d81c503b",
        "account_id": "acct-good",
        "api_key_id": HASH,
        "requested_at": 1795478851145636,
        "model": "openai/stub-model",
        "platform": "api",
        "conversation_id": None,
        "turn": 0,
        "system_prompt": "You are terse.",
        "prompt": "Explain step by step why the sky is blue.",
        "response": "stub answer 0\n\nstub answer 1",
        "tool_names": [],
        "n_choices": 2,
        "temperature": 1.0,
        "max_tokens": 64,
        "input_tokens": 17,
        "output_tokens": 12,
        "reasoning_tokens": 2,
        "status": 200,
        "refused": False,
        "ip": None,
        "user_agent": "OpenAI/Python 2.1",
        "end_user_id": "u-9f",
        "thinking_signatures": [],
    }


def test_the_price_table_is_never_read():
    """T1: whatever stands in the price table changes nothing."""
    assert row_of(payload(model_map_information={"model_map_value": {"x": ["y"] * 1000}})) == row_of(payload())


def test_rewritten_parameters_are_read_under_their_new_names():
    """T2: max_tokens that became max_output_tokens is found; a failure without parameters knows no tools."""
    rewritten, bare = rows(outcomes(READER, records(PAYLOADS[1:])))
    assert (rewritten["max_tokens"], rewritten["temperature"]) == (16, 0.5)
    assert "n_choices" not in rewritten
    assert not {"tool_names", "temperature", "max_tokens", "n_choices"} & bare.keys()


@pytest.mark.parametrize(
    ("noted", "ip"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", None),
        ("10.0.0.7", None),
        ("192.0.2.66, 203.0.113.9", "203.0.113.9"),
        ("192.0.2.66, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("203.0.113.9:5511", "203.0.113.9"),
        ("unknown", None),
        (["203.0.113.9"], None),
    ],
)
def test_a_forwarded_list_gives_what_a_proxy_saw_and_not_what_the_caller_claims(noted, ip):
    """T3: the last public hop counts; loopback and private peers are proxies."""
    value = with_metadata(payload(requester_ip_address=noted), requester_ip_address=None)
    assert row_of(value)["ip"] == ip


def test_names_that_the_caller_chose_are_never_the_account():
    """T4: end_user, user and safety_identifier do not change the account; without a user it is the key."""
    forged = payload(end_user="acct-bad", user="acct-bad")
    forged["model_parameters"] |= {"user": "acct-bad", "safety_identifier": "acct-bad"}
    assert (row_of(forged)["account_id"], row_of(forged)["end_user_id"]) == ("acct-good", "acct-bad")
    assert row_of(with_metadata(forged, user_api_key_user_id=None))["account_id"] == f"key:{HASH}"
    nobody = with_metadata(forged, user_api_key_user_id="", user_api_key_hash=None)
    (outcome,) = outcomes(READER, records([nobody]))
    assert isinstance(outcome, Quarantined)
    assert outcome.reason == "no-account"


def test_a_health_check_is_told_by_the_gateways_key_and_not_by_a_callers_tag():
    """The gateway's own probes are out of scope; a caller cannot hide behind their tag or alias."""
    name = "litellm-internal-health-check"
    probe = with_metadata(payload(), user_api_key_hash=name, user_api_key_user_id=None)
    hiding = with_metadata(payload(request_tags=[name]), user_api_key_alias=name)
    assert [type(o) for o in outcomes(READER, records([probe, hiding]))] == [OutOfScope, Used]


def test_a_session_header_makes_the_trace_a_conversation():
    """T5: trace_id is the conversation only where the session header is seen; session_id goes first."""
    assert row_of(payload())["conversation_id"] is None
    seen = with_metadata(payload(), requester_custom_headers={"X-LiteLLM-Session-Id": "s"})
    assert row_of(seen)["conversation_id"] == "edaebb7c-f1ef-45bf-abf5-296a4db7c033"
    assert row_of({**seen, "session_id": "own"})["conversation_id"] == "own"


def test_a_blocked_request_stays_with_its_prompt_and_without_a_response():
    """T6: a failure is an attempt: its prompt and status are kept, and no tokens are made up."""
    unread, blocked = rows(outcomes(READER, records(PAYLOADS[1:])))
    assert (blocked["status"], blocked["prompt"], blocked["account_id"]) == (429, "x", "acct-bad")
    assert not {"response", "input_tokens", "output_tokens", "refused"} & blocked.keys()
    assert unread["status"] == 500  # the gateway could not read an answer that came with 200


def test_a_content_policy_error_is_a_refusal():
    """A failure of the content filter's class counts as refused."""
    error = {"error_code": "400", "error_class": "ContentPolicyViolationError"}
    row = row_of(payload(2, error_information=error))
    assert (row["status"], row["refused"]) == (400, True)


def test_attempts_of_one_call_are_one_exchange():
    """T10: failures before and after an answer share its id; each further attempt is out of scope."""
    failure, answer = payload(2, litellm_call_id="c"), payload(0, litellm_call_id="c")
    found = outcomes(READER, records([failure, failure, answer, failure, answer]))
    reasons = [outcome.reason if isinstance(outcome, OutOfScope) else None for outcome in found]
    assert reasons == [None, "retried-attempt", None, "retried-attempt", "delivered-twice"]
    assert [(row["exchange_id"], row["status"]) for row in rows(found)] == [("litellm:c", 429), ("litellm:c", 200)]


def test_a_caller_who_reuses_one_call_id_hides_nothing():
    """The call id is a request header of the caller's: each answer under one id stays an exchange of its own."""
    values = [payload(litellm_call_id="same", startTime=1795478851 + i) for i in range(50)]
    assert len({row["exchange_id"] for row in rows(outcomes(READER, records(values)))}) == 50


def test_redacted_content_is_no_content():
    """The gateway's placeholder, which would link everyone, becomes null; a caller cannot use it to hide the rest."""
    placeholder = "redacted-by-litellm"
    value = payload(messages=[{"role": "user", "content": placeholder}])
    for choice in value["response"]["choices"]:
        choice["message"]["content"] = placeholder
    row = row_of(value)
    assert not {"prompt", "response", "system_prompt", "turn", "refused"} & row.keys()
    assert (row["status"], row["input_tokens"], row["n_choices"]) == (200, 17, 2)
    hiding = [{"role": "system", "content": "List everything"}, {"role": "user", "content": placeholder}]
    assert row_of(payload(messages=hiding))["system_prompt"] == "List everything"


def test_thinking_signatures_sent_back_come_before_the_one_returned():
    """Signatures are read in thinking_blocks beside the content, in the content, and in the response."""
    value = payload(
        messages=[
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b", "thinking_blocks": [{"type": "thinking", "signature": "s1"}]},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "", "signature": "s2"}]},
            {"role": "user", "content": "c"},
        ]
    )
    value["response"]["choices"][0]["message"]["thinking_blocks"] = [{"type": "thinking", "signature": "s3"}]
    row = row_of(value)
    assert row["thinking_signatures"] == ["s1", "s2", "s3"]
    assert (row["turn"], row["prompt"]) == (1, "c")


def test_cached_tokens_are_not_counted_twice():
    """LiteLLM's prompt_tokens include what was read from Anthropic's cache."""
    usage = {
        "prompt_tokens": 300,
        "completion_tokens": 5,
        "cache_read_input_tokens": 200,
        "cache_creation_input_tokens": 90,
    }
    row = row_of(with_metadata(payload(), usage_object=usage))
    assert (row["input_tokens"], row["cached_tokens"], row["output_tokens"]) == (300, 200, 5)


def test_the_constant_usage_of_a_mocked_upstream_is_taken_as_it_is():
    """T12: 10 and 20 tokens are what the record says; noughts all over say nothing."""
    usage = {"prompt_tokens": 10, "completion_tokens": 20}
    row = row_of(with_metadata(payload(), usage_object=usage))
    assert (row["input_tokens"], row["output_tokens"]) == (10, 20)
    nothing = row_of(with_metadata(payload(prompt_tokens=0, completion_tokens=0, response="x"), usage_object={}))
    assert "input_tokens" not in nothing


@pytest.mark.parametrize("call_type", ["aembedding", "aimage_generation", "amoderation", "arerank", "aretrieve_batch"])
def test_calls_that_generate_no_text_are_out_of_scope(call_type):
    """An embedding and its like are counted, and are no exchange."""
    (outcome,) = outcomes(READER, records([payload(call_type=call_type)]))
    assert isinstance(outcome, OutOfScope)


@pytest.mark.parametrize(
    ("provider", "platform"), [("bedrock", "bedrock"), ("vertex_ai", "vertex"), ("azure", "azure")]
)
def test_the_cloud_behind_the_gateway_is_the_platform(provider, platform):
    """Known clouds are named, everything else is the API."""
    assert row_of(payload(custom_llm_provider=provider))["platform"] == platform


def test_only_payloads_are_recognised():
    """Each reader takes its own records and none of another's."""
    assert READER.recognises(PAYLOADS) == 1.0
    assert READER.recognises([]) == 0.0
    for other in (spend_logs, bodies, batch, bedrock):
        assert other.READER.recognises(PAYLOADS) == 0.0


def test_each_provided_column_is_explained():
    """The capabilities and their explanations are the same set."""
    assert READER.mapping().keys() == READER.provides


@settings(max_examples=150, deadline=None)
@given(spoiled(PAYLOADS))
def test_no_value_anywhere_crashes_the_reader(values):
    """Whatever JSON stands where, each payload has exactly one outcome."""
    outcomes(READER, records(values))
    READER.recognises(values)


def test_payloads_of_older_versions_are_recognised() -> None:
    """Before LiteLLM noted its own call id, the payload had the provider's, and times as text without a zone."""
    old = payload(startTime="2026-03-01 12:00:00.25")
    for key in ("litellm_call_id", "status_fields", "session_id", "cost_breakdown"):
        old.pop(key, None)
    assert READER.recognises([old]) == 1
