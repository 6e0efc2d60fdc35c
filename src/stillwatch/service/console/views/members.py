"""The members of a campaign, in pages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from stillwatch.dossiers.case import Campaign
from stillwatch.service.console.address import account_address, campaign_address, with_query
from stillwatch.service.console.store import CaseStore
from stillwatch.service.console.views.campaign import CampaignHead, Subject, campaign_head
from stillwatch.service.console.views.paging import Paging, paging

Order = Literal["membership", "exchanges", "other", "families", "first_seen", "last_seen", "created", "account"]
SORTS: Final[dict[Order, str]] = {
    "membership": "p_group DESC",
    "exchanges": "exchanges DESC NULLS LAST",
    "other": "other_exchanges DESC NULLS LAST",
    "families": "families DESC NULLS LAST",
    "first_seen": "first_seen_at ASC NULLS LAST",
    "last_seen": "last_seen_at DESC NULLS LAST",
    "created": "created_at ASC NULLS LAST",
    "account": "account_id ASC",
}
PLAIN: Final = """
SELECT account_id, campaign_id, p_member AS p_group, p_member, NULL::BIGINT AS exchanges,
  NULL::BIGINT AS other_exchanges, NULL::BIGINT AS families, []::VARCHAR[] AS shares,
  NULL::TIMESTAMPTZ AS first_seen_at, NULL::TIMESTAMPTZ AS last_seen_at, NULL::TIMESTAMPTZ AS created_at,
  NULL::TIMESTAMPTZ AS banned_at
FROM memberships"""
"""Members of a case of an earlier version, which holds nothing more of them."""
TRACED: Final = """
SELECT m.account_id, m.campaign_id, m.p_group, p.p_member, m.exchanges, m.other_exchanges, m.families, m.shares,
  m.first_seen_at, m.last_seen_at, m.created_at, m.banned_at
FROM members m LEFT JOIN memberships p ON p.account_id = m.account_id AND p.campaign_id = m.campaign_id"""
UNITED: Final = """
SELECT account_id, min(campaign_id) AS campaign_id, max(p_group) AS p_group, max(p_member) AS p_member,
  sum(exchanges)::BIGINT AS exchanges, min(other_exchanges) AS other_exchanges, sum(families)::BIGINT AS families,
  list_sort(list_distinct(flatten(list(shares)))) AS shares, min(first_seen_at) AS first_seen_at,
  max(last_seen_at) AS last_seen_at, min(created_at) AS created_at, min(banned_at) AS banned_at
FROM ({source}) WHERE campaign_id IN (SELECT unnest($1)) AND account_id IN (SELECT unnest($2)) GROUP BY account_id"""
"""Members of a group that analysts made: an account that stands in several of the scan's groups has one row."""


class MembersQuery(BaseModel):
    """What the members are asked for.

    Args:
        q: part of an account's id.
        sort: by what they are ordered; ``membership`` puts the surest first.
        page: 1 is the first.
        size: accounts a page.
    """

    q: str = Field(default="", max_length=200)
    sort: Order = "membership"
    page: int = Field(default=1, ge=1, le=1_000_000)
    size: int = Field(default=50, ge=1, le=200)


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One account of a group.

    Args:
        p_group: of belonging to the linked group, whatever explains it.
        p_member: of belonging to a distillation campaign through this group.
        exchanges: of the slice; null where the case does not say.
        other_exchanges: the account's own traffic.
        families: of the group's families, how many it used.
        shares: columns whose value another member has too.
    """

    account_id: str
    address: str
    p_group: float
    p_member: float | None
    exchanges: int | None
    other_exchanges: int | None
    families: int | None
    shares: tuple[str, ...]
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    created_at: datetime | None
    banned_at: datetime | None


@dataclass(frozen=True, slots=True)
class MembersView:
    """A page of a campaign's members."""

    campaign: CampaignHead
    rows: tuple[MemberRow, ...]
    paging: Paging


def member_source(store: CaseStore) -> str:
    """Return the query of all members of the case, with what it holds of them."""
    return TRACED if "members" in store.tables else PLAIN


def members_view(subject: Subject, query: MembersQuery) -> MembersView:
    """Return a page of a campaign's members."""
    store, campaign = subject.store, subject.campaign
    source, chosen = _members_of(store, campaign)
    wanted = [*chosen, query.q.strip()]
    matching = f"FROM ({source}) WHERE contains(lower(account_id), lower(${len(wanted)}))"
    n = int(store.rows(f"SELECT count(*) AS n {matching}", wanted)[0]["n"])
    where = paging(n, query.page, query.size, lambda page: members_address(campaign.id, query, page))
    k = len(wanted)
    found = store.rows(
        f"SELECT * {matching} ORDER BY {SORTS[query.sort]}, account_id LIMIT ${k + 1} OFFSET ${k + 2}",
        [*wanted, query.size, max(where.first - 1, 0)],
    )
    return MembersView(campaign_head(subject), tuple(_row(row) for row in found), where)


def _members_of(store: CaseStore, campaign: Campaign) -> tuple[str, list[Any]]:
    """Return the query of a campaign's members, one row each, and its parameters."""
    if store.shape(campaign.id) is None:
        return f"SELECT * FROM ({member_source(store)}) WHERE campaign_id = $1", [campaign.id]  # noqa: S608 - constants
    return UNITED.format(source=member_source(store)), [store.bases(campaign.id), list(campaign.accounts)]


def members_address(campaign_id: str, query: MembersQuery, page: int = 1) -> str:
    """Return the address of the members as asked for."""
    given = query.model_dump(exclude_defaults=True, exclude={"page"})
    return with_query(campaign_address(campaign_id, "members"), {**given, "page": page if page > 1 else None})


def _row(row: dict[str, Any]) -> MemberRow:
    names = MemberRow.__slots__
    values = {name: row[name] for name in names if name not in ("address", "shares")}
    return MemberRow(address=account_address(row["account_id"]), shares=tuple(row["shares"]), **values)
