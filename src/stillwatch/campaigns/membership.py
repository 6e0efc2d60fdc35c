"""Who belongs, and which of its exchanges: the slice of a group and the membership of each entity.

An exchange belongs to the slice if it carries a phrase of the group's families, or goes on a conversation that does.
An entity belongs if it has more such exchanges than strangers have by chance. Both are likelihood ratios in bits with
the rates taken from the population outside the group.

Source: Poisson and Bernoulli likelihood ratios as in Fellegi and Sunter 1969; ours: docs/decisions/0006-group-tests.md.
"""

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from stillwatch.campaigns.candidate import Candidate, Links, is_recurrent
from stillwatch.campaigns.few_uses import FEW_USES, is_no_chance
from stillwatch.links.entity import Entities
from stillwatch.links.family import LEAST_ENTITIES, LEAST_KEPT_UP, RECURRENT_USES, Families, Matches, Uses
from stillwatch.links.population import BoolArray, FloatArray, IntArray, Population
from stillwatch.links.rows import distinct, rows_of_entities

MOST_BITS: Final = 20.0  # one in a million: no count of a month's log supports more
LEAST_MEMBER: Final = 0.5
LEAST_BREADTH: Final = 0.5  # of the variety of phrases that a typical member with as many exchanges shows
LEAST_LIKENESS: Final = (
    0.25  # of a typical member, in variety of phrases times matched share: a quarter allows for cover
)
LEAST_SPECIFIC: Final = (
    0.65  # of a family's exchanges come from the core; those with one or two uses send up to a quarter
)
MOSTLY_NEW: Final = 0.25  # of a typical member's matched prompts were sent by others too: the group sends its own items
MOSTLY_KNOWN: Final = 0.5  # of an entity's matched prompts were: it is another customer of the same public items
LEAST_MATCHES: Final = 2  # conversations: one alone may be a try of somebody else's prompt
LEAST_ONE_SET: Final = 0.8  # of the core's matched exchanges come with one set of tools
LEAST_WHOLE: Final = 0.6  # of the phrases that a typical member sends at once; by chance it is one of them
WHOLE_USES: Final = 5  # of a template among hundreds of other requests: with three, people who keep a prompt were named
LEAST_LONG: Final = 3.0  # phrases at once, for one of them and most of them to be different things
P_CONTINUED: Final = 0.97  # a later turn of a conversation whose opening carries the template
SURE_MEMBER: Final = 0.95  # of an account whose uses are no chance, but few
PRIOR_MEMBER_BITS: Final = -5.0  # among entities that used a family at all, before its use is weighed


def _nobody() -> IntArray:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Group:
    """A group as tested: a candidate after its membership was weighed.

    Args:
        channel: what proposed it.
        families: its families.
        entities: (g,) entities with membership of at least one half, rising.
        p_entity: (g,) their membership.
        slice_rows: (s,) exchanges of the slice, of member entities, rising.
        p_exchange: (s,) probability that each belongs to the slice.
        seen_elsewhere: for a group that hand-overs proposed, how many hand-overs of items like its own, and how many
            mirror images, there are among entities that had no part in proposing it.
        outsiders: (o,) entities that clearly used its families and were not proposed, whether or not they are members.
        added: (a,) those of them that ties made members; what proposed the group says nothing of them.
        doubtful_rows: (d,) other exchanges of members, rising, that may belong to the slice and rather do not.
        p_doubtful: (d,) the probability that each does, below one half.
        standby: (b,) members of an accused group that did nothing for it in the log, and live on its infrastructure.
        tools: keyed hash of the one set of tools with which its exchanges come; 0 where they come with any or none.
        whole: the group before members were set apart from it, see ``separation``: what is tested; null for itself.
        apart: (n,) entities that were set apart.
        told_by: by what these were told from the members.
    """

    channel: str
    families: IntArray
    entities: IntArray
    p_entity: FloatArray
    slice_rows: IntArray
    p_exchange: FloatArray
    seen_elsewhere: tuple[int, int] = (0, 0)
    outsiders: IntArray = field(default_factory=_nobody)
    added: IntArray = field(default_factory=_nobody)
    standby: IntArray = field(default_factory=_nobody)
    tools: int = 0
    doubtful_rows: IntArray = field(default_factory=_nobody)
    p_doubtful: FloatArray = field(default_factory=lambda: np.zeros(0))
    whole: "Group | None" = None
    apart: IntArray = field(default_factory=_nobody)
    told_by: tuple[str, ...] = ()

    @property
    def proposed(self) -> IntArray:
        """Return the members whom ties did not add, rising."""
        return np.setdiff1d(self.entities, self.added, assume_unique=True)


