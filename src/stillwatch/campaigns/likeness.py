"""How like a typical member an entity is: in the variety of phrases that it uses, and in how much it sends at once.

Chance of speech meets a template in one turn of phrase, again and again or once; who has the template shows the whole.

Source: rarefaction, Hurlbert 1971; ours: docs/decisions/0006-group-tests.md.
"""

from typing import Final

import numpy as np

from stillwatch.campaigns.use import Use
from stillwatch.links.family import LEAST_ENTITIES, LEAST_KEPT_UP, RECURRENT_USES, Uses
from stillwatch.links.population import BoolArray, FloatArray

LEAST_BREADTH: Final = 0.5  # of the variety of phrases that a typical member with as many exchanges shows
LEAST_LIKENESS: Final = (
    0.25  # of a typical member, in variety of phrases times matched share: a quarter allows for cover
)
LEAST_WHOLE: Final = 0.6  # of the phrases that a typical member sends at once; by chance it is one of them
LEAST_LONG: Final = 3.0  # phrases at once, for one of them and most of them to be different things


def breadth(uses: Uses, use: Use) -> FloatArray:
    """Return how many different phrases of the families each entity uses, against a member with as many exchanges.

    One is typical of the core (its median is scaled to 1). Who meets the group in one turn of phrase that a template
    happens to share with common speech uses that one again and again, and none of the others.

    Args:
        uses: of the families' phrases.
        use: of the families.

    Returns:
        (c + 1,) a number for each entity concerned, 0 for those without a hit.

    Source: rarefaction, Hurlbert 1971: expected distinct phrases in k exchanges, ``sum(1 - (1 - p) ** k)``.
    """
    hits, core = use.hits, use.concerned.is_core
    phrase, user, count = uses.place, use.concerned.place[uses.entity], uses.n_exchanges
    n_different = np.bincount(user, minlength=len(hits)).astype(np.float64)
    ratio = np.zeros(len(hits))
    users = np.flatnonzero(hits)
    values, inverse = np.unique(hits[users], return_inverse=True)
    for _ in range(2):  # once with all of the core, once with the typical ones
        sent = np.bincount(phrase, weights=count * core[user], minlength=int(phrase.max()) + 1)
        rate = np.minimum(sent / max(float(hits[core].sum()), 1.0), 1.0)
        expected = np.zeros(len(hits))
        expected[users] = np.array([np.sum(1.0 - (1.0 - rate) ** k) for k in values])[inverse]
        ratio = n_different / np.maximum(expected, 1e-9)
        ratio = ratio / max(float(np.median(ratio[core])), 1e-9)
        trimmed = core & (ratio >= LEAST_BREADTH)
        core = trimmed if np.count_nonzero(trimmed) >= LEAST_ENTITIES else core
    return ratio


def is_unlike(use: Use, variety: FloatArray) -> BoolArray:
    """Return which entities, (c + 1,), are far from a typical member, in variety of phrases times matched share."""
    typical = use.concerned.is_core & (variety >= LEAST_BREADTH)
    usual = float(np.median(use.share[typical])) if np.any(typical) else 0.0
    if usual <= 0:
        return np.zeros(len(variety), bool)
    likeness = np.minimum(variety, 1.0) * np.minimum(use.share / usual, 1.0)
    return np.asarray(likeness < LEAST_LIKENESS, np.bool_)


def sends_it_whole(use: Use) -> BoolArray:
    """Return which entities, (c + 1,), send again and again as much of the template at once as a typical member does.

    Chance of speech meets a template in one turn of phrase an exchange. Who sends most of it each time has it, whatever
    little share of its traffic that is. It says nothing where the template itself is that short, nor where it
    is public: where most of those who ever sent it whole did not come back.
    """
    hits = use.hits
    n_phrases = np.bincount(use.sender, weights=use.n_phrases, minlength=len(hits)).astype(np.float64)
    at_once = n_phrases / np.maximum(hits, 1.0)
    typical = float(np.median(at_once[use.concerned.is_core]))
    is_whole = (at_once >= LEAST_WHOLE * typical) & (hits > 0)
    comes_back = is_whole & (hits >= RECURRENT_USES)
    if typical < LEAST_LONG or np.count_nonzero(comes_back) < LEAST_KEPT_UP * np.count_nonzero(is_whole):
        return np.zeros(len(hits), bool)
    return comes_back
