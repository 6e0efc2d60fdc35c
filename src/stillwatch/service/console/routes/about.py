"""``/about``: the case as a whole, and where programs ask for it."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from stillwatch.service.console.console import Console
from stillwatch.service.console.routes.answers import REFUSALS
from stillwatch.service.console.views.about import AboutView, about_view


def router(console: Console) -> APIRouter:
    """Return the routes of the case as a whole."""
    routes = APIRouter(tags=["case"], responses=REFUSALS)

    @routes.get("/about.json")
    def about() -> AboutView:
        """The case as a whole: what was read, what was found, what was missing, who lapsed."""
        store = console.source.current()
        return about_view(store.case, store.tables)

    @routes.get("/about", include_in_schema=False)
    def about_page(request: Request) -> Response:
        store = console.source.current()
        view = about_view(store.case, store.tables)
        addresses = [
            (path, method["get"].get("description") or method["get"].get("summary", ""))
            for path, method in request.app.openapi()["paths"].items()
            if "get" in method
        ]
        return console.pages.show(request, "about.html.j2", view=view, addresses=addresses)

    return routes
