"""``stillwatch console``: the analysts' web console on a case."""
# ruff: noqa: FBT002 - a command's parameters are its options, with their defaults

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from stillwatch.cli import user
from stillwatch.cli.grouped import ListedGroup, grouped
from stillwatch.cli.rim import rim
from stillwatch.pipeline.proposing import Registers

SECRET: Final = "STILLWATCH_OIDC_SECRET"  # noqa: S105 - the name of the variable, not what it holds
DEFAULT: Final = "serve"
EXAMPLES: Final = (
    "\b\nExamples:\n  stillwatch console demo/case/\n"
    "  stillwatch console case/ --state console-state/ --port 9000 --open\n"
    "  stillwatch console user add ada --role analyst --desk case/\n"
    "  stillwatch console case/ --host 0.0.0.0 \\\n"
    "      --public-url https://console.example.org \\\n"
    "      --tls-certificate console.pem --tls-key console.key"
)


HEADINGS: Final = {
    "Analysts' work": ("--state", "--read-only", "--authorisations", "--accounts"),
    "Signed dossiers": ("--signing-key", "--trust"),
    "Where it is served": ("--host", "--port", "--public-url", "--tls-certificate", "--tls-key"),
    "Login by a provider": ("--oidc-issuer", "--oidc-client-id"),
}


class ServeByDefault(ListedGroup):
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


Case = Annotated[Path, typer.Argument(metavar="CASE/", help="A case's folder, as `stillwatch scan` left it.")]
State = Annotated[
    str | None,
    typer.Option(
        "--state", metavar="DIR", help="Folder where analysts' work rests; default: desk.sqlite beside the case."
    ),
]
ReadOnly = Annotated[bool, typer.Option("--read-only", help="Show the case; decide nothing, log nothing.")]
Registry = Annotated[
    list[str] | None, typer.Option("--authorisations", metavar="TABLE", help="The registry, read for each proposal.")
]
Accounts = Annotated[
    list[str] | None,
    typer.Option("--accounts", metavar="TABLE", help="The accounts table, for organisations in the registry."),
]
SigningKey = Annotated[
    Path | None, typer.Option("--signing-key", metavar="KEY", help="Sign the dossiers made here; needs --trust.")
]
TrustFile = Annotated[Path | None, typer.Option("--trust", metavar="FILE", help="Whose signatures are believed.")]
Host = Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")]
Port = Annotated[
    int, typer.Option("--port", metavar="PORT", min=0, max=65535, help="Port to listen on; 0 takes a free one.")
]
PublicUrl = Annotated[
    str | None, typer.Option("--public-url", metavar="URL", help="How browsers reach it, as https://NAME.")
]
Certificate = Annotated[
    Path | None, typer.Option("--tls-certificate", metavar="PEM", help="Serve over TLS with this certificate.")
]
Key = Annotated[Path | None, typer.Option("--tls-key", metavar="PEM", help="Its private key.")]
Issuer = Annotated[
    str | None, typer.Option("--oidc-issuer", metavar="URL", help=f"Login provider; its secret is read from {SECRET}.")
]
ClientId = Annotated[str | None, typer.Option("--oidc-client-id", metavar="ID", help="The console's name there.")]
Open = Annotated[bool, typer.Option("--open", help="Open a browser on it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the address as JSON.")]


@app.command(cls=grouped(HEADINGS), epilog=EXAMPLES)
def serve(  # noqa: PLR0913, PLR0917 - a command's options
    case: Case,
    state: State = None,
    read_only: ReadOnly = False,
    authorisations: Registry = None,
    accounts: Accounts = None,
    signing_key: SigningKey = None,
    trust: TrustFile = None,
    host: Host = "127.0.0.1",
    port: Port = 8377,
    public_url: PublicUrl = None,
    tls_certificate: Certificate = None,
    tls_key: Key = None,
    oidc_issuer: Issuer = None,
    oidc_client_id: ClientId = None,
    open_browser: Open = False,
    as_json: AsJson = False,
) -> None:
    """Serve the console: campaigns, accounts and pairs of a case, with the evidence for and against.

    On a loopback address, and while the desk has no people, nobody has to log in. To a network it is served only over
    TLS (its own, or a proxy's named by --public-url) and only with people who log in.
    """
    from stillwatch.cli.console_serving import Asked, serve_case  # noqa: PLC0415 - slow to import, for this alone

    with rim(as_json=as_json):
        serve_case(
            Asked(
                case=case,
                state=state,
                is_read_only=read_only,
                registers=Registers(authorisations or (), accounts or ()),
                signing_key=signing_key,
                trust=trust,
                host=host,
                port=port,
                public_url=public_url,
                tls=(tls_certificate, tls_key),
                provider=(oidc_issuer, oidc_client_id),
                opens_browser=open_browser,
                as_json=as_json,
            )
        )
