"""What holds for every answer: which hosts are served, and the headers that keep a page to itself.

No script, style, image, frame or connection but our own; no other site may frame, open or embed a page; a request that
names another host is refused, so that a hostile site cannot reach a console on the loopback address under a name of its
own (DNS rebinding).

Source: W3C Content Security Policy Level 3; OWASP HTTP headers cheat sheet.
"""

from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer, browsers send our own forms with a null origin
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex, nofollow",
}
KEPT_NOWHERE: Final = "no-store"  # a case is personal data
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")


class SafeAnswers:
    """Wraps an app: refuses foreign hosts, and puts the headers on every answer."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", KEPT_NOWHERE)
            await send(message)

        if self._is_foreign(Headers(scope=scope).get("host", "")):
            refusal = PlainTextResponse("This console is not served under that name.\n", 421)
            await refusal(scope, receive, send_safely)
            return
        await self._app(scope, receive, send_safely)

    def _is_foreign(self, host: str) -> bool:
        name = host.lower()
        if not name.endswith("]"):
            name = name.rpartition(":")[0] or name if name.rpartition(":")[2].isdigit() else name
        return name not in self._hosts