@dataclass(frozen=True, slots=True)
class Concerned:
    """The entities that a candidate concerns: proposed ones and those that sent what matches it, and all others as one.

    Of most candidates that is a few hundred among half a million. Arrays have a place for each, in rising order of
    entities, and the last place for the others, who have no hit.

    Args:
        entity: (c,) the entities, rising.
        place: (n_entities,) the place of every entity.
        is_core: (c + 1,) who was proposed.
        n_exchanges: (c + 1,) exchanges of each; of the others in all.
        n_entities: all entities.
    """

    entity: IntArray
    place: IntArray
    is_core: BoolArray
    n_exchanges: FloatArray
    n_entities: int

    @classmethod
    def of(cls, core: IntArray, senders: IntArray, entities: Entities) -> "Concerned":
        """Return the entities that a candidate's ``core`` and the senders of what matches it are."""
        entity = distinct(np.concatenate([core, senders]))
        place = np.full(entities.n, len(entity), np.int64)
        place[entity] = np.arange(len(entity))
        is_core = np.zeros(len(entity) + 1, bool)
        is_core[place[core]] = True
        own = entities.n_exchanges[entity]
        n_exchanges = np.append(own, entities.n_exchanges.sum() - own.sum()).astype(np.float64)
        return cls(entity, place, is_core, n_exchanges, entities.n)


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
        return _whole_traffic(candidate, population, entities) if candidate.channel == "identity" else None
    found = matches_with(families, chosen, population, tools)
    matched, place = np.unique(found.exchange, return_inverse=True)
    score = np.bincount(place, weights=found.n_matched, minlength=len(matched)).astype(np.float64)
    sender = entities.of_account[population.exchanges.account[matched]].astype(np.int64)
    concerned = Concerned.of(candidate.entities, sender, entities)
    is_core, n_exchanges, entity = concerned.is_core, concerned.n_exchanges, concerned.place[sender]
    hits = np.bincount(entity, minlength=len(is_core)).astype(np.float64)
    n_phrases = np.bincount(entity, weights=score, minlength=len(is_core)).astype(np.float64)
    is_full = _sends_it_whole(hits, n_phrases, is_core)
    sent = _sent_for_it(matched, hits, concerned, population, entities)
    bits = _member_bits(hits, sent, n_exchanges, is_core, is_full)
    variety = breadth(families.uses(chosen), hits, concerned)
    bits = np.where(variety >= LEAST_BREADTH, bits, -MOST_BITS)
    share = share_floor(hits, n_exchanges)
    typical = is_core & (variety >= LEAST_BREADTH)
    if np.any(typical) and np.median(share[typical]) > 0:
        likeness = np.minimum(variety, 1.0) * np.minimum(share / float(np.median(share[typical])), 1.0)
        is_unlike = likeness < LEAST_LIKENESS
        of_whole = np.minimum(bits, 2 * np.log2(np.maximum(hits, 1.0)))
        has_whole = is_full & (hits >= WHOLE_USES)
        bits = np.where(is_unlike, np.where(has_whole, of_whole, -MOST_BITS), bits)
    bits = np.maximum(bits, _few_use_bits(entity, score, variety, concerned))
    known = np.bincount(entity[is_known[matched]], minlength=len(is_core)) / np.maximum(hits, 1.0)
    if float(np.median(known[is_core])) < MOSTLY_NEW:
        bits = np.where(known > MOSTLY_KNOWN, -MOST_BITS, bits)
    if candidate.channel == "identity":
        # the ties made them members; content only adds
        bits = np.where(is_core, np.maximum(bits, MOST_BITS / 2), -MOST_BITS)
    p_member = 1.0 / (1.0 + np.exp2(-bits))
    chosen_places = np.flatnonzero(p_member >= LEAST_MEMBER)
    members, p_member = concerned.entity[chosen_places], p_member[chosen_places]
    group = Group(candidate.channel, chosen, members, p_member, _nobody(), np.zeros(0), tools=tools)
    return with_slice(group, population, entities, families)


