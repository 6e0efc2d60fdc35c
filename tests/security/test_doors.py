"""Who is let through: nobody without a session, and each role only as far as it goes."""

import pytest
from consoles import Place
from starlette.routing import Route

from stillwatch.store.desk.audit import entries
from stillwatch.store.desk.decision import decisions
from stillwatch.store.desk.person import change_person


def routes_of(app, method):
    """Return every address of an app that takes a method, with its parameters filled in."""
    found, pending = set(), list(app.routes)
    while pending:
        route = pending.pop()
        pending += getattr(route, "routes", None) or getattr(getattr(route, "original_router", None), "routes", [])
        if isinstance(route, Route) and method in (route.methods or ()):
            path = route.path
            for part in ("{campaign}", "{account}", "{proposal_id}", "{kind}", "{address}"):
                path = path.replace(part, {"{kind}": "approve"}.get(part, "x"))
            found.add(path)
    return found


def test_every_page_but_the_login_is_closed_to_strangers(place):
    """No address of the application shows anything of the case without a session."""
    pages = routes_of(place.app, "GET")
    assert {"/campaigns", "/audit.json", "/people", "/proposals"} <= pages
    stranger = place.browser()
    for page in sorted(pages):
        if page.startswith(("/static", "/login")):
            continue
        answer = stranger.get(page)
        if page.endswith(".json"):
            assert answer.status_code == 401, page
        else:
            assert answer.status_code == 303, page
            assert answer.headers["location"].startswith("/login?next=%2F"), page
        assert "distillation" not in answer.text


def test_every_form_is_closed_to_strangers_and_auditors(place, group):
    """What changes something takes an analyst or an approver; only passwords are everybody's own."""
    forms = routes_of(place.app, "POST") - {"/login", "/logout", "/people/password"}
    assert {"/campaigns/x/decisions", "/campaigns/x/proposals", "/proposals/x/approve"} <= forms
    stranger, eve = place.browser(), place.browser("eve")
    for form in sorted(forms):
        address = form.replace("campaigns/x", f"campaigns/{group}")
        assert stranger.submit(address, kind="confirm").status_code in (401, 403), form
        assert eve.submit(address, kind="confirm").status_code == 403, form
    assert decisions(place.desk) == ()


@pytest.mark.parametrize(("name", "status"), [("ada", 403), ("ben", 403), ("eve", 200)])
def test_audit_log_is_for_auditors(place, name, status):
    """Analysts and approvers do not read who looked at what."""
    browser = place.browser(name)
    assert browser.get("/audit").status_code == status
    assert browser.get("/audit.json").status_code == status


def test_proposer_cannot_agree_and_an_analyst_never_can(place, group):
    """With forged forms too, a proposal takes a second person who is an approver."""
    ben = place.browser("ben")
    ben.submit(f"/campaigns/{group}/decisions", kind="confirm", seen=0)
    address = ben.submit(f"/campaigns/{group}/proposals", step="suspend", reason="harvest").headers["location"]
    sha256 = ben.get(f"{address}.json").json()["sha256"]
    assert ben.submit(f"{address}/approve", sha256=sha256).status_code == 403
    assert place.browser("ada").submit(f"{address}/approve", sha256=sha256).status_code == 403
    assert place.browser("ada").submit(f"{address}/export", sha256=sha256, format="json").status_code == 422
    assert place.browser("cleo").submit(f"{address}/approve", sha256=sha256).status_code == 303
    assert ben.get(f"{address}.json").json()["state"] == "approved"


def test_nobody_acts_under_another_name(place, group):
    """A form that names another actor or role is recorded under the session's own."""
    ada = place.browser("ada")
    ada.submit(f"/campaigns/{group}/decisions", kind="note", seen=0, reason="hello", actor="ben", role="approver")
    assert [item.actor for item in decisions(place.desk)] == ["ada"]


def test_shut_out_people_are_out_at_once(place):
    """A session does not outlive its person's leave, role or password."""
    ada, ben = place.browser("ada"), place.browser("ben")
    change_person(place.desk, "ada", by="test", is_disabled=True)
    change_person(place.desk, "ben", by="test", role="auditor")
    assert ada.get("/campaigns").status_code == 303
    assert ben.get("/campaigns").status_code == 303
    assert place.browser().log_in("ada").status_code == 401


def test_each_look_at_an_account_is_logged_before_it_is_shown(place, case):
    """The log names who looked at whose page; a page that does not exist was not looked at."""
    eve, account = place.browser("eve"), case.campaigns[0].accounts[0]
    shown = eve.get(f"/accounts/{account}").status_code
    eve.get("/accounts/nobody-here")
    looked = [(entry.actor, entry.subject) for entry in entries(place.desk, kind="view:account")]
    assert looked == ([("eve", account)] if shown == 200 else [])


def test_desk_without_people_is_open_on_loopback_only_and_closes_with_the_first_person(tmp_path, case):
    """Before, whoever reaches it is the local analyst and approves nothing; after, everybody logs in."""
    place = Place(tmp_path, case, people={})
    group = case.campaigns[0].id
    local = place.browser()
    local.visit(f"/campaigns/{group}/desk")
    assert local.submit(f"/campaigns/{group}/decisions", kind="confirm", seen=0).status_code == 303
    assert [item.actor for item in decisions(place.desk)] == ["local"]
    address = local.submit(f"/campaigns/{group}/proposals", step="watch", reason="look").headers["location"]
    sha256 = local.get(f"{address}.json").json()["sha256"]
    assert local.submit(f"{address}/approve", sha256=sha256).status_code == 403
    Place(tmp_path, case, people={"ada": "analyst"})
    assert local.get("/campaigns").status_code == 303


def test_console_to_a_network_lets_nobody_in_on_a_desk_without_people(tmp_path, case):
    """Where the last person was taken away while it runs, nobody is the local analyst."""
    from stillwatch.service.login.gate import GateOptions  # noqa: PLC0415 - beside what it tests

    place = Place(tmp_path, case, people={}, gate=GateOptions(allows_local=False))
    assert place.browser().get("/campaigns").status_code == 303
    assert place.browser().get("/campaigns.json").status_code == 401


def test_read_only_console_takes_no_form(tmp_path, case):
    """Without a desk nothing can be written, with whatever form."""
    place = Place(tmp_path, case)
    from stillwatch.service.console.app import create_app  # noqa: PLC0415 - beside what it tests
    from stillwatch.service.console.source import CaseSource  # noqa: PLC0415 - as above

    place.app = create_app(CaseSource(place.folder))
    stranger = place.browser()
    assert stranger.get("/campaigns").status_code == 200
    for form in routes_of(place.app, "POST"):
        assert stranger.submit(form, kind="confirm").status_code == 403
