"""``stillwatch console``: the analysts' web console on a case."""
# ruff: noqa: FBT002 - a command's parameters are its options, with their defaults

import ipaddress
import os
import socket
import webbrowser
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import typer
from typer.core import TyperGroup

from stillwatch.cli import user
from stillwatch.cli.rim import note, rim, say, say_json
from stillwatch.errors import OutputError, SettingsError, UsageError
from stillwatch.pipeline.proposing import Registers
from stillwatch.store.desk.database import FILE_NAME, Database
from stillwatch.store.desk.person import people

SECRET: Final = "STILLWATCH_OIDC_SECRET"  # noqa: S105 - the name of the variable, not what it holds
DEFAULT: Final = "serve"
EXAMPLES: Final = (
    "\b\nExamples:\n  stillwatch console demo/case/\n"
    "  stillwatch console case/ --state console-state/ --port 9000 --open\n"
    "  stillwatch console user add ada --role analyst --desk case/\n"
    "  stillwatch console case/ --host 0.0.0.0 --public-url https://console.example.org \\\n"
    "      --tls-certificate console.pem --tls-key console.key"
)


class ServeByDefault(TyperGroup):
    """``stillwatch console CASE/`` serves; the other commands have names."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default command's name before arguments that start with none."""
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="console",
    cls=ServeByDefault,
    help="The analysts' web console on a case, and the people who may use it.",
    epilog=EXAMPLES,
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(user.app, name="user", epilog="Example: stillwatch console user add ada --role analyst --desk demo/case")


@app.callback()
def console() -> None:
    """The analysts' web console on a case, and the people who may use it.

    stillwatch console CASE/ is short for stillwatch console serve CASE/.
    """


