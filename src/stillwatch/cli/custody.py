"""``stillwatch dossier sign``, ``stamp`` and ``verify``: custody of a dossier's folder."""
# ruff: noqa: FBT002, PLR0917 - a command's parameters are its options, with their defaults

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from stillwatch.cli import exemplars
from stillwatch.cli.rim import rim, say, say_json
from stillwatch.cli.signer import AsJson, PassphraseFile, TrustFile, passphrase_in
from stillwatch.custody.files import read_small, write_new
from stillwatch.custody.instant import now
from stillwatch.custody.origin import origin_of
from stillwatch.custody.signing import load_envelope
from stillwatch.custody.signing import sign as sign_folder
from stillwatch.custody.signing_key import SigningKey
from stillwatch.custody.stamp import ask, certificates_in, check, fitting, keep, request_for
from stillwatch.custody.trust import Trust, checked_roles
from stillwatch.custody.verification import Request
from stillwatch.custody.verification import verify as verify_folder
from stillwatch.errors import UsageError

NOT_VERIFIED_STATUS: Final = 11  # apart from every refusal's status, for jobs that only look at it

Folder = Annotated[Path, typer.Argument(metavar="DOSSIER/", help="The dossier's folder.")]
Authority = Annotated[
    list[Path] | None,
    typer.Option("--tsa-certificate", metavar="PEM", help="A certificate that time stamps must lead to; repeatable."),
]


def add_commands(app: typer.Typer) -> None:
    """Add the commands of custody to those of the dossier."""
    app.command(
        epilog="\b\nExamples:\n"
        "  stillwatch dossier sign dossier/ --key anna.key --trust trust.json \\\n"
        "      --case case/\n"
        "  stillwatch dossier sign dossier/ --key ben.key --trust trust.json"
    )(sign)
    app.command(
        epilog="\b\nExamples:\n"
        "  stillwatch dossier stamp dossier/ --tsa https://tsa.example/tsr \\\n"
        "      --tsa-certificate tsa.pem\n"
        "  stillwatch dossier stamp dossier/ --request-out dossier.tsq\n"
        "  stillwatch dossier stamp dossier/ --response-in dossier.tsr \\\n"
        "      --tsa-certificate tsa.pem"
    )(stamp)
    app.command(
        epilog="\b\nExamples:\n"
        "  stillwatch dossier verify dossier/ --trust trust.json\n"
        "  stillwatch dossier verify dossier/ --trust trust.json \\\n"
        "      --tsa-certificate tsa.pem --inputs case/ --json"
    )(verify)
    app.add_typer(exemplars.app, name="exemplars", epilog=exemplars.EXAMPLES)


def sign(  # noqa: PLR0913 - one parameter an option
    folder: Folder,
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="Your private key.")],
    trust: TrustFile,
    case: Annotated[
        Path | None, typer.Option("--case", metavar="CASE/", help="The case behind it; needed for the first signature.")
    ] = None,
    without_case: Annotated[
        bool, typer.Option("--without-case", help="Sign first although the case is not at hand.")
    ] = False,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Sign a dossier: the first signature freezes every file, each further one is another person's."""
    with rim(as_json=as_json):
        is_first = not (folder / "custody.dsse.json").exists()
        if is_first and case is None and not without_case:
            raise UsageError(
                "--case",
                "is missing: the first signature says what the dossier was made from",
                fix="Name the case's folder, or add --without-case.",
            )
        if not is_first and case is not None:
            raise UsageError("--case", "is for the first signature; this dossier has one already")
        origin = origin_of(case) if case is not None else {}
        signer = SigningKey.load(key, passphrase_in(passphrase_file))
        envelope = sign_folder(folder, signer, Trust.load(trust), origin, now())
        if as_json:
            say_json({"dossier": str(folder), "key_id": signer.key_id, "signatures": len(envelope.signatures)})
        else:
            say(f"signed by {signer.key_id}; {len(envelope.signatures)} signature(s)")


def stamp(
    folder: Folder,
    tsa: Annotated[
        str | None, typer.Option("--tsa", metavar="URL", help="Ask this authority over the network.")
    ] = None,
    request_out: Annotated[
        Path | None, typer.Option("--request-out", metavar="FILE", help="Write the request, for another way.")
    ] = None,
    response_in: Annotated[
        Path | None, typer.Option("--response-in", metavar="FILE", help="Take the authority's response.")
    ] = None,
    authority: Authority = None,
    as_json: AsJson = False,
) -> None:
    """Add an RFC 3161 time stamp over the signatures; only a digest goes out, and only with --tsa over the network."""
    with rim(as_json=as_json):
        if sum(option is not None for option in (tsa, request_out, response_in)) != 1:
            raise UsageError("stamp", "needs one way", expected="--tsa, --request-out or --response-in")
        envelope = load_envelope(folder)
        if request_out is not None:
            write_new(request_out, request_for(envelope), 0o644, "Choose another name.")
            said: dict[str, Any] = {"request": str(request_out)}
        else:
            where = tsa or str(response_in)
            content = ask(envelope, tsa) if tsa is not None else read_small(Path(where), "time stamp response")
            said = {"signatures": fitting(envelope, content, where), "time": None}
            if authority:
                said["time"] = check(envelope, content, certificates_in(authority), where).at.isoformat()
            said["stamp"] = str(keep(folder, content))
        if as_json:
            say_json(said)
        else:
            for name, value in said.items():
                say(f"{name:<10} {'not checked: no --tsa-certificate' if value is None else value}")


def verify(  # noqa: PLR0913 - one parameter an option
    folder: Folder,
    trust: TrustFile,
    authority: Authority = None,
    inputs: Annotated[
        list[Path] | None,
        typer.Option("--inputs", metavar="PATH", help="The case, or traffic, to compare with; may be repeated."),
    ] = None,
    require: Annotated[
        list[str] | None, typer.Option("--require", metavar="ROLE", help="Needed roles, in place of the trust file's.")
    ] = None,
    require_stamp: Annotated[bool, typer.Option("--require-stamp", help="Every signature needs a time stamp.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check a dossier without network and without the original; names exactly what was changed. Exit 11 if anything."""
    with rim(as_json=as_json):
        verdict = verify_folder(
            Request(
                folder,
                Trust.load(trust),
                certificates_in(authority or []),
                inputs or [],
                checked_roles(require, "--require") if require else (),
                needs_stamp=require_stamp,
            )
        )
        if as_json:
            say_json(verdict.as_document())
        else:
            for line in verdict.sentences():
                say(line)
    raise typer.Exit(0 if verdict.is_valid else NOT_VERIFIED_STATUS)
