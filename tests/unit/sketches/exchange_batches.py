"""Exchanges for the tests of sketches."""

from typing import Any

import pyarrow as pa

from stillwatch.records.schema import PLACED_EXCHANGES


def exchange_batch(*rows: dict[str, Any]) -> pa.RecordBatch:
    """Return a batch of exchanges with these columns set and the rest null."""
    placed = [{"exchange_id": str(at), "account_id": "a", "line": at, **row} for at, row in enumerate(rows)]
    return pa.RecordBatch.from_pylist(placed, schema=PLACED_EXCHANGES)


def prompt_batch(*prompts: str | None) -> pa.RecordBatch:
    """Return a batch of exchanges with these prompts."""
    return exchange_batch(*({"prompt": prompt} for prompt in prompts))
