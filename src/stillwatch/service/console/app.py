"""The console as an ASGI application."""

from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stillwatch import __version__
from stillwatch.service.console import failure
from stillwatch.service.console.assets import Assets
from stillwatch.service.console.console import Console, ConsoleOptions
from stillwatch.service.console.pages import Pages
from stillwatch.service.console.routes import (
    about,
    account,
    audit,
    campaign,
    desk,
    dossier,
    login,
    people,
    proposals,
    queue,
    search,
)
from stillwatch.service.console.security import SafeAnswers
from stillwatch.service.console.source import HeldSource, Source
from stillwatch.service.console.viewing import Viewing, session_values
from stillwatch.service.login.gate import Gate

TITLE: Final = "stillwatch console"
DESCRIPTION: Final = (
    "Views of a case and of what analysts decided about it. Every page has a twin under its own address with .json "
    "behind it; what changes something goes through the pages' own forms."
)


def create_app(source: Source, options: ConsoleOptions | None = None) -> FastAPI:
    """Return the console of a case as an application.

    Guarantee: every answer carries the headers of ``security``; every refusal is a page with a next step, or its parts
    as JSON under a ``.json`` address. The case is opened with the first request that needs it.

    Args:
        source: where the case lies; it may be missing or broken, which is then what the pages say.
        options: how it is served; by default on the loopback names only.
    """
    assets, options = Assets(), options or ConsoleOptions()
    pages = Pages(assets, lambda request: session_values(request, console))
    console = Console(source if options.desk is None else HeldSource(source, options.desk), pages, options)
    app = FastAPI(
        title=TITLE,
        description=DESCRIPTION,
        version=__version__,
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.templates = console.pages.environment
    refuse = failure.install(app, console.pages.show_failure)
    app.add_route("/static/{address}", assets.send, include_in_schema=False)
    app.add_route("/", _home, include_in_schema=False)
    for part in (queue, campaign, account, search, about, login, desk, dossier, proposals, audit, people):
        app.include_router(part.router(console))
    app.add_middleware(Viewing, desk=options.desk)
    app.add_middleware(Gate, desk=options.desk, options=options.gate, answer=refuse)
    app.add_middleware(SafeAnswers, hosts=console.options.hosts)
    return app


def _home(request: Request) -> Response:
    del request
    return RedirectResponse("/campaigns", 303)
