"""What each request needs to be let through: a session, a role's right to write, and a form that is ours.

Everything is closed but the static files and the login pages. What changes something must come from our own origin and
carry the session's secret; a route gets the form that was checked, and cannot forget to check it.

Source: OWASP, Cross-site request forgery prevention and Session management cheat sheets.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote

from anyio.to_thread import run_sync
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stillwatch.errors import NotAllowedError, StillwatchError
from stillwatch.service.login.form import Form, read_form
from stillwatch.store.desk.database import Database
from stillwatch.store.desk.person import LOCAL, Person, people
from stillwatch.store.desk.session import ABSOLUTE, Session, new_visit, resume

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_TO_ALL: Final = ("/static/", "/login")
UNREAD: Final = Form({})

Answer = Callable[[Request, StillwatchError], Response]
"""Turns a refusal into a page, or into JSON where the address asks for it."""


class LoginNeededError(NotAllowedError):
    """Nobody is logged in."""

    code = "login-needed"
    http_status = 401


class ForgedError(NotAllowedError):
    """A form does not come from a page of this session."""

    code = "not-our-form"


@dataclass(frozen=True, slots=True)
class GateOptions:
    """How the gate stands.

    Args:
        origin: the console's own origin where it is known, as behind a proxy; null: what the request names.
        is_secure: whether browsers reach it over TLS, so that cookies go over nothing else.
        allows_local: whether a desk without people may be worked on without login; only on a loopback address.
    """

    origin: str | None = None
    is_secure: bool = False
    allows_local: bool = True


class Gate:
    """Wraps an app: what passes has ``request.state.session`` and, where something changes, ``request.state.form``."""

    def __init__(self, app: ASGIApp, desk: Database | None, options: GateOptions, answer: Answer) -> None:
        self._app = app
        self._desk = desk
        self._options = options
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        request.state.session, request.state.form, request.state.new_token = None, UNREAD, None
        try:
            refusal = await self._examine(request)
        except StillwatchError as error:
            refusal = self._answer(request, error)
        sending = self._with_cookie(request, send)
        await (refusal or self._app)(scope, receive, sending)

    async def _examine(self, request: Request) -> Response | None:
        """Return why a request is not let through, or null."""
        is_write = request.method not in SAFE_METHODS
        if self._desk is None:
            if is_write:
                raise NotAllowedError("console", "is read only", fix="Start it with a desk that can be written.")
            return None
        if request.url.path.startswith("/static/"):
            return None
        session = await run_sync(self._session, request)
        request.state.session = session
        if is_write:
            await self._check_form(request, session)
        if session is not None and session.person is not None:
            return None
        if request.url.path.startswith(OPEN_TO_ALL):
            return None
        if request.method == "GET" and not request.url.path.endswith(".json"):
            here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/login?next={quote(here, safe='')}", 303)
        raise LoginNeededError("console", "nobody is logged in", fix="Log in at /login.")

    def _session(self, request: Request) -> Session | None:
        """Return the session of a request; a visit begins where a page with a form needs one.

        On a desk without people, whoever reaches a loopback address is the analyst.
        """
        assert self._desk is not None
        session = resume(self._desk, request.cookies.get(cookie_name(self._desk, self._options)))
        is_local = self._options.allows_local and not people(self._desk)
        if session is None and (is_local or request.url.path.startswith("/login")):
            request.state.new_token = new_visit()
            session = resume(self._desk, request.state.new_token)
        if session is not None and session.person is None and is_local:
            return replace(session, person=Person(LOCAL, "analyst"))
        return session

    async def _check_form(self, request: Request, session: Session | None) -> None:
        """Refuse a form from elsewhere.

        Raises:
            ForgedError: it does not come from a page of this session.
            BodyError: it is no form.
        """
        origin = request.headers.get("origin")
        own = self._options.origin or f"{request.url.scheme}://{request.headers.get('host', '')}"
        if origin is not None and origin != own:
            raise ForgedError("form", "comes from another site", got=ascii(origin)[:80], expected=own)
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise ForgedError("form", "comes from another site", expected=own)
        request.state.form = await read_form(request)
        token = request.state.form.text("csrf") or request.headers.get("x-csrf-token", "")
        if session is None or not hmac.compare_digest(token.encode("utf-8", "replace"), session.csrf.encode()):
            raise ForgedError(
                "form",
                "is not of this session",
                fix="Open the page anew, and send the form from there; nothing was done.",
            )

    def _with_cookie(self, request: Request, send: Send) -> Send:
        """Return a ``send`` that hands out a new session's token, if one begins with this request."""

        async def send_with_cookie(message: Message) -> None:
            token = request.state.new_token
            if message["type"] == "http.response.start" and token is not None and self._desk is not None:
                headers, name = MutableHeaders(scope=message), cookie_name(self._desk, self._options)
                if not any(
                    value.startswith(f"{name}=") for value in headers.getlist("set-cookie")
                ):  # a login's own wins
                    headers.append("Set-Cookie", session_cookie(self._desk, self._options, token))
            await send(message)

        return send_with_cookie


def cookie_name(desk: Database, options: GateOptions, kind: str = "session") -> str:
    """Return the name of a cookie; consoles on other ports of one host share cookies, so that each desk has its own."""
    mark = hashlib.sha256(str(desk.path.absolute()).encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{'__Host-' if options.is_secure else ''}stillwatch-{kind}-{mark}"


def session_cookie(desk: Database, options: GateOptions, token: str) -> str:
    """Return the ``Set-Cookie`` of a session: out of reach of scripts, and not sent along by other sites' forms."""
    return _cookie(cookie_name(desk, options), token, int(ABSOLUTE.total_seconds()), options)


def device_cookie(desk: Database, options: GateOptions, value: str) -> str:
    """Return the ``Set-Cookie`` that marks a known device for half a year."""
    return _cookie(cookie_name(desk, options, "device"), value, 180 * 86_400, options)


def _cookie(name: str, value: str, seconds: int, options: GateOptions) -> str:
    secure = "; Secure" if options.is_secure else ""
    return f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"


def person_of(request: Request) -> Person:
    """Return who is at the console.

    Raises:
        LoginNeededError: nobody, or the console has no desk.
    """
    session: Session | None = request.state.session
    if session is None or session.person is None:
        raise LoginNeededError("console", "nobody is logged in", fix="Log in at /login.")
    return session.person


def require(request: Request, *roles: str) -> Person:
    """Return who is at the console, if they have one of the roles.

    Raises:
        NotAllowedError: they have another role.
    """
    person = person_of(request)
    if person.role not in roles:
        raise NotAllowedError(
            "console", "your role does not allow that", got=person.role, expected=" or ".join(roles),
            fix="Ask somebody who has it.",
        )  # fmt: skip
    return person
