"""``/proposals``: what is proposed against groups, the dry run, and a second person's agreement."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stillwatch.actions.export import FORMATS, exported
from stillwatch.actions.proposal import Proposal, to_plain
from stillwatch.actions.step import LADDER, STEPS
from stillwatch.errors import DeskError, UsageError
from stillwatch.pipeline.proposing import Wanted, approve, prepare
from stillwatch.service.console.address import unslug
from stillwatch.service.console.console import Console
from stillwatch.service.console.routes.answers import REFUSALS
from stillwatch.service.console.views.desk import ProposalRow, proposal_rows
from stillwatch.service.login.form import Form
from stillwatch.service.login.gate import person_of, require
from stillwatch.service.login.rate import Rate
from stillwatch.store.desk.person import Person
from stillwatch.store.desk.proposal import act, keep, proposal

WORKERS = ("analyst", "approver")
DRY_RUNS = (10, 2.0)  # at once, and seconds until the next: each reads the case and the registry


@dataclass(frozen=True, slots=True)
class ProposalList:
    """All proposals, the newest first."""

    proposals: tuple[ProposalRow, ...]


def router(console: Console) -> APIRouter:
    """Return the routes of proposals."""
    routes, rate = APIRouter(), Rate(*DRY_RUNS)

    @routes.get("/proposals", include_in_schema=False)
    def page(request: Request) -> Response:
        return console.pages.show(request, "proposals.html.j2", rows=proposal_rows(console.desk), steps=STEPS)

    @routes.get("/proposals.json", responses=REFUSALS, tags=["desk"])
    def listed() -> ProposalList:
        """All proposals, the newest first."""
        return ProposalList(proposal_rows(console.desk))

    @routes.get("/campaigns/{campaign}/propose", include_in_schema=False)
    def dry_run(request: Request, campaign: str, step: str = "", reason: str = "") -> Response:
        campaign_id = unslug(campaign)
        console.source.current().campaign(campaign_id)
        values: dict[str, Any] = {"made": None, "refusal": None, "reason": reason, "step": STEPS.get(step)}
        if step:
            person = require(request, *WORKERS)
            rate.take(person.name)
            values |= _tried(console, campaign_id, step, person.name, reason[:4000])
        return console.pages.show(request, "propose.html.j2", campaign_id=campaign_id, steps=LADDER, **values)

    @routes.post("/campaigns/{campaign}/proposals", include_in_schema=False)
    def record(request: Request, campaign: str) -> Response:
        person = require(request, *WORKERS)
        rate.take(person.name)
        form: Form = request.state.form
        made = _prepared(console, unslug(campaign), form.text("step"), person.name, form.text("reason"))
        keep(console.desk, made)
        return RedirectResponse(f"/proposals/{made.id}", 303)

    @routes.get("/proposals/{proposal_id}.json", responses=REFUSALS, tags=["desk"])
    def document(proposal_id: str) -> dict[str, Any]:
        """One proposal as it was frozen, what became of it, and its digest."""
        held = proposal(console.desk, proposal_id)
        plain = {"proposal": to_plain(held.proposal), "sha256": held.proposal.sha256, "state": held.state}
        return {**plain, "events": held.history()}

    @routes.get("/proposals/{proposal_id}", include_in_schema=False)
    def one(request: Request, proposal_id: str) -> Response:
        held = proposal(console.desk, proposal_id)
        values: dict[str, Any] = {"held": held, "made": held.proposal, "step": STEPS[held.proposal.step]}
        return console.pages.show(request, "proposal.html.j2", person=person_of(request), **values)

    @routes.post("/proposals/{proposal_id}/{kind}", include_in_schema=False)
    def event(request: Request, proposal_id: str, kind: str) -> Response:
        person = require(request, *WORKERS)
        rate.take(person.name)
        return _done(console, proposal_id, kind, person, request.state.form)

    return routes


def _done(console: Console, proposal_id: str, kind: str, person: Person, form: Form) -> Response:
    """Record what somebody does with a proposal; an export answers with the file."""
    ending = form.text("format")
    if kind == "export" and ending not in FORMATS:
        raise UsageError("format", "unknown", got=ascii(ending)[:40], expected=" or ".join(FORMATS))
    if kind == "approve":
        folder = console.source.current().folder
        held = approve(folder, console.desk, console.options.registers, proposal_id, person, form.text("sha256"))
    else:
        held = act(console.desk, proposal_id, kind, person, form.text("sha256"), form.text("reason"))
    if kind == "export":
        is_back = held.state == "rolled_back"
        content = exported(held.proposal, held.history(), ending, roll_back=is_back)
        return _download(content, f"{held.proposal.id}-{'roll-back' if is_back else 'apply'}.{ending}")
    return RedirectResponse(f"/proposals/{held.proposal.id}", 303)


def _tried(console: Console, campaign_id: str, step: str, by: str, reason: str) -> dict[str, Any]:
    """Return the dry run, or why there is none."""
    try:
        return {"made": _prepared(console, campaign_id, step, by, reason)}
    except DeskError as error:
        return {"refusal": error}


def _prepared(console: Console, campaign_id: str, step: str, by: str, reason: str) -> Proposal:
    folder = console.source.current().folder
    return prepare(folder, console.desk, console.options.registers, Wanted(campaign_id, step, by, reason))


def _download(content: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    kind = "text/csv; charset=utf-8" if name.endswith(".csv") else "application/json"
    return Response(content, media_type=kind, headers=headers)
