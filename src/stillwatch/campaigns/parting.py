"""One wrapper, two lists: a group whose members share a template, but whose items come from lists that never mix.

A template may be anybody's: two campaigns that took one wrapper from one source are one group by content. What they
send within it is not: each item family (one that at most half of the group uses) belongs to one list, and an account
draws from the list that it was dealt. If the group has one list, which of its families an account meets is chance. If
it has two, no family is met on both sides. So a mixture of two lists is fitted to who used which item family, and
compared with the same fit to the same table with its uses dealt anew.

Guarantee: a group of one list, whose accounts draw families independently in proportion to the families' use and
their own, is parted with a chance of at most ``1 / (N_DEALS + 1)``: the table and those dealt anew with both margins
kept are then exchangeable, and it must beat them all. A large difference is asked for besides: ``LEAST_PURE`` of all
uses on their family's side. Where hand-overs cross between the sides as a queue over both would make them, the group
stays one, whatever its lists. Parts are tested each by itself; nobody is added or lost.

Source: mixture of unigrams, Nigam and others 2000, begun at the first axes of correspondence analysis, Benzecri 1973;
Monte Carlo test, Besag and Clifford 1989; ours: docs/decisions/0028-one-wrapper-two-lists.md.
"""

from typing import Final

import numpy as np
from scipy.sparse import csr_array

from stillwatch.campaigns.group import Group, limited_to
from stillwatch.campaigns.slice import matches_with
from stillwatch.campaigns.work_list import fitted
from stillwatch.links.entity import Entities
from stillwatch.links.family import LEAST_ENTITIES, Families
from stillwatch.links.handover import HandOvers
from stillwatch.links.population import BoolArray, FloatArray, IntArray, Population

MOSTLY_USED: Final = 0.5  # of the members use a family: it is of the wrapper, and says nothing of lists
CLEAR_PHRASES: Final = 2  # of a family, from one member: a single shingle is chance speech
LEAST_LISTED: Final = 4  # item families, two a side
MOST_LISTED: Final = 256  # those with most users: hundreds tell no more than these, and cost their square
LEAST_PURE: Final = 0.95  # of the uses fall on their family's side; 0.98 where campaigns are two, 0.75 dealt anew
N_DEALS: Final = 199
MOST_CROSSING: Final = 0.1  # of hand-overs between the sides: a queue over both makes nearly as many as within
N_AXES: Final = 2  # from which the fit begins; the better one counts
ROUNDS: Final = 40  # of the fit
SMOOTHING: Final = 0.05  # of a list is common to both, so that no use is impossible


def parted(
    group: Group, population: Population, entities: Entities, families: Families, found: HandOvers
) -> tuple[Group, ...]:
    """Return the groups that a group by content consists of: itself, or one for each list.

    Args:
        group: what content proposed, after its membership was weighed.
        population: the traffic.
        entities: its entities.
        families: its families.
        found: all hand-overs.

    Cost: O(matches of its families); where it is parted, ``N_DEALS`` fits of some tens of rounds over the uses.
    """
    if group.channel != "content" or len(group.entities) < 2 * LEAST_ENTITIES:
        return (group,)
    held, of_list = _uses(group, population, entities, families)
    is_first = two_lists(held)
    if is_first is None:
        return (group,)
    knows = np.diff(held.indptr) > 0
    is_first = _placed(group, population, entities, is_first, knows)
    if _crosses(group, population, entities, is_first, found):
        return (group,)
    theirs = np.asarray(held.T @ is_first.astype(np.float64)) * 2 > np.asarray(held.sum(axis=0)).ravel()
    parts: list[Group] = []
    for is_side, is_theirs in ((is_first, theirs), (~is_first, ~theirs)):
        gone = np.zeros(len(group.families), bool)
        gone[of_list[~is_theirs]] = True
        part = limited_to(group, is_side, entities, population, group.families[~gone])
        parts += parted(part, population, entities, families, found)
    return tuple(parts)


def two_lists(held: csr_array) -> BoolArray | None:
    """Return which members draw from the first of two lists; null where one list explains the table as well.

    Args:
        held: (n, l) binary, which member used which item family.
    """
    if held.shape[1] < LEAST_LISTED or held.nnz == 0:
        return None
    gain, is_first = _fit(held)
    knows = np.diff(held.indptr) > 0
    if min(np.count_nonzero(is_first & knows), np.count_nonzero(~is_first & knows)) < LEAST_ENTITIES:
        return None
    if _purity(held, is_first) < LEAST_PURE:
        return None
    rng = np.random.default_rng(0)
    row = np.repeat(np.arange(held.shape[0]), np.diff(held.indptr))
    for _ in range(N_DEALS):
        dealt = csr_array((held.data, (row, rng.permutation(held.indices))), shape=held.shape)
        dealt.sum_duplicates()
        dealt.data[:] = 1.0
        if _fit(dealt)[0] >= gain:
            return None
    return is_first


