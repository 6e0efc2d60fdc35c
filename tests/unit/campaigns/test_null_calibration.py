"""The false-alarm rate of group tests in populations without any structure."""

import numpy as np
import pytest
from scipy.stats import binom

from stillwatch.campaigns.control import activity_strata
from stillwatch.campaigns.coordination import assess_coordination, channels_of, combined_p_value
from stillwatch.links.identity import Ties
from stillwatch.links.population import MISSING_TIME

DAY_US = 86_400_000_000


def structureless(n: int, seed: int) -> tuple[dict[str, Ties], dict[str, np.ndarray], np.ndarray]:
    """Return a population whose ties, times and activity are independent of each other and of any grouping."""
    rng = np.random.default_rng(seed)
    ties = {}
    for column, n_values in (("payment_fingerprint", n), ("ip", n // 3), ("referrer_id", 12)):
        value = rng.zipf(1.6, n * 2) % n_values if column == "ip" else rng.integers(0, n_values, n)
        entity = rng.integers(0, n, len(value)) if column == "ip" else np.flatnonzero(rng.random(n) < 2.0)
        pair = np.unique(value * n + entity)
        names = tuple(f"v{i}" for i in range(n_values))
        ties[column] = Ties(column, (pair // n).astype(np.int32), (pair % n).astype(np.int32), names)
    sign_up = rng.integers(0, 300 * DAY_US, n)
    sign_up[rng.random(n) < 0.2] = MISSING_TIME
    ban = np.where(rng.random(n) < 0.05, rng.integers(0, 30 * DAY_US, n), MISSING_TIME)
    times = {"sign_up": sign_up, "ban": ban, "first_request": rng.integers(0, 30 * DAY_US, n)}
    return ties, times, activity_strata(rng.geometric(0.03, n))


@pytest.mark.parametrize(("size", "seed"), [(5, 1), (12, 2), (40, 3)])
def test_random_groups_are_called_no_more_often_than_stated(size: int, seed: int) -> None:
    """Of 100 random groups in a structureless population, at most 5 in 100 have p at or below 0.05, within chance."""
    n = 600
    ties, times, strata = structureless(n, seed)
    channels = channels_of(ties, n, times)
    assert len(channels) == 6
    rng = np.random.default_rng(seed + 100)
    p = []
    for trial in range(100):
        group = np.sort(rng.choice(n, size, replace=False))
        p.append(combined_p_value(assess_coordination(group, channels, strata, "content", seed=trial)))
    for level in (0.01, 0.05, 0.2):
        most = binom.ppf(0.9995, 100, level)
        assert np.count_nonzero(np.array(p) <= level) <= most, level
