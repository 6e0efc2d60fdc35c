"""Batch files become exchanges: requests joined with their answers within one batch."""

from copy import deepcopy
from typing import Any

import pytest
from gateway_records import load, outcomes, records, rows, spoiled
from hypothesis import given, settings

from stillwatch.records.outcome import OutOfScope, Quarantined
from stillwatch.records.readers import batch, bedrock, bodies, litellm, spend_logs
from stillwatch.records.readers.batch_lines import batch_name

READER = batch.READER
OPENAI = (load("openai_batch_input.jsonl"), load("openai_batch_output.jsonl"))
ANTHROPIC = (load("anthropic_batch_requests.jsonl"), load("anthropic_batch_results.jsonl"))


def fed(pair: tuple[list[Any], list[Any]], first: str = "a_input.jsonl", second: str = "a_output.jsonl") -> list[Any]:
    """Return a pair of files as records, the requests first."""
    return [*records(pair[0], first), *records(pair[1], second)]


def reasons(found: list[Any], kind: Any) -> list[str]:
    """Return the reasons of one kind of outcome."""
    return [outcome.reason for outcome in found if isinstance(outcome, kind)]


def test_an_openai_batch_is_joined():
    """An answer and an error find their requests; the line that expired was never an exchange."""
    found = outcomes(READER, fed(OPENAI))
    answered, refused = rows(found)
    assert (answered["exchange_id"], answered["prompt"], answered["response"]) == (
        "a_input.jsonl:r-2",
        "Question 2",
        "Answer 2",
    )
    assert (answered["account_id"], answered["requested_at"]) == ("acct-b", 1795476413000000)
    assert (answered["status"], answered["input_tokens"], answered["model"]) == (200, 4, "m")
    assert (refused["prompt"], refused["status"], refused["requested_at"]) == ("Question 1", 400, 1795482000000000)
    assert "response" not in refused
    assert sorted(reasons(found, OutOfScope)) == ["joined", "joined", "joined", "never-run"]


def test_an_anthropic_batch_is_joined():
    """Wrapped requests find their results; a cancelled one never ran."""
    found = outcomes(READER, fed(ANTHROPIC))
    done, errored = rows(found)
    assert (done["prompt"], done["response"], done["status"], done["input_tokens"]) == ("Task 1", "Done 1", 200, 4)
    assert (errored["prompt"], errored["status"], errored["account_id"]) == ("Task 2", 400, "acct-b")
    assert sorted(reasons(found, OutOfScope)) == ["joined", "joined", "joined", "never-run"]


@pytest.mark.parametrize("pair", [OPENAI, ANTHROPIC])
def test_the_order_of_lines_does_not_matter(pair):
    """Answers before requests give the same exchanges."""
    forwards = rows(outcomes(READER, fed(pair)))
    backwards = rows(outcomes(READER, list(reversed(fed(pair)))))
    assert sorted(map(repr, forwards)) == sorted(map(repr, backwards))


def test_equal_ids_of_two_batches_are_never_mixed():
    """Each batch counts from r-1: lines join within their files' pair, and ids bear the file's name."""
    other = deepcopy(OPENAI)
    other[0][1]["body"]["messages"][0]["content"] = "Other question"
    both = [*records(OPENAI[0], "a_input"), *records(other[0], "b_input")]
    both += [*records(other[1], "b_output"), *records(OPENAI[1], "a_output")]
    answered = [row for row in rows(outcomes(READER, both)) if row["status"] == 200]
    assert {(row["exchange_id"], row["prompt"]) for row in answered} == {
        ("a_input:r-2", "Question 2"),
        ("b_input:r-2", "Other question"),
    }


def test_files_whose_names_do_not_match_join_where_that_is_unambiguous():
    """One request and one answer left under an id are a pair; two requests for one answer are not."""
    joined = rows(outcomes(READER, fed(OPENAI, "work.jsonl", "batch_67f_output.jsonl")))
    assert [row["prompt"] for row in joined if row.get("response")] == ["Question 2"]
    crowded = [*records(OPENAI[0], "x.jsonl"), *fed(OPENAI, "work.jsonl", "batch_67f_output.jsonl")]
    assert not [row for row in rows(outcomes(READER, crowded)) if row.get("response") and row.get("prompt")]


def test_files_of_two_accounts_are_never_joined():
    """An answer that bears another account is not this request's."""
    answers = [{**line, "account_id": "stranger"} for line in OPENAI[1]]
    found = rows(outcomes(READER, fed((OPENAI[0], answers), "work.jsonl", "batch_67f_output.jsonl")))
    assert not [row for row in found if row.get("response") and row.get("prompt")]


def test_a_batch_that_names_no_account_says_what_to_do():
    """T4: without account_id the exchange is quarantined, whatever user the body claims."""
    requests = [{k: v for k, v in line.items() if k != "account_id"} for line in OPENAI[0]]
    requests[1]["body"] = {**requests[1]["body"], "user": "acct-b"}
    found = outcomes(READER, fed((requests, OPENAI[1])))
    assert set(reasons(found, Quarantined)) == {"no-account"}
    assert all("batch_line" in outcome.detail for outcome in found if isinstance(outcome, Quarantined))


def test_an_anthropic_batch_without_a_time_is_quarantined():
    """Its answers name no time, so an envelope must."""
    requests = [{k: v for k, v in line.items() if k != "ts"} for line in ANTHROPIC[0]]
    assert "no-time" in reasons(outcomes(READER, fed((requests, ANTHROPIC[1]))), Quarantined)


def test_a_request_whose_answer_never_came_is_an_attempt():
    """It stays, with no response and no status."""
    found = rows(outcomes(READER, records(ANTHROPIC[0])))
    assert [row["prompt"] for row in found] == ["Task 1", "Task 2", "Task 3"]
    assert not any({"response", "status"} & row.keys() for row in found)


def test_what_waits_is_bounded():
    """Beyond the bound the oldest lines go on alone, each with its one outcome."""
    session = batch.BatchSession(max_held_bytes=1)
    found = outcomes(READER, fed(ANTHROPIC), session)
    assert len(rows(found)) == 3  # the answers alone name no account
    assert reasons(found, Quarantined) == ["no-account", "no-account"]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("jobs/a_input.jsonl", "jobs/a_output.jsonl.gz"),
        ("in/jobs/a.jsonl", "out/jobs/a.jsonl"),
        ("jobs/a-requests.jsonl", "jobs/a-results.jsonl"),
    ],
)
def test_the_files_of_a_batch_have_one_name(left, right):
    """Words that tell a batch's files apart are left out of its name; other words are not."""
    assert batch_name(left) == batch_name(right) == "jobs/a"
    assert batch_name(left) != batch_name(right.replace("a", "b", 1))


def test_only_batch_lines_are_recognised():
    """Each reader takes its own records and none of another's."""
    lines = [*OPENAI[0], *OPENAI[1], *ANTHROPIC[0], *ANTHROPIC[1]]
    assert READER.recognises(lines) == 1.0
    assert READER.recognises([]) == 0.0
    for other in (litellm, spend_logs, bodies, bedrock):
        assert other.READER.recognises(lines) == 0.0


def test_each_provided_column_is_explained():
    """The capabilities and their explanations are the same set."""
    assert READER.mapping().keys() == READER.provides


@settings(max_examples=200, deadline=None)
@given(spoiled([*OPENAI[0], *OPENAI[1], *ANTHROPIC[0], *ANTHROPIC[1]]))
def test_no_value_anywhere_crashes_the_reader(values):
    """Whatever JSON stands where, each line has exactly one outcome."""
    outcomes(READER, records(values))
    READER.recognises(values)
