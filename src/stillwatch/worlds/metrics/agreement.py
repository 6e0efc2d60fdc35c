"""Do the accused groups cut the accounts as the campaigns do? The adjusted Rand index.

Source: Hubert and Arabie 1985, Comparing partitions.
"""

from collections import Counter
from collections.abc import Hashable, Sequence

from stillwatch.worlds.metrics.decision import Decision
from stillwatch.worlds.metrics.truth import Truth


def campaign_agreement(truth: Truth, decision: Decision) -> float | None:
    """Return the adjusted Rand index of campaigns against accused groups; null for fewer than two planted clusters.

    With one cluster the index is 0 for anything but the very cut, so it says nothing.

    Over campaign accounts and accused accounts together, registered ones left out. In truth, a campaign's accounts are
    one cluster and every other accused account is a cluster of its own. In the finding, an accused account is in the
    cluster that the detector names for it and every account that is not accused is a cluster of its own. So wrong
    accusations, missed members, merged and split campaigns all cost.
    """
    members = set(truth.members())
    names = sorted((members | (decision.accused & truth.class_of.keys())) - truth.registered)
    planted = [("campaign", truth.group_of[name]) if name in members else ("alone", name) for name in names]
    if len(set(planted)) < 2:
        return None
    found = [("group", decision.cluster_of[name]) if name in decision.cluster_of else ("alone", name) for name in names]
    return adjusted_rand_index(planted, found)


def adjusted_rand_index(a: Sequence[Hashable], b: Sequence[Hashable]) -> float:
    """Return the adjusted Rand index of two labellings of the same items: 1 for equal cuts, 0 as by chance.

    Two cuts without any pair in common clusters on either side, or with all pairs on both, are equal: 1.
    """
    together = _pairs(Counter(zip(a, b, strict=True)))
    of_a, of_b = _pairs(Counter(a)), _pairs(Counter(b))
    n_pairs = len(a) * (len(a) - 1) / 2
    by_chance = of_a * of_b / n_pairs if n_pairs else 0.0
    highest = (of_a + of_b) / 2
    if highest == by_chance:
        return 1.0
    return (together - by_chance) / (highest - by_chance)


def _pairs(counts: Counter[Hashable] | Counter[tuple[Hashable, Hashable]]) -> float:
    return sum(n * (n - 1) / 2 for n in counts.values())
