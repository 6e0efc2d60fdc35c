"""``/search``, and ``/values`` and ``/families``: who has what."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from stillwatch.service.console.address import unslug
from stillwatch.service.console.console import Console
from stillwatch.service.console.routes.answers import REFUSALS
from stillwatch.service.console.views.search import (
    HoldersQuery,
    HoldersView,
    SearchQuery,
    SearchView,
    family_view,
    search_view,
    value_view,
)


def router(console: Console) -> APIRouter:
    """Return the routes of searching."""
    routes = APIRouter(tags=["search"], responses=REFUSALS)

    @routes.get("/search.json")
    def search(query: Annotated[SearchQuery, Query()]) -> SearchView:
        """Groups, accounts, values and families whose id or value holds what is looked for."""
        return search_view(console.source.current(), query)

    @routes.get("/search", include_in_schema=False)
    def search_page(request: Request, query: Annotated[SearchQuery, Query()]) -> Response:
        return console.pages.show(request, "search.html.j2", view=search_view(console.source.current(), query))

    @routes.get("/values/{kind}/{value}.json")
    def value(kind: str, value: str, query: Annotated[HoldersQuery, Query()]) -> HoldersView:
        """The accounts of reported groups that have a value."""
        return value_view(console.source.current(), unslug(kind), unslug(value), query)

    @routes.get("/values/{kind}/{value}", include_in_schema=False)
    def value_page(request: Request, kind: str, value: str, query: Annotated[HoldersQuery, Query()]) -> Response:
        view = value_view(console.source.current(), unslug(kind), unslug(value), query)
        return console.pages.show(request, "holders.html.j2", view=view)

    @routes.get("/families/{slug}.json")
    def family(slug: str, query: Annotated[HoldersQuery, Query()]) -> HoldersView:
        """The accounts of reported groups that use a template family."""
        return family_view(console.source.current(), unslug(slug), query)

    @routes.get("/families/{slug}", include_in_schema=False)
    def family_page(request: Request, slug: str, query: Annotated[HoldersQuery, Query()]) -> Response:
        view = family_view(console.source.current(), unslug(slug), query)
        return console.pages.show(request, "holders.html.j2", view=view)

    return routes
