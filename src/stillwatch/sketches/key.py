"""The secret of a sketch: one random key, from which every keyed step derives its own.

Who has the key can test a guessed prompt against a sketch; who has only sketches can not. Sketches made under
different keys can not be compared at all.

Source: RFC 5869 (HKDF with HMAC-SHA-256).
"""

import hashlib
import hmac
import secrets
import stat
import string
import warnings
from pathlib import Path
from typing import Final, Self

from stillwatch.errors import SettingsError

KEY_BYTES: Final = 32  # as long as the output of the hash below it
_DOMAIN: Final = b"stillwatch sketch v1 "  # a key used elsewhere too gives unrelated values here
_DEMO_SEED: Final = b"stillwatch demo key: public, protects nothing"


class WorldReadableKeyWarning(UserWarning):
    """A key file can be read by everyone on the machine."""


class SketchKey:
    """A 32-byte secret that never shows itself.

    Neither ``repr`` nor an error message has any of its bytes. It can be pickled, because
    distributed workers need it: keep pickles of it as safe as the key. :meth:`hexadecimal` writes it to a file.
    """

    __slots__ = ("_prk", "_secret")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise SettingsError(
                "sketch key", "has the wrong length", got=f"{len(secret)} bytes", expected=f"{KEY_BYTES} bytes"
            )
        self._secret = bytes(secret)
        self._prk = hmac.new(_DOMAIN, self._secret, hashlib.sha256).digest()

    @classmethod
    def generate(cls) -> Self:
        """Return a new key from the system's random source."""
        return cls(secrets.token_bytes(KEY_BYTES))

    @classmethod
    def public_demo_key(cls) -> Self:
        """Return the one key that everybody knows, for demonstrations and tests; it protects nothing."""
        return cls(hashlib.sha256(_DEMO_SEED).digest())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the key in a file of 32 raw bytes or 64 hexadecimal digits.

        A file that everybody can read gives a :class:`WorldReadableKeyWarning`.

        Raises:
            SettingsError: the file can not be read or holds no key.
        """
        try:
            if path.stat().st_mode & stat.S_IROTH:
                warnings.warn(f"{path}: everybody can read this key; chmod 600", WorldReadableKeyWarning, stacklevel=2)
            with path.open("rb") as file:
                content = file.read(4 * KEY_BYTES)  # enough for either form with a line end; a huge file is no key
        except OSError as error:
            raise SettingsError(str(path), "cannot read the sketch key", got=error.strerror) from None
        if len(content) == KEY_BYTES:
            return cls(content)
        digits = content.strip()
        if len(digits) == 2 * KEY_BYTES and all(chr(digit) in string.hexdigits for digit in digits):
            return cls(bytes.fromhex(digits.decode("ascii")))
        raise SettingsError(
            str(path), "is not a sketch key", expected=f"{KEY_BYTES} raw bytes or {2 * KEY_BYTES} hexadecimal digits"
        )

    @property
    def key_id(self) -> str:
        """Twelve hexadecimal digits that tell two keys apart and tell nothing about either."""
        return self.derived("key-id").hex()[:12]

    def hexadecimal(self) -> str:
        """Return the secret itself, in the form that :meth:`load` reads."""
        return self._secret.hex()

    def derived(self, purpose: str) -> bytes:
        """Return the 32-byte key for one purpose; keys of different purposes are unrelated."""
        return hmac.new(self._prk, purpose.encode() + b"\x01", hashlib.sha256).digest()

    def derived_words(self, purpose: str) -> tuple[int, int, int, int]:
        """Return the key for one purpose as four unsigned 64-bit integers, little-endian."""
        key = self.derived(purpose)
        first, second, third, fourth = (int.from_bytes(key[at : at + 8], "little") for at in range(0, KEY_BYTES, 8))
        return first, second, third, fourth

    def __repr__(self) -> str:
        return f"SketchKey(key_id={self.key_id!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SketchKey) and hmac.compare_digest(self._secret, other._secret)

    def __hash__(self) -> int:
        return hash(self._prk)

    def __reduce__(self) -> tuple[type, tuple[bytes]]:
        # Distributed workers need the key; they get it in their closure, over the cluster's own protected channel.
        return type(self), (self._secret,)
