"""Drive a headless Chromium over its debugging pipe, with nothing but the standard library."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip
ANSWER_S = 240  # a cold start on a busy machine


def find_chromium() -> str | None:
    """Return the path of an installed Chromium, or null."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Page:
    """One page: commands go out, events are kept."""

    def __init__(self, out_fd: int, in_fd: int) -> None:
        self._out_fd, self._in_fd = out_fd, in_fd
        self._pending, self._last_id, self._session = b"", 0, None
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> Any:
        """Send one command and return its result."""
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._out_fd, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._last_id:
                assert "error" not in answer, answer
                return answer["result"]
            self._keep(answer)

    def load(self, path: Path) -> None:
        """Load a file."""
        self.events.clear()
        self.call("Page.navigate", url=path.absolute().as_uri())
        while not self.named("Page.loadEventFired"):
            self._keep(self._read())

    def open(self, path: Path) -> None:
        """Load a file and wait until it is painted; its scripts must be on."""
        self.load(path)
        self.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def resize(self, width: int, height: int = 900, *, is_dark: bool = False) -> None:
        """Set the viewport and the preferred colour scheme."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = "dark" if is_dark else "light"
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, **clip: float) -> bytes:
        """Return a PNG of the viewport, or of a clip of the whole page."""
        if clip:
            return base64.b64decode(
                self.call("Page.captureScreenshot", clip={**clip, "scale": 1}, captureBeyondViewport=True)["data"]
            )
        return base64.b64decode(self.call("Page.captureScreenshot")["data"])

    def named(self, method: str) -> list[dict[str, Any]]:
        """Return the kept events of one name."""
        return [event["params"] for event in self.events if event.get("method") == method]

    def _keep(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        if event.get("method") == "Page.javascriptDialogOpening":  # a dialog would block all else
            self._last_id += 1
            accept = {
                "id": self._last_id,
                "method": "Page.handleJavaScriptDialog",
                "params": {"accept": True},
                "sessionId": self._session,
            }
            os.write(self._out_fd, json.dumps(accept).encode() + b"\0")

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._pending:
            chunk = os.read(self._in_fd, 1 << 20)
            assert chunk, "Chromium has closed its pipe"
            self._pending += chunk
        message, self._pending = self._pending.split(b"\0", 1)
        return json.loads(message)


@contextmanager
def chromium(binary: str, profile: Path) -> Iterator[Page]:
    """Run a Chromium with a new profile and yield its page."""
    to_browser, from_us = os.pipe()
    to_us, from_browser = os.pipe()

    def place_pipe() -> None:  # Chromium reads descriptor 3 and writes descriptor 4
        keep_read, keep_write = os.dup(to_browser), os.dup(from_browser)
        os.dup2(keep_read, 3)
        os.dup2(keep_write, 4)

    process = subprocess.Popen(
        [binary, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        close_fds=False, preexec_fn=place_pipe,  # noqa: PLW1509 - no threads run here
    )  # fmt: skip
    os.close(to_browser)
    os.close(from_browser)
    try:
        page = Page(from_us, to_us)
        yield page
    finally:
        process.terminate()
        try:
            process.wait(ANSWER_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(from_us)
        os.close(to_us)
