"""The console on a socket."""

import socket
from dataclasses import dataclass
from pathlib import Path

import jinja2
import uvicorn
from fastapi import FastAPI

from stillwatch.service.console.app import create_app
from stillwatch.service.console.console import ConsoleOptions
from stillwatch.service.console.source import CaseSource

LARGEST_HEAD: int = 64 * 1024  # of a request, in bytes: addresses carry ids of any kind


def opened(case: Path) -> CaseSource:
    """Return a case that can be read.

    Raises:
        CaseUnavailableError: it cannot, before anything is served.
    """
    source = CaseSource(case)
    source.current()
    return source


@dataclass(frozen=True, slots=True)
class Tls:
    """The certificate chain and the private key of a console that speaks TLS itself."""

    certificate: Path
    key: Path


def prepared(source: CaseSource, options: ConsoleOptions) -> FastAPI:
    """Return the console of a case, ready to answer at once: what the first request would wait for is done here."""
    app = create_app(source, options)
    environment: jinja2.Environment = app.state.templates
    for name in environment.list_templates(["j2"]):
        environment.get_template(name)
    return app


def serve(app: FastAPI, listening: socket.socket, tls: Tls | None = None) -> None:
    """Serve a console on a bound socket until the program is stopped."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # addresses hold ids
        server_header=False,
        date_header=True,
        h11_max_incomplete_event_size=LARGEST_HEAD,
        timeout_keep_alive=30,
        proxy_headers=False,  # anybody could claim another address, and with it another window of attempts
        ssl_certfile=tls.certificate if tls else None,
        ssl_keyfile=tls.key if tls else None,
        limit_concurrency=200,
    )
    uvicorn.Server(config).run(sockets=[listening])
