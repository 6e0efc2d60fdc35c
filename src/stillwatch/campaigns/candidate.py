"""Candidate groups: who might belong together, proposed by content or by identity, and by what.

Content proposes families of exchanges that several entities use again and again, joined where the same entities use
them; identity proposes communities of shared rare values. A candidate is a question, not a finding: the channel that
proposed it is never counted as evidence for it.

Guarantee: two families are joined only where their overlap is larger than a degree-corrected null makes likely
(families drawn by entities in proportion to how many families each is in, as in the configuration model), at
``JOIN_LEVEL`` over all pairs that overlap; which of them end up together is a matter of community detection.

Source: ours: docs/decisions/0005-families-first.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from scipy.sparse import csc_array, csr_array
from scipy.stats import binom, poisson

from stillwatch.campaigns.few_uses import MOST_TIMES, MOSTLY_USUAL
from stillwatch.links.community import communities
from stillwatch.links.components import connected_components
from stillwatch.links.entity import Entities
from stillwatch.links.family import LEAST_ENTITIES, LEAST_KEPT_UP, RECURRENT_USES, Families
from stillwatch.links.identity import Ties, tie_graph
from stillwatch.links.population import BoolArray, FloatArray, IntArray, Population
from stillwatch.links.rows import blocks, places_of

JOIN_LEVEL: Final = 0.01  # family-wise, over all overlapping pairs
MOST_JOINED: Final = 4096  # families of one entity whose overlaps are looked at: half its square bounds its pairs
MOST_LINK_BITS: Final = 160.0  # of one pair of families: beyond, likelier is not closer
FAMILY_RESOLUTION: Final = 1.0  # each of these links was tested by itself: nothing needs to be broken up further
MOST_SHARE: Final = 0.5  # a phrase that more than half of all entities use is common speech
LEAST_EVEN: Final = 0.4  # of a family's users come back, where all use it about as often: a few uses each are enough
MOST_SPREAD: Final = 0.5  # excess spread, squared: of chance families that people come back to, nine in ten have more
HABITS_SPREAD: Final = 1.0  # of what people do as they please; less, where nearly all come back, is dealt
DEALT_SPREAD: Final = 0.25  # of the usual users alone: of a language's, a half
MOSTLY_LINKED: Final = 0.5  # of a candidate's entities: of people who merely speak alike, a fifth to a third are
LEAST_ALIKE: Final = 2 / 3  # of the entities of two families: beyond, they are one programme's
LEAST_CONTAINED: Final = 0.8  # of a family's users, to belong to a group of others
BLOCK_MATCHES: Final = 4_000_000  # matches counted at once: some 200 MB
BLOCK_OVERLAPS: Final = 20_000_000  # pairs of families at once, each at most 12 bytes
GROUPS_AT_ONCE: Final = 2_000
KEPT_UP_TOGETHER: Final = 0.8  # of all users come back to a set of families: of a language's speakers, two thirds do
LEAST_ROTATION: Final = 2  # families in rotation, and of them those of a typical user
MOSTLY_KEPT_UP, CHANCE_KEPT_UP = 0.5, 1 / 3  # half of many users suffices where clearly more than a third come back
MANY_USES: Final = 12  # of one family: no chance of speech, however much else an entity sends
RECURRENT_SHARE: Final = 0.03  # of an entity's exchanges; below 1 in 20 of the hardest published case, for sampling


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


def family_use(population: Population, entities: Entities, families: Families) -> csr_array:
    """Return, (n_entities, n_families), in how many exchanges each entity *clearly* used each family.

    One exchange that carries two phrases of the family is clear; so are two exchanges with one phrase each. A single
    shingle once is chance speech and counts 0.
    """
    of_row = entities.of_account[population.exchanges.account]
    kept: list[tuple[IntArray, IntArray, IntArray]] = [(np.zeros(0, np.int64),) * 3]
    for start, end in blocks(families.first, BLOCK_MATCHES):
        low, high = families.first[start], families.first[end]
        family = np.repeat(np.arange(start, end), np.diff(families.first[start : end + 1]))
        key = family * entities.n + of_row[families.exchange[low:high]]
        order = np.argsort(key, kind="stable")
        key, is_double = key[order], families.n_matched[low:high][order] >= 2
        firsts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1]))) if len(key) else np.zeros(0, np.int64)
        count = np.diff(np.append(firsts, len(key)))
        is_clear = (count >= 2) | is_double[firsts]  # where there is one exchange, it is the first
        pair = key[firsts][is_clear]
        kept.append((pair % entities.n, pair // entities.n, count[is_clear]))
    entity, family, count = (np.concatenate(parts) for parts in zip(*kept, strict=True))
    use = csr_array((count.astype(np.int32), (entity, family)), shape=(entities.n, families.n))
    use.sort_indices()
    return use


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
    groups, is_taken, is_even = _kept_up_groups(used, entities)
    pool = np.flatnonzero(~is_taken | is_even)
    joined: list[IntArray] = []
    if len(pool):
        label = _join_families(used[:, pool])
        order = np.argsort(label, kind="stable")
        joined = [pool[part] for part in np.split(order, np.searchsorted(label[order], np.arange(1, label.max() + 1)))]
    is_together = [_is_kept_up_together(used, group) for group in joined]
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


def _is_kept_up_together(used: csc_array, group: IntArray) -> bool:
    """Return whether nearly all who use any of several families come back to them, though not to one of them.

    So do the accounts of one list whose templates are in rotation: each has one or two uses of each template, and some
    of most. Who merely speaks alike has a family or two of many, and for each that comes back there is one that does
    not; speakers of one language do come back, but as they please: their counts spread. Some heavy users of another
    kind, who have the same templates from the same source, do not hide the even deal of the others.
    """
    if len(group) < LEAST_ROTATION:
        return False
    part = used[:, group]
    place = np.unique(part.indices, return_inverse=True)[1]
    count = np.bincount(place, weights=part.data).astype(np.float64)
    n_families = np.bincount(place)
    recurs = count >= RECURRENT_USES
    n_recurrent = int(np.count_nonzero(recurs))
    spread = _spread_beyond_chance(count)
    chance = float(binom.sf(n_recurrent - 1, len(count), CHANCE_KEPT_UP))
    is_mostly = n_recurrent >= MOSTLY_KEPT_UP * len(count) and chance <= JOIN_LEVEL / used.shape[1]
    usual = count[count <= MOST_TIMES * np.median(count[recurs])] if n_recurrent else count[:0]
    is_dealt = len(usual) >= MOSTLY_USUAL * len(count) and _spread_beyond_chance(usual) <= DEALT_SPREAD
    is_kept_up = n_recurrent >= KEPT_UP_TOGETHER * len(count) and (spread < HABITS_SPREAD or is_dealt)
    is_kept_up |= is_mostly and spread <= MOST_SPREAD
    is_rotation = float(np.median(n_families[recurs])) >= LEAST_ROTATION if n_recurrent else False
    return is_kept_up and is_rotation and n_recurrent >= LEAST_ENTITIES


def _spread_beyond_chance(count: FloatArray) -> float:
    """Return how much counts spread beyond Poisson's: squared, in times their mean."""
    mean = float(count.mean())
    return (float(count.var()) - mean) / mean**2


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


