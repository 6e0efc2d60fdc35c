"""``/campaigns/ID/dossier`` and ``/dossiers``: freeze, sign, verify and hand out."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stillwatch.dossiers.case import Campaign
from stillwatch.errors import NotAllowedError
from stillwatch.pipeline.dossier_shelf import TRUST_FILE, DossierShelf, ShelvedDossier
from stillwatch.service.console.address import campaign_address, unslug
from stillwatch.service.console.console import Console
from stillwatch.service.console.routes.answers import REFUSALS
from stillwatch.service.console.store import CaseStore
from stillwatch.service.console.views.campaign import subject_of
from stillwatch.service.console.views.desk import framed
from stillwatch.service.login.gate import person_of, require
from stillwatch.service.login.rate import Rate
from stillwatch.store.desk.audit import record

WORKERS: Final = ("analyst", "approver")
MOST_LISTED: Final = 20  # dossiers on a page, each verified when it is shown
MAKINGS: Final = (3, 20.0)  # at once, and seconds until the next: each freezes and renders a whole document
TYPES: Final = {
    "json": "application/json",
    "md": "text/markdown; charset=utf-8",
    "pdf": "application/pdf",
    "tsr": "application/timestamp-reply",
}
"""By ending; everything else, HTML above all, goes out as bytes to be kept: no file of a dossier runs on our origin."""


def router(console: Console) -> APIRouter:
    """Return the routes of dossiers."""
    routes, rate = APIRouter(), Rate(*MAKINGS)

    @routes.get("/campaigns/{campaign}/dossier", include_in_schema=False)
    def page(request: Request, campaign: str) -> Response:
        store, shelf = console.source.current(), _shelf(console)
        group = store.campaign(unslug(campaign))
        made = _made(shelf, store, group)
        values: dict[str, Any] = {"made": made, "can_sign": shelf.can_sign, "can_make_key": shelf.can_make_key}
        return console.pages.show(request, "dossier.html.j2", **values, **framed(store, group, "dossier"))

    @routes.get("/campaigns/{campaign}/dossier.json", responses=REFUSALS, tags=["desk"])
    def listed(campaign: str) -> dict[str, Any]:
        """The dossiers made of a group, each verified now."""
        store = console.source.current()
        made = _made(_shelf(console), store, store.campaign(unslug(campaign)))
        return {"dossiers": [_plain(one) for one in made]}

    @routes.post("/campaigns/{campaign}/dossiers", include_in_schema=False)
    def make(request: Request, campaign: str) -> Response:
        person = require(request, *WORKERS)
        rate.take(person.name)
        store, form = console.source.current(), request.state.form
        group = store.campaign(unslug(campaign))
        of = subject_of(store, group.id, form.text("of")).weighed.id
        made = _shelf(console).make(store.folder, of, console.desk.clock())
        detail = {"dossier": made.name, "is_signed": made.verdict is not None}
        record(console.desk, person.name, "dossier:make", of, detail)
        return RedirectResponse(f"{campaign_address(group.id, 'dossier')}#{made.name}", 303)

    @routes.post("/campaigns/{campaign}/signing-key", include_in_schema=False)
    def make_key(request: Request, campaign: str) -> Response:
        person = require(request, *WORKERS)
        campaign_id = console.source.current().campaign(unslug(campaign)).id
        key_id = _shelf(console).make_key(person.name)
        record(console.desk, person.name, "signing-key:make", key_id, {})
        return RedirectResponse(campaign_address(campaign_id, "dossier"), 303)

    @routes.get("/dossiers/trust.json", include_in_schema=False)
    def trust(request: Request) -> Response:
        person_of(request)
        return _download(_shelf(console).trust_file(), TRUST_FILE)

    @routes.get("/dossiers/{name}/{file}", include_in_schema=False)
    def download(request: Request, name: str, file: str) -> Response:
        content = _shelf(console).file(name, file)
        record(console.desk, person_of(request).name, "dossier:download", name, {"file": file})
        return _download(content, f"{name}-{file}")

    return routes


def _download(content: bytes, name: str) -> Response:
    kind = TYPES.get(name.rpartition(".")[2], "application/octet-stream")
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _made(shelf: DossierShelf, store: CaseStore, group: Campaign) -> list[ShelvedDossier]:
    """Return the newest dossiers of a group, or of the scan's groups that it was made of, each verified now."""
    names = [name for base in store.bases(group.id) for name in shelf.names(base)]
    return [shelf.get(name) for name in sorted(names, reverse=True)[:MOST_LISTED]]


def _plain(one: ShelvedDossier) -> dict[str, Any]:
    verdict = one.verdict.as_document() if one.verdict else None
    return {"name": one.name, "made_at": one.made_at.isoformat(), "files": list(one.files), "verdict": verdict}


def _shelf(console: Console) -> DossierShelf:
    given = console.options.dossiers
    if given.folder is None:
        raise NotAllowedError("console", "makes no dossiers", fix="Start it with a desk, or run: stillwatch dossier.")
    return DossierShelf(given.folder, given.signing_key, given.trust)
