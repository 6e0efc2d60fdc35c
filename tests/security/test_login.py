"""The login: guessing is slow, nobody is locked out for good, and a session is worth nothing outside its time."""

import re

import pytest
from consoles import FAST, Place, password_of

from stillwatch.service.login.gate import GateOptions
from stillwatch.store.desk.audit import entries


def test_right_password_lets_in_and_wrong_one_does_not_say_what_was_wrong(place):
    """Wrong name and wrong password get one answer; both are in the log without what was typed."""
    assert place.browser().log_in("ada").status_code == 303
    wrong = [place.browser().log_in("ada", "wrong"), place.browser().log_in("nobody-here", "wrong")]
    assert {answer.status_code for answer in wrong} == {401}
    pages = [re.sub(r'value="[^"]*"', "", answer.text) for answer in wrong]
    assert pages[0] == pages[1]
    failed = entries(place.desk, kind="login:failed")
    assert [entry.actor for entry in failed] == ["nobody", "ada"]
    assert "wrong" not in str(failed)
    assert "nobody-here" not in str(failed)


def test_unknown_name_costs_a_check_like_a_known_one(place, monkeypatch):
    """The hash function runs for whoever is asked for, so that time tells nothing."""
    checked = []
    monkeypatch.setattr(FAST, "fits", lambda password, kept: checked.append(kept is None) or False)
    place.browser().log_in("ada", "wrong")
    place.browser().log_in("nobody-here", "wrong")
    assert checked == [False, True]
    monkeypatch.undo()
    verified = []
    monkeypatch.setattr(FAST, "_hasher", type("Spy", (), {"verify": lambda _, kept, __: verified.append(kept)})())
    assert not FAST.fits("anything", None)
    assert verified == [FAST._nobody]


def test_guessing_at_one_name_is_stopped(place):
    """After five guesses from one address the right password is not looked at either, until the window slid on."""
    guesser = place.browser()
    assert [guesser.log_in("ada", f"guess {i}").status_code for i in range(6)] == [401] * 5 + [429]
    answer = guesser.log_in("ada")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 901
    place.clock.advance(minutes=16)
    assert guesser.log_in("ada").status_code == 303


def test_spraying_many_names_from_one_address_is_stopped(place):
    """Thirty failures from one address, whatever the names, and it waits; other addresses do not."""
    sprayer = place.browser()
    found = [sprayer.log_in(f"name{i}", "Spring2026!!").status_code for i in range(31)]
    assert found == [401] * 30 + [429]
    assert place.browser(host="203.0.113.9").log_in("ada").status_code == 303


def test_many_addresses_cannot_keep_somebody_out(place):
    """Strangers who use up a name's window do not stop a browser that its owner used, nor anybody for good."""
    own = place.browser("ada", host="192.0.2.1")
    own.submit("/logout")
    for i in range(20):
        assert place.browser(host=f"203.0.113.{i}").log_in("ada", "wrong").status_code == 401
    assert place.browser(host="203.0.113.99").log_in("ada").status_code == 429
    assert own.log_in("ada").status_code == 303
    place.clock.advance(minutes=16)
    assert place.browser(host="203.0.113.99").log_in("ada").status_code == 303


def test_device_mark_is_of_one_name_and_cannot_be_forged(place):
    """Ben's known browser has no window of its own for ada's name, nor has an invented mark; its own is limited."""
    ben = place.browser("ben", host="192.0.2.1")
    name = next(name for name in ben.cookies if "device" in name)
    for i in range(20):
        place.browser(host=f"203.0.113.{i}").log_in("ada", "wrong")
    forged = place.browser(host="192.0.2.2")
    forged.cookies.set(name, "x" * 22 + "." + "y" * 43)
    ben.submit("/logout")
    assert forged.log_in("ada").status_code == 429
    assert ben.log_in("ada").status_code == 429
    found = [ben.log_in("ben", "wrong").status_code for _ in range(11)]
    assert found == [401] * 10 + [429]


def test_attempts_at_once_are_all_counted(place):
    """An attempt counts before its password is looked at, so that a burst gains no guess."""
    from stillwatch.store.desk.attempt import Origin, reserve  # noqa: PLC0415 - beside what it tests

    assert [reserve(place.desk, Origin("ada", "a")) > 0 for _ in range(7)] == [False] * 5 + [True] * 2


