"""Tests of dealing: does a group pass on what failed, as a queue does and strangers cannot?

Tests for two ways in which a group came to be. None needs controls, and none looks at what a request says.

Guarantee: *hand-overs* of a group that something else proposed are compared with their mirror images within its own
slice. Among strangers who send alike items the order of a failed and an answered request is a fair coin, whatever
makes them send them, so that the binomial tail is an exact p-value; and of all pairs, whatever the items' failure
rates, at most a quarter are hand-overs. A group that hand-overs themselves proposed is
tested twice: by the same sign test on items like its own among entities that had no part in proposing it, which the
choice cannot have touched; and by its size, against the largest connected group among as many random links as there
are mirror images in the whole log, where the maximum over the log pays for the search.

Hand-overs among a few speak of these few. Where fewer members take part than would if each hand-over's two ends fell on
members by chance, a hundred to one, the group counts as one that passes nothing on: a queue over it would reach all.

Source: sign test, Conover 1999, section 3.4; size of components as a scan statistic, ours:
docs/decisions/0010-hand-overs.md.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from scipy.stats import binom

from stillwatch.campaigns.control import tail_p_value
from stillwatch.campaigns.coordination import TestResult
from stillwatch.campaigns.group import Group
from stillwatch.links.components import connected_components
from stillwatch.links.entity import Entities
from stillwatch.links.handover import HandOvers, Succession, has_failed
from stillwatch.links.population import FloatArray, IntArray, Population

N_RANDOM_LINKINGS: Final = 999
MOST_FORWARD: Final = 0.25  # f(1 - f), at most
LEAST_EXACT_P: Final = 1e-12  # smaller ones say nothing more
N_SPREADS: Final = 199
OF_FEW: Final = 0.01
OF_FEW_WORDS: Final = "hand-overs stay among so few members that none counts as the group's"
LEAST_CHANCES: Final = 5  # failed requests: fewer say nothing of whether a queue stands behind them
HAND_OVER: Final = "hand_over"
WORK_LIST: Final = "work_list"


class Dealing:
    """The tests of dealing over one population.

    Args:
        population: the traffic.
        entities: its entities.
        succession: consecutive requests of one item by two entities.
        found: the hand-overs among them.
    """

    def __init__(self, population: Population, entities: Entities, succession: Succession, found: HandOvers) -> None:
        self._succession = succession
        self._by_earlier = np.argsort(succession.earlier, kind="stable")
        self._is_inside = np.zeros(len(population.exchanges), bool)
        of_row = entities.of_account[population.exchanges.account].astype(np.int64)
        self._entity_of_row = of_row
        talks = population.exchanges.keys["conversation_id"].code >= 0
        self._could_pass = has_failed(population) & ~talks
        self._links = of_row[found.failed], of_row[found.taken]
        self._n_entities = entities.n
        self._ends = np.concatenate([of_row[succession.earlier], of_row[succession.later]])
        self._n_chance = found.n_mirrored + 1
        self._largest: FloatArray | None = None
        self.is_known = bool({"status", "refused"} & population.columns) and "prompt" in population.columns

    def assess(self, group: Group) -> tuple[TestResult, ...]:
        """Return the outcome of each test that applies to a group.

        Empty where failures or prompts are not known, and where hardly anything failed that could be passed on: a
        turn of a conversation goes on where the conversation is. Hand-overs of a few do not count as the group's.
        """
        if not self.is_known:
            return ()
        inside = self._is_inside  # cleared below: a group pays for its own rows, not for all
        inside[group.slice_rows] = True
        pairs = self._succession
        begun = self._begun_by(group.slice_rows)
        mine = begun[inside[pairs.later[begun]]]
        inside[group.slice_rows] = False
        forward = int(np.sum(pairs.has_failed_first[mine] & ~pairs.has_failed_last[mine]))
        mirrored = int(np.sum(~pairs.has_failed_first[mine] & pairs.has_failed_last[mine]))
        n_chances = int(np.count_nonzero(self._could_pass[group.slice_rows]))
        if forward + mirrored == 0 and n_chances < LEAST_CHANCES:
            return ()
        is_own = group.channel == HAND_OVER
        handed = mine[pairs.has_failed_first[mine] & ~pairs.has_failed_last[mine]]
        ends = self._entity_of_row[np.concatenate([pairs.earlier[handed], pairs.later[handed]])]
        if not is_own and is_of_few(ends, self._entity_of_row[group.slice_rows]):
            none = passed_on("passed_on", 0, forward + mirrored, is_selection=False)
            return (replace(none, null=f"{none.null}; {OF_FEW_WORDS}"),)
        apart = apart_pairs(pairs.earlier, pairs.later, np.sort(mine))
        is_forward = pairs.has_failed_first[apart] & ~pairs.has_failed_last[apart]
        among = int(np.count_nonzero(is_forward)), len(apart)
        results = [passed_on("passed_on", forward, mirrored, among, is_selection=is_own)]
        if is_own:
            results.append(passed_on("passed_on_elsewhere", *group.seen_elsewhere, is_selection=False))
            results.append(self._connected(group.entities))
        return tuple(results)

    def _begun_by(self, rows: IntArray) -> IntArray:
        """Return the successions whose earlier request is among ``rows``; an exchange is the earlier one at most once.

        Cost: O(m log k) for m rows and k successions.
        """
        earlier = self._succession.earlier
        at = np.minimum(np.searchsorted(earlier, rows, sorter=self._by_earlier), max(len(earlier) - 1, 0))
        place = self._by_earlier[at] if len(earlier) else at[:0]
        return place[earlier[place] == rows] if len(place) else place

    def _connected(self, members: IntArray) -> TestResult:
        inside = np.zeros(self._n_entities, bool)
        inside[members] = True
        left, right = self._links
        mine = inside[left] & inside[right]
        label = connected_components(self._n_entities, left[mine], right[mine])
        size = float(np.bincount(label).max(initial=0))
        if self._largest is None:
            self._largest = _largest_by_chance(self._ends, self._n_chance)
        return TestResult(
            "passed_round",
            WORK_LIST,
            "as many random links as there are mirror images of hand-overs connect as many accounts",
            size,
            float(np.mean(self._largest)),
            float(np.quantile(self._largest, 0.99)),
            tail_p_value(size, self._largest, 1.0),
            N_RANDOM_LINKINGS,
            False,
            drawn="sets of random links",
        )


def is_of_few(ends: IntArray, senders: IntArray) -> bool:
    """Return whether hand-overs stay among fewer members than a queue over all of them would reach.

    Under the null each end falls on a member with a chance that grows as the root of what it sent: between a queue that
    deals to all alike and one that loads each by what it bears.

    Args:
        ends: (2k,) entities that k hand-overs were made between.
        senders: (s,) the entity of each exchange of the slice.
    """
    _, sent = np.unique(senders, return_counts=True)
    weight = np.sqrt(sent)
    drawn = np.random.default_rng(0).multinomial(len(ends), weight / weight.sum(), N_SPREADS)
    n_as_few = int(np.count_nonzero(np.count_nonzero(drawn, axis=1) <= len(np.unique(ends))))
    return len(ends) > 0 and (1 + n_as_few) / (1 + N_SPREADS) <= OF_FEW


def passed_on(
    name: str, n_forward: int, n_mirrored: int, among: tuple[int, int] | None = None, *, is_selection: bool
) -> TestResult:
    """Return the test of hand-overs against mirror images and, where ``among`` is given, against all pairs.

    The sign test is exact. Of two requests of one item whose outcomes are independent at one failure rate f, whatever
    the rate, the first fails and the second does not with probability f(1 - f), at most a quarter: so the binomial tail
    at a quarter, over pairs that share no request, is no smaller than it should be. A queue sends nothing again but
    what failed. The smaller of the two counts, doubled.

    Args:
        name: stable identifier of the test.
        n_forward: hand-overs.
        n_mirrored: mirror images.
        among: hand-overs among pairs that share no request, and how many such pairs there are; null for the sign alone.
        is_selection: whether it proposed the group.
    """
    n = n_forward + n_mirrored
    p_value = float(binom.sf(n_forward - 1, n, 0.5)) if n else 1.0
    if among is not None and n:
        p_value = 2 * min(p_value, float(binom.sf(among[0] - 1, among[1], MOST_FORWARD)))
    p_value = float(np.clip(p_value, LEAST_EXACT_P, 1.0))
    return TestResult(
        name,
        WORK_LIST,
        "items that failed for one account turn up at another as often before the failure as after it",
        float(n_forward),
        n / 2,
        float(binom.ppf(0.99, n, 0.5)) if n else 0.0,
        p_value,
        0,
        is_selection,
    )


def apart_pairs(earlier: IntArray, later: IntArray, chosen: IntArray) -> IntArray:
    """Return those of the ``chosen`` pairs, rising, that share no request: of a chain each second one, from its end.

    Which ones follows from times alone; outcomes do not enter.
    """
    if not len(chosen):
        return chosen
    goes_on = later[chosen[:-1]] == earlier[chosen[1:]]
    last = np.flatnonzero(~np.append(goes_on, False))
    to_end = last[np.searchsorted(last, np.arange(len(chosen)))] - np.arange(len(chosen))
    return np.asarray(chosen[to_end % 2 == 0], np.int64)


def _largest_by_chance(ends: IntArray, n_links: int) -> FloatArray:
    """Return the size of the largest connected group in each of ``N_RANDOM_LINKINGS`` random sets of links.

    Ends are drawn in proportion to how often an entity takes part in any succession: who repeats much is linked more.
    """
    rng = np.random.default_rng(0)
    largest = np.empty(N_RANDOM_LINKINGS)
    for i in range(N_RANDOM_LINKINGS):
        left, right = rng.choice(ends, (2, max(int(rng.poisson(n_links)), 1)))
        nodes, joined = np.unique(np.concatenate([left, right]), return_inverse=True)
        label = connected_components(len(nodes), joined[: len(left)], joined[len(left) :])
        largest[i] = np.bincount(label).max()
    return largest
