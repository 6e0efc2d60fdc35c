"""What holds after all decisions: the fold of the log, group by group."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from stillwatch.store.desk.decision import Decision

STATUS_OF: Final = {"confirm": "confirmed", "dismiss": "dismissed"}


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds for one group.

    Args:
        campaign_id: the id that the decisions name.
        status: the decision that gave the group its status, or null where it is open.
        merged_with: ids of groups held to be the same.
        parts: account sets held to be campaigns of their own.
        assigned_to: who works on it, or null.
        notes: what was written, oldest first.
        newest: the number of the newest decision about it; what a form carries as ``seen``.
        snapshots: digests of the group's evidence, as decisions kept it, undone or not; the newest last.
    """

    campaign_id: str
    status: Decision | None = None
    merged_with: tuple[str, ...] = ()
    parts: tuple[tuple[str, ...], ...] = ()
    assigned_to: str | None = None
    notes: tuple[Decision, ...] = ()
    newest: int = 0
    snapshots: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the status as a word: open, confirmed or dismissed."""
        return STATUS_OF[self.status.kind] if self.status else "open"


@dataclass(frozen=True, slots=True)
class Desk:
    """What holds for all groups, and which accounts are left out of accusations wherever they stand."""

    groups: Mapping[str, Standing] = field(default_factory=dict)
    left_out: Mapping[str, Decision] = field(default_factory=dict)

    def of(self, campaign_id: str) -> Standing:
        """Return what holds for a group; an untouched one is open."""
        return self.groups.get(campaign_id, Standing(campaign_id))


def standing(log: Iterable[Decision]) -> Desk:
    """Return what holds after a log of decisions, in order; what was undone counts as if it had not been made."""
    groups: dict[str, _Fold] = {}
    left_out: dict[str, Decision] = {}
    for item in log:
        for campaign_id in (item.campaign_id, *item.campaigns):
            groups.setdefault(campaign_id, _Fold(campaign_id)).take(item)
        if item.kind == "exclude" and item.undone_by is None:
            left_out.update(dict.fromkeys(item.accounts, item))
    return Desk({name: fold.result() for name, fold in groups.items()}, left_out)


class _Fold:
    """Gathers the decisions about one group."""

    def __init__(self, campaign_id: str) -> None:
        self._id = campaign_id
        self._status: Decision | None = None
        self._merged: dict[str, None] = {}
        self._parts: list[tuple[str, ...]] = []
        self._assigned: str | None = None
        self._notes: list[Decision] = []
        self._newest = 0
        self._snapshots: list[str] = []

    def take(self, item: Decision) -> None:
        """Count one decision in."""
        self._newest = item.id
        if self._id in item.snapshots:
            self._snapshots.append(item.snapshots[self._id])
        if item.undone_by is not None:
            return
        if item.kind in STATUS_OF and item.campaign_id == self._id:
            self._status = item
        elif item.kind == "merge":
            self._merged.update(dict.fromkeys(one for one in (item.campaign_id, *item.campaigns) if one != self._id))
        elif item.kind == "split":
            self._parts.append(item.accounts)
        elif item.kind == "assign":
            self._assigned = item.assignee or None
        elif item.kind == "note":
            self._notes.append(item)

    def result(self) -> Standing:
        """Return what holds."""
        return Standing(
            self._id, self._status, tuple(self._merged), tuple(self._parts), self._assigned, tuple(self._notes),
            self._newest, tuple(self._snapshots),
        )  # fmt: skip
