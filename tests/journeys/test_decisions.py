"""What analysts decided holds in the next scan, and a desk without decisions changes no byte."""

import dataclasses
import json

import pyarrow.parquet as pq
import pytest
from console import stillwatch

from stillwatch.dossiers.document import from_json
from stillwatch.store.desk.database import Database
from stillwatch.store.desk.decision import Wish, decide
from stillwatch.store.desk.regrouping import part_id
from stillwatch.store.desk.snapshot import Snapshot

TABLES = ("campaigns.json", "accounts.parquet", "memberships.parquet", "exchanges.parquet")


@pytest.fixture
def case(tiny):
    """The tiny world's case, whose first group is accused."""
    case = from_json((tiny.case / "campaigns.json").read_bytes())
    assert case.campaigns[0].is_accusation
    return case


def scanned(tiny, desk, out, *more):
    """Scan again with a desk; return how it ended and the document, or null where none was left."""
    done = stillwatch("scan", *tiny.inputs, "--decisions", desk, "--out", out, "--json", *more)
    return done, json.loads((out / "campaigns.json").read_text()) if out.exists() else None


def test_desk_without_decisions_changes_no_byte(tiny, tmp_path):
    """The tables and the document are those of a scan that knew of no desk."""
    Database(tmp_path / "desk.sqlite")
    done, _ = scanned(tiny, tmp_path / "desk.sqlite", tmp_path / "case")
    assert done.status == 0
    assert all((tmp_path / "case" / name).read_bytes() == (tiny.case / name).read_bytes() for name in TABLES)


def test_dismissed_groups_do_not_accuse(tiny, case, tmp_path):
    """After a dismissal of all that is accused, the job that looks at accusations is quiet, and the case says why."""
    desk, accused = Database(tmp_path / "desk.sqlite"), [item for item in case.campaigns if item.is_accusation]
    for campaign in accused:
        decide(desk, Wish("ada", "dismiss", campaign.id, 0, reason="ours", snapshot=Snapshot.of(case, campaign)))
    done, document = scanned(tiny, desk.path, tmp_path / "case", "--fail-on-accusation")
    assert done.status == 0
    found = {item["id"]: item for item in document["campaigns"]}
    for campaign in accused:
        group = found[campaign.id]
        assert (group["is_accusation"], group["leading_hypothesis"]) == (False, "undetermined")
        assert (group["desk"]["status"], group["desk"]["by"]) == ("dismissed", "ada")
        assert group["counter_evidence"][0].endswith(": ours")


def test_left_out_account_stands_in_no_accusation(tiny, case, tmp_path):
    """A dismissal that was undone holds no more; an account left out is missing, and the case says why."""
    desk, first = Database(tmp_path / "desk.sqlite"), case.campaigns[0]
    seen, account = Snapshot.of(case, first), first.accounts[3]
    decide(desk, Wish("ada", "dismiss", first.id, 0, reason="ours", snapshot=seen))
    decide(desk, Wish("ben", "undo", first.id, 1, undoes=1))
    decide(desk, Wish("ben", "exclude", first.id, 2, reason="a partner", accounts=(account,), snapshot=seen))
    done, document = scanned(tiny, desk.path, tmp_path / "case", "--fail-on-accusation")
    assert done.status == 10
    group = next(item for item in document["campaigns"] if item["id"] == first.id)
    assert group["is_accusation"]
    assert set(first.accounts) - set(group["accounts"]) == {account}
    assert [(item["account_id"], item["by"]) for item in group["desk"]["left_out"]] == [(account, "ben")]
    assert not any(account in item["accounts"] for item in document["campaigns"] if item["is_accusation"])
    rows = pq.read_table(tmp_path / "case" / "accounts.parquet").to_pylist()
    (row,) = [row for row in rows if row["account_id"] == account]
    assert "left out by an analyst: not accused" in row["reasons"]


