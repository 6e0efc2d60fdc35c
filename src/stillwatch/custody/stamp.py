"""RFC 3161 time stamps over an envelope: when its signatures existed, by somebody else's clock.

A stamp is over the bytes of ``custody.dsse.json`` as it stood, so that other tools can check it too (``openssl ts
-verify -data custody.dsse.json -in custody.1.tsr``). Signatures that came later are not covered; the envelope as it
was is found again by leaving them off.

Source: RFC 3161, Time-Stamp Protocol; the checks are those of rfc3161-client.
"""

import hashlib
import importlib
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.parse import urlsplit

from cryptography import x509

from stillwatch.custody.der import with_sorted_certificates
from stillwatch.custody.envelope import Envelope
from stillwatch.custody.files import read_small, write_new
from stillwatch.errors import InputError, UsageError

MAX_RESPONSE_BYTES: Final = 1 << 20  # a response with its certificates is some 6 kB
TIMEOUT_S: Final = 30.0
GRANTED: Final = 0
WHAT: Final = "time stamp response"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A checked time stamp: its time, how many signatures it covers, and who issued it."""

    at: datetime
    n_signatures: int
    authority: str


def request_for(envelope: Envelope) -> bytes:
    """Return a request to stamp an envelope, with a fresh nonce; it holds a digest and nothing else."""
    client = _client()
    builder = client.TimestampRequestBuilder().data(envelope.to_bytes())
    request: bytes = builder.hash_algorithm(client.HashAlgorithm.SHA256).build().as_bytes()
    return request


def ask(envelope: Envelope, url: str) -> bytes:
    """Return the response of an authority over the network.

    Raises:
        UsageError: the address is none of http or https.
        InputError: it cannot be reached, or what it answers is no stamp of this envelope.
    """
    client = _client()
    if urlsplit(url).scheme not in {"http", "https"}:
        raise UsageError("--tsa", "is not an address of the web", got=url, expected="http:// or https://")
    builder = client.TimestampRequestBuilder().data(envelope.to_bytes())
    request = builder.hash_algorithm(client.HashAlgorithm.SHA256).build()
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    message = urllib.request.Request(url, request.as_bytes(), headers, method="POST")  # noqa: S310 - http(s), see above
    try:
        with urllib.request.urlopen(message, timeout=TIMEOUT_S) as answer:  # noqa: S310 - as above
            content: bytes = answer.read(MAX_RESPONSE_BYTES + 1)
    except (URLError, OSError, ValueError) as error:
        raise InputError(url, "cannot be reached", got=str(getattr(error, "reason", error))) from None
    fitting(envelope, content, url)
    if _decoded(content, url).tst_info.nonce != request.nonce:
        raise InputError(url, "answers another request", expected="the nonce that was sent")
    return content


def fitting(envelope: Envelope, content: bytes, where: str) -> int:
    """Return how many of an envelope's signatures a response covers, without checking who issued it.

    Raises:
        InputError: the response is damaged, refuses, or is over something else.
    """
    response = _decoded(content, where)
    message = response.tst_info.message_imprint.message
    for n in range(len(envelope.signatures), 0, -1):
        if any(hashlib.new(name, envelope.first(n).to_bytes()).digest() == message for name in _HASHES):
            return n
    raise InputError(where, "is a time stamp of something else", expected="one of this dossier's envelope")


def check(envelope: Envelope, content: bytes, authorities: Sequence[x509.Certificate], where: str) -> Stamp:
    """Return a stamp whose signature leads to one of the given certificates, checked at the time of the stamp.

    Raises:
        InputError: it is not over this envelope, was changed, or nobody trusted issued it.
    """
    client = _client()
    n = fitting(envelope, content, where)
    response = _decoded(content, where)
    builder = client.VerifierBuilder()
    for certificate in authorities:
        builder = builder.add_root_certificate(certificate)
    try:
        builder.build().verify_message(response, envelope.first(n).to_bytes())
        at = response.tst_info.gen_time.astimezone(UTC)
        signer = next(iter(response.signed_data.signer_infos))
        serial = f"{signer.issuer.rfc4514_string()}, certificate {signer.serial_number:x}"
    except Exception as broken:  # noqa: BLE001 - bytes of a stranger: what the libraries cannot read does not hold
        raise InputError(where, "does not hold", got=str(broken)) from None
    return Stamp(at, n, serial)


def certificates_in(paths: Sequence[Path]) -> tuple[x509.Certificate, ...]:
    """Return the certificates in PEM files.

    Raises:
        InputError: a file cannot be read or holds none.
    """
    found: list[x509.Certificate] = []
    for path in paths:
        try:
            found += x509.load_pem_x509_certificates(read_small(path, "certificate"))
        except ValueError:
            raise InputError(str(path), "holds no certificate", expected="X.509 certificates in PEM") from None
    return tuple(dict.fromkeys(found))


def keep(folder: Path, content: bytes) -> Path:
    """Write a response beside the envelope, under the next free number, and return where."""
    for n in range(1, 10_000):
        path = folder / f"custody.{n}.tsr"
        if not path.exists():
            write_new(path, content, 0o644, "Run the command again.")
            return path
    raise InputError(str(folder), "holds too many time stamps")


_HASHES: Final = ("sha256", "sha384", "sha512")


def _decoded(content: bytes, where: str) -> Any:
    client = _client()
    if len(content) > MAX_RESPONSE_BYTES:
        raise InputError(where, f"is too large for a {WHAT}")
    try:
        response = client.decode_timestamp_response(with_sorted_certificates(content))
        if response.status == GRANTED:
            _ = response.tst_info.gen_time
            return response
        reason = " ".join(response.status_string)[:200]
    except ValueError:
        raise InputError(where, f"is not a {WHAT}, or was damaged", expected="RFC 3161 DER") from None
    raise InputError(where, "the authority refused", got=f"status {response.status} {reason}")


def _client() -> Any:
    try:
        return importlib.import_module("rfc3161_client")
    except ImportError:
        raise UsageError(
            "time stamps", "need a further package", fix="Install it: pip install 'stillwatch[stamp]'."
        ) from None
