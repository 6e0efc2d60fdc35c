"""What leaves a state: an account on request, and days by age. Both are one commit, whole or not at all.

Guarantee: after ``forget``, no file of the state holds the account's id, in the bytes or in what they decode to, but
for keyed hashes where it shall be kept out. The last case goes too, for its numbers and drawings were made with the
account; the next scan leaves a new one. Copies outside of the state are not reached: cases at ``--out``, backups, logs.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.campaigns.lifecycle import Book
from stillwatch.campaigns.record import ENDED, MERGED
from stillwatch.errors import UsageError
from stillwatch.parquet import table_of
from stillwatch.store.state import manifest as m
from stillwatch.store.state.book import parquet_bytes, read_book, write_book
from stillwatch.store.state.manifest import Addition, History, Manifest, Segment, to_bytes
from stillwatch.store.state.opening import existing
from stillwatch.store.state.segment import segment_of
from stillwatch.store.state.vault import Vault, Writer

HISTORY_DAYS = 400  # a year, and time to compare it with the year before


@dataclass(frozen=True, slots=True)
class Erased:
    """What ``forget`` took out: exchanges, days with counts, rows of tables, and campaigns that named an account."""

    exchanges: int
    days: int
    table_rows: int
    campaigns: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """What ``prune`` took out, and the first day that is kept."""

    first_day: str
    exchanges: int
    days: int
    campaigns: int


def forget(vault: Vault, accounts: Collection[str], kept_out: Collection[str] = ()) -> Erased:
    """Take every row of some accounts out of a state.

    Args:
        vault: the state.
        accounts: their ids.
        kept_out: keyed hashes of those that shall not come back with a later addition.

    Raises:
        StateError: the state is damaged or in use.
        OutputError: it cannot be written.
    """
    with vault.locked() as writer:
        manifest = existing(vault)
        eraser = _Eraser(vault, writer, pa.array(sorted(accounts), pa.string()))
        additions = tuple(eraser.addition(one) for one in manifest.additions)
        histories = tuple(eraser.history(one) for one in manifest.histories)
        after = replace(
            manifest,
            additions=additions,
            histories=histories,
            accounts=eraser.table(manifest.accounts),
            authorisations=eraser.table(manifest.authorisations),
            book=eraser.book(manifest.book),
            earlier_book=eraser.book(manifest.earlier_book),
            kept_out=tuple(sorted({*manifest.kept_out, *kept_out})),
        )
        if after != manifest:
            after = replace(after, case={})
            writer.commit(to_bytes(after), after.references())
        return Erased(eraser.n_exchanges, eraser.n_days, eraser.n_table_rows, len(eraser.campaigns))


class _Eraser:
    """Rewrites the parts of a state that hold any of some accounts."""

    def __init__(self, vault: Vault, writer: Writer, accounts: pa.Array) -> None:
        self._vault, self._writer, self._accounts = vault, writer, accounts
        self._names = frozenset(accounts.to_pylist())
        self.n_exchanges = self.n_days = self.n_table_rows = 0
        self.campaigns: set[str] = set()

    def addition(self, one: Addition) -> Addition:
        segments = [self._segment(segment) for segment in one.segments]
        n_erased = sum(before.n_rows - after.n_rows for before, after in zip(one.segments, segments, strict=True))
        self.n_exchanges += n_erased
        kept = tuple(segment for segment in segments if segment.n_rows)
        return replace(one, segments=kept, n_erased=one.n_erased + n_erased)

    def history(self, one: History) -> History:
        table = self._read(one.counts)
        kept = self._without(table)
        self.n_days += len(table) - len(kept)
        return one if len(kept) == len(table) else History(one.day, self._put(kept))

    def table(self, reference: str | None) -> str | None:
        if reference is None:
            return None
        table = self._read(reference)
        kept = self._without(table)
        self.n_table_rows += len(table) - len(kept)
        return reference if len(kept) == len(table) else self._put(kept)

    def book(self, kept: m.Book | None) -> m.Book | None:
        if kept is None:
            return None
        book = read_book(self._vault, kept)
        named = {one.id for one in book.records if not self._names.isdisjoint(one.accounts)}
        named |= {name for name, days in book.days.items() if any(account in self._names for account, _ in days)}
        if not named:
            return kept
        self.campaigns |= named
        records = tuple(
            replace(one, accounts=tuple(account for account in one.accounts if account not in self._names))
            for one in book.records
        )
        days = {name: tuple(d for d in pairs if d[0] not in self._names) for name, pairs in book.days.items()}
        return write_book(self._writer, Book(records, days, book.as_of, book.since))

    def _segment(self, segment: Segment) -> Segment:
        table = self._read(segment.sketches)
        kept = self._without(table)
        if len(kept) == len(table):
            return segment
        self.n_days += len(pc.unique(table.filter(self._is_theirs(table))["account_id"]))
        return segment_of(segment.day, kept, self._writer) if len(kept) else replace(segment, n_rows=0)

    def _read(self, reference: str) -> pa.Table:
        return table_of(self._vault.read(reference))

    def _put(self, table: pa.Table) -> str:
        return self._writer.put(parquet_bytes(table), "parquet")

    def _is_theirs(self, table: pa.Table) -> pa.ChunkedArray:
        return pc.is_in(table["account_id"], value_set=self._accounts)

    def _without(self, table: pa.Table) -> pa.Table:
        return table.filter(pc.invert(self._is_theirs(table)))


def prune(vault: Vault, keep_days: int, history_days: int = HISTORY_DAYS) -> Pruned:
    """Take days by their age out of a state, counted back from its newest day.

    Sketches, campaigns that ended and facts of accounts of which nothing is left go with ``keep_days``; what each
    account did on each day, in numbers, with ``history_days``. Later additions bring no exchange of pruned days back.
    The last case stays unless its window reaches into what is pruned.

    Raises:
        UsageError: nothing would be left.
        StateError: the state is damaged or in use.
        OutputError: it cannot be written.
    """
    if keep_days < 1 or history_days < keep_days:
        raise UsageError(
            "prune", "what is to be kept does not fit", got=f"{keep_days} days, counts {history_days} days",
            expected="at least 1 day, and counts no shorter than sketches",
        )  # fmt: skip
    with vault.locked() as writer:
        manifest = existing(vault)
        newest = max((segment.day for segment in manifest.segments), default=manifest.pruned_before or "0001-01-01")
        first = max(_back(newest, keep_days), manifest.pruned_before or "")
        histories = [History(one.day, one.history) for one in manifest.segments if one.day < first]
        kept_counts = [one for one in (*manifest.histories, *histories) if one.day >= _back(newest, history_days)]
        additions = tuple(_pruned(one, first) for one in manifest.additions)
        after = replace(
            manifest,
            additions=tuple(one for one in additions if one.segments or one is additions[-1]),
            histories=tuple(sorted(kept_counts, key=lambda one: (one.day, one.counts))),
            pruned_before=first,
            case={} if manifest.book is not None and histories and first > manifest.book.since else manifest.case,
        )
        books = [_aged(vault, writer, book, first) for book in (manifest.book, manifest.earlier_book)]
        after = replace(after, book=books[0], earlier_book=books[1])
        after = replace(after, accounts=_with_trace(vault, writer, after))
        n_campaigns = len(read_book(vault, manifest.book).records) - len(read_book(vault, after.book).records)
        writer.commit(to_bytes(after), after.references())
    n_rows = [sum(segment.n_rows for segment in one.segments) for one in (manifest, after)]
    return Pruned(first, n_rows[0] - n_rows[1], len(histories), n_campaigns)


def _pruned(one: Addition, first: str) -> Addition:
    kept = tuple(segment for segment in one.segments if segment.day >= first)
    n_pruned = sum(segment.n_rows for segment in one.segments) - sum(segment.n_rows for segment in kept)
    return replace(one, segments=kept, n_pruned=one.n_pruned + n_pruned)


def _aged(vault: Vault, writer: Writer, kept: m.Book | None, first: str) -> m.Book | None:
    """Keep a book without the campaigns that ended before a day."""
    if kept is None:
        return None
    book = read_book(vault, kept)
    records = tuple(one for one in book.records if one.status not in (ENDED, MERGED) or one.last_seen >= first)
    names = {one.id for one in records}
    days = {name: tuple(d for d in pairs if d[1] >= first) for name, pairs in book.days.items() if name in names}
    return write_book(writer, Book(records, days, book.as_of, book.since))


def _with_trace(vault: Vault, writer: Writer, manifest: Manifest) -> str | None:
    """Keep the facts of accounts of which anything else is left."""
    if manifest.accounts is None:
        return None
    counts = [segment.history for segment in manifest.segments] + [one.counts for one in manifest.histories]
    known = {account for one in read_book(vault, manifest.book).records for account in one.accounts}
    for reference in counts:
        known.update(table_of(vault.read(reference), ["account_id"])["account_id"].to_pylist())
    table = table_of(vault.read(manifest.accounts))
    kept = table.filter(pc.is_in(table["account_id"], value_set=pa.array(sorted(known), pa.string())))
    return writer.put(parquet_bytes(kept), "parquet")


def _back(day: str, n_days: int) -> str:
    return date.fromordinal(max(date.fromisoformat(day).toordinal() - n_days + 1, 1)).isoformat()