def matches_with(families: Families, chosen: IntArray, population: Population, tools: int) -> Matches:
    """Return the matches of some families among the exchanges that come with one set of tools; 0: with any or none."""
    found = families.matches(chosen)
    if not tools:
        return found
    kept = population.exchanges.hashes["tools_hash"][found.exchange] == np.uint64(tools)
    return Matches(found.place[kept], found.exchange[kept], found.n_matched[kept])


def with_slice(group: Group, population: Population, entities: Entities, families: Families) -> Group:
    """Return a group with the exchanges of its members that belong to its slice, and their probabilities."""
    members, p_member = group.entities, group.p_entity
    found = matches_with(families, group.families, population, group.tools)
    matched, place = np.unique(found.exchange, return_inverse=True)
    score = np.bincount(place, weights=found.n_matched, minlength=len(matched)).astype(np.float64)
    rows = rows_of_entities(population, entities, members)
    sender = entities.of_account[population.exchanges.account[rows]]
    p_exchange = _exchange_probability(matched, score, population, rows) * p_member[np.searchsorted(members, sender)]
    is_slice = p_exchange >= LEAST_MEMBER
    return replace(group, slice_rows=rows[is_slice], p_exchange=p_exchange[is_slice])


def without_declared(group: Group, entities: Entities, population: Population, links: list[Links]) -> Group:
    """Return a group without the declared entities that nothing but their requests ties to it.

    A verified organisation that uses the same public template, or asks about the same things, answers for itself
    under its own name; it belongs to a pool only where identity or a hand-over ties it to another member.
    """
    if not np.any(entities.is_declared[group.entities]):
        return group
    tied = np.zeros(entities.n, bool)
    is_inside = np.zeros(entities.n, bool)
    is_inside[group.entities] = True
    for left, right in links:
        inside = is_inside[left] & is_inside[right]
        tied[left[inside]] = tied[right[inside]] = True
    kept = ~entities.is_declared[group.entities] | tied[group.entities]
    if np.all(kept):
        return group
    return limited_to(group, kept, entities, population, group.families)


def limited_to(group: Group, kept: BoolArray, entities: Entities, population: Population, families: IntArray) -> Group:
    """Return a group of those of its entities that are ``kept``, (g,), with their exchanges and some ``families``."""
    is_member = np.zeros(entities.n, bool)
    is_member[group.entities[kept]] = True
    of_account = population.exchanges.account
    rows = is_member[entities.of_account[of_account[group.slice_rows]]]
    doubtful = is_member[entities.of_account[of_account[group.doubtful_rows]]]
    return replace(
        group,
        families=families,
        entities=group.entities[kept],
        added=group.added[is_member[group.added]],
        p_entity=group.p_entity[kept],
        doubtful_rows=group.doubtful_rows[doubtful],
        p_doubtful=group.p_doubtful[doubtful],
        slice_rows=group.slice_rows[rows],
        p_exchange=group.p_exchange[rows],
    )


