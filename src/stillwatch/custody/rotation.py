"""Rotation: the old key signs the new one, so that who trusts the old can follow without a second meeting."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from stillwatch.custody.envelope import Envelope
from stillwatch.custody.instant import instant, instant_text
from stillwatch.custody.signing_key import SigningKey
from stillwatch.custody.strict_json import load_plain, written
from stillwatch.custody.trust import Trust, TrustedKey
from stillwatch.errors import InputError, SettingsError

PAYLOAD_TYPE: Final = "application/vnd.stillwatch.rotation+json"
SCHEMA: Final = "stillwatch.rotation/1"
MOST_VALID: Final = timedelta(days=1100)  # three years: no key vouches for another for ever


def rotate(old: SigningKey, new: SigningKey, trust: Trust, at: datetime, end: datetime) -> tuple[Envelope, Trust]:
    """Return the statement, signed by both keys, that one replaces the other, and the trust that follows from it.

    The new key gets the name and the roles of the old one, which ends at ``at``, and is valid until ``end``. The new
    key signs too, to show that its holder has it.

    Raises:
        SettingsError: the old key is not in the trust file, or was revoked or has run out: it can vouch for nothing.
    """
    entry = trust.get(old.key_id)
    if entry.revoked_at is not None or not entry.is_valid_at(at):
        raise SettingsError(
            trust.where,
            "a key that was revoked or has run out vouches for nothing",
            got=f"key {old.key_id}",
            fix="Make a new key and add it by hand: stillwatch signer new, stillwatch signer add.",
        )
    successor = TrustedKey(new.public, entry.name, entry.roles, at, end, replaces=entry.key_id)
    statement = {"schema": SCHEMA, "old_key_id": entry.key_id, "at": instant_text(at), "new": successor.as_document()}
    envelope = Envelope(PAYLOAD_TYPE, written(statement)).signed_by(old).signed_by(new)
    return envelope, accept(envelope, trust)


def accept(envelope: Envelope, trust: Trust) -> Trust:
    """Return the trust after a rotation statement: the old key ends, the new one follows in its name and roles.

    Raises:
        InputError: the statement is not what it should be, or not signed by both keys.
        SettingsError: the old key is unknown, or could vouch for nothing at that time.
    """
    where = "rotation statement"
    plain: Any = load_plain(envelope.payload, where)
    keys = {"schema", "old_key_id", "at", "new"}
    if envelope.payload_type != PAYLOAD_TYPE or not isinstance(plain, dict) or plain.keys() != keys:
        raise InputError(where, "is not a rotation statement", expected=PAYLOAD_TYPE)
    if plain["schema"] != SCHEMA or not isinstance(plain["old_key_id"], str):
        raise InputError(where, "is not a rotation statement", expected=SCHEMA)
    at = instant(plain["at"], f"{where}: at")
    new = TrustedKey.from_document(plain["new"], f"{where}: new")
    old = trust.get(plain["old_key_id"])
    signed = {one.key_id for one in envelope.signatures if _is_good(envelope, one.key_id, one.raw, old, new)}
    if signed != {old.key_id, new.key_id}:
        raise InputError(where, "is not signed by the old key and the new one", got=f"{len(signed)} of 2 signatures")
    if (new.name, new.roles, new.replaces) != (old.name, old.roles, old.key_id):
        raise InputError(where, "gives the new key another name or other roles", expected=f"those of {old.name}")
    if new.valid_from != at or new.revoked_at is not None:
        raise InputError(where, "gives the new key another time than the rotation's")
    if new.valid_to is None or new.valid_to > at + MOST_VALID:
        raise InputError(where, "gives the new key no end, or one too far", expected=f"at most {MOST_VALID.days} days")
    if trust.find(new.key_id) is not None:
        raise InputError(where, "was accepted before", got=f"key {new.key_id}")
    if old.revoked_at is not None or not old.is_valid_at(at):
        raise SettingsError(trust.where, "the old key could not vouch for another then", got=f"key {old.key_id}")
    return trust.with_key(replace(old, valid_to=at)).with_key(new)


def _is_good(envelope: Envelope, key_id: str, raw: bytes, old: TrustedKey, new: TrustedKey) -> bool:
    return any(key.key_id == key_id and key.public.has_signed(envelope.message, raw) for key in (old, new))
