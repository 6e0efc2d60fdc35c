"""The comparer of one population: what is known of each entity, and what its comparisons are weighed with.

Source: ours: docs/decisions/0019-estimated-comparisons.md.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from stillwatch.links.comparison import HOUR_US, EntityEvidence, WeighedComparison, Weights, compare
from stillwatch.links.entity import Entities
from stillwatch.links.estimation import estimated_weights
from stillwatch.links.identity import Ties
from stillwatch.links.population import MISSING_TIME, FloatArray, IntArray, Population


@dataclass(frozen=True)
class Comparer:
    """Compares pairs of entities of one population.

    Args:
        weights: what pairs are weighed with.
        use: (n_entities, n_families) exchanges of each family.
        ties: identity ties by column.
        times: sign-up and first request of each entity.
        hours: (n_entities, 24) unit profiles of the hour of the day.
    """

    weights: Weights
    use: csr_array
    family_size: IntArray
    ties: Mapping[str, Ties]
    times: Mapping[str, IntArray]
    hours: FloatArray

    @property
    def n_entities(self) -> int:
        """Return the number of entities."""
        return self.weights.n_entities

    @property
    def prior_bits(self) -> float:
        """Return the prior of a pair: one partner expected among all entities."""
        return self.weights.prior_bits

    def compare(self, a: int, b: int) -> tuple[WeighedComparison, ...]:
        """Return every comparison of two entities that could be made, strongest first."""
        return compare(self.evidence(a), self.evidence(b), self.weights)

    def evidence(self, entity: int) -> EntityEvidence:
        """Return what is known of an entity; families and values go by their codes."""
        families = self.use.indices[self.use.indptr[entity] : self.use.indptr[entity + 1]].tolist()
        values: dict[str, Mapping[Hashable, int]] = {}
        for column, tie in self.ties.items():
            held = tie.values_of(entity)
            if len(held):
                values[column] = dict(zip(held.tolist(), tie.n_entities()[held].tolist(), strict=True))
        times = {
            name: int(self.times[name][entity])
            for name in ("sign_up", "first_request")
            if name in self.times and self.times[name][entity] != MISSING_TIME
        }
        sizes = self.family_size[families].tolist()
        return EntityEvidence(dict(zip(families, sizes, strict=True)), values, times, self.hours[entity])


def comparer(
    population: Population, entities: Entities, use: csr_array, ties: Mapping[str, Ties], times: Mapping[str, IntArray]
) -> Comparer:
    """Return a comparer whose m and u come from this population."""
    hour = (population.exchanges.requested_us // HOUR_US) % 24
    entity = entities.of_account[population.exchanges.account].astype(np.int64)
    profile = np.bincount(entity * 24 + hour, minlength=entities.n * 24).reshape(-1, 24).astype(np.float64)
    profile /= np.maximum(np.linalg.norm(profile, axis=1, keepdims=True), 1.0)
    family_size = np.bincount(use.indices, minlength=use.shape[1]).astype(np.int64)
    return Comparer(estimated_weights(ties, use, times, profile), use, family_size, ties, times, profile)
