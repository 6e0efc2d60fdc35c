"""Who belongs to a candidate: the membership of each entity, from what it sent of the candidate's families.

An entity belongs if it has more exchanges with the families than strangers have by chance: a likelihood ratio in bits,
with the rates taken from the population outside the group. What else must hold is said rule by rule in
``weigh_membership``, in the order in which the rules apply.

Source: Poisson and Bernoulli likelihood ratios as in Fellegi and Sunter 1969; ours: docs/decisions/0006-group-tests.md.
"""

from typing import Final

import numpy as np

from stillwatch.campaigns.candidate import Candidate
from stillwatch.campaigns.few_uses import FEW_USES, is_no_chance
from stillwatch.campaigns.group import LEAST_MEMBER, Group
from stillwatch.campaigns.likeness import LEAST_BREADTH, breadth, is_unlike, sends_it_whole
from stillwatch.campaigns.recurrence import is_recurrent
from stillwatch.campaigns.slice import is_open, matches_with, with_slice
from stillwatch.campaigns.use import Use
from stillwatch.links.entity import Entities
from stillwatch.links.family import Families
from stillwatch.links.population import BoolArray, FloatArray, IntArray, Population
from stillwatch.links.rows import rows_of_entities

MOST_BITS: Final = 20.0  # one in a million: no count of a month's log supports more
LEAST_SPECIFIC: Final = (
    0.65  # of a family's exchanges come from the core; those with one or two uses send up to a quarter
)
MOSTLY_NEW: Final = 0.25  # of a typical member's matched prompts were sent by others too: the group sends its own items
MOSTLY_KNOWN: Final = 0.5  # of an entity's matched prompts were: it is another customer of the same public items
LEAST_MATCHES: Final = 2  # conversations: one alone may be a try of somebody else's prompt
LEAST_ONE_SET: Final = 0.8  # of the core's matched exchanges come with one set of tools
WHOLE_USES: Final = 5  # of a template among hundreds of other requests: with three, people who keep a prompt were named
SURE_MEMBER: Final = 0.95  # of an account whose uses are no chance, but few
TIED_MEMBER: Final = 0.9  # of a group by identity without shared phrases: nothing but the ties speaks for it
PRIOR_MEMBER_BITS: Final = -5.0  # among entities that used a family at all, before its use is weighed
IDENTITY: Final = "identity"


def weigh_membership(
    candidate: Candidate, population: Population, entities: Entities, families: Families, is_known: BoolArray
) -> Group | None:
    """Return the group that a candidate becomes when its members and its exchanges are weighed.

    Null for a candidate by content all of whose phrases are common speech. ``is_known`` says of every exchange whether
    another entity sent the same prompt, or the same one did so again: who meets the group only through items that
    strangers send as well, or runs its own again and again, is not of it, unless the whole group does so.
    """
    is_core = np.zeros(entities.n, bool)
    is_core[candidate.entities] = True
    tools = _tools_of(candidate, population, entities, families, is_core)
    chosen = _specific_families(candidate, population, entities, families, is_core, tools)
    if len(chosen) == 0:
        return _whole_traffic(candidate, population, entities) if candidate.channel == IDENTITY else None
    use = Use.of(candidate.entities, matches_with(families, chosen, population, tools), population, entities)
    variety, is_full = breadth(families.uses(chosen), use), sends_it_whole(use)
    bits = _count_bits(use, _sent_for_it(use, population, entities), is_full)
    bits = np.where(variety >= LEAST_BREADTH, bits, -MOST_BITS)
    bits = np.where(is_unlike(use, variety), _bits_of_unlike(bits, use, is_full), bits)
    bits = np.maximum(bits, _few_use_bits(use, variety))
    bits = np.where(_meets_it_in_public(use, is_known), -MOST_BITS, bits)
    if candidate.channel == IDENTITY:
        # the ties made them members; content only adds
        bits = np.where(use.concerned.is_core, np.maximum(bits, MOST_BITS / 2), -MOST_BITS)
    p_member = 1.0 / (1.0 + np.exp2(-bits))
    places = np.flatnonzero(p_member >= LEAST_MEMBER)
    none = np.zeros(0, np.int64)
    members = Group(
        candidate.channel, chosen, use.concerned.entity[places], p_member[places], none, np.zeros(0), tools=tools
    )
    return with_slice(members, population, entities, families)


def _tools_of(
    candidate: Candidate, population: Population, entities: Entities, families: Families, is_core: BoolArray
) -> int:
    """Return the keyed hash of the set of tools that nearly all of the core's matched exchanges come with; 0 for none.

    A programme of agents declares one set. The same wrapper with other tools, or with none, is another programme's.
    """
    exchanges = population.exchanges
    rows = np.unique(families.matches(candidate.families).exchange)
    rows = rows[is_core[entities.of_account[exchanges.account[rows]]]]
    if not len(rows):
        return 0
    value, count = np.unique(exchanges.hashes["tools_hash"][rows], return_counts=True)
    return int(value[count.argmax()]) if count.max() >= LEAST_ONE_SET * len(rows) else 0


