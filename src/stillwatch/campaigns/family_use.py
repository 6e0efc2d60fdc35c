"""How often each entity clearly used each family of exchanges."""

from typing import Final

import numpy as np
from scipy.sparse import csr_array

from stillwatch.links.entity import Entities
from stillwatch.links.family import Families
from stillwatch.links.population import IntArray, Population
from stillwatch.links.rows import blocks

BLOCK_MATCHES: Final = 4_000_000  # matches counted at once: some 200 MB


def family_use(population: Population, entities: Entities, families: Families) -> csr_array:
    """Return, (n_entities, n_families), in how many exchanges each entity *clearly* used each family.

    One exchange that carries two phrases of the family is clear; so are two exchanges with one phrase each. A single
    shingle once is chance speech and counts 0.
    """
    of_row = entities.of_account[population.exchanges.account]
    kept: list[tuple[IntArray, IntArray, IntArray]] = [(np.zeros(0, np.int64),) * 3]
    for start, end in blocks(families.first, BLOCK_MATCHES):
        low, high = families.first[start], families.first[end]
        family = np.repeat(np.arange(start, end), np.diff(families.first[start : end + 1]))
        key = family * entities.n + of_row[families.exchange[low:high]]
        order = np.argsort(key, kind="stable")
        key, is_double = key[order], families.n_matched[low:high][order] >= 2
        firsts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1]))) if len(key) else np.zeros(0, np.int64)
        count = np.diff(np.append(firsts, len(key)))
        is_clear = (count >= 2) | is_double[firsts]  # where there is one exchange, it is the first
        pair = key[firsts][is_clear]
        kept.append((pair % entities.n, pair // entities.n, count[is_clear]))
    entity, family, count = (np.concatenate(parts) for parts in zip(*kept, strict=True))
    use = csr_array((count.astype(np.int32), (entity, family)), shape=(entities.n, families.n))
    use.sort_indices()
    return use
