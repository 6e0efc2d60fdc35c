"""Print the m and u that are estimated on tune worlds, and how well pairs weighed with them agree with the truth.

Usage: python bench/link_weights.py [--worlds demo:1 hard:6 share5:4]

For the pairs that each kind of evidence brings together: log loss in bits a pair (the intercept alone is fitted), the
slope that a logistic regression would give the bits (1: as large as they should be), and the area under the curve;
with the estimated weights and with the stated ones. A pair is linked where both are of one true group. Last, of pairs
that identity and addresses link by the sum of their rarities, as the scan proposes groups, the share that is linked,
and the same of as many pairs with the most estimated bits of identity and addresses.
"""

import argparse

import numpy as np
from scipy.optimize import minimize
from scipy.stats import rankdata

from stillwatch.campaigns.family_use import family_use
from stillwatch.links.blocking import blocked_pairs, holdings_of
from stillwatch.links.comparer import comparer
from stillwatch.links.comparison import KINDS, Weights, stated_weights, weigh_pairs
from stillwatch.links.estimation import Compared, compared_pairs, with_rates
from stillwatch.links.identity import LEAST_BITS
from stillwatch.pipeline.analysis import Analysis
from stillwatch.pipeline.entity_times import entity_times
from tune_worlds import scanned_world


def scanned(name_of_world: str) -> tuple[Analysis, list[object]]:
    """Return the analysis of one tune world, and the true group of each entity: null for none."""
    world = scanned_world(name_of_world, n_threads=1)
    analysis, truth = world.analysis, world.truth
    group = dict(zip(truth["account_id"].to_pylist(), truth["group_id"].to_pylist(), strict=True))
    of_entity: list[object] = [None] * analysis.entities.n
    for account, entity in enumerate(analysis.entities.of_account.tolist()):
        of_entity[entity] = group[world.names[account]]
    return analysis, of_entity


def fitted(bits: np.ndarray, is_linked: np.ndarray, *, with_slope: bool) -> tuple[float, float]:
    """Return the log loss in bits a pair, and the slope, of a logistic regression of the truth on the bits."""
    score = np.log(2) * bits

    def loss(at: np.ndarray) -> float:
        line = at[0] + (at[1] if with_slope else 1.0) * score
        return float(np.mean(np.logaddexp(0, line) - is_linked * line))

    found = minimize(loss, np.array([0.0, 1.0]))
    return float(found.fun / np.log(2)), float(found.x[1])


def area(bits: np.ndarray, is_linked: np.ndarray) -> float:
    """Return the share of pairs of a linked and a strange pair of which the linked one has more bits."""
    n = is_linked.sum()
    return float((rankdata(bits)[is_linked].sum() - n * (n + 1) / 2) / max(n * (len(bits) - n), 1))


def main() -> None:
    """Print, for each world, the estimated rates and a row for each kind and set of weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", nargs="+", default=["demo:1", "hard:6", "share5:4"], help="tune-side worlds")
    for world in parser.parse_args().worlds:
        analysis, group = scanned(world)
        use = family_use(analysis.population, analysis.entities, analysis.families)
        times = entity_times(analysis.population, analysis.entities)
        made = comparer(analysis.population, analysis.entities, use, analysis.ties, times)
        of = made.weights.of
        for name, one in of.items():
            print(
                f"{world:10} {name:20} m {one.m:.3f}  u {one.u:.5f}  further {one.m_further:.3f} {one.u_further:.3f}  "
                f"{one.source}"
            )
        stated = stated_weights(analysis.entities.n, {name: one.u for name, one in of.items()}, of)
        holdings = holdings_of(analysis.ties, use)
        for kind, (left, right) in blocked_pairs(holdings, analysis.entities.n).items():
            found = with_rates(compared_pairs(kind, left, right, holdings, times, made.hours), made.weights)
            is_linked = np.array(
                [group[a] is not None and group[a] == group[b] for a, b in zip(left, right, strict=True)]
            )
            if kind == "identity":
                print(f"{world:10} {chosen(found, made.weights, is_linked, made.prior_bits)}")
            for title, weights in (("estimated", made.weights), ("stated", stated)):
                bits = summed(found.agrees, found.rarity, weights)
                loss, _ = fitted(bits, is_linked, with_slope=False)
                _, slope = fitted(bits, is_linked, with_slope=True)
                print(
                    f"{world:10} {kind:9} {title:9} {len(left):6} pairs, linked {is_linked.mean():.3f}: "
                    f"loss {loss:.3f}, slope {slope:.2f}, area {area(bits, is_linked):.3f}"
                )


def chosen(found: Compared, weights: Weights, is_linked: np.ndarray, prior_bits: float) -> str:
    """Return how many pairs the sum of rarities links, and how many of them, or of those chosen by bits, are linked."""
    places = list(KINDS["identity"])
    rarity = np.where(found.agrees[:, places] == 1, found.rarity[:, places], 0.0)
    total = np.where(rarity >= LEAST_BITS, rarity, 0.0).sum(axis=1)
    n = int(np.count_nonzero(total >= -prior_bits))
    bits = weigh_pairs(found.agrees, found.rarity, np.ones(found.agrees.shape), weights)[:, places].sum(axis=1)
    shares = [is_linked[np.argsort(-score, kind="stable")[:n]].mean() if n else 0.0 for score in (total, bits)]
    return f"{n} pairs by rarities, linked {shares[0]:.3f}; as many by estimated bits, linked {shares[1]:.3f}"


def summed(agrees: np.ndarray, rarity: np.ndarray, weights: Weights) -> np.ndarray:
    """Return the bits of each pair over all comparisons."""
    return np.asarray(weigh_pairs(agrees, rarity, np.ones(agrees.shape), weights).sum(axis=1))


if __name__ == "__main__":
    main()