def _specific_families(
    candidate: Candidate,
    population: Population,
    entities: Entities,
    families: Families,
    is_core: BoolArray,
    tools: int,
) -> IntArray:
    """Return the candidate's families most of whose matched exchanges the core sent; the others are common speech."""
    found = matches_with(families, candidate.families, population, tools)
    by_core = is_core[entities.of_account[population.exchanges.account[found.exchange]]]
    total = np.bincount(found.place, minlength=len(candidate.families))
    inside = np.bincount(found.place, weights=by_core, minlength=len(candidate.families))
    return candidate.families[inside > LEAST_SPECIFIC * total]


def _whole_traffic(candidate: Candidate, population: Population, entities: Entities) -> Group:
    """Return the group of an identity candidate without shared phrases: all that its members sent."""
    rows = rows_of_entities(population, entities, candidate.entities)
    p_entity = np.full(len(candidate.entities), TIED_MEMBER)
    p_exchange = np.full(len(rows), LEAST_MEMBER)
    return Group(candidate.channel, candidate.families, candidate.entities, p_entity, rows, p_exchange)


def _sent_for_it(use: Use, population: Population, entities: Entities) -> FloatArray:
    """Return how many exchanges, (c + 1,), each entity sent for the group: its matches, and what goes on with them.

    The later turns of its conversations count where a typical member's do: where the group works in conversations.
    """
    hits, concerned = use.hits, use.concerned
    rows = rows_of_entities(population, entities, concerned.entity[np.flatnonzero(hits >= LEAST_MATCHES)])
    going_on = np.setdiff1d(rows[is_open(use.exchange, population, rows)], use.exchange, assume_unique=True)
    place = concerned.place[entities.of_account[population.exchanges.account[going_on]]]
    gone_on = np.bincount(place, minlength=len(hits)).astype(np.float64)
    of_core = concerned.is_core
    works_in_talks = float(np.median(gone_on[of_core] / np.maximum(hits[of_core], 1.0))) >= 1.0
    return hits + gone_on if works_in_talks else hits


def _count_bits(use: Use, sent: FloatArray, is_full: BoolArray) -> FloatArray:
    """Return the bits for membership of every entity, (c + 1,), from its count of matched exchanges.

    A member is expected to send at least the lower quartile of the core's matched share, or its own where that is less:
    covering the slice with honest traffic is not evidence against it. A stranger is expected to send at the rate of
    the entities outside, estimated with one half added. One or two exchanges are chance speech whatever their bits: to
    be counted in, what an entity ``sent`` for it must recur, the turns of its conversations included, and more than
    one match must stand behind it; or it ``is_full``: it sends the whole template each time.
    """
    hits, n_exchanges, is_core = use.hits, use.concerned.n_exchanges, use.concerned.is_core
    inside = float(np.clip(np.quantile(use.share[is_core], 0.25), 0.01, 0.95))
    outside = float((hits[~is_core].sum() + 0.5) / (n_exchanges[~is_core].sum() + 1.0))
    outside = min(outside, inside / 2)
    ratio = hits * np.log2(inside / outside) - n_exchanges * np.minimum(inside, use.share) / np.log(2)
    recurs = (is_recurrent(sent, n_exchanges) & (hits >= LEAST_MATCHES)) | is_full
    return np.where(recurs, np.clip(PRIOR_MEMBER_BITS + ratio, -MOST_BITS, MOST_BITS), -MOST_BITS)


def _bits_of_unlike(bits: FloatArray, use: Use, is_full: BoolArray) -> FloatArray:
    """Return the bits that entities unlike a member have: few at the most, and only for the whole template often."""
    of_whole = np.minimum(bits, 2 * np.log2(np.maximum(use.hits, 1.0)))
    return np.where(is_full & (use.hits >= WHOLE_USES), of_whole, -MOST_BITS)


def _few_use_bits(use: Use, variety: FloatArray) -> FloatArray:
    """Return the bits of entities that use the whole template rarely, yet too often for strangers; see ``few_uses``.

    Whole is an exchange with half of the phrases that the core's carry.

    Args:
        use: of the families.
        variety: (c + 1,) of each entity's phrases.
    """
    concerned = use.concerned
    typical = concerned.is_core[use.sender] & (variety[use.sender] >= LEAST_BREADTH)
    if not np.any(typical):
        return np.full(len(variety), -MOST_BITS)
    is_whole = use.n_phrases >= float(np.median(use.n_phrases[typical])) / 2
    n_whole = np.bincount(use.sender[is_whole], minlength=len(variety))
    is_much, share_of_few = is_no_chance(n_whole, concerned.n_exchanges, concerned.is_core, concerned.n_entities)
    p_member = np.where(is_much, SURE_MEMBER, np.where(n_whole == FEW_USES, share_of_few * SURE_MEMBER, 0.0))
    known = (p_member > 0) & (variety >= LEAST_BREADTH)
    odds = np.where(known, p_member, 0.5) / (1.0 - np.where(known, p_member, 0.5))
    return np.where(known, np.log2(odds), -MOST_BITS)


def _meets_it_in_public(use: Use, is_known: BoolArray) -> BoolArray:
    """Return which entities, (c + 1,), share with a group that sends its own items only what strangers send as well."""
    n_known = np.bincount(use.sender[is_known[use.exchange]], minlength=len(use.hits))
    known = n_known / np.maximum(use.hits, 1.0)
    if float(np.median(known[use.concerned.is_core])) >= MOSTLY_NEW:
        return np.zeros(len(known), bool)
    return np.asarray(known > MOSTLY_KNOWN, np.bool_)
