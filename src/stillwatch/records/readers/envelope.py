"""What stands beside a logged body: whose it was, when it came and from where.

Bodies and batch lines name no account of the provider's, no time and no address; whoever writes them down does, in an
envelope. ``ts``, ``account_id``, ``key_id``, ``client_ip`` and ``user_agent`` are its names; the synonyms below and our
own column names are read as well.
"""

from collections.abc import Mapping
from typing import Any, Final

from stillwatch.records.readers.client_address import client_address
from stillwatch.records.readers.json_values import http_status, identifier, mapping, microseconds, text

TIME_KEYS: Final = ("ts", "requested_at", "timestamp", "time", "created_at")
ACCOUNT_KEYS: Final = ("account_id", "account")
KEY_KEYS: Final = ("key_id", "api_key_id")
ADDRESS_KEYS: Final = ("client_ip", "ip")
STATUS_KEYS: Final = ("status", "status_code", "http_status")
ID_KEYS: Final = ("exchange_id", "request_id", "id")
PLAIN_KEYS: Final = ("conversation_id", "end_user_id", "tls_fingerprint", "platform")


def envelope_account(envelope: Mapping[str, Any]) -> str | None:
    """Return the account that the envelope names."""
    return identifier(*(envelope.get(key) for key in ACCOUNT_KEYS))


def envelope_time(envelope: Mapping[str, Any]) -> int | float | str | None:
    """Return the envelope's time in microseconds since 1970.

    A time that names no offset comes back as it stands: the run may have been told its zone, and else says what is
    wrong with it.
    """
    values = [envelope.get(key) for key in TIME_KEYS]
    at = next((at for value in values if (at := microseconds(value)) is not None), None)
    if at is not None:
        return at
    return next((v for v in values if isinstance(v, str | int | float) and not isinstance(v, bool) and v != ""), None)


def envelope_status(envelope: Mapping[str, Any]) -> int | None:
    """Return the HTTP status that the envelope names."""
    return http_status(*(envelope.get(key) for key in STATUS_KEYS))


def envelope_columns(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that an envelope tells besides account, time and status."""
    columns = {
        "api_key_id": identifier(*(envelope.get(key) for key in KEY_KEYS)),
        "ip": next((ip for key in ADDRESS_KEYS if (ip := client_address(envelope.get(key))) is not None), None),
        "user_agent": text(envelope.get("user_agent")),
        **{key: identifier(envelope.get(key)) for key in PLAIN_KEYS},
    }
    return {name: value for name, value in columns.items() if value is not None}


def claimed_end_user(request: Mapping[str, Any]) -> str | None:
    """Return the end user that a request names: the caller's word, never an identity."""
    return identifier(
        request.get("safety_identifier"), request.get("user"), mapping(request.get("metadata")).get("user_id")
    )
