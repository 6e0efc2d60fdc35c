"""Addresses of the views. An id is anything; what cannot stand in an address as it is goes as base64 after a tilde."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from stillwatch.errors import NotFoundError

PLAIN: Final = re.compile(r"[A-Za-z0-9_@:-][A-Za-z0-9_.@:-]{0,99}")
TWIN: Final = ".json"
MOST_BYTES: Final = 2000  # of an id; two of them in base64 still fit the 8 kB that servers take
LONG: Final = "~."


def slug(identifier: str) -> str:
    """Return an id as one segment of an address; ``unslug`` turns it back, whatever the id holds.

    An id of more than ``MOST_BYTES`` has no page: servers and browsers carry no address of that length. Its segment
    holds a digest, and asking for it says so.
    """
    if PLAIN.fullmatch(identifier) and not identifier.endswith(TWIN):
        return identifier
    written = identifier.encode("utf-8", "surrogatepass")
    if len(written) > MOST_BYTES:
        return LONG + hashlib.sha256(written).hexdigest()[:32]
    return "~" + base64.urlsafe_b64encode(written).decode().rstrip("=")


def unslug(segment: str) -> str:
    """Return the id of a segment.

    Raises:
        NotFoundError: no id is written like that.
    """
    if segment.startswith(LONG):
        expected = f"at most {MOST_BYTES} bytes"
        fix = "It stands in the case's own files."
        raise NotFoundError("address", "an id this long has no page", got=segment[:60], expected=expected, fix=fix)
    if not segment.startswith("~"):
        return segment
    try:
        padded = segment[1:] + "=" * (-len(segment[1:]) % 4)
        return base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise NotFoundError("address", "no id is written like that", got=segment[:60]) from None


def campaign_address(campaign_id: str, part: str = "") -> str:
    """Return the address of a campaign, or of a part of it."""
    return f"/campaigns/{slug(campaign_id)}" + (f"/{part}" if part else "")


def account_address(account_id: str) -> str:
    """Return the address of an account."""
    return f"/accounts/{slug(account_id)}"


def pair_address(account_a: str, account_b: str) -> str:
    """Return the address of a pair of accounts."""
    return f"/pairs/{slug(account_a)}/{slug(account_b)}"


def value_address(kind: str, value: str) -> str:
    """Return the address of a value: who has it."""
    return f"/values/{slug(kind)}/{slug(value)}"


def family_address(family_id: str) -> str:
    """Return the address of a template family: who uses it."""
    return f"/families/{slug(family_id)}"


def twin(address: str) -> str:
    """Return the address of the same as JSON."""
    path, mark, query = address.partition("?")
    return f"{path}{TWIN}{mark}{query}"


def with_query(path: str, values: Mapping[str, object]) -> str:
    """Return a path with the values that are there."""
    given = {name: str(value) for name, value in values.items() if value not in (None, "", False)}
    return f"{path}?{urlencode(given)}" if given else path
