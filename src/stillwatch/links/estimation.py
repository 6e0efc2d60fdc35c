"""m and u of the comparisons, estimated on the population at hand.

u is counted where it can be (values held by n of N entities, times within a day) and measured on random pairs where it
cannot. m comes from expectation maximisation over the pairs that blocking brings together, with u fixed (Winkler
1988): a mixture of linked pairs and strangers, in each kind's pairs at a share of its own. **A kind is never judged by
the pairs that it itself brought together**, which all agree; the other kinds say which of them are linked. That done,
such pairs show how often strangers, and linked pairs, who share one thing of a kind share a further one.

Guarantee: every rate starts from a stated value that counts as ``PRIOR_PAIRS`` pairs (a Beta prior), so that a log
without linked pairs leaves m as stated; m is never below u. Nothing depends on the order of rows or on names. Within a
kind the likelihood is a conditional one (``comparison``), so that ascent at every step is not promised; ``MOST_STEPS``
ends it.

What breaks it: kinds that depend on each other among strangers (a class shares template and sign-up week) look like
linked pairs to the mixture. m describes pairs with *something* in common, whatever it is.

Source: Winkler 1988, Using the EM algorithm for weight computation in the Fellegi-Sunter model; Dempster, Laird and
Rubin 1977; blocking and m as in Splink's documentation; ours: docs/decisions/0019-estimated-comparisons.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.sparse import csr_array
from scipy.special import expit, logit

from stillwatch.links.blocking import Holdings, blocked_pairs, holdings_of
from stillwatch.links.comparison import (
    ALIKE_HOURS,
    COMPARISONS,
    DAY_HOURS,
    HOUR_US,
    KINDS,
    NAMES,
    AgreementArray,
    Weight,
    Weights,
    weigh_pairs,
)
from stillwatch.links.identity import Ties
from stillwatch.links.population import MISSING_TIME, BoolArray, FloatArray, IntArray

N_RANDOM_PAIRS: Final = 40_000  # an agreement of strangers of 1 in 100 is measured to a twentieth of itself
PRIOR_PAIRS: Final = 20.0  # pairs that a stated rate counts for: a group of five has ten
FIRST_SHARE: Final = 0.1  # of a kind's pairs that are linked, to begin with; and its prior, of ten pairs
SHARE_PAIRS: Final = 10.0
MOST_STEPS: Final = 200
STILL: Final = 1e-6  # EM ends where no rate moves further
DIGITS: Final = 4  # of a written rate: the last bits of a sum never show, and the console weighs as the scan does
RHYTHM: Final = "rhythm"


@dataclass(frozen=True, slots=True)
class Compared:
    """Pairs of entities, compared.

    Args:
        kind: what brought them together; empty for random pairs.
        agrees: (k, c) outcomes in the order of ``NAMES``.
        rarity: (k, c) ``-log2`` of how often strangers agree in this way, where they do.
        count: (k,) how many such pairs there are.
    """

    kind: str
    agrees: AgreementArray
    rarity: FloatArray
    count: FloatArray


def estimated_weights(
    ties: Mapping[str, Ties], use: csr_array, times: Mapping[str, IntArray], hours: FloatArray
) -> Weights:
    """Return m and u of every comparison that this population allows.

    Args:
        ties: identity ties by column.
        use: (n_entities, n_families) exchanges of each family.
        times: of ``sign_up`` and ``first_request``, those that are known; ``MISSING_TIME`` where not.
        hours: (n_entities, 24) unit profiles of the hour of the day.

    Cost: O(what entities hold) and O(``MOST_PAIRS`` * ``MOST_STEPS``).
    """
    n = use.shape[0]
    holdings = holdings_of(ties, use)
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, max(n, 1), (2, N_RANDOM_PAIRS if n > 1 else 0))
    left, right = drawn[:, drawn[0] != drawn[1]]
    random = compared_pairs("", left, right, holdings, times, hours)
    first = _before(holdings, times, random, n)
    blocked = [
        _counted_alike(with_rates(compared_pairs(kind, *ends, holdings, times, hours), first))
        for kind, ends in blocked_pairs(holdings, n).items()
    ]
    return _rounded(_maximised(first, blocked))


def compared_pairs(
    kind: str, left: IntArray, right: IntArray, holdings: Holdings, times: Mapping[str, IntArray], hours: FloatArray
) -> Compared:
    """Return the outcomes of every comparison of some pairs; see ``estimated_weights`` for the arguments."""
    agrees = np.full((len(left), len(NAMES)), -1, np.int8)
    rarity = np.zeros(agrees.shape)
    for place, name in enumerate(NAMES):
        if name in holdings.of:
            known = holdings.is_known(name)
            shared = holdings.shared(name, left, right)
            is_shared = ~np.isnan(shared)
            can = known[left] & known[right] if COMPARISONS[name].channel != "content" else np.ones(len(left), bool)
            agrees[:, place] = np.where(is_shared, 1, np.where(can, 0, -1))
            rarity[:, place] = np.where(is_shared, shared, 0.0)
        elif name in times:
            at_us = times[name]
            can = (at_us[left] != MISSING_TIME) & (at_us[right] != MISSING_TIME)
            near = np.abs(np.where(can, at_us[left] - at_us[right], 0)) <= DAY_HOURS * HOUR_US
            agrees[:, place] = np.where(can, near, -1)
        elif name == "hours":
            agrees[:, place] = np.einsum("ij,ij->i", hours[left], hours[right]) >= ALIKE_HOURS
    return Compared(kind, agrees, rarity, np.ones(len(left)))


def with_rates(pairs: Compared, weights: Weights) -> Compared:
    """Return the pairs with the rarity of agreements that are not on a value: ``-log2 u``."""
    rarity = pairs.rarity.copy()
    for place in KINDS[RHYTHM]:
        if NAMES[place] in weights.of:
            rarity[:, place] = -np.log2(weights.of[NAMES[place]].u)
    return replace(pairs, rarity=rarity)


def _counted_alike(pairs: Compared) -> Compared:
    """Return pairs with equal outcomes once each, with their number: there are few kinds of pairs, whatever the log."""
    rows = np.concatenate([pairs.agrees.astype(np.float64), pairs.rarity], axis=1)
    distinct, n = np.unique(rows, axis=0, return_counts=True)
    agrees, rarity = np.split(distinct, 2, axis=1)
    return Compared(pairs.kind, agrees.astype(np.int8), rarity, n.astype(np.float64))


def _before(holdings: Holdings, times: Mapping[str, IntArray], random: Compared, n: int) -> Weights:
    """Return the weights before EM: u as counted or measured, m as stated."""
    found = {}
    for place, name in enumerate(NAMES):
        outcome = random.agrees[:, place]
        if name in holdings.of:
            u = _smoothed(outcome == 1, outcome >= 0) if name == "same_family" else _counted(holdings.of[name])
        elif name in times:
            u = _counted_near(times[name])
        elif name == "hours":
            u = _smoothed(outcome == 1, outcome >= 0)
        elif name == "same_family":
            u = 1 / max(n, 2)
        else:
            continue
        m = max(COMPARISONS[name].m, u)
        found[name] = Weight(m, u, m, u)
    for place in KINDS[RHYTHM]:
        if NAMES[place] in found:
            found[NAMES[place]] = _given_others(found[NAMES[place]], random.agrees, place, found)
    return Weights(n, found)


def _given_others(one: Weight, agrees: AgreementArray, place: int, known: Mapping[str, Weight]) -> Weight:
    """Return a weight of rhythm with u given the other comparisons of rhythm, as measured on random pairs."""
    places = [other for other in KINDS[RHYTHM] if NAMES[other] in known]
    is_known, is_agreed = agrees[:, place] >= 0, agrees[:, place] == 1
    alone = _rate(is_agreed, is_known & ~_earlier_agree(agrees, places, place), one.u)
    further = _rate(is_agreed, is_known & _others_agree(agrees, places, place), max(one.u, one.u_further))
    return replace(one, u_alone=alone, u_further=further, m_further=max(one.m_further, one.m, further))


def _smoothed(agrees: BoolArray, is_known: BoolArray) -> float:
    """Return a rate that is never 0 or 1: one half added on either side (Jeffreys)."""
    return float((np.count_nonzero(agrees & is_known) + 0.5) / (np.count_nonzero(is_known) + 1.0))


def _rate(agrees: BoolArray, among: BoolArray, stated: float) -> float:
    """Return how often pairs agree ``among`` some, shrunk to a stated rate."""
    n_agreeing, n = np.count_nonzero(agrees & among), np.count_nonzero(among)
    return float((n_agreeing + PRIOR_PAIRS * stated) / (n + PRIOR_PAIRS))


def _counted(held: csr_array) -> float:
    """Return how often two entities that have any value share one; a pair that shares two counts twice.

    Exact where each entity holds one value, and never too small.
    """
    holders = np.bincount(held.indices, minlength=held.shape[1]).astype(np.float64)
    n = float(np.count_nonzero(np.diff(held.indptr)))
    return float(min((np.sum(holders * (holders - 1)) + 1) / (n * (n - 1) + 2), 0.5))


def _counted_near(at_us: IntArray) -> float:
    """Return how often two known times lie within a day of each other, over all pairs."""
    known = np.sort(at_us[at_us != MISSING_TIME])
    n = len(known)
    n_near = float(np.sum(np.searchsorted(known, known + DAY_HOURS * HOUR_US, side="right") - np.arange(n) - 1))
    return float((n_near + 0.5) / (n * (n - 1) / 2 + 1.0))


def _others_agree(agrees: AgreementArray, places: list[int], place: int) -> BoolArray:
    return np.asarray(np.any(agrees[:, [i for i in places if i != place]] == 1, axis=1), np.bool_)


def _earlier_agree(agrees: AgreementArray, places: list[int], place: int) -> BoolArray:
    return np.asarray(np.any(agrees[:, [i for i in places if i < place]] == 1, axis=1), np.bool_)


def _maximised(first: Weights, blocked: list[Compared]) -> Weights:
    """Return the weights that EM ends at."""
    weights, share = first, np.full(len(blocked), FIRST_SHARE)
    for _ in range(MOST_STEPS):
        p = [_p_linked(pairs, weights, float(share[i])) for i, pairs in enumerate(blocked)]
        after = _stepped(first, blocked, p)
        moved = max(
            (abs(a.m - b.m) + abs(a.m_further - b.m_further) + abs(a.m_alone - b.m_alone))
            for a, b in ((weights.of[name], after.of[name]) for name in weights.of)
        )
        weights = after
        n_linked = np.array([float(part @ pairs.count) for part, pairs in zip(p, blocked, strict=True)])
        n = np.array([float(pairs.count.sum()) for pairs in blocked])
        share = (n_linked + SHARE_PAIRS * FIRST_SHARE) / (n + SHARE_PAIRS)
        if moved < STILL:
            break
    return weights


def _p_linked(pairs: Compared, weights: Weights, share: float) -> FloatArray:
    """Return each pair's probability to be linked, by the kinds that did not bring it together."""
    bits = weigh_pairs(pairs.agrees, pairs.rarity, np.ones(pairs.agrees.shape), weights)
    bits[:, list(KINDS[pairs.kind])] = 0.0
    return np.asarray(expit(np.log(2) * bits.sum(axis=1) + logit(share)), np.float64)


