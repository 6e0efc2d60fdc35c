"""``/campaigns/ID/desk``: what was decided about a group, and the forms to decide."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stillwatch.dossiers.case import Campaign
from stillwatch.service.console.address import campaign_address, unslug, with_query
from stillwatch.service.console.console import Console
from stillwatch.service.console.routes.answers import REFUSALS
from stillwatch.service.console.store import CaseStore
from stillwatch.service.console.views.desk import DeskView, desk_view, framed, key_of
from stillwatch.service.login.form import Form
from stillwatch.service.login.gate import require
from stillwatch.service.login.returning import safe_next
from stillwatch.store.desk.decision import Wish, decide
from stillwatch.store.desk.matching import held_of
from stillwatch.store.desk.snapshot import Snapshot


def router(console: Console) -> APIRouter:
    """Return the desk's routes for one group."""
    routes = APIRouter()

    @routes.get("/campaigns/{campaign}/desk", include_in_schema=False)
    def page(request: Request, campaign: str) -> Response:
        store, group = _group(console, campaign)
        desk = desk_view(console.desk, store, group)
        return console.pages.show(request, "desk.html.j2", desk=desk, **framed(store, group, "desk"))

    @routes.get("/campaigns/{campaign}/desk.json", responses=REFUSALS, tags=["desk"])
    def desk(campaign: str) -> DeskView:
        """What was decided about a group, and what holds."""
        return desk_view(console.desk, *_group(console, campaign))

    @routes.post("/campaigns/{campaign}/decisions", include_in_schema=False)
    def record(request: Request, campaign: str) -> Response:
        person = require(request, "analyst", "approver")
        form: Form = request.state.form
        store, group = _group(console, campaign)
        case = store.case
        statuses = held_of(console.desk, case).statuses
        keys = {item.id: key_of(statuses.get(item.id), item) for item in case.campaigns}
        others = _lines(form, "campaigns")
        wish = Wish(
            actor=person.name,
            kind=form.text("kind"),
            campaign_id=keys[group.id],
            seen=form.number("seen"),
            reason=form.text("reason"),
            accounts=tuple(dict.fromkeys((*_ticked(form), *_lines(form, "accounts")))),
            campaigns=tuple(keys.get(one, one) for one in others),
            assignee=form.text("assignee"),
            undoes=form.number("undoes") or None,
            snapshot=Snapshot.of(case, group),
            others={keys[one]: Snapshot.of(case, store.campaign(one)) for one in others if one in keys},
        )
        made = decide(console.desk, wish)
        back = safe_next(form.text("back") or campaign_address(group.id))
        return RedirectResponse(with_query(back.partition("?")[0], {"done": made.id}), 303)

    return routes


def _group(console: Console, segment: str) -> tuple[CaseStore, Campaign]:
    store = console.source.current()
    return store, store.campaign(unslug(segment))


def _lines(form: Form, name: str) -> tuple[str, ...]:
    """Return a field's values, given one a field or one a line."""
    return tuple(dict.fromkeys(line.strip() for value in form.all(name) for line in value.split("\n") if line.strip()))


def _ticked(form: Form) -> tuple[str, ...]:
    """Return the accounts that were ticked: written as in an address, for an id may hold anything."""
    return tuple(unslug(value) for value in form.all("account"))
