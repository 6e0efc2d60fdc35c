"""Files to exchanges: batches of ``PLACED_EXCHANGES``, and a tally in which every record is accounted for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from stillwatch.errors import UsageError
from stillwatch.records.batches import BATCH_ROWS, BATCH_TEXT_BYTES, BatchBuilder
from stillwatch.records.catalogue import READERS, reader_named
from stillwatch.records.coercion import BadValueError, RowCheck, zone_named
from stillwatch.records.columns import check_types
from stillwatch.records.field_map import MapReader, read_field_map
from stillwatch.records.opening import HashingFile, ReadLimits, find_sources
from stillwatch.records.outcome import Outcome, OutOfScope, Place, Quarantined, Record
from stillwatch.records.reader import Reader, Session
from stillwatch.records.readers.bodies import BodiesReader
from stillwatch.records.readers.canonical import MISSING, READER, WHOLE, Cut, open_columns, read_columns
from stillwatch.records.readers.langfuse import LangfuseReader
from stillwatch.records.readers.otlp import OtlpReader
from stillwatch.records.recognition import (
    COLUMNAR,
    STRAY_REASONS,
    Recognition,
    recognise,
    recognise_stray,
    records_of,
)
from stillwatch.records.schema import EXCHANGES
from stillwatch.records.tally import IGNORED, QUARANTINE, Tally, TallyKeeper, digest_of

TOLD_ACCOUNTS: Final = (
    MapReader,
    BodiesReader,
    OtlpReader,
    LangfuseReader,
)  # readers that take an account on the user's word
READER_FAILURES: Final = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError)


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How traffic is read.

    Args:
        format: the reader to use for every file; None recognises each.
        field_map: a TOML field map, which then reads every file.
        account: where the account stands in each record, on the user's word; for bodies and what a map reads.
        time_zone: the IANA zone of times without an offset; None quarantines such rows.
        limits: what a hostile file may cost.
        batch_rows: most rows of a batch.
        batch_text_bytes: bytes of text after which a batch is closed.
        max_records: records to read of each file; None reads all.
        cut: how large Parquet files are cut into runs of row groups, which workers may read apart.
    """

    format: str | None = None
    field_map: Path | None = None
    account: str | None = None
    time_zone: str | None = None
    limits: ReadLimits = field(default_factory=ReadLimits)
    batch_rows: int = BATCH_ROWS
    batch_text_bytes: int = BATCH_TEXT_BYTES
    max_records: int | None = None
    cut: Cut = WHOLE


class Traffic:
    """The exchanges of a run. Iterate once; the tally is complete afterwards.

    Attributes:
        sources: the files in the order of ``source_index``.
        recognitions: what each was taken for.
    """

    def __init__(self, recognitions: Sequence[Recognition], options: ReadOptions) -> None:
        self.recognitions = tuple(recognitions)
        self.sources = tuple(one.source for one in recognitions)
        self.options = options
        self._zone = zone_named(options.time_zone)
        self._check = RowCheck(EXCHANGES, MISSING, self._zone)
        self._builder = BatchBuilder(options.batch_rows, options.batch_text_bytes)
        self._index = {source.name: index for index, source in enumerate(self.sources)}
        self._sessions: dict[str, tuple[Session, str]] = {}  # and the first file that each read
        self._keeper = TallyKeeper(self.recognitions, options.limits.max_quarantine_rows)
        self._is_started = False
        self._is_finished = False

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        if self._is_started:
            raise RuntimeError("traffic can be read once; call read_traffic again")
        self._is_started = True
        for index, one in enumerate(self.recognitions):
            if one.reader == READER and one.form.container in COLUMNAR:
                yield from self._columns(index, one)
            else:
                yield from self._records(index, one)
        for session, first in self._sessions.values():
            yield from self._settle(session.finish(), Place(first, 0, 0))
        yield from self._flush()
        self._is_finished = True

    @property
    def tally(self) -> Tally:
        """What became of every record; only after all batches were taken."""
        if not self._is_finished:
            raise RuntimeError("the tally is complete only after all batches were taken")
        return self._keeper.tally(self._check.warnings, self._check.ignored)

    def quarantine(self) -> pa.Table:
        """Return the quarantined records, sorted: source, line, reason, bytes, detail; never their content."""
        return self._keeper.quarantine().sort_by([(name, "ascending") for name in QUARANTINE.names])

    def quarantine_as_met(self) -> pa.Table:
        """Return the quarantined records in the order in which they were met, for ``absorb`` elsewhere."""
        return self._keeper.quarantine()

    def report(self) -> dict[str, Any]:
        """Return all counts as JSON values, for ``absorb`` elsewhere; only after all batches were taken."""
        assert self._is_finished
        return self._keeper.report(self._check.warnings, self._check.ignored)

    def absorb(self, reports: Iterable[tuple[Mapping[str, Any], Sequence[int]]], listed: pa.Table) -> None:
        """Take counts and quarantine from portions that were read elsewhere, instead of reading: it is then used up.

        Args:
            reports: what ``report`` gave for each, and the indexes of its files here.
            listed: the portions' quarantined records, in their order.
        """
        self._is_started = self._is_finished = True
        for report, indexes in reports:
            self._keeper.absorb(report, indexes)
        self._keeper.absorb_listed(listed)

    def _columns(self, index: int, one: Recognition) -> Iterator[pa.RecordBatch]:
        n_rows = 0
        cut = self.options.cut
        parts = read_columns(one.source.path, one.form.container, one.source.name, index, self._zone, cut)
        for part in parts:
            self._keeper.warn(part.warnings)
            if part.n_ignored:
                self._keeper.warn({IGNORED: part.n_ignored})
            for bad in part.quarantined:
                self._keeper.add(bad, index)
            if part.batch.num_rows:
                self._keeper.add_batch(part.batch)
                yield part.batch
            n_rows += part.batch.num_rows + len(part.quarantined)
            if self.options.max_records is not None and n_rows >= self.options.max_records:
                break
        if cut.row_groups is None or cut.row_groups[0] == 0:  # once a file
            self._keeper.digest(index, *digest_of(one.source.path))

    def _records(self, index: int, one: Recognition) -> Iterator[pa.RecordBatch]:
        if (stray := STRAY_REASONS.get(one.form.container)) is not None:
            sha256, n_bytes = digest_of(one.source.path)
            self._keeper.add(Quarantined(Place(one.source.name, 1, n_bytes), stray, one.why), index)
            self._keeper.digest(index, sha256, n_bytes)
            return
        is_columnar = one.form.container in COLUMNAR
        raw = None if is_columnar else HashingFile(one.source.path)
        framed = records_of(one.source, one.form, self.options.limits, raw)
        try:
            for item in islice(framed, self.options.max_records):
                yield from self._settle(self._outcomes(item, one), item.place)
            yield from self._flush()
            self._keeper.digest(index, *(digest_of(one.source.path) if raw is None else (raw.finish(), raw.n_bytes)))
        finally:
            if raw is not None:
                raw.close()

    def _outcomes(self, item: Record | Quarantined, one: Recognition) -> Iterator[Outcome]:
        if isinstance(item, Quarantined):
            yield item
            return
        assert one.reader is not None  # only a file without records has none
        known = self._sessions.get(one.reader.name)
        if known is None:
            known = self._sessions[one.reader.name] = (one.reader.session(), one.source.name)
        yield from known[0].feed(item)

    def _settle(self, outcomes: Iterable[Outcome], place: Place) -> Iterator[pa.RecordBatch]:
        """Take outcomes; a reader that fails on a record quarantines that record alone."""
        pending = iter(outcomes)
        while True:
            try:
                outcome = next(pending, None)
            except READER_FAILURES as failure:
                outcome = Quarantined(place, "unreadable", f"the reader met a {type(failure).__name__}")
            if outcome is None:
                return
            index = self._index[outcome.place.source]
            if isinstance(outcome, Quarantined | OutOfScope):
                self._keeper.add(outcome, index)
                continue
            try:
                row, text_bytes = self._check.check(outcome.row)
            except BadValueError as bad:
                self._keeper.add(Quarantined(outcome.place, bad.reason, bad.detail), index)
                continue
            if self._builder.add(row, text_bytes, (index, outcome.place.line, outcome.place.n_bytes)):
                yield from self._flush()

    def _flush(self) -> Iterator[pa.RecordBatch]:
        batch = self._builder.flush()
        if batch is not None:
            self._keeper.add_batch(batch)
            yield batch


