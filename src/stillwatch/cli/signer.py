"""``stillwatch signer``: signing keys, and the trust file that says whose are believed."""
# ruff: noqa: FBT002, PLR0917 - a command's parameters are its options, with their defaults

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from stillwatch.cli.grouped import ListedGroup
from stillwatch.cli.rim import rim, say, say_json
from stillwatch.custody.envelope import Envelope
from stillwatch.custody.files import read_private, read_small, write_new, write_whole
from stillwatch.custody.instant import instant, instant_text, now
from stillwatch.custody.rotation import MOST_VALID, accept
from stillwatch.custody.rotation import rotate as rotate_keys
from stillwatch.custody.signing_key import SigningKey
from stillwatch.custody.strict_json import load_plain, written
from stillwatch.custody.trust import ROLES, Trust, TrustedKey, checked_roles
from stillwatch.errors import UsageError

PASSPHRASE: Final = "STILLWATCH_PASSPHRASE"  # noqa: S105 - the name of the variable, not what it holds
VALID_DAYS: Final = 730  # two years: long enough for a case, short enough that rotation is practised

app = typer.Typer(
    name="signer",
    cls=ListedGroup,
    help="Make, hand out, rotate and revoke signing keys. Recipients need only the public half.",
    epilog="Example: stillwatch signer new anna.key --name 'Anna Analyst' --role analyst --trust trust.json",
    no_args_is_help=True,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
KeyFile = Annotated[Path, typer.Argument(metavar="KEY", help="A private key file.")]
TrustFile = Annotated[Path, typer.Option("--trust", metavar="FILE", help="The trust file.")]
ValidDays = Annotated[
    int, typer.Option("--valid-days", min=1, max=MOST_VALID.days, help="For how long the new key may sign.")
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", metavar="FILE", help=f"Holds the passphrase, mode 0600; or set {PASSPHRASE}."),
]


def passphrase_in(file: Path | None) -> bytes | None:
    """Return the passphrase of a file or of the environment, without its line end; None where neither is given."""
    if file is not None:
        found = read_private(file).rstrip(b"\r\n")
        if not found:
            raise UsageError("--passphrase-file", "is empty", got=str(file))
        return found
    return os.environ.get(PASSPHRASE, "").encode() or None


@app.command(epilog="Example: stillwatch signer new anna.key --name 'Anna Analyst' --role analyst --trust trust.json")
def new(  # noqa: PLR0913 - one parameter an option
    file: Annotated[Path, typer.Argument(metavar="KEY", help="Where to write the private key; must not exist.")],
    name: Annotated[str, typer.Option("--name", help="The person; two keys of one name are one person.")],
    role: Annotated[list[str], typer.Option("--role", help=f"One of {', '.join(ROLES)}; may be repeated.")],
    trust: Annotated[Path | None, typer.Option("--trust", metavar="FILE", help="Also add it to a trust file.")] = None,
    valid_days: ValidDays = VALID_DAYS,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Write a new private key that only you can read, and its public entry beside it (KEY.pub.json)."""
    with rim(as_json=as_json):
        roles = checked_roles(role, "--role")
        known = _trust_or_new(trust) if trust is not None else None
        key = SigningKey.generate()
        begin = now()
        entry = TrustedKey(key.public, name, roles, begin, begin + timedelta(days=valid_days))
        TrustedKey.from_document(entry.as_document(), "new key")  # refuses an empty or endless name
        public = file.with_name(file.name + ".pub.json")
        key.save(file, passphrase_in(passphrase_file))
        write_whole(public, written(entry.as_document()))
        if trust is not None and known is not None:
            known.with_key(entry).save(trust)
        if as_json:
            say_json({**entry.as_document(), "file": str(file), "public": str(public)})
        else:
            say(f"key      {entry.key_id}\nprivate  {file}\npublic   {public}")


@app.command(epilog="Example: stillwatch signer show trust.json")
def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A key, a public entry, or a trust file.")],
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Print the id of a key, or whom a trust file believes."""
    with rim(as_json=as_json):
        content = read_small(file, "key or trust file")
        if content.startswith(b"-----BEGIN"):
            key_id = SigningKey.load(file, passphrase_in(passphrase_file)).key_id
            say_json({"key_id": key_id}) if as_json else say(key_id)
            return
        plain = load_plain(content, str(file))
        if isinstance(plain, dict) and "keys" in plain:
            trust = Trust.load(file)
            keys, required = trust.keys, trust.required_roles
        else:
            keys, required = (TrustedKey.from_document(plain, str(file)),), ()
        if as_json:
            say_json({"required_roles": list(required), "keys": [key.as_document() for key in keys]})
            return
        if required:
            say(f"a dossier needs {', '.join(required)}, each another person")
        for key in keys:
            say(_line(key))


@app.command(epilog="Example: stillwatch signer add anna.key.pub.json --trust trust.json")
def add(
    entry: Annotated[Path, typer.Argument(metavar="ENTRY", help="A public entry, or a rotation statement.")],
    trust: TrustFile,
    as_json: AsJson = False,
) -> None:
    """Believe a key from now on. Compare its id with its holder first, by another way than the file came."""
    with rim(as_json=as_json):
        known = _trust_or_new(trust)
        content = read_small(entry, "public entry")
        plain = load_plain(content, str(entry))
        if isinstance(plain, dict) and "payload" in plain:
            after = accept(Envelope.from_bytes(content, str(entry)), known)
        else:
            found = TrustedKey.from_document(plain, str(entry))
            if known.find(found.key_id) is not None:
                raise UsageError(str(entry), "is in the trust file already", got=found.key_id)
            after = known.with_key(found)
        after.save(trust)
        _say_key(after.keys[-1], as_json=as_json)


@app.command(epilog="Example: stillwatch signer rotate anna.key anna-2.key --trust trust.json")
def rotate(
    old: KeyFile,
    new_file: Annotated[Path, typer.Argument(metavar="NEW", help="Where to write the new private key.")],
    trust: TrustFile,
    valid_days: ValidDays = VALID_DAYS,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Replace a key by a new one that the old one vouches for, and write the statement for others (NEW.rotation.json).

    The old key ends now. Recipients follow with: stillwatch signer add.
    """
    with rim(as_json=as_json):
        phrase = passphrase_in(passphrase_file)
        key = SigningKey.generate()
        begin = now()
        end = begin + timedelta(days=valid_days)
        envelope, after = rotate_keys(SigningKey.load(old, phrase), key, Trust.load(trust), begin, end)
        statement = new_file.with_name(new_file.name + ".rotation.json")
        key.save(new_file, phrase)
        write_new(statement, envelope.to_bytes(), 0o644, "Choose another NEW.")
        after.save(trust)
        if as_json:
            say_json({**after.keys[-1].as_document(), "file": str(new_file), "statement": str(statement)})
        else:
            say(f"key        {key.key_id}\nprivate    {new_file}\nstatement  {statement}")


@app.command(
    epilog="Example: stillwatch signer revoke 5a1f03 --trust trust.json --because 'stolen' --at 2026-11-20T00:00:00Z"
)
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="The key's id, or its first digits.")],
    trust: TrustFile,
    because: Annotated[str, typer.Option("--because", help="Why; recipients read it.")],
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="Since when: the first moment of doubt. Default: now.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Stop believing a key: what it signed counts only where a time stamp shows that it was there before."""
    with rim(as_json=as_json):
        known = Trust.load(trust)
        entry = _one_of(known, key_id)
        since = now() if at is None else instant(at, "--at")
        changed = {**entry.as_document(), "revoked_at": instant_text(since), "revoked_because": because}
        after = known.with_key(TrustedKey.from_document(changed, "revoked key"))
        after.save(trust)
        _say_key(after.keys[-1], as_json=as_json)


@app.command(epilog="Example: stillwatch signer require analyst approver --trust trust.json")
def require(
    roles: Annotated[list[str], typer.Argument(metavar="ROLE...", help=f"Of {', '.join(ROLES)}.")],
    trust: TrustFile,
    as_json: AsJson = False,
) -> None:
    """Say in which roles a dossier must be signed; each needs another person."""
    with rim(as_json=as_json):
        known = Trust.load(trust)
        after = Trust(known.keys, checked_roles(roles, "ROLE"), known.where)
        after.save(trust)
        if as_json:
            say_json({"required_roles": list(after.required_roles)})
        else:
            say(f"a dossier needs {', '.join(after.required_roles)}, each another person")


def _trust_or_new(path: Path) -> Trust:
    return Trust.load(path) if path.exists() else Trust(where=str(path))


def _one_of(trust: Trust, prefix: str) -> TrustedKey:
    found = [key for key in trust.keys if prefix and key.key_id.startswith(prefix)]
    if len(found) > 1:
        raise UsageError("KEY_ID", "fits several keys", got=prefix, expected="more digits")
    return found[0] if found else trust.get(prefix)


def _say_key(key: TrustedKey, *, as_json: bool) -> None:
    document: dict[str, Any] = key.as_document()
    if as_json:
        say_json(document)
    else:
        say(_line(key))


def _line(key: TrustedKey) -> str:
    """Return a key in one line; its state first said in a word."""
    at = now()
    state = "valid" if key.is_valid_at(at) else "future" if at < key.valid_from else "ended"
    if key.revoked_at is not None:
        state = f"revoked since {instant_text(key.revoked_at)} ({key.revoked_because})"
    until = "" if key.valid_to is None else f" to {instant_text(key.valid_to)}"
    return f"{key.key_id}  {key.name}  {', '.join(key.roles)}  {state}  from {instant_text(key.valid_from)}{until}"
