"""Credible intervals of posteriors: how far each could be another one, had other groups been there to learn from.

m and u of an expectation are shares among tens of true groups, and not known better than that: each is a Beta
distribution with the released value as its mean and the votes behind it as its size. All are drawn together, a
group's observations are weighed anew with each draw, and 95% of the posteriors so found lie in the interval.

It covers that alone. It does not cover that the groups learned from were made and not this provider's; that an
observation could have come out differently (for which it counts for less near the edge of a range); the prior weights,
the ranges and the halving within a channel, which are stated; nor that an explanation is missing from the list. Shares
of one group are drawn independently of each other, though groups that are untypical in one are likely to be so in
others.

Guarantee: the same weights and observations give the same interval on every engine; it holds the posterior itself.

Source: Gelman et al. 2013, Bayesian Data Analysis, 2.3 and 3.3; ours: docs/decisions/0007-rival-hypotheses.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from stillwatch.assessments.catalogue import KINDS
from stillwatch.assessments.hypothesis import HALVING, Expectation, HypothesisKind, weigh
from stillwatch.assessments.observation import Observation

LEVEL: Final = 0.95
N_DRAWS: Final = 1000
MOST_KNOWN: Final = 0.98  # no share of some tens of groups is known closer to 1, nor to 0: as the learning has it
SEED: Final = 20261126  # any will do, as long as it stays

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Band:
    """The ends of a credible interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class WeightDraws:
    """Draws of m and of u by hypothesis, each (n_draws, n_expectations)."""

    kinds: tuple[HypothesisKind, ...]
    m: Mapping[str, FloatArray]
    u: Mapping[str, FloatArray]


def draw_weights(kinds: tuple[HypothesisKind, ...]) -> WeightDraws | None:
    """Return draws of the weights; null where the weights do not say on how many votes they rest.

    Cost: one Beta draw an expectation, side and draw: 0.1 s for released weights. Once a scan, whatever its groups.
    """
    if not any(expectation.votes for kind in kinds for expectation in kind.expects):
        return None
    rng = np.random.default_rng(SEED)
    drawn: tuple[dict[str, FloatArray], dict[str, FloatArray]] = ({}, {})
    for kind in kinds:
        for side, of_kind in enumerate(drawn):
            columns = [_drawn(rng, one, side) for one in kind.expects]
            of_kind[kind.name] = np.column_stack(columns) if columns else np.zeros((N_DRAWS, 0))
    return WeightDraws(kinds, *drawn)


def _drawn(rng: np.random.Generator, expectation: Expectation, side: int) -> FloatArray:
    """Return draws of m (side 0) or u (side 1); a stated one is the same in all."""
    share = (expectation.m, expectation.u)[side]
    if expectation.votes is None:
        return np.full(N_DRAWS, share)
    n = expectation.votes[side]
    most, least = max(MOST_KNOWN, share), min(1 - MOST_KNOWN, share)
    return np.clip(rng.beta(share * n, (1 - share) * n, N_DRAWS), least, most)


def credible(draws: WeightDraws | None, observations: Mapping[str, Observation]) -> dict[str, Band]:
    """Return the credible interval of each hypothesis's posterior, by name; empty where the weights allow none.

    Args:
        draws: of the weights that the group was weighed with.
        observations: of the group, by name.
    """
    if draws is None:
        return {}
    totals = np.column_stack([_totals(kind, draws, observations) for kind in draws.kinds])
    odds = np.exp2(totals - totals.max(axis=1, keepdims=True))
    posteriors = odds / odds.sum(axis=1, keepdims=True)
    low, high = np.quantile(posteriors, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    place = {kind.name: i for i, kind in enumerate(draws.kinds)}
    found = {}
    for one in weigh(draws.kinds, observations):
        i, p = place[one.name], one.posterior
        found[one.name] = Band(min(float(low[i]), p), max(float(high[i]), p))
    return found


def _totals(kind: HypothesisKind, draws: WeightDraws, observations: Mapping[str, Observation]) -> FloatArray:
    """Return (n_draws,) totals in bits of one hypothesis: the rule of ``hypothesis.weigh``, draw by draw."""
    total = np.full(N_DRAWS, np.log2(kind.prior))
    columns: dict[str, list[FloatArray]] = {}
    for i, expectation in enumerate(kind.expects):
        p = observations[expectation.observation].p_within(expectation.at_least, expectation.at_most)
        if p is not None:
            m, u = draws.m[kind.name][:, i], draws.u[kind.name][:, i]
            bits = np.log2((p * m + (1 - p) * (1 - m)) / (p * u + (1 - p) * (1 - u)))
            bits = np.maximum(bits, -expectation.most_against)
            columns.setdefault(KINDS[expectation.observation].channel, []).append(bits)
    for channel in columns.values():
        pieces = np.column_stack(channel)
        halved = HALVING ** np.arange(pieces.shape[1])
        total += -np.sort(-np.maximum(pieces, 0.0), axis=1) @ halved + np.sort(np.minimum(pieces, 0.0), axis=1) @ halved
    return total
