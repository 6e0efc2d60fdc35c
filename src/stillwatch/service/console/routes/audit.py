"""``/audit`` and ``/people``: the log and the people, for auditors; one's own password, for everybody."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stillwatch.errors import BrokenLogError, DeskError
from stillwatch.service.console.console import Console
from stillwatch.service.console.routes.answers import REFUSALS
from stillwatch.service.login.form import Form
from stillwatch.service.login.gate import person_of, require
from stillwatch.service.login.password import Passwords
from stillwatch.service.login.rate import Rate
from stillwatch.store.desk.audit import Entry, entries, kinds, verify
from stillwatch.store.desk.person import LOCAL, Person, change_person, password_hash_of, people

A_PAGE = 100
Before = Annotated[int | None, Query(ge=1, le=2**53)]
CHECKS = (3, 5.0)  # at once, and seconds until the next: each reads the whole log, or hashes a password


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries of the log, the newest first; ``before`` continues with older ones, or is null."""

    entries: tuple[Entry, ...]
    before: int | None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody who works at the desk: name, role, whether by a password, and whether they are shut out."""

    name: str
    role: str
    has_password: bool
    is_disabled: bool


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Everybody who works at the desk."""

    people: tuple[PersonRow, ...]


def router(console: Console) -> APIRouter:
    """Return the routes of the audit log and of the people."""
    routes, rate = APIRouter(), Rate(*CHECKS)
    passwords = console.options.passwords or Passwords()

    def read(before: int | None, kind: str) -> AuditPage:
        found = entries(console.desk, before=before, limit=A_PAGE, kind=kind or None)
        return AuditPage(tuple(found), found[-1].seq if len(found) == A_PAGE and found[-1].seq > 1 else None)

    @routes.get("/audit", include_in_schema=False)
    def page(
        request: Request,
        before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
        kind: str = "",
        *,
        check: bool = False,
    ) -> Response:
        person = _auditor(request)
        head, broken = None, None
        if check:
            rate.take(person.name)
            try:
                head = verify(console.desk)
            except BrokenLogError as error:
                broken = error
        log = read(before, kind)
        values: dict[str, Any] = {
            "log": log,
            "kind": kind,
            "kinds": kinds(console.desk),
            "head": head,
            "broken": broken,
        }
        return console.pages.show(request, "audit.html.j2", **values)

    @routes.get("/audit.json", responses=REFUSALS, tags=["desk"])
    def log(request: Request, before: Before = None, kind: str = "") -> AuditPage:
        """Entries of the audit log, the newest first; for auditors."""
        _auditor(request)
        return read(before, kind)

    @routes.get("/people", include_in_schema=False)
    def who(request: Request) -> Response:
        me = person_of(request)
        return console.pages.show(request, "people.html.j2", me=me, people=people(console.desk))

    @routes.get("/people.json", responses=REFUSALS, tags=["desk"])
    def who_json(request: Request) -> PeoplePage:
        """Who works at this desk, in which role."""
        person_of(request)
        found = people(console.desk)
        return PeoplePage(tuple(PersonRow(one.name, one.role, one.has_password, one.is_disabled) for one in found))

    @routes.post("/people/password", include_in_schema=False)
    def change(request: Request) -> Response:
        me = require(request, "analyst", "approver", "auditor")
        rate.take(me.name)
        form: Form = request.state.form
        if not passwords.fits(form.text("old"), password_hash_of(console.desk, me.name)):
            raise DeskError("password", "the present one does not fit", fix="Nothing was changed.")
        change_person(console.desk, me.name, by=me.name, password_hash=passwords.hash(form.text("new")))
        return RedirectResponse("/login", 303)

    return routes


def _auditor(request: Request) -> Person:
    """Return who may read the log: an auditor, or whoever works alone on a desk without people."""
    me = person_of(request)
    return me if me.name == LOCAL else require(request, "auditor")
