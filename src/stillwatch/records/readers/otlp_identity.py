"""Whose call a span is, where it came from, and what its HTTP server span adds.

Only what the gateway's operator sets names an account: a verified key or user, or an attribute that says whose tenant,
organisation or account it is. ``user.id``, ``enduser.id`` and ``session.id`` are whatever the caller sends, and
``cloud.account.id`` is the operator's own cloud: none of them is an account.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stillwatch.records.field_path import follow
from stillwatch.records.readers.client_address import client_address
from stillwatch.records.readers.json_values import http_status, identifier, items, text
from stillwatch.records.readers.otlp_dialects import STATUS_NAMES
from stillwatch.records.readers.otlp_units import Unit

USER_NAMES: Final = ("litellm.metadata.user_api_key_user_id", "metadata.user_api_key_user_id")  # LiteLLM v2, v1
KEY_NAMES: Final = ("litellm.api_key.hash", "metadata.user_api_key_hash", "metadata.user_api_key")
OPENROUTER_KEY: Final = "trace.metadata.openrouter.api_key_name"
ACCOUNT_NAMES: Final = (  # tried in this order, on the span, its resource, then the spans around it
    *("account.id", "account_id", "customer.id", "customer_id", "tenant.id", "tenant_id"),
    *("organization.id", "organization_id", "organisation.id", "litellm.organization.id", "litellm.team.id"),
)
ADDRESS_NAMES: Final = ("client.address", "http.client_ip")
PEER_NAMES: Final = ("network.peer.address", "net.sock.peer.addr", "net.peer.ip")
AGENT_NAMES: Final = ("user_agent.original", "http.user_agent", "http.request.header.user-agent")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What one span knows that its children may lack."""

    parent_id: str | None
    account_id: str | None
    api_key_id: str | None
    ip: str | None
    user_agent: str | None
    status: int | None


def surroundings_of(unit: Unit, account_name: str | None = None) -> Surroundings:
    """Return what is kept of a span for those inside it.

    Args:
        unit: the span.
        account_name: the attribute that names the account, on the user's word; null: those that operators set.
    """
    key = _key(unit)
    return Surroundings(
        parent_id=unit.parent_id,
        account_id=_account(unit, key) if account_name is None else _told_account(unit, account_name),
        api_key_id=key,
        ip=_ip(unit),
        user_agent=_user_agent(unit),
        status=http_status(*(unit.attributes.get(name) for name in STATUS_NAMES)) if unit.is_server else None,
    )


def joined(own: Surroundings, around: Iterable[Surroundings]) -> dict[str, Any]:
    """Return the identity columns of a call: its own, or else those of the nearest span around it that has them."""
    chain = (own, *around)
    columns: dict[str, Any] = {}
    for name in ("account_id", "api_key_id", "ip", "user_agent"):
        found = next((value for one in chain if (value := getattr(one, name)) is not None), None)
        if found is not None:
            columns[name] = found
    return columns


def is_openrouter(unit: Unit) -> bool:
    """Say whether a span came by OpenRouter's broadcast."""
    source = identifier(unit.attributes.get("trace.metadata.openrouter.source"), unit.resource.get("service.name"))
    return source == "openrouter" or OPENROUTER_KEY in unit.attributes


def _key(unit: Unit) -> str | None:
    return identifier(*(unit.attributes.get(name) for name in (*KEY_NAMES, OPENROUTER_KEY)))


def _account(unit: Unit, key: str | None) -> str | None:
    user = identifier(*(unit.attributes.get(name) for name in USER_NAMES))
    if user is not None:
        return user
    if key is not None:
        return f"key:{key}"  # as the LiteLLM reader writes it, so that both logs name one account
    for source in (unit.attributes, unit.resource):
        found = identifier(*(source.get(name) for name in ACCOUNT_NAMES))
        if found is not None:
            return found
    return identifier(unit.resource.get("service.name")) if is_openrouter(unit) else None


def _told_account(unit: Unit, name: str) -> str | None:
    """Return what an attribute of the span or its resource says, also where one before a dot holds the rest as JSON."""
    for source in (unit.attributes, unit.resource):
        head, *rest = name.split(".")
        found = identifier(source.get(name), follow(source.get(head), tuple(rest)) if rest else None)
        if found is not None:
            return found
    return None


def _ip(unit: Unit) -> str | None:
    names = (*ADDRESS_NAMES, *PEER_NAMES) if unit.is_server else ADDRESS_NAMES  # a client's peer is the provider
    return next((ip for name in names if (ip := client_address(unit.attributes.get(name))) is not None), None)


def _user_agent(unit: Unit) -> str | None:
    if unit.is_client:  # the gateway's own, towards the provider
        return None
    for name in AGENT_NAMES:
        told = _single(unit.attributes, name)
        if told is not None:
            return told
    return None


def _single(attributes: Mapping[str, Any], name: str) -> str | None:
    told = attributes.get(name)
    return next((found for one in (items(told) or (told,)) if (found := text(one)) is not None), None)
