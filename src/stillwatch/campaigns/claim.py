"""Accounts that two groups claim on the same exchanges: the group that explains more of the account keeps it.

Two campaigns with one wrapper, or an application and the thief of some of its keys, make two groups of which the
larger takes in some of the smaller's accounts, for a phrase that both use. An exchange belongs to one programme. Where
half or more of what a group holds of an account is in another group's slice as well, and that one holds more of the
account, it explains all that the first does and something besides; the first lets the account go.

Guarantee: who is in one group alone stays there; an account that is let go is in a group that holds more of it; the
outcome depends on the groups as they were and not on their order. A group that would lose more than ``MOST_LOST`` of
its members loses none: then it is a part of the other, or the other of it, and which to report is decided later.

Source: explaining away among overlapping clusters, ours: docs/decisions/0032-claims.md.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from stillwatch.campaigns.group import Group, limited_to
from stillwatch.links.entity import Entities
from stillwatch.links.family import LEAST_ENTITIES
from stillwatch.links.population import BoolArray, IntArray, Population

LEAST_SHARED: Final = 0.5  # of what a group holds of an account, in the other's slice: they speak of the same
MOST_LOST: Final = 1 / 3  # of a group's members
CONTENT: Final = "content"


def settled(groups: Sequence[Group], population: Population, entities: Entities) -> list[Group]:
    """Return the groups, those by content without the members that another of them explains better.

    Args:
        groups: as their membership was weighed, each large enough.
        population: the traffic.
        entities: its entities.

    Cost: O(k log k) for k exchanges of slices, and as much for each further slice that an exchange is in.
    """
    places = [i for i, group in enumerate(groups) if group.channel == CONTENT]
    if len(places) < 2:
        return list(groups)
    of = np.repeat(np.arange(len(places)), [len(groups[i].slice_rows) for i in places])
    row = np.concatenate([groups[i].slice_rows for i in places])
    entity = entities.of_account[population.exchanges.account[row]].astype(np.int64)
    lost_by, lost = _lost(of, row, entity, n_groups=len(places), n_entities=entities.n)
    found = list(groups)
    for place, i in enumerate(places):
        kept = ~np.isin(groups[i].entities, lost[lost_by == place])
        if _is_few(kept):
            found[i] = limited_to(groups[i], kept, entities, population, groups[i].families)
    return found


def _is_few(kept: BoolArray) -> bool:
    n_lost = int(np.count_nonzero(~kept))
    return 0 < n_lost <= MOST_LOST * len(kept) and len(kept) - n_lost >= LEAST_ENTITIES


def _lost(
    of: IntArray, row: IntArray, entity: IntArray, *, n_groups: int, n_entities: int
) -> tuple[IntArray, IntArray]:
    """Return pairs of a group and an entity that another group explains better.

    Args:
        of: the group of each exchange of a slice.
        row: its row.
        entity: who sent it.
        n_groups: groups in all.
        n_entities: entities in all.
    """
    held, n_held = np.unique(of * n_entities + entity, return_counts=True)
    order = np.lexsort((of, row))
    of, row, entity = of[order], row[order], entity[order]
    keys = [np.zeros(0, np.int64)]
    step = 1
    while np.any(same := row[step:] == row[:-step]):
        one, other, who = of[:-step][same], of[step:][same], entity[step:][same]
        keys += [(one * n_groups + other) * n_entities + who, (other * n_groups + one) * n_entities + who]
        step += 1
    key, n_both = np.unique(np.concatenate(keys), return_counts=True)
    pair, who = key // n_entities, key % n_entities
    one, other = pair // n_groups, pair % n_groups
    n_one, n_other = (n_held[np.searchsorted(held, group * n_entities + who)] for group in (one, other))
    is_lost = (n_both >= LEAST_SHARED * n_one) & (n_other > n_one)
    return one[is_lost], who[is_lost]
