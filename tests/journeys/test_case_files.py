"""A case as a scan leaves it: every file, each as its published schema says, all counts agreeing."""

import json
from collections import Counter
from datetime import date

import jsonschema
import pyarrow.parquet as pq
import pytest

from stillwatch.dossiers.document import from_json
from stillwatch.dossiers.schemas import schema
from stillwatch.dossiers.tables import TABLES

FILES = {
    "accounts.parquet",
    "activity.parquet",
    "campaigns.json",
    "comparisons.parquet",
    "exchanges.parquet",
    "families.parquet",
    "members.parquet",
    "memberships.parquet",
    "observations.parquet",
    "organisations.parquet",
    "profiles.parquet",
    "quarantine.parquet",
    "report.html",
    "run.json",
    "slices.parquet",
    "values.parquet",
}


def rows(case, name):
    """A table of a case as rows."""
    return pq.read_table(case / f"{name}.parquet").to_pylist()


def in_json(value):
    """A value as JSON has it."""
    return value.isoformat() if isinstance(value, date) else value


def test_every_file_is_there_and_nothing_else(tiny):
    """A case has its files, and no leftover stands in it or beside it."""
    assert {path.name for path in tiny.case.iterdir()} == FILES
    assert {path.name for path in tiny.case.parent.iterdir()} == {"case", "sketch.key", "world"}
    assert sorted(tiny.summary["files"]) == sorted(str(tiny.case / name) for name in FILES)


@pytest.mark.parametrize("name", ["campaigns", "run"])
def test_documents_fit_their_schemas(tiny, name):
    """Both JSON documents validate against the published schemas."""
    document = json.loads((tiny.case / f"{name}.json").read_bytes())
    jsonschema.Draft202012Validator(schema(name)).validate(document)


@pytest.mark.parametrize("name", TABLES)
def test_rows_fit_their_schemas(tiny, name):
    """Each row of each table validates against the published schema of a row; times are written as text for that."""
    validator = jsonschema.Draft202012Validator(schema(name))
    for row in rows(tiny.case, name):
        validator.validate({key: in_json(value) for key, value in row.items()})


def test_counts_add_up(tiny):
    """Every row of the input is in exactly one place, and all files and the summary say the same numbers."""
    n_input = pq.read_metadata(tiny.world / "exchanges.parquet").num_rows
    funnel = from_json((tiny.case / "campaigns.json").read_bytes()).funnel
    counts = json.loads((tiny.case / "run.json").read_bytes())["counts"]
    assert counts["read"] == n_input == funnel.read == tiny.summary["counts"]["read"]
    assert counts["read"] == counts["used"] + counts["quarantined"] + counts["out_of_scope"]
    assert sum(counts["quarantined_by_reason"].values()) == counts["quarantined"] == len(rows(tiny.case, "quarantine"))
    assert funnel.accounts == len(rows(tiny.case, "accounts"))


def test_tables_agree_with_the_campaigns(tiny):
    """Members, memberships and exchanges name the campaigns of campaigns.json, and every id is one of the input's."""
    case = from_json((tiny.case / "campaigns.json").read_bytes())
    ids = {campaign.id for campaign in case.campaigns}
    assert ids == {one["id"] for one in tiny.summary["campaigns"]}
    assert case.campaigns, "a world with three campaigns has linked groups"
    members = Counter(row["campaign_id"] for row in rows(tiny.case, "memberships"))
    assert members == {campaign.id: campaign.n_accounts for campaign in case.campaigns}
    known = set(pq.read_table(tiny.world / "exchanges.parquet")["exchange_id"].to_pylist())
    exchanges = rows(tiny.case, "exchanges")
    assert {row["exchange_id"] for row in exchanges} <= known
    assert {row["campaign_id"] for row in exchanges} - {None} <= ids
    assert len({row["exchange_id"] for row in exchanges}) == len(exchanges)
    spoke = set(pq.read_table(tiny.world / "exchanges.parquet")["account_id"].to_pylist())
    assert {row["account_id"] for row in rows(tiny.case, "accounts")} == spoke


def test_the_tables_of_a_trace_add_up_to_the_campaigns(tiny):
    """Members and slices have exactly the accounts and exchanges that each campaign counts, failed ones apart."""
    case = from_json((tiny.case / "campaigns.json").read_bytes())
    members, slices = rows(tiny.case, "members"), rows(tiny.case, "slices")
    for campaign in case.campaigns:
        mine = [row for row in slices if row["campaign_id"] == campaign.id]
        listed = [row for row in members if row["campaign_id"] == campaign.id]
        assert sorted(row["account_id"] for row in listed) == sorted(campaign.accounts)
        assert len(mine) == campaign.attempts == sum(row["exchanges"] for row in listed)
        assert sum(not (row["status"] or 0) >= 400 for row in mine) == campaign.exchanges
        assert min(row["requested_at"] for row in mine) == campaign.first_seen_at
        assert {row["account_id"] for row in mine} <= set(campaign.accounts)


def test_observations_are_those_of_the_indicators(tiny):
    """Each published indicator stands in the table of observations with the same value, within its interval."""
    case = from_json((tiny.case / "campaigns.json").read_bytes())
    table = {(row["campaign_id"], row["observation"]): row for row in rows(tiny.case, "observations")}
    for campaign in case.campaigns:
        for indicator in campaign.indicators:
            row = table[campaign.id, indicator.name]
            assert (row["value"], row["comparison"], row["unit"]) == (
                indicator.value, indicator.comparison, indicator.unit
            )  # fmt: skip
            if row["low"] is not None:
                assert row["low"] <= row["value"] <= row["high"]


def test_the_registers_are_accounted_for(tiny):
    """run.json says what became of each row of the tables beside the traffic."""
    registers = json.loads((tiny.case / "run.json").read_bytes())["registers"]
    for name in ("accounts", "authorisations"):
        one = registers[name]
        assert one["read"] == pq.read_metadata(tiny.world / f"{name}.parquet").num_rows
        assert one["read"] == one["used"] + one["folded"] + sum(one["quarantined"].values())
        assert list(one["sha256"]) == [f"{name}.parquet"]
