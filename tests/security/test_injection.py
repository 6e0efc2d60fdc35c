"""Hostile text in every field stays text; hostile addresses open nothing else; every answer keeps to itself."""

import json
import re
from html.parser import HTMLParser

import pytest
from consoles import PEOPLE, Place
from example_case import PLANS, make_case
from hostile import ATTACKS, plant_all

from stillwatch.service.console.security import HEADERS
from stillwatch.store.desk.database import Database
from stillwatch.store.desk.decision import Wish, decide
from stillwatch.store.desk.person import person_of_subject

TYPED = {name: text for name, text in ATTACKS.items() if name not in ("control", "huge", "empty", "zalgo")}
FOREIGN = frozenset({"img", "iframe", "object", "embed", "style", "base", "frame", "math", "video", "audio"})


class Acting(HTMLParser):
    """Gathers what of a page would act as a browser reads it."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        """Look at one element."""
        given = dict(attrs)
        if tag in FOREIGN or (tag == "script" and not (given.get("src") or "").startswith("/static/")):
            self.found.append(tag)
        self.found += [f"{tag} {name}" for name in given if name.startswith("on") or name in ("style", "srcdoc")]
        for name in ("href", "src", "action", "formaction", "xlink:href"):
            if name in given and not (given[name] or "").startswith(("/", "#")):
                self.found.append(f"{tag} {name}={given[name]}")


def dangerous(page):
    """Return what of a page would act: elements, handlers and links that are none of ours."""
    return Acting(page).found


def test_the_look_out_sees_each_attack():
    """What the tests below look for is found where text is not escaped."""
    acting = ("script", "handler", "style", "title", "comment")
    assert all(dangerous(f"<p>{ATTACKS[name]}</p>") for name in acting)
    assert dangerous(f"<a href='x' title='{ATTACKS['attribute']}'>")
    assert dangerous(f'<a href="{ATTACKS["link"]}">')


@pytest.mark.parametrize("attack", TYPED.values(), ids=TYPED)
def test_what_people_type_stays_text(place, case, group, attack):
    """A note, a reason, an assignee: shown as it was typed, on every page that shows it."""
    ada, ben, eve = place.browser("ada"), place.browser("ben"), place.browser("eve")
    desk = f"/campaigns/{group}/decisions"
    assert ada.submit(desk, kind="note", seen=0, reason=attack).status_code == 303
    assert ada.submit(desk, kind="confirm", seen=1, reason=attack).status_code == 303
    assert ada.submit(desk, kind="assign", seen=2, assignee=attack[:60]).status_code == 303
    account = case.campaigns[0].accounts[0]
    assert ada.submit(desk, kind="exclude", seen=3, reason=attack, accounts=account).status_code == 303
    address = ada.submit(f"/campaigns/{group}/proposals", step="watch", reason=attack).headers["location"]
    sha256 = ada.get(f"{address}.json").json()["sha256"]
    assert ben.submit(f"{address}/refuse", sha256=sha256, reason=attack).status_code == 303
    pages = {
        ada: (
            f"/campaigns/{group}/desk?done=2",
            "/proposals",
            address,
            f"/campaigns/{group}/propose?step=watch",
            "/campaigns",
        ),
        eve: ("/audit", "/people"),
    }
    for browser, addresses in pages.items():
        for page in addresses:
            answer = browser.get(page)
            assert answer.status_code == 200
            assert dangerous(answer.text) == [], page
    row = ada.get(f"/campaigns/{group}/desk.json").json()["history"][-1]
    assert row["reason"] == attack.strip()


def test_hostile_case_stays_text_on_the_desks_pages(tmp_path):
    """Ids, names, values and sentences of a case written by an attacker act on no page of the desk."""
    case = plant_all(make_case((PLANS[0], PLANS[2]), n_listed=12))
    place = Place(tmp_path, case)
    ben = place.browser("ben")
    for campaign in ben.get("/campaigns.json").json()["rows"]:
        address = campaign["address"]
        ben.submit(f"{address}/decisions", kind="confirm", seen=0)
        proposed = ben.submit(f"{address}/proposals", step="watch", reason="look").headers["location"]
        for page in ("/campaigns", f"{address}/desk", f"{address}/propose?step=watch", proposed, "/proposals"):
            answer = ben.get(page)
            assert answer.status_code == 200, page
            assert dangerous(answer.text) == [], page
            assert "\x00" not in answer.text
            assert "\u202e" not in answer.text
    for page in ("/audit", "/people"):
        assert dangerous(place.browser("eve").get(page).text) == []


def test_every_answer_keeps_to_itself(place, group):
    """No page may be framed, guessed at, kept or sent elsewhere, refusals and redirects included."""
    ada = place.browser("ada")
    answers = [
        ada.get(page)
        for page in ("/", "/login", f"/campaigns/{group}/desk", "/proposals", "/audit", "/nowhere", "/proposals.json")
    ]
    answers += [
        ada.submit("/proposals/x/approve"),
        ada.submit("/logout", secret="x"),
        place.browser().get("/campaigns"),
    ]
    assert {answer.status_code for answer in answers} >= {200, 303, 403, 404}
    for answer in answers:
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers


def test_page_has_no_script_or_style_of_its_own(place, group):
    """The policy forbids them, and no page of the desk needs one."""
    ada = place.browser("ada")
    for page in (
        f"/campaigns/{group}/desk",
        "/proposals",
        f"/campaigns/{group}/propose?step=watch",
        "/people",
        "/login",
    ):
        text = ada.get(page).text
        assert re.findall(r"<script(?![^>]*\ssrc=)[^>]*>", text) == []
        assert "<style" not in text
        assert re.findall(r"\sstyle=", text) == []


@pytest.mark.parametrize(
    "address",
    [
        "/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/%2e%2e/app.py", "/static//etc/passwd",
        "/static/desk.css", "/proposals/..%2f..%2fdesk.sqlite", "/proposals/%00", "/proposals/~",
        "/dossiers/..%2fdesk.sqlite", "/dossiers/%2e%2e/desk.sqlite", "/campaigns/..%2f..%2fdesk.sqlite/desk",
        "/campaigns/~Li4vLi4/desk",
        "/campaigns/~%ff/desk", "/desk.sqlite", "/campaigns/" + "a" * 60_000 + "/desk", "/campaigns/%F0%9F/desk",
    ],
    ids=lambda text: text[:40],
)  # fmt: skip
def test_no_address_leads_out_of_the_console(place, address):
    """What is no page is not found, and nothing of the disk is shown."""
    for browser in (place.browser("ada"), place.browser("eve")):
        answer = browser.get(address)
        assert answer.status_code in (400, 403, 404)
        assert "SQLite format" not in answer.text
        assert "root:" not in answer.text
        assert str(place.folder.parent) not in answer.text


@pytest.mark.parametrize(
    "query",
    ["before=-1", "before=x", "before=" + "9" * 400, "kind=" + "x" * 50_000, "kind='%20OR%201=1--", "check=maybe"],
    ids=lambda text: text[:20],
)
def test_odd_queries_are_refused_or_find_nothing(place, query):
    """No query reaches the database as anything but a value."""
    answer = place.browser("eve").get(f"/audit.json?{query}")
    assert answer.status_code in (200, 400)
    if answer.status_code == 200 and "kind" in query:
        assert answer.json()["entries"] == []


@pytest.mark.parametrize(
    "name", ["x\r\nSet-Cookie: a=b", "x\nLocation: https://evil.example", "a" * 20_000, "Ü", "\x00"]
)
def test_hostile_name_at_the_login_is_a_wrong_name(place, name):
    """No header, no log line and no crash comes of it."""
    answer = place.browser().log_in(name, "wrong")
    assert answer.status_code == 401
    assert "evil" not in str(answer.headers)
    eve = place.browser("eve")
    assert dangerous(eve.get("/audit").text) == []


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", ""])
def test_another_host_name_gets_nothing(place, host):
    """A site that points its own name at the loopback address (DNS rebinding) is refused before anything is read."""
    ada = place.browser("ada")
    answer = ada.get("/campaigns", headers={"Host": host})
    assert answer.status_code == 421
    assert "distillation" not in answer.text


def test_files_are_downloads_with_names_of_ours(place, group):
    """An export is an attachment of its own type, and its name holds nothing that somebody typed."""
    ada, ben = place.browser("ada"), place.browser("ben")
    address = ada.submit(f"/campaigns/{group}/proposals", step="watch", reason='"\r\nX: y').headers["location"]
    sha256 = ada.get(f"{address}.json").json()["sha256"]
    assert ben.submit(f"{address}/approve", sha256=sha256).status_code == 303
    for ending, kind in (("json", "application/json"), ("csv", "text/csv; charset=utf-8")):
        answer = ada.submit(f"{address}/export", sha256=sha256, format=ending)
        assert answer.headers["content-type"] == kind
        name = address.rsplit("/", 1)[1]
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}-apply.{ending}"'
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert ada.submit(f"{address}/export", sha256=sha256, format="html").status_code == 400


def test_json_holds_hostile_text_as_json(place, group):
    """A note with markup is JSON to whoever reads JSON, with its own type, and no page to a browser that guesses."""
    ada = place.browser("ada")
    ada.submit(f"/campaigns/{group}/decisions", kind="note", seen=0, reason=ATTACKS["script"])
    answer = ada.get(f"/campaigns/{group}/desk.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert json.loads(answer.text)["history"][0]["reason"] == ATTACKS["script"]


def test_sql_in_any_field_is_a_value(place, group):
    """Quotes and statements in names and reasons are kept as they are and change nothing else."""
    words = "'); DROP TABLE audit; --"
    ada = place.browser("ada")
    assert ada.submit(f"/campaigns/{group}/decisions", kind="note", seen=0, reason=words).status_code == 303
    assert place.browser().log_in("' OR '1'='1", "x").status_code == 401
    assert person_of_subject(place.desk, "' OR 1=1 --") is None
    assert len(place.browser("eve").get("/audit.json").json()["entries"]) > len(PEOPLE)


def test_expensive_pages_are_rationed(place, group):
    """Dry runs and checks of the whole log stop at a burst, and say when to try again."""
    ada, eve = place.browser("ada"), place.browser("eve")
    dry = [ada.get(f"/campaigns/{group}/propose?step=watch").status_code for _ in range(14)]
    assert dry.count(200) >= 10
    assert dry[-1] == 429
    assert [eve.get("/audit?check=true").status_code for _ in range(5)][-1] == 429
    assert eve.get("/audit").status_code == 200


def test_desk_of_another_case_is_another_desk(tmp_path, case):
    """A session of one desk opens no other one on the same machine (cookies do not know ports)."""
    one, two = Place(tmp_path / "one", case), Place(tmp_path / "two", case)
    ada = one.browser("ada")
    other = two.browser()
    other.cookies.update(dict(ada.cookies))
    assert other.get("/campaigns").status_code == 303


def test_decision_written_past_the_console_is_shown_as_text(place, case):
    """What a command or another program wrote into the desk is escaped like anything else."""
    campaign = case.campaigns[0].id
    decide(Database(place.desk.path), Wish("<script>x</script>", "note", campaign, 0, reason="<img src=x>"))
    page = place.browser("ada").get(f"/campaigns/{campaign}/desk").text
    assert dangerous(page) == []
    assert "&lt;script&gt;" in page
