"""The case as a desk holds it: merged groups, parts, and the queue by what was decided and who works on it."""

import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from scanned_world import Scanned

from stillwatch.dossiers.case import Campaign, Case
from stillwatch.dossiers.document import from_json
from stillwatch.pipeline.proposing import Registers, Wanted, prepare
from stillwatch.service.console.app import create_app
from stillwatch.service.console.console import ConsoleOptions
from stillwatch.service.console.source import CaseSource
from stillwatch.service.console.views.queue import QueueQuery, Work, queue_view
from stillwatch.store.desk.database import Database
from stillwatch.store.desk.decision import Wish, decide, decisions
from stillwatch.store.desk.matching import held_of
from stillwatch.store.desk.regrouping import part_id
from stillwatch.store.desk.snapshot import Snapshot

PARTS = ("", "/rivals", "/indicators", "/links", "/shared", "/members", "/compare", "/desk")


class Held:
    """The scanned case with a desk of its own."""

    def __init__(self, folder: Path, place: Path) -> None:
        self.folder = folder
        self.case: Case = from_json((folder / "campaigns.json").read_bytes())
        self.desk = Database(place / "desk.sqlite")
        app = create_app(CaseSource(folder), ConsoleOptions(desk=self.desk))
        self.client = TestClient(app, base_url="http://127.0.0.1:8377", client=("127.0.0.1", 50000))

    def decide(self, kind: str, group: Campaign, **wish: Any) -> int:
        """Record a decision about one of the scan's groups; return its number."""
        seen = max((one.id for one in decisions(self.desk)), default=0)
        wish.setdefault("snapshot", Snapshot.of(self.case, group))
        return decide(self.desk, Wish("ada", kind, group.id, seen, "why", **wish)).id

    def asked(self, address: str) -> Any:
        """Return the twin of an address; its page has to be there as well."""
        path, _, query = address.partition("?")
        assert self.client.get(address).status_code == 200, address
        answer = self.client.get(f"{path}.json?{query}")
        assert answer.status_code == 200, address
        return answer.json()

    def slices(self, groups: list[str], accounts: set[str]) -> list[dict[str, Any]]:
        """Rows of the slices of some groups by some accounts."""
        rows = pq.read_table(self.folder / "slices.parquet").to_pylist()
        return [row for row in rows if row["campaign_id"] in groups and row["account_id"] in accounts]


@pytest.fixture
def held(scanned: Scanned, tmp_path: Path) -> Held:
    """The scanned case and an empty desk."""
    return Held(scanned.case, tmp_path)


def merged(held: Held) -> tuple[Campaign, Campaign]:
    """Merge the second group into the first."""
    first, second = held.case.campaigns[:2]
    others = {second.id: Snapshot.of(held.case, second)}
    held.decide("merge", first, campaigns=(second.id,), others=others)
    return first, second


def test_merged_groups_stand_once_and_both_ids_lead_there(held: Held) -> None:
    """One row less in the queue; every page of either id shows all members and all exchanges, each once."""
    first, second = merged(held)
    rows = held.asked("/campaigns")["rows"]
    assert len(rows) == len(held.case.campaigns) - 1
    (row,) = [one for one in rows if one["id"] == first.id]
    accounts = {*first.accounts, *second.accounts}
    exchanges = {one["exchange_id"] for one in held.slices([first.id, second.id], accounts)}
    for name in (first.id, second.id):
        for part in PARTS:
            held.asked(f"/campaigns/{name}{part}")
        head = held.asked(f"/campaigns/{name}")["campaign"]
        assert (head["id"], head["n_accounts"], head["attempts"]) == (first.id, len(accounts), len(exchanges))
        assert {one["id"] for one in head["made_of"]} == {first.id, second.id}
    assert (row["n_merged"], row["n_accounts"]) == (2, len(accounts))
    listed = held.asked(f"/campaigns/{second.id}/members?size=200")
    assert {one["account_id"] for one in listed["rows"]} == accounts
    assert listed["paging"]["n_rows"] == len(accounts)


def test_evidence_of_each_merged_group_can_be_seen(held: Held) -> None:
    """The evidence is that of the group that is asked for, and of no other one."""
    first, second = merged(held)
    for one in (first, second):
        shown = held.asked(f"/campaigns/{first.id}/rivals?of={one.id}")
        assert [item["posterior"] for item in shown["hypotheses"]] == [item.posterior for item in one.hypotheses]
    assert held.client.get(f"/campaigns/{first.id}/rivals.json?of={held.case.campaigns[2].id}").status_code == 404


def test_activity_of_a_merged_group_adds_up(held: Held) -> None:
    """The timeline counts every exchange of the slices once, and every active account once a day."""
    first, second = merged(held)
    line = held.asked(f"/campaigns/{first.id}")["timeline"]
    rows = held.slices([first.id, second.id], {*first.accounts, *second.accounts})
    once = {row["exchange_id"]: row for row in rows}
    assert sum(line["extraction"]) == sum(line["hour_of_week"]) == len(once)
    days = {(row["account_id"], row["requested_at"].date()) for row in once.values()}
    assert sum(line["active_accounts"]) == len(days)


