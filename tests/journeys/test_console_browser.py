"""The console in a real browser: an analyst's reading, by keyboard, at every width, in both themes, on hostile ids."""

import itertools
import json
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from console import start

pytest.importorskip("playwright", reason="playwright is not installed")

sys.path.append(str(Path(__file__).parents[1] / "unit" / "service"))
sys.path.append(str(Path(__file__).parents[1] / "unit" / "dossiers"))

from console_server import BINARY, browsing, serious_faults, served, watched
from example_case import PLANS, make_case
from hostile import ATTACKS, plant_all
from planted_case import write_case_folder
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.skipif(BINARY is None, reason="no Chromium is installed")
PARTS = ("", "/rivals", "/indicators", "/links", "/shared", "/members", "/compare", "/desk", "/dossier", "/propose")
DESK = ("/proposals", "/audit", "/people")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all journeys of this file."""
    with browsing() as opened:
        yield opened


@pytest.fixture(scope="module")
def base(tiny) -> Iterator[str]:
    """A console on the tiny world's case."""
    with served(tiny.case) as address:
        yield address


def told(base: str, address: str) -> dict:
    """The twin of an address."""
    path, _, query = address.partition("?")
    with urlopen(f"{base}{path}.json?{query}") as answer:  # our own server
        return json.load(answer)


@pytest.fixture(scope="module")
def addresses(base: str) -> list[str]:
    """A page of every kind, one of them of an account in no group."""
    group = told(base, "/campaigns")["rows"][0]["address"]
    account = told(base, f"{group}/members")["rows"][0]["address"]
    view = told(base, account)
    found = ["/campaigns", "/campaigns?q=nothing-like-that", *(group + part for part in PARTS), account]
    found += [view["ties"][0]["pair"], view["values"][0]["address"], view["families"][0]["address"]]
    outside = next(hit for hit in told(base, "/search?q=acct")["accounts"][::-1])["address"]
    return [*found, outside, "/search", "/search?q=acct", "/about", "/nowhere", *DESK]


def test_single_keys_can_be_switched_off(browser: Browser, base: str) -> None:
    """Switched off in the list of keys, they do nothing, on the next page neither; the list opens by its button."""
    with watched(browser, base, viewport={"width": 1280, "height": 800}) as seen:
        page = seen.page
        seen.go("/campaigns")
        page.get_by_role("button", name="Keys").click()
        page.get_by_label("Single keys act").uncheck()
        page.keyboard.press("Escape")
        seen.go("/campaigns")
        page.keyboard.press("j")
        expect(page.locator("[data-rows] .row-link").first).not_to_be_focused()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keys")).not_to_be_visible()
        page.get_by_role("button", name="Keys").click()
        page.get_by_label("Single keys act").check()
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        expect(page.locator("[data-rows] .row-link").first).to_be_focused()


def test_an_analyst_reads_by_keyboard_alone(browser: Browser, base: str) -> None:
    """From the queue to a pair and back without a mouse: rows, parts, search, help, groups one after the other."""
    with watched(browser, base, viewport={"width": 1280, "height": 800}) as seen:
        page = seen.page
        seen.go("/campaigns")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
        first = page.locator("[data-rows] .row-link").first
        page.keyboard.press("j")
        expect(first).to_be_focused()
        page.keyboard.press("j")
        expect(first).not_to_be_focused()
        page.keyboard.press("k")
        expect(first).to_be_focused()
        page.keyboard.press("Enter")
        page.wait_for_url("**/campaigns/c-*")
        expect(page.get_by_role("heading", name="What speaks against this finding")).to_be_visible()
        page.keyboard.press("6")
        page.wait_for_url("**/members")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url("**/accounts/*")
        expect(page.get_by_role("heading", name="Why is it in?")).to_be_visible()
        expect(page.get_by_role("heading", name="Why might it not be?")).to_be_visible()
        page.get_by_role("link", name=re.compile("^Compare")).first.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/pairs/**")
        expect(page.get_by_role("heading", name="What links them, and what speaks against it")).to_be_visible()
        page.keyboard.press("/")
        page.keyboard.type("acct")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search?q=acct")
        seen.go("/campaigns")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url("**/campaigns/c-*")
        group = page.url
        page.keyboard.press("]")
        page.wait_for_url(lambda url: url != group)
        page.keyboard.press("[")
        page.wait_for_url(group)
        page.keyboard.press("b")
        page.wait_for_url("**/campaigns")
        assert seen.complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_no_page_has_a_serious_fault(
    browser: Browser, base: str, addresses: list[str], width: int, scheme: str
) -> None:
    """axe-core finds nothing serious or critical on any page, on a phone and a desk, light and dark."""
    with watched(browser, base, viewport={"width": width, "height": 900}, color_scheme=scheme) as seen:
        faults = {}
        for address in addresses:
            seen.go(address)
            faults[address] = serious_faults(seen.page)
    assert {address: found for address, found in faults.items() if found} == {}


