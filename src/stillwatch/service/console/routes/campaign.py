"""``/campaigns/ID``: a campaign and the parts of its page."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from stillwatch.dossiers.case import Campaign
from stillwatch.dossiers.render.charts.network import network
from stillwatch.dossiers.render.detail import FULL
from stillwatch.service.console.address import unslug
from stillwatch.service.console.console import Console
from stillwatch.service.console.routes.answers import REFUSALS
from stillwatch.service.console.views import campaign as views
from stillwatch.service.console.views.lookalike import CompareQuery, CompareView, compare_view
from stillwatch.service.console.views.members import MembersQuery, MembersView, members_view

WEAK_BITS: Final = 0.25  # evidence weaker than a fifth more or less stands folded away
Of = Annotated[str, Query(max_length=200, description="Of a merged or split group: whose evidence is shown.")]
PLAIN_PARTS: Final[tuple[tuple[views.Part, str, Callable[[views.Subject], Any]], ...]] = (
    ("", "What was found, what weighs for and against it, when it happened.", views.finding_view),
    ("rivals", "All explanations of the group, weighed on the same evidence.", views.rivals_view),
    ("indicators", "Published indicators as observations, and the tests of coordination.", views.indicators_view),
    ("links", "Who is linked to whom: the drawn accounts, the strongest links, a few pairs.", views.links_view),
    ("shared", "What the members share: template families and infrastructure.", views.shared_view),
)
"""The parts that need nothing but the group: their address, what they tell, and their view."""


def router(console: Console) -> APIRouter:
    """Return the routes of campaigns: each part as JSON, then as a page."""
    routes = APIRouter(tags=["campaigns"], responses=REFUSALS)
    _add_json(routes, console)
    _add_pages(routes, console)
    return routes


def _add_json(routes: APIRouter, console: Console) -> None:
    """Add the JSON of every part, each from one function of the group."""
    for part, told, view in PLAIN_PARTS:
        routes.add_api_route(
            f"/campaigns/{{slug}}{f'/{part}' if part else ''}.json",
            _answer(console, view),
            name=part or "finding",
            summary=part.capitalize() or "Finding",
            description=told,
        )

    @routes.get("/campaigns/{slug}/members.json")
    def members(slug: str, query: Annotated[MembersQuery, Query()]) -> MembersView:
        """A page of the members."""
        return members_view(_asked(console, slug), query)

    @routes.get("/campaigns/{slug}/compare.json")
    def compare(slug: str, query: Annotated[CompareQuery, Query()]) -> CompareView:
        """The group beside its nearest look-alike, or beside another one."""
        return _compared(console, slug, query)


def _answer(console: Console, view: Callable[[views.Subject], Any]) -> Callable[..., Any]:
    """Return what answers for one part; its JSON schema is that of what the view returns."""

    def answer(slug: str, of: Of = "") -> Any:
        return view(_asked(console, slug, of))

    answer.__annotations__["return"] = view.__annotations__["return"]
    return answer


def _asked(console: Console, slug: str, of: str = "") -> views.Subject:
    return views.subject_of(console.source.current(), unslug(slug), of)


def _compared(console: Console, slug: str, query: CompareQuery) -> CompareView:
    subject = _asked(console, slug)
    return compare_view(subject, subject.store.campaign(query.beside) if query.beside else None)


def _add_pages(routes: APIRouter, console: Console) -> None:
    def show(request: Request, part: views.Part, view: Any, **values: Any) -> Response:
        tab = dict(views.PARTS)[part]
        name = f"campaign/{part or 'finding'}.html.j2"
        return console.pages.show(
            request, name, view=view, head=view.campaign, part=part, tab=tab, parts=views.PARTS, **values
        )

    @routes.get("/campaigns/{slug}/members", include_in_schema=False)
    def members_page(request: Request, slug: str, query: Annotated[MembersQuery, Query()]) -> Response:
        return show(request, "members", members_view(_asked(console, slug), query), query=query)

    @routes.get("/campaigns/{slug}/compare", include_in_schema=False)
    def compare_page(request: Request, slug: str, query: Annotated[CompareQuery, Query()]) -> Response:
        view = _compared(console, slug, query)
        store = console.source.current()
        beside = [store.campaign(view.beside.id).timeline] if view.beside else []
        return show(request, "compare", view, timelines=[store.campaign(view.campaign.id).timeline, *beside])

    def plain_page(part: views.Part, view: Callable[[views.Subject], Any]) -> Callable[..., Response]:
        def page(request: Request, slug: str, of: Of = "") -> Response:
            subject = _asked(console, slug, of)
            values: dict[str, Any] = {"campaign": _as_shown(subject), "detail": FULL, "weak": WEAK_BITS}
            if part == "links":
                values["drawn"] = network(subject.weighed.graph, FULL.max_edges)
            return show(request, part, view(subject), **values)

        return page

    for part, _, view in PLAIN_PARTS:
        address = f"/campaigns/{{slug}}{f'/{part}' if part else ''}"
        routes.add_api_route(address, plain_page(part, view), include_in_schema=False, response_model=None)


def _as_shown(subject: views.Subject) -> Campaign:
    """Return what the report's own sections draw: the evidence as it was weighed, the activity of who is in it now."""
    return replace(subject.weighed, timeline=subject.campaign.timeline, accounts=subject.campaign.accounts)
