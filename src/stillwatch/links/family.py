"""Families of exchanges: a bundle of phrases, the exchanges that carry them and the entities behind those.

Source: ours: docs/decisions/0005-families-first.md.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.links.bundle import bundle_phrases
from stillwatch.links.phrase import EXPLODED, Phrases, shared_phrases
from stillwatch.links.population import BoolArray, IntArray
from stillwatch.links.tables import Tables

LEAST_ENTITIES: Final = (
    5  # fewer share a phrase too often by chance; the smallest campaign worth a case has eight accounts
)


RECURRENT_USES: Final = 3  # exchanges: once is chance, twice a coincidence
LEAST_KEPT_UP: Final = 2 / 3  # of all users come back; of 10,993 families of chance speech, none reached a half


@dataclass(frozen=True, slots=True)
class Families:
    """Families and which exchange belongs to which: parallel arrays sorted by family, then exchange.

    Args:
        n: number of families.
        n_phrases: (n,) phrases of each family.
        anchor: (n,) the smallest phrase value of each family: names it, and says nothing of the text.
        family: (m,) family of each match.
        exchange: (m,) row of the exchange.
        n_matched: (m,) phrases of the family that the exchange carries.
        used_phrase: (u,) for each use of a phrase by an entity, the phrase, numbered within all families.
        used_family: (u,) its family.
        used_by: (u,) the entity.
        n_used: (u,) in how many exchanges.
        phrase: (p,) uint64, values of all phrases of all families, rising.
        phrase_family: (p,) the family of each.
    """

    n: int
    n_phrases: IntArray
    anchor: IntArray
    family: IntArray
    exchange: IntArray
    n_matched: IntArray
    used_phrase: IntArray
    used_family: IntArray
    used_by: IntArray
    n_used: IntArray
    phrase: npt.NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    phrase_family: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))


def family_id(anchor: int) -> str:
    """Return the opaque id of a family, from its smallest keyed phrase."""
    return f"f-{hashlib.sha256(anchor.to_bytes(8, 'little', signed=True)).hexdigest()[:10]}"


def find_families(tables: Tables) -> Families:
    """Return the families of the traffic that ``tables`` holds as ``sketches`` and ``entity_of``.

    Phrases to which their users keep are bundled apart from the others, by those who keep to them: one template's
    shingles must not chain with speech that the same few accounts happen to share. Families of one phrase are left
    out: a lone shingle is chance speech.
    """
    phrases = shared_phrases(tables, least_entities=LEAST_ENTITIES)
    bundle = _bundles(phrases)
    size = np.bincount(bundle, minlength=int(bundle.max(initial=-1)) + 1)
    kept = size >= 2  # a template of five words or more has at least two shingles
    rank = np.cumsum(kept) - 1
    of_phrase = np.where(kept[bundle], rank[bundle], -1)
    n = int(kept.sum())
    kept_values = phrases.value[of_phrase >= 0].view(np.int64)  # as engines hold hashes
    lookup = pa.table({"phrase": kept_values, "family": of_phrase[of_phrase >= 0].astype(np.int32)})
    tables.register("family_of", lookup)
    matches = tables.query(
        f"""
        SELECT f.family, e.row_index, count(*) AS n FROM ({EXPLODED}) e JOIN family_of f ON e.phrase = f.phrase
        GROUP BY f.family, e.row_index ORDER BY f.family, e.row_index
        """  # noqa: S608 - only names from above
    )
    phrase_of_use = np.repeat(np.arange(len(phrases.value)), phrases.n_entities)
    kept_use = of_phrase[phrase_of_use] >= 0
    anchor = np.full(n, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(anchor, of_phrase[of_phrase >= 0], phrases.value[of_phrase >= 0])
    return Families(
        n=n,
        n_phrases=size[kept].astype(np.int64),
        anchor=anchor.astype(np.uint64).view(np.int64),
        family=matches["family"].to_numpy().astype(np.int64),
        exchange=matches["row_index"].to_numpy().astype(np.int64),
        n_matched=matches["n"].to_numpy().astype(np.int64),
        used_phrase=phrase_of_use[kept_use],
        used_family=of_phrase[phrase_of_use][kept_use],
        used_by=phrases.entity[kept_use].astype(np.int64),
        n_used=phrases.n_exchanges[kept_use],
        phrase=phrases.value[of_phrase >= 0],
        phrase_family=of_phrase[of_phrase >= 0],
    )


def _bundles(phrases: Phrases) -> IntArray:
    """Return the bundle of each phrase; kept-up phrases are compared by the entities that come back to them."""
    recurs = phrases.n_exchanges >= RECURRENT_USES
    n_recurrent = np.add.reduceat(recurs, phrases.first[:-1], dtype=np.int64) if len(recurs) else phrases.n_entities
    is_kept_up = (n_recurrent >= LEAST_ENTITIES) & (n_recurrent >= LEAST_KEPT_UP * phrases.n_entities)
    bundle = np.zeros(len(phrases.value), np.int64)
    bundle[is_kept_up] = bundle_phrases(_restricted(phrases, is_kept_up, recurs))
    n_kept_up = int(bundle.max(initial=-1)) + 1
    bundle[~is_kept_up] = bundle_phrases(_restricted(phrases, ~is_kept_up, np.ones_like(recurs))) + n_kept_up
    return bundle


def _restricted(phrases: Phrases, chosen: BoolArray, used: BoolArray) -> Phrases:
    """Return some of the phrases, with those uses that are marked in ``used``."""
    inside = np.repeat(chosen, phrases.n_entities) & used
    phrase = np.repeat(np.cumsum(chosen) - 1, phrases.n_entities)[inside]
    first = np.searchsorted(phrase, np.arange(int(chosen.sum()) + 1)).astype(np.int64)
    return Phrases(phrases.value[chosen], first, phrases.entity[inside], phrases.n_exchanges[inside])
