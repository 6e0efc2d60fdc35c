"""Entities: accounts folded where they openly belong together.

What counts later is coordination across *undeclared* ties, so a tie that is declared must not count: the accounts of
one verified organisation are one entity, and so is a disclosed aggregator. An unverified organisation proves nothing
and folds nothing; neither does anything that a caller can write into a request.

That holds as long as an organisation *is* one. A reseller, a marketplace, a gateway or a university verifies itself and
has hundreds of accounts that nobody there could answer for together. Such a *house*, of more than ``MOST_FOLDED``
accounts, is not folded: each of its accounts is an entity, judged by itself, while what ties two accounts of one house
to each other still proves nothing: no shared value, no hand-over and no moment in time (``house``).

Source: ours: docs/decisions/0040-houses.md.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np

from stillwatch.links.population import BoolArray, CodeArray, IntArray, Population

AGGREGATOR_PREFIX = "aggregator:"
MOST_FOLDED: Final = 100  # accounts of one programme; the largest firm of any world or examiner's log has 89
NO_HOUSE: Final = -1


def _none() -> CodeArray:
    return np.zeros(0, np.int32)


@dataclass(frozen=True)
class Entities:
    """The entity of each account.

    Args:
        of_account: (n_accounts,) entity index; entities are numbered in the order of their first account.
        n: number of entities.
        n_exchanges: (n,) exchanges of each.
        is_declared: (n,) whether a verified organisation or a disclosed aggregator stands for it openly.
        house: (n,) the organisation or aggregator too large to be one that an entity belongs to, ``NO_HOUSE`` for none;
            empty where nobody has one.
    """

    of_account: CodeArray
    n: int
    n_exchanges: IntArray
    is_declared: BoolArray
    house: CodeArray = field(default_factory=_none)

    @property
    def has_house(self) -> BoolArray:
        """Return, (n,), which entities are accounts of a house."""
        return self.house >= 0 if len(self.house) else np.zeros(self.n, bool)

    @cached_property
    def declared_as(self) -> IntArray:
        """Return, (n,), a number for each entity that those of one house have in common."""
        numbers = np.arange(self.n, dtype=np.int64)
        return np.where(self.has_house, self.n + self.house, numbers) if len(self.house) else numbers

    def in_one_house(self, one: IntArray, other: IntArray) -> BoolArray:
        """Return, for pairs of entities, whether both belong to one house: what ties them proves nothing."""
        if not len(self.house):
            return np.zeros(len(one), bool)
        return np.asarray((self.house[one] >= 0) & (self.house[one] == self.house[other]), np.bool_)

    @cached_property
    def accounts(self) -> tuple[IntArray, IntArray]:
        """Return the accounts sorted by entity, and where each entity's begin, (n + 1,)."""
        order = np.argsort(self.of_account, kind="stable").astype(np.int64)
        return order, np.searchsorted(self.of_account[order], np.arange(self.n + 1)).astype(np.int64)


def fold_accounts(population: Population) -> Entities:
    """Return the entities of a population.

    An account belongs to its organisation's entity where that organisation is verified; to an aggregator's where all
    its exchanges came through that one disclosed aggregator; otherwise to itself alone, and so where more than
    ``MOST_FOLDED`` would be one.
    """
    accounts = population.accounts
    n = len(accounts)
    organisation = accounts.keys["organisation_id"].code
    label = np.arange(n, dtype=np.int64)
    folds = accounts.is_verified & (organisation >= 0)
    label[folds] = n + organisation[folds].astype(np.int64)
    aggregator = _aggregator_of_account(population)
    through = (aggregator >= 0) & ~folds
    label[through] = n + len(accounts.keys["organisation_id"].values) + aggregator[through]
    crowd = np.bincount(label, minlength=n)[label] > MOST_FOLDED
    house_of_account = np.where(crowd, label - n, NO_HOUSE)
    label = np.where(crowd, np.arange(n), label)
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int32)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first), dtype=np.int32)
    of_account = rank[inverse]
    sizes = np.diff(population.exchanges.first)
    n_exchanges = np.bincount(of_account, weights=sizes, minlength=len(first)).astype(np.int64)
    is_declared = np.zeros(len(first), bool)
    is_declared[of_account[(folds | through) & ~crowd]] = True
    house = _none()
    if np.any(crowd):
        house = np.full(len(first), NO_HOUSE, np.int32)
        house[of_account] = house_of_account
    return Entities(of_account, len(first), n_exchanges, is_declared, house)


def _aggregator_of_account(population: Population) -> IntArray:
    """Return the code of the one aggregator through which all of an account's traffic came; -1 for none or several."""
    exchanges = population.exchanges
    platform = exchanges.keys["platform"]
    disclosed = np.array([value.startswith(AGGREGATOR_PREFIX) for value in platform.values] + [False])
    code = np.where(disclosed[platform.code], platform.code, -1).astype(np.int64)
    n = len(population.accounts)
    lowest = np.full(n, np.iinfo(np.int64).max)
    highest = np.full(n, -1, np.int64)
    np.minimum.at(lowest, exchanges.account, code)
    np.maximum.at(highest, exchanges.account, code)
    return np.where(lowest == highest, highest, -1)