def apart_from_registered(
    group: Group, is_registered: BoolArray, entities: Entities, population: Population
) -> list[Group]:
    """Return the registered members of a group and the others, each as a group of its own.

    What a licensed customer does is no evidence against those who share its addresses or its prompts: tests,
    observations and explanations of either part are made on its own members. A group with members of one kind alone
    stays whole.

    Args:
        group: the group.
        is_registered: (n_entities,) whether the registry names every account of an entity.
        entities: the entities.
        population: the traffic.
    """
    registered = is_registered[group.entities]
    if registered.all():
        return [group]
    group = replace(group, outsiders=group.outsiders[~is_registered[group.outsiders]])
    if not registered.any():
        return [group]
    return [limited_to(group, part, entities, population, group.families) for part in (registered, ~registered)]


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
    n = len(candidate.entities)
    return Group(
        candidate.channel,
        candidate.families,
        candidate.entities,
        np.full(n, 0.9),
        rows,
        np.full(len(rows), LEAST_MEMBER),
    )


def breadth(uses: Uses, hits: FloatArray, concerned: Concerned) -> FloatArray:
    """Return how many different phrases of the families each entity uses, against a member with as many exchanges.

    One is typical of the core (its median is scaled to 1). Who meets the group in one turn of phrase that a template
    happens to share with common speech uses that one again and again, and none of the others.

    Source: rarefaction, Hurlbert 1971: expected distinct phrases in k exchanges, ``sum(1 - (1 - p) ** k)``.
    """
    phrase, user, count = uses.place, concerned.place[uses.entity], uses.n_exchanges
    distinct = np.bincount(user, minlength=len(hits)).astype(np.float64)
    ratio = np.zeros(len(hits))
    core = concerned.is_core
    users = np.flatnonzero(hits)
    values, inverse = np.unique(hits[users], return_inverse=True)
    for _ in range(2):  # once with all of the core, once with the typical ones
        rate = np.bincount(phrase, weights=count * core[user], minlength=int(phrase.max()) + 1) / max(
            float(hits[core].sum()), 1.0
        )
        expected = np.zeros(len(hits))
        expected[users] = np.array([np.sum(1.0 - (1.0 - np.minimum(rate, 1.0)) ** k) for k in values])[inverse]
        ratio = distinct / np.maximum(expected, 1e-9)
        typical = float(np.median(ratio[core]))
        ratio = ratio / max(typical, 1e-9)
        trimmed = core & (ratio >= LEAST_BREADTH)
        core = trimmed if np.count_nonzero(trimmed) >= LEAST_ENTITIES else core
    return ratio


def _sent_for_it(
    matched: IntArray, hits: FloatArray, concerned: Concerned, population: Population, entities: Entities
) -> FloatArray:
    """Return how many exchanges each entity sent for the group: its matches, and what goes on with them.

    The later turns of its conversations count where a typical member's do: where the group works in conversations.
    """
    is_core = concerned.is_core
    rows = rows_of_entities(population, entities, concerned.entity[np.flatnonzero(hits >= LEAST_MATCHES)])
    going_on = np.setdiff1d(rows[_is_open(matched, population, rows)], matched, assume_unique=True)
    entity = concerned.place[entities.of_account[population.exchanges.account[going_on]]]
    gone_on = np.bincount(entity, minlength=len(hits)).astype(np.float64)
    works_in_talks = float(np.median(gone_on[is_core] / np.maximum(hits[is_core], 1.0))) >= 1.0
    return hits + gone_on if works_in_talks else hits


def _sends_it_whole(hits: FloatArray, n_phrases: FloatArray, is_core: BoolArray) -> BoolArray:
    """Return who sends again and again as much of the template at once as a typical member does.

    Chance of speech meets a template in one turn of phrase an exchange. Who sends most of it each time has it, whatever
    little share of its traffic that is. It says nothing where the template itself is that short, nor where it
    is public: where most of those who ever sent it whole did not come back.

    Args:
        hits: (n_entities,) matched exchanges.
        n_phrases: (n_entities,) the families' phrases in all of them.
        is_core: (n_entities,) the entities proposed.
    """
    at_once = n_phrases / np.maximum(hits, 1.0)
    typical = float(np.median(at_once[is_core]))
    is_whole = (at_once >= LEAST_WHOLE * typical) & (hits > 0)
    comes_back = is_whole & (hits >= RECURRENT_USES)
    if typical < LEAST_LONG or np.count_nonzero(comes_back) < LEAST_KEPT_UP * np.count_nonzero(is_whole):
        return np.zeros(len(hits), bool)
    return comes_back


