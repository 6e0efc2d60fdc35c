"""Who is set apart from a group: users of the same words whom nothing but the words joins to it.

A prompt may be anybody's. Where a pool works through a public agent, an app's prompt or a popular template, the group
by content is the pool and every honest user of it; the pool's shared cards and hand-overs then make the whole group
look coordinated. What tells the two apart is that ties stop where the pool stops: among members of one pool, who is
tied is a matter of slips, which have nothing to do with what they send; in a mixture, those without a tie also
differ in what they send, with what client and when.

So the group is cut into parts by what its members do, as long as being tied depends on it, and parts where members are
tied much less often than in the best tied part are set apart, but for those of them who are tied to those that stay.
What is set apart becomes a group of its own, tested by itself.

Guarantee: of a group whose members are tied by slips, independently of what they do given how much they send, at most
``LEVEL`` are cut at all: the labels tied and not are permuted within quarters of activity, and the largest association
over all that members do is compared with its permutation distribution, which pays for the search. What is cut from
such a group is still tested by itself. Ties are never looked at when groups are formed by content; where they formed
the group, everybody is tied and nothing is cut.

Source: conditional inference trees, Hothorn, Hornik and Zeileis 2006, Unbiased recursive partitioning; maxT, Westfall
and Young 1993; tied members as labelled ones among the unlabelled, Elkan and Noto 2008; the use on ties is ours:
docs/decisions/0029-set-apart.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.stats import hypergeom

from stillwatch.campaigns.behaviour import Behaviour, behaviour_of
from stillwatch.campaigns.group import Group, limited_to
from stillwatch.links.entity import Entities
from stillwatch.links.identity import Ties
from stillwatch.links.population import BoolArray, FloatArray, IntArray, Population

LEVEL: Final = 0.05
N_PERMUTATIONS: Final = 499
LEAST_TIED: Final = 3  # and as many without a tie: fewer say nothing
LEAST_PART: Final = 5
MOST_CUTS: Final = 4  # one below the other
QUARTERS: Final = (0.25, 0.5, 0.75)  # of activity, within which labels are permuted
LEAST_OF_MEMBERS: Final = 0.5  # of a part are members, at the rate of ties of the best tied part
MOST_FALSE: Final = 0.1  # of the values that are taken for shared beyond chance


@dataclass(frozen=True, slots=True)
class Part:
    """Members that do alike.

    Args:
        members: places in the group, rising.
        by: what told them from their neighbours, from the first cut to the last.
    """

    members: IntArray
    by: tuple[str, ...]


def separated(
    group: Group,
    population: Population,
    entities: Entities,
    ties: Mapping[str, Ties],
    handed: tuple[IntArray, IntArray],
    seed: int,
) -> tuple[Group, ...]:
    """Return a group without those whom nothing but words joins to it, and these as a group; or itself alone.

    Args:
        group: the group.
        population: the traffic.
        entities: its entities.
        ties: from ``links.identity``.
        handed: the two entities of each hand-over.
        seed: of the permutations.

    Cost: O(exchanges of the slice and ``N_PERMUTATIONS`` times members, each times features).
    """
    is_tied = tied_members(group.entities, ties, handed, entities.n)
    if not _says_anything(is_tied):
        return (group,)
    apart, told_by = set_apart(is_tied, behaviour_of(group, population, entities), seed)
    if not np.any(apart):
        return (group,)
    stays = ~apart
    stays[apart] = tied_beyond(group.entities, stays, ties, handed, entities.n)[apart]
    rest = limited_to(group, ~stays, entities, population, group.families)
    kept = limited_to(group, stays, entities, population, group.families)
    all_apart = np.union1d(group.apart, rest.entities)
    told_by = tuple(dict.fromkeys((*group.told_by, *told_by)))
    return replace(kept, whole=group.whole or group, apart=all_apart, told_by=told_by), replace(rest, whole=None)


def _says_anything(is_tied: BoolArray) -> bool:
    """Return whether there are enough members with a tie, and without, to compare."""
    n_tied = int(np.count_nonzero(is_tied))
    return min(n_tied, len(is_tied) - n_tied) >= LEAST_TIED and len(is_tied) >= 2 * LEAST_PART


def set_apart(is_tied: BoolArray, behaviour: Behaviour, seed: int) -> tuple[BoolArray, tuple[str, ...]]:
    """Return which members are set apart, (g,), and by what they were told from the others; nobody where no cut holds.

    Args:
        is_tied: (g,) whether each member is tied to another one by more than words.
        behaviour: what each does.
        seed: of the permutations.
    """
    apart = np.zeros(len(is_tied), bool)
    parts = parts_of(is_tied, behaviour, seed)
    if len(parts) < 2:
        return apart, ()
    rate = np.array([(np.count_nonzero(is_tied[part.members]) + 0.5) / (len(part.members) + 1.0) for part in parts])
    by: list[str] = []
    for part, its_rate in zip(parts, rate, strict=True):
        if its_rate < LEAST_OF_MEMBERS * rate.max():
            apart[part.members] = True
            by += [name for name in part.by if name not in by]
    return apart, tuple(by)


def parts_of(is_tied: BoolArray, behaviour: Behaviour, seed: int) -> list[Part]:
    """Return the parts of a group within which being tied does not depend on what members do."""
    rng = np.random.default_rng(seed)
    found: list[Part] = []
    waiting: list[tuple[IntArray, tuple[str, ...]]] = [(np.arange(len(is_tied), dtype=np.int64), ())]
    while waiting:
        members, by = waiting.pop()
        cut = _cut(is_tied[members], behaviour, members, rng) if len(by) < MOST_CUTS else None
        if cut is None:
            found.append(Part(members, by))
            continue
        name, is_low = cut
        waiting += [(members[~is_low], (*by, name)), (members[is_low], (*by, name))]
    return found


def _cut(
    is_tied: BoolArray, behaviour: Behaviour, members: IntArray, rng: np.random.Generator
) -> tuple[str, BoolArray] | None:
    """Return what being tied depends on most and who of some members has little of it; null where on nothing."""
    if not _says_anything(is_tied):
        return None
    n = behaviour.n_exchanges[members]
    is_low = natural_cuts(behaviour.features[members])
    labels = permuted(is_tied, np.searchsorted(np.quantile(n, QUARTERS), n), rng)
    association = associations(is_low, labels)
    largest = association.max(axis=0)
    as_large = np.count_nonzero(largest[1:] >= largest[0] * (1 - 1e-6))
    if (1 + as_large) / (1 + N_PERMUTATIONS) > LEVEL or largest[0] <= 0:
        return None
    feature = int(np.argmax(association[:, 0] >= largest[0] * (1 - 1e-6)))
    return behaviour.names[feature], is_low[:, feature]


def natural_cuts(features: FloatArray) -> BoolArray:
    """Return, (m, f), who is low of each feature, cut where the two sides are most alike within; nobody of a constant.

    Who is tied has no part in where a number is cut, so that a cut does not run after the few who happen to be tied.

    Source: the least variance within, Fisher 1958, On grouping for maximum homogeneity; Otsu 1979.
    """
    order = np.argsort(features, axis=0, kind="stable")
    ordered = np.take_along_axis(features - features.mean(axis=0), order, axis=0)
    n_low = np.arange(1, len(features))[:, None]
    n_high = len(features) - n_low
    below = np.cumsum(ordered, axis=0)[:-1]  # the sum of all is nought
    between = np.square(below) / (n_low * n_high)
    is_possible = (np.minimum(n_low, n_high) >= LEAST_PART) & (ordered[1:] > ordered[:-1])
    last = np.argmax(np.where(is_possible, between, -1.0), axis=0)
    highest = np.take_along_axis(ordered, last[None, :], axis=0)[0] + features.mean(axis=0)
    is_low = features <= highest + np.abs(highest) * 1e-9
    return np.asarray(is_low & is_possible.any(axis=0), np.bool_)


def permuted(is_tied: BoolArray, quarter: IntArray, rng: np.random.Generator) -> FloatArray:
    """Return, (m, 1 + permutations), the labels of m members: as they are, then permuted within each quarter."""
    labels = np.repeat(is_tied.astype(np.float32)[:, None], N_PERMUTATIONS + 1, axis=1)
    for number in np.unique(quarter):
        rows = np.flatnonzero(quarter == number)
        labels[rows, 1:] = rng.permuted(labels[rows, 1:], axis=0)
    return np.asarray(labels, np.float32)


def associations(is_low: BoolArray, labels: FloatArray) -> FloatArray:
    """Return, (f, k), the absolute correlation of each of f cuts with each of k labellings; 0 for no cut."""
    share = is_low.mean(axis=0)
    size = np.sqrt(len(is_low) * share * (1 - share))
    centred = labels - labels.mean(axis=0)
    spread = np.sqrt(np.square(centred).sum(axis=0))
    product = np.abs(is_low.astype(np.float32).T @ centred)
    return np.where(size[:, None] > 0, product / np.maximum(size[:, None] * spread[None, :], 1e-12), 0.0)


def tied_members(
    members: IntArray, ties: Mapping[str, Ties], handed: tuple[IntArray, IntArray], n_entities: int
) -> BoolArray:
    """Return, (g,), which members hand-overs link to another one, or a value that members share beyond chance.

    Args:
        members: (g,) entities, rising.
        ties: from ``links.identity``.
        handed: the two entities of each hand-over.
        n_entities: entities in all.
    """
    return tied_beyond(members, np.ones(len(members), bool), ties, handed, n_entities)


def tied_beyond(
    members: IntArray,
    to: BoolArray,
    ties: Mapping[str, Ties],
    handed: tuple[IntArray, IntArray],
    n_entities: int,
) -> BoolArray:
    """Return, (g,), which members are tied to another one of those that ``to`` says, (g,).

    Of a value that ``k`` members have, and ``h`` of all entities, the chance is that of as many among what the members
    hold, drawn at random from all that is held in the column: who has many addresses meets many there, whoever they
    are. Of each column those values count that Benjamini and Hochberg's rule finds at ``MOST_FALSE``, so that a
    carrier's address, a proxy's or a card of "unknown" ties nobody.
    """
    found = np.zeros(len(members), bool)
    left, right = (_places(members, ends) for ends in handed)
    both = (left >= 0) & (right >= 0)
    left, right = left[both], right[both]
    found[left[to[right]]] = True
    found[right[to[left]]] = True
    for tie in ties.values():
        value, which = tie.held_by(members)
        held, of_value, count = np.unique(value, return_inverse=True, return_counts=True)
        if not len(held):
            continue
        n_held = max(len(tie.value), n_entities)  # most accounts without a card do not make a card the likelier
        p_value = hypergeom.sf(count - 1, n_held, tie.n_entities()[held], max(len(value), len(members)))
        p_value[count < 2] = 1.0
        ordered = np.sort(p_value)
        passed = np.flatnonzero(ordered <= MOST_FALSE * np.arange(1, len(ordered) + 1) / len(ordered))
        if len(passed):
            others = np.bincount(of_value, weights=to[which], minlength=len(held))[of_value] - to[which]
            found[which[(p_value <= ordered[passed[-1]])[of_value] & (others >= 1)]] = True
    return found


def _places(members: IntArray, entity: IntArray) -> IntArray:
    """Return the place of each entity among members, rising; -1 for who is none."""
    place = np.minimum(np.searchsorted(members, entity), len(members) - 1)
    return np.where(members[place] == entity, place, -1)
