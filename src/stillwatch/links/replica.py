"""Replicas: exchanges whose exact prompt another entity sent as well.

A pool that deals out a work list pays for no item twice; strangers who run one public benchmark all send the same
items.

Source: ours: docs/decisions/0006-group-tests.md.
"""

import numpy as np

from stillwatch.links.entity import Entities
from stillwatch.links.population import BoolArray, Population
from stillwatch.links.rows import distinct


def replicas(population: Population, entities: Entities) -> BoolArray:
    """Return, for every exchange, whether another entity sent the same prompt, word for word.

    Cost: O(n log n) for n exchanges.
    """
    hashes = population.exchanges.hashes["prompt_hash"]
    known = population.repeated_prompts
    _, item = np.unique(hashes[known], return_inverse=True)
    entity = entities.of_account[population.exchanges.account[known]].astype(np.int64)
    pairs = distinct(item * np.int64(entities.n) + entity)
    holders = np.bincount(pairs // entities.n, minlength=int(item.max(initial=-1)) + 1)
    found = np.zeros(len(hashes), bool)
    found[known] = holders[item] >= 2
    return found
