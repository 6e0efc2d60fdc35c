"""One account: why it is in, why it might not be, and what the case knows of it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from stillwatch.dossiers.render import verdict
from stillwatch.errors import NotFoundError
from stillwatch.service.console.address import account_address, campaign_address, family_address, value_address
from stillwatch.service.console.store import CaseStore
from stillwatch.service.console.views.grounds import Ground, grounds_of
from stillwatch.service.console.views.members import member_source
from stillwatch.service.console.views.queue import Standing, standing
from stillwatch.service.console.views.ties import Tie, ties_of


@dataclass(frozen=True, slots=True)
class Membership:
    """One group that an account is in."""

    campaign_id: str
    address: str
    title: str
    standing: Standing
    p_group: float
    p_member: float | None
    exchanges: int | None
    other_exchanges: int | None
    families: int | None
    shares: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """How much an account sends, and when.

    Args:
        hours: exchanges by hour of the day, UTC; 24 numbers.
    """

    is_authorised: bool
    created_at: datetime | None
    banned_at: datetime | None
    first_at: datetime
    last_at: datetime
    n_exchanges: int
    n_failed: int
    n_active_days: int
    hours: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """The exchanges of one day: of slices of groups, and the account's own."""

    day: date
    n_slice: int
    n_own: int


@dataclass(frozen=True, slots=True)
class HeldValue:
    """A value that the account has, with how many entities of the whole traffic have it too."""

    kind: str
    value: str
    address: str
    n_exchanges: int | None
    n_entities: int


@dataclass(frozen=True, slots=True)
class UsedFamily:
    """A template family that the account uses."""

    family_id: str
    address: str
    campaign_id: str | None
    n_exchanges: int
    n_entities: int


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as the case knows it.

    Args:
        p_member: probability of belonging to any distillation campaign.
        entity_accounts: accounts of its entity, itself among them, at most 20.
        n_entity_accounts: how many there are.
        why: what ties it to its groups.
        why_not: what speaks against.
        n_compared: members that it was compared with for that.
        profile: null for an account of no reported group, of which the case keeps nothing more.
        has_evidence: whether the case holds the evidence of single accounts at all.
    """

    account_id: str
    address: str
    p_member: float
    entity_id: str
    entity_accounts: tuple[str, ...]
    n_entity_accounts: int
    memberships: tuple[Membership, ...]
    why: tuple[Ground, ...]
    why_not: tuple[Ground, ...]
    n_compared: int
    profile: Profile | None
    days: tuple[Day, ...]
    values: tuple[HeldValue, ...]
    families: tuple[UsedFamily, ...]
    ties: tuple[Tie, ...]
    has_evidence: bool


MOST_LISTED: int = 60  # values and families on a page, the rarest


def account_row(store: CaseStore, account_id: str) -> dict[str, Any]:
    """Return an account's row of the case.

    Raises:
        NotFoundError: the case has no such account.
    """
    found = store.rows("SELECT * FROM accounts WHERE account_id = $1", [account_id])
    if not found:
        fix = "Accounts without traffic in the scan are not in the case."
        raise NotFoundError("account", "this case has no such account", got=account_id[:80], fix=fix)
    return found[0]


def account_view(store: CaseStore, account_id: str) -> AccountView:
    """Return an account as the case knows it.

    Raises:
        NotFoundError: the case has no such account.
    """
    row = account_row(store, account_id)
    entity = store.rows(
        "SELECT account_id FROM accounts WHERE entity_id = $1 ORDER BY account_id LIMIT 20", [row["entity_id"]]
    )
    n_entity = store.rows("SELECT count(*) AS n FROM accounts WHERE entity_id = $1", [row["entity_id"]])[0]["n"]
    memberships = _memberships(store, account_id)
    profile = _profile(store, account_id)
    grounds = grounds_of(store, row, memberships[0].campaign_id if memberships else None)
    return AccountView(
        account_id,
        account_address(account_id),
        row["p_member"],
        row["entity_id"],
        tuple(one["account_id"] for one in entity),
        n_entity,
        memberships,
        grounds.why,
        grounds.why_not,
        grounds.n_compared,
        profile,
        _days(store, account_id),
        _values(store, account_id),
        _families(store, account_id),
        ties_of(store, account_id, row["entity_id"]),
        store.has_evidence,
    )


def _memberships(store: CaseStore, account_id: str) -> tuple[Membership, ...]:
    found = store.rows(f"SELECT * FROM ({member_source(store)}) WHERE account_id = $1", [account_id])  # noqa: S608 - constants
    named = [(store.campaign_of(row["campaign_id"], account_id), row) for row in found]
    rows = [(store.campaign(name), row) for name, row in named if name is not None]
    rows.sort(key=lambda pair: (not pair[0].is_accusation, -(pair[1]["p_member"] or 0.0), pair[0].id))
    return tuple(
        Membership(
            campaign.id,
            campaign_address(campaign.id),
            verdict.leading_title(campaign),
            standing(campaign),
            row["p_group"],
            row["p_member"],
            row["exchanges"],
            row["other_exchanges"],
            row["families"],
            tuple(row["shares"]),
        )
        for campaign, row in rows
    )


def _profile(store: CaseStore, account_id: str) -> Profile | None:
    row = store.profile(account_id)
    if row is None:
        return None
    values = {name: row[name] for name in Profile.__slots__ if name != "hours"}
    return Profile(hours=tuple(row["hours"]), **values)


def _days(store: CaseStore, account_id: str) -> tuple[Day, ...]:
    if not store.has_evidence:
        return ()
    counts: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for row in store.rows("SELECT day, campaign_id, n_exchanges FROM activity WHERE account_id = $1", [account_id]):
        counts[row["day"]][row["campaign_id"] is None] += row["n_exchanges"]
    return tuple(Day(day, n_slice, n_own) for day, (n_slice, n_own) in sorted(counts.items()))


def _values(store: CaseStore, account_id: str) -> tuple[HeldValue, ...]:
    if not store.has_evidence:
        return ()
    found = store.rows(
        "SELECT kind, value, n_exchanges, n_entities FROM values WHERE account_id = $1 "
        "ORDER BY n_entities, kind, value LIMIT $2",
        [account_id, MOST_LISTED],
    )
    return tuple(HeldValue(address=value_address(row["kind"], row["value"]), **row) for row in found)


def _families(store: CaseStore, account_id: str) -> tuple[UsedFamily, ...]:
    if not store.has_evidence:
        return ()
    found = store.rows(
        "SELECT family_id, campaign_id, n_exchanges, n_entities FROM families WHERE account_id = $1 "
        "ORDER BY campaign_id IS NULL, n_entities, family_id LIMIT $2",
        [account_id, MOST_LISTED],
    )
    return tuple(UsedFamily(address=family_address(row["family_id"]), **row) for row in found)
