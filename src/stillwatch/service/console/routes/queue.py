"""``/campaigns``: the queue."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from stillwatch.service.console.console import Console
from stillwatch.service.console.routes.answers import REFUSALS
from stillwatch.service.console.views.queue import SAVED, SORT_TITLES, QueueQuery, QueueView, queue_address, queue_view


def router(console: Console) -> APIRouter:
    """Return the queue's routes."""
    routes = APIRouter(tags=["queue"], responses=REFUSALS)

    @routes.get("/campaigns", include_in_schema=False)
    def page(request: Request, query: Annotated[QueueQuery, Query()]) -> Response:
        view = queue_view(console.source.current().case, query)
        here = queue_address(query, query.page)
        return console.pages.show(
            request, "queue.html.j2", view=view, query=query, here=here, saved=SAVED, sorts=SORT_TITLES
        )

    @routes.get("/campaigns.json")
    def queue(query: Annotated[QueueQuery, Query()]) -> QueueView:
        """The groups of the case, ranked, filtered and sorted."""
        return queue_view(console.source.current().case, query)

    return routes
