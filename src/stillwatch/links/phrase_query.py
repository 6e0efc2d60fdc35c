"""Shared phrases by SQL: for rows that lie on a cluster, which counts them where they lie."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from stillwatch.links.phrase import Carried, Phrases
from stillwatch.links.population import IntArray
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


class QueriedPhrases:
    """The phrases of the tables ``sketches`` and ``entity_of``, counted by an engine's SQL; see ``PhraseSource``.

    Args:
        tables: the engine.
        folder: where uses rest that memory need not hold; null keeps them in memory.
    """

    def __init__(self, tables: Tables, folder: Path | None = None) -> None:
        self._tables, self._folder = tables, folder
        self._value = np.zeros(0, np.uint64)

    def shared(self, least_entities: int) -> Phrases:
        """Return the phrases that at least so many entities used.

        Cost: one pass over the sketches in the engine, which spills; memory here grows with the number of phrases.
        """
        entity, n_exchanges = GrowingColumn(np.int32, self._folder), GrowingColumn(np.int32, self._folder)
        values, firsts, n = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)], 0
        last: int | None = None
        # signed integers are negative in the upper half of the hashes
        for batch in self._tables.stream(
            f"""
            WITH uses AS (
                SELECT phrase, entity, count(*) AS n FROM ({EXPLODED}) WHERE phrase <> 0 GROUP BY phrase, entity
            ),
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
        self._value = np.concatenate(values)
        return Phrases(self._value, first, entity.finished(), n_exchanges.finished())

    def carried(self, member: IntArray, first: IntArray) -> Iterator[Carried]:
        """Yield the exchanges that carry phrases of some groups, sorted by group, then row."""
        group = np.repeat(np.arange(len(first) - 1, dtype=np.int32), np.diff(first))
        values = self._value[member].view(np.int64)  # as engines hold hashes
        self._tables.register("group_of", pa.table({"phrase": values, "phrase_group": group}))
        for batch in self._tables.stream(
            f"""
            SELECT f.phrase_group, e.row_index, count(*) AS n FROM ({EXPLODED}) e JOIN group_of f ON e.phrase = f.phrase
            GROUP BY f.phrase_group, e.row_index ORDER BY f.phrase_group, e.row_index
            """  # noqa: S608 - only names from above
        ):
            yield Carried(*(batch[name].to_numpy().astype(np.int64) for name in ("phrase_group", "row_index", "n")))
