"""Shared phrases: shingle values that several entities used, how often each used them, and in which exchanges.

A phrase here is one keyed shingle value (or the keyed hash of a whole system prompt or prompt): it can be
counted and compared, and says nothing of the text. Phrases used by few entities are left where they are counted; what
comes back grows with what is shared, not with the traffic.

Where the rows lie on this machine, an index is made of them (``phrase_index``); where they lie on a cluster, its SQL
counts them (``phrase_query``). Both give the same.

Source: ours: docs/decisions/0005-families-first.md; shingle minima after Broder 1997, On the resemblance and
containment of documents, and Li, Owen and Zhang 2012, One permutation hashing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from stillwatch.links.population import CodeArray, IntArray


@dataclass(frozen=True, slots=True)
class Phrases:
    """Which entity used which phrase: parallel arrays sorted by phrase, then entity.

    Args:
        value: (k,) distinct phrase values, rising.
        first: (k + 1,) where each phrase's uses start in the two arrays below.
        entity: entity of each use.
        n_exchanges: exchanges of that entity with that phrase.
    """

    value: npt.NDArray[np.uint64]
    first: IntArray
    entity: CodeArray
    n_exchanges: CodeArray

    def between(self, start: int, end: int) -> "Phrases":
        """Return some consecutive phrases."""
        low, high = int(self.first[start]), int(self.first[end])
        first = self.first[start : end + 1] - low
        return Phrases(self.value[start:end], first, self.entity[low:high], self.n_exchanges[low:high])

    @property
    def n_entities(self) -> IntArray:
        """Return the number of entities of each phrase."""
        return np.diff(self.first)


class Carried(NamedTuple):
    """Exchanges that carry phrases of some groups of phrases: parallel arrays sorted by group, then row.

    ``n`` says how many of the group's phrases the exchange carries.
    """

    group: IntArray
    row: IntArray
    n: IntArray


class PhraseSource(Protocol):
    """Where the phrases of a log are looked up."""

    def shared(self, least_entities: int) -> Phrases:
        """Return the phrases that at least so many entities used."""
        ...

    def carried(self, member: IntArray, first: IntArray) -> Iterator[Carried]:
        """Yield, in order, the exchanges that carry phrases of some groups; after ``shared``.

        Args:
            member: the phrases of all groups, as places in what ``shared`` returned, sorted by group.
            first: (n_groups + 1,) where each group's phrases start.
        """
        ...
