"""The stages' SQL, which is DuckDB's, in the words of Spark."""

from functools import cache

import sqlglot


@cache
def spark_sql(sql: str) -> str:
    """Return a query in Spark's dialect; nulls come last there too, as the original has them."""
    return str(sqlglot.transpile(sql, read="duckdb", write="spark")[0])
