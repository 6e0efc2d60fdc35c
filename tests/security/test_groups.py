"""What an attacker would try on merged and split groups, on the queue's filters, and on what is handed out beside."""

import pytest
from consoles import Place
from example_case import PLANS, make_case
from hostile import ATTACKS, plant_all
from test_injection import dangerous

from stillwatch.service.console.address import slug
from stillwatch.store.desk.decision import decisions
from stillwatch.store.desk.regrouping import part_id

HOSTILE = ["<script>alert(1)</script>", "' OR 1=1 --", "../../etc/passwd", "%00", "\u202e", 'c-x" onclick="x']


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("address", ["/campaigns?assignee=", "/campaigns?status=", "{group}?of=", "{group}/rivals?of="])
def test_odd_filters_are_refused_or_find_nothing(place, group, address, text):
    """Nothing of an address acts, nothing fails, and no other group's evidence is shown."""
    ada = place.browser("ada")
    answer = ada.get(address.format(group=f"/campaigns/{group}") + text.replace("%", "%25").replace("#", "%23"))
    assert answer.status_code in {200, 400, 404}
    assert dangerous(answer.text) == []
    assert "Traceback" not in answer.text


def test_hostile_accounts_can_be_ticked_and_split_off(tmp_path):
    """Whatever an id holds, the tick names exactly that account, and the part that comes of it stays text."""
    case = plant_all(make_case((PLANS[0], PLANS[2]), n_listed=40))
    place, whole = Place(tmp_path, case), case.campaigns[0]
    ada = place.browser("ada")
    chosen = [account for account in whole.accounts if len(account.encode("utf-8", "replace")) < 1500][:9]
    ada.visit(f"/campaigns/{slug(whole.id)}/members")
    values = {"kind": "split", "seen": 0, "reason": "why", "account": [slug(one) for one in chosen]}
    assert ada.submit(f"/campaigns/{slug(whole.id)}/decisions", **values).status_code == 303
    (made,) = decisions(place.desk)
    assert made.accounts == tuple(chosen)
    for part in ("", "/members", "/desk", "/rivals", "/dossier"):
        answer = ada.get(f"/campaigns/{part_id(chosen)}{part}")
        assert answer.status_code == 200
        assert dangerous(answer.text) == []


def test_nobody_splits_off_accounts_of_another_group(place, case, group):
    """A tick that names a stranger, an id that is no address, and an empty choice record nothing."""
    ada = place.browser("ada")
    strangers = [slug("stranger"), "~!!!", ""]
    for one in strangers:
        fields = {"kind": "split", "seen": 0, "reason": "why", "account": one}
        assert ada.submit(f"/campaigns/{group}/decisions", **fields).status_code in {404, 422}
    assert decisions(place.desk) == ()


def test_dossier_is_of_the_groups_own_evidence_alone(place, case, group):
    """A form that names another group's id in place of one that the group was made of makes no dossier."""
    ada = place.browser("ada")
    for of in (case.campaigns[1].id, "../..", "c-nothing"):
        assert ada.submit(f"/campaigns/{group}/dossiers", of=of).status_code == 404
    assert not (place.folder.parent / "dossiers").exists()


@pytest.mark.parametrize("address", ["/people.json", "/dossiers/trust.json", "/campaigns.json?assignee=me"])
def test_what_stands_beside_is_closed_to_strangers(place, address):
    """Names, roles and the trust file are for people who logged in."""
    answer = place.browser().get(address)
    assert answer.status_code == 401
    assert "ada" not in answer.text


def test_people_are_told_without_what_they_log_in_with(place):
    """The list has names and roles; no hash and no subject of a login provider."""
    answer = place.browser("eve").get("/people.json")
    assert {one["name"]: one["role"] for one in answer.json()["people"]}["ben"] == "approver"
    assert "argon2" not in answer.text
    assert "subject" not in answer.text


def test_mine_is_never_another_persons(place, case, group):
    """``me`` in an address is whoever opens it, whatever they write beside it."""
    place.browser("ada").submit(f"/campaigns/{group}/decisions", kind="assign", seen=0, assignee="ada")
    ben = place.browser("ben")
    assert ben.get("/campaigns.json?assignee=me&me=ada").json()["rows"] == []


def test_auditor_makes_no_groups(place, case, group):
    """An auditor sees no ticks and no forms, and a form of theirs is refused."""
    eve = place.browser("eve")
    page = eve.get(f"/campaigns/{group}/members").text
    assert 'name="account"' not in page
    assert 'id="chosen"' not in page
    fields = {"kind": "merge", "seen": 0, "reason": "why", "campaigns": case.campaigns[1].id}
    assert eve.submit(f"/campaigns/{group}/decisions", **fields).status_code == 403


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_merge_with_a_hostile_name_changes_no_group(place, group, name):
    """A group that the case does not have cannot be merged in: refused, or recorded without any effect."""
    ada = place.browser("ada")
    fields = {"kind": "merge", "seen": 0, "reason": "why", "campaigns": ATTACKS[name]}
    assert ada.submit(f"/campaigns/{group}/decisions", **fields).status_code in {303, 422}
    answer = ada.get("/campaigns")
    assert answer.status_code == 200
    assert dangerous(answer.text) == []
    assert dangerous(ada.get(f"/campaigns/{group}/desk").text) == []
    assert len(ada.get("/campaigns.json").json()["rows"]) == 2
