"""The report in a real browser: nothing runs but our script, nothing is fetched, and people can read it."""

import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1] / "unit" / "dossiers"))

from chromium import Page, chromium, find_chromium
from example_case import make_case
from hostile import plant_all

from stillwatch.dossiers.document import from_json
from stillwatch.dossiers.render.html import render_html

BINARY = find_chromium()
pytestmark = pytest.mark.skipif(BINARY is None, reason="no Chromium is installed")
GOLDEN = Path(__file__).parents[1] / "golden" / "case" / "campaigns.json"

OPEN_ALL = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
FAINT_TEXT = """(() => {
  const parse = (color) => {
    const n = color.match(/[\\d.]+/g).map(Number);
    const scale = color.startsWith("color(") ? 255 : 1;
    return [n[0] * scale, n[1] * scale, n[2] * scale, n.length > 3 ? n[3] : 1];
  };
  const linear = (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (c) => c.slice(0, 3).map((v) => linear(v / 255))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color[3] === 1) return color;
    }
    return [255, 255, 255, 1];
  };
  const faint = {};
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || element.closest("script, style, .vh, svg, .heat tbody td")) continue;
    const color = parse(getComputedStyle(element).color);
    const [high, low] = [light(color), light(ground(element))].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < 4.5) faint[element.className + " " + element.tagName] = ratio;
  }
  return JSON.stringify(faint);
})()"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One browser for all journeys of this file."""
    assert BINARY is not None
    with chromium(BINARY, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the example document."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_html(from_json(GOLDEN.read_bytes())), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def hostile_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a case in which every text is an attack."""
    path = tmp_path_factory.mktemp("hostile") / "report.html"
    path.write_text(render_html(plant_all(make_case(n_listed=60))), encoding="utf-8")
    return path


def _complaints(page: Page) -> list[object]:
    """Return every dialog, exception, console line, browser complaint and request that is not the file itself."""
    requests = [event["request"]["url"] for event in page.named("Network.requestWillBeSent")]
    return [
        *page.named("Page.javascriptDialogOpening"),
        *page.named("Runtime.exceptionThrown"),
        *page.named("Runtime.consoleAPICalled"),
        *page.named("Log.entryAdded"),
        *[url for url in requests if not url.startswith("file:")],
        *requests[1:],
    ]


def _touch_everything(page: Page) -> None:
    """Open, hover, filter, jump and switch whatever a reader can."""
    page.evaluate(OPEN_ALL)
    page.evaluate("""for (const one of document.querySelectorAll("*")) {
      for (const kind of ["pointerover", "pointermove", "pointerout", "pointerleave"])
        if (one.matches(".plot, .network, .heat tbody td, a, summary, .id"))
          one.dispatchEvent(new PointerEvent(kind, { bubbles: true, clientX: 40, clientY: 40 }));
    }""")
    page.evaluate("document.getElementById('theme').click()")
    page.evaluate(
        """(() => {
          const filter = document.getElementById("filter");
          filter.value = "<script>";
          filter.dispatchEvent(new Event("input"));
        })()"""
    )
    page.evaluate("Array.from(document.querySelectorAll('a')).slice(0, 40).forEach((link) => link.click())")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")


@pytest.mark.parametrize("width", [390, 1280])
def test_hostile_case_runs_nothing_and_fetches_nothing(page: Page, hostile_report: Path, width: int) -> None:
    """With every text an attack, no script but ours runs, no dialog opens, nothing is requested or complained about."""
    page.resize(width)
    page.open(hostile_report)
    _touch_everything(page)
    assert page.evaluate("typeof window.__pwned") == "undefined"
    assert page.evaluate("document.scripts.length") == 1
    assert page.evaluate("document.querySelectorAll('img, iframe, object, embed, form, link, base').length") == 0
    assert _complaints(page) == []


def test_policy_stops_what_is_not_ours(page: Page, report: Path) -> None:
    """The policy really is in force: a script that was put in by hand does not run, and the browser says so."""
    page.resize(1280)
    page.open(report)
    page.evaluate(
        """(() => {
          const script = document.createElement("script");
          script.textContent = "window.__pwned = 1";
          document.body.append(script);
        })()"""
    )
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.__pwned = 1\">')")
    page.evaluate("new Promise((done) => setTimeout(done, 50))")
    assert page.evaluate("typeof window.__pwned") == "undefined"
    assert page.named("Log.entryAdded")


