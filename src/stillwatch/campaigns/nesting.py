"""A pool within a larger group: the strangers of the larger one who are tied among themselves, and not to the pool.

Where a pool works through what others use as well, the larger group may be the pool and, say, customers of a relay, who
share cards and addresses with each other. Then everybody is tied to somebody, and who is tied tells nobody apart. But
the pool is mostly a group of its own too, by words that it alone uses; and nothing ties the others to it.

So each group by content that lies within another is asked whether its members are tied to each other more often than
the remaining ones are to them. If so, these are set apart, but for those who are tied to the pool, and are tested as a
group of their own.

Guarantee: of a group whose members are tied to each other independently of which of them the inner group takes in, at
most ``LEVEL`` are cut, by Fisher's exact test with Bonferroni's correction over inner groups. Words alone chose the
inner group; ties had no part in it. Members who share one card make that less exact, which a strict level pays for.

Source: Fisher 1935, The Design of Experiments, chapter 2; the use on ties is ours: docs/decisions/0029-set-apart.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from scipy.sparse import csr_array
from scipy.stats import hypergeom

from stillwatch.campaigns.group import Group, limited_to
from stillwatch.campaigns.separation import LEAST_OF_MEMBERS, LEAST_PART, tied_beyond
from stillwatch.links.entity import Entities
from stillwatch.links.identity import Ties
from stillwatch.links.population import BoolArray, IntArray, Population

LEVEL: Final = 0.01
LEAST_WITHIN: Final = 0.8  # of the inner group's members are the larger one's
TOLD_BY: Final = "phrases"
CONTENT: Final = "content"


def groups_within(groups: Sequence[Group], n_entities: int) -> list[IntArray]:
    """Return, for each group by content, the places of groups by content most of which lie within it.

    Those are left out that leave fewer than ``LEAST_PART`` members, or hold fewer. Cost: O(overlaps of groups).
    """
    of_content = [group.entities if group.channel == CONTENT else group.entities[:0] for group in groups]
    size = np.array([len(members) for members in of_content], np.int64)
    if not size.sum():
        return [np.zeros(0, np.int64) for _ in groups]
    first = np.concatenate(([0], np.cumsum(size)))
    held = csr_array((np.ones(first[-1], np.int32), np.concatenate(of_content), first), shape=(len(groups), n_entities))
    both = (held @ held.T).tocoo()
    outer, inner, n_both = both.row.astype(np.int64), both.col.astype(np.int64), both.data
    is_within = (outer != inner) & (n_both >= LEAST_WITHIN * size[inner])
    is_within &= (n_both >= LEAST_PART) & (size[outer] - n_both >= LEAST_PART)
    return [np.sort(inner[is_within & (outer == i)]) for i in range(len(groups))]


def without_strangers(
    group: Group,
    within: Sequence[Group],
    population: Population,
    entities: Entities,
    ties: Mapping[str, Ties],
    handed: tuple[IntArray, IntArray],
) -> tuple[Group, ...]:
    """Return a group without those whom nothing ties to a pool within it, and these as a group; or itself alone.

    Args:
        group: the group.
        within: groups by content that lie within it.
        population: the traffic.
        entities: its entities.
        ties: from ``links.identity``.
        handed: the two entities of each hand-over.
    """
    best, stays = LEVEL / max(len(within), 1), np.ones(len(group.entities), bool)
    for other in within:
        inside = np.isin(group.entities, other.entities, assume_unique=True)
        tied = tied_beyond(group.entities, inside, ties, handed, entities.n)
        p_value = apart_p_value(tied, inside)
        if p_value <= best:
            best, stays = p_value, inside | tied
    if np.all(stays):
        return (group,)
    rest = limited_to(group, ~stays, entities, population, group.families)
    kept = limited_to(group, stays, entities, population, group.families)
    return replace(kept, whole=group, apart=rest.entities, told_by=(TOLD_BY,)), rest


def apart_p_value(is_tied: BoolArray, is_inside: BoolArray) -> float:
    """Return how probably members outside are tied to those inside that much less often, if all are alike.

    One where they are tied at least ``LEAST_OF_MEMBERS`` as often: then they are the same, or another habit.

    Args:
        is_tied: (g,) whether each member is tied to another one that is inside.
        is_inside: (g,) who is inside.
    """
    n_inside, n_tied = int(np.count_nonzero(is_inside)), int(np.count_nonzero(is_tied))
    n_both = int(np.count_nonzero(is_tied & is_inside))
    n_rest = len(is_tied) - n_inside
    if not n_inside or not n_rest or (n_tied - n_both) / n_rest >= LEAST_OF_MEMBERS * n_both / n_inside:
        return 1.0
    return float(hypergeom.sf(n_both - 1, len(is_tied), n_tied, n_inside))
