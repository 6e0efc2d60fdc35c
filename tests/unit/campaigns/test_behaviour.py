"""What members do, as numbers: no time zone, and nothing that a tie is made of."""

import numpy as np
from planted_traffic import planted

from stillwatch.campaigns.behaviour import behaviour_of
from stillwatch.campaigns.group import Group

NOBODY = np.zeros(0, np.int64)


def features(shift_hours: float) -> dict[str, np.ndarray]:
    """Return the last feature of each name of eight members who work six hours a day, half of them in another zone."""
    rows = [
        {
            "account": f"p{k}",
            "ip": f"10.0.{k}.1",
            "phrases": [7],
            "hours": 24 * day + hour + shift_hours * (k % 2),
        }
        for k in range(8)
        for day in range(6)
        for hour in range(6)
    ]
    world = planted(rows)
    everyone = np.arange(world.entities.n)
    every_row = np.arange(len(world.population.exchanges))
    group = Group("content", NOBODY, everyone, np.ones(len(everyone)), every_row, np.ones(len(every_row)))
    found = behaviour_of(group, world.population, world.entities)
    return dict(zip(found.names, found.features.T, strict=True))


def test_a_time_zone_is_no_behaviour():
    """How much an account keeps to some hours is; which ones they are is not."""
    here, there = features(0.0), features(9.0)
    assert np.allclose(here["keeping to some hours"], there["keeping to some hours"])
    assert np.all(here["keeping to some hours"] > 0.5)


def test_nothing_that_ties_are_made_of_is_behaviour():
    """Else whoever has no card would be told from those who have one, by having none."""
    assert not {"card", "payment", "address", "device", "phone", "e-mail", "referrer", "plan"} & set(features(0.0))
