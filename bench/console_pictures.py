"""Draw the pictures of the docs anew: the demo's report, a dossier on its first group, and a console on its case.

    stillwatch demo && python bench/console_pictures.py demo/case [--all FOLDER]

The desk beside the pictures is made for them and thrown away: three people, a few decisions, a proposal, a dossier.
With ``--all`` every page is also drawn whole, at 390, 1280 and 2560 pixels, light and dark, to be looked at.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests" / "journeys"))

from chromium import find_chromium  # noqa: E402 - the tests' finder lies in the path given above

IMAGES = ROOT / "docs" / "images"
WIDTHS = (390, 1280, 2560)
PEOPLE = {"ada": "analyst", "ben": "approver", "eve": "auditor"}
PASSWORD = "only for pictures"
SHOWN = (
    ("queue", 1280, 860, "light"),
    ("group", 1280, 1000, "dark"),
    ("links", 1280, 1000, "light"),
    ("lookalikes", 1280, 1000, "light"),
    ("account", 1280, 1000, "light"),
    ("pair", 1280, 900, "dark"),
    ("search", 1280, 700, "light"),
    ("merged", 1280, 900, "light"),
    ("rivals", 1280, 900, "light"),
    ("indicators", 1280, 900, "light"),
    ("shared", 1280, 900, "dark"),
    ("members", 1280, 900, "light"),
    ("value", 1280, 900, "light"),
    ("case", 1280, 900, "dark"),
    ("missing", 1280, 900, "light"),
    ("history", 1280, 900, "light"),
    ("propose", 1280, 1000, "light"),
    ("proposal", 1280, 1000, "light"),
    ("proposals", 1280, 520, "light"),
    ("dossier", 1280, 900, "light"),
    ("login", 1280, 560, "light"),
    ("people", 1280, 760, "light"),
    ("audit", 1280, 800, "light"),
    ("phone", 390, 844, "light"),
)
PARTS = {"group": "", "rivals": "/rivals", "indicators": "/indicators", "links": "/links", "shared": "/shared",
         "members": "/members", "lookalikes": "/compare", "history": "/desk", "dossier": "/dossier"}  # fmt: skip


@contextmanager
def served(case: Path, state: Path) -> Iterator[str]:
    """Serve a case with a desk of its own and yield the address."""
    for name, role in PEOPLE.items():
        add = [sys.executable, "-m", "stillwatch", "console", "user", "add", name, "--role", role, "--desk", str(state)]
        subprocess.run(add, check=True, input=f"{PASSWORD}\n", text=True, stdout=subprocess.DEVNULL)
    command = [sys.executable, "-m", "stillwatch", "console", str(case), "--state", str(state), "--port", "0", "--json"]
    registry = case.parent / "world" / "authorisations.parquet"
    command += ["--authorisations", str(registry)] if registry.is_file() else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = ""
        while not told.rstrip().endswith("}"):
            told += process.stdout.readline()
        try:
            yield json.loads(told)["address"].rstrip("/")
        finally:
            process.terminate()


def logged_in(browser: Browser, base: str, name: str, **options: object) -> BrowserContext:
    """Return a browser window in which somebody has logged in."""
    context = browser.new_context(base_url=base, **options)  # type: ignore[arg-type] # names checked by it
    page = context.new_page()
    page.goto("/login")
    page.fill("[name=name]", name)
    page.fill("[name=password]", PASSWORD)
    page.click("main form button")
    page.wait_for_url("**/campaigns")
    page.close()
    return context


def told(page: Page, address: str) -> dict:
    """Return the JSON twin at an address."""
    return page.request.get(address).json()


def decided(page: Page, group: str, kind: str, **fields: str) -> None:
    """Record a decision about a group through the page's own form."""
    page.goto(group)
    form = page.locator(f"form:has(input[name=kind][value={kind}])").first
    details = form.locator("xpath=ancestor::details")
    if details.count():
        details.locator("summary").first.click()
    for name, value in fields.items():
        field = form.locator(f"[name={name}]").first
        if name == "campaigns":
            form.locator(f"[name=campaigns][value='{value}']").check()
        elif name == "assignee":
            field.select_option(value)
        else:
            field.fill(value)
    form.locator("button").last.click()
    page.wait_for_url("**done=*")


