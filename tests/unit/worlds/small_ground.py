"""A small ground for actors under test."""

from datetime import UTC, datetime

import numpy as np

from stillwatch.worlds.account import DAY_S, Ground, Window
from stillwatch.worlds.identity import Population
from stillwatch.worlds.texts import load_texts


def make_ground(days: int = 10, seed: int = 0) -> Ground:
    """Return a ground with one release on the fifth day."""
    texts = load_texts("tune")
    window = Window(datetime(2026, 3, 2, tzinfo=UTC), days, (4.0 * DAY_S,))
    return Ground(texts, window, Population(texts, window, np.random.default_rng(seed)), ("old", "now", "next"), seed)
