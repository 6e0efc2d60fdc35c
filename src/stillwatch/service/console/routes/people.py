"""``/people``: who works at the desk, and one's own password."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stillwatch.errors import DeskError
from stillwatch.service.console.console import Console
from stillwatch.service.console.routes.answers import REFUSALS
from stillwatch.service.login.form import Form
from stillwatch.service.login.gate import person_of, require
from stillwatch.service.login.password import Passwords
from stillwatch.service.login.rate import Rate
from stillwatch.store.desk.person import change_person, password_hash_of, people

CHANGES = (3, 5.0)  # at once, and seconds until the next: each hashes a password


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
    """Return the routes of the people."""
    routes, rate = APIRouter(), Rate(*CHANGES)
    passwords = console.options.passwords or Passwords()

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