def _stepped(first: Weights, blocked: list[Compared], p: list[FloatArray]) -> Weights:
    """Return the rates among pairs that are linked with probabilities ``p``, the stated ones as prior."""
    found = dict(first.of)
    for kind, places in KINDS.items():
        known = [place for place in places if NAMES[place] in found]
        apart = [i for i, pairs in enumerate(blocked) if pairs.kind != kind]
        for place in known:
            name = NAMES[place]
            stated = first.of[name]
            tally = _Tally(blocked, p, known, place)
            m, n_linked = tally.rate(apart, stated.m)
            m_alone, _ = tally.rate(apart, stated.m_alone, alone=True)
            m_further, _ = tally.rate(range(len(blocked)), stated.m_further, further=True)
            u_further = stated.u_further
            if kind != RHYTHM:  # whose u was measured on random pairs
                own = [i for i, pairs in enumerate(blocked) if pairs.kind == kind]
                u_further = max(tally.rate(own, stated.u_further, further=True, linked=False)[0], stated.u)
            found[name] = replace(
                stated,
                m=max(m, stated.u),
                m_alone=max(m_alone, stated.u_alone),
                m_further=max(m_further, u_further),
                u_further=u_further,
                n_linked=n_linked,
            )
    return Weights(first.n_entities, found)