def test_merged_groups_are_found_as_one(tiny, case, tmp_path):
    """The next case has one group under the first one's id, tested anew; with the merge undone it is what it was.

    An accusation leaves out whom the registry names, in a merged group as in any.
    """
    desk, (first, second) = Database(tmp_path / "desk.sqlite"), case.campaigns[:2]
    others = {second.id: Snapshot.of(case, second)}
    wish = Wish("ada", "merge", first.id, 0, "one pool", campaigns=(second.id,), others=others)
    decide(desk, wish)
    done, document = scanned(tiny, desk.path, tmp_path / "case")
    assert done.status == 0, done.err
    assert len(document["campaigns"]) == len(case.campaigns) - 1
    group = next(item for item in document["campaigns"] if item["id"] == first.id)
    profiles = pq.read_table(tiny.case / "profiles.parquet").to_pylist()
    registered = {row["account_id"] for row in profiles if row["is_authorised"]}
    everybody = {*first.accounts, *second.accounts}
    assert everybody - registered <= set(group["accounts"]) <= everybody
    rows = pq.read_table(tmp_path / "case" / "slices.parquet").to_pylist()
    assert group["attempts"] == sum(row["campaign_id"] == first.id for row in rows)
    assert (group["q_value"], group["p_leading"]) != (first.q_value, first.p_leading)
    assert "put together by ada" in group["counter_evidence"][0]
    decide(desk, Wish("ada", "undo", first.id, 1, undoes=1))
    scanned(tiny, desk.path, tmp_path / "again")
    assert (tmp_path / "again" / "accounts.parquet").read_bytes() == (tiny.case / "accounts.parquet").read_bytes()


def test_split_group_is_found_as_its_parts(tiny, case, tmp_path):
    """The next case has part and rest, each with its own members, and what was decided about the part holds for it."""
    desk, whole = Database(tmp_path / "desk.sqlite"), case.campaigns[0]
    chosen = whole.accounts[:6]
    part = dataclasses.replace(whole, id=part_id(chosen), accounts=chosen)
    decide(
        desk, Wish("ada", "split", whole.id, 0, "another client", accounts=chosen, snapshot=Snapshot.of(case, whole))
    )
    decide(desk, Wish("ben", "dismiss", part.id, 0, "ours", snapshot=Snapshot.of(case, part)))
    done, document = scanned(tiny, desk.path, tmp_path / "case")
    assert done.status == 0, done.err
    found = {item["id"]: item for item in document["campaigns"]}
    assert set(found[part.id]["accounts"]) == set(chosen)
    assert set(found[whole.id]["accounts"]) == set(whole.accounts) - set(chosen)
    assert (found[part.id]["desk"]["status"], found[part.id]["is_accusation"]) == ("dismissed", False)
    assert found[whole.id]["desk"]["status"] == "open"


def test_missing_desk_is_refused(tiny, tmp_path):
    """A mistyped name is no empty desk: the dismissed would be accused again."""
    done, _ = scanned(tiny, tmp_path / "nowhere.sqlite", tmp_path / "case")
    assert done.status == 3
    assert not (tmp_path / "nowhere.sqlite").exists()


def test_states_own_desk_holds_without_being_named(tiny, case, tmp_path):
    """A desk in the state's folder holds for every scan over the state."""
    options = ("--state", tmp_path / "state", "--key-file", tiny.key, "--json")
    assert stillwatch("scan", *tiny.inputs[:-2], *options, "--out", tmp_path / "one").status == 0
    first = from_json((tmp_path / "one" / "campaigns.json").read_bytes())
    desk = Database(tmp_path / "state" / "desk.sqlite")
    for campaign in first.campaigns:
        decide(desk, Wish("ada", "dismiss", campaign.id, 0, reason="ours", snapshot=Snapshot.of(first, campaign)))
    done = stillwatch("scan", *options, "--out", tmp_path / "two", "--fail-on-accusation")
    assert done.status == 0, done.err
    assert all(
        item.desk.status == "dismissed"
        for item in from_json((tmp_path / "two" / "campaigns.json").read_bytes()).campaigns
    )
