"""What is known of a campaign from day to day: its record and the events in it."""

from dataclasses import dataclass
from typing import Final

ACTIVE: Final = "active"
DORMANT: Final = "dormant"
UNCONFIRMED: Final = "unconfirmed"
MERGED: Final = "merged"
ENDED: Final = "ended"
STATUSES: Final = (ACTIVE, DORMANT, UNCONFIRMED, MERGED, ENDED)
KINDS: Final = (
    "new", "grew", "shrank", "split", "merged", "dormant", "resumed", "replaced", "unconfirmed", "ended", "accused",
    "cleared",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a campaign.

    Args:
        day: last day of the window in which it was seen.
        kind: one of ``KINDS``.
        reason: a sentence with the numbers behind it.
        n_accounts: members then.
        campaigns: other campaigns that it concerns.
    """

    day: str
    kind: str
    reason: str
    n_accounts: int
    campaigns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sighting:
    """A group as one scan found it.

    Args:
        id: the id that it gets if it is new.
        accounts: members, sorted.
        phrases: values of phrases that hardly anybody outside uses, sorted; at most some hundreds.
        days: (account, day) pairs of its slice, sorted.
        exchanges, attempts: of its slice in the window.
        first_seen, last_seen: first and last day of its slice.
        leading_hypothesis, p_leading, q_value, is_accusation: as reported.
        is_coordinated: whether its q-value is below the level.
    """

    id: str
    accounts: tuple[str, ...]
    phrases: tuple[int, ...]
    days: tuple[tuple[str, str], ...]
    exchanges: int
    attempts: int
    first_seen: str
    last_seen: str
    leading_hypothesis: str
    p_leading: float
    q_value: float
    is_accusation: bool
    is_coordinated: bool


@dataclass(frozen=True, slots=True)
class Record:
    """A campaign from day to day.

    Args:
        id: given at its first sighting, and kept.
        status: one of ``STATUSES``.
        accounts: members at the last sighting, sorted.
        phrases: as of the last sighting.
        first_reported, last_reported: last days of the windows of the first and the last scan that found it.
        first_seen, last_seen: first and last day of any slice of it.
        exchanges, attempts: of the slice at the last sighting.
        leading_hypothesis, p_leading, q_value, is_accusation: at the last sighting.
        accused: last day of the window that first accused it, or null.
        exchanges_lost: exchanges of its slice up to then: what it had got before it was accused; null if never.
        bans_seen: days of mass bans of its members that were looked at.
        replaces, replaced_by, merged_into: other campaigns.
        events: in order.
    """

    id: str
    status: str
    accounts: tuple[str, ...]
    phrases: tuple[int, ...]
    first_reported: str
    last_reported: str
    first_seen: str
    last_seen: str
    exchanges: int
    attempts: int
    leading_hypothesis: str
    p_leading: float
    q_value: float
    is_accusation: bool
    accused: str | None = None
    exchanges_lost: int | None = None
    bans_seen: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    replaced_by: tuple[str, ...] = ()
    merged_into: str | None = None
    events: tuple[Event, ...] = ()

    @property
    def n_at_last_event(self) -> int:
        """Members at the last event: what growth is measured against."""
        return self.events[-1].n_accounts if self.events else len(self.accounts)
