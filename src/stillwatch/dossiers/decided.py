"""What a case keeps of a group beyond one scan: what analysts decided about it, and its story from day to day."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An account that an analyst left out of accusations: who, when and why."""

    account_id: str
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class DeskStatus:
    """What analysts decided about a group, or about the group of an earlier scan that it continues.

    Args:
        status: open, confirmed, dismissed, or reopened where a dismissed group has new evidence.
        by: who decided that last, or null where it is open.
        at: when, or null.
        reason: why, in their words.
        matched_id: the id that the decisions name; another one than the group's where it was matched by its members.
        overlap: the share of the decided group's accounts that are in this one, in [0, 1].
        new_evidence: sentences: what a dismissed group has now that it had not when it was dismissed.
        left_out: members that are left out of accusations.
        merged_with: ids of groups that analysts hold to be the same campaign.
        parts: account sets that analysts hold to be campaigns of their own.
        assigned_to: who works on it, or null.
    """

    status: str
    by: str | None
    at: datetime | None
    reason: str
    matched_id: str
    overlap: float
    new_evidence: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    merged_with: tuple[str, ...]
    parts: tuple[tuple[str, ...], ...]
    assigned_to: str | None


@dataclass(frozen=True, slots=True)
class LifecycleEvent:
    """Something that happened to a campaign between two scans of one state.

    Args:
        day: last day of the window in which it was seen, UTC, as 2026-03-01.
        kind: new, grew, shrank, split, merged, dormant, resumed, replaced, unconfirmed, ended, accused or cleared.
        reason: a sentence with the numbers behind it.
        n_accounts: members then.
        campaigns: ids of other campaigns that it concerns.
    """

    day: str
    kind: str
    reason: str
    n_accounts: int
    campaigns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """A campaign's story from day to day, as a state has recorded it.

    Args:
        status: active, dormant, unconfirmed, merged or ended.
        first_reported_on: last day of the window of the first scan that found it.
        accused_on: last day of the window that first accused it, or null.
        exchanges_lost: exchanges of its slice in that window: what was taken before it was accused; or null.
        replaces: ids of banned campaigns that it goes on for.
        replaced_by: ids of campaigns that go on for it.
        events: in order.
    """

    status: str
    first_reported_on: str
    accused_on: str | None
    exchanges_lost: int | None
    replaces: tuple[str, ...]
    replaced_by: tuple[str, ...]
    events: tuple[LifecycleEvent, ...]
