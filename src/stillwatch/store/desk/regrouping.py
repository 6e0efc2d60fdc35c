"""The groups of a case as analysts hold them: merges unite groups, splits take members out into a group of their own.

Merges and splits are applied in the order in which they were decided; one that was undone counts as if it had not been
made. A part keeps one id whatever the scan finds, for the id follows from the accounts that were split off.

Source: ours, docs/desk.md (merge and split).
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from stillwatch.dossiers.case import Case
from stillwatch.store.desk.decision import Decision

DOMAIN: Final = b"stillwatch.part/1\n"  # so that no other digest of ours is a part's id


@dataclass(frozen=True, slots=True)
class Shape:
    """One group as analysts hold it.

    Args:
        id: under which it stands: of the group that the others were merged into, or the part's own.
        bases: ids of the case's groups that its evidence was weighed on, in the order of the case.
        accounts: its members.
        decisions: numbers of the merges and splits that made it what it is, in order.
        is_part: whether it was split off.
    """

    id: str
    bases: tuple[str, ...]
    accounts: tuple[str, ...]
    decisions: tuple[int, ...]
    is_part: bool

    @property
    def is_changed(self) -> bool:
        """Return whether it is another group than the scan found."""
        return bool(self.decisions)


@dataclass(frozen=True, slots=True)
class Regrouping:
    """All groups of a case as analysts hold them, and every other id that stands for one of them."""

    shapes: tuple[Shape, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_changed(self) -> bool:
        """Return whether any group is another one than the scan found."""
        return any(shape.is_changed for shape in self.shapes)


def part_id(accounts: Iterable[str]) -> str:
    """Return the id of a part: the same for the same accounts, in any order, in every scan."""
    listed = "\n".join(sorted(accounts)).encode("utf-8", "surrogatepass")
    return "c-" + hashlib.sha256(DOMAIN + listed).hexdigest()[:12]


def regrouping(case: Case, known_as: Mapping[str, tuple[str, ...]], log: Iterable[Decision]) -> Regrouping:
    """Return the groups of a case after the merges and splits of a log.

    Guarantee: without a merge or split that holds, nothing is changed; no account is lost; every id that a decision
    names and that stands for a group resolves to one.

    Args:
        case: what the scan found.
        known_as: by campaign id, the ids under which decisions name it.
        log: all decisions, in order.
    """
    table = _Table(case, known_as)
    for item in log:
        if item.undone_by is None and item.kind == "merge":
            table.merge(item)
        elif item.undone_by is None and item.kind == "split":
            table.split(item)
    return table.result()


@dataclass(slots=True, eq=False)
class _Cell:
    id: str
    bases: list[str]
    accounts: dict[str, None]
    decisions: list[int] = field(default_factory=list)
    is_part: bool = False


class _Table:
    """The groups while decisions are applied to them, and by which names they go."""

    def __init__(self, case: Case, known_as: Mapping[str, tuple[str, ...]]) -> None:
        self._cells: list[_Cell] = []
        self._named: dict[str, list[_Cell]] = {}
        self._place = {campaign.id: place for place, campaign in enumerate(case.campaigns)}
        for campaign in case.campaigns:
            cell = _Cell(campaign.id, [campaign.id], dict.fromkeys(campaign.accounts))
            self._cells.append(cell)
            for name in (campaign.id, *known_as.get(campaign.id, ())):
                if cell not in self._named.setdefault(name, []):
                    self._named[name].append(cell)

    def merge(self, item: Decision) -> None:
        """Unite the groups that a decision names, under the name of the first."""
        names = (item.campaign_id, *item.campaigns)
        cells = list(dict.fromkeys(cell for name in names for cell in self._named.get(name, ())))
        if not cells:
            return
        first, others = cells[0], cells[1:]
        for other in others:
            first.bases += [base for base in other.bases if base not in first.bases]
            first.accounts |= other.accounts
            first.decisions += [number for number in other.decisions if number not in first.decisions]
            self._cells.remove(other)
        if others:
            first.decisions.append(item.id)
            first.bases.sort(key=self._place.__getitem__)
        for known in self._named.values():
            known[:] = dict.fromkeys(first if cell in others else cell for cell in known)
        for name in names:
            self._named.setdefault(name, [first])

    def split(self, item: Decision) -> None:
        """Take the accounts that a decision names out of its group, into a part of their own."""
        name = part_id(item.accounts)
        part = _Cell(name, [], {}, [item.id], is_part=True)
        for cell in list(self._named.get(item.campaign_id, ())):
            taken = [account for account in item.accounts if account in cell.accounts]
            if len(taken) == len(cell.accounts):  # the scan found the part by itself
                self._named.setdefault(name, []).append(cell)
            elif taken:
                cell.accounts = {account: None for account in cell.accounts if account not in set(taken)}
                cell.decisions.append(item.id)
                part.accounts |= dict.fromkeys(taken)
                part.bases += [base for base in cell.bases if base not in part.bases]
        if part.accounts:
            self._named[name] = [part]
            self._cells.append(part)
        elif name not in self._named:  # an earlier scan was given the decision, and the case has the part by itself
            mine = set(item.accounts)
            alike = [cell for cell in self._cells if 2 * len(mine & cell.accounts.keys()) > len(cell.accounts)]
            self._named[name] = alike[:1]

    def result(self) -> Regrouping:
        """Return the groups in the order of the case, a part behind what it was split from."""
        order = sorted(self._cells, key=lambda cell: (self._place[cell.bases[0]], cell.is_part))
        shapes = tuple(
            Shape(cell.id, tuple(cell.bases), tuple(cell.accounts), tuple(cell.decisions), cell.is_part)
            for cell in order
        )
        ids = {shape.id for shape in shapes}
        return Regrouping(
            shapes, {name: cells[0].id for name, cells in self._named.items() if name not in ids and cells}
        )
