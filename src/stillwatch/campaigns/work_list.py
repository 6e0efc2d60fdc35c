"""Work lists without a template: from hand-overs to the list that was dealt out, and to all who worked on it.

Where every request is another item in its own words, no phrase names the pool. Hand-overs name some of its accounts
and some of its items for certain; the items tell what the list is like, and accounts that send many requests of that
kind *may* belong. How many of them do is known without looking at them: a member stays without any hand-over with a
probability that follows from how often requests of the list fail, so that the linked accounts, each weighted by the
inverse of its chance to be linked, count all members at any score. The share that is left over are strangers with the
same interest, and the membership of an account without a link is the share of members at its score. The score is
learnt from the linked accounts against everybody else, and who is less like a linked account than nine in ten of them,
in it or in the share of the list, is not named without a link. What joins the nucleus is a link whatever its item
looks like: to ask that it be alike as well would lose a member for each odd item.

Guarantee: the weighted count is unbiased for the number of members (Horvitz and Thompson 1952) where failures strike
members' requests at one rate; membership is that count over all accounts, monotone in the score by isotonic
regression, so that it is calibrated by construction on the log at hand. Items that several entities sent without any
failure are public and count for nobody.

Source: Horvitz and Thompson 1952; learning from positive and unlabelled examples, Elkan and Noto 2008; isotonic
regression, Barlow and others 1972; the use of hand-overs is ours: docs/decisions/0010-hand-overs.md.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.optimize import isotonic_regression

from stillwatch.campaigns.group import Group
from stillwatch.campaigns.recurrence import is_recurrent
from stillwatch.links.components import connected_components
from stillwatch.links.entity import Entities
from stillwatch.links.family import LEAST_ENTITIES
from stillwatch.links.handover import HandOvers, Succession
from stillwatch.links.population import BoolArray, FloatArray, IntArray, Population

N_STRANGERS: Final = 20_000  # exchanges that stand for everybody else's: 64 topic directions need hundreds each
N_ITEMS: Final = 50_000  # of a list to learn from: some eighty weights do not get better by more
N_FOLDS: Final = 5
PENALTY: Final = 2.0  # ridge, in units of one exchange; a nucleus gives some tens of items to learn 80 weights from
ROUNDS: Final = 25  # of Newton's method; it settles within ten
MISSED_ITEMS: Final = 0.3  # of the list's items score below the level at which an exchange counts as of the list
MISSED_LINKS: Final = 0.05  # the same of an item that was handed over: nineteen in twenty of those belong to some list
ODD: Final = 0.1  # of the linked accounts: who is less like them than all but these has to be linked to be named
N_SHAPES: Final = 24  # bits of ``sketches.shape``
SURE_MEMBER: Final = 0.9  # an account without a hand-over is named only where nine in ten at its score are members
CHUNK_ROWS: Final = 200_000  # exchanges scored at once: some 70 MB
AT_WORK: Final = 0.02  # of the linked accounts' items on either side lie outside the time when the pool is at work
SITTING_US: Final = 180_000_000  # a person's next message comes within three minutes, mostly
LEAST_NUCLEUS: Final = 10  # items handed over, to learn what a list is like
MOSTLY_NAMED: Final = 0.5  # of a nucleus
LEAST_ITEMS: Final = 3  # requests of the list: as for templates, once is chance and twice a coincidence
LEAST_UNLINKED: Final = (
    5  # the same of an account without a hand-over: a stranger's own interest comes to three or four
)


@dataclass(frozen=True, slots=True)
class KnownList:
    """What a list is like.

    Args:
        weights: (d,) of features, whose sum is a log-likelihood ratio.
        level: from which on an exchange counts as of the list.
        level_handed: the same for an item that was handed over.
    """

    weights: FloatArray
    level: float
    level_handed: float


class WorkLists:
    """Finds the work lists of one population, and who worked on them.

    Args:
        population: the traffic.
        entities: its entities.
        succession: consecutive requests of one item by two entities.
        found: the hand-overs among them.
        is_replica: (n,) whether another entity sent the same prompt.
        is_explained: (n,) whether a template already explains the exchange.
    """

    def __init__(
        self,
        population: Population,
        entities: Entities,
        succession: Succession,
        found: HandOvers,
        is_replica: BoolArray,
        is_explained: BoolArray,
    ) -> None:
        exchanges = population.exchanges
        self.population, self.entities = population, entities
        self.succession, self.threshold = succession, found.threshold
        self.entity = entities.of_account[exchanges.account].astype(np.int64)
        handed = np.zeros(len(exchanges), bool)
        handed[found.failed] = handed[found.taken] = True
        self.is_handed = handed & ~is_explained
        of_list = ~is_explained[found.failed]
        self.failed, self.taken = found.failed[of_list], found.taken[of_list]
        opens = ~(exchanges.numbers["turn"] > 0) & (exchanges.hashes["prompt_hash"] != 0)
        self.is_item = (
            opens & ~is_explained & (~is_replica | handed)
        )  # what others sent too is public, unless it was handed over
        self.handed_items = np.flatnonzero(self.is_handed & self.is_item)
        self.is_opening, self.is_explained = opens, is_explained
        self.is_alone = sent_alone(population, np.arange(len(exchanges)))
        self.is_repeated = sent_before(population, self.entity)
        self.n_opening = np.bincount(self.entity[opens], minlength=entities.n).astype(np.float64)

    def groups(self) -> tuple[Group, ...]:
        """Return the group of each list, largest nucleus first; a nucleus that a former group contains adds none."""
        found: list[Group] = []
        named = np.zeros(self.entities.n, bool)
        for nucleus in self._nuclei():
            if np.mean(named[nucleus]) >= MOSTLY_NAMED:
                continue
            group = self._weigh(nucleus)
            if group is not None:
                found.append(group)
                named[group.entities] = True
        return tuple(found)

    def _nuclei(self) -> tuple[IntArray, ...]:
        """Return the entities of each connected set of hand-overs, of at least ``LEAST_ENTITIES``, largest first."""
        label = connected_components(self.entities.n, self.entity[self.failed], self.entity[self.taken])
        size = np.bincount(label)
        largest_first = sorted(np.flatnonzero(size >= LEAST_ENTITIES).tolist(), key=lambda v: (-int(size[v]), v))
        return tuple(np.flatnonzero(label == value).astype(np.int64) for value in largest_first)

    def _weigh(self, nucleus: IntArray) -> Group | None:
        """Return the group of all that worked on a nucleus's list; null where the list is not told from other talk."""
        inside = np.zeros(self.entities.n, bool)
        inside[nucleus] = True
        rows = np.flatnonzero(self.is_handed & self.is_item & inside[self.entity])
        if len(rows) < LEAST_NUCLEUS:
            return None
        known = self._learn(rows)
        elsewhere = self._elsewhere(inside, known)
        # what other accounts handed over is of the list as surely, once the list is known roughly; and then so are the
        # other items of all these accounts: hundreds or thousands instead of tens
        known = self._learn(np.union1d(rows, self._links(known, rows)))
        linked = self._count(self._links(known, rows)) > 0
        items = np.flatnonzero(self.is_item & linked[self.entity])
        known = self._learn(items[self._are_alike(known, items)])
        links = self._links(known, rows)
        openings = np.flatnonzero(self.is_opening & ~self.is_explained)  # all items are among them
        is_alike = np.zeros(len(self.entity), bool)
        is_alike[openings[self._are_alike(known, openings)]] = True
        p_member, n_listed = self._membership(is_alike, self._count(links))
        members = np.flatnonzero((p_member >= SURE_MEMBER) & (n_listed >= LEAST_ITEMS))
        if len(members) < LEAST_ENTITIES:
            return None
        return replace(self._group(members, p_member, n_listed, known), seen_elsewhere=elsewhere)

    def _elsewhere(self, is_nucleus: BoolArray, known: KnownList) -> tuple[int, int]:
        """Return how many hand-overs and mirror images of alike items there are wholly outside a nucleus."""
        pairs = self.succession
        row = pairs.earlier
        mine = ~self.is_explained[row] & (pairs.bits >= self.threshold)
        mine &= ~is_nucleus[self.entity[row]] & ~is_nucleus[self.entity[pairs.later]]
        mine &= pairs.has_failed_first ^ pairs.has_failed_last
        place = np.flatnonzero(mine)
        is_forward = pairs.has_failed_first[place[self._are_alike(known, row[place])]]
        return int(np.count_nonzero(is_forward)), int(np.count_nonzero(~is_forward))

    def _links(self, known: KnownList, rows: IntArray) -> IntArray:
        """Return the items that were handed over, rising: those of the nucleus, and what others passed on of the kind.

        What joined the nucleus is of its list whatever it looks like; to ask for likeness there would lose members
        whose only hand-over is an odd item.
        """
        is_alike = self._score(known, self.handed_items) >= known.level_handed
        return np.union1d(rows, self.handed_items[is_alike]).astype(np.int64)

    def _count(self, rows: BoolArray | IntArray) -> FloatArray:
        """Return how many of ``rows`` each entity sent."""
        return np.bincount(self.entity[rows], minlength=self.entities.n).astype(np.float64)

    def _are_alike(self, known: KnownList, rows: IntArray) -> BoolArray:
        """Return which of ``rows`` look like the list's items."""
        return self._score(known, rows) >= known.level

    def _learn(self, rows: IntArray) -> KnownList:
        """Return what the list of ``rows`` is like, against others; of many rows, some tens of thousands serve.

        Where there is no item or nobody else's exchange to learn from, nothing reaches the level.
        """
        rows = rows[:: max(len(rows) // N_ITEMS, 1)]
        outside = np.ones(self.entities.n, bool)
        outside[self.entity[rows]] = False
        candidates = np.flatnonzero(outside[self.entity] & (self.population.exchanges.hashes["prompt_hash"] != 0))
        if not len(rows) or not len(candidates):
            return KnownList(np.zeros(self._features(rows[:0]).shape[1]), np.inf, np.inf)
        strangers = self._features(candidates[:: max(len(candidates) // N_STRANGERS, 1)])
        items = self._features(rows)
        weights = fitted(items, strangers)
        fold = self.entity[rows] % N_FOLDS
        held_out = items @ weights  # where all senders are in one fold, nothing can be held out
        for k in np.unique(fold):
            if np.any(fold != k):
                held_out[fold == k] = items[fold == k] @ fitted(items[fold != k], strangers, weights)
        level, level_handed = np.quantile(held_out, [MISSED_ITEMS, MISSED_LINKS])
        return KnownList(weights, float(level), float(level_handed))

    def _features(self, rows: IntArray) -> FloatArray:
        """Return, (rows, d), what an exchange is about and of what kind it is; nothing of its language or script."""
        exchanges = self.population.exchanges
        number = {
            name: np.nan_to_num(exchanges.numbers[name][rows].astype(np.float64))
            for name in ("prompt_bytes", "response_bytes", "system_bytes", "n_tools", "turn")
        }
        return np.column_stack(
            [
                exchanges.topic[rows] / 127.0,
                exchanges.capability[rows] / 255.0,
                np.log1p(number["prompt_bytes"]) / 3.0,  # of the same size as the others
                np.log1p(number["response_bytes"]) / 3.0,
                exchanges.shape[rows, None] >> np.arange(N_SHAPES) & 1,
                number["system_bytes"] > 0,
                number["n_tools"] > 0,
                number["turn"] > 0,
                exchanges.keys["conversation_id"].code[rows] >= 0,
                np.ones(len(rows)),
            ]
        ).astype(np.float64, copy=False)

    def _score(self, known: KnownList, rows: IntArray) -> FloatArray:
        """Return the logarithm of the likelihood ratio of some exchanges: of the list against anything else."""
        score = np.empty(len(rows))
        for start in range(0, len(rows), CHUNK_ROWS):
            part = slice(start, start + CHUNK_ROWS)
            score[part] = self._features(rows[part]) @ known.weights
        return score

    def _membership(self, is_alike: BoolArray, n_handed: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the membership of every entity, by how many members there must be at its score, and its items.

        ``n_handed`` counts each entity's items that were handed over: it is linked where there is any.
        """
        is_linked = n_handed > 0
        is_listed = is_alike & self.is_item & ~self.is_handed  # or a link would count as an item as well
        n_listed = self._count(is_listed)
        p_member = np.zeros(self.entities.n)
        considered = np.flatnonzero(n_listed >= LEAST_ITEMS)
        linked = is_linked[considered]
        if np.count_nonzero(linked) < LEAST_ENTITIES or np.all(linked):
            p_member[considered[linked]] = SURE_MEMBER
            return p_member, n_listed
        habits = self._habits(is_listed, is_alike, is_linked, n_listed)
        # against everybody: most of those who were considered and have no link are members as well
        is_other = ~is_linked & (self.n_opening >= LEAST_ITEMS)
        score = habits[considered] @ fitted(habits[considered[linked]], habits[is_other])
        rate = _hand_over_rate(n_handed[considered][linked], n_listed[considered][linked])
        p_linked = np.clip(-np.expm1(-rate * n_listed[considered]), 1e-3, 1 - 1e-6)
        order = np.argsort(score, kind="stable")
        counted = np.where(linked, 1.0 / p_linked, 0.0)[order]
        at_score = np.empty(len(considered))
        at_score[order] = np.minimum(isotonic_regression(counted, increasing=True).x, 1.0)
        unlinked = at_score * (1 - p_linked) / np.maximum(1 - at_score * p_linked, 1e-9)
        p_member[considered] = np.where(linked, np.maximum(at_score, SURE_MEMBER), unlinked)
        share = n_listed / np.maximum(self.n_opening, 1.0)
        is_much = (n_listed >= LEAST_UNLINKED) & is_recurrent(n_listed, self.n_opening)
        is_typical = share >= np.quantile(share[considered[linked]], ODD)
        is_typical[considered] &= score >= np.quantile(score[linked], ODD)
        p_member[~is_linked & ~(is_much & is_typical)] = 0.0  # strangers needed to learn from, and never named
        return p_member, n_listed

    def _habits(
        self, is_listed: BoolArray, is_alike: BoolArray, is_linked: BoolArray, n_listed: FloatArray
    ) -> FloatArray:
        """Return, (entities, d), how each entity sends what is like the list's items.

        Columns: how many, their share of its openings, sent alone and not within a sitting, sent while the linked
        accounts were at work, sent before by itself, and sent by strangers too; each scaled to unit spread.
        """
        at_us = self.population.exchanges.requested_us
        times = at_us[is_listed & is_linked[self.entity]]
        start, end = np.quantile(times, [AT_WORK, 1 - AT_WORK]) if len(times) else (0, 0)
        many = np.maximum(n_listed, 1.0)
        others = is_alike & self.is_opening & ~self.is_explained
        columns = np.column_stack(
            [
                np.log1p(n_listed),
                n_listed / np.maximum(self.n_opening, 1.0),
                self._count(is_listed & self.is_alone) / many,
                self._count(is_listed & (at_us >= start) & (at_us <= end)) / many,
                self._count(is_listed & self.is_repeated) / many,
                self._count(others & ~self.is_item) / np.maximum(self._count(others), 1.0),
                np.ones(self.entities.n),
            ]
        )
        spread = columns[n_listed >= LEAST_ITEMS].std(axis=0)
        return np.asarray(columns / np.where(spread > 0, spread, 1.0), np.float64)

    def _group(self, members: IntArray, p_member: FloatArray, n_listed: FloatArray, known: KnownList) -> Group:
        inside = np.zeros(self.entities.n, bool)
        inside[members] = True
        rows = np.flatnonzero(inside[self.entity] & ~self.is_explained)
        share = n_listed / np.maximum(self.n_opening, 1.0)
        prior = np.clip(share[self.entity[rows]] / (1 - MISSED_ITEMS), 0.02, 0.98)
        odds = prior / (1 - prior) * np.exp(np.clip(self._score(known, rows), -30, 30))
        p_row = odds / (1 + odds)
        chosen = p_row >= 0.5
        p_row = p_row * p_member[self.entity[rows]]
        return Group(
            "hand_over",
            np.zeros(0, np.int64),
            members.astype(np.int64),
            p_member[members],
            rows[chosen],
            p_row[chosen],
            doubtful_rows=rows[~chosen],
            p_doubtful=p_row[~chosen],
        )


def sent_alone(population: Population, rows: IntArray) -> BoolArray:
    """Return, for each of ``rows``, whether its account sent nothing else within ``SITTING_US`` before it."""
    at_us, account = population.exchanges.requested_us, population.exchanges.account
    before = np.maximum(rows - 1, 0)
    follows = (before != rows) & (account[before] == account[rows])
    return np.asarray(~follows | (at_us[rows] - at_us[before] >= SITTING_US), np.bool_)


def sent_before(population: Population, entity: IntArray) -> BoolArray:
    """Return, for every exchange, whether the same entity sent the same prompt more than once."""
    hashes, known = population.exchanges.hashes["prompt_hash"], population.repeated_prompts
    order = known[np.lexsort((entity[known], hashes[known]))]
    same = (hashes[order][1:] == hashes[order][:-1]) & (entity[order][1:] == entity[order][:-1])
    found = np.zeros(len(hashes), bool)
    found[order[1:][same]] = found[order[:-1][same]] = True
    return found


def _hand_over_rate(n_handed: FloatArray, n_listed: FloatArray) -> float:
    """Return how often a request of the list takes part in a hand-over, from entities that have at least one.

    The maximum of the zero-truncated Poisson likelihood: ``sum(rate * n / (1 - exp(-rate * n))) = sum(handed)``.
    """
    low, high = 1e-5, 1.0
    for _ in range(50):
        middle = np.sqrt(low * high)
        expected = float(np.sum(middle * n_listed / -np.expm1(-middle * n_listed)))
        low, high = (middle, high) if expected < float(n_handed.sum()) else (low, middle)
    return float(np.sqrt(low * high))


def fitted(positives: FloatArray, negatives: FloatArray, start: FloatArray | None = None) -> FloatArray:
    """Return the weights, (d,), of a ridge-penalised logistic regression with both sides weighted alike.

    The linear score is the natural logarithm of the likelihood ratio. The last feature is constant and not penalised.
    The penalised likelihood has one maximum: ``start``, weights near it, saves rounds and changes nothing.

    Source: Newton's method for logistic regression, Hastie, Tibshirani and Friedman 2009, section 4.4.1.
    """
    features = np.vstack([positives, negatives])
    target = np.concatenate([np.ones(len(positives)), np.zeros(len(negatives))])
    size = min(len(positives), len(negatives))
    weight = np.concatenate(
        [np.full(len(positives), size / len(positives)), np.full(len(negatives), size / len(negatives))]
    )
    penalty = np.eye(features.shape[1]) * PENALTY
    penalty[-1, -1] = 1e-6  # the constant: only to keep the matrix regular
    weights = np.zeros(features.shape[1]) if start is None else start.copy()
    for _ in range(ROUNDS):
        p = 1.0 / (1.0 + np.exp(-(features @ weights)))
        gradient = features.T @ (weight * (target - p)) - penalty @ weights
        scaled = features * np.sqrt(weight * p * (1 - p))[:, None]
        curvature = scaled.T @ scaled + penalty  # of one matrix with itself: half the work
        step = np.linalg.solve(curvature, gradient)
        weights += step
        if float(np.max(np.abs(step))) < 1e-6:
            break
    return np.asarray(weights, np.float64)
