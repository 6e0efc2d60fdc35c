"""Families of exchanges: a bundle of phrases, the exchanges that carry them and the entities behind those.

Source: ours: docs/decisions/0005-families-first.md.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from stillwatch.links.bundle import N_HASHES, bundled, entity_signatures, hash_ranks
from stillwatch.links.phrase import Phrases, PhraseSource
from stillwatch.links.phrase_index import IndexedPhrases
from stillwatch.links.phrase_query import QueriedPhrases
from stillwatch.links.population import CodeArray, IntArray
from stillwatch.links.rows import blocks, places_of
from stillwatch.links.spill import GrowingColumn
from stillwatch.links.tables import Tables

LEAST_ENTITIES: Final = (
    5  # fewer share a phrase too often by chance; the smallest campaign worth a case has eight accounts
)


USES_AT_ONCE: Final = 4_000_000  # looked at at once: some 200 MB
RECURRENT_USES: Final = 3  # exchanges: once is chance, twice a coincidence
LEAST_KEPT_UP: Final = 2 / 3  # of all users come back; of 10,993 families of chance speech, none reached a half


class Matches(NamedTuple):
    """Exchanges that carry phrases of some families: parallel arrays sorted by family, then exchange.

    ``place`` says which of the families asked for, ``n_matched`` how many of its phrases the exchange carries.
    """

    place: IntArray
    exchange: IntArray
    n_matched: IntArray


class Uses(NamedTuple):
    """Uses of the phrases of some families: parallel arrays sorted by phrase, then entity.

    ``place`` numbers the phrases among those of the families asked for, ``n_exchanges`` counts exchanges.
    """

    place: IntArray
    entity: IntArray
    n_exchanges: IntArray


@dataclass(frozen=True, slots=True)
class Families:
    """Families, which exchange belongs to which, and who uses which of their phrases; read family by family.

    Args:
        n: number of families.
        n_phrases: (n,) phrases of each family.
        anchor: (n,) the smallest phrase value of each family: names it, and says nothing of the text.
        first: (n + 1,) where each family's matches start in the next two arrays.
        exchange: (m,) row of the exchange of each match, rising within a family.
        n_matched: (m,) phrases of the family that the exchange carries.
        member: (p,) the phrases of all families, as places in ``used``, sorted by family, then value.
        member_first: (n + 1,) where each family's phrases start.
        used: the uses of all shared phrases.
    """

    n: int
    n_phrases: IntArray
    anchor: IntArray
    first: IntArray
    exchange: CodeArray
    n_matched: npt.NDArray[np.uint8]
    member: IntArray
    member_first: IntArray
    used: Phrases

    def matches(self, chosen: IntArray) -> Matches:
        """Return the matches of some families (rising). Cost: O(matches returned)."""
        at, place = places_of(self.first, chosen)
        return Matches(place, self.exchange[at].astype(np.int64), self.n_matched[at].astype(np.int64))

    def uses(self, chosen: IntArray) -> Uses:
        """Return the uses of the phrases of some families. Cost: O(uses returned)."""
        phrases = np.sort(self.member[places_of(self.member_first, chosen)[0]])
        at, place = places_of(self.used.first, phrases)
        return Uses(place, self.used.entity[at].astype(np.int64), self.used.n_exchanges[at].astype(np.int64))

    def phrases(self, chosen: IntArray) -> npt.NDArray[np.uint64]:
        """Return the values of all phrases of some families, rising."""
        return self.used.value[np.sort(self.member[places_of(self.member_first, chosen)[0]])]


def family_id(anchor: int) -> str:
    """Return the opaque id of a family, from its smallest keyed phrase."""
    return f"f-{hashlib.sha256(anchor.to_bytes(8, 'little', signed=True)).hexdigest()[:10]}"


def find_families(tables: Tables, folder: Path | None = None) -> Families:
    """Return the families of the traffic that ``tables`` holds as ``sketches`` and ``entity_of``.

    Phrases to which their users keep are bundled apart from the others, by those who keep to them: one template's
    shingles must not chain with speech that the same few accounts happen to share. Families of one phrase are left
    out: a lone shingle is chance speech. What memory need not hold rests in ``folder``, if one is given.
    """
    source = phrases_in(tables, folder)
    phrases = source.shared(LEAST_ENTITIES)
    bundle = _bundles(phrases)
    size = np.bincount(bundle, minlength=int(bundle.max(initial=-1)) + 1)
    kept = size >= 2  # a template of five words or more has at least two shingles
    rank = np.cumsum(kept) - 1
    of_phrase = np.where(kept[bundle], rank[bundle], -1)
    n = int(kept.sum())
    n_phrases = size[kept].astype(np.int64)
    member_first = np.concatenate(([0], np.cumsum(n_phrases)))
    member = np.flatnonzero(of_phrase >= 0)
    by_family = member[np.argsort(of_phrase[member], kind="stable")]
    n_matches = np.zeros(n, np.int64)
    exchange, n_matched = GrowingColumn(np.int32, folder), GrowingColumn(np.uint8, folder)
    for carried in source.carried(by_family, member_first):
        n_matches += np.bincount(carried.group, minlength=n)
        exchange.append(carried.row)
        n_matched.append(carried.n)
    anchor = np.full(n, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(anchor, of_phrase[member], phrases.value[member])
    return Families(
        n=n,
        n_phrases=n_phrases,
        anchor=anchor.view(np.int64),
        first=np.concatenate(([0], np.cumsum(n_matches))),
        exchange=exchange.finished(),
        n_matched=n_matched.finished(),
        member=by_family,
        member_first=member_first,
        used=phrases,
    )


def phrases_in(tables: Tables, folder: Path | None = None) -> PhraseSource:
    """Return the phrases of the tables ``sketches`` and ``entity_of``: indexed where the rows lie on this machine."""
    sketches = tables.rows("sketches")
    if sketches is None:
        return QueriedPhrases(tables, folder)
    of_account = tables.query("SELECT entity FROM entity_of ORDER BY account")["entity"].to_numpy()
    return IndexedPhrases(sketches, of_account.astype(np.int32), folder)


def _bundles(phrases: Phrases) -> IntArray:
    """Return the bundle of each phrase; kept-up phrases are compared by the entities that come back to them."""
    signature = np.empty((len(phrases.value), N_HASHES), np.uint32)
    ranks = hash_ranks(int(phrases.entity.max(initial=-1)) + 1)
    is_kept_up = np.zeros(len(phrases.value), bool)
    for start, end in blocks(phrases.first, USES_AT_ONCE):
        part = phrases.between(start, end)
        recurs = part.n_exchanges >= RECURRENT_USES
        n_recurrent = np.add.reduceat(recurs, part.first[:-1], dtype=np.int64)
        keeps = (n_recurrent >= LEAST_ENTITIES) & (n_recurrent >= LEAST_KEPT_UP * part.n_entities)
        is_kept_up[start:end] = keeps
        signature[start:end] = entity_signatures(part, ranks, recurs | ~np.repeat(keeps, part.n_entities))
    bundle = np.zeros(len(phrases.value), np.int64)
    bundle[is_kept_up] = bundled(signature[is_kept_up])
    n_kept_up = int(bundle.max(initial=-1)) + 1
    bundle[~is_kept_up] = bundled(signature[~is_kept_up]) + n_kept_up
    return bundle
