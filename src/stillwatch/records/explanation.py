"""What a file was taken for and why, where each column comes from, and what it cannot show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from stillwatch.records.evidence_needs import NEEDS
from stillwatch.records.recognition import STRAY_REASONS, Recognition
from stillwatch.records.schema import EXCHANGES, REQUIRED
from stillwatch.records.tally import SourceTally
from stillwatch.records.traffic import ReadOptions, Traffic, read_traffic
from stillwatch.records.unusable import first_details

SAMPLE: Final = 10_000  # records a file: seconds at most, and shares to a percent


@dataclass(frozen=True, slots=True)
class ColumnExplanation:
    """One canonical column in one file.

    Args:
        name: the column.
        origin: where its value comes from, in words; null where the format cannot have it.
        filled_share: share of the sampled exchanges that have it, in [0, 1].
        without_it: the evidence that is off while it is never filled.
    """

    name: str
    origin: str | None
    filled_share: float
    without_it: str

    @property
    def is_missing(self) -> bool:
        """Whether no sampled exchange has it."""
        return self.filled_share == 0


@dataclass(frozen=True, slots=True)
class Explanation:
    """What was found out about one file; it holds no text of the file's records.

    Args:
        source: the file's name.
        format: the reader's name, and ``title`` in words.
        title: the format in words.
        container: layout, as ``json-lines``.
        compression: ``none``, ``gzip`` or ``zstd``.
        why: why the format was chosen.
        shares: format to the share of sampled records with its marks.
        tally: what became of the sampled records.
        columns: one a canonical column.
        warnings: values that were set to null or ignored, by count.
        details: why records were quarantined, in words: for each reason, what was said of the first.
    """

    source: str
    format: str
    title: str
    container: str
    compression: str
    why: str
    shares: Mapping[str, float]
    tally: SourceTally
    columns: tuple[ColumnExplanation, ...]
    warnings: Mapping[str, int]
    details: Mapping[str, str]

    def as_document(self) -> dict[str, Any]:
        """Return the explanation as JSON values."""
        return {
            "source": self.source,
            "format": self.format,
            "title": self.title,
            "container": self.container,
            "compression": self.compression,
            "why": self.why,
            "shares": {name: round(share, 4) for name, share in sorted(self.shares.items())},
            "sampled": self.tally.read,
            "used": self.tally.used,
            "quarantined": dict(self.tally.quarantined),
            "quarantined_because": dict(self.details),
            "out_of_scope": dict(self.tally.out_of_scope),
            "warnings": dict(self.warnings),
            "columns": [
                {
                    "name": column.name,
                    "required": column.name in REQUIRED["exchanges"],
                    "from": column.origin,
                    "filled_share": round(column.filled_share, 4),
                    "switched_off": column.without_it if column.is_missing else None,
                }
                for column in self.columns
            ],
        }


def explain(arguments: Sequence[str | Path], options: ReadOptions | None = None) -> list[Explanation]:
    """Explain each file by its first records; each is read alone, so joins across files do not show.

    Raises:
        InputError: a file as a whole cannot be read.
        UsageError: an option names what does not exist.
    """
    chosen = options or ReadOptions()
    if chosen.max_records is None:
        chosen = replace(chosen, max_records=SAMPLE)
    recognitions = read_traffic(arguments, chosen).recognitions
    return [_explain(one, chosen) for one in recognitions]


def _explain(one: Recognition, options: ReadOptions) -> Explanation:
    traffic = Traffic([one], options)
    filled = dict.fromkeys(EXCHANGES.names, 0)
    for batch in traffic:
        for column in EXCHANGES.names:
            filled[column] += batch.num_rows - batch.column(column).null_count
    tally = traffic.tally
    counts = tally.sources[0]
    origins = {} if one.reader is None else one.reader.mapping()
    columns = tuple(
        ColumnExplanation(column, origins.get(column), n_filled / max(1, counts.used), NEEDS[column])
        for column, n_filled in filled.items()
    )
    return Explanation(
        source=one.source.name,
        format=counts.format,
        title=_title(one),
        container=counts.container,
        compression=counts.compression,
        why=one.why,
        shares=one.shares,
        tally=counts,
        columns=columns,
        warnings=tally.warnings,
        details=first_details(traffic.quarantine()),
    )


def _title(one: Recognition) -> str:
    if one.form.container in STRAY_REASONS:
        return "not read"
    return "an empty file" if one.reader is None else one.reader.title