def worked(ada: Page, ben: Page) -> dict[str, str]:
    """Do a day's work at the desk, and return the addresses of what came of it."""
    rows = told(ada, "/campaigns.json")["rows"]
    first, second, third = (row["address"] for row in rows[:3])
    last = rows[-1]["address"]
    decided(ada, first, "note", reason="One work list dealt out over all of them; the provider of the cards was asked.")
    decided(ada, first, "assign", assignee="ada")
    decided(ada, first, "confirm")
    decided(ada, last, "dismiss", reason="The prompt pack of a newsletter. Its author wrote to us.")
    decided(ben, third, "assign", assignee="ben")
    decided(ada, second, "merge", campaigns=rows[2]["id"], reason="The same cards pay for both, and both work nights.")
    ada.goto(f"{first}/propose?step=suspend")
    ada.get_by_label("Why this step?").fill("They harvest coding tasks at the pace of one scheduler.")
    ada.get_by_role("button", name="Propose it").click()
    ada.wait_for_url("**/proposals/p-*")
    proposal = ada.url
    ada.goto(f"{first}/dossier")
    ada.get_by_role("button", name="Make a signing key").click()
    ada.get_by_role("button", name="Freeze, sign and verify").click()
    ada.wait_for_url("**#d-*", timeout=120_000)
    return {"group": first, "proposal": proposal, "merged": second}


def addresses(page: Page, done: dict[str, str]) -> dict[str, str]:
    """Return a page of each kind."""
    group = done["group"]
    account = told(page, f"{group}/members.json?sort=exchanges")["rows"][0]["address"]
    view = told(page, f"{account}.json")
    found = {"queue": "/campaigns", "phone": "/campaigns", **{name: group + part for name, part in PARTS.items()}}
    return done | found | {
        "account": account,
        "pair": view["ties"][0]["pair"],
        "value": view["values"][0]["address"],
        "search": "/search?q=acct_0",
        "search-empty": "/search",
        "search-nothing": "/search?q=nothing-like-this",
        "nothing": "/campaigns?q=no-such-group",
        "missing": "/campaigns/c-nothing",
        "case": "/about",
        "proposals": "/proposals",
        "propose": f"{group}/propose?step=suspend",
        "people": "/people",
        "forbidden": "/audit",
    }  # fmt: skip


def documents(case: Path, folder: Path) -> dict[str, Path]:
    """Return the pages that stand alone: the case's report, and a dossier on its first group, frozen into a folder."""
    group = json.loads((case / "campaigns.json").read_bytes())["campaigns"][0]["id"]
    command = [sys.executable, "-m", "stillwatch", "dossier", str(case), group, "--out", str(folder / "dossier")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return {"report": case / "report.html", "dossier": folder / "dossier" / "dossier.html"}


def draw(context: BrowserContext, address: str, path: Path, size: tuple[int, int], *, whole: bool) -> None:
    """Draw one page."""
    page = context.new_page()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(address)
    page.screenshot(path=path, full_page=whole)
    page.close()


def finished(path: Path) -> None:
    """Write a picture with fewer colours, which a page of text and bars does not miss, and say how large it is."""
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--ext", ".png", "--quality", "60-95", str(path)], check=False)
    print(f"{path.relative_to(ROOT)} {path.stat().st_size / 1e3:.0f} kB")


def main() -> None:
    """Draw what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", type=Path)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="also draw every page, whole, into this folder")
    parser.add_argument("--only", nargs="*", metavar="PAGE", help="with --all: only these pages, and none of docs")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as state,
        served(given.case.resolve(), Path(state)) as base,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        windows = {
            (name, scheme): logged_in(browser, base, name, color_scheme=scheme)
            for name in ("ada", "eve")
            for scheme in ("light", "dark")
        }
        ben = logged_in(browser, base, "ben").new_page()
        found = addresses(ben, worked(windows["ada", "light"].new_page(), ben))
        stranger = {scheme: browser.new_context(base_url=base, color_scheme=scheme) for scheme in ("light", "dark")}
        windows |= {("login", scheme): context for scheme, context in stranger.items()}
        found |= {"login": "/login", "audit": "/audit"}

        def window(name: str, scheme: str) -> BrowserContext:
            return windows[{"login": "login", "audit": "eve"}.get(name, "ada"), scheme]

        for name, width, height, scheme in SHOWN if given.only is None else ():
            target = IMAGES / f"console-{name}.png"
            draw(window(name, scheme), found[name], target, (width, height), whole=False)
            finished(target)
        for name, path in documents(given.case.resolve(), Path(state)).items() if given.only is None else ():
            target = IMAGES / f"{name}.png"
            draw(browser.new_context(), path.as_uri(), target, (1280, 1500), whole=False)
            finished(target)
        if given.all:
            given.all.mkdir(parents=True, exist_ok=True)
            for name in given.only or found:
                for width, scheme in ((w, s) for w in WIDTHS for s in ("light", "dark")):
                    path = given.all / f"{name}-{width}-{scheme}.png"
                    draw(window(name, scheme), found[name], path, (width, 900), whole=True)
        browser.close()


if __name__ == "__main__":
    main()
