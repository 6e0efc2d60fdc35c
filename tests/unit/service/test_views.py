"""Tests of the views on a real scan's case: every page has its twin, and both say what the case says."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from planted_case import client_of
from scanned_world import Scanned

from stillwatch.dossiers.case import Campaign
from stillwatch.dossiers.document import from_json

PARTS = ("", "/rivals", "/indicators", "/links", "/shared", "/members", "/compare")


@pytest.fixture(scope="module")
def client(scanned: Scanned) -> TestClient:
    """A console on the scanned world."""
    return client_of(scanned.case)


@pytest.fixture(scope="module")
def campaigns(scanned: Scanned) -> tuple[Campaign, ...]:
    """The groups of the scanned world."""
    return from_json((scanned.case / "campaigns.json").read_bytes()).campaigns


def asked(client: TestClient, address: str) -> Any:
    """Return the twin of an address; its page has to be there as well."""
    path, _, query = address.partition("?")
    assert client.get(address).status_code == 200, address
    answer = client.get(f"{path}.json?{query}")
    assert answer.status_code == 200, address
    return answer.json()


def rows(scanned: Scanned, name: str) -> list[dict[str, Any]]:
    """A table of the case as rows."""
    return pq.read_table(scanned.case / f"{name}.parquet").to_pylist()


def test_queue_ranks_accusations_first_and_the_larger_before(client: TestClient) -> None:
    """Accused groups lead, then by exchanges; ranks count from one without a gap."""
    found = asked(client, "/campaigns")["rows"]
    order = {"accused": 0, "undetermined": 1, "explained": 2, "authorised": 3}
    keys = [(order[row["standing"]], -row["exchanges"]) for row in found]
    assert keys == sorted(keys)
    assert [row["rank"] for row in found] == list(range(1, len(found) + 1))


def test_queue_filters_and_sorts(client: TestClient, campaigns: tuple[Campaign, ...]) -> None:
    """Each filter keeps exactly the groups that it names, and each order is the one that it says."""
    kept = asked(client, "/campaigns?standing=accused")["rows"]
    assert {row["id"] for row in kept} == {one.id for one in campaigns if one.is_accusation}
    one = campaigns[-1]
    assert {row["id"] for row in asked(client, f"/campaigns?hypothesis={one.leading_hypothesis}")["rows"]} == {
        other.id for other in campaigns if other.leading_hypothesis == one.leading_hypothesis
    }
    assert [row["id"] for row in asked(client, f"/campaigns?q={one.id[3:9]}")["rows"]] == [one.id]
    sizes = [row["n_accounts"] for row in asked(client, "/campaigns?sort=accounts")["rows"]]
    assert sizes == sorted(sizes, reverse=True)
    q_values = [row["q_value"] for row in asked(client, "/campaigns?sort=q")["rows"]]
    assert q_values == sorted(q_values)


def test_queue_pages_show_each_group_once(client: TestClient, campaigns: tuple[Campaign, ...]) -> None:
    """Pages of one row walk through all groups, and the addresses lead from page to page."""
    seen, address = [], "/campaigns?size=1"
    while address:
        view = asked(client, address)
        seen += [row["id"] for row in view["rows"]]
        address = view["paging"]["next"]
    assert sorted(seen) == sorted(one.id for one in campaigns)


@pytest.mark.parametrize("part", PARTS)
def test_every_part_of_every_campaign_is_there(client: TestClient, campaigns: tuple[Campaign, ...], part: str) -> None:
    """Each part has a page and a twin, and both are of the campaign that was asked for."""
    for one in campaigns:
        assert asked(client, f"/campaigns/{one.id}{part}")["campaign"]["id"] == one.id


def test_finding_says_what_the_document_says(client: TestClient, campaigns: tuple[Campaign, ...]) -> None:
    """Evidence, counter-evidence and timeline are the document's, and the sentences stand on the page."""
    for one in campaigns:
        view = asked(client, f"/campaigns/{one.id}")
        assert [row["bits"] for row in view["evidence"]] == [row.bits for row in one.evidence]
        assert view["timeline"]["extraction"] == list(one.timeline.extraction)
        page = client.get(f"/campaigns/{one.id}").text.replace("&#39;", "'")
        assert all(line in page for line in one.counter_evidence)


def test_members_are_all_there_and_ordered(client: TestClient, campaigns: tuple[Campaign, ...]) -> None:
    """The pages of members hold every account once; order and filter do what they say."""
    one = max(campaigns, key=lambda campaign: campaign.n_accounts)
    seen, address = [], f"/campaigns/{one.id}/members?size=4"
    while address:
        view = asked(client, address)
        seen += [row["account_id"] for row in view["rows"]]
        address = view["paging"]["next"]
    assert sorted(seen) == sorted(one.accounts)
    by_size = asked(client, f"/campaigns/{one.id}/members?sort=exchanges&size=200")["rows"]
    assert [row["exchanges"] for row in by_size] == sorted((row["exchanges"] for row in by_size), reverse=True)
    wanted = one.accounts[0]
    assert [row["account_id"] for row in asked(client, f"/campaigns/{one.id}/members?q={wanted.upper()}")["rows"]] == [
        wanted
    ]


