"""Members beyond those who were proposed: who used a group's families a few times, and is tied to it besides.

Most of a pool's accounts may send too little for content alone: one conversation, two requests. Each also shares a
rare value with a member by a chance that is known, for it is measured on the strangers who never used the families.
Two independent facts then say what neither says alone; and the users without a tie tell how many strangers there are.

Guarantee: among those whom ties add to a group the expected share of strangers is at most ``MOST_FALSE``, where a
stranger who happened to use the families is tied as often as strangers of equal activity who did not (Storey, Taylor
and Siegmund 2004, theorem 3, with one cut: tied or not). Ties are not looked at when users are chosen, so that a test
of identity on *all* of them is a test on entities that had no part in proposing the group.

Source: Storey, Taylor and Siegmund 2004, Strong control, conservative point estimation and simultaneous conservative
consistency of false discovery rates; its use on ties is ours: docs/decisions/0022-members-by-two-facts.md.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from stillwatch.campaigns.control import N_STRATA
from stillwatch.campaigns.group import Group
from stillwatch.campaigns.slice import matches_with, with_slice
from stillwatch.links.entity import Entities
from stillwatch.links.family import LEAST_ENTITIES, Families
from stillwatch.links.identity import LEAST_BITS, Ties
from stillwatch.links.population import BoolArray, FloatArray, IntArray, Population

MOST_FALSE: Final = 0.05  # of those added
CLEAR_PHRASES: Final = 2  # in one exchange: a single shingle is chance speech


def grown(  # noqa: PLR0913, PLR0917 - the whole traffic, and the two facts
    group: Group,
    population: Population,
    entities: Entities,
    families: Families,
    ties: Mapping[str, Ties],
    strata: IntArray,
    is_replica: BoolArray,
) -> Group:
    """Return a group with the users of its families whom ties make members; as it was where they do not.

    Args:
        group: what content or identity proposed, after its membership was weighed.
        population: the traffic.
        entities: its entities.
        families: its families.
        ties: from ``links.identity``.
        strata: (n_entities,) activity of each, from ``control.activity_strata``.
        is_replica: (n_exchanges,) whether another entity sent the same prompt; such matches count for nobody.
    """
    if not len(group.families) or group.channel not in ("content", "identity"):
        return group
    inside = np.zeros(entities.n, bool)
    inside[group.entities] = True
    has_any, is_clear = _users(group, population, entities, families, is_replica)
    outsiders = np.flatnonzero(is_clear & ~inside & ~entities.is_declared).astype(np.int64)
    if len(outsiders) < LEAST_ENTITIES:
        return group
    group = replace(group, outsiders=outsiders)
    tied = tied_to(ties, inside)
    by_chance = _chance_of_a_tie(tied, ~has_any & ~inside, strata)[strata[outsiders]]
    added = outsiders[tied[outsiders]]
    if len(added) < LEAST_ENTITIES:
        return group
    p_false = share_of_strangers(tied[outsiders], by_chance)
    return _with(group, added, 1.0 - p_false, population, entities, families) if p_false <= MOST_FALSE else group


def tied_to(ties: Mapping[str, Ties], inside: BoolArray) -> BoolArray:
    """Return, (n_entities,), who shares a rare value of any column with another entity that is ``inside``."""
    found = np.zeros(len(inside), bool)
    for tie in ties.values():
        bits = np.log2(len(inside) / np.maximum(tie.n_entities(), 1))
        mine = inside[tie.entity]
        holders = np.bincount(tie.value[mine], minlength=len(tie.names))
        found[tie.entity[(bits[tie.value] >= LEAST_BITS) & (holders[tie.value] - mine >= 1)]] = True
    return found


def _users(
    group: Group, population: Population, entities: Entities, families: Families, is_replica: BoolArray
) -> tuple[BoolArray, BoolArray]:
    """Return who used any phrase of the families, and who clearly did so: two phrases in an exchange of its own."""
    found = matches_with(families, group.families, population, group.tools)
    rows, place = np.unique(found.exchange, return_inverse=True)
    n_matched = np.bincount(place, weights=found.n_matched, minlength=len(rows))
    entity = entities.of_account[population.exchanges.account[rows]]
    has_any, is_clear = np.zeros(entities.n, bool), np.zeros(entities.n, bool)
    has_any[entity] = True
    is_clear[entity[(n_matched >= CLEAR_PHRASES) & ~is_replica[rows]]] = True
    return has_any, is_clear


def _chance_of_a_tie(tied: BoolArray, is_stranger: BoolArray, strata: IntArray) -> FloatArray:
    """Return, for each stratum of activity, how often a stranger is tied to the group; rounded up."""
    n = np.bincount(strata[is_stranger], minlength=N_STRATA)
    n_tied = np.bincount(strata[is_stranger & tied], minlength=N_STRATA)
    return np.asarray((n_tied + 1.0) / (n + 2.0), np.float64)


def share_of_strangers(is_tied: BoolArray, by_chance: FloatArray) -> float:
    """Return how many of the tied users are strangers, at most, given how many are without a tie.

    Each user without one stands for ``c / (1 - c)`` strangers with one, where ``c`` is the chance of a tie; one more is
    counted than there are.
    """
    odds = by_chance / (1.0 - by_chance)
    expected = float(odds[~is_tied].sum()) + float(odds.max())
    return min(expected / max(int(np.count_nonzero(is_tied)), 1), 1.0)


def _with(
    group: Group, added: IntArray, p_member: float, population: Population, entities: Entities, families: Families
) -> Group:
    members = np.concatenate([group.entities, added])
    p_entity = np.concatenate([group.p_entity, np.full(len(added), p_member)])
    order = np.argsort(members)
    enlarged = replace(group, entities=members[order], p_entity=p_entity[order], added=added)
    return with_slice(enlarged, population, entities, families)