def _member_bits(
    hits: FloatArray, sent: FloatArray, n_exchanges: FloatArray, is_core: BoolArray, is_full: BoolArray
) -> FloatArray:
    """Return the bits for membership of every entity, from its count of matched exchanges.

    A member is expected to send at least the lower quartile of the core's matched share; a stranger, the rate of
    the entities outside, estimated with one half added. One or two exchanges are chance speech whatever their bits: to
    be counted in, what an entity ``sent`` for it must recur, the turns of its conversations included, and more than
    one match must stand behind it; or it ``is_full``: it sends the whole template each time.
    """
    share = hits[is_core] / np.maximum(n_exchanges[is_core], 1)
    inside = float(np.clip(np.quantile(share, 0.25), 0.01, 0.95))
    outside = float((hits[~is_core].sum() + 0.5) / (n_exchanges[~is_core].sum() + 1.0))
    outside = min(outside, inside / 2)
    ratio = hits * np.log2(inside / outside) - n_exchanges * np.minimum(
        inside, share_floor(hits, n_exchanges)
    ) / np.log(2)
    recurs = (is_recurrent(sent, n_exchanges) & (hits >= LEAST_MATCHES)) | is_full
    return np.where(recurs, np.clip(PRIOR_MEMBER_BITS + ratio, -MOST_BITS, MOST_BITS), -MOST_BITS)


def _few_use_bits(entity: IntArray, score: FloatArray, variety: FloatArray, concerned: Concerned) -> FloatArray:
    """Return the bits of entities that use the whole template rarely, yet too often for strangers; see ``few_uses``.

    Whole is an exchange with half of the phrases that the core's carry.

    Args:
        entity: (k,) whose each matched exchange is.
        score: (k,) how many phrases it carries.
        variety: (n,) of each entity's phrases.
        concerned: the entities.
    """
    typical = concerned.is_core[entity] & (variety[entity] >= LEAST_BREADTH)
    if not np.any(typical):
        return np.full(len(variety), -MOST_BITS)
    is_whole = score >= float(np.median(score[typical])) / 2
    uses = np.bincount(entity[is_whole], minlength=len(variety))
    is_much, share_of_few = is_no_chance(uses, concerned.n_exchanges, concerned.is_core, concerned.n_entities)
    p_member = np.where(is_much, SURE_MEMBER, np.where(uses == FEW_USES, share_of_few * SURE_MEMBER, 0.0))
    known = (p_member > 0) & (variety >= LEAST_BREADTH)
    odds = np.where(known, p_member, 0.5) / (1.0 - np.where(known, p_member, 0.5))
    return np.where(known, np.log2(odds), -MOST_BITS)


def share_floor(hits: FloatArray, n_exchanges: FloatArray) -> FloatArray:
    """Return each entity's own matched share: covering the slice with honest traffic is not evidence against it."""
    return hits / np.maximum(n_exchanges, 1)


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
    own[carries] = np.where(score[place[carries]] >= 2, 0.995, 0.95)
    own[~carries & _is_open(matched, population, rows)] = P_CONTINUED
    return own


def _is_open(matched: IntArray, population: Population, rows: IntArray) -> BoolArray:
    """Return which of ``rows`` stand in a conversation that a matched exchange is part of."""
    conversation = population.exchanges.keys["conversation_id"]
    opened = conversation.code[matched]
    is_open = np.zeros(conversation.n_values + 1, bool)
    is_open[opened[opened >= 0]] = True  # the last place, of no conversation at all, stays closed
    return np.asarray(is_open[conversation.code[rows]], np.bool_)