def test_account_of_a_group(client: TestClient, scanned: Scanned, campaigns: tuple[Campaign, ...]) -> None:
    """A member's page has both sides, its numbers add up, and its ties are really shared values."""
    one = next(campaign for campaign in campaigns if campaign.is_accusation)
    account = one.accounts[0]
    view = asked(client, f"/accounts/{account}")
    assert view["memberships"][0]["campaign_id"] == one.id
    assert view["why"]
    assert view["why_not"]
    assert sum(day["n_slice"] + day["n_own"] for day in view["days"]) == view["profile"]["n_exchanges"]
    assert sum(view["profile"]["hours"]) == view["profile"]["n_exchanges"]
    held = {(row["kind"], row["value"]) for row in rows(scanned, "values") if row["account_id"] == account}
    used = {row["family_id"] for row in rows(scanned, "families") if row["account_id"] == account}
    for tie in view["ties"]:
        theirs = [row for row in rows(scanned, "values") if row["account_id"] == tie["account_id"]]
        common = {row["kind"] for row in theirs if (row["kind"], row["value"]) in held}
        families = {row["family_id"] for row in rows(scanned, "families") if row["account_id"] == tie["account_id"]}
        assert set(tie["shares"]) <= common | ({"same_family"} if used & families else set())
        assert client.get(tie["pair"]).status_code == 200
    bits = [tie["bits"] for tie in view["ties"]]
    assert bits == sorted(bits, reverse=True)


def test_little_wording_is_a_doubt_only_where_it_was_used_little(client: TestClient, scanned: Scanned) -> None:
    """Chance is named for a member with one family and few uses of it, and for no other."""
    wording = {row["campaign_id"] for row in rows(scanned, "families") if row["campaign_id"] is not None}
    members = [row for row in rows(scanned, "members") if row["campaign_id"] in wording]
    in_groups = Counter(row["account_id"] for row in members)
    seen = set()
    for row in members:
        case = (min(row["families"], 2), row["exchanges"] < 3)
        if in_groups[row["account_id"]] > 1 or case in seen:
            continue
        seen.add(case)
        titles = {one["title"] for one in asked(client, f"/accounts/{row['account_id']}")["why_not"]}
        assert ("Little of the group's wording" in titles) == (case == (1, True))
        assert ("None of the group's wording" in titles) == (row["families"] == 0)
    assert (1, False) in seen


def test_account_of_no_group(client: TestClient, scanned: Scanned) -> None:
    """An account that is in no group has a page that says so, and nothing is made up about it."""
    account = next(row["account_id"] for row in rows(scanned, "accounts") if row["campaign_id"] is None)
    view = asked(client, f"/accounts/{account}")
    assert view["memberships"] == view["why"] == view["values"] == []
    assert view["profile"] is None


def test_pair_adds_up(client: TestClient, campaigns: tuple[Campaign, ...]) -> None:
    """Prior and comparisons make the total, the two orders agree, and what the scan wrote is what is shown."""
    pair = next(pair for campaign in campaigns for pair in campaign.pairs)
    view = asked(client, f"/pairs/{pair.account_a}/{pair.account_b}")
    total = view["prior_bits"] + sum(row["bits"] for row in view["comparisons"])
    assert view["total_bits"] == pytest.approx(total, abs=1e-3)
    assert view["total_bits"] == pytest.approx(pair.total_bits, abs=1e-3)
    mirrored = asked(client, f"/pairs/{pair.account_b}/{pair.account_a}")
    assert mirrored["total_bits"] == view["total_bits"]
    assert [row["title"] for row in view["weights"]] == [row["title"] for row in view["comparisons"]]
    assert all(0 < row["m"] < 1 and row["source"] for row in view["weights"])
    assert "What they are weighed with" in client.get(f"/pairs/{pair.account_a}/{pair.account_b}").text


def test_one_entity_is_not_weighed_against_itself(client: TestClient, campaigns: tuple[Campaign, ...]) -> None:
    """An account compared with itself has no bits: what is declared is no evidence."""
    account = campaigns[0].accounts[0]
    view = asked(client, f"/pairs/{account}/{account}")
    assert view["is_one_entity"]
    assert view["total_bits"] is None
    assert "openly belong together" in client.get(f"/pairs/{account}/{account}").text


