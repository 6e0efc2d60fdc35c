"""The queue: the groups of a case, ranked, filtered and sorted."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from stillwatch.dossiers.case import Campaign, Case
from stillwatch.dossiers.decided import DeskStatus
from stillwatch.dossiers.render import verdict
from stillwatch.service.console.address import campaign_address, with_query
from stillwatch.service.console.views.paging import Paging, paged

Standing = Literal["accused", "undetermined", "authorised", "explained"]
Order = Literal["rank", "accounts", "exchanges", "posterior", "q", "first_seen", "last_seen"]

Status = Literal["open", "confirmed", "dismissed", "reopened"]

STANDINGS: Final[tuple[Standing, ...]] = ("accused", "undetermined", "authorised", "explained")
STATUSES: Final[tuple[Status, ...]] = ("open", "confirmed", "dismissed", "reopened")
ME: Final = "me"
NOBODY: Final = "nobody"
SAVED: Final = (
    ("Everything", ""),
    ("Accused, nobody decided", "standing=accused&status=open"),
    ("Accused, nobody's", "standing=accused&assignee=nobody"),
    ("Mine, nobody decided", "status=open&assignee=me"),
    ("Confirmed", "status=confirmed"),
    ("Reopened by new evidence", "status=reopened"),
    ("Could not be told", "standing=undetermined"),
    ("Largest first", "sort=exchanges"),
    ("Seen last", "sort=last_seen"),
)
"""The views that come with the console; an analyst's own are kept by the browser."""


class QueueQuery(BaseModel):
    """What the queue is asked for.

    Args:
        q: part of a group's id or of its explanation.
        standing: how the group stands.
        hypothesis: its leading hypothesis, by name.
        status: what analysts decided.
        assignee: who works on it; ``me`` for who asks, ``nobody`` for groups that nobody works on.
        sort: by what it is ordered, the largest or latest first; ``rank`` puts accusations first.
        page: 1 is the first.
        size: groups a page.
    """

    q: str = Field(default="", max_length=200)
    standing: Standing | Literal[""] = ""
    hypothesis: str = Field(default="", max_length=100)
    status: Status | Literal[""] = ""
    assignee: str = Field(default="", max_length=64)
    sort: Order = "rank"
    page: int = Field(default=1, ge=1, le=100_000)
    size: int = Field(default=25, ge=1, le=100)


@dataclass(frozen=True, slots=True)
class Work:
    """What the desk knows of a case's groups, for the queue.

    Args:
        statuses: by group, where anything was decided.
        made_of: by group, how many of the scan's groups it was merged from, where that is more than one.
        parts: groups that were split off.
        me: who asks, or empty.
    """

    statuses: Mapping[str, DeskStatus] = field(default_factory=dict)
    made_of: Mapping[str, int] = field(default_factory=dict)
    parts: frozenset[str] = frozenset()
    me: str = ""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One group in the queue.

    Args:
        rank: its place among all groups of the case.
        status: what analysts decided.
        assigned_to: who works on it, or null.
        n_merged: how many of the scan's groups it was merged from; 1 for most.
        is_part: whether it was split off.
        activity: exchanges of its slice in equal steps over its span.
        withheld: why an undetermined group is not accused, a few words each.
    """

    rank: int
    id: str
    address: str
    title: str
    leading_hypothesis: str
    standing: Standing
    p_leading: float
    q_value: float
    n_accounts: int
    n_entities: int
    exchanges: int
    attempts: int
    first_seen_at: datetime
    last_seen_at: datetime
    activity: tuple[int, ...]
    status: Status
    assigned_to: str | None
    n_merged: int
    is_part: bool
    withheld: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter, with how many groups of the case have it."""

    value: str
    title: str
    n: int


@dataclass(frozen=True, slots=True)
class QueueView:
    """The queue as it is shown."""

    finding: str
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    n_groups: int
    standings: tuple[Choice, ...]
    hypotheses: tuple[Choice, ...]
    statuses: tuple[Choice, ...]
    assignees: tuple[Choice, ...]
    rows: tuple[QueueRow, ...]
    paging: Paging


def standing(campaign: Campaign) -> Standing:
    """Return how a group stands: whether it is accused, and if not, why."""
    if campaign.is_accusation:
        return "accused"
    if campaign.leading_hypothesis == verdict.UNDETERMINED:
        return "undetermined"
    return "authorised" if campaign.leading_hypothesis.startswith("authorised") else "explained"


def ranked(case: Case) -> tuple[Campaign, ...]:
    """Return the groups in the order in which they are worth a look: accused, untold, the rest; the larger first."""
    order = {name: place for place, name in enumerate(("accused", "undetermined", "explained", "authorised"))}
    return tuple(sorted(case.campaigns, key=lambda one: (order[standing(one)], -one.exchanges, one.id)))


