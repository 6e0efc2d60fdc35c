"""Draw the pictures of docs/console.md anew, from a console on the demo's case.

    stillwatch demo && python bench/console_pictures.py demo/case [--all FOLDER]

Writes docs/images/console-*.png. With ``--all`` it also draws every page at 390 and 1280 pixels, light and dark, into a
folder, to be looked at.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests" / "journeys"))

from chromium import find_chromium  # noqa: E402 - the tests' finder lies in the path given above

IMAGES = ROOT / "docs" / "images"
SHOWN = (
    ("queue", 1280, 900, "light"),
    ("group", 1280, 900, "dark"),
    ("links", 1280, 900, "light"),
    ("account", 1280, 900, "light"),
    ("pair", 1280, 900, "dark"),
    ("lookalikes", 1280, 900, "light"),
    ("phone", 390, 844, "light"),
)
PARTS = {"group": "", "rivals": "/rivals", "indicators": "/indicators", "links": "/links", "shared": "/shared",
         "members": "/members", "lookalikes": "/compare"}  # fmt: skip


@contextmanager
def served(case: Path) -> Iterator[str]:
    """Serve a case and yield the address."""
    command = [sys.executable, "-m", "stillwatch", "console", str(case), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = ""
        while not told.rstrip().endswith("}"):
            told += process.stdout.readline()
        try:
            yield json.loads(told)["address"].rstrip("/")
        finally:
            process.terminate()


def addresses(base: str) -> dict[str, str]:
    """Return a page of each kind, of the first group of the queue."""

    def told(address: str) -> dict:
        with urlopen(f"{base}{address}") as answer:
            return json.load(answer)

    group = told("/campaigns.json")["rows"][0]["address"]
    account = told(f"{group}/members.json?sort=exchanges")["rows"][0]["address"]
    view = told(f"{account}.json")
    found = {"queue": "/campaigns", "phone": "/campaigns", **{name: group + part for name, part in PARTS.items()}}
    return found | {
        "account": account,
        "pair": view["ties"][0]["pair"],
        "value": view["values"][0]["address"],
        "search": "/search?q=acct_0",
        "nothing": "/campaigns?q=no-such-group",
        "missing": "/campaigns/c-nothing",
        "case": "/about",
    }


def draw(browser: Browser, address: str, path: Path, size: tuple[int, int], scheme: str, *, whole: bool) -> None:
    """Draw one page."""
    width, height = size
    viewport = {"width": width, "height": height}
    page = browser.new_page(viewport=viewport, color_scheme=scheme)  # type: ignore[arg-type] # names checked by it
    page.goto(address)
    page.screenshot(path=path, full_page=whole)
    page.close()


def main() -> None:
    """Draw what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", type=Path)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="also draw every page, whole, into this folder")
    given = parser.parse_args()
    with served(given.case) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        found = addresses(base)
        for name, width, height, scheme in SHOWN:
            target = IMAGES / f"console-{name}.png"
            draw(browser, base + found[name], target, (width, height), scheme, whole=False)
            print(f"{target.relative_to(ROOT)} {target.stat().st_size / 1e3:.0f} kB")
        if given.all:
            given.all.mkdir(parents=True, exist_ok=True)
            for name, address in found.items():
                for width, scheme in ((w, s) for w in (390, 1280) for s in ("light", "dark")):
                    path = given.all / f"{name}-{width}-{scheme}.png"
                    draw(browser, base + address, path, (width, 900), scheme, whole=True)
        browser.close()


if __name__ == "__main__":
    main()
