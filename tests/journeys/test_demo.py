"""``stillwatch demo``, once: the slowest test, about half a minute."""

import json

import pyarrow.parquet as pq
import pytest
from console import stillwatch

from stillwatch.dossiers.document import from_json


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo's folder and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    done = stillwatch("demo", "--out", folder / "demo")
    assert done.status == 0, done.err
    return folder / "demo", done


def accused(folder):
    """The accounts that the demo's case accuses."""
    case = from_json((folder / "case" / "campaigns.json").read_bytes())
    return {account for one in case.campaigns if one.is_accusation for account in one.accounts}


def truth(folder):
    """The world's truth: account, class and group."""
    return pq.read_table(folder / "world" / "truth_accounts.parquet").to_pylist()


def test_every_planted_campaign_is_found(demo):
    """More than half of the accounts of each campaign of the world are in an accused group."""
    folder, _ = demo
    found = accused(folder)
    groups = {}
    for row in truth(folder):
        if row["class"] == "distillation":
            groups.setdefault(row["group_id"], []).append(row["account_id"] in found)
    assert len(groups) > 1
    assert {name: sum(hits) / len(hits) for name, hits in groups.items() if 2 * sum(hits) <= len(hits)} == {}


def test_nobody_else_is_accused(demo):
    """No account of a look-alike, of other abuse or of an honest user is in an accused group."""
    folder, _ = demo
    found = accused(folder)
    assert [row for row in truth(folder) if row["account_id"] in found and row["class"] != "distillation"] == []


def test_the_comparison_says_what_is_true(demo):
    """The printed numbers are those of the truth's table, and the last line names the report."""
    folder, done = demo
    found, rows = accused(folder), truth(folder)
    printed = " ".join(done.out.split())
    for group in {row["group_id"] for row in rows if row["class"] == "distillation"}:
        members = [row["account_id"] for row in rows if row["group_id"] == group and row["class"] == "distillation"]
        n_found = len(found.intersection(members))
        outcome = "found" if 2 * n_found > len(members) else "missed"
        assert f"planted {group} {outcome} {n_found} of {len(members)} accounts" in printed
    assert done.out.splitlines()[-1].split() == ["report", str(folder / "case" / "report.html")]
    document = json.loads((folder / "demo.json").read_bytes())
    assert sum(one["n_accounts"] for part in document["truth"].values() for one in part) == len(rows)


def test_what_is_no_demo_is_not_replaced(tmp_path):
    """A folder with anything else in it is left alone."""
    (tmp_path / "world").mkdir()
    (tmp_path / "world" / "mine.txt").write_text("mine")
    done = stillwatch("demo", "--out", tmp_path)
    assert done.status == 5
    assert (tmp_path / "world" / "mine.txt").read_text() == "mine"
