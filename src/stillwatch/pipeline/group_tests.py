"""The tests of groups: each against its own controls, by every channel that may say anything of it."""

from typing import NamedTuple

import numpy as np

from stillwatch.campaigns.control import Pool, activity_strata
from stillwatch.campaigns.coordination import (
    TestResult,
    assess_coordination,
    assess_elsewhere,
    channels_of,
    combined_p_value,
)
from stillwatch.campaigns.dealing import Dealing
from stillwatch.campaigns.group import Group
from stillwatch.campaigns.rhythm import Rhythm
from stillwatch.campaigns.seed import seed_of
from stillwatch.pipeline.entity_times import first_uses, seen_times
from stillwatch.pipeline.linked_traffic import LinkedTraffic


class Tested(NamedTuple):
    """The results of a group's tests, and the p-value of all of them together."""

    results: tuple[TestResult, ...]
    p_value: float


class GroupTests:
    """Tests groups of one population; what their tests have in common is made once.

    Args:
        traffic: the traffic and what links its accounts.
        dealing: tests how items were passed on.
    """

    def __init__(self, traffic: LinkedTraffic, dealing: Dealing) -> None:
        population, entities = traffic.population, traffic.entities
        self._ties, self._dealing = traffic.ties, dealing
        self._strata = activity_strata(entities.n_exchanges)
        self._everyone = Pool.of(self._strata, np.arange(entities.n))
        times, uses = seen_times(population, entities), first_uses(population, entities)
        self._channels = channels_of(traffic.ties, entities.n, times, uses, self._strata)
        self._rhythm = Rhythm(population, entities)

    def of(self, group: Group) -> Tested:
        """Return a group's tests; of one from which members were set apart, those of the whole, if it stays so.

        Ties chose who stayed: only of the whole do they say anything.
        """
        own = self._results(group)
        if group.whole is None:
            return Tested(own, combined_p_value(own))
        before = self._results(group.whole)
        return Tested(before, max(combined_p_value(before), combined_p_value(own)))

    def _results(self, group: Group) -> tuple[TestResult, ...]:
        seed, strata, everyone = seed_of(group.proposed), self._strata, self._everyone
        compared = assess_coordination(group.proposed, self._channels, strata, group.channel, seed, everyone)
        if group.channel == "identity":
            compared += assess_elsewhere(group.outsiders, group.proposed, self._ties, strata, seed, everyone)
        together = self._rhythm.assess(group.entities, group.slice_rows, seed_of(group.entities))
        return (*compared, *together, *self._dealing.assess(group))