@pytest.mark.parametrize("width", [390, 768, 1280, 2560])
def test_no_page_scrolls_sideways_or_jumps(browser: Browser, base: str, addresses: list[str], width: int) -> None:
    """At every width a page fits, and nothing on it moves once it was painted."""
    with watched(browser, base, viewport={"width": width, "height": 900}) as seen:
        for address in addresses:
            seen.go(address)
            seen.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= width, address
            assert seen.page.evaluate("window.__shifts") < 0.01, address


def test_every_mark_that_a_legend_names_can_be_seen(browser: Browser, base: str) -> None:
    """The tick of the traffic at large and that of a null's mean are drawn in ink, two pixels wide."""
    group = told(base, "/campaigns")["rows"][0]["address"]
    page = browser.new_page(base_url=base)
    for part in ("", "/indicators"):
        page.goto(group + part)
        ticks = page.locator("svg rect.tick")
        drawn = ticks.evaluate_all("all => all.map(one => [getComputedStyle(one).fill, getComputedStyle(one).width])")
        assert drawn
        assert {(fill != "none", width) for fill, width in drawn} == {(True, "2px")}
    page.close()


def test_filter_sort_and_page_without_leaving(browser: Browser, base: str) -> None:
    """Typing narrows the queue in place, the address follows and can be shared, and going back undoes it."""
    with watched(browser, base, viewport={"width": 1280, "height": 900}) as seen:
        page = seen.page
        seen.go("/campaigns")
        rows = page.locator("[data-rows] tbody tr")
        everything = rows.count()
        wanted = page.locator("[data-rows] .gid").last.inner_text()
        page.evaluate("window.__same = true")
        box = page.get_by_label("Filter")
        box.click()
        box.press_sequentially(wanted)
        expect(rows).to_have_count(1)
        expect(page.get_by_label("Filter")).to_be_focused()
        assert page.evaluate("window.__same")
        assert page.url.endswith(f"/campaigns?q={wanted}")
        page.get_by_role("link", name=re.compile("^All")).click()
        page.goto(page.url)
        expect(rows).to_have_count(1)
        seen.go("/campaigns")
        page.get_by_label("Order").select_option("accounts")
        page.wait_for_url("**/campaigns?sort=accounts")
        page.go_back()
        page.wait_for_url("**/campaigns")
        expect(rows).to_have_count(everything)
        assert seen.complaints == []


def test_theme_is_kept_and_does_not_flash(browser: Browser, base: str) -> None:
    """The chosen theme is there before the first paint of the next page, whatever the system prefers."""
    with watched(browser, base, color_scheme="light") as seen:
        seen.go("/campaigns")
        seen.page.get_by_role("button", name="Dark theme").click()
        seen.go("/about")
        assert seen.page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert seen.page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
        expect(seen.page.get_by_role("button", name="Light theme")).to_be_visible()


