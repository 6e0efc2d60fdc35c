"""``/campaigns/ID``: a campaign and the parts of its page."""

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
from stillwatch.service.console.store import CaseStore
from stillwatch.service.console.views import campaign as views
from stillwatch.service.console.views.lookalike import CompareQuery, CompareView, compare_view
from stillwatch.service.console.views.members import MembersQuery, MembersView, members_view

WEAK_BITS: Final = 0.25  # evidence weaker than a fifth more or less stands folded away


def router(console: Console) -> APIRouter:
    """Return the routes of campaigns: each part as JSON, then as a page."""
    routes = APIRouter(tags=["campaigns"], responses=REFUSALS)
    _add_json(routes, console)
    _add_pages(routes, console)
    return routes


def _asked(console: Console, slug: str) -> tuple[CaseStore, Campaign]:
    store = console.source.current()
    return store, store.campaign(unslug(slug))


def _compared(console: Console, slug: str, query: CompareQuery) -> CompareView:
    store, campaign = _asked(console, slug)
    return compare_view(store.case, campaign, store.campaign(query.beside) if query.beside else None)


def _add_json(routes: APIRouter, console: Console) -> None:
    @routes.get("/campaigns/{slug}.json")
    def finding(slug: str) -> views.FindingView:
        """What was found, what weighs for and against it, when it happened."""
        store, campaign = _asked(console, slug)
        return views.finding_view(store.case, campaign)

    @routes.get("/campaigns/{slug}/rivals.json")
    def rivals(slug: str) -> views.RivalsView:
        """All explanations of the group, weighed on the same evidence."""
        store, campaign = _asked(console, slug)
        return views.rivals_view(store.case, campaign)

    @routes.get("/campaigns/{slug}/indicators.json")
    def indicators(slug: str) -> views.IndicatorsView:
        """Published indicators as observations, and the tests of coordination."""
        store, campaign = _asked(console, slug)
        return views.indicators_view(store.case, campaign)

    @routes.get("/campaigns/{slug}/links.json")
    def links(slug: str) -> views.LinksView:
        """Who is linked to whom: the drawn accounts, the strongest links, a few pairs."""
        store, campaign = _asked(console, slug)
        return views.links_view(store.case, campaign)

    @routes.get("/campaigns/{slug}/shared.json")
    def shared(slug: str) -> views.SharedView:
        """What the members share: template families and infrastructure."""
        store, campaign = _asked(console, slug)
        return views.shared_view(store.case, campaign)

    @routes.get("/campaigns/{slug}/members.json")
    def members(slug: str, query: Annotated[MembersQuery, Query()]) -> MembersView:
        """A page of the members."""
        store, campaign = _asked(console, slug)
        return members_view(store, campaign, query)

    @routes.get("/campaigns/{slug}/compare.json")
    def compare(slug: str, query: Annotated[CompareQuery, Query()]) -> CompareView:
        """The group beside its nearest look-alike, or beside another one."""
        return _compared(console, slug, query)


def _add_pages(routes: APIRouter, console: Console) -> None:
    def show(request: Request, part: views.Part, view: Any, **values: Any) -> Response:
        tab = dict(views.PARTS)[part]
        name = f"campaign/{part or 'finding'}.html.j2"
        return console.pages.show(
            request, name, view=view, head=view.campaign, part=part, tab=tab, parts=views.PARTS, **values
        )

    @routes.get("/campaigns/{slug}", include_in_schema=False)
    def finding_page(request: Request, slug: str) -> Response:
        store, campaign = _asked(console, slug)
        view = views.finding_view(store.case, campaign)
        return show(request, "", view, campaign=campaign, detail=FULL, weak=WEAK_BITS)

    @routes.get("/campaigns/{slug}/rivals", include_in_schema=False)
    def rivals_page(request: Request, slug: str) -> Response:
        store, campaign = _asked(console, slug)
        return show(request, "rivals", views.rivals_view(store.case, campaign), campaign=campaign, detail=FULL)

    @routes.get("/campaigns/{slug}/indicators", include_in_schema=False)
    def indicators_page(request: Request, slug: str) -> Response:
        store, campaign = _asked(console, slug)
        return show(request, "indicators", views.indicators_view(store.case, campaign), campaign=campaign)

    @routes.get("/campaigns/{slug}/links", include_in_schema=False)
    def links_page(request: Request, slug: str) -> Response:
        store, campaign = _asked(console, slug)
        drawn = network(campaign.graph, FULL.max_edges)
        return show(request, "links", views.links_view(store.case, campaign), drawn=drawn)

    @routes.get("/campaigns/{slug}/shared", include_in_schema=False)
    def shared_page(request: Request, slug: str) -> Response:
        store, campaign = _asked(console, slug)
        return show(request, "shared", views.shared_view(store.case, campaign))

    @routes.get("/campaigns/{slug}/members", include_in_schema=False)
    def members_page(request: Request, slug: str, query: Annotated[MembersQuery, Query()]) -> Response:
        store, campaign = _asked(console, slug)
        return show(request, "members", members_view(store, campaign, query), query=query)

    @routes.get("/campaigns/{slug}/compare", include_in_schema=False)
    def compare_page(request: Request, slug: str, query: Annotated[CompareQuery, Query()]) -> Response:
        view = _compared(console, slug, query)
        store = console.source.current()
        beside = store.campaign(view.beside.id) if view.beside else None
        timelines = [store.campaign(view.campaign.id).timeline, beside.timeline if beside else None]
        return show(request, "compare", view, timelines=timelines)
