"""The console on a socket."""

import socket
from pathlib import Path

import uvicorn

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


def serve(source: CaseSource, options: ConsoleOptions, listening: socket.socket) -> None:
    """Serve the console of a case on a bound socket until the program is stopped."""
    config = uvicorn.Config(
        create_app(source, options),
        log_level="warning",
        access_log=False,  # addresses hold ids
        server_header=False,
        date_header=True,
        h11_max_incomplete_event_size=LARGEST_HEAD,
        timeout_keep_alive=30,
        limit_concurrency=200,
    )
    uvicorn.Server(config).run(sockets=[listening])
