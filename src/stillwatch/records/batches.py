"""Checked rows to record batches, bounded by rows and by bytes of text."""

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

from stillwatch.records.schema import EXCHANGES, PLACED_EXCHANGES

BATCH_ROWS: Final = 8_192
BATCH_TEXT_BYTES: Final = 64 << 20  # a batch and its copies stay well under 1 GiB


class BatchBuilder:
    """Collects rows of ``PLACED_EXCHANGES`` until a batch is full."""

    def __init__(self, max_rows: int = BATCH_ROWS, max_text_bytes: int = BATCH_TEXT_BYTES) -> None:
        self._max_rows = max_rows
        self._max_text_bytes = max_text_bytes
        self._rows: list[Mapping[str, Any]] = []
        self._places: list[tuple[int, int, int]] = []
        self._text_bytes = 0

    def add(self, row: Mapping[str, Any], text_bytes: int, place: tuple[int, int, int]) -> bool:
        """Add a checked row at (source index, line, bytes); return whether the batch is full."""
        self._rows.append(row)
        self._places.append(place)
        self._text_bytes += text_bytes
        return len(self._rows) >= self._max_rows or self._text_bytes >= self._max_text_bytes

    def flush(self) -> pa.RecordBatch | None:
        """Return what was collected, and start anew; None if there is nothing."""
        if not self._rows:
            return None
        rows, places = self._rows, self._places
        self._rows, self._places, self._text_bytes = [], [], 0
        columns = [pa.array([row.get(field.name) for row in rows], field.type) for field in EXCHANGES]
        for position, field in enumerate(list(PLACED_EXCHANGES)[len(columns) :]):
            columns.append(pa.array([place[position] for place in places], field.type))
        return pa.RecordBatch.from_arrays(columns, schema=PLACED_EXCHANGES)
