"""A DSSE envelope: one payload, and the signatures of one or more keys over it and its type.

Source: DSSE v1.0.2, protocol and envelope (secure-systems-lab/dsse); in-toto Attestation Framework v1 for the payload.
"""

from dataclasses import dataclass, replace
from typing import Any, Final, Self

from stillwatch.custody.signing_key import SigningKey, decoded, encoded
from stillwatch.custody.strict_json import load_plain, written
from stillwatch.errors import InputError

PREFIX: Final = b"DSSEv1"


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """Return PAE(type, payload) = "DSSEv1" SP LEN(type) SP type SP LEN(payload) SP payload: what is signed."""
    kind = payload_type.encode("utf-8")
    return b" ".join((PREFIX, str(len(kind)).encode(), kind, str(len(payload)).encode(), payload))


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature and the id of the key that is said to have made it; only a check shows whether it did."""

    key_id: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload with its signatures, in the order in which they were added."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...] = ()

    @property
    def message(self) -> bytes:
        """Return what each signature is over."""
        return pre_authentication_encoding(self.payload_type, self.payload)

    def signed_by(self, key: SigningKey) -> Self:
        """Return the envelope with one more signature.

        Raises:
            InputError: the key has signed already.
        """
        if any(signature.key_id == key.key_id for signature in self.signatures):
            raise InputError("envelope", "this key has signed already", got=f"key {key.key_id}")
        return replace(self, signatures=(*self.signatures, Signature(key.key_id, key.sign(self.message))))

    def first(self, n: int) -> Self:
        """Return the envelope as it was when it had ``n`` signatures."""
        return replace(self, signatures=self.signatures[:n])

    def to_bytes(self) -> bytes:
        """Return the one way in which the envelope is written."""
        return written(
            {
                "payloadType": self.payload_type,
                "payload": encoded(self.payload),
                "signatures": [{"keyid": one.key_id, "sig": encoded(one.raw)} for one in self.signatures],
            }
        )

    @classmethod
    def from_bytes(cls, content: bytes, where: str) -> Self:
        """Return the envelope that a file holds.

        Guarantee: ``from_bytes(c).to_bytes() == c``; a file that says the same in another way is refused, since
        somebody wrote it anew.

        Raises:
            InputError: it is no envelope, or not as it was written; the refusal says what is wrong.
        """
        plain = load_plain(content, where)
        if not isinstance(plain, dict):
            raise InputError(where, "is not a DSSE envelope")
        kind, signatures = plain.get("payloadType"), plain.get("signatures")
        if not isinstance(kind, str) or not isinstance(signatures, list):
            raise InputError(where, "is not a DSSE envelope", expected="payloadType, payload and signatures")
        try:
            kind.encode("utf-8")
        except UnicodeEncodeError:
            raise InputError(f"{where}: payloadType", "is not Unicode") from None
        payload = decoded(plain.get("payload"), f"{where}: payload")
        read = [_signature(one, f"{where}: signatures/{at}") for at, one in enumerate(signatures)]
        found = cls(kind, payload, tuple(read))
        if found.to_bytes() != content:
            raise InputError(where, "was written anew", expected="the bytes that stillwatch wrote")
        return found


def _signature(plain: Any, where: str) -> Signature:
    if not isinstance(plain, dict) or not isinstance(plain.get("keyid"), str):
        raise InputError(where, "is not a signature", expected="keyid and sig")
    return Signature(plain["keyid"], decoded(plain.get("sig"), f"{where}/sig"))
