"""What an engineer writes first: a self-join on identical text that few accounts share, and connected components.

Source: no publication; twenty lines of SQL. Re-implemented here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np

from stillwatch.links.components import connected_components
from stillwatch.worlds.rivals.pairs import sizes_as_scores
from stillwatch.worlds.rivals.rival import Scored, Traffic

MOST_ACCOUNTS = 300  # a text of more accounts is public; the largest pool in the worlds below `june` has 540

KEYS = {  # a template differs in its variable part, so the whole prompt, its head, or the system prompt is compared
    "whole prompt": "prompt",
    "first 60 characters": "left(prompt, 60)",
    "system prompt": "system_prompt",
    "head and five minutes": "left(prompt, 60) || '|' || (epoch(requested_at)::BIGINT // 300)::VARCHAR",
}
PAIRS = """
WITH text_of AS (
    SELECT DISTINCT account, hash({key}) AS text FROM rows WHERE {key} IS NOT NULL AND length({key}) >= 20
), rare AS (
    SELECT text FROM text_of GROUP BY text HAVING count(*) BETWEEN 2 AND {most}
)
SELECT a.account AS l, b.account AS r, count(*) AS shared
FROM text_of a JOIN rare USING (text) JOIN text_of b ON a.text = b.text AND a.account < b.account
GROUP BY 1, 2
"""


@dataclass(frozen=True)
class SelfJoin:
    """Pairs of accounts that share rare text; components of the pairs; an account's score is its component's size."""

    name: str = "self-join"
    source: str = "no publication: what an engineer writes first, on DuckDB"
    setting: str = (
        "identical text (whole prompt, head of 60 characters, system prompt, or head within 5 minutes) of 2 to "
        "300 accounts; 1, 2 or 5 texts a pair; connected components; score: size"
    )
    modules: tuple[str, ...] = ("duckdb",)

    def score(self, traffic: Traffic) -> Sequence[Scored]:
        """Return an answer for each key and each least number of shared texts."""
        rows = traffic.exchanges.select(["prompt", "system_prompt", "requested_at"])
        rows = rows.append_column("account", [traffic.owners()])
        connection = duckdb.connect()
        connection.execute("SET threads = 1")
        connection.register("rows", rows)
        answers = []
        for name, key in KEYS.items():
            found = connection.sql(PAIRS.format(key=key, most=MOST_ACCOUNTS)).to_arrow_table()
            left, right = (np.asarray(found[side].to_numpy(), np.int64) for side in ("l", "r"))
            for least in (1, 2, 5):
                kept = found["shared"].to_numpy() >= least
                label = connected_components(len(traffic.account_ids), left[kept], right[kept])
                answers.append(Scored(f"{name}, {least} shared", *sizes_as_scores(label)))
        connection.close()
        return answers
