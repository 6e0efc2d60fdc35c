"""The campaigns of a state as bytes: records with their events, and who took part on which day."""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.campaigns.lifecycle import Book
from stillwatch.campaigns.record import Event, Record
from stillwatch.errors import StateError
from stillwatch.parquet import table_of
from stillwatch.store.state import manifest as m
from stillwatch.store.state.vault import RESTORE, Vault, Writer

SCHEMA_NAME: Final = "stillwatch.campaigns-book/1"
SLICES: Final = pa.schema([("campaign_id", pa.string()), ("account_id", pa.string()), ("day", pa.string())])
TUPLES: Final = ("accounts", "phrases", "bans_seen", "replaces", "replaced_by")


def read_book(vault: Vault, kept: m.Book | None) -> Book:
    """Return the campaigns that a manifest names; none before the first analysis.

    Raises:
        StateError: a part is missing, changed, or of another version.
    """
    if kept is None:
        return Book()
    document = json.loads(vault.read(kept.campaigns))
    if document["schema"] != SCHEMA_NAME:
        raise StateError(vault.name, "the campaigns are of another version", expected=SCHEMA_NAME, fix=RESTORE)
    slices = table_of(vault.read(kept.slices))
    days: dict[str, list[tuple[str, str]]] = {}
    for name, account, day in zip(*(slices[column].to_pylist() for column in SLICES.names), strict=True):
        days.setdefault(name, []).append((account, day))
    records = tuple(_record(row) for row in document["campaigns"])
    return Book(records, {name: tuple(pairs) for name, pairs in days.items()}, kept.as_of, kept.since)


def write_book(writer: Writer, book: Book) -> m.Book:
    """Keep the campaigns and return what the manifest shall name; equal books give equal bytes."""
    assert book.as_of is not None
    assert book.since is not None
    document = {"schema": SCHEMA_NAME, "campaigns": [record_document(one) for one in book.records]}
    rows = [(name, *pair) for name in sorted(book.days) for pair in book.days[name]]
    columns = [pa.array([row[i] for row in rows], pa.string()) for i in range(len(SLICES))]
    return m.Book(
        as_of=book.as_of,
        since=book.since,
        campaigns=writer.put((json.dumps(document, indent=1) + "\n").encode(), "json"),
        slices=writer.put(parquet_bytes(pa.Table.from_arrays(columns, schema=SLICES)), "parquet"),
    )


def record_document(one: Record) -> dict[str, Any]:
    """Return a campaign's record as JSON values."""
    return asdict(one)


def parquet_bytes(table: pa.Table) -> bytes:
    """Return a table as a Parquet file; equal tables give equal bytes."""
    sink = io.BytesIO()
    pq.write_table(table.combine_chunks(), sink, compression="zstd")
    return sink.getvalue()


def _record(row: Mapping[str, Any]) -> Record:
    events = tuple(Event(**{**event, "campaigns": tuple(event["campaigns"])}) for event in row["events"])
    return Record(**{**row, **{name: tuple(row[name]) for name in TUPLES}, "events": events})
