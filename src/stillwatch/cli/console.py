"""``stillwatch console``: the analysts' web console on a case."""
# ruff: noqa: FBT002 - a command's parameters are its options, with their defaults

import ipaddress
import socket
import webbrowser
from pathlib import Path
from typing import Annotated, Final

import typer

from stillwatch.cli.rim import note, rim, say, say_json
from stillwatch.errors import OutputError, UsageError
from stillwatch.service.console.security import LOOPBACK

EXAMPLES: Final = (
    "\b\nExamples:\n  stillwatch console demo/case/\n"
    "  stillwatch console case/ --state console-state/ --port 9000 --open"
)


def console(
    case: Annotated[Path, typer.Argument(metavar="CASE/", help="A case's folder, as `stillwatch scan` left it.")],
    state: Annotated[
        Path | None, typer.Option("--state", metavar="DIR", help="Where analysts' work rests. Without it: read only.")
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8377,
    open_browser: Annotated[bool, typer.Option("--open", help="Open a browser on it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the address as JSON.")] = False,
) -> None:
    """Serve the console: campaigns, accounts and pairs of a case, with the evidence for and against."""
    with rim(as_json=as_json):
        from stillwatch.service.console.console import ConsoleOptions  # noqa: PLC0415 - slow to import, and no other
        from stillwatch.service.console.serving import opened, serve  # noqa: PLC0415 - command needs it

        if not _is_loopback(host):
            raise UsageError(
                "--host",
                "the console has no login yet and is not served to a network",
                got=host,
                expected="a loopback address",
                fix="Reach it through an SSH tunnel: ssh -L 8377:127.0.0.1:8377 HOST.",
            )
        source = opened(case)
        listening = _listen(host, port)
        address = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}/"
        if as_json:
            say_json({"address": address})
        else:
            say(f"console on {address}")
            note("press Ctrl-C to stop")
        if open_browser:
            webbrowser.open(address)
        serve(source, ConsoleOptions(hosts=(*LOOPBACK, host.lower()), state=state), listening)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise OutputError(
            f"{host}:{port}",
            "cannot be listened on",
            got=error.strerror,
            fix="Choose another --port, or 0 for a free one.",
        ) from None
    return listening