@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("which", ["report", "hostile_report"])
def test_page_never_scrolls_sideways(page: Page, request: pytest.FixtureRequest, width: int, which: str) -> None:
    """With everything open, the page is no wider than the window, hostile values included."""
    page.resize(width)
    page.open(request.getfixturevalue(which))
    page.evaluate(OPEN_ALL)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("is_dark", [False, True])
def test_all_text_has_contrast_aa(page: Page, report: Path, is_dark: bool) -> None:  # noqa: FBT001 - a parameter
    """Every text has a contrast of at least 4.5 to 1 in both themes."""
    page.resize(1280, is_dark=is_dark)
    page.open(report)
    page.evaluate(OPEN_ALL)
    assert json.loads(page.evaluate(FAINT_TEXT)) == {}


def test_theme_follows_the_system_and_the_button(page: Page, report: Path) -> None:
    """The system's preference decides until the reader does."""
    ground = "getComputedStyle(document.body).backgroundColor"
    page.resize(1280)
    page.open(report)
    light = page.evaluate(ground)
    page.resize(1280, is_dark=True)
    dark = page.evaluate(ground)
    page.evaluate("document.getElementById('theme').click()")
    assert light != dark
    assert page.evaluate(ground) == light
    assert page.evaluate("document.getElementById('theme').textContent") == "Dark theme"


def test_without_scripts_every_fact_is_there(page: Page, report: Path) -> None:
    """With scripts off, all text is in the page, groups open by themselves and no dead button shows."""
    case = from_json(GOLDEN.read_bytes())
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page.resize(1280)
        page.load(report)
        text = page.evaluate("document.body.textContent")
        shown = page.evaluate("Array.from(document.querySelectorAll('button, input'), (one) => one.checkVisibility())")
    finally:
        page.call("Emulation.setScriptExecutionDisabled", value=False)
    for campaign in case.campaigns:
        for fact in (
            campaign.id,
            *campaign.accounts,
            *campaign.counter_evidence,
            *(row.title for row in campaign.hypotheses),
        ):
            assert fact in text
    assert not any(shown)


def test_filter_and_links_work(page: Page, report: Path) -> None:
    """The filter keeps accusations only, and a link opens the group that it leads to."""
    page.resize(1280)
    page.open(report)
    page.evaluate("document.getElementById('only-accused').click()")
    assert page.evaluate("document.querySelectorAll('#groups tbody tr:not([hidden])').length") == 1
    assert page.evaluate("document.getElementById('g2').open") is False
    page.evaluate("document.querySelector('#groups a[href=\"#g2\"]').click()")
    page.evaluate("new Promise((done) => setTimeout(done, 100))")
    assert page.evaluate("document.getElementById('g2').open") is True


def test_every_control_is_named_and_reached_by_keyboard(page: Page, report: Path) -> None:
    """Buttons, fields, links and summaries have a name and take the focus; headings never skip a level."""
    page.resize(1280)
    page.open(report)
    page.evaluate(OPEN_ALL)
    unnamed = page.evaluate("""Array.from(document.querySelectorAll("button, input, a, summary"))
      .filter((one) => !(one.textContent.trim() || one.labels?.length || one.getAttribute("aria-label"))).length""")
    unreached = page.evaluate("""Array.from(document.querySelectorAll("button, input, a, summary"))
      .filter((one) => one.checkVisibility())
      .filter((one) => { one.focus(); return document.activeElement !== one; }).length""")
    levels = page.evaluate("Array.from(document.querySelectorAll('h1, h2, h3, h4'), (one) => Number(one.tagName[1]))")
    assert (unnamed, unreached) == (0, 0)
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_prints_all_groups(page: Page, report: Path) -> None:
    """On paper the groups are open, and the controls are gone."""
    page.resize(1280)
    page.open(report)
    page.call("Emulation.setEmulatedMedia", media="print")
    try:
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate("document.getElementById('g2').open") is True
        assert page.evaluate("document.querySelector('nav').checkVisibility()") is False
        assert page.evaluate("document.querySelector('#g2 .summary').checkVisibility()") is True
    finally:
        page.call("Emulation.setEmulatedMedia", media="")
