"""Whom the registry of authorisations names: never touched, whatever a scan says of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

NOT_CHECKED: Final = "none given; whoever the scan's own registry named was never accused, and later rows are not known"


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the registry says, read at one time.

    Args:
        source: which registry: names and digests of its files, or that none was given.
        named: account id to why it is covered, in words.
    """

    source: str
    named: Mapping[str, str]


def covered(
    authorisations: Iterable[Mapping[str, Any]],
    accounts: Iterable[Mapping[str, Any]],
    source: str,
    as_of: datetime,
) -> Coverage:
    """Return whom the registry names, itself or by a verified organisation.

    An authorisation that has ended or not begun names its accounts too: who had leave is a customer to talk to, not one
    to act against. What it says then is that it lapsed.

    Args:
        authorisations: rows of the registry.
        accounts: rows of the accounts table; those of an organisation count where it was verified.
        source: names the registry.
        as_of: the time at which validity is read, aware UTC.
    """
    members: dict[str, list[str]] = {}
    for account in accounts:
        if account.get("is_verified") and account.get("organisation_id"):
            members.setdefault(account["organisation_id"], []).append(account["account_id"])
    named: dict[str, str] = {}
    for row in authorisations:
        organisation = row.get("organisation_id")
        chosen = members.get(organisation, []) if organisation else [row["account_id"]]
        because = _because(row, as_of)
        for account_id in chosen:
            if account_id not in named or "lapsed" in named[account_id]:
                named[account_id] = because
    return Coverage(source, named)


def _because(row: Mapping[str, Any], as_of: datetime) -> str:
    text = f"the registry allows {str(row.get('scope')).replace('_', ' ')}"
    if row.get("reference"):
        text += f" ({row['reference']})"
    if row.get("valid_to") is not None and row["valid_to"] <= as_of:
        return f"{text}; it lapsed on {row['valid_to']:%Y-%m-%d}"
    return text
