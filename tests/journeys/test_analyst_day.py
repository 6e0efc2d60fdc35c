"""An analyst's day in a real browser: log in, queue, note, confirm, propose, a second person agrees, dossier."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from chromium import find_chromium
from console import SCRIPT, plain_environment, start, stillwatch

sync_api = pytest.importorskip("playwright.sync_api")
BINARY = find_chromium()
pytestmark = pytest.mark.skipif(BINARY is None, reason="no Chromium is installed")
PEOPLE = {"ada": "analyst", "ben": "approver", "eve": "auditor"}


def password_of(name):
    """Return somebody's password."""
    return f"a long sentence of {name}"


def address_of(process):
    """Return the address that a console says it is on."""
    said = ""
    for line in iter(process.stdout.readline, ""):
        said += line
        if line == "}\n":
            break
    return json.loads(said)["address"]


@pytest.fixture
def served(tiny, tmp_path):
    """The tiny case with three people, on a console of its own, as the command starts it."""
    state = tmp_path / "state"
    state.mkdir()
    for name, role in PEOPLE.items():
        added = subprocess.run(
            [SCRIPT, "console", "user", "add", name, "--role", role, "--desk", state],
            check=False,
            input=password_of(name) + "\n",
            text=True,
            capture_output=True,
            env=plain_environment(),
        )
        assert added.returncode == 0, added.stderr
    registry = tiny.world / "authorisations.parquet"
    options = ("--state", state, "--authorisations", registry, "--accounts", tiny.world / "accounts.parquet")
    process = start("console", tiny.case, *options, "--port", 0, "--json")
    try:
        yield address_of(process), state
    finally:
        process.terminate()
        process.wait(120)
        process.stdout.close()
        process.stderr.close()


@pytest.fixture
def browser():
    """A headless Chromium."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BINARY, args=["--no-sandbox"])
        yield browser
        browser.close()


class Desk:
    """One person's browser window."""

    def __init__(self, browser, address, name):
        self.page = browser.new_context().new_page()
        self.page.set_default_timeout(120_000)  # a busy machine is slow, not wrong
        self.complaints = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(address)
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(password_of(name))
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url(re.compile("/campaigns"))

    def press(self, key, until):
        """Press a key and wait until the page's address fits."""
        self.page.keyboard.press(key)
        self.page.wait_for_url(re.compile(until))

    def click(self, name, until=None):
        """Press a button by its words, and wait until the page's address fits."""
        self.page.get_by_role("button", name=name).first.click()
        if until:
            self.page.wait_for_url(re.compile(until))


def decide(ada):
    """From the queue into the accused group: a note, a dismissal that is undone, a confirmation; return its address."""
    ada.page.locator("[data-rows] .accused .row-link").first.click()
    ada.page.wait_for_url(re.compile("/campaigns/c-"))
    group = ada.page.url
    ada.page.keyboard.press("n")
    ada.page.keyboard.type("one list over all of them")
    ada.click("Write the note", "done=1")
    ada.press("x", "done=1")
    ada.page.keyboard.type("thought it a class")
    ada.click("Dismiss the group", "done=2")
    ada.press("u", "done=3")
    ada.press("c", "done=4")
    assert "confirmed" in ada.page.locator("#desk").inner_text()
    return group


def propose(ada):
    """Propose to suspend the group, and return the proposal's address and how many accounts the dry run showed."""
    ada.press("p", "/propose")
    ada.page.get_by_role("radio", name=re.compile("Suspend")).check()
    ada.click("Show the dry run", "step=suspend")
    touched = ada.page.get_by_role("region", name="Accounts touched").locator("tbody tr").count()
    ada.page.get_by_label("Why this step?").fill("they harvest")
    ada.click("Propose it", "/proposals/p-")
    assert ada.page.get_by_role("button", name="Agree to it").count() == 0
    return ada.page.url, touched


def agree(ben, proposal):
    """Agree to a proposal, and return the file for the provider's systems."""
    ben.page.goto(proposal)
    ben.click("Agree to it")
    ben.page.get_by_text("approved", exact=True).wait_for()
    with ben.page.expect_download() as download:
        ben.click("File as JSON")
    return json.loads(Path(download.value.path()).read_text())


