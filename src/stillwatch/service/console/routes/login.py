"""``/login`` and ``/logout``: with a password kept here, or through a login provider."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stillwatch.errors import NotAllowedError
from stillwatch.service.console.console import Console
from stillwatch.service.login.gate import cookie_name, device_cookie, session_cookie
from stillwatch.service.login.password import Passwords
from stillwatch.service.login.returning import safe_next
from stillwatch.store.desk.attempt import Origin, forgive, known_device, reserve
from stillwatch.store.desk.attempt import device_cookie as new_device
from stillwatch.store.desk.audit import record
from stillwatch.store.desk.person import NAME, password_hash_of, people
from stillwatch.store.desk.session import Session, begin, end, new_visit

WRONG = "That name and password do not fit together."


def router(console: Console) -> APIRouter:
    """Return the routes of the login."""
    routes, door = APIRouter(), _Door(console)

    @routes.get("/login", include_in_schema=False)
    def page(request: Request) -> Response:
        return door.show(request, request.query_params.get("next", "/"))

    @routes.post("/login", include_in_schema=False)
    def log_in(request: Request) -> Response:
        return door.try_password(request)

    @routes.get("/login/provider", include_in_schema=False)
    def ask_provider() -> Response:
        return door.ask_provider()

    @routes.get("/login/return", include_in_schema=False)
    def come_back(request: Request) -> Response:
        return door.come_back(request)

    @routes.post("/logout", include_in_schema=False)
    def log_out(request: Request) -> Response:
        return door.log_out(request)

    return routes


class _Door:
    """Lets people in and out. A login begins a new session; none from before a login is worth anything after it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._gate = console.options.gate
        self._passwords = console.options.passwords or Passwords()

    def show(self, request: Request, back: str, problem: str = "", status: int = 200) -> Response:
        """Return the login page."""
        values = {
            "back": safe_next(back),
            "problem": problem,
            "has_provider": self._console.options.provider is not None,
            "is_peopled": bool(people(self._console.desk)),
        }
        return self._console.pages.show(request, "login.html.j2", status, **values)

    def try_password(self, request: Request) -> Response:
        """Let somebody in whose name and password fit; each attempt is counted before it is looked at."""
        desk, form = self._console.desk, request.state.form
        name, back = form.text("name").strip().lower(), form.text("next")
        device = known_device(desk, name, request.cookies.get(cookie_name(desk, self._gate, "device")))
        origin = Origin(name, _address(request), device)
        wait_s = reserve(desk, origin)
        if wait_s:
            record(desk, self._known(name), "login:throttled", origin.address, {"wait_s": wait_s})
            response = self.show(request, back, f"Too many attempts. Try again in {wait_s} s.", 429)
            response.headers["Retry-After"] = str(wait_s)
            return response
        if not self._passwords.fits(form.text("password"), password_hash_of(desk, name)):
            record(desk, self._known(name), "login:failed", origin.address, {})
            return self.show(request, back, WRONG, 401)
        forgive(desk, origin)
        return self._let_in(request, name, "password", back)

    def ask_provider(self) -> Response:
        """Send somebody to the login provider; one visit is one question, and its answer fits no other."""
        desk, provider = self._console.desk, self._console.options.provider
        if provider is None:
            raise NotAllowedError("login", "there is no login provider", fix="Log in with a password.")
        token = new_visit()
        response = RedirectResponse(provider.address(desk, token), 303)
        response.headers.append("Set-Cookie", session_cookie(desk, self._gate, token))
        return response

    def come_back(self, request: Request) -> Response:
        """Let somebody in whom the login provider sends back."""
        desk, provider = self._console.desk, self._console.options.provider
        session: Session | None = request.state.session
        if provider is None or session is None or session.person is not None:
            raise NotAllowedError("login", "nobody asked for this", fix="Begin the login anew.")
        try:
            person = provider.person(desk, session.token, dict(request.query_params))
        except NotAllowedError as error:
            record(desk, "nobody", "login:failed", _address(request), {"how": "provider", "why": error.problem})
            raise
        return self._let_in(request, person.name, "provider", "/")

    def log_out(self, request: Request) -> Response:
        """End a session, here and in the browser."""
        desk, session = self._console.desk, request.state.session
        if session is not None and session.person is not None:
            record(desk, session.person.name, "logout", session.person.name, {})
        self._leave(request)
        response = RedirectResponse("/login", 303)
        response.headers.append("Set-Cookie", session_cookie(desk, self._gate, new_visit()))
        return response

    def _let_in(self, request: Request, name: str, how: str, back: str) -> Response:
        desk = self._console.desk
        self._leave(request)
        response = RedirectResponse(safe_next(back), 303)
        response.headers.append("Set-Cookie", session_cookie(desk, self._gate, begin(desk, name)))
        response.headers.append("Set-Cookie", device_cookie(desk, self._gate, new_device(desk, name)))
        record(desk, name, "login", name, {"how": how, "address": _address(request)})
        return response

    def _leave(self, request: Request) -> None:
        session: Session | None = request.state.session
        if session is not None and session.person is not None:
            end(self._console.desk, session)

    def _known(self, name: str) -> str:
        """Return a name for the log: only one that exists, for people type passwords into the wrong field."""
        known = {one.name for one in people(self._console.desk)} if NAME.fullmatch(name) else set()
        return name if name in known else "nobody"


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"
