"""A case beside the truth of the world it was made from: what was found, and who was accused wrongly."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Final

import pyarrow as pa

from stillwatch.dossiers.case import Case

DISTILLATION: Final = "distillation"
ORGANIC: Final = "organic"


@dataclass(frozen=True, slots=True)
class Planted:
    """A campaign of the world, and how many of its accounts are in a group that is accused."""

    group_id: str
    n_accounts: int
    n_found: int
    is_found: bool  # more than half of its accounts


@dataclass(frozen=True, slots=True)
class Innocent:
    """A class of accounts that does not distil without leave, and how many of them are accused; none should be."""

    name: str
    n_accounts: int
    n_accused: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a case found of what is true."""

    planted: tuple[Planted, ...]
    innocent: tuple[Innocent, ...]

    def as_document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return it for people."""
        lines = ["beside the truth of this world"]
        for one in self.planted:
            found = "found" if one.is_found else "missed"
            lines.append(f"  planted {one.group_id:<24} {found:<7} {one.n_found:,} of {one.n_accounts:,} accounts")
        n_accused = sum(one.n_accused for one in self.innocent)
        n_accounts = sum(one.n_accounts for one in self.innocent)
        lines.append(f"  accused without cause: {n_accused:,} of {n_accounts:,} accounts (0 expected)")
        lines += [f"    {one.name:<26} {one.n_accused:,} of {one.n_accounts:,}" for one in self.innocent]
        return lines


def compare(case: Case, truth_accounts: pa.Table) -> Comparison:
    """Return a case's accused accounts by their true class and group.

    Args:
        case: what a scan found.
        truth_accounts: ``account_id``, ``class`` and ``group_id`` of every account of the world.
    """
    accused = {account for campaign in case.campaigns if campaign.is_accusation for account in campaign.accounts}
    groups: Counter[str] = Counter()
    groups_found: Counter[str] = Counter()
    classes: Counter[str] = Counter()
    classes_accused: Counter[str] = Counter()
    columns = (truth_accounts[name].to_pylist() for name in ("account_id", "class", "group_id"))
    for account, label, group in zip(*columns, strict=True):
        is_planted = label == DISTILLATION
        (groups if is_planted else classes)[group if is_planted else label] += 1
        if account in accused:
            (groups_found if is_planted else classes_accused)[group if is_planted else label] += 1
    return Comparison(
        tuple(Planted(name, n, groups_found[name], 2 * groups_found[name] > n) for name, n in sorted(groups.items())),
        tuple(
            Innocent(name, n, classes_accused[name])
            for name, n in sorted(classes.items(), key=lambda item: (item[0] == ORGANIC, item[0]))
        ),
    )
