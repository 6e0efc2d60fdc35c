"""What goes wrong in the console, as the reader sees it: a page for people, the same parts as JSON for programs."""

import logging
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stillwatch.errors import InputError, StillwatchError

LOG: Final = logging.getLogger(__name__)
TITLES: Final = {
    400: "This request cannot be answered",
    401: "Log in first",
    403: "This is not yours to do",
    404: "There is no such thing here",
    405: "That cannot be done here",
    409: "Somebody was there before you",
    413: "This is too much at once",
    422: "The desk's rules do not allow that",
    429: "That was too often",
    503: "The case cannot be read",
}


class CaseUnavailableError(InputError):
    """The case as a whole cannot be read."""

    code = "case-unavailable"
    http_status = 503


@dataclass(frozen=True, slots=True)
class FailureParts:
    """The parts of a refusal; see ``errors``."""

    code: str
    where: str
    problem: str
    got: str | None = None
    expected: str | None = None
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A refusal as JSON."""

    error: FailureParts


ShowFailure = Callable[[Request, int, str, FailureParts], Response]
"""Renders a refusal as a page: of a request, a status, a title and the parts."""


def install(app: FastAPI, show: ShowFailure) -> Callable[[Request, StillwatchError], Response]:
    """Answer every refusal and every unexpected failure of an app in the same shape.

    Returns: what answers a refusal, for middleware that refuses by itself.
    """

    def answer(request: Request, status: int, parts: FailureParts) -> Response:
        if is_for_programs(request):
            return JSONResponse({"error": asdict(parts)}, status)
        return show(request, status, TITLES.get(status, "Something went wrong"), parts)

    def refuse(request: Request, error: StillwatchError) -> Response:
        parts = FailureParts(error.code, error.where, error.problem, error.got, error.expected, error.fix)
        return answer(request, error.http_status, parts)

    def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, StillwatchError)
        return refuse(request, error)

    def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"][1:]) or "request"
        return answer(request, 400, FailureParts("bad-request", name, str(first["msg"])))

    def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        problem = "no such page" if error.status_code == 404 else str(error.detail)
        code = "not-found" if error.status_code == 404 else "bad-request"
        return answer(request, error.status_code, FailureParts(code, request.url.path, problem))

    def unexpected(request: Request, error: Exception) -> Response:
        frame = traceback.extract_tb(error.__traceback__)[-1]  # the message is left out, for it may quote the case
        LOG.error("unexpected %s at %s:%d", type(error).__name__, Path(frame.filename).name, frame.lineno)
        fix = "This is a bug in stillwatch. The server's standard error says where."
        return answer(request, 500, FailureParts("unexpected", "console", "it failed", fix=fix))

    app.add_exception_handler(StillwatchError, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_middleware(Unexpected, answer=unexpected)
    return refuse


class Unexpected:
    """Answers what nobody expected, within the middleware that puts the headers on."""

    def __init__(self, app: ASGIApp, answer: Callable[[Request, Exception], Response]) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        is_started = False

        async def send_watched(message: Message) -> None:
            nonlocal is_started
            is_started = is_started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, send_watched)
        except Exception as error:
            if is_started or scope["type"] != "http":
                raise
            await self._answer(Request(scope), error)(scope, receive, send)


def is_for_programs(request: Request) -> bool:
    """Return whether a request asks for JSON by its address."""
    return request.url.path.endswith(".json")
