"""Tests of who clearly used which family."""

from pathlib import Path

import numpy as np
from planted_pools import chatter
from planted_traffic import planted

from stillwatch.campaigns.family_use import family_use


def test_clear_use_needs_two_phrases_or_two_exchanges(tmp_path: Path) -> None:
    """One exchange with one phrase counts nothing; one with two phrases counts, and so do two with one each."""
    rng = np.random.default_rng(2)
    rows = [{"account": f"p{i % 8}", "phrases": [11, 12, *chatter(rng)]} for i in range(40)]
    rows += [{"account": "once", "phrases": [11, *chatter(rng)]}]
    rows += [{"account": "double", "phrases": [11, 12, *chatter(rng)]}]
    rows += [{"account": "twice", "phrases": [word, *chatter(rng)]} for word in (11, 12)]
    made = planted(rows)
    use = family_use(made.population, made.entities, made.families(tmp_path)).toarray()
    wanted = {"p0": 5, "once": 0, "double": 1, "twice": 2}
    assert {name: int(use[made.entity(name)].sum()) for name in wanted} == wanted
