"""Who looks: what every page says of the session, and the log of whose account pages somebody looked at."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stillwatch.errors import StillwatchError
from stillwatch.service.console.address import TWIN, unslug
from stillwatch.service.console.console import Console
from stillwatch.service.console.views.desk import DeskView, desk_view
from stillwatch.store.desk.audit import record
from stillwatch.store.desk.database import Database
from stillwatch.store.desk.person import LOCAL
from stillwatch.store.desk.session import Session

LOGGED: Final = {"accounts": "view:account", "pairs": "view:pair"}


def session_values(request: Request, console: Console) -> Mapping[str, Any]:
    """Return what every page knows of who looks at it, and how it asks for what the desk holds.

    That is the person or null, their rights, their forms' secret, and ``desk_of``, which reads the desk only on pages
    that ask.
    """
    options = console.options
    session: Session | None = getattr(request.state, "session", None)
    person = session.person if session else None
    return {
        "me": person,
        "csrf": session.csrf if session else "",
        "may_decide": person is not None and person.may_decide,
        "may_audit": person is not None and (person.role == "auditor" or person.name == LOCAL),
        "is_local": person is not None and person.name == LOCAL,
        "has_desk": options.desk is not None,
        "makes_dossiers": options.desk is not None and options.dossiers.folder is not None,
        "done_id": int(done) if (done := request.query_params.get("done", "")).isdecimal() and len(done) < 16 else 0,
        "desk_of": partial(_desk_of, console),
    }


def _desk_of(console: Console, campaign_id: str) -> DeskView | None:
    if console.options.desk is None:
        return None
    store = console.source.current()
    return desk_view(console.options.desk, store, store.campaign(campaign_id))


class Viewing:
    """Wraps an app: logs each look at an account's or a pair's page that showed something, by whom."""

    def __init__(self, app: ASGIApp, desk: Database | None) -> None:
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; what is looked at is logged before it is shown."""
        viewed = _viewed(scope)
        desk = self._desk
        if desk is None or viewed is None:
            await self._app(scope, receive, send)
            return
        session: Session | None = Request(scope).state.session
        actor = session.person.name if session and session.person else "nobody"

        async def send_logged(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                kind, subject, path = viewed
                await run_sync(record, desk, actor, kind, subject, {"path": path})
            await send(message)

        await self._app(scope, receive, send_logged)


def _viewed(scope: Scope) -> tuple[str, str, str] | None:
    """Return what a request looks at, whose, and its path, if that is logged."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    parts = scope["path"].removesuffix(TWIN).strip("/").split("/")
    if len(parts) < 2 or parts[0] not in LOGGED:
        return None
    try:
        subject = " ".join(unslug(part) for part in parts[1:3]) if parts[0] == "pairs" else unslug(parts[1])
    except StillwatchError:
        return None
    return LOGGED[parts[0]], subject[:500], scope["path"][:500]
