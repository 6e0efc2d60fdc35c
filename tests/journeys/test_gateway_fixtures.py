"""Every real gateway log is scanned from end to end; what became of its records was counted by reading it."""

from pathlib import Path

import pytest
from console import stillwatch

GATEWAYS = Path(__file__).parents[1] / "fixtures" / "gateways"

# files, used, quarantined by reason, out of scope by reason, accounts
EXPECTED = [
    # three requests of one account; one answer, one error; the cancelled one never ran
    (["anthropic_batch_requests", "anthropic_batch_results"], 2, {}, {"joined": 3, "never-run": 1}, 1),
    (["openai_batch_input", "openai_batch_output"], 2, {}, {"joined": 3, "never-run": 1}, 1),
    # c-1, c-2 (with three rows of messages), c-4 are calls; c-3 is another API; c-5 has no caller
    (["azure_rows"], 3, {"no-account": 1}, {"joined-row": 3, "not-a-model-call": 1}, 3),
    # nine invocations, the last an embedding; events of the first two join them
    (
        ["bedrock_invocations", "cloudtrail_events"],
        8,
        {},
        {"joined": 2, "no-invocation-log": 1, "not-an-invocation": 1, "not-generation": 1},
        1,
    ),
    (["bodies"], 6, {}, {}, 5),  # acct-3 asks twice
    (["kong_log"], 2, {}, {"not-a-model-call": 2}, 1),  # k-3 has no AI block, k-4 only a sanitizer's
    (["langfuse_rows"], 3, {}, {"joined-row": 1, "not-a-model-call": 1}, 3),  # a trace, a retrieval, three generations
    (["litellm_spend_logs"], 3, {}, {}, 2),  # the third has no user, so its key stands for it
    (["litellm_standard_logging_payload"], 3, {}, {}, 2),
    # six dialects, a model call each; an agent, a tool, a workflow and a chain around them; a server's span, a retry
    (["otlp_dialects"], 6, {}, {"agent-step": 4, "not-a-model-call": 2}, 6),
    (["otlp_litellm_v2_trace"], 1, {}, {"not-a-model-call": 9}, 1),  # ten spans, one of them the chat
    # seven formats that maps read, in one scan; apisix and higress have a tenant-7 each, which is one account
    (
        ["apisix", "databricks", "helicone", "higress", "langsmith", "new_api", "openrouter_activity"],
        13,
        {"no-account": 3},
        {"not-a-model-call": 4},
        10,
    ),
    (["otlp_logs"], 1, {"no-span": 3}, {"not-a-model-call": 1}, 1),  # three messages of a span that is elsewhere
]

WITHOUT_ACCOUNT = {  # read with --account alone, each with its own: tests/unit/records/test_shipped_maps.py
    *("cloudflare", "cloudflare_logpush", "envoy_ai_gateway", "openrouter_generation", "portkey", "sglang", "vertex")
}


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda one: one[0][0])
def test_fixture(expected, tmp_path):
    """The scan succeeds and each record is where it belongs."""
    names, used, quarantined, out_of_scope, accounts = expected
    files = [GATEWAYS / f"{name}.jsonl" for name in names]
    done = stillwatch("scan", *files, "--out", tmp_path / "case", "--json")
    assert done.status == 0, done.err
    counts = done.document["counts"]
    assert counts["used"] == used
    assert counts["quarantined_by_reason"] == quarantined
    assert counts["out_of_scope_by_reason"] == out_of_scope
    assert counts["accounts"] == accounts
    assert counts["read"] == used + sum(quarantined.values()) + sum(out_of_scope.values())


def test_no_fixture_is_left_out():
    """A new fixture has to be given its counts here."""
    expected = {name for one in EXPECTED for name in one[0]}
    assert expected | WITHOUT_ACCOUNT == {path.stem for path in GATEWAYS.glob("*.jsonl")}


def test_a_log_without_accounts_is_refused_with_what_to_do_and_then_read(tmp_path):
    """The refusal names the option that the next command needs, and then the same log is scanned."""
    refused = stillwatch("scan", GATEWAYS / "portkey.jsonl", "--out", tmp_path / "case")
    assert refused.status == 3
    assert "--account metadata._user" in refused.err
    done = stillwatch(
        "scan", GATEWAYS / "portkey.jsonl", "--account", "metadata._user", "--out", tmp_path / "case", "--json"
    )
    assert done.status == 0, done.err
    assert (done.document["counts"]["used"], done.document["counts"]["accounts"]) == (2, 2)


def test_a_log_of_no_known_format_leads_to_a_map(tmp_path):
    """The refusal names the command that drafts a map, and the draft reads the log as it is."""
    log = tmp_path / "other.jsonl"
    log.write_text(
        '{"ts":"2026-03-01T12:00:00Z","rid":"1","tenant":{"id":"a"},"question":"why","answer":"so"}\n', encoding="utf-8"
    )
    refused = stillwatch("scan", log, "--out", tmp_path / "case")
    assert refused.status == 3
    assert "stillwatch records draft" in refused.err
    drafted = stillwatch("records", "draft", log)
    (tmp_path / "ours.toml").write_text(drafted.out, encoding="utf-8")
    done = stillwatch("scan", log, "--map", tmp_path / "ours.toml", "--out", tmp_path / "case", "--json")
    assert done.status == 0, done.err
    assert done.document["counts"]["used"] == 1


def test_a_log_without_exchanges_is_refused(tmp_path):
    """Events alone, whose invocations are elsewhere, are bad input, and no case is left."""
    done = stillwatch("scan", GATEWAYS / "cloudtrail_events.jsonl", "--out", tmp_path / "case")
    assert (done.status, done.out) == (3, "")
    assert "no exchange could be read" in done.err
    assert list(tmp_path.iterdir()) == []