@app.command(epilog=EXAMPLES)
def serve(  # noqa: PLR0913, PLR0917 - a command's options
    case: Annotated[Path, typer.Argument(metavar="CASE/", help="A case's folder, as `stillwatch scan` left it.")],
    state: Annotated[
        Path | None,
        typer.Option(
            "--state", metavar="DIR", help="Where analysts' work rests; default: desk.sqlite beside the case."
        ),
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Show the case; decide nothing, log nothing.")] = False,
    authorisations: Annotated[
        list[str] | None, typer.Option("--authorisations", help="The registry, read for each proposal.")
    ] = None,
    accounts: Annotated[
        list[str] | None, typer.Option("--accounts", help="The accounts table, for organisations in the registry.")
    ] = None,
    signing_key: Annotated[
        Path | None, typer.Option("--signing-key", metavar="KEY", help="Sign the dossiers made here; needs --trust.")
    ] = None,
    trust: Annotated[
        Path | None, typer.Option("--trust", metavar="FILE", help="Whose signatures are believed.")
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8377,
    public_url: Annotated[
        str | None, typer.Option("--public-url", metavar="URL", help="How browsers reach it, as https://NAME.")
    ] = None,
    tls_certificate: Annotated[Path | None, typer.Option("--tls-certificate", metavar="PEM")] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", metavar="PEM")] = None,
    oidc_issuer: Annotated[
        str | None,
        typer.Option("--oidc-issuer", metavar="URL", help=f"Login provider; its secret is read from {SECRET}."),
    ] = None,
    oidc_client_id: Annotated[str | None, typer.Option("--oidc-client-id", help="The console's name there.")] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open a browser on it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the address as JSON.")] = False,
) -> None:
    """Serve the console: campaigns, accounts and pairs of a case, with the evidence for and against.

    On a loopback address, and while the desk has no people, nobody has to log in. To a network it is served only over
    TLS (its own, or a proxy's named by --public-url) and only with people who log in.
    """
    with rim(as_json=as_json):
        from stillwatch.service.console.console import (  # noqa: PLC0415 - slow to import, and no other command needs it
            ConsoleOptions,
            DossierOptions,
        )
        from stillwatch.service.console.security import LOOPBACK  # noqa: PLC0415 - as above
        from stillwatch.service.console.serving import Tls, opened, prepared  # noqa: PLC0415 - as above
        from stillwatch.service.console.serving import serve as serve_app  # noqa: PLC0415 - as above
        from stillwatch.service.login.gate import GateOptions  # noqa: PLC0415 - as above

        tls = _tls(tls_certificate, tls_key)
        desk = None if read_only else Database(_desk_file(case, state))
        origin = _origin(public_url)
        _refuse_open_door(host, desk, is_secure=tls is not None or origin is not None)
        source = opened(case)
        listening = _listen(host, port)
        scheme = "https" if tls else "http"
        address = f"{scheme}://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}/"
        names = [host.lower(), *([urlsplit(origin).hostname or ""] if origin else [])]
        options = ConsoleOptions(
            hosts=(*LOOPBACK, *names),
            desk=desk,
            gate=GateOptions(origin, is_secure=tls is not None or origin is not None, allows_local=_is_loopback(host)),
            registers=Registers(authorisations or (), accounts or ()),
            provider=_provider(oidc_issuer, oidc_client_id, origin or address.rstrip("/")),
            dossiers=DossierOptions(desk.path.parent / "dossiers" if desk else None, signing_key, trust),
        )
        app = prepared(source, options)
        if as_json:
            say_json({"address": address, "desk": str(desk.path) if desk else None})
        else:
            say(f"console on {address}")
            note("read only" if desk is None else f"decisions rest in {desk.path}")
            note("press Ctrl-C to stop")
        if open_browser:
            webbrowser.open(address)
        serve_app(app, listening, Tls(*tls) if tls else None)


def _desk_file(case: Path, state: Path | None) -> Path:
    """Return where the desk lies; a state folder is made where it is missing."""
    if state is None:
        return case.resolve().parent / FILE_NAME
    try:
        state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(str(state), "cannot be made", got=error.strerror) from None
    return state / FILE_NAME


def _refuse_open_door(host: str, desk: Database | None, *, is_secure: bool) -> None:
    """Refuse to serve a case to a network without login or in the clear.

    Raises:
        UsageError: what is missing.
    """
    if _is_loopback(host):
        return
    fix = "Or reach a loopback console through an SSH tunnel: ssh -L 8377:127.0.0.1:8377 HOST."
    if desk is None or not any(not one.is_disabled for one in people(desk)):
        raise UsageError(
            "--host", "the console is not served to a network without login", got=host, expected="a desk with people",
            fix=f"Add them: stillwatch console user add NAME --role ROLE. {fix}",
        )  # fmt: skip
    if not is_secure:
        raise UsageError(
            "--host", "passwords and cases are not sent over a network in the clear", got=host,
            expected="--tls-certificate and --tls-key, or --public-url https://NAME of a proxy that has them", fix=fix,
        )  # fmt: skip


def _tls(certificate: Path | None, key: Path | None) -> tuple[Path, Path] | None:
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise UsageError("TLS", "half of it is missing", expected="--tls-certificate and --tls-key")
    for path in (certificate, key):
        if not path.is_file():
            raise SettingsError(str(path), "no such file")
    return certificate, key


def _origin(public_url: str | None) -> str | None:
    if public_url is None:
        return None
    parts = urlsplit(public_url)
    if parts.scheme != "https" or not parts.hostname or parts.path.strip("/") or parts.query or parts.username:
        raise UsageError("--public-url", "is no address of a console", got=public_url, expected="https://NAME")
    return f"https://{parts.netloc.lower()}"


def _provider(issuer: str | None, client_id: str | None, origin: str) -> Any:
    if issuer is None and client_id is None:
        return None
    if issuer is None or client_id is None:
        raise UsageError("login provider", "half of it is missing", expected="--oidc-issuer and --oidc-client-id")
    try:
        from stillwatch.service.login.provider import Provider, ProviderOptions  # noqa: PLC0415 - an extra
    except ImportError:
        raise UsageError(
            "--oidc-issuer", "needs packages that are not installed", fix="Install the extra: stillwatch[oidc]."
        ) from None
    return Provider(ProviderOptions(issuer, client_id, origin, os.environ.get(SECRET) or None))


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
        listening.listen()  # from here on a request waits, and is not refused, until the server is up
    except OSError as error:
        listening.close()
        raise OutputError(
            f"{host}:{port}",
            "cannot be listened on",
            got=error.strerror,
            fix="Choose another --port, or 0 for a free one.",
        ) from None
    return listening
