"""Rows become batches that stay within bounds."""

from stillwatch.records.batches import BatchBuilder
from stillwatch.records.schema import PLACED_EXCHANGES

ROW = {"exchange_id": "e", "account_id": "a", "requested_at": 1_772_366_400_000_000}


def test_batches_are_bounded_by_rows_and_by_text():
    """A batch is full at its rows or at its bytes of text, whichever comes first."""
    by_rows = BatchBuilder(max_rows=3, max_text_bytes=1000)
    assert [by_rows.add(ROW, 2, (0, line, 9)) for line in (1, 2, 3)] == [False, False, True]
    by_text = BatchBuilder(max_rows=100, max_text_bytes=1000)
    assert [by_text.add(ROW, 600, (0, line, 9)) for line in (1, 2)] == [False, True]
    batch = by_text.flush()
    assert batch.schema == PLACED_EXCHANGES
    assert batch.column("line").to_pylist() == [1, 2]
    assert by_text.flush() is None
