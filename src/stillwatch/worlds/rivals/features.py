"""What one account's traffic looks like in numbers, for detectors that judge accounts one by one."""

from typing import Final

import duckdb
import numpy as np

from stillwatch.worlds.rivals.rival import Floats, Traffic

QUERY: Final = """
WITH by_hour AS (
    SELECT account, max(n) AS most_an_hour, count(*) AS hours
    FROM (SELECT account, date_trunc('hour', requested_at) AS h, count(*) AS n FROM rows GROUP BY 1, 2) GROUP BY 1
)
SELECT count(*) AS n, any_value(most_an_hour) AS most_an_hour, any_value(hours) AS hours,
    count(DISTINCT date_trunc('day', requested_at)) AS days,
    avg((extract(hour FROM requested_at) < 6)::INT) AS night,
    avg(coalesce(length(prompt), 0)) AS prompt_length, coalesce(stddev_pop(length(prompt)), 0) AS prompt_spread,
    count(DISTINCT prompt) / count(*) AS distinct_prompts, count(DISTINCT system_prompt) AS systems,
    avg(coalesce(input_tokens, 0)) AS input_tokens, avg(coalesce(output_tokens, 0)) AS output_tokens,
    avg(coalesce(reasoning_tokens, 0)) AS reasoning_tokens, avg(coalesce(max_tokens, 0)) AS max_tokens,
    avg(coalesce(temperature, 1)) AS temperature, avg((coalesce(status, 200) >= 400)::INT) AS failed,
    avg(coalesce(refused, false)::INT) AS refused, count(DISTINCT model) AS models, count(DISTINCT ip) AS ips,
    count(DISTINCT user_agent) AS clients, avg((conversation_id IS NULL)::INT) AS stateless
FROM rows JOIN by_hour USING (account) GROUP BY account ORDER BY account
"""


def account_features(traffic: Traffic) -> Floats:
    """Return twenty numbers an account, shape (n, 20): volume, hours, lengths, tokens, failures, clients."""
    rows = traffic.exchanges.append_column("account", [traffic.owners()])
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("rows", rows)
    found = connection.sql(QUERY).to_arrow_table()
    connection.close()
    return np.stack([np.asarray(column.to_numpy(), np.float64) for column in found.columns], axis=1)