def is_recurrent(count: IntArray | FloatArray, n_exchanges: IntArray | FloatArray) -> BoolArray:
    """Return where ``count`` uses among ``n_exchanges`` are no chance: three, and a share of them or very many."""
    is_much = (count >= RECURRENT_SHARE * n_exchanges) | (count >= MANY_USES)
    return np.asarray((count >= RECURRENT_USES) & is_much, np.bool_)


def _kept_up_groups(used: csc_array, entities: Entities) -> tuple[list[IntArray], BoolArray, BoolArray]:
    """Return groups of families (columns of ``used``) to which their users keep.

    Also which columns are in one, and which of these only because few uses are dealt evenly.

    A phrase that people meet by chance has many users with one or two uses for each that comes back, and some with very
    many; a programme has none such, or deals a few uses evenly. Families kept up by the same entities are one group. A
    further family belongs to it where most of its users do, beyond the chance of their share of all use; it may belong
    to several.
    """
    n_users = np.diff(used.indptr)
    column = np.repeat(np.arange(used.shape[1]), n_users)
    recurs = is_recurrent(used.data, entities.n_exchanges[used.indices])
    n_recurrent = np.bincount(column[recurs], minlength=used.shape[1])
    is_kept_up = n_recurrent >= LEAST_KEPT_UP * n_users
    is_many = binom.sf(n_recurrent - 1, n_users, CHANCE_KEPT_UP) <= JOIN_LEVEL / max(used.shape[1], 1)
    is_kept_up |= (n_recurrent >= MOSTLY_KEPT_UP * n_users) & is_many
    is_even = ~is_kept_up & (n_recurrent >= LEAST_EVEN * n_users) & (_excess_spread(used) <= MOST_SPREAD)
    is_even &= n_recurrent >= LEAST_ENTITIES
    is_kept_up = (is_kept_up & (n_recurrent >= LEAST_ENTITIES)) | is_even
    strong = np.flatnonzero(is_kept_up)
    is_taken = is_kept_up.copy()
    if not len(strong):
        return [], is_taken, is_even
    held = csr_array((recurs.astype(np.int64), used.indices, used.indptr), shape=used.shape[::-1]).T.tocsc()[:, strong]
    held.eliminate_zeros()
    label = _alike_sets(held)
    n_groups = int(label.max()) + 1
    nuclei = np.split(strong[np.argsort(label, kind="stable")], np.cumsum(np.bincount(label))[:-1])
    in_group = csr_array(
        (np.ones(len(strong), np.int32), (np.arange(len(strong)), label)), shape=(len(strong), n_groups)
    )
    inside = (held.sign() @ in_group).sign().astype(np.int32)  # (entities, groups): who keeps to any of its families
    binary = csc_array((np.ones(len(used.indices), np.int32), used.indices, used.indptr), shape=used.shape)
    found = (binary.T.tocsr() @ inside).tocoo()  # how many of each family's users are inside each group
    n_inside = np.bincount(found.col, weights=found.data, minlength=n_groups)
    contained = (found.data >= LEAST_CONTAINED * n_users[found.row]) & ~is_kept_up[found.row]
    family, group, n_theirs = found.row[contained].astype(np.int64), found.col[contained], found.data[contained]
    by_chance = binom.sf(n_theirs - 1, n_users[family], n_inside[group] / max(len(used.indices), 1))
    attached = by_chance <= JOIN_LEVEL / max(used.shape[1], 1)
    family, group = family[attached], group[attached]
    is_taken[family] = True
    order = np.argsort(group, kind="stable")
    parts = np.split(family[order], np.searchsorted(group[order], np.arange(1, n_groups)))
    return [np.union1d(nucleus, part) for nucleus, part in zip(nuclei, parts, strict=True)], is_taken, is_even


