"""What each entity sent of a candidate's families: the counts on which memberships are weighed."""

from dataclasses import dataclass

import numpy as np

from stillwatch.campaigns.slice import phrases_by_exchange
from stillwatch.links.entity import Entities
from stillwatch.links.family import Matches
from stillwatch.links.population import BoolArray, FloatArray, IntArray, Population
from stillwatch.links.rows import distinct


@dataclass(frozen=True, slots=True)
class Concerned:
    """The entities that a candidate concerns: proposed ones and those that sent what matches it, and all others as one.

    Of most candidates that is a few hundred among half a million. Arrays have a place for each, in rising order of
    entities, and the last place for the others, who have no hit.

    Args:
        entity: (c,) the entities, rising.
        place: (n_entities,) the place of every entity.
        is_core: (c + 1,) who was proposed.
        n_exchanges: (c + 1,) exchanges of each; of the others in all.
        n_entities: all entities.
    """

    entity: IntArray
    place: IntArray
    is_core: BoolArray
    n_exchanges: FloatArray
    n_entities: int

    @classmethod
    def of(cls, core: IntArray, senders: IntArray, entities: Entities) -> "Concerned":
        """Return the entities that a candidate's ``core`` and the senders of what matches it are."""
        entity = distinct(np.concatenate([core, senders]))
        place = np.full(entities.n, len(entity), np.int64)
        place[entity] = np.arange(len(entity))
        is_core = np.zeros(len(entity) + 1, bool)
        is_core[place[core]] = True
        own = entities.n_exchanges[entity]
        n_exchanges = np.append(own, entities.n_exchanges.sum() - own.sum()).astype(np.float64)
        return cls(entity, place, is_core, n_exchanges, entities.n)


@dataclass(frozen=True, slots=True)
class Use:
    """What the entities that a candidate concerns sent of its families; (c + 1,) arrays have a place for each of them.

    Args:
        concerned: the entities.
        exchange: (k,) exchanges that carry a phrase of the families, rising.
        n_phrases: (k,) how many phrases each carries.
        sender: (k,) the place of the entity that sent each.
        hits: (c + 1,) such exchanges of each entity.
    """

    concerned: Concerned
    exchange: IntArray
    n_phrases: FloatArray
    sender: IntArray
    hits: FloatArray

    @classmethod
    def of(cls, core: IntArray, found: Matches, population: Population, entities: Entities) -> "Use":
        """Return the use that all entities made of families, from the matches ``found`` of these."""
        exchange, n_phrases = phrases_by_exchange(found)
        entity = entities.of_account[population.exchanges.account[exchange]].astype(np.int64)
        concerned = Concerned.of(core, entity, entities)
        sender = concerned.place[entity]
        hits = np.bincount(sender, minlength=len(concerned.is_core)).astype(np.float64)
        return cls(concerned, exchange, n_phrases, sender, hits)

    @property
    def share(self) -> FloatArray:
        """Return the share, (c + 1,), of its exchanges that each entity sent for the families."""
        return self.hits / np.maximum(self.concerned.n_exchanges, 1)