def _uses(group: Group, population: Population, entities: Entities, families: Families) -> tuple[csr_array, IntArray]:
    """Return, (members, item families), who used which, and where these families stand among the group's."""
    found = matches_with(families, group.families, population, group.tools)
    sender = entities.of_account[population.exchanges.account[found.exchange]].astype(np.int64)
    member = np.minimum(np.searchsorted(group.entities, sender), len(group.entities) - 1)
    mine = group.entities[member] == sender
    shape = len(group.entities), len(group.families)
    n_phrases = csr_array((found.n_matched[mine].astype(np.float64), (member[mine], found.place[mine])), shape=shape)
    n_phrases.sum_duplicates()
    n_phrases.data = (n_phrases.data >= CLEAR_PHRASES).astype(np.float64)
    n_phrases.eliminate_zeros()
    n_users = np.asarray(n_phrases.sum(axis=0)).ravel()
    listed = np.flatnonzero((n_users >= 2) & (n_users <= MOSTLY_USED * len(group.entities)))
    most_used = listed[np.lexsort((listed, -n_users[listed]))][:MOST_LISTED]
    kept = np.sort(most_used).astype(np.int64)
    return n_phrases[:, kept].tocsr(), kept


def _fit(held: csr_array) -> tuple[float, BoolArray]:
    """Return by how much two lists explain a table better than one, in nats, and which rows draw from the first."""
    return max((_fit_from(held, axis) for axis in _axes(held)), key=lambda one: one[0])


def _axes(held: csr_array) -> list[FloatArray]:
    """Return the scores of the rows on the first axes of correspondence analysis, beyond the trivial one."""
    n_row, n_column = (np.maximum(np.asarray(held.sum(axis=axis)).ravel(), 1.0) for axis in (1, 0))
    weighed = (held / np.sqrt(n_row)[:, None]) / np.sqrt(n_column)[None, :]
    square = np.asarray((weighed.T @ weighed).todense())
    trivial = np.sqrt(n_column / n_column.sum())
    vectors = np.linalg.eigh(square - np.outer(trivial, trivial))[1]
    return [np.asarray(weighed @ vectors[:, -1 - k] / np.sqrt(n_row), np.float64) for k in range(N_AXES)]


def _fit_from(held: csr_array, score: FloatArray) -> tuple[float, BoolArray]:
    """Return the gain of two lists over one and the rows of the first, by expectation maximisation from a score."""
    knows = np.diff(held.indptr) > 0
    by_family = csr_array(held.T)
    at_large = np.asarray(held.sum(axis=0)).ravel() / held.sum()
    p_first = np.where(score > 0, 0.9, 0.1)
    one, two = np.zeros(held.shape[0]), np.zeros(held.shape[0])
    for _ in range(ROUNDS):
        share = float(np.clip(p_first[knows].mean(), 1e-6, 1 - 1e-6))
        one, two = (
            _explained(held, by_family, p, at_large) + np.log(s)
            for p, s in ((p_first, share), (1 - p_first, 1 - share))
        )
        p_first = 1.0 / (1.0 + np.exp(np.clip(two - one, -50, 50)))
    alone = held @ np.log(np.maximum(at_large, 1e-300))
    return float((np.logaddexp(one, two) - alone)[knows].sum()), np.asarray(p_first > 0.5, np.bool_)


def _explained(held: csr_array, by_family: csr_array, p: FloatArray, at_large: FloatArray) -> FloatArray:
    """Return how well each row is explained by the list that rows with probability ``p`` draw from, in nats.

    ``by_family`` is the table turned round: to turn it takes longer than to look at it.
    """
    drawn = np.asarray(by_family @ p)
    listed = (1 - SMOOTHING) * drawn / max(float(drawn.sum()), 1e-9) + SMOOTHING * at_large
    return np.asarray(held @ np.log(np.maximum(listed, 1e-300)), np.float64)


def _purity(held: csr_array, is_first: BoolArray) -> float:
    """Return the share of uses that fall on their family's side."""
    first = np.asarray(held.T @ is_first.astype(np.float64))
    n = np.asarray(held.sum(axis=0)).ravel()
    return float(np.maximum(first, n - first).sum() / n.sum())


def _placed(
    group: Group, population: Population, entities: Entities, is_first: BoolArray, knows: BoolArray
) -> BoolArray:
    """Return the side of every member: who used no item family is placed by what its exchanges are about."""
    if np.all(knows):
        return is_first
    exchanges, rows = population.exchanges, group.slice_rows
    member = np.searchsorted(group.entities, entities.of_account[exchanges.account[rows]])
    about = np.column_stack([exchanges.topic[rows] / 127.0, exchanges.capability[rows] / 255.0, np.ones(len(rows))])
    first, second = knows[member] & is_first[member], knows[member] & ~is_first[member]
    if not np.any(first) or not np.any(second):
        return is_first
    score = about @ fitted(about[first], about[second])
    total = np.bincount(member, weights=score, minlength=len(group.entities))
    return np.where(knows, is_first, total > 0)


def _crosses(group: Group, population: Population, entities: Entities, is_first: BoolArray, found: HandOvers) -> bool:
    """Return whether hand-overs within the group cross between its sides, as they do where one queue deals to both."""
    side = np.zeros(entities.n, np.int8)
    side[group.entities] = np.where(is_first, 1, 2)
    in_slice = np.zeros(len(population.exchanges), bool)
    in_slice[group.slice_rows] = True
    mine = in_slice[found.failed] & in_slice[found.taken]
    of_row = entities.of_account[population.exchanges.account]
    ends = side[of_row[found.failed[mine]]], side[of_row[found.taken[mine]]]
    n_crossing = int(np.count_nonzero(ends[0] != ends[1]))
    return n_crossing > MOST_CROSSING * len(ends[0])