def test_login_begins_a_new_session_and_ends_the_old_one(place):
    """A token from before the login is not logged in afterwards; nor is the session's before a new login."""
    browser = place.browser()
    browser.visit("/login")
    name = next(iter(browser.cookies))
    before = browser.cookies[name]
    browser.log_in("ada")
    first = browser.cookies[name]
    assert first != before
    browser.submit("/login", name="ben", password=password_of("ben"))
    assert browser.cookies[name] not in (before, first)
    for token in (before, first, "v.planted", "", "x" * 5000):
        other = place.browser()
        other.cookies.set(name, token)
        assert other.get("/campaigns").status_code == 303


def test_token_chosen_by_an_attacker_is_never_taken_over(place):
    """A visit that somebody planted stays a visit: its owner's login happens under another token (session fixation)."""
    victim = place.browser()
    victim.visit("/login")
    name = next(iter(victim.cookies))
    victim.cookies.clear()
    victim.cookies.set(name, "v.chosen-by-the-attacker")
    assert victim.log_in("ada").status_code == 303
    attacker = place.browser()
    attacker.cookies.set(name, "v.chosen-by-the-attacker")
    assert attacker.get("/campaigns").status_code == 303


def test_logout_ends_the_session_on_the_server(place):
    """The token of a session that was left is worth nothing."""
    ada = place.browser("ada")
    kept = dict(ada.cookies)
    assert ada.submit("/logout").status_code == 303
    other = place.browser()
    other.cookies.update(kept)
    assert other.get("/campaigns").status_code == 303


def test_session_ends_when_idle_and_when_old(place):
    """Half an hour untouched ends it; use keeps it, but not beyond twelve hours."""
    idle, busy = place.browser("ada"), place.browser("ben")
    for _ in range(28):
        place.clock.advance(minutes=25)
        last = busy.get("/campaigns").status_code
    assert last == 200
    assert idle.get("/campaigns").status_code == 303
    place.clock.advance(minutes=25)
    assert busy.get("/campaigns").status_code == 303


def test_cookies_are_out_of_reach(tmp_path, case):
    """HttpOnly and SameSite always; Secure and the __Host- prefix behind TLS; never a token in an address or a page."""
    plain, secure = Place(tmp_path / "a", case), Place(tmp_path / "b", case, gate=GateOptions(is_secure=True))
    for place, has_tls in ((plain, False), (secure, True)):
        browser = place.browser()
        page = browser.visit("/login")
        flags = page.headers["set-cookie"]
        assert "HttpOnly" in flags
        assert "SameSite=Lax" in flags
        assert "Path=/" in flags
        assert ("Secure" in flags) == flags.startswith("__Host-") == has_tls
        token = flags.split("=", 1)[1].split(";")[0]
        assert token not in page.text


def test_passwords_are_kept_as_argon2id_and_nothing_else(place):
    """No password stands in the desk's file; the hashes name their parameters."""
    content = place.desk.path.read_bytes()
    assert not any(password_of(name).encode() in content for name in ("ada", "ben", "cleo", "eve"))
    assert content.count(b"$argon2id$v=19$") == 4


def test_short_password_is_refused_and_the_present_one_is_needed(place):
    """Changing a password takes the present one, and ends every session of the person."""
    ada, other = place.browser("ada"), place.browser("ada")
    assert ada.submit("/people/password", old="wrong", new="long enough to be taken").status_code == 422
    assert ada.submit("/people/password", old=password_of("ada"), new="short").status_code == 422
    assert other.get("/campaigns").status_code == 200
    assert ada.submit("/people/password", old=password_of("ada"), new="long enough to be taken").status_code == 303
    assert other.get("/campaigns").status_code == 303
    assert place.browser().log_in("ada", "long enough to be taken").status_code == 303


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
        "javascript:alert(1)", "http:evil.example", "/%0d%0aSet-Cookie:x=y\r\nX: y", "///evil.example", "evil.example",
        "/login/provider", "/\x00", "/ü", "/" + "a" * 3000, "",
    ],
)  # fmt: skip
def test_login_leads_to_no_other_site(place, back):
    """Whatever the address asks for, the answer leads to a page of this console."""
    assert place.browser().log_in("ada", back=back).headers["location"] == "/"
    page = place.browser().get("/login", params={"next": back})
    assert 'name="next" value="/"' in page.text


def test_login_leads_back_to_the_page_that_was_asked_for(place, group):
    """A page of ours, with its query, is where one arrives."""
    assert place.browser().log_in("ada", back=f"/campaigns/{group}/desk?done=3").headers["location"].endswith("done=3")
