"""What the desk holds of one group, as its page shows it and as its forms need it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from stillwatch.dossiers.case import Campaign
from stillwatch.dossiers.decided import DeskStatus
from stillwatch.service.console.store import CaseStore
from stillwatch.service.console.views.campaign import PARTS, campaign_head, subject_of
from stillwatch.service.console.views.lookalike import nearest
from stillwatch.service.console.views.queue import Standing
from stillwatch.store.desk.database import Database
from stillwatch.store.desk.decision import Decision, decisions, described
from stillwatch.store.desk.matching import held_of
from stillwatch.store.desk.person import people
from stillwatch.store.desk.proposal import proposals
from stillwatch.store.desk.regrouping import Shape

TABS: Final = {"desk": "History", "dossier": "Dossier"}
MOST_OTHERS: Final = 40  # listed to merge with


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One decision.

    Args:
        at: when, aware UTC.
        sentence: who did what.
        reason: why.
        about: the group that it was recorded about.
        undone_by: the number of the decision that undid it, or null.
        can_be_undone: whether it can be undone from here.
        seen: the newest decision about that group, for the form that undoes it.
    """

    id: int
    at: datetime
    kind: str
    sentence: str
    reason: str
    about: str
    undone_by: int | None
    can_be_undone: bool
    seen: int


@dataclass(frozen=True, slots=True)
class Other:
    """Another group of the case, to merge with; the likest first."""

    id: str
    title: str
    standing: Standing
    n_accounts: int


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """One proposal: its id, step, who proposed it when, how many it touches and spares, and how it stands."""

    id: str
    campaign_id: str
    step: str
    proposed_by: str
    proposed_at: datetime
    touched: int
    spared: int
    state: str


@dataclass(frozen=True, slots=True)
class DeskView:
    """What the desk holds of a group.

    Args:
        campaign_id: the group, as the case names it.
        key: the id under which decisions about it are kept.
        seen: the newest decision about it, for forms.
        status: what holds, or null where nothing was decided.
        history: all decisions about it and about what it was made of, the newest first.
        proposals: all proposals against it, the newest first.
        others: the case's other groups, the likest first.
        people: names of those who may work on it.
    """

    campaign_id: str
    key: str
    seen: int
    status: DeskStatus | None
    history: tuple[HistoryRow, ...]
    proposals: tuple[ProposalRow, ...]
    others: tuple[Other, ...]
    people: tuple[str, ...]

    def recorded(self, number: int) -> HistoryRow | None:
        """Return a decision about the group by its number, or null; for the word that says what was just recorded."""
        return next((row for row in self.history if row.id == number), None)


def desk_view(database: Database, store: CaseStore, campaign: Campaign) -> DeskView:
    """Return what the desk holds of a group of a case, as analysts hold the group."""
    status = held_of(database, store.case).statuses.get(campaign.id)
    key = key_of(status, campaign)
    log = decisions(database)
    return DeskView(
        campaign_id=campaign.id,
        key=key,
        seen=_newest(log, key),
        status=status,
        history=_history(log, key, store.shape(campaign.id)),
        proposals=proposal_rows(database, key),
        others=_others(store, campaign),
        people=tuple(one.name for one in people(database) if one.may_decide and not one.is_disabled),
    )


def framed(store: CaseStore, campaign: Campaign, part: str) -> dict[str, Any]:
    """Return what the frame of a campaign's page needs for a part of the desk's: desk or dossier."""
    return {
        "head": campaign_head(subject_of(store, campaign.id)),
        "part": part,
        "tab": TABS[part],
        "parts": PARTS,
        "campaign": campaign,
    }


def key_of(status: DeskStatus | None, campaign: Campaign) -> str:
    """Return the id under which decisions about a group are kept: that of the decided group that it continues."""
    return status.matched_id if status else campaign.id


def proposal_rows(database: Database, key: str | None = None) -> tuple[ProposalRow, ...]:
    """Return all proposals, or those against one group, the newest first."""
    return tuple(
        ProposalRow(
            item.proposal.id,
            item.proposal.group.campaign_id,
            item.proposal.step,
            item.proposal.proposed_by,
            item.proposal.proposed_at,
            len(item.proposal.dry_run.touched),
            len(item.proposal.dry_run.spared),
            item.state,
        )
        for item in proposals(database, key)
    )


def _newest(log: tuple[Decision, ...], key: str) -> int:
    return max((item.id for item in log if key in (item.campaign_id, *item.campaigns)), default=0)


def _history(log: tuple[Decision, ...], key: str, shape: Shape | None) -> tuple[HistoryRow, ...]:
    """Return the decisions about a group, and those about the groups that it was made of, the newest first."""
    made_by = shape.decisions if shape else ()
    names = {key, *(name for item in log if item.id in made_by for name in (item.campaign_id, *item.campaigns))}
    found = [item for item in log if names.intersection((item.campaign_id, *item.campaigns))]
    return tuple(_row(item, key, _newest(log, item.campaign_id), item.id in made_by) for item in reversed(found))


def _row(item: Decision, key: str, seen: int, is_making: bool) -> HistoryRow:  # noqa: FBT001 - from _history alone
    is_open = item.undone_by is None and item.kind not in ("undo", "note")
    can_be_undone = is_open and (is_making or key in (item.campaign_id, *item.campaigns))
    at = datetime.fromisoformat(item.at)
    about = item.campaign_id
    return HistoryRow(item.id, at, item.kind, described(item), item.reason, about, item.undone_by, can_be_undone, seen)


def _others(store: CaseStore, campaign: Campaign) -> tuple[Other, ...]:
    return tuple(
        Other(one.campaign_id, one.title, one.standing, store.campaign(one.campaign_id).n_accounts)
        for one in nearest(store.case, campaign)[:MOST_OTHERS]
    )
