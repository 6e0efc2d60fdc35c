"""Verification: does the folder say what was signed, by whom one believes, in the roles that are needed.

Works without a network and without the original. Everything that speaks against the dossier is collected; the first
finding never hides the next.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self

from cryptography import x509

from stillwatch.custody.envelope import Envelope, Signature
from stillwatch.custody.files import MAX_SMALL_BYTES, read_small
from stillwatch.custody.instant import instant_text, now
from stillwatch.custody.manifest import ENVELOPE, MAX_FILE_BYTES, PAYLOAD_TYPE, STAMP_NAME, Manifest, folder_files
from stillwatch.custody.origin import InputCheck, check_inputs
from stillwatch.custody.parts import changes
from stillwatch.custody.stamp import Stamp, check
from stillwatch.custody.trust import Trust, TrustedKey, unfilled
from stillwatch.custody.verdict import FileCheck, SignatureCheck, Verdict
from stillwatch.errors import InputError, UsageError

UNFITTING: Final = frozenset({"unknown_key", "not_fitting"})  # such a signature does not bind the manifest
CLOCK_SLACK: Final = timedelta(minutes=5)  # two honest clocks differ by less


@dataclass(frozen=True, slots=True)
class Request:
    """What to verify, and by what.

    Args:
        folder: the dossier.
        trust: whose keys are believed.
        authorities: certificates that a time stamp must lead to; without any, stamps are not checked.
        inputs: files and folders to compare with the inputs that the manifest names.
        required_roles: in place of the trust file's.
        needs_stamp: whether every signature must be covered by a time stamp.
        at: the present; None takes the clock.
    """

    folder: Path
    trust: Trust
    authorities: Sequence[x509.Certificate] = ()
    inputs: Sequence[Path] = ()
    required_roles: Sequence[str] = ()
    needs_stamp: bool = False
    at: datetime | None = None


@dataclass
class _Found:
    """What was found so far."""

    manifest: Manifest | None = None
    signatures: list[SignatureCheck] = field(default_factory=list)
    stamps: list[Stamp] = field(default_factory=list)
    files: list[FileCheck] = field(default_factory=list)
    inputs: list[InputCheck] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Times:
    """When a signature was made: between two times, before a stamp where there is one, as seen now.

    The first signer's own word is the manifest's time. Who signed later has given none: any time since then.
    """

    earliest: datetime
    latest: datetime
    stamp: datetime | None
    now: datetime

    @classmethod
    def of(cls, claimed: datetime, stamp: datetime | None, at: datetime, *, is_first: bool) -> Self:
        return cls(claimed, claimed if is_first else stamp or at, stamp, at)


def verify(request: Request) -> Verdict:
    """Return what speaks for and against a dossier.

    Raises:
        InputError: the folder or a given input cannot be read. What is wrong with the dossier itself is no error.
    """
    found = _Found()
    listed = dict(folder_files(request.folder))
    envelope = _envelope(request.folder, found)
    if envelope is not None:
        _check_stamps(request, envelope, found)
        _check_manifest(envelope, found)
        _check_signatures(request, envelope, found)
    if found.manifest is not None:
        is_signed = any(one.status not in UNFITTING for one in found.signatures)
        _check_files(found.manifest, listed, found, is_signed=is_signed)
        _check_inputs(request, found.manifest, found)
    manifest = found.manifest
    return Verdict(
        created_at=manifest.created_at if manifest else None,
        created_by=manifest.created_by if manifest else None,
        origin=manifest.origin if manifest else {},
        signatures=tuple(found.signatures),
        stamps=tuple(found.stamps),
        n_files=len(manifest.files) if manifest else 0,
        files=tuple(found.files),
        inputs=tuple(found.inputs),
        failures=tuple(found.failures),
        warnings=tuple(found.warnings),
    )


def _envelope(folder: Path, found: _Found) -> Envelope | None:
    path = folder / ENVELOPE
    if path.is_symlink() or not path.is_file():
        found.failures.append(f"{ENVELOPE} is missing: nobody has signed this folder")
        return None
    try:
        return Envelope.from_bytes(read_small(path, "envelope", MAX_SMALL_BYTES), ENVELOPE)
    except InputError as broken:
        found.failures.append(f"{ENVELOPE} was changed: {broken.sentence()}")
        return None


def _check_manifest(envelope: Envelope, found: _Found) -> None:
    if envelope.payload_type != PAYLOAD_TYPE:
        found.failures.append(f"{ENVELOPE} was changed: its payload is of another type than {PAYLOAD_TYPE}")
        return
    try:
        found.manifest = Manifest.from_bytes(envelope.payload, f"{ENVELOPE}: payload")
    except InputError as broken:
        found.failures.append(f"{ENVELOPE} was changed: {broken.sentence()}")


def _check_stamps(request: Request, envelope: Envelope, found: _Found) -> None:
    paths = sorted(path for path in request.folder.iterdir() if STAMP_NAME.fullmatch(path.name))
    if paths and not request.authorities:
        found.warnings.append("time stamps are there but were not checked; name whom you trust: --tsa-certificate")
        return
    for path in paths:
        try:
            content = read_small(path, "time stamp")
            found.stamps.append(check(envelope, content, request.authorities, path.name))
        except UsageError as missing:
            found.failures.append(missing.sentence())
        except InputError as broken:
            found.failures.append(f"{path.name} is no proof of a time: {broken.sentence()}")


def _check_signatures(request: Request, envelope: Envelope, found: _Found) -> None:
    at = request.at or now()
    claimed = found.manifest.created_at if found.manifest else None
    if claimed is not None and claimed > at + CLOCK_SLACK:
        found.failures.append(f"the manifest says that it was made in the future, at {instant_text(claimed)}")
    signers: list[TrustedKey] = []
    for position, signature in enumerate(envelope.signatures):
        stamp = min((one.at for one in found.stamps if one.n_signatures > position), default=None)
        times = _Times.of(claimed or at, stamp, at, is_first=position == 0)
        if stamp is not None and times.earliest > stamp + CLOCK_SLACK:
            found.failures.append("the manifest says that it was made after it was stamped")
        one = _check_signature(envelope, signature, request.trust, times)
        found.signatures.append(one)
        known = request.trust.find(signature.key_id)
        if one.status == "good" and known is not None:
            signers.append(known)
        else:
            found.failures.append(one.sentence)
        if request.needs_stamp and not one.is_time_proved:
            found.failures.append(f"the signature of {one.name or one.key_id} has no time stamp that holds")
    if len({one.key_id for one in envelope.signatures}) != len(envelope.signatures):
        found.failures.append(f"{ENVELOPE} was changed: a key has signed twice")
    if not envelope.signatures:
        found.failures.append("the envelope holds no signature")
    for role in unfilled(tuple(request.required_roles) or request.trust.required_roles, signers):
        found.failures.append(f"nobody else has signed as {role}; each required role needs another person")
    if signers and not all(one.is_time_proved for one in found.signatures):
        found.warnings.append("the time of signing is the signer's own word where no time stamp covers it")
    _check_maker(found)


def _check_maker(found: _Found) -> None:
    """Refuse a manifest that says that somebody else made it than who signed it first."""
    if found.manifest is None or not found.signatures:
        return
    first = found.signatures[0]
    if first.status == "good" and found.manifest.created_by[0] != first.key_id:
        found.failures.append("the manifest names another maker than its first signer")


def _check_signature(envelope: Envelope, signature: Signature, trust: Trust, times: _Times) -> SignatureCheck:
    known = trust.find(signature.key_id)
    is_proved = False
    if known is None:
        status, why = "unknown_key", "the trust file knows no such key, or the id was changed"
    elif not known.public.has_signed(envelope.message, signature.raw):
        status, why = "not_fitting", "does not fit: the manifest or this signature was changed"
    else:
        is_proved = times.stamp is not None and (known.valid_to is None or times.stamp < known.valid_to)
        status, why = _standing(known, times, is_proved)
    who = f"{known.name} ({', '.join(known.roles)}), key {known.key_id}" if known else f"key {signature.key_id[:64]}"
    name, roles = (known.name, known.roles) if known else (None, ())
    return SignatureCheck(signature.key_id, name, roles, status, times.stamp, is_proved, f"{who}: {why}")


def _standing(known: TrustedKey, times: _Times, is_proved: bool) -> tuple[str, str]:  # noqa: FBT001 - a fact of both
    """Return whether a fitting signature counts: the key was valid then, and not revoked before it can be shown."""
    if known.revoked_at is not None and (times.stamp is None or times.stamp >= known.revoked_at):
        shown = "no time stamp shows that it signed before" if times.stamp is None else "it is not shown to be older"
        because = f" ({known.revoked_because})" if known.revoked_because else ""
        return "revoked", f"the key was revoked at {instant_text(known.revoked_at)}{because}, and {shown}"
    if times.latest < known.valid_from:
        return "not_yet_valid", f"signed before {instant_text(times.latest)}, when the key was not valid yet"
    if known.valid_to is not None and times.earliest >= known.valid_to:
        return "expired", f"signed at {instant_text(times.earliest)} or later, after the key had run out"
    if times.stamp is not None and is_proved:
        return "good", f"good, before {instant_text(times.stamp)} as a time stamp proves"
    has_ended = known.valid_to is not None and times.now >= known.valid_to
    ended = "; the key has run out since, and no time stamp shows that it signed before" if has_ended else ""
    return "good", f"good, since {instant_text(times.earliest)} by the first signer's clock{ended}"


def _check_files(manifest: Manifest, listed: Mapping[str, Path], found: _Found, *, is_signed: bool) -> None:
    """Compare every file; where no signature binds the manifest, what differs could be either of the two."""
    for record in manifest.files:
        path = listed.get(record.name)
        if path is None:
            found.files.append(FileCheck(record.name, "missing"))
            continue
        if path.is_symlink() or not path.is_file():
            found.files.append(FileCheck(record.name, "replaced"))
            continue
        content = read_small(path, "file of the dossier", MAX_FILE_BYTES)
        if hashlib.sha256(content).hexdigest() != record.sha256:
            inside, has_more = changes(record.name, content, dict(record.parts))
            found.files.append(FileCheck(record.name, "changed", tuple(inside), has_more))
    signed = {record.name for record in manifest.files}
    found.files += [FileCheck(name, "extra") for name in listed if name not in signed]
    if not is_signed:
        found.files = [replace(one, status="differs") for one in found.files]
    found.failures += [_file_sentence(one) for one in found.files]


def _file_sentence(one: FileCheck) -> str:
    if one.status == "missing":
        return f"{one.name} is missing"
    if one.status == "extra":
        return f"{one.name} was not there when it was signed"
    if one.status == "differs":
        return f"{one.name} differs from the manifest, which no signature binds: either of the two was changed"
    if one.status == "replaced":
        return f"{one.name} is no plain file any more"
    if not one.changes:
        return f"{one.name} was rewritten: the same values, written in another way"
    first = one.changes[0]
    rest = len(one.changes) - 1
    more = f" and {'over ' if one.has_more else ''}{rest} more" if rest else ""
    place = first.place or "the whole document"
    return f"{one.name}: {place} was {first.how}{more}" if first.how != "unreadable" else f"{one.name}: {place}"


def _check_inputs(request: Request, manifest: Manifest, found: _Found) -> None:
    if not manifest.origin.get("inputs"):
        found.warnings.append("the manifest names no inputs: it does not say what the dossier was made from")
    if request.inputs:
        found.inputs += check_inputs(manifest.origin, list(request.inputs))
        found.failures += [
            f"{one.what} {one.name} is not what the scan read" for one in found.inputs if one.status == "changed"
        ]
