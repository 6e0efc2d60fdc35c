"""Two-person release: a request, an approval by another person, and a release by a third key's holder, each signed.

The sealed file holds the request (signed, with a summary and a reason, in clear), the encrypted text, the halves of its
key, and a log of what was done, each entry signed and bound to the one before it. ``stillwatch.sealed/1``.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Self

from stillwatch.custody.envelope import Envelope
from stillwatch.custody.instant import instant, instant_text
from stillwatch.custody.sealing import Pair, hand_over, seal, unseal
from stillwatch.custody.signing_key import SigningKey, decoded, encoded
from stillwatch.custody.strict_json import load_plain, written
from stillwatch.custody.trust import Trust, TrustedKey
from stillwatch.errors import InputError, SettingsError

SCHEMA: Final = "stillwatch.sealed/1"
STEP_TYPE: Final = "application/vnd.stillwatch.step+json"
ROLE_OF: Final = {"request": "analyst", "approve": "approver", "release": "releaser"}
MOST_REASON_CHARACTERS: Final = 500


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the log, its signature checked."""

    step: str
    by: TrustedKey
    at: datetime
    why: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed file. The log's entries are envelopes; the first is the request."""

    ciphertext: bytes
    pairs: tuple[Pair, ...]
    log: tuple[Envelope, ...]

    def to_bytes(self) -> bytes:
        """Return the one way in which the file is written."""
        return written(
            {
                "schema": SCHEMA,
                "ciphertext": encoded(self.ciphertext),
                "pairs": [
                    {
                        "approver": one.approver,
                        "releaser": one.releaser,
                        "approver_half": encoded(one.approver_half),
                        "releaser_half": encoded(one.releaser_half),
                    }
                    for one in self.pairs
                ],
                "log": [encoded(entry.to_bytes()) for entry in self.log],
            }
        )

    @classmethod
    def from_bytes(cls, content: bytes, where: str) -> Self:
        """Return the sealed file that bytes hold.

        Raises:
            InputError: it is none, or was written anew.
        """
        plain = load_plain(content, where)
        if not isinstance(plain, dict) or plain.get("schema") != SCHEMA:
            raise InputError(where, "is not a sealed file", expected=SCHEMA)
        try:
            pairs = tuple(
                Pair(
                    str(one["approver"]),
                    str(one["releaser"]),
                    decoded(one["approver_half"], f"{where}: pairs"),
                    decoded(one["releaser_half"], f"{where}: pairs"),
                )
                for one in plain["pairs"]
            )
            log = tuple(
                Envelope.from_bytes(decoded(entry, f"{where}: log/{at}"), f"{where}: log/{at}")
                for at, entry in enumerate(plain["log"])
            )
            found = cls(decoded(plain["ciphertext"], f"{where}: ciphertext"), pairs, log)
        except (KeyError, TypeError):
            raise InputError(where, "is not a sealed file", expected=SCHEMA) from None
        if found.to_bytes() != content or not log:
            raise InputError(where, "was written anew", expected="the bytes that stillwatch wrote")
        return found

    @property
    def header(self) -> bytes:
        """Return the request as signed: what the encrypted text is bound to."""
        return self.log[0].payload


def request(
    content: bytes, summary: Mapping[str, Any], why: str, key: SigningKey, trust: Trust, at: datetime
) -> Sealed:
    """Seal a text and ask for its release.

    Args:
        content: the text.
        summary: what may be said of it in clear.
        why: the reason, for who approves.
        key: the requester's.
        trust: who may approve and release.
        at: the present.

    Raises:
        SettingsError: the requester may not ask, or no two people could release it.
    """
    requester = _acting(trust, key, "request", at)
    digest = hashlib.sha256(content).hexdigest()
    entry = _entry("request", key, at, why, {"summary": dict(summary), "content_sha256": digest}, None)
    may = {role: [one for one in trust.keys if one.may_act(role, at) is None] for role in ("approver", "releaser")}
    ciphertext, pairs = seal(content, entry.payload, requester, may["approver"], may["releaser"])
    return Sealed(ciphertext, pairs, (entry,))


def approve(sealed: Sealed, why: str, key: SigningKey, trust: Trust, at: datetime) -> Sealed:
    """Agree to a release: hand this approver's halves to the releasers.

    Raises:
        SettingsError: the approver may not, is the requester, or was not asked.
        InputError: the log does not hold, or it was approved or released before.
    """
    steps = checked_log(sealed, trust)
    approver = _acting(trust, key, "approve", at)
    if approver.person == steps[0].by.person:
        raise SettingsError(trust.where, "nobody approves their own request", got=approver.name)
    if any(step.step == "approve" and step.by.person == approver.person for step in steps):
        raise InputError("sealed file", "was approved by this person before", got=approver.name)
    mine = [pair for pair in sealed.pairs if pair.approver == approver.key_id]
    if not mine:
        raise SettingsError(
            trust.where,
            "this key was not an approver when the request was made",
            got=f"key {approver.key_id}",
            fix="Request anew: stillwatch dossier exemplars request.",
        )
    halves = {
        pair.releaser: encoded(hand_over(pair, sealed.header, key, releaser.public))
        for pair in mine
        if (releaser := trust.find(pair.releaser)) is not None and releaser.may_act("releaser", at) is None
    }
    if not halves:
        raise SettingsError(trust.where, "no releaser of the request may act any more", fix="Request anew.")
    return replace(sealed, log=(*sealed.log, _entry("approve", key, at, why, {"halves": halves}, sealed.log[-1])))


