"""Candidate groups: who might belong together, proposed by content or by identity, and by what.

Content proposes families of exchanges that several entities use again and again, joined where the same entities use
them; identity proposes communities of shared rare values. A candidate is a question, not a finding: the channel that
proposed it is never counted as evidence for it.

Source: ours: docs/decisions/0005-families-first.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from scipy.sparse import csc_array, csr_array

from stillwatch.campaigns.family_overlap import joined_families
from stillwatch.campaigns.family_use import family_use
from stillwatch.campaigns.kept_up import is_kept_up_together, kept_up_groups
from stillwatch.campaigns.recurrence import is_recurrent
from stillwatch.links.community import communities
from stillwatch.links.entity import Entities
from stillwatch.links.family import LEAST_ENTITIES, Families
from stillwatch.links.identity import Ties, tie_graph
from stillwatch.links.population import IntArray, Population
from stillwatch.links.rows import places_of

MOST_SHARE: Final = 0.5  # a phrase that more than half of all entities use is common speech
MOSTLY_LINKED: Final = 0.5  # of a candidate's entities: of people who merely speak alike, a fifth to a third are
GROUPS_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A set of entities that something proposed.

    Args:
        channel: ``content``, ``identity`` or ``hand_over``: what proposed it, and is therefore not counted for it.
        families: families that define its slice; empty for an identity candidate without shared phrases.
        entities: proposed entities, rising.
    """

    channel: str
    families: IntArray
    entities: IntArray


Links: TypeAlias = tuple[IntArray, IntArray]
"""Pairs of entities that something links: their two ends."""


def propose(
    population: Population, entities: Entities, families: Families, ties: Mapping[str, Ties], handed: Links
) -> tuple[Candidate, ...]:
    """Return the candidates, content first, each in a canonical order; ``handed`` are the links of hand-overs."""
    use = family_use(population, entities, families)
    by_content = _content_candidates(
        use, entities, {"identity": tie_graph(ties, entities.n, use)[:2], "hand_over": handed}
    )
    by_identity = _identity_candidates(ties, entities.n, use)
    return (*by_content, *by_identity)


def _content_candidates(use: csr_array, entities: Entities, links: Mapping[str, Links]) -> list[Candidate]:
    """Return candidates from families that people keep to, then from families that are only used together.

    People who speak one language use many families together, now and then: such a candidate stands only where most of
    its entities are linked by something else, which is then no evidence for it any more.
    """
    users = np.bincount(use.indices, minlength=use.shape[1])
    kept = np.flatnonzero((users >= LEAST_ENTITIES) & (users <= max(MOST_SHARE * entities.n, LEAST_ENTITIES)))
    if len(kept) == 0:
        return []
    used = use[:, kept].tocsc()
    groups, is_taken, is_even = kept_up_groups(used, entities)
    pool = np.flatnonzero(~is_taken | is_even)
    joined: list[IntArray] = []
    if len(pool):
        label = joined_families(used[:, pool])
        order = np.argsort(label, kind="stable")
        joined = [pool[part] for part in np.split(order, np.searchsorted(label[order], np.arange(1, label.max() + 1)))]
    is_together = [is_kept_up_together(used, group) for group in joined]
    together = [group for group, is_kept in zip(joined, is_together, strict=True) if is_kept]
    weak = [group[~is_taken[group]] for group, is_kept in zip(joined, is_together, strict=True) if not is_kept]
    in_rotation = np.zeros(len(kept), bool)
    in_rotation[np.concatenate([kept[:0], *together]).astype(np.int64)] = True
    groups = [group for group in groups if not np.all(in_rotation[group])] + together
    n_strong = len(groups)
    groups += [group for group in weak if len(group)]
    graphs = {name: _adjacency(ends, entities.n) for name, ends in links.items()}
    result = []
    for group, members in _members(used, groups, entities):
        by, named = ("content", members) if group < n_strong else _mostly_linked(members, graphs)
        if len(named) >= LEAST_ENTITIES:
            result.append(Candidate(by, kept[groups[group]].astype(np.int64), named))
    return result


def _members(used: csc_array, groups: list[IntArray], entities: Entities) -> Iterator[tuple[int, IntArray]]:
    """Yield the number and the entities, rising, of each group of families that enough use again and again.

    Cost: O(uses of the families in groups), in blocks of ``GROUPS_AT_ONCE``.
    """
    for start in range(0, len(groups), GROUPS_AT_ONCE):
        part = groups[start : start + GROUPS_AT_ONCE]
        columns = np.concatenate(part)
        of_group = np.repeat(np.arange(len(part)), [len(group) for group in part])
        at, which = places_of(used.indptr.astype(np.int64), columns)
        key = of_group[which] * np.int64(entities.n) + used.indices[at]
        order = np.argsort(key, kind="stable")
        key = key[order]
        firsts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1]))) if len(key) else np.zeros(0, np.int64)
        count = np.add.reduceat(used.data[at][order].astype(np.int64), firsts) if len(key) else firsts
        group, entity = key[firsts] // entities.n, key[firsts] % entities.n
        recurs = is_recurrent(count, entities.n_exchanges[entity])
        group, entity = group[recurs], entity[recurs]
        bounds = np.searchsorted(group, np.arange(len(part) + 1))
        for i in np.flatnonzero(np.diff(bounds) >= LEAST_ENTITIES):
            yield start + int(i), entity[bounds[i] : bounds[i + 1]]


def _adjacency(links: Links, n: int) -> csr_array:
    """Return who is linked to whom, in both directions; the values mean nothing."""
    left, right = links
    ends = np.concatenate([left, right]), np.concatenate([right, left])
    return csr_array((np.ones(len(ends[0]), np.int8), ends), shape=(n, n))


def _mostly_linked(members: IntArray, graphs: Mapping[str, csr_array]) -> tuple[str, IntArray]:
    """Return what links at least half of the members to each other, and whom it links; nobody where nothing does.

    Cost: O(links of the members).
    """
    for name, graph in graphs.items():
        at, which = places_of(graph.indptr.astype(np.int64), members)
        other = graph.indices[at]
        place = np.minimum(np.searchsorted(members, other), len(members) - 1)
        linked = np.zeros(len(members), bool)
        linked[which[members[place] == other]] = True
        if np.count_nonzero(linked) >= MOSTLY_LINKED * len(members):
            return name, members[linked]
    return "", members[:0]


def _identity_candidates(ties: Mapping[str, Ties], n_entities: int, use: csr_array) -> list[Candidate]:
    left, right, bits = tie_graph(ties, n_entities)
    label = communities(n_entities, left, right, bits)
    size = np.bincount(label)
    order = np.argsort(label, kind="stable")
    starts = np.concatenate(([0], np.cumsum(size)))
    n_users = np.bincount(use.indices, minlength=use.shape[1])
    found = []
    for community in np.flatnonzero(size >= LEAST_ENTITIES):
        members = np.sort(order[starts[community] : starts[community + 1]]).astype(np.int64)
        found.append(Candidate("identity", _families_of(members, use, n_users), members))
    return found


def _families_of(members: IntArray, use: csr_array, n_users: IntArray) -> IntArray:
    """Return the families that at least half of the members use and that members use more than others do."""
    inside = np.bincount(use[members].indices, minlength=use.shape[1])
    return np.flatnonzero((inside >= max(len(members) / 2, LEAST_ENTITIES)) & (inside * 2 > n_users)).astype(np.int64)
