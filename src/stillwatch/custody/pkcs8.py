"""A private key encrypted with a passphrase, as any tool reads it, and slow to guess.

The libraries at hand write PKCS #8 with 2,048 rounds of PBKDF2; here are as many as are advised today. OpenSSL and
``cryptography`` read the result.

Source: RFC 8018 (PBES2, PBKDF2); RFC 5958, section 3 (EncryptedPrivateKeyInfo); RFC 7468 (PEM).
"""

import base64
import os
import textwrap
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.padding import PKCS7

from stillwatch.custody.der import INTEGER, NULL, OBJECT, OCTETS, SEQUENCE, joined

ROUNDS: Final = 600_000  # OWASP's advice of 2023 for PBKDF2 with HMAC-SHA-256; about a third of a second
SALT_BYTES: Final = 16
BLOCK_BYTES: Final = 16
BLOCK_BITS: Final = 8 * BLOCK_BYTES
LINE: Final = 64  # characters of a PEM line

_PBES2: Final = bytes.fromhex("2a864886f70d01050d")  # 1.2.840.113549.1.5.13
_PBKDF2: Final = bytes.fromhex("2a864886f70d01050c")  # 1.2.840.113549.1.5.12
_HMAC_SHA256: Final = bytes.fromhex("2a864886f70d0209")  # 1.2.840.113549.2.9
_AES256_CBC: Final = bytes.fromhex("60864801650304012a")  # 2.16.840.1.101.3.4.1.42


def encrypted_pem(private_key: bytes, passphrase: bytes) -> bytes:
    """Return a PKCS #8 key (DER) encrypted under a passphrase, as PEM."""
    salt, vector = os.urandom(SALT_BYTES), os.urandom(BLOCK_BYTES)
    secret = PBKDF2HMAC(SHA256(), 32, salt, ROUNDS).derive(passphrase)
    padder = PKCS7(BLOCK_BITS).padder()
    encryptor = Cipher(AES256(secret), CBC(vector)).encryptor()
    padded = padder.update(private_key) + padder.finalize()
    content = encryptor.update(padded) + encryptor.finalize()
    rounds = ROUNDS.to_bytes(ROUNDS.bit_length() // 8 + 1)
    hashing = joined(SEQUENCE, [joined(OBJECT, [_HMAC_SHA256]), joined(NULL, [])])
    derivation = joined(SEQUENCE, [joined(OCTETS, [salt]), joined(INTEGER, [rounds]), hashing])
    schemes = [
        joined(SEQUENCE, [joined(OBJECT, [_PBKDF2]), derivation]),
        joined(SEQUENCE, [joined(OBJECT, [_AES256_CBC]), joined(OCTETS, [vector])]),
    ]
    algorithm = joined(SEQUENCE, [joined(OBJECT, [_PBES2]), joined(SEQUENCE, schemes)])
    whole = base64.b64encode(joined(SEQUENCE, [algorithm, joined(OCTETS, [content])])).decode("ascii")
    lines = "\n".join(textwrap.wrap(whole, LINE))
    return f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{lines}\n-----END ENCRYPTED PRIVATE KEY-----\n".encode("ascii")
