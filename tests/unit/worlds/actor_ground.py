"""The ground that the tests of actors stand on: three weeks, one release, three models."""

from collections import Counter
from datetime import UTC, datetime

import numpy as np

from stillwatch.worlds import campaign, lookalikes, resale, stolen, trials
from stillwatch.worlds.account import DAY_S, Contribution, Ground, Window, make_actor
from stillwatch.worlds.identity import Population
from stillwatch.worlds.texts import Split, load_texts

REGISTERED = (campaign, lookalikes, resale, stolen, trials)  # importing them makes their kinds known
WINDOW = Window(datetime(2026, 3, 2, tzinfo=UTC), 21, (10 * DAY_S,))


def make_ground(split: Split = "tune", days: int = 21) -> Ground:
    """Return the ground of one side."""
    texts = load_texts(split)
    window = Window(WINDOW.start_at, days, tuple(r for r in WINDOW.release_s if r < days * DAY_S))
    return Ground(texts, window, Population(texts, window, np.random.default_rng(1)), ("m-1", "m-2", "m-3"), 1)


def build(kind: str, ground: Ground | None = None, seed: int = 5, **parameters: object) -> Contribution:
    """Return what one actor contributes."""
    return make_actor(kind, parameters).build(ground or make_ground(), np.random.default_rng(seed))


def most_common_share(values: list[object]) -> float:
    """Return the share of the commonest value."""
    return Counter(values).most_common(1)[0][1] / len(values)
