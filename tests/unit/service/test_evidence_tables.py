"""Tests of the tables of single accounts: every number counted again from the world's own files."""

from collections import Counter, defaultdict
from typing import Any

import pyarrow.parquet as pq
import pytest
from scanned_world import Scanned

from stillwatch.dossiers.document import from_json
from stillwatch.dossiers.tables import TABLES


def rows(scanned: Scanned, name: str) -> list[dict[str, Any]]:
    """A table of the case as rows."""
    return pq.read_table(scanned.case / f"{name}.parquet").to_pylist()


@pytest.fixture(scope="module")
def exchanges(scanned: Scanned) -> dict[str, list[dict[str, Any]]]:
    """The world's exchanges by account, without any text."""
    columns = ["exchange_id", "account_id", "requested_at", "status", "ip", "api_key_id", "user_agent", "model"]
    found = defaultdict(list)
    for row in pq.read_table(scanned.world / "exchanges.parquet", columns=columns).to_pylist():
        found[row["account_id"]].append(row)
    return found


@pytest.mark.parametrize("name", TABLES)
def test_tables_have_their_schema(scanned: Scanned, name: str) -> None:
    """Names and types of the written columns are the published ones."""
    written = pq.read_schema(scanned.case / f"{name}.parquet")
    published = {field.name: field.type for field in TABLES[name]}
    assert {name: written.field(name).type for name in published} == published


def test_only_accounts_of_groups_are_written(scanned: Scanned) -> None:
    """Whoever was grouped with nobody leaves no profile, value or family; every member has a profile."""
    case = from_json((scanned.case / "campaigns.json").read_bytes())
    members = {account for campaign in case.campaigns for account in campaign.accounts}
    profiled = {row["account_id"] for row in rows(scanned, "profiles")}
    assert members <= profiled
    unlisted = [row for row in rows(scanned, "profiles") if row["account_id"] not in members]
    assert all(row["is_authorised"] for row in unlisted)
    for name in ("activity", "values", "families"):
        assert {row["account_id"] for row in rows(scanned, name)} <= profiled


def test_profiles_count_what_the_log_holds(scanned: Scanned, exchanges: dict[str, list[dict[str, Any]]]) -> None:
    """Exchanges, failures, days, hours and times are those of the log."""
    facts = {row["account_id"]: row for row in pq.read_table(scanned.world / "accounts.parquet").to_pylist()}
    for row in rows(scanned, "profiles"):
        mine = exchanges[row["account_id"]]
        at = [one["requested_at"] for one in mine]
        hours = Counter(moment.hour for moment in at)
        assert row["n_exchanges"] == len(mine)
        assert row["n_failed"] == sum((one["status"] or 0) >= 400 for one in mine)
        assert row["n_active_days"] == len({moment.date() for moment in at})
        assert row["hours"] == [hours[hour] for hour in range(24)]
        assert (row["first_at"], row["last_at"]) == (min(at), max(at))
        assert row["created_at"] == facts[row["account_id"]]["created_at"]
        assert row["banned_at"] == facts[row["account_id"]]["banned_at"]


def test_activity_adds_up(scanned: Scanned, exchanges: dict[str, list[dict[str, Any]]]) -> None:
    """Each day's sum is the log's, and each campaign's sum is that of exchanges.parquet."""
    days: Counter[tuple[str, Any]] = Counter()
    slices: Counter[str | None] = Counter()
    for row in rows(scanned, "activity"):
        days[row["account_id"], row["day"]] += row["n_exchanges"]
        slices[row["campaign_id"]] += row["n_exchanges"]
    accounts = {account for account, _ in days}
    assert days == Counter((account, one["requested_at"].date()) for account in accounts for one in exchanges[account])
    written = Counter(row["campaign_id"] for row in rows(scanned, "exchanges"))
    assert {name: n for name, n in slices.items() if name} == {name: n for name, n in written.items() if name}


def test_values_are_those_of_the_log(scanned: Scanned, exchanges: dict[str, list[dict[str, Any]]]) -> None:
    """Addresses with their counts are the log's, and a payment's holders are counted over everybody with traffic."""
    seen = {
        (row["account_id"], row["value"]): row["n_exchanges"] for row in rows(scanned, "values") if row["kind"] == "ip"
    }
    accounts = {row["account_id"] for row in rows(scanned, "profiles")}
    uses = Counter((account, one["ip"]) for account in accounts for one in exchanges[account] if one["ip"])
    assert seen == uses
    entity_of = {row["account_id"]: row["entity_id"] for row in rows(scanned, "accounts")}
    holders = defaultdict(set)
    for row in pq.read_table(scanned.world / "accounts.parquet").to_pylist():
        if row["account_id"] in entity_of and row["payment_fingerprint"]:
            holders[row["payment_fingerprint"]].add(entity_of[row["account_id"]])
    payments = [row for row in rows(scanned, "values") if row["kind"] == "payment_fingerprint"]
    assert payments
    assert all(row["n_entities"] == len(holders[row["value"]]) for row in payments)
    assert all(row["n_exchanges"] is None for row in payments)


def test_families_are_those_of_the_document(scanned: Scanned) -> None:
    """Of a listed family's accounts in the document, those that use it clearly are written, under one group."""
    case = from_json((scanned.case / "campaigns.json").read_bytes())
    written = rows(scanned, "families")
    checked = 0
    for campaign in case.campaigns:
        for family in campaign.template_families:
            users = {row["account_id"] for row in written if row["family_id"] == family.id}
            inside = users & set(campaign.accounts)
            assert len(inside) <= family.n_accounts
            owners = {row["campaign_id"] for row in written if row["family_id"] == family.id}
            assert len(owners) <= 1
            checked += bool(inside)
    assert checked