def test_split_shows_both_parts_with_their_members(held: Held) -> None:
    """Part and rest stand in the queue with their own members and exchanges; an account leads to its own part."""
    whole = held.case.campaigns[0]
    chosen = whole.accounts[:6]
    number = held.decide("split", whole, accounts=chosen)
    name = part_id(chosen)
    part = held.asked(f"/campaigns/{name}")["campaign"]
    rest = held.asked(f"/campaigns/{whole.id}")["campaign"]
    for head, accounts in ((part, set(chosen)), (rest, set(whole.accounts) - set(chosen))):
        assert (head["n_accounts"], head["attempts"]) == (len(accounts), len(held.slices([whole.id], accounts)))
        listed = held.asked(f"/campaigns/{head['id']}/members?size=200")["rows"]
        assert {one["account_id"] for one in listed} == accounts
    assert part["is_part"]
    assert not rest["is_part"]
    for address in PARTS:
        held.asked(f"/campaigns/{name}{address}")
    groups = [one["campaign_id"] for one in held.asked(f"/accounts/{chosen[0]}")["memberships"]]
    assert name in groups
    assert whole.id not in groups
    held.decide("undo", whole, undoes=number)
    assert held.client.get(f"/campaigns/{name}.json").status_code == 404
    assert held.asked(f"/campaigns/{whole.id}")["campaign"]["n_accounts"] == whole.n_accounts


def test_proposal_against_a_merged_group_touches_all_of_it(held: Held) -> None:
    """The dry run has the members of both groups, each once, and the less certain group's doubt."""
    first, second = merged(held)
    made = prepare(held.folder, held.desk, Registers(), Wanted(second.id, "watch", "ada", "why"))
    run = made.dry_run
    named = [one.account_id for one in (*run.touched, *run.spared)]
    assert sorted(named) == sorted({*first.accounts, *second.accounts})
    doubt = [1 - next(h.posterior for h in one.hypotheses if h.name == "distillation") for one in (first, second)]
    assert run.all_wrong_probability == pytest.approx(max(doubt), abs=1e-6)


def test_history_of_a_part_has_the_split_and_undoes_it(held: Held) -> None:
    """The part's page says who split it off, and the undo goes to the group that the split was recorded about."""
    whole = held.case.campaigns[0]
    number = held.decide("split", whole, accounts=whole.accounts[:6])
    (row,) = held.asked(f"/campaigns/{part_id(whole.accounts[:6])}/desk")["history"]
    assert (row["id"], row["about"], row["can_be_undone"], row["seen"]) == (number, whole.id, True, number)


def test_case_without_the_tables_is_left_as_the_scan_found_it(held: Held, tmp_path: Path) -> None:
    """Without slices nothing can be counted for a merged group: the groups stay apart."""
    old = shutil.copytree(held.folder, tmp_path / "old")
    (old / "slices.parquet").unlink()
    merged(held)
    client = TestClient(create_app(CaseSource(old), ConsoleOptions(desk=held.desk)), base_url="http://127.0.0.1:8377")
    assert len(client.get("/campaigns.json").json()["rows"]) == len(held.case.campaigns)


def test_queue_keeps_what_was_decided_and_who_works_on_it(held: Held) -> None:
    """Each filter keeps exactly its groups, and the counts beside the filters add up."""
    first, second, third = held.case.campaigns[:3]
    held.decide("confirm", first)
    held.decide("dismiss", second)
    held.decide("assign", third, assignee="ben")
    held.decide("assign", first, assignee="ada")

    def kept(query: str) -> set[str]:
        return {row["id"] for row in held.asked(f"/campaigns?{query}")["rows"]}

    everybody = {one.id for one in held.case.campaigns}
    assert kept("status=confirmed") == {first.id}
    assert kept("status=dismissed") == {second.id}
    assert kept("status=open") == everybody - {first.id, second.id}
    assert kept("assignee=ben") == {third.id}
    assert kept("assignee=nobody") == everybody - {first.id, third.id}
    assert kept("assignee=ben&status=confirmed") == set()
    view = held.asked("/campaigns")
    assert sum(choice["n"] for choice in view["statuses"]) == sum(choice["n"] for choice in view["assignees"])
    assert held.client.get("/campaigns.json?status=banned").status_code == 400


def test_mine_are_those_of_whoever_asks(held: Held) -> None:
    """``me`` is the one who asks, so that one address serves everybody; whoever has no name has nothing assigned."""
    first, second = held.case.campaigns[:2]
    held.decide("assign", first, assignee="ada")
    held.decide("assign", second, assignee="ben")
    statuses = held_of(held.desk, held.case).statuses

    def mine(name: str) -> list[str]:
        return [row.id for row in queue_view(held.case, QueueQuery(assignee="me"), Work(statuses, me=name)).rows]

    assert (mine("ada"), mine("ben"), mine("cleo"), mine("")) == ([first.id], [second.id], [], [])