def release(sealed: Sealed, why: str, key: SigningKey, trust: Trust, at: datetime) -> tuple[bytes, Sealed]:
    """Open a sealed file that another person approved; return the text, and the file with the release in its log.

    Raises:
        SettingsError: the releaser may not, or nobody else has approved.
        InputError: the log does not hold, or something was changed.
    """
    steps = checked_log(sealed, trust)
    releaser = _acting(trust, key, "release", at)
    for step in steps:
        if step.step != "approve" or step.by.person == releaser.person:
            continue
        pair = next((p for p in sealed.pairs if (p.approver, p.releaser) == (step.by.key_id, releaser.key_id)), None)
        half = step.facts.get("halves", {}).get(releaser.key_id)
        if pair is None or half is None:
            continue
        content = unseal(sealed.ciphertext, pair, decoded(half, "sealed file: log"), sealed.header, key)
        digest = hashlib.sha256(content).hexdigest()
        if digest != steps[0].facts.get("content_sha256"):
            raise InputError("sealed file", "holds another text than was requested")
        facts = {"content_sha256": digest, "approved_by": step.by.key_id}
        return content, replace(sealed, log=(*sealed.log, _entry("release", key, at, why, facts, sealed.log[-1])))
    raise SettingsError(
        "sealed file",
        "nobody else has approved this release for this key",
        got=f"{sum(step.step == 'approve' for step in steps)} approvals, releaser {releaser.name}",
        expected="an approval by another person",
        fix="Ask an approver: stillwatch dossier exemplars approve.",
    )


def checked_log(sealed: Sealed, trust: Trust) -> list[Step]:
    """Return the log, every signature, role and link checked.

    Raises:
        InputError: an entry is not signed by a believed key in its role, or does not follow the one before it.
        SettingsError: an entry is by a key that the trust file does not know.
    """
    steps: list[Step] = []
    for at, entry in enumerate(sealed.log):
        where = f"sealed file: log/{at}"
        step = _checked(entry, sealed.log[at - 1] if at else None, trust, where)
        if (step.step == "request") != (at == 0):
            raise InputError(where, "is out of order", got=step.step)
        if steps and step.at < steps[-1].at:
            raise InputError(where, "is older than the entry before it")
        if step.step == "approve" and step.by.person == steps[0].by.person:
            raise InputError(where, "is the requester's own approval")
        if step.step == "release" and not any(s.step == "approve" and s.by.person != step.by.person for s in steps):
            raise InputError(where, "is a release that nobody else approved")
        steps.append(step)
    return steps


def _checked(entry: Envelope, previous: Envelope | None, trust: Trust, where: str) -> Step:
    plain = load_plain(entry.payload, where)
    if entry.payload_type != STEP_TYPE or not isinstance(plain, dict) or len(entry.signatures) != 1:
        raise InputError(where, "is not a signed step")
    signature = entry.signatures[0]
    known = trust.get(signature.key_id)
    if not known.public.has_signed(entry.message, signature.raw):
        raise InputError(where, "was changed: the signature does not fit", got=f"key {known.key_id}")
    step, why, facts = plain.get("step"), plain.get("why"), plain.get("facts")
    if step not in ROLE_OF or not isinstance(why, str) or not isinstance(facts, dict):
        raise InputError(where, "is not a signed step")
    if plain.get("previous") != _link(previous):
        raise InputError(where, "does not follow the entry before it: one was taken out or put in")
    done_at = instant(plain.get("at"), f"{where}: at")
    forbidden = known.may_act(ROLE_OF[step], done_at)
    if forbidden is not None:
        raise InputError(where, "is by somebody who may not", got=forbidden)
    return Step(step, known, done_at, why, facts)


def _entry(
    step: str, key: SigningKey, at: datetime, why: str, facts: Mapping[str, Any], previous: Envelope | None
) -> Envelope:
    if not why.strip() or len(why) > MOST_REASON_CHARACTERS:
        raise SettingsError("reason", "is missing or too long", expected=f"1 to {MOST_REASON_CHARACTERS} characters")
    plain = {"step": step, "at": instant_text(at), "why": why, "previous": _link(previous), "facts": dict(facts)}
    return Envelope(STEP_TYPE, written(plain)).signed_by(key)


def _link(previous: Envelope | None) -> str | None:
    return None if previous is None else hashlib.sha256(previous.to_bytes()).hexdigest()


def _acting(trust: Trust, key: SigningKey, step: str, at: datetime) -> TrustedKey:
    known = trust.get(key.key_id)
    forbidden = known.may_act(ROLE_OF[step], at)
    if forbidden is not None:
        raise SettingsError(trust.where, f"may not {step}", got=forbidden)
    return known