SORT_TITLES: Final[tuple[tuple[Order, str], ...]] = (
    ("rank", "accused first, then largest"),
    ("accounts", "most accounts"),
    ("exchanges", "most exchanges"),
    ("posterior", "surest explanation"),
    ("q", "least q-value"),
    ("first_seen", "began last"),
    ("last_seen", "seen last"),
)
SORTS: Final[dict[Order, Callable[[QueueRow], Any]]] = {
    "rank": lambda row: row.rank,
    "accounts": lambda row: -row.n_accounts,
    "exchanges": lambda row: -row.exchanges,
    "posterior": lambda row: -row.p_leading,
    "q": lambda row: row.q_value,
    "first_seen": lambda row: -row.first_seen_at.timestamp(),
    "last_seen": lambda row: -row.last_seen_at.timestamp(),
}


def queue_view(case: Case, query: QueueQuery, work: Work | None = None) -> QueueView:
    """Return the queue of a case, with what the desk knows of it."""
    work = work or Work()
    rows = [_row(rank, campaign, work) for rank, campaign in enumerate(ranked(case), start=1)]
    kept = [row for row in rows if _matches(row, query, work.me)]
    kept.sort(key=lambda row: (SORTS[query.sort](row), row.rank))
    shown, paging = paged(kept, query.page, query.size, lambda page: queue_address(query, page))
    of_standing = Counter(row.standing for row in rows)
    of_hypothesis = Counter((row.leading_hypothesis, row.title) for row in rows)
    of_status = Counter(row.status for row in rows)
    return QueueView(
        verdict.verdict(case),
        case.first_seen_at,
        case.last_seen_at,
        len(rows),
        tuple(Choice(name, verdict.humanised(name), of_standing[name]) for name in STANDINGS),
        tuple(Choice(name, title, n) for (name, title), n in sorted(of_hypothesis.items(), key=lambda one: one[0][1])),
        tuple(Choice(name, verdict.humanised(name), of_status[name]) for name in STATUSES),
        _assignees(rows, work.me),
        tuple(shown),
        paging,
    )


def _assignees(rows: list[QueueRow], me: str) -> tuple[Choice, ...]:
    """Return who works on how many groups: who asks first, then nobody, then the others by name."""
    of_person = Counter(row.assigned_to or "" for row in rows)
    others = [Choice(name, name, n) for name, n in sorted(of_person.items()) if name not in ("", me)]
    mine = [Choice(ME, "Mine", of_person[me])] if me else []
    return (*mine, Choice(NOBODY, "Nobody's", of_person[""]), *others)


def queue_address(query: QueueQuery, page: int = 1) -> str:
    """Return the address of the queue as asked for; what is left at its default is left out."""
    given = query.model_dump(exclude_defaults=True, exclude={"page"})
    return with_query("/campaigns", {**given, "page": page if page > 1 else None})


def queue_with(query: QueueQuery, **changes: object) -> str:
    """Return the address of the queue's first page with some of what it is asked for changed."""
    return queue_address(query.model_copy(update=changes))


def _matches(row: QueueRow, query: QueueQuery, me: str) -> bool:
    wanted = query.q.strip().casefold()
    assignee = {ME: me or None, NOBODY: ""}.get(query.assignee, query.assignee)
    return (
        (not query.standing or row.standing == query.standing)
        and (not query.status or row.status == query.status)
        and (not query.assignee or (row.assigned_to or "") == assignee)
        and (not query.hypothesis or row.leading_hypothesis == query.hypothesis)
        and (not wanted or wanted in row.id.casefold() or wanted in row.title.casefold())
    )


def _row(rank: int, campaign: Campaign, work: Work) -> QueueRow:
    status = work.statuses.get(campaign.id)
    return QueueRow(
        rank,
        campaign.id,
        campaign_address(campaign.id),
        verdict.leading_title(campaign),
        campaign.leading_hypothesis,
        standing(campaign),
        campaign.p_leading,
        campaign.q_value,
        campaign.n_accounts,
        campaign.n_entities,
        campaign.exchanges,
        campaign.attempts,
        campaign.first_seen_at,
        campaign.last_seen_at,
        pooled(campaign.timeline.extraction),
        next((name for name in STATUSES if status is not None and name == status.status), "open"),
        status.assigned_to if status else None,
        work.made_of.get(campaign.id, 1),
        campaign.id in work.parts,
        campaign.withheld,
    )


def pooled(counts: tuple[int, ...], most: int = 32) -> tuple[int, ...]:
    """Return counts a step, neighbouring steps added up so that at most ``most`` are left."""
    size = max(1, -(-len(counts) // most))
    return tuple(sum(counts[at : at + size]) for at in range(0, len(counts), size))
