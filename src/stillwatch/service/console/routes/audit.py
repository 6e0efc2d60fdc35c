"""``/audit``: the log, for auditors."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from stillwatch.errors import BrokenLogError
from stillwatch.service.console.console import Console
from stillwatch.service.console.routes.answers import REFUSALS
from stillwatch.service.login.gate import person_of, require
from stillwatch.service.login.rate import Rate
from stillwatch.store.desk.audit import Entry, entries, kinds, verify
from stillwatch.store.desk.person import LOCAL, Person

A_PAGE = 100
Before = Annotated[int | None, Query(ge=1, le=2**53)]
CHECKS = (3, 5.0)  # at once, and seconds until the next: each reads the whole log


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries of the log, the newest first; ``before`` continues with older ones, or is null."""

    entries: tuple[Entry, ...]
    before: int | None


def router(console: Console) -> APIRouter:
    """Return the routes of the audit log."""
    routes, rate = APIRouter(), Rate(*CHECKS)

    def read(before: int | None, kind: str) -> AuditPage:
        found = entries(console.desk, before=before, limit=A_PAGE, kind=kind or None)
        return AuditPage(tuple(found), found[-1].seq if len(found) == A_PAGE and found[-1].seq > 1 else None)

    @routes.get("/audit", include_in_schema=False)
    def page(request: Request, before: Before = None, kind: str = "", *, check: bool = False) -> Response:
        person = _auditor(request)
        head, broken = None, None
        if check:
            rate.take(person.name)
            try:
                head = verify(console.desk)
            except BrokenLogError as error:
                broken = error
        return console.pages.show(
            request, "audit.html.j2", log=read(before, kind), kind=kind, kinds=kinds(console.desk), head=head,
            broken=broken,
        )  # fmt: skip

    @routes.get("/audit.json", responses=REFUSALS, tags=["desk"])
    def log(request: Request, before: Before = None, kind: str = "") -> AuditPage:
        """Entries of the audit log, the newest first; for auditors."""
        _auditor(request)
        return read(before, kind)

    return routes


def _auditor(request: Request) -> Person:
    """Return who may read the log: an auditor, or whoever works alone on a desk without people."""
    me = person_of(request)
    return me if me.name == LOCAL else require(request, "auditor")
