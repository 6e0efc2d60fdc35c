"""A case as a scan leaves it: every file, each as its published schema says, all counts agreeing."""

import json
from collections import Counter

import jsonschema
import pyarrow.parquet as pq
import pytest

from stillwatch.dossiers.document import from_json
from stillwatch.dossiers.schemas import schema

FILES = {
    "accounts.parquet",
    "campaigns.json",
    "exchanges.parquet",
    "memberships.parquet",
    "quarantine.parquet",
    "report.html",
    "run.json",
}


def rows(case, name):
    """A table of a case as rows."""
    return pq.read_table(case / f"{name}.parquet").to_pylist()


def test_every_file_is_there_and_nothing_else(tiny):
    """A case has its seven files, and no leftover stands in it or beside it."""
    assert {path.name for path in tiny.case.iterdir()} == FILES
    assert {path.name for path in tiny.case.parent.iterdir()} == {"case", "sketch.key", "world"}
    assert sorted(tiny.summary["files"]) == sorted(str(tiny.case / name) for name in FILES)


@pytest.mark.parametrize("name", ["campaigns", "run"])
def test_documents_fit_their_schemas(tiny, name):
    """Both JSON documents validate against the published schemas."""
    document = json.loads((tiny.case / f"{name}.json").read_bytes())
    jsonschema.Draft202012Validator(schema(name)).validate(document)


@pytest.mark.parametrize("name", ["accounts", "exchanges", "memberships", "quarantine"])
def test_rows_fit_their_schemas(tiny, name):
    """Each row of each table validates against the published schema of a row."""
    validator = jsonschema.Draft202012Validator(schema(name))
    for row in rows(tiny.case, name):
        validator.validate(row)


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


def test_the_registers_are_accounted_for(tiny):
    """run.json says what became of each row of the tables beside the traffic."""
    registers = json.loads((tiny.case / "run.json").read_bytes())["registers"]
    for name in ("accounts", "authorisations"):
        one = registers[name]
        assert one["read"] == pq.read_metadata(tiny.world / f"{name}.parquet").num_rows
        assert one["read"] == one["used"] + one["folded"] + sum(one["quarantined"].values())
        assert list(one["sha256"]) == [f"{name}.parquet"]
