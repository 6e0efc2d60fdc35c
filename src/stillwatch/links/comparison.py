"""Comparisons of two entities, in bits: what speaks for a link between them, piece by piece.

m is how often linked pairs agree, stated below with its reason; u is how often strangers do, measured on random pairs
of this very population, or the rarity of the shared value where agreement is on a value. Shared families are
dependent evidence (they may be parts of one template), so that the rarest counts whole and each further one half of
the one before.

Source: Fellegi and Sunter 1969; u from random pairs as in Splink's documentation of its estimation of u.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from scipy.sparse import csr_array

from stillwatch.links.entity import Entities
from stillwatch.links.identity import Ties
from stillwatch.links.population import MISSING_TIME, FloatArray, IntArray, Population

N_RANDOM_PAIRS: Final = 4_000  # an agreement of strangers of 1 in 100 is measured to a sixth of itself
DAY_US: Final = 86_400_000_000
WORDS: Final = {"ip": "address", "referrer_id": "referrer"}
ALIKE_HOURS: Final = 0.8  # cosine of hour-of-day profiles; strangers' mean in one time zone lies near 0.5


@dataclass(frozen=True, slots=True)
class Comparison:
    """How often linked pairs agree (m) and what to tell the analyst."""

    m: float
    title: str
    because: str
    channel: str
    needs: tuple[str, ...]


COMPARISONS: Final[Mapping[str, Comparison]] = {
    "same_family": Comparison(0.80, "Same template family", "prompts fill one template", "content", ("prompt",)),
    "payment_fingerprint": Comparison(
        0.30, "Same payer", "bills go to one payer", "identity", ("payment_fingerprint",)
    ),
    "device_fingerprint": Comparison(
        0.30, "Same device", "one device signed both up", "identity", ("device_fingerprint",)
    ),
    "phone_fingerprint": Comparison(0.20, "Same phone", "one phone verified both", "identity", ("phone_fingerprint",)),
    "email_fingerprint": Comparison(
        0.20, "Same mailbox", "one mailbox received both", "identity", ("email_fingerprint",)
    ),
    "referrer_id": Comparison(0.30, "Same referrer", "one referrer brought both", "identity", ("referrer_id",)),
    "ip": Comparison(0.40, "Same address", "both were seen at one address", "infrastructure", ("ip",)),
    "sign_up": Comparison(0.40, "Signed up within a day", "the accounts were made together", "rhythm", ("created_at",)),
    "first_request": Comparison(0.40, "Began within a day", "both began to send together", "rhythm", ("requested_at",)),
    "hours": Comparison(0.60, "Same hours of the day", "calls keep one daily rhythm", "rhythm", ("requested_at",)),
}


@dataclass(frozen=True, slots=True)
class WeighedComparison:
    """One comparison of one pair: its name, its bits and what was seen."""

    name: str
    bits: float
    observation: str


@dataclass(frozen=True, slots=True)
class EntityEvidence:
    """What is known of one entity, as far as comparing it needs.

    Args:
        families: how many entities use each family that this one uses, by the family's name.
        values: for each identity column that this entity has a value in, how many entities hold each of its values.
        times: sign-up and first request in microseconds since 1970 UTC, those that are known.
        hours: (24,) unit profile of the hour of the day.
    """

    families: Mapping[Hashable, int]
    values: Mapping[str, Mapping[Hashable, int]]
    times: Mapping[str, int]
    hours: FloatArray


@dataclass(frozen=True, slots=True)
class Weights:
    """What a comparison is weighed with.

    Args:
        n_entities: entities of the population.
        u: how often strangers agree on times and hours.
        m: how often linked pairs agree, by comparison.
    """

    n_entities: int
    u: Mapping[str, float]
    m: Mapping[str, float] = field(default_factory=lambda: {name: one.m for name, one in COMPARISONS.items()})

    @property
    def prior_bits(self) -> float:
        """Return the prior of a pair: one partner expected among all entities."""
        return -float(np.log2(max(self.n_entities - 1, 2)))


def compare(a: EntityEvidence, b: EntityEvidence, weights: Weights) -> tuple[WeighedComparison, ...]:
    """Return every comparison of two entities that could be made, strongest first."""
    found = [_families(a, b, weights), *_values(a, b, weights), *_agreements(a, b, weights)]
    return tuple(sorted(found, key=lambda item: (-abs(item.bits), item.name)))


def _families(a: EntityEvidence, b: EntityEvidence, weights: Weights) -> WeighedComparison:
    size = np.array([n for family, n in a.families.items() if family in b.families], np.int64)
    m = weights.m["same_family"]
    if not len(size):
        return WeighedComparison("same_family", float(np.log2(1 - m)), "no template family in common")
    rarity = np.sort(np.log2(m * weights.n_entities / size))[::-1]
    bits = float(np.sum(rarity[:8] * 0.5 ** np.arange(len(rarity[:8]))))
    families = "family" if len(size) == 1 else "families"
    seen = f"{len(size)} template {families} in common; the rarest has {int(size.min())} entities"
    return WeighedComparison("same_family", bits, seen)


def _values(a: EntityEvidence, b: EntityEvidence, weights: Weights) -> list[WeighedComparison]:
    found = []
    for column in a.values:
        if column not in b.values or column not in weights.m:
            continue
        m, words = weights.m[column], WORDS.get(column, column.replace("_", " "))
        holders = [n for value, n in a.values[column].items() if value in b.values[column]]
        if not holders:
            found.append(WeighedComparison(column, float(np.log2(1 - m)), f"no {words} in common"))
            continue
        bits = float(np.log2(m * weights.n_entities / min(holders)))
        found.append(WeighedComparison(column, bits, f"{words} in common, held by {min(holders)} entities"))
    return found


def _agreements(a: EntityEvidence, b: EntityEvidence, weights: Weights) -> list[WeighedComparison]:
    found = []
    for name in ("sign_up", "first_request"):
        if name in a.times and name in b.times:
            hours = abs(a.times[name] - b.times[name]) / (DAY_US / 24)
            found.append(_agreement(name, hours <= 24, f"{hours:.0f} hours apart", weights))
    likeness = float(a.hours @ b.hours)
    seen = f"hour-of-day profiles agree to {likeness:.2f}"
    return [*found, _agreement("hours", likeness >= ALIKE_HOURS, seen, weights)]


def _agreement(name: str, agrees: bool, observation: str, weights: Weights) -> WeighedComparison:  # noqa: FBT001 - a fact
    m, u = weights.m[name], weights.u[name]
    bits = np.log2(m / u) if agrees else np.log2((1 - m) / (1 - u))
    return WeighedComparison(name, float(bits), observation)


@dataclass(frozen=True)
class Comparer:
    """Compares pairs of entities of one population.

    Args:
        use: (n_entities, n_families) exchanges of each family.
        ties: identity ties by column.
        times: sign-up and first request of each entity.
        hours: (n_entities, 24) unit profiles of the hour of the day.
        u: how often strangers agree on times and hours.
    """

    n_entities: int
    use: csr_array
    family_size: IntArray
    ties: Mapping[str, Ties]
    times: Mapping[str, IntArray]
    hours: FloatArray
    u: Mapping[str, float]

    @property
    def weights(self) -> Weights:
        """Return what pairs of this population are weighed with."""
        return Weights(self.n_entities, self.u)

    @property
    def prior_bits(self) -> float:
        """Return the prior of a pair: one partner expected among all entities."""
        return self.weights.prior_bits

    def compare(self, a: int, b: int) -> tuple[WeighedComparison, ...]:
        """Return every comparison of two entities that could be made, strongest first."""
        return compare(self.evidence(a), self.evidence(b), self.weights)

    def evidence(self, entity: int) -> EntityEvidence:
        """Return what is known of an entity; families and values go by their codes."""
        families = self.use[[entity]].indices.tolist()
        values: dict[str, Mapping[Hashable, int]] = {}
        for column, tie in self.ties.items():
            held = tie.value[tie.entity == entity]
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
    """Return a comparer whose u comes from random pairs of this population."""
    hour = (population.exchanges.requested_us // (DAY_US // 24)) % 24
    profile = np.zeros((entities.n, 24))
    np.add.at(profile, (entities.of_account[population.exchanges.account], hour), 1.0)
    profile /= np.maximum(np.linalg.norm(profile, axis=1, keepdims=True), 1.0)
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, entities.n, (2, N_RANDOM_PAIRS))
    u = {"hours": _smoothed_rate(np.einsum("ij,ij->i", profile[a], profile[b])[a != b] >= ALIKE_HOURS)}
    for name in ("sign_up", "first_request"):
        at_us = times.get(name)
        if at_us is not None:
            known = (at_us[a] != MISSING_TIME) & (at_us[b] != MISSING_TIME) & (a != b)
            u[name] = _smoothed_rate(np.abs(at_us[a][known] - at_us[b][known]) <= DAY_US)
    family_size = np.bincount(use.indices, minlength=use.shape[1]).astype(np.int64)
    return Comparer(entities.n, use, family_size, ties, times, profile, u)


def _smoothed_rate(agrees: np.ndarray) -> float:
    """Return a rate that is never 0 or 1: one half added on either side (Jeffreys)."""
    return float((np.count_nonzero(agrees) + 0.5) / (len(agrees) + 1.0))
