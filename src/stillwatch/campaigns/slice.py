"""The slice of a group: which exchanges of its members belong to it, and how surely.

An exchange belongs to the slice if it carries a phrase of the group's families, or goes on a conversation that does.

Source: ours: docs/decisions/0006-group-tests.md.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from stillwatch.campaigns.group import LEAST_MEMBER, Group
from stillwatch.links.entity import Entities
from stillwatch.links.family import Families, Matches
from stillwatch.links.population import BoolArray, FloatArray, IntArray, Population
from stillwatch.links.rows import rows_of_entities

P_TWO_PHRASES, P_ONE_PHRASE = 0.995, 0.95  # of a member's exchange that carries so many
P_CONTINUED: Final = 0.97  # a later turn of a conversation whose opening carries the template


def matches_with(families: Families, chosen: IntArray, population: Population, tools: int) -> Matches:
    """Return the matches of some families among the exchanges that come with one set of tools; 0: with any or none."""
    found = families.matches(chosen)
    if not tools:
        return found
    kept = population.exchanges.hashes["tools_hash"][found.exchange] == np.uint64(tools)
    return Matches(found.place[kept], found.exchange[kept], found.n_matched[kept])


def phrases_by_exchange(found: Matches) -> tuple[IntArray, FloatArray]:
    """Return the exchanges that matches are of, (k,), rising, and how many phrases of all families each carries."""
    matched, place = np.unique(found.exchange, return_inverse=True)
    return matched, np.bincount(place, weights=found.n_matched, minlength=len(matched)).astype(np.float64)


def with_slice(group: Group, population: Population, entities: Entities, families: Families) -> Group:
    """Return a group with the exchanges of its members that belong to its slice, and their probabilities."""
    members, p_member = group.entities, group.p_entity
    matched, score = phrases_by_exchange(matches_with(families, group.families, population, group.tools))
    rows = rows_of_entities(population, entities, members)
    sender = entities.of_account[population.exchanges.account[rows]]
    p_exchange = _exchange_probability(matched, score, population, rows) * p_member[np.searchsorted(members, sender)]
    is_slice = p_exchange >= LEAST_MEMBER
    return replace(group, slice_rows=rows[is_slice], p_exchange=p_exchange[is_slice])


def _exchange_probability(matched: IntArray, score: FloatArray, population: Population, rows: IntArray) -> FloatArray:
    """Return, for each of ``rows``, the probability that it belongs to the slice, given that its entity is a member.

    Args:
        matched: (k,) exchanges that carry a phrase, of members or not, rising.
        score: (k,) how many phrases each carries.
        population: the traffic.
        rows: exchanges of members, rising.
    """
    own = np.zeros(len(rows))
    place = np.minimum(np.searchsorted(matched, rows), max(len(matched) - 1, 0))
    carries = matched[place] == rows if len(matched) else np.zeros(len(rows), bool)
    own[carries] = np.where(score[place[carries]] >= 2, P_TWO_PHRASES, P_ONE_PHRASE)
    own[~carries & is_open(matched, population, rows)] = P_CONTINUED
    return own


def is_open(matched: IntArray, population: Population, rows: IntArray) -> BoolArray:
    """Return which of ``rows`` stand in a conversation that a matched exchange is part of."""
    conversation = population.exchanges.keys["conversation_id"]
    opened = conversation.code[matched]
    opens = np.zeros(conversation.n_values + 1, bool)
    opens[opened[opened >= 0]] = True  # the last place, of no conversation at all, stays closed
    return np.asarray(opens[conversation.code[rows]], np.bool_)
