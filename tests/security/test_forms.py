"""Forms from elsewhere, forged, oversized or of another kind do nothing."""

import pytest
from consoles import ORIGIN

from stillwatch.store.desk.decision import decisions


def confirm(browser, group, **more):
    """Send the form that confirms a group."""
    return browser.submit(f"/campaigns/{group}/decisions", kind="confirm", seen=0, **more)


@pytest.mark.parametrize(
    "how",
    [
        {"secret": ""},
        {"secret": "x" * 43},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": ORIGIN + ".evil.example"},
        {"origin": ORIGIN.replace("http:", "https:")},
        {"origin": ORIGIN.replace("8377", "8378")},
        {"headers": {"Sec-Fetch-Site": "cross-site"}},
        {"headers": {"Sec-Fetch-Site": "same-site"}, "origin": None},
    ],
    ids=str,
)
def test_form_from_elsewhere_is_refused(place, group, how):
    """Neither another site's form nor one without the session's secret records anything."""
    ada = place.browser("ada")
    answer = confirm(ada, group, **how)
    assert answer.status_code == 403
    assert "not-our-form" in answer.text
    assert decisions(place.desk) == ()
    assert confirm(ada, group).status_code == 303


def test_secret_of_another_session_is_refused(place, group):
    """The secret of one's own session, or of the visit before the login, does not work in another's."""
    ada, ben = place.browser("ada"), place.browser("ben")
    visit = place.browser()
    visit.visit("/login")
    for secret in (ben.secret, visit.secret):
        assert confirm(ada, group, secret=secret).status_code == 403


def test_secret_may_come_in_a_header_but_never_in_the_address(place, group):
    """Scripts of ours send it in a header; in an address it would end in logs and counts for nothing."""
    ada = place.browser("ada")
    secret, address = ada.secret, f"/campaigns/{group}/decisions"
    assert ada.post(f"{address}?csrf={secret}&kind=confirm&seen=0", headers={"Origin": ORIGIN}).status_code == 403
    headers = {"Origin": ORIGIN, "X-CSRF-Token": secret}
    assert ada.post(address, data={"kind": "confirm", "seen": "0"}, headers=headers).status_code == 303


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"])
def test_no_other_method_changes_anything(place, group, method):
    """What a link, an image or a script could send changes nothing."""
    ada = place.browser("ada")
    address = f"/campaigns/{group}/decisions?kind=confirm&seen=0&csrf={ada.secret}"
    assert ada.request(method, address, headers={"Origin": ORIGIN, "X-CSRF-Token": ada.secret}).status_code >= 400
    assert decisions(place.desk) == ()


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_body_of_another_kind_is_refused(place, group, kind):
    """A body that other sites can send without asking first is not read as a form."""
    ada = place.browser("ada")
    headers = {"Origin": ORIGIN, "Content-Type": kind, "X-CSRF-Token": ada.secret}
    answer = ada.post(f"/campaigns/{group}/decisions", content=b"kind=confirm&seen=0", headers=headers)
    assert answer.status_code == 400
    assert decisions(place.desk) == ()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"reason=" + b"a" * 3_000_000, 413),
        (b"&".join(b"accounts=%d" % i for i in range(40_000)), 400),
        (b"reason=%ff%fe", 400),
        (b"reason=\xff", 400),
        (b"", 403),
        (b"=&=&&&;", 403),
        (b"kind=confirm&seen=99999999999999999999999999", 409),
    ],
    ids=["large", "many", "not-utf8", "not-ascii", "empty", "odd", "number"],
)
def test_oversized_and_broken_bodies_are_refused(place, group, body, status):
    """Nothing of any size or shape crashes the console or gets past the check; a broken number is nothing seen."""
    ada = place.browser("ada")
    confirm(ada, group)
    headers = {"Origin": ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}
    if status == 409:
        headers["X-CSRF-Token"] = ada.secret
    answer = ada.post(f"/campaigns/{group}/decisions", content=body, headers=headers)
    assert answer.status_code == status
    assert len(decisions(place.desk)) == 1


def test_large_body_of_a_stranger_is_not_kept(place):
    """Before a login, too, reading stops at the limit."""
    stranger = place.browser()
    stranger.visit("/login")
    headers = {"Origin": ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}
    answer = stranger.post("/login", content=b"name=" + b"a" * 3_000_000, headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "dismiss"},
        {"kind": "dismiss", "reason": "   "},
        {"kind": "note", "reason": "x" * 5000},
        {"kind": "note", "reason": "a\x00b"},
        {"kind": "note", "reason": "a\x1b[2Jb"},
        {"kind": "applaud", "reason": "x"},
        {"kind": "exclude", "reason": "x", "accounts": "somebody-else"},
        {"kind": "exclude", "reason": "x"},
        {"kind": "merge", "reason": "x", "campaigns": ""},
        {"kind": "undo", "undoes": "77"},
    ],
    ids=str,
)
def test_form_without_sense_is_refused_with_its_reason(place, group, fields):
    """The desk's rules hold for forged forms as for ours, and the page says which one."""
    answer = place.browser("ada").submit(f"/campaigns/{group}/decisions", seen=0, **fields)
    assert answer.status_code in (404, 422)
    assert decisions(place.desk) == ()


def test_stale_form_says_what_changed(place, group):
    """The slower of two analysts gets 409 and the faster one's decision in words, in the page and for programs."""
    ada, ben = place.browser("ada"), place.browser("ben")
    assert confirm(ada, group).status_code == 303
    answer = ben.submit(f"/campaigns/{group}/decisions", kind="dismiss", reason="a class", seen=0)
    assert answer.status_code == 409
    assert "ada confirmed the group" in answer.text
    assert [item.kind for item in decisions(place.desk)] == ["confirm"]
    assert ben.submit(f"/campaigns/{group}/decisions", kind="dismiss", reason="a class", seen=1).status_code == 303