def _excess_spread(used: csc_array) -> FloatArray:
    """Return, for each column, how much its users' counts spread beyond chance: squared, in times their mean.

    Nought where a queue deals to all alike (Poisson counts); what people use as they please spreads by one or more.
    """
    n = np.maximum(np.diff(used.indptr), 1)
    column = np.repeat(np.arange(used.shape[1]), np.diff(used.indptr))
    count = used.data.astype(np.float64)
    mean = np.bincount(column, weights=count, minlength=used.shape[1]) / n
    square = np.bincount(column, weights=count**2, minlength=used.shape[1]) / n
    mean = np.maximum(mean, 1e-9)
    return np.asarray((square - mean**2) / mean**2 - 1 / mean, np.float64)


def _alike_sets(held: csc_array) -> IntArray:
    """Return the group of each column: columns are joined where their entities are the same by two thirds (Jaccard)."""
    size = np.diff(held.indptr)
    overlap = (held.T @ held).tocoo()
    jaccard = overlap.data / np.maximum(size[overlap.row] + size[overlap.col] - overlap.data, 1)
    is_alike = (overlap.row < overlap.col) & (jaccard >= LEAST_ALIKE)
    return connected_components(held.shape[1], overlap.row[is_alike], overlap.col[is_alike])


def _join_families(used: csr_array) -> IntArray:
    """Return the group of each family (column of ``used``)."""
    binary = used.copy()
    binary.data = np.ones_like(binary.data)
    size = np.asarray(binary.sum(axis=0)).ravel().astype(np.float64)
    degree = np.asarray(binary.sum(axis=1)).ravel().astype(np.float64)
    left, right, both, n_overlapping = _overlaps(_rarest(binary.tocsr(), size))
    # entities join families in proportion to their degree: the expected overlap of two families of these sizes
    expected = (
        size[left]
        * size[right]
        * float(np.sum(degree * np.maximum(degree - 1, 0)))
        / max(float(np.sum(degree)) ** 2, 1.0)
    )
    bits = -poisson.logsf(both - 1, expected) / np.log(2)
    is_joined = bits >= np.log2(max(n_overlapping, 1) / JOIN_LEVEL)
    weight = np.minimum(bits[is_joined], MOST_LINK_BITS)
    return communities(used.shape[1], left[is_joined], right[is_joined], weight, FAMILY_RESOLUTION)


