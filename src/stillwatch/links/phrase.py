"""Shared phrases: shingle values that several entities used, and how often each used them.

A phrase here is one keyed shingle value (or the keyed hash of a whole system prompt or prompt): it can be
counted and compared, and says nothing of the text. Phrases used by few entities are left in the engine; what comes
back grows with what is shared, not with the traffic.

Source: ours: docs/decisions/0005-families-first.md; shingle minima after Broder 1997, On the resemblance and
containment of documents, and Li, Owen and Zhang 2012, One permutation hashing.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from stillwatch.links.population import CodeArray, IntArray
from stillwatch.links.spill import GrowingColumn
from stillwatch.links.tables import Tables

SYSTEM_ZONE: Final = "s.system_minima"
PROMPT_ZONES: Final = "s.head_minima, s.tail_minima, s.body_minima"
IS_TOOL_RESULT: Final = "coalesce(s.turn, 0) > 0 AND coalesce(s.n_tools, 0) > 0"
"""In an agent's later turns the prompt is what a tool returned: its author is the tool, which serves all."""

EXPLODED: Final = f"""
SELECT s.row_index, a.entity, unnest(list_distinct(CASE WHEN {IS_TOOL_RESULT}
    THEN list_append({SYSTEM_ZONE}, s.system_hash)
    ELSE list_concat({SYSTEM_ZONE}, {PROMPT_ZONES}, list_value(s.system_hash, s.prompt_hash)) END)) AS phrase
FROM sketches s JOIN entity_of a ON s.account = a.account
"""  # noqa: S608 - only names from above
"""One row an exchange and phrase; needs the tables ``sketches`` (``row_index``, ``account``) and ``entity_of``."""


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


def shared_phrases(tables: Tables, *, least_entities: int, folder: Path | None = None) -> Phrases:
    """Return the phrases that at least ``least_entities`` entities used.

    Args:
        tables: knows ``sketches`` and ``entity_of``.
        least_entities: phrases of fewer are left out.
        folder: where uses rest that memory need not hold; null keeps them in memory.

    Cost: one pass over the sketches in the engine, which spills; memory here grows with the number of phrases.
    """
    entity, n_exchanges = GrowingColumn(np.int32, folder), GrowingColumn(np.int32, folder)
    values, firsts, n = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)], 0
    last: int | None = None
    # signed integers are negative in the upper half of the hashes
    for batch in tables.stream(
        f"""
        WITH uses AS (SELECT phrase, entity, count(*) AS n FROM ({EXPLODED}) WHERE phrase <> 0 GROUP BY phrase, entity),
        shared AS (SELECT phrase FROM uses GROUP BY phrase HAVING count(*) >= {int(least_entities)})
        SELECT u.phrase, u.entity, u.n FROM uses u JOIN shared s ON u.phrase = s.phrase
        ORDER BY u.phrase < 0, u.phrase, u.entity
        """  # noqa: S608 - only numbers and names from above
    ):
        if not batch.num_rows:
            continue
        phrase = batch["phrase"].to_numpy().view(np.uint64)
        begins = np.flatnonzero(np.concatenate(([last is None or phrase[0] != last], phrase[1:] != phrase[:-1])))
        values.append(phrase[begins])
        firsts.append(begins + n)
        last, n = int(phrase[-1]), n + len(phrase)
        entity.append(batch["entity"].to_numpy())
        n_exchanges.append(batch["n"].to_numpy())
    first = np.append(np.concatenate(firsts), n).astype(np.int64)
    return Phrases(np.concatenate(values), first, entity.finished(), n_exchanges.finished())
