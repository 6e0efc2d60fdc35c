"""Two groups of one campaign: most of either is the other, and together they are tested and weighed as one group.

A campaign whose accounts use two of its wrappers in different measure comes out as two groups that share most of their
members, or as one by its words and one by its ties. Told apart they read as two campaigns, and the one that adds little
is not reported, with the members that it alone has. So two accused groups are joined where four fifths of the smaller
are in the larger and half of the larger in the smaller, unless the two together take in most of a third accused group
that is not the smaller's own: then the larger is what several campaigns have in common, and no campaign. Ties that
proposed one of them say nothing of the two: where words proposed the other, it is tested on those whom words chose.

Guarantee: whoever is in a joined group is in a group that was accused by itself. The joined group is tested and weighed
as any group is, and stands only if it is accused as well, with the largest q-value of the three; if not, both stay as
they were. So joining never adds to the groups that are accused in error, nor anybody to those who are accused.

Source: ours: docs/decisions/0039-one-campaign-two-groups.md.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from stillwatch.campaigns.group import Group
from stillwatch.links.population import FloatArray, IntArray

CONTENT: Final = "content"
IDENTITY: Final = "identity"
LEAST_OF_SMALLER: Final = 0.8  # of its members, in the larger one
LEAST_OF_LARGER: Final = 0.5
LEAST_OF_THIRD: Final = 0.8  # of a further group's members, in the two: they are several campaigns
MOST_OF_SAME: Final = 0.5  # of a further group's members, in the smaller of the two: else it is another campaign


def pairs_of_one(groups: Sequence[Group]) -> list[tuple[int, int]]:
    """Return pairs of places of groups that are one campaign, each place in one pair at most; the most alike first.

    Groups from which members were set apart are left alone: their tests are of another set of members.

    Args:
        groups: accused groups.

    Cost: O(k² g) for k accused groups of g members, of which there are few.
    """
    wanted = []
    for one in range(len(groups)):
        for other in range(one + 1, len(groups)):
            smaller, larger = sorted((groups[one].entities, groups[other].entities), key=len)
            n_both = len(np.intersect1d(smaller, larger, assume_unique=True))
            if (
                _may_join(groups[one].channel, groups[other].channel)
                and groups[one].whole is None
                and groups[other].whole is None
                and LEAST_OF_SMALLER * len(smaller) <= n_both < len(smaller)
                and n_both >= LEAST_OF_LARGER * len(larger)
                and not _are_several(smaller, larger, [g for i, g in enumerate(groups) if i not in {one, other}])
            ):
                wanted.append((n_both / (len(smaller) + len(larger) - n_both), one, other))
    taken: set[int] = set()
    found = []
    for _, one, other in sorted(wanted, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if not taken & {one, other}:
            taken |= {one, other}
            found.append((one, other))
    return found


def _may_join(one: str, other: str) -> bool:
    return one == other or {one, other} == {CONTENT, IDENTITY}


def _are_several(smaller: IntArray, larger: IntArray, others: Sequence[Group]) -> bool:
    """Return whether two groups take in most of a third one that is not mostly the smaller's."""
    both = np.union1d(smaller, larger)
    for other in others:
        least = LEAST_OF_THIRD * len(other.entities)
        if len(np.intersect1d(other.entities, both, assume_unique=True)) >= least and len(
            np.intersect1d(other.entities, smaller, assume_unique=True)
        ) < MOST_OF_SAME * len(other.entities):
            return True
    return False


def joint(one: Group, other: Group) -> Group:
    """Return two groups of one campaign as one: of two that words and ties proposed, words chose whom the tests see."""
    both = united(sorted((one, other), key=lambda group: group.channel != CONTENT))
    if one.channel == other.channel:
        return both
    chosen = one if one.channel == CONTENT else other
    return replace(both, added=np.setdiff1d(both.entities, chosen.proposed, assume_unique=True))


def united(groups: Sequence[Group]) -> Group:
    """Return one group of all; who or what is in several has the highest of its probabilities.

    A member was added by ties where no group had it otherwise.
    """
    entities, p_entity = _highest([one.entities for one in groups], [one.p_entity for one in groups])
    rows, p_exchange = _highest([one.slice_rows for one in groups], [one.p_exchange for one in groups])
    doubtful, p_doubtful = _highest([one.doubtful_rows for one in groups], [one.p_doubtful for one in groups])
    is_open = ~np.isin(doubtful, rows)
    proposed = np.unique(np.concatenate([one.proposed for one in groups]))
    tools = {one.tools for one in groups}
    return Group(
        groups[0].channel,
        np.unique(np.concatenate([one.families for one in groups])),
        entities,
        p_entity,
        rows,
        p_exchange,
        groups[0].seen_elsewhere,
        outsiders=np.setdiff1d(np.concatenate([one.outsiders for one in groups]), proposed),
        added=np.setdiff1d(entities, proposed),
        tools=tools.pop() if len(tools) == 1 else 0,
        doubtful_rows=doubtful[is_open],
        p_doubtful=p_doubtful[is_open],
    )


def _highest(keys: Sequence[IntArray], probabilities: Sequence[FloatArray]) -> tuple[IntArray, FloatArray]:
    """Return all keys, rising, each with its highest probability."""
    found, place = np.unique(np.concatenate(keys), return_inverse=True)
    highest = np.zeros(len(found))
    np.maximum.at(highest, place, np.concatenate(probabilities))
    return found, highest