def test_a_view_is_saved_under_its_name(browser: Browser, base: str) -> None:
    """A filtered queue saved under a name is among the views afterwards, and choosing it brings the filter back."""
    with watched(browser, base, viewport={"width": 1280, "height": 900}) as seen:
        page = seen.page
        seen.go("/campaigns?standing=explained")
        page.evaluate("window.prompt = () => 'Look again'")
        page.get_by_role("button", name="Save this view").click()
        seen.go("/campaigns")
        page.get_by_label("View").select_option(label="Look again")
        page.wait_for_url("**/campaigns?standing=explained")


def test_without_scripts_everything_is_reached(browser: Browser, base: str, addresses: list[str]) -> None:
    """With scripts off, forms send, pages turn, and no dead control shows."""
    with watched(browser, base, java_script_enabled=False, viewport={"width": 1280, "height": 900}) as seen:
        page = seen.page
        seen.go("/campaigns")
        for control in ("#theme", "#keys-open", "#save-view", "#saved"):
            expect(page.locator(control)).to_be_hidden()
        page.get_by_label("Order").select_option("accounts")
        page.get_by_role("button", name="Apply").click()
        assert "sort=accounts" in page.url
        page.get_by_role("searchbox", name=re.compile("^Search")).fill("acct")
        page.get_by_role("button", name="Search").click()
        assert page.url.endswith("/search?q=acct")


def test_hostile_ids_run_nothing(browser: Browser, tmp_path: Path) -> None:
    """With an attack in every id, no script but ours runs, no dialog opens, and nothing is asked of elsewhere."""
    attacks, numbers = itertools.cycle([a for a in ATTACKS.values() if len(a) < 3000]), itertools.count()
    case = plant_all(make_case(PLANS[2:5], n_listed=15))
    folder = write_case_folder(tmp_path / "case", case, spell=lambda _: f"{next(attacks)}{next(numbers)}")
    with served(folder) as base:
        pages = ["/campaigns", "/about", "/search?q=pwned"]
        for row in told(base, "/campaigns")["rows"]:
            if row["address"].startswith("/campaigns/~."):  # too long for an address: named by its digest
                continue
            pages += [row["address"] + part for part in PARTS]
            for member in told(base, f"{row['address']}/members")["rows"][:5]:
                if not member["address"].startswith("/accounts/~."):
                    pages.append(member["address"])
                    pages += [tie["pair"] for tie in told(base, member["address"])["ties"][:1]]
        with watched(browser, base, viewport={"width": 390, "height": 900}) as seen:
            for address in pages:
                seen.go(address)
                seen.page.evaluate(
                    "document.querySelectorAll('figure, .row-link, td').forEach((one) => {"
                    " for (const kind of ['pointerover', 'pointermove', 'mouseover', 'focus'])"
                    " one.dispatchEvent(new PointerEvent(kind, { bubbles: true, clientX: 40, clientY: 40 })); })"
                )
                assert seen.page.evaluate("typeof window.__pwned") == "undefined", address
                assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390, address
                assert seen.complaints == [], address


def test_the_policy_is_in_force(browser: Browser, base: str) -> None:
    """A script put in by hand does not run, and neither does a handler."""
    with watched(browser, base) as seen:
        seen.go("/campaigns")
        seen.page.evaluate(
            "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.__pwned = 1\">')"
        )
        seen.page.evaluate(
            "(() => { const one = document.createElement('script'); one.textContent = 'window.__pwned = 1';"
            " document.body.append(one); })()"
        )
        assert seen.page.evaluate("typeof window.__pwned") == "undefined"
        assert any("Content Security Policy" in one for one in seen.complaints)


def test_a_server_that_is_gone_is_said(browser: Browser, tiny) -> None:
    """When the server stops answering, the page says so and offers to load again."""
    process = start("console", tiny.case, "--port", "0", "--json")
    document = ""
    while not document.rstrip().endswith("}"):
        document += process.stdout.readline()
    base = json.loads(document)["address"].rstrip("/")
    with watched(browser, base) as seen:
        seen.go("/campaigns")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
        seen.page.get_by_label("Order").select_option("q")
        expect(seen.page.get_by_role("alert")).to_contain_text("did not answer")
