"""``/campaigns``: the queue."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from stillwatch.service.console.console import Console
from stillwatch.service.console.routes.answers import REFUSALS
from stillwatch.service.console.views.queue import (
    SAVED,
    SORT_TITLES,
    QueueQuery,
    QueueView,
    Work,
    queue_address,
    queue_view,
)
from stillwatch.store.desk.matching import held_of
from stillwatch.store.desk.person import LOCAL


def router(console: Console) -> APIRouter:
    """Return the queue's routes."""
    routes = APIRouter(tags=["queue"], responses=REFUSALS)

    @routes.get("/campaigns", include_in_schema=False)
    def page(request: Request, query: Annotated[QueueQuery, Query()]) -> Response:
        values: dict[str, Any] = {
            "query": query,
            "here": queue_address(query, query.page),
            "saved": SAVED,
            "sorts": SORT_TITLES,
        }
        return console.pages.show(request, "queue.html.j2", view=_view(console, request, query), **values)

    @routes.get("/campaigns.json")
    def queue(request: Request, query: Annotated[QueueQuery, Query()]) -> QueueView:
        """The groups of the case as analysts hold them, ranked, filtered and sorted."""
        return _view(console, request, query)

    return routes


def _view(console: Console, request: Request, query: QueueQuery) -> QueueView:
    store, desk = console.source.current(), console.options.desk
    if desk is None:
        return queue_view(store.case, query)
    shapes = [shape for one in store.case.campaigns if (shape := store.shape(one.id))]
    work = Work(
        held_of(desk, store.case).statuses,
        {shape.id: len(shape.bases) for shape in shapes if not shape.is_part},
        frozenset(shape.id for shape in shapes if shape.is_part),
        _name_of(request),
    )
    return queue_view(store.case, query, work)


def _name_of(request: Request) -> str:
    """Return who asks; empty for whoever works on a desk without people, where nothing is assigned."""
    person = request.state.session.person if request.state.session else None
    return person.name if person is not None and person.name != LOCAL else ""