def read_traffic(
    arguments: Iterable[str | Path],
    options: ReadOptions | None = None,
    readers: Mapping[str, Reader] = READERS,
    without: Iterable[Path] = (),
) -> Traffic:
    """Recognise files, folders and globs, and return the traffic in them, ready to be iterated.

    A file that was named must be recognised. One that a folder's search brought up need not be, as long as another is:
    it goes to quarantine whole, as ``unknown-format``, or as ``unreadable-file`` where it is damaged.

    Args:
        arguments: what the user named.
        options: how to read.
        readers: the formats to choose from.
        without: files to leave out, wherever they were named.

    Raises:
        InputError: an argument, a file or a field map as a whole cannot be read.
        UsageError: an option names what does not exist.
    """
    options = options or ReadOptions()
    chosen: Reader | None = None
    if options.field_map is not None:
        chosen = read_field_map(options.field_map)
    elif options.format is not None:
        chosen = reader_named(options.format, readers)
    if options.account is not None:
        readers = {name: _with_account(reader, options.account) for name, reader in readers.items()}
        chosen = None if chosen is None else _with_account(chosen, options.account)
    arguments = list(arguments)
    files = [argument for argument in arguments if not Path(argument).is_dir()]
    named = {source.path for source in find_sources(files)}
    left_out = {path.resolve() for path in without}
    sources = [source for source in find_sources(arguments) if source.path.resolve() not in left_out]
    recognitions = [
        (recognise if source.path in named else recognise_stray)(source, readers, options.limits, chosen)
        for source in sources
    ]
    if recognitions and all(one.form.container in STRAY_REASONS for one in recognitions):
        recognise(sources[0], readers, options.limits, chosen)  # says why nothing here can be read
    for one in recognitions:
        if options.account is not None and one.reader is not None and not isinstance(one.reader, TOLD_ACCOUNTS):
            raise _account_is_known(one)
        if one.reader == READER and one.form.container in COLUMNAR:
            schema = open_columns(one.source.path, one.form.container, one.source.name)
            check_types(schema, EXCHANGES, one.source.name, zone_named(options.time_zone))
    return Traffic(recognitions, options)


def _with_account(reader: Reader, path: str) -> Reader:
    return reader.with_account(path) if isinstance(reader, TOLD_ACCOUNTS) else reader


def _account_is_known(one: Recognition) -> UsageError:
    assert one.reader is not None
    return UsageError(
        "--account",
        f"{one.source.name} is of a format that says itself whose a request is",
        got=one.reader.name,
        expected="bodies, otlp, langfuse, or a format that a field map reads",
        fix="Leave --account away for this file, or read it with a field map of your own (--map).",
    )