def test_from_the_queue_to_an_agreed_step_and_a_verified_dossier(served, browser):
    """By keyboard to an agreed step; the dossier verifies outside the console, and no longer once it was changed."""
    address, state = served
    ada, ben, eve = (Desk(browser, address, name) for name in ("ada", "ben", "eve"))
    group = decide(ada)
    proposal, touched = propose(ada)
    order = agree(ben, proposal)
    assert order["order"] == "apply"
    assert len(order["proposal"]["dry_run"]["touched"]) == touched > 0
    assert [event["actor"] for event in order["history"]] == ["ben", "ben"]

    ada.page.goto(group)
    ada.press("o", "/dossier")
    ada.click("Make a signing key")
    ada.click("Freeze, sign and verify", "#d-")
    assert "Verified" in ada.page.locator("section.dossier").inner_text()
    (made,) = (state / "dossiers").glob("d-*")
    verified = stillwatch("dossier", "verify", made, "--trust", state / "dossiers" / "trust.json", "--json")
    assert verified.status == 0, verified.out + verified.err
    (made / "dossier.json").write_bytes((made / "dossier.json").read_bytes().replace(b"distillation", b"education", 1))
    ada.page.reload()
    assert "Not verified" in ada.page.locator("section.dossier").inner_text()

    eve.page.goto(address + "audit")
    eve.click("Check the whole log", "check=true")
    assert "entries hold" in eve.page.get_by_role("status").first.inner_text()
    log = stillwatch("audit", "show", state, "--limit", 200, "--json").document
    done = [[entry["actor"], entry["kind"]] for entry in log]
    assert ["ada", "decision:confirm"] in done
    assert ["ben", "proposal:approve"] in done
    assert ada.complaints == ben.complaints == eve.complaints == []


def test_slower_of_two_analysts_learns_what_changed(served, browser):
    """Two have one group before them; the second form is refused and says who decided what."""
    address, _ = served
    ada, ben = Desk(browser, address, "ada"), Desk(browser, address, "ben")
    for one in (ada, ben):
        one.page.locator("[data-rows] .row-link").first.click()
        one.page.wait_for_url(re.compile("/campaigns/c-"))
    ada.press("c", "done=1")
    ben.page.keyboard.press("c")
    ben.page.get_by_text("Somebody was there before you").wait_for()
    assert "ada confirmed the group" in ben.page.locator("main").inner_text()


def test_groups_are_merged_split_and_found_again(served, browser):
    """By keyboard: two groups become one in the queue, and two again; ticked members become a group of their own."""
    address, _ = served
    ada = Desk(browser, address, "ada")
    rows = ada.page.locator("[data-rows] .row-link")
    n_groups = rows.count()
    rows.first.click()
    ada.page.wait_for_url(re.compile("/campaigns/c-"))
    group = ada.page.url
    ada.page.keyboard.press("m")
    ada.page.get_by_role("group", name="With, the likest first").get_by_role("checkbox").first.check()
    ada.page.get_by_label("Why are they one campaign?").fill("one payer")
    ada.click("Merge the groups", "done=1")
    assert "2 groups merged" in ada.page.locator(".group-head").inner_text()
    ada.page.goto(address)
    assert rows.count() == n_groups - 1
    ada.page.goto(group + "?done=1")
    ada.press("u", "done=2")

    ada.page.goto(group + "/members")
    for place in range(3):
        ada.page.get_by_role("checkbox", name=re.compile("^Choose ")).nth(place).check()
    ada.page.get_by_role("radio", name=re.compile("^Split them off")).check()
    ada.page.locator("#chosen").get_by_label("Why?").fill("another client")
    ada.click("Record it", "done=3")
    ada.page.goto(address)
    assert rows.count() == n_groups + 1
    ada.page.get_by_text("split off", exact=True).wait_for()

    rows.first.click()
    ada.page.wait_for_url(re.compile("/campaigns/c-"))
    ada.page.keyboard.press("a")
    ada.page.locator("select[name=assignee]").select_option("ada")
    ada.click(re.compile("^Assign$"), "done=4")
    ada.page.goto(address)
    ada.press("m", "assignee=me")
    ada.page.wait_for_function("document.querySelectorAll('[data-rows] .row-link').length === 1")
    ada.press("o", "status=open")
    assert ada.complaints == []


def test_newcomer_follows_the_screen_to_a_verified_dossier(tiny, tmp_path, browser):
    """On a desk without people, each page names the next step, and no address but the first is typed."""
    process = start("console", tiny.case, "--state", tmp_path / "state", "--port", 0, "--json")
    try:
        page = browser.new_page()
        page.set_default_timeout(120_000)  # a busy machine is slow, not wrong
        page.goto(address_of(process))
        page.locator("[data-rows] .row-link").first.click()
        following = page.locator(".next")
        following.get_by_role("link", name="what weighs for and against it").wait_for()
        page.get_by_role("button", name="Confirm").click()
        following.get_by_role("link", name="dossier").click()
        page.get_by_role("button", name="Make a signing key").click()
        page.get_by_role("button", name="Freeze, sign and verify").click()
        page.get_by_text("Verified.").wait_for()
        with page.expect_download() as download:
            page.get_by_role("link", name="dossier.pdf").click()
        assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()
        process.stderr.close()
