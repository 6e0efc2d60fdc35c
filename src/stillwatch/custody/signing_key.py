"""Ed25519 signing keys: a private file that its owner alone can read, and the public half that others hold.

Public keys only: with a shared secret every recipient could forge what it is asked to trust.
From the same secret comes an X25519 key, to which exemplars are sealed; the two are unrelated to who sees only
their public halves.

Source: RFC 8032 (Ed25519); RFC 5958 (PKCS #8); RFC 5869 (HKDF).
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from stillwatch.custody.files import OWNER_ONLY, read_private, write_new
from stillwatch.custody.pkcs8 import encrypted_pem
from stillwatch.errors import InputError, SettingsError

SEALING_PURPOSE: Final = b"stillwatch custody: sealing key of a signing key, v1"
KEY_ID_DIGITS: Final = 32  # 128 bits of a SHA-256: no two keys meet by chance
RAW_BYTES: Final = 32


def encoded(raw: bytes) -> str:
    """Return bytes as plain base64."""
    return base64.b64encode(raw).decode("ascii")


def decoded(text: object, where: str) -> bytes:
    """Return the bytes of base64 that is written the one right way.

    Raises:
        InputError: it is not, which a changed character makes likely.
    """
    try:
        raw = base64.b64decode(text if isinstance(text, str) else "?", validate=True)
    except (binascii.Error, ValueError):
        raise InputError(where, "is not base64") from None
    if encoded(raw) != text:
        raise InputError(where, "is not base64 in its one right form")
    return raw


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What others need of a key: to check its signatures, and to seal something for its holder.

    Args:
        raw: the 32 bytes of the Ed25519 public key.
        sealing: the 32 bytes of the X25519 public key.
    """

    raw: bytes
    sealing: bytes

    def __post_init__(self) -> None:
        try:
            Ed25519PublicKey.from_public_bytes(self.raw)
            X25519PublicKey.from_public_bytes(self.sealing)
        except ValueError:
            raise InputError("public key", "is not an Ed25519 and an X25519 key of 32 bytes each") from None

    @property
    def key_id(self) -> str:
        """Return 32 hexadecimal digits of the SHA-256 over both halves: whoever swaps one changes the id."""
        return hashlib.sha256(b"stillwatch signing key v1\n" + self.raw + self.sealing).hexdigest()[:KEY_ID_DIGITS]

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Return whether ``signature`` is this key's over ``message``."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """A private key that never shows itself: neither ``repr`` nor a refusal has any of it."""

    __slots__ = ("_key",)

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def generate(cls) -> Self:
        """Return a new key from the system's random source."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path, passphrase: bytes | None = None) -> Self:
        """Return the key in a PKCS #8 PEM file of mode 0600.

        Raises:
            SettingsError: the file is missing, open to others, no such key, or the passphrase is missing or wrong.
        """
        content = read_private(path)
        try:
            key = serialization.load_pem_private_key(content, password=passphrase)
        except TypeError:
            if passphrase is None:
                raise SettingsError(
                    str(path), "the key has a passphrase", fix="Give --passphrase-file, or set STILLWATCH_PASSPHRASE."
                ) from None
            raise SettingsError(
                str(path), "the key has no passphrase, but one was given", fix="Leave the passphrase out."
            ) from None
        except (ValueError, UnsupportedAlgorithm):
            problem = "the passphrase is wrong, or the file is damaged" if passphrase else "is not a private key"
            raise SettingsError(str(path), problem, expected="an Ed25519 key in PKCS #8 PEM") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise SettingsError(
                str(path), "is a key of another kind", got=type(key).__name__, expected="an Ed25519 key"
            )
        return cls(key)

    def save(self, path: Path, passphrase: bytes | None = None) -> None:
        """Write the key to a new file of mode 0600, encrypted where a passphrase is given.

        Raises:
            OutputError: a file stands there, or it cannot be written.
        """
        form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        if passphrase:
            pem = encrypted_pem(self._key.private_bytes(serialization.Encoding.DER, form, plain), passphrase)
        else:
            pem = self._key.private_bytes(serialization.Encoding.PEM, form, plain)
        write_new(path, pem, OWNER_ONLY, "Choose another name: what an overwritten key signed has no owner.")

    @property
    def public(self) -> PublicKey:
        """Return the public half."""
        raw = self._key.public_key().public_bytes_raw()
        return PublicKey(raw, self.sealing_key().public_key().public_bytes_raw())

    @property
    def key_id(self) -> str:
        """Return the id of the public half."""
        return self.public.key_id

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of the signature over ``message``."""
        return self._key.sign(message)

    def sealing_key(self) -> X25519PrivateKey:
        """Return the X25519 key to which others seal what only this key's holder may open."""
        secret = HKDF(SHA256(), RAW_BYTES, salt=None, info=SEALING_PURPOSE).derive(self._key.private_bytes_raw())
        return X25519PrivateKey.from_private_bytes(secret)

    def __repr__(self) -> str:
        return f"SigningKey(key_id={self.key_id!r})"

    def __reduce__(self) -> tuple[type, tuple[bytes]]:
        raise TypeError("a signing key does not leave its process")
