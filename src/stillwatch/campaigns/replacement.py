"""A banned pool's replacement: inside one campaign, or as a new campaign that is linked to the banned one.

Guarantee: strangers who use one public app are not linked. A link between campaigns needs all of: most members of the
earlier one banned; the later one coordinated beyond chance by its own group test; hardly an account in both; its first
exchange within days of the bans; and at least half of the fewer *rare* phrases in common, where rare means that those
outside the campaign hardly use it, in each campaign's own window. A public app's phrases are rare in neither.

Source: ours: docs/decisions/0014-state.md; the pattern: a pool banned as a whole and replaced within hours, as in the
providers' reports of 2026.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from stillwatch.campaigns.record import Record, Sighting

MOSTLY_BANNED: Final = 0.5  # of the members: a pool, not single accounts
LEAST_BANNED: Final = 5  # members, as the smallest group that is reported
EARLY_DAYS: Final = 1  # before the ban: pools are made ready in advance
LATE_DAYS: Final = 14  # after it: later ones may come from anywhere
LEAST_PHRASES: Final = 4  # in common; a template of a sentence has more
LEAST_COMMON: Final = 0.5  # of the smaller set of rare phrases
MOST_MEMBERS: Final = 0.2  # in common: beyond, it is the same pool


@dataclass(frozen=True, slots=True)
class Inside:
    """A mass ban in a campaign whose place others took: its day and what was seen."""

    day: str
    reason: str


@dataclass(frozen=True, slots=True)
class Link:
    """A later campaign that goes on for a banned one."""

    old: str
    new: str
    reason: str


def replaced_inside(sighting: Sighting, bans: Mapping[str, str], seen: tuple[str, ...]) -> Inside | None:
    """Return the mass ban after which further members took over; bans up to a day that was ``seen`` are left out."""
    latest = max(seen, default="")
    banned = {account: bans[account] for account in sighting.accounts if bans.get(account, "") > latest}
    day = _middle(banned.values())
    if day is None or len(banned) < LEAST_BANNED:
        return None
    began: dict[str, str] = {}
    for account, active in sighting.days:
        began[account] = min(active, began.get(account, active))
    at_work = [account for account, first in began.items() if first < day or account in banned]
    early = _moved(day, -EARLY_DAYS)
    took_over = [account for account, first in began.items() if account not in banned and first >= early]
    if len(banned) < MOSTLY_BANNED * len(at_work) or len(took_over) < max(LEAST_BANNED, MOSTLY_BANNED * len(banned)):
        return None
    reason = (
        f"{len(banned)} of {len(at_work)} members were banned around {day}; "
        f"{len(took_over)} others began from {min(began[account] for account in took_over)} on"
    )
    return Inside(day, reason)


def replacement_links(
    records: Mapping[str, Record], fresh: Mapping[str, Sighting], before: Iterable[Record], banned: Mapping[str, str]
) -> tuple[Link, ...]:
    """Return the links from banned campaigns to groups that are new in this scan.

    Args:
        records: all campaigns after this scan.
        fresh: this scan's new groups by their ids.
        before: the campaigns before this scan.
        banned: day of the ban of every banned account that is known.
    """
    found = []
    for new, sighting in fresh.items():
        if not sighting.is_coordinated:
            continue
        for one in before:
            reason = None if new in records[one.id].replaced_by else _goes_on(one, sighting, banned)
            if reason is not None:
                found.append(Link(one.id, new, reason))
    return tuple(found)


def _goes_on(one: Record, sighting: Sighting, banned: Mapping[str, str]) -> str | None:
    days = [banned[account] for account in one.accounts if account in banned]
    day = _middle(days)
    if day is None or len(days) < max(LEAST_BANNED, MOSTLY_BANNED * len(one.accounts)):
        return None
    if not _moved(day, -EARLY_DAYS) <= sighting.first_seen <= _moved(day, LATE_DAYS):
        return None
    members = set(one.accounts) & set(sighting.accounts)
    if len(members) > MOST_MEMBERS * min(len(one.accounts), len(sighting.accounts)):
        return None
    common = set(one.phrases) & set(sighting.phrases)
    smaller = min(len(one.phrases), len(sighting.phrases))
    if len(common) < max(LEAST_PHRASES, LEAST_COMMON * smaller):
        return None
    return (
        f"{len(days)} of {len(one.accounts)} members of {one.id} were banned around {day}; it began on "
        f"{sighting.first_seen} with {len(common)} of {smaller} phrases that hardly anybody else used"
    )


def _middle(days: Iterable[str]) -> str | None:
    ordered = sorted(days)
    return ordered[len(ordered) // 2] if ordered else None


def _moved(day: str, by: int) -> str:
    return date.fromordinal(date.fromisoformat(day).toordinal() + by).isoformat()