def test_search_finds_each_kind(client: TestClient, scanned: Scanned, campaigns: tuple[Campaign, ...]) -> None:
    """An account, an address, a key, a payment, a family and a group are all found by a part of them."""
    account = campaigns[0].accounts[0]
    found = asked(client, f"/search?q={account[2:].upper()}")
    assert account in [hit["account_id"] for hit in found["accounts"]]
    for kind in ("ip", "api_key_id", "payment_fingerprint"):
        value = next(row["value"] for row in rows(scanned, "values") if row["kind"] == kind)
        hits = asked(client, f"/search?q={value}")["values"]
        assert (kind, value) in [(hit["kind"], hit["value"]) for hit in hits]
        holders = asked(client, next(hit["address"] for hit in hits if hit["value"] == value))
        assert holders["paging"]["n_rows"] == sum(
            row["kind"] == kind and row["value"] == value for row in rows(scanned, "values")
        )
    family = rows(scanned, "families")[0]["family_id"]
    assert family in [hit["value"] for hit in asked(client, f"/search?q={family}")["values"]]
    assert campaigns[0].id in [row["id"] for row in asked(client, f"/search?q={campaigns[0].id}")["groups"]]


@pytest.mark.parametrize("q", ["", "a", "no such thing anywhere", "%", "_", "'; DROP TABLE accounts; --", "\\"])
def test_search_for_nothing_is_no_error(client: TestClient, q: str) -> None:
    """Empty, too short, absent and hostile searches find nothing and say so; letters stand for themselves alone."""
    answer = client.get("/search.json", params={"q": q})
    assert answer.status_code == 200
    assert answer.json()["n_accounts"] == 0
    assert client.get("/search", params={"q": q}).status_code == 200


@pytest.mark.parametrize(
    "address",
    ["/campaigns/c-nothing", "/accounts/nobody", "/accounts/~_", "/accounts/~%E4", "/pairs/nobody/nobody",
     "/values/ip/9.9.9.9", "/families/f-0", "/campaigns/c-nothing/members"],
)  # fmt: skip
def test_what_is_not_there_is_said(client: TestClient, address: str) -> None:
    """An unknown id gives 404 with a way back, as a page and as JSON."""
    assert client.get(address).status_code == 404
    assert "To the queue" in client.get(address).text
    assert client.get(f"{address}.json").json()["error"]["code"] == "not-found"


def test_look_alike_is_another_group(client: TestClient, campaigns: tuple[Campaign, ...]) -> None:
    """An accused group stands beside one that is not; distances lie in [0, 1] and rise; any other can be asked for."""
    accused = next(one for one in campaigns if one.is_accusation)
    view = asked(client, f"/campaigns/{accused.id}/compare")
    assert view["beside"]["standing"] != "accused"
    distances = [one["distance"] for one in view["choices"]]
    assert distances == sorted(distances)
    assert all(0 <= one <= 1 for one in distances)
    other = view["choices"][-1]["campaign_id"]
    assert asked(client, f"/campaigns/{accused.id}/compare?beside={other}")["beside"]["id"] == other
    assert client.get(f"/campaigns/{accused.id}/compare?beside=c-nothing").status_code == 404


def test_a_case_of_an_earlier_version_is_shown_as_far_as_it_goes(scanned: Scanned, tmp_path: Path) -> None:
    """Without the tables of single accounts all pages stand, and say what they lack."""
    for name in ("campaigns.json", "accounts.parquet", "memberships.parquet"):
        (tmp_path / name).write_bytes((scanned.case / name).read_bytes())
    client = client_of(tmp_path)
    one = json.loads((tmp_path / "campaigns.json").read_bytes())["campaigns"][0]
    for part in PARTS:
        assert client.get(f"/campaigns/{one['id']}{part}").status_code == 200
    a, b = one["accounts"][:2]
    assert "earlier version" in client.get(f"/accounts/{a}").text
    assert "earlier version" in client.get(f"/pairs/{a}/{b}").text
    assert client.get("/search?q=10").status_code == 200


def test_links_of_every_page_lead_somewhere(client: TestClient) -> None:
    """From the queue on, no link of a page of each kind is dead."""
    seen, waiting = set(), ["/campaigns", "/about", "/search?q=10."]
    kinds: dict[str, int] = {}
    while waiting:
        address = waiting.pop().replace("&amp;", "&")
        kind = re.sub(r"[^/]*[0-9~][^/]*", "*", address.partition("?")[0])
        if address in seen or kinds.get(kind, 0) >= 4:
            continue
        kinds[kind] = kinds.get(kind, 0) + 1
        seen.add(address)
        answer = client.get(address)
        assert answer.status_code == 200, address
        if "html" in answer.headers["content-type"]:
            waiting += re.findall(r'href="(/[^"#]*)"', answer.text)
    assert len(kinds) >= 15
