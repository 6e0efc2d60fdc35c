"""What the desk holds of one group, as its page shows it and as its forms need it."""

from dataclasses import dataclass
from typing import Any, Final

from stillwatch.dossiers.case import Campaign, Case, DeskStatus
from stillwatch.service.console.views.campaign import PARTS, campaign_head
from stillwatch.store.desk.database import Database
from stillwatch.store.desk.decision import Decision, decisions, described
from stillwatch.store.desk.matching import held_of
from stillwatch.store.desk.person import people
from stillwatch.store.desk.proposal import proposals

TABS: Final = {"desk": "History", "dossier": "Dossier"}


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One decision: its number, when, what (a sentence), why, by whom it was undone, and whether it can be undone."""

    id: int
    at: str
    kind: str
    sentence: str
    reason: str
    undone_by: int | None
    can_be_undone: bool


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """One proposal: its id, step, who proposed it when, how many it touches and spares, and how it stands."""

    id: str
    campaign_id: str
    step: str
    proposed_by: str
    proposed_at: str
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
        history: all decisions, the newest first.
        proposals: all proposals against it, the newest first.
        others: ids of the case's other groups.
        people: names of those who may work on it.
    """

    campaign_id: str
    key: str
    seen: int
    status: DeskStatus | None
    history: tuple[HistoryRow, ...]
    proposals: tuple[ProposalRow, ...]
    others: tuple[str, ...]
    people: tuple[str, ...]

    def recorded(self, number: int) -> HistoryRow | None:
        """Return a decision about the group by its number, or null; for the word that says what was just recorded."""
        return next((row for row in self.history if row.id == number), None)


def desk_view(database: Database, case: Case, campaign: Campaign) -> DeskView:
    """Return what the desk holds of a group of a case."""
    status = held_of(database, case).statuses.get(campaign.id)
    key = key_of(status, campaign)
    log = decisions(database, key)
    return DeskView(
        campaign_id=campaign.id,
        key=key,
        seen=log[-1].id if log else 0,
        status=status,
        history=tuple(_row(item) for item in reversed(log)),
        proposals=proposal_rows(database, key),
        others=tuple(item.id for item in case.campaigns if item.id != campaign.id),
        people=tuple(one.name for one in people(database) if one.may_decide and not one.is_disabled),
    )


def framed(case: Case, campaign: Campaign, part: str) -> dict[str, Any]:
    """Return what the frame of a campaign's page needs for a part of the desk's: desk or dossier."""
    return {
        "head": campaign_head(case, campaign),
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
            item.proposal.proposed_at.isoformat(),
            len(item.proposal.dry_run.touched),
            len(item.proposal.dry_run.spared),
            item.state,
        )
        for item in proposals(database, key)
    )


def _row(item: Decision) -> HistoryRow:
    can_be_undone = item.undone_by is None and item.kind not in ("undo", "note")
    return HistoryRow(item.id, item.at, item.kind, described(item), item.reason, item.undone_by, can_be_undone)
