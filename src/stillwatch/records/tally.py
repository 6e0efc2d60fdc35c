"""Counts that add up: every record is used, quarantined or out of scope."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from stillwatch.records.outcome import OutOfScope, Quarantined
from stillwatch.records.recognition import STRAY_REASONS, UNKNOWN, Recognition
from stillwatch.records.schema import EXCHANGES

QUARANTINE: Final = pa.schema(
    [
        ("source", pa.string()),
        ("line", pa.int64()),
        ("reason", pa.string()),
        ("bytes", pa.int64()),  # size of the record; never what it says
        ("detail", pa.string()),
    ]
)
IGNORED: Final = "values outside the canonical columns"
CHUNK_ROWS: Final = 8_192  # quarantined rows kept as Python objects before they become an Arrow batch


@dataclass(frozen=True, slots=True)
class SourceTally:
    """What became of one file.

    Args:
        name: the file's name.
        sha256: digest of the raw file, hexadecimal.
        n_bytes: size of the raw file.
        format: name of the reader; ``empty`` for an empty file, ``unknown`` for a stray one.
        container: layout, as ``json-lines``.
        compression: ``none``, ``gzip`` or ``zstd``.
        used: records that became exchanges.
        quarantined: reason to count.
        out_of_scope: reason to count.
        capabilities: canonical columns that were ever filled.
    """

    name: str
    sha256: str
    n_bytes: int
    format: str
    container: str
    compression: str
    used: int
    quarantined: Mapping[str, int]
    out_of_scope: Mapping[str, int]
    capabilities: frozenset[str]

    @property
    def read(self) -> int:
        """All records of the file."""
        return self.used + sum(self.quarantined.values()) + sum(self.out_of_scope.values())


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of all records of a run: ``read = used + quarantined + out_of_scope``, exactly."""

    sources: tuple[SourceTally, ...]
    warnings: Mapping[str, int]
    unlisted: int

    @property
    def used(self) -> int:
        """Records that became exchanges."""
        return sum(source.used for source in self.sources)

    @property
    def quarantined(self) -> int:
        """Records that should have been exchanges and could not be read."""
        return sum(self.by_reason.values())

    @property
    def out_of_scope(self) -> int:
        """Well-formed records that are no exchanges of their own."""
        return sum(self.by_scope.values())

    @property
    def read(self) -> int:
        """All records."""
        return sum(source.read for source in self.sources)

    @property
    def by_reason(self) -> Mapping[str, int]:
        """Quarantined records by reason."""
        return _summed([source.quarantined for source in self.sources])

    @property
    def by_scope(self) -> Mapping[str, int]:
        """Records out of scope by reason."""
        return _summed([source.out_of_scope for source in self.sources])

    @property
    def capabilities(self) -> frozenset[str]:
        """Canonical columns that any source ever filled."""
        return frozenset().union(*(source.capabilities for source in self.sources))

    def as_document(self) -> dict[str, Any]:
        """Return the tally as JSON values, every mapping in a fixed order."""
        return {
            "read": self.read,
            "used": self.used,
            "quarantined": self.quarantined,
            "out_of_scope": self.out_of_scope,
            "quarantined_by_reason": dict(self.by_reason),
            "out_of_scope_by_reason": dict(self.by_scope),
            "quarantined_unlisted": self.unlisted,
            "warnings": dict(sorted(self.warnings.items())),
            "sources": [_source_document(source) for source in self.sources],
        }


def _source_document(source: SourceTally) -> dict[str, Any]:
    return {
        "name": source.name,
        "sha256": source.sha256,
        "bytes": source.n_bytes,
        "format": source.format,
        "container": source.container,
        "compression": source.compression,
        "read": source.read,
        "used": source.used,
        "quarantined": dict(sorted(source.quarantined.items())),
        "out_of_scope": dict(sorted(source.out_of_scope.items())),
        "capabilities": [name for name in EXCHANGES.names if name in source.capabilities],
    }


def _summed(counts: Sequence[Mapping[str, int]]) -> Mapping[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(sorted(total.items()))


@dataclass(slots=True)
class _Count:
    used: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    out_of_scope: Counter[str] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)
    sha256: str = ""
    n_bytes: int = 0


