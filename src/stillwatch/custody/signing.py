"""Signing a folder: the first signer makes the manifest, each further one adds a signature to it."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from stillwatch.custody.envelope import Envelope
from stillwatch.custody.files import read_small, write_new, write_whole
from stillwatch.custody.manifest import ENVELOPE, PAYLOAD_TYPE, make_manifest
from stillwatch.custody.signing_key import SigningKey
from stillwatch.custody.trust import Trust, TrustedKey
from stillwatch.custody.verification import Request, verify
from stillwatch.errors import InputError, SettingsError


def load_envelope(folder: Path) -> Envelope:
    """Return the envelope of a signed folder.

    Raises:
        InputError: there is none, or it was changed.
    """
    return Envelope.from_bytes(read_small(folder / ENVELOPE, "envelope of the signatures"), ENVELOPE)


def sign(folder: Path, key: SigningKey, trust: Trust, origin: Mapping[str, Any], at: datetime) -> Envelope:
    """Sign a folder, and return its envelope as it stands then.

    Guarantee: nobody signs what they were not shown: a further signature is added only where the folder is exactly
    what was signed first, by somebody the trust file believes.

    Args:
        folder: the dossier.
        key: the signer's.
        trust: who is believed; the signer must be in it.
        origin: the case behind the dossier; only the first signer says it.
        at: the present.

    Raises:
        SettingsError: the key may not sign now.
        InputError: the folder is not what was signed, or this person has signed it already.
    """
    signer = _allowed(key, trust, at)
    path = folder / ENVELOPE
    if not path.exists():
        envelope = Envelope(PAYLOAD_TYPE, make_manifest(folder, signer, origin, at).to_bytes()).signed_by(key)
        write_new(path, envelope.to_bytes(), 0o644, "Somebody else signed meanwhile: run the command again.")
        return envelope
    envelope = load_envelope(folder)
    if any((known := trust.find(one.key_id)) and known.person == signer.person for one in envelope.signatures):
        raise InputError(str(folder), "this person has signed it already", got=signer.name)
    verdict = verify(Request(folder, trust, required_roles=(), at=at))
    wrong = [one.sentence for one in verdict.signatures if one.status != "good"]
    wrong += [f"{one.name} is {one.status}" for one in verdict.files]
    if wrong:
        raise InputError(
            str(folder),
            "is not what was signed first",
            got=wrong[0],
            fix="Run: stillwatch dossier verify. To sign anew, make the dossier anew.",
        )
    signed = envelope.signed_by(key)
    write_whole(path, signed.to_bytes())
    return signed


def _allowed(key: SigningKey, trust: Trust, at: datetime) -> TrustedKey:
    signer = trust.get(key.key_id)
    why = next((why for role in signer.roles if (why := signer.may_act(role, at))), None)
    if why is not None:
        raise SettingsError(trust.where, "the key may not sign now", got=why)
    return signer