@dataclass(frozen=True, slots=True)
class _Tally:
    """Counts how often blocked pairs agree on one comparison: that at ``place``, among ``known`` ones of its kind."""

    blocked: list[Compared]
    p: list[FloatArray]
    known: list[int]
    place: int

    def rate(
        self, which: Iterable[int], stated: float, *, alone: bool = False, further: bool = False, linked: bool = True
    ) -> tuple[float, float]:
        """Return how often pairs of some blocks agree, shrunk to a stated rate, and how many such pairs there are.

        Args:
            which: the blocks.
            stated: the rate that counts as ``PRIOR_PAIRS`` pairs.
            alone: only pairs that agree on no earlier comparison of the kind.
            further: only pairs that agree on another one of the kind.
            linked: pairs count with the probability to be linked, else with that of strangers.
        """
        agreed, n = 0.0, 0.0
        for i in which:
            agrees, p = self.blocked[i].agrees, (self.p[i] if linked else 1 - self.p[i]) * self.blocked[i].count
            among = agrees[:, self.place] >= 0
            if alone:
                among &= ~_earlier_agree(agrees, self.known, self.place)
            if further:
                among &= _others_agree(agrees, self.known, self.place)
            agreed += float(p[among & (agrees[:, self.place] == 1)].sum())
            n += float(p[among].sum())
        return (agreed + PRIOR_PAIRS * stated) / (n + PRIOR_PAIRS), n


def _rounded(weights: Weights) -> Weights:
    """Return the weights as they are written."""

    def rate(value: float) -> float:
        return min(float(f"{value:.{DIGITS}g}"), 0.9999)

    return Weights(
        weights.n_entities,
        {
            name: Weight(
                rate(one.m), rate(one.u), rate(one.m_alone), rate(one.u_alone), rate(one.m_further),
                rate(one.u_further), round(one.n_linked, 1),
            )
            for name, one in weights.of.items()
        },
    )  # fmt: skip
