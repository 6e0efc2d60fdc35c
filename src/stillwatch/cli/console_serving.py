"""What ``stillwatch console`` does: the desk and the case opened, the doors checked, the console served."""

import ipaddress
import os
import socket
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from stillwatch.cli.rim import note, say, say_json
from stillwatch.errors import OutputError, SettingsError, UsageError
from stillwatch.pipeline.proposing import Registers
from stillwatch.service.console.console import ConsoleOptions, DossierOptions
from stillwatch.service.console.security import LOOPBACK
from stillwatch.service.console.serving import Tls, opened, prepared, serve
from stillwatch.service.login.gate import GateOptions
from stillwatch.store.desk.database import FILE_NAME, Database
from stillwatch.store.desk.person import people
from stillwatch.store.state.place import DATABASES

SECRET: Final = "STILLWATCH_OIDC_SECRET"  # noqa: S105 - the name of the variable, not what it holds


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was given; ``tls`` is certificate and key, ``provider`` issuer and client id."""

    case: Path
    state: str | None
    is_read_only: bool
    registers: Registers
    signing_key: Path | None
    trust: Path | None
    host: str
    port: int
    public_url: str | None
    tls: tuple[Path | None, Path | None]
    provider: tuple[str | None, str | None]
    opens_browser: bool
    as_json: bool


def serve_case(asked: Asked) -> None:
    """Serve the console of a case until the program is stopped.

    Raises:
        StillwatchError: what is missing or does not fit; nothing is served then.
    """
    tls, origin = _tls(*asked.tls), _origin(asked.public_url)
    is_secure = tls is not None or origin is not None
    desk = None if asked.is_read_only else Database(_desk_file(asked.case, asked.state))
    _refuse_open_door(asked.host, desk, is_secure=is_secure)
    source = opened(asked.case)
    listening = _listen(asked.host, asked.port)
    name = f"[{asked.host}]" if ":" in asked.host else asked.host
    address = f"{'https' if tls else 'http'}://{name}:{listening.getsockname()[1]}/"
    names = [asked.host.lower(), *([urlsplit(origin).hostname or ""] if origin else [])]
    options = ConsoleOptions(
        hosts=(*LOOPBACK, *names),
        desk=desk,
        gate=GateOptions(origin, is_secure=is_secure, allows_local=_is_loopback(asked.host)),
        registers=asked.registers,
        provider=_provider(*asked.provider, origin or address.rstrip("/")),
        dossiers=DossierOptions(desk.path.parent / "dossiers" if desk else None, asked.signing_key, asked.trust),
    )
    app = prepared(source, options)
    _tell(asked, address, desk)
    serve(app, listening, Tls(*tls) if tls else None)


def _tell(asked: Asked, address: str, desk: Database | None) -> None:
    if asked.as_json:
        say_json({"address": address, "desk": str(desk.path) if desk else None})
    else:
        say(f"console on {address}")
        note("read only" if desk is None else f"decisions rest in {desk.path}")
        note("press Ctrl-C to stop")
    if asked.opens_browser:
        webbrowser.open(address)


def _desk_file(case: Path, state: str | None) -> Path:
    """Return where the desk lies; a state folder is made where it is missing.

    Raises:
        UsageError: the state is a database, which has no desk.
        OutputError: the folder cannot be made.
    """
    if state is None:
        return case.resolve().parent / FILE_NAME
    if state.startswith(DATABASES):
        raise UsageError(
            "--state", "a state in a database has no desk of its own", got=state.partition("@")[2] or "a database",
            expected="a folder", fix="Give a folder here, and scan with --decisions FOLDER/desk.sqlite.",
        )  # fmt: skip
    folder = Path(state)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(state, "cannot be made", got=error.strerror) from None
    return folder / FILE_NAME


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