def _rarest(binary: csr_array, size: FloatArray) -> csr_array:
    """Return who uses which family, for each entity only the ``MOST_JOINED`` families that fewest use.

    An account that says everything says nothing: its overlaps would cost the square of what it says. Left out, they can
    only make a join less likely, so that the level of the test still holds.
    """
    degree = np.diff(binary.indptr)
    if degree.max(initial=0) <= MOST_JOINED:
        return binary
    entity = np.repeat(np.arange(binary.shape[0]), degree)
    order = np.lexsort((binary.indices, size[binary.indices], entity))
    place = np.arange(len(order)) - binary.indptr[:-1].astype(np.int64)[entity]
    kept = np.sort(order[place < MOST_JOINED])
    ones = np.ones(len(kept), binary.data.dtype)
    return csr_array((ones, (entity[kept], binary.indices[kept])), shape=binary.shape)


def _overlaps(binary: csr_array) -> tuple[IntArray, IntArray, FloatArray, int]:
    """Return the pairs of families that ``RECURRENT_USES`` entities share, how many do, and how many pairs overlap.

    The overlaps of a block of families at a time are made, and those that are too small dropped at once.
    """
    left, right, both, n = [], [], [], 0
    across = binary.T.tocsr()
    cost = np.asarray(
        across.astype(np.int64) @ np.diff(binary.indptr).astype(np.int64)
    )  # how many overlaps each family may have
    for start, end in blocks(np.concatenate(([0], np.cumsum(cost))), BLOCK_OVERLAPS):
        overlap = across[start:end] @ binary
        n += overlap.nnz
        large = np.flatnonzero(overlap.data >= RECURRENT_USES)
        row = np.searchsorted(overlap.indptr, large, side="right") - 1 + start
        upper = row < overlap.indices[large]
        left.append(row[upper].astype(np.int64))
        right.append(overlap.indices[large[upper]].astype(np.int64))
        both.append(overlap.data[large[upper]].astype(np.float64))
    return np.concatenate(left), np.concatenate(right), np.concatenate(both), n


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
