"""A console served as a user serves it, and a browser on it."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chromium import find_chromium
from console import start
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

BINARY = find_chromium()
PATIENCE_MS = 120_000  # a busy machine is slow, not wrong
expect.set_options(timeout=PATIENCE_MS)
AXE = Path(__file__).parents[1] / "vendor" / "axe-core" / "axe.min.js"
SHIFTS = """
window.__shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.__shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@contextmanager
def served(case: Path) -> Iterator[str]:
    """Serve a case on a free port and yield the address, without the last slash."""
    process = start("console", case, "--port", "0", "--json")
    try:
        told = ""
        while not told.rstrip().endswith("}"):
            line = process.stdout.readline()
            assert line, process.stderr.read()
            told += line
        yield json.loads(told)["address"].rstrip("/")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)


@contextmanager
def browsing() -> Iterator[Browser]:
    """Run the installed Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BINARY, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Watched:
    """A page whose complaints are kept: what it logs, throws, asks, and requests from elsewhere."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    def go(self, address: str) -> None:
        """Open an address of the console and wait until it is quiet."""
        self.page.goto(self.base + address)
        self.page.wait_for_load_state("load")


@contextmanager
def watched(browser: Browser, base: str, **options: Any) -> Iterator[Watched]:
    """Open a page that keeps complaints."""
    context: BrowserContext = browser.new_context(**options)
    context.add_init_script(SHIFTS)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    found = Watched(page, base)
    page.on("console", lambda message: found.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: found.complaints.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (found.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on(
        "request",
        lambda request: None if request.url.startswith(base) else found.complaints.append(f"request: {request.url}"),
    )
    try:
        yield found
    finally:
        context.close()


def serious_faults(page: Page) -> list[str]:
    """What axe-core finds in a page that is serious or critical, by rule and element."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("(tags) => axe.run(document, { runOnly: tags, resultTypes: ['violations'] })", tags)
    return [
        f"{rule['id']} ({rule['impact']}): {node['target']}"
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"][:3]
    ]
