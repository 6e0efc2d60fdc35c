"""The traffic of a scan with all that links its accounts: what groups are found in, tested on and told from."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from scipy.sparse import csr_array

from stillwatch.campaigns.family_use import family_use
from stillwatch.links.comparer import Comparer, comparer
from stillwatch.links.entity import Entities
from stillwatch.links.family import Families
from stillwatch.links.identity import Ties
from stillwatch.links.population import Population
from stillwatch.pipeline.entity_times import entity_times
from stillwatch.pipeline.registry import Registry


@dataclass(frozen=True)
class LinkedTraffic:
    """A population and what links its accounts.

    Args:
        population: the traffic.
        entities: its entities.
        families: all families of exchanges.
        ties: identity ties by column.
        registry: what the registry says.
    """

    population: Population
    entities: Entities
    families: Families
    ties: Mapping[str, Ties]
    registry: Registry

    @cached_property
    def use(self) -> csr_array:
        """Return, (n_entities, n_families), in how many exchanges each entity clearly used each family."""
        return family_use(self.population, self.entities, self.families)

    @cached_property
    def comparer(self) -> Comparer:
        """Return what compares pairs of entities."""
        times = entity_times(self.population, self.entities)
        return comparer(self.population, self.entities, self.use, self.ties, times)