class TallyKeeper:
    """Counts outcomes as they come, in memory that does not grow with the number of bad records."""

    def __init__(self, recognitions: Sequence[Recognition], max_quarantine_rows: int) -> None:
        self._recognitions = recognitions
        self._counts = [_Count() for _ in recognitions]
        self._warnings: Counter[str] = Counter()
        self._max_rows = max_quarantine_rows
        self._n_listed = self._n_unlisted = 0
        self._rows: list[Quarantined] = []
        self._batches: list[pa.RecordBatch] = []

    def add(self, outcome: Quarantined | OutOfScope, index: int) -> None:
        """Count a record that became no exchange."""
        if isinstance(outcome, OutOfScope):
            self._counts[index].out_of_scope[outcome.reason] += 1
            return
        self._counts[index].quarantined[outcome.reason] += 1
        if self._n_listed >= self._max_rows:
            self._n_unlisted += 1
            return
        self._n_listed += 1
        self._rows.append(outcome)
        if len(self._rows) >= CHUNK_ROWS:
            self._pack()

    def add_batch(self, batch: pa.RecordBatch) -> None:
        """Count the exchanges of a batch, by file."""
        indexes = batch.column("source_index").unique().to_pylist()
        for index in indexes:
            part = batch if len(indexes) == 1 else batch.filter(pa.compute.equal(batch.column("source_index"), index))
            count = self._counts[index]
            count.used += part.num_rows
            for name in EXCHANGES.names:
                count.filled[name] += part.num_rows - part.column(name).null_count

    def warn(self, warnings: Mapping[str, int]) -> None:
        """Count values that were set to null in a columnar file."""
        self._warnings.update(warnings)

    def digest(self, index: int, sha256: str, n_bytes: int) -> None:
        """Note a file's digest and size."""
        self._counts[index].sha256, self._counts[index].n_bytes = sha256, n_bytes

    def filled(self, index: int) -> Mapping[str, int]:
        """Return how many exchanges of a file fill each column."""
        return self._counts[index].filled

    def tally(self, warnings: Mapping[str, int], ignored: Mapping[str, int]) -> Tally:
        """Return the counts, with what the row checks met."""
        total = self._warnings + Counter(warnings)
        if ignored:
            total[IGNORED] += sum(ignored.values())  # without their names, which are the log's own words
        sources = [
            SourceTally(
                name=one.source.name,
                sha256=count.sha256,
                n_bytes=count.n_bytes,
                format=one.reader.name if one.reader else UNKNOWN if one.form.container in STRAY_REASONS else "empty",
                container=one.form.container,
                compression=one.form.compression,
                used=count.used,
                quarantined=dict(sorted(count.quarantined.items())),
                out_of_scope=dict(sorted(count.out_of_scope.items())),
                capabilities=frozenset(name for name, n_filled in count.filled.items() if n_filled),
            )
            for one, count in zip(self._recognitions, self._counts, strict=True)
        ]
        return Tally(tuple(sources), dict(sorted(total.items())), self._n_unlisted)

    def report(self, warnings: Mapping[str, int], ignored: Mapping[str, int]) -> dict[str, Any]:
        """Return all counts as JSON values, with what the row checks met."""
        return {
            "warnings": dict(self.tally(warnings, ignored).warnings),
            "unlisted": self._n_unlisted,
            "sources": [
                {
                    "used": count.used,
                    "quarantined": dict(count.quarantined),
                    "out_of_scope": dict(count.out_of_scope),
                    "filled": dict(count.filled),
                    "sha256": count.sha256,
                    "n_bytes": count.n_bytes,
                }
                for count in self._counts
            ],
        }

    def absorb(self, report: Mapping[str, Any], indexes: Sequence[int]) -> None:
        """Add the counts of a portion, whose files have these indexes here."""
        self._warnings.update(report["warnings"])
        self._n_unlisted += report["unlisted"]
        for index, one in zip(indexes, report["sources"], strict=True):
            count = self._counts[index]
            count.used += one["used"]
            count.quarantined.update(one["quarantined"])
            count.out_of_scope.update(one["out_of_scope"])
            count.filled.update(one["filled"])
            if one["sha256"]:
                count.sha256, count.n_bytes = one["sha256"], one["n_bytes"]

    def absorb_listed(self, listed: pa.Table) -> None:
        """Take the listed records of all portions; those beyond the limit are counted alone."""
        n_taken = min(len(listed), self._max_rows - self._n_listed)
        self._batches += listed.slice(0, n_taken).to_batches()
        self._n_listed += n_taken
        self._n_unlisted += len(listed) - n_taken

    def quarantine(self) -> pa.Table:
        """Return the listed records."""
        self._pack()
        return pa.Table.from_batches(self._batches, schema=QUARANTINE)

    def _pack(self) -> None:
        if self._rows:
            rows, self._rows = self._rows, []
            self._batches.extend(quarantine_table(rows).to_batches())


def quarantine_table(rows: Sequence[Quarantined]) -> pa.Table:
    """Return quarantined records as a table; never their content."""
    columns = [
        [row.place.source for row in rows],
        [row.place.line for row in rows],
        [row.reason for row in rows],
        [row.place.n_bytes for row in rows],
        [row.detail for row in rows],
    ]
    arrays = [pa.array(column, one.type) for column, one in zip(columns, QUARANTINE, strict=True)]
    return pa.Table.from_arrays(arrays, schema=QUARANTINE)


def digest_of(path: Path) -> tuple[str, int]:
    """Return a file's SHA-256 in hexadecimal, and its size in bytes."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return digest.hexdigest(), file.tell()
