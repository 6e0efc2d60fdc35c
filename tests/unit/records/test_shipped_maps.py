"""The maps that come with the package read their gateways' records, and each knows its own among all."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.errors import UsageError
from stillwatch.records.catalogue import READERS
from stillwatch.records.schema import PLACED_EXCHANGES
from stillwatch.records.shipped_maps import SHIPPED_MAPS, map_text
from stillwatch.records.traffic import ReadOptions, Traffic, read_traffic

GATEWAYS = Path(__file__).parents[2] / "fixtures" / "gateways"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORDS: dict[str, Any] = {
    "system_prompt": "Be brief.",
    "prompt": "Why is the sky blue?",
    "response": "Scattering.",
    "turn": 1,
    "tool_names": ["look_up"],
    "temperature": 0.2,
    "max_tokens": 64,
    "n_choices": 1,
    "thinking_signatures": [],
}
COUNTS = {"input_tokens": 21, "output_tokens": 3}
PLACES = ("source_index", "line", "record_bytes")

FIRST: dict[str, tuple[str | None, dict[str, Any]]] = {  # format: --account, and the first record's exchange
    "helicone": (
        None,
        {
            "exchange_id": "helicone:6f0c0a52-0000-4000-8000-000000000001",
            "account_id": "key:pk-1",
            "api_key_id": "pk-1",
            "end_user_id": "person-7",
            "conversation_id": "s-1",
            "model": "gpt-4o-mini",
            "cached_tokens": 0,
            "status": 200,
            "refused": False,
            **WORDS,
            **COUNTS,
        },
    ),
    "portkey": (
        "metadata._user",
        {"exchange_id": "portkey:pk-log-1", "account_id": "person-7", "end_user_id": "person-7", "model": "gpt-4o-mini"}
        | {"status": 200, "refused": False, **WORDS, **COUNTS},
    ),
    "cloudflare": (
        "metadata.user",
        {"exchange_id": "cloudflare:01JA", "account_id": "person-7", "model": "gpt-4o-mini", "status": 200}
        | {"refused": False, **WORDS, **COUNTS},
    ),
    "cloudflare-logpush": (
        "Metadata.user",
        {"exchange_id": "cloudflare_logpush.jsonl:1", "account_id": "person-7", "model": "gpt-4o-mini", "status": 200}
        | {"refused": False, **WORDS, **COUNTS},
    ),
    "databricks": (
        None,
        {"exchange_id": "databricks:db-1", "account_id": "service-principal-7", "model": "gpt-4o-mini", "status": 200}
        | {"refused": False, **WORDS, **COUNTS},
    ),
    "vertex": (
        "principal_email",
        {"exchange_id": "vertex:1001", "account_id": "app@example.org", "status": 200, "refused": False, **WORDS}
        | {"model": "publishers/google/models/gemini-2.5-pro", "turn": 0, "tool_names": [], "platform": "vertex"}
        | {"input_tokens": 9, "output_tokens": 8, "reasoning_tokens": 5},
    ),
    "new-api": (
        None,
        {"exchange_id": "new-api:1", "account_id": "7", "api_key_id": "5", "model": "gpt-4o-mini", "status": 200}
        | {"ip": "203.0.113.9", "cached_tokens": 4, **COUNTS},
    ),
    "openrouter-activity": (
        None,
        {"exchange_id": "openrouter:gen-1", "account_id": "key:team-a", "api_key_id": "team-a", "refused": False}
        | {"model": "openai/gpt-4o-mini", "reasoning_tokens": 0, "cached_tokens": 4, **COUNTS},
    ),
    "openrouter-generation": (
        "key",
        {"exchange_id": "openrouter:gen-3", "account_id": "team-a", "end_user_id": "person-7", "refused": False}
        | {"model": "openai/gpt-4o-mini", "reasoning_tokens": 0, "cached_tokens": 4, **COUNTS},
    ),
    "envoy-ai-gateway": (
        "account",
        {"exchange_id": "envoy:e-1", "account_id": "tenant-7", "model": "gpt-4o-mini", "status": 200, **COUNTS}
        | {"ip": "203.0.113.9", "user_agent": "curl/8.7.1"},
    ),
    "apisix": (
        None,
        {"exchange_id": "apisix:a-1", "account_id": "tenant-7", "model": "gpt-4o-mini", "status": 200, **WORDS}
        | {"ip": "203.0.113.9", "user_agent": "curl/8.7.1", **COUNTS},
    ),
    "langsmith": (
        None,
        {"exchange_id": "langsmith:run-1", "account_id": "project:proj-1", "end_user_id": "person-7", **WORDS}
        | {"conversation_id": "th-1", "model": "gpt-4o-mini", "status": 200, **COUNTS},
    ),
    "sglang": (
        "account",
        {"exchange_id": "sglang:sg-1", "account_id": "tenant-7", "prompt": WORDS["prompt"], "status": 200}
        | {"response": WORDS["response"], "refused": False, "cached_tokens": 4, **COUNTS}
        | {name: WORDS[name] for name in ("temperature", "max_tokens", "n_choices")},
    ),
    "higress": (
        None,
        {"exchange_id": "higress:h-1", "account_id": "tenant-7", "model": "gpt-4o-mini", "status": 200, **COUNTS}
        | {"prompt": WORDS["prompt"], "response": WORDS["response"], "ip": "203.0.113.9", "user_agent": "curl/8.7.1"},
    ),
}


def _fixture(name: str) -> Path:
    return GATEWAYS / f"{name.replace('-', '_')}.jsonl"


def _read(path: Path, account: str | None, **options: Any) -> tuple[list[dict[str, Any]], Traffic]:
    traffic = read_traffic([path], ReadOptions(account=account, time_zone="UTC", **options))
    rows = pa.Table.from_batches(list(traffic), schema=PLACED_EXCHANGES).to_pylist()
    return [
        {key: value for key, value in row.items() if value is not None and key not in PLACES} for row in rows
    ], traffic


def test_every_shipped_map_has_a_fixture() -> None:
    """No map ships that no record was ever read with."""
    assert set(FIRST) == set(SHIPPED_MAPS)


@pytest.mark.parametrize("name", sorted(FIRST))
def test_the_first_record_gives_its_exchange(name: str) -> None:
    """Every column that the record has is read, and nothing besides."""
    account, expected = FIRST[name]
    rows, traffic = _read(_fixture(name), account)
    assert traffic.recognitions[0].reader is not None
    assert traffic.recognitions[0].reader.name == name
    assert rows[0].pop("requested_at").replace(second=0, microsecond=0) == NOON
    assert rows[0] == {"platform": "api", **expected}


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("helicone", [200, 429]),
        ("portkey", [200, 429]),
        ("databricks", [200, 429]),
        ("new-api", [200, 429]),
        ("apisix", [200, 429]),
        ("langsmith", [200, 500]),
        ("envoy-ai-gateway", [200, 429, 200]),
    ],
)
def test_failures_are_attempts_without_an_answer(name: str, statuses: list[int]) -> None:
    """A failed call keeps its status, and has no response."""
    rows, _ = _read(_fixture(name), FIRST[name][0])
    assert [row["status"] for row in rows] == statuses
    assert "response" not in rows[1]


@pytest.mark.parametrize("name", [name for name, (account, _) in FIRST.items() if account is not None])
def test_a_log_without_accounts_says_what_to_do(name: str) -> None:
    """Without --account each record is quarantined, and the reason names the option."""
    rows, traffic = _read(_fixture(name), None)
    assert rows == []
    assert set(traffic.tally.by_reason) == {"no-account"}
    assert all("--account" in detail for detail in traffic.quarantine()["detail"].to_pylist())


@pytest.mark.parametrize("name", ["new-api", "langsmith", "envoy-ai-gateway", "apisix", "higress"])
def test_rows_that_are_no_calls_are_out_of_scope(name: str) -> None:
    """Top-ups, chains, and requests that reached no model are counted apart, neither used nor quarantined."""
    _, traffic = _read(_fixture(name), FIRST[name][0])
    assert dict(traffic.tally.by_scope) == {"not-a-model-call": 1}


def test_an_account_is_only_told_to_formats_that_a_map_reads() -> None:
    """A format that establishes the account itself takes no other on somebody's word."""
    with pytest.raises(UsageError, match="kong"):
        _read(GATEWAYS / "kong_log.jsonl", "request.headers.user")


def test_an_account_of_the_users_own_choice_takes_the_maps_place() -> None:
    """--account overrules what the map says, and says so where the column is explained."""
    rows, traffic = _read(_fixture("langsmith"), "extra.metadata.user_id")
    assert {row["account_id"] for row in rows} == {"person-7"}
    reader = traffic.recognitions[0].reader
    assert reader is not None
    assert reader.mapping()["account_id"] == "extra.metadata.user_id, as --account says"


def test_each_fixture_is_recognised_as_one_format() -> None:
    """No other reader has as many of its marks in these records, but for bodies, which may be within others."""
    for name in FIRST:
        shares = read_traffic([_fixture(name)]).recognitions[0].shares
        assert {other for other, share in shares.items() if share >= shares[name]} - {"bodies"} == {name}
        assert name in READERS


def test_a_shipped_map_can_be_copied_and_used(tmp_path: Path) -> None:
    """What is printed of a map reads the same records as the map itself."""
    (tmp_path / "ours.toml").write_text(map_text("apisix"), encoding="utf-8")
    path = _fixture("apisix")
    assert _read(path, None, field_map=tmp_path / "ours.toml")[0] == _read(path, None)[0]
