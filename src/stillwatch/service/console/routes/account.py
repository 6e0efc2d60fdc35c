"""``/accounts/ID`` and ``/pairs/A/B``."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from stillwatch.service.console.address import unslug
from stillwatch.service.console.console import Console
from stillwatch.service.console.routes.answers import REFUSALS
from stillwatch.service.console.views.account import AccountView, account_view
from stillwatch.service.console.views.pair import PairView, as_link, pair_view


def router(console: Console) -> APIRouter:
    """Return the routes of accounts and of pairs."""
    routes = APIRouter(tags=["accounts"], responses=REFUSALS)

    @routes.get("/accounts/{slug}.json")
    def account(slug: str) -> AccountView:
        """An account: why it is in, why it might not be, and what the case knows of it."""
        return account_view(console.source.current(), unslug(slug))

    @routes.get("/accounts/{slug}", include_in_schema=False)
    def account_page(request: Request, slug: str) -> Response:
        return console.pages.show(request, "account.html.j2", view=account_view(console.source.current(), unslug(slug)))

    @routes.get("/pairs/{a}/{b}.json")
    def pair(a: str, b: str) -> PairView:
        """Two accounts: what links them, in bits, and what speaks against it."""
        return pair_view(console.source.current(), unslug(a), unslug(b))

    @routes.get("/pairs/{a}/{b}", include_in_schema=False)
    def pair_page(request: Request, a: str, b: str) -> Response:
        view = pair_view(console.source.current(), unslug(a), unslug(b))
        return console.pages.show(request, "pair.html.j2", view=view, link=as_link(view))

    return routes
