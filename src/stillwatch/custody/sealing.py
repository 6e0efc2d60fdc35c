"""A sealed file: nobody can open it alone, not even who sealed it.

The text is encrypted under a key that is split in two for each pair of an approver and a releaser: one half is sealed
to the approver, the other to the releaser. An approver's half says nothing; by approving they seal it for the releaser,
who then has both. The pairs never join a person with themselves, and never let the requester approve.

Source: RFC 9180 (HPKE; X25519, HKDF-SHA256, ChaCha20-Poly1305); RFC 8439; one-time-pad splitting (Shamir 1979, n of n).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from stillwatch.custody.signing_key import PublicKey, SigningKey
from stillwatch.custody.trust import TrustedKey
from stillwatch.errors import InputError, SettingsError

SECRET_BYTES: Final = 32
NONCE: Final = bytes(12)  # each key encrypts one text
MOST_PAIRS: Final = 400
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


@dataclass(frozen=True, slots=True)
class Pair:
    """The two halves for an approver and a releaser, by key id, each sealed to its holder."""

    approver: str
    releaser: str
    approver_half: bytes
    releaser_half: bytes


def seal(
    content: bytes,
    header: bytes,
    requester: TrustedKey,
    approvers: Sequence[TrustedKey],
    releasers: Sequence[TrustedKey],
) -> tuple[bytes, tuple[Pair, ...]]:
    """Return the encrypted content, bound to its header, and the halves of its key.

    Raises:
        SettingsError: no two different people could open it.
    """
    secret = os.urandom(SECRET_BYTES)
    pairs = []
    for approver in approvers:
        for releaser in releasers:
            if approver.person in {requester.person, releaser.person}:
                continue
            half = os.urandom(SECRET_BYTES)
            other = bytes(a ^ b for a, b in zip(secret, half, strict=True))
            about = context(header, approver.key_id, releaser.key_id)
            sealed = seal_to(approver.public, half, about), seal_to(releaser.public, other, about)
            pairs.append(Pair(approver.key_id, releaser.key_id, *sealed))
    if not pairs:
        raise SettingsError(
            "trust file",
            "no two people could release this",
            expected="a valid approver who is neither the requester nor the only releaser, and a valid releaser",
            fix="Add them: stillwatch signer new, stillwatch signer add.",
        )
    if len(pairs) > MOST_PAIRS:
        raise SettingsError("trust file", "has too many approvers and releasers", got=f"{len(pairs)} pairs")
    return ChaCha20Poly1305(secret).encrypt(NONCE, content, header), tuple(pairs)


def hand_over(pair: Pair, header: bytes, approver: SigningKey, releaser: PublicKey) -> bytes:
    """Return the approver's half, sealed for the releaser.

    Raises:
        InputError: the half is not this key's, or was changed.
    """
    about = context(header, pair.approver, pair.releaser)
    return seal_to(releaser, _open(approver, pair.approver_half, about), about)


def unseal(ciphertext: bytes, pair: Pair, handed: bytes, header: bytes, releaser: SigningKey) -> bytes:
    """Return the content, with both halves.

    Args:
        ciphertext: the encrypted content.
        pair: the pair whose approver approved.
        handed: the half that the approver sealed for the releaser.
        header: what the content is bound to.
        releaser: the releaser's key.

    Raises:
        InputError: a half or the content was changed, or is another key's.
    """
    about = context(header, pair.approver, pair.releaser)
    one, other = _open(releaser, handed, about), _open(releaser, pair.releaser_half, about)
    if len(one) != SECRET_BYTES or len(other) != SECRET_BYTES:
        raise InputError("sealed file", "holds a half that is none")
    try:
        return ChaCha20Poly1305(bytes(a ^ b for a, b in zip(one, other, strict=True))).decrypt(
            NONCE, ciphertext, header
        )
    except InvalidTag:
        raise InputError("sealed file", "cannot be opened: it was changed, or a half is not the right one") from None


def context(header: bytes, approver: str, releaser: str) -> bytes:
    """Return what a half is bound to: the request, and the pair."""
    return b"stillwatch sealed half v1\n" + f"{approver}\n{releaser}\n".encode() + header


def seal_to(key: PublicKey, content: bytes, about: bytes) -> bytes:
    """Return content that only the key's holder can open."""
    sealed: Any = _SUITE.encrypt(content, X25519PublicKey.from_public_bytes(key.sealing), about)
    return bytes(sealed)


def _open(key: SigningKey, sealed: bytes, about: bytes) -> bytes:
    try:
        return bytes(_SUITE.decrypt(sealed, key.sealing_key(), about))
    except (InvalidTag, ValueError):
        raise InputError("sealed file", "holds a half that this key cannot open", got=f"key {key.key_id}") from None
