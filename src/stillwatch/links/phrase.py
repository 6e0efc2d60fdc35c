"""Shared phrases: shingle values that several entities used, and how often each used them.

A phrase here is one keyed shingle value (or the keyed hash of a whole system prompt or prompt): it can be
counted and compared, and says nothing of the text. Phrases used by few entities are left in the engine; what comes
back grows with what is shared, not with the traffic.

Source: ours: docs/decisions/0005-families-first.md; shingle minima after Broder 1997, On the resemblance and
containment of documents, and Li, Owen and Zhang 2012, One permutation hashing.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.links.population import CodeArray, IntArray
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

    @property
    def n_entities(self) -> IntArray:
        """Return the number of entities of each phrase."""
        return np.diff(self.first)


def shared_phrases(tables: Tables, *, least_entities: int) -> Phrases:
    """Return the phrases that at least ``least_entities`` entities used.

    Cost: one pass over the sketches in the engine, which spills; memory here grows with the uses that are returned.
    """
    found = tables.query(
        f"""
        WITH uses AS (SELECT phrase, entity, count(*) AS n FROM ({EXPLODED}) WHERE phrase <> 0 GROUP BY phrase, entity),
        shared AS (SELECT phrase FROM uses GROUP BY phrase HAVING count(*) >= {int(least_entities)})
        SELECT u.phrase, u.entity, u.n FROM uses u JOIN shared s ON u.phrase = s.phrase ORDER BY u.phrase, u.entity
        """  # noqa: S608 - only numbers and names from above
    )
    signed = found["phrase"].to_numpy()
    found = pa.concat_tables([found.slice(n_negative := int(np.searchsorted(signed, 0))), found.slice(0, n_negative)])
    phrase = found["phrase"].to_numpy().view(np.uint64)  # signed integers put the upper half of the hashes first
    value, first = np.unique(phrase, return_index=True)
    return Phrases(
        value=value,
        first=np.append(first, len(phrase)).astype(np.int64),
        entity=found["entity"].to_numpy().astype(np.int32),
        n_exchanges=found["n"].to_numpy().astype(np.int32),
    )
