"""A run's traffic cut into portions that workers read apart, and their tallies put together again.

Guarantee: read whole or in portions, traffic gives the same exchanges, the same counts and the same quarantine.

A portion is a run of row groups of one canonical Parquet file, one other file, or all files of a format whose reader
joins records across lines and files: those are read by one worker, in their order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pyarrow.parquet as pq

from stillwatch.records.field_map import MapReader
from stillwatch.records.readers.canonical import CORRUPT, READER, CanonicalReader, Cut
from stillwatch.records.readers.kong import KongReader
from stillwatch.records.recognition import Recognition
from stillwatch.records.traffic import ReadOptions, Traffic

ROW_BY_ROW: Final = (CanonicalReader, KongReader, MapReader)
"""Readers for which what becomes of a record depends on that record alone."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Traffic that can be read by itself.

    Args:
        indexes: the run's own indexes of its files, in order.
        recognitions: what those files were taken for.
        options: how they are read; its cut is the portion's own.
    """

    indexes: tuple[int, ...]
    recognitions: tuple[Recognition, ...]
    options: ReadOptions

    @property
    def is_cut(self) -> bool:
        """Whether it is part of a file, and other portions have the rest."""
        return self.options.cut.row_groups is not None

    def traffic(self) -> Traffic:
        """Return the portion as traffic, ready to be iterated; its files are numbered from 0 in it."""
        return Traffic(self.recognitions, self.options)


def portions_of(traffic: Traffic) -> list[Portion]:
    """Return the portions of some traffic, in the order of their first files."""
    made: list[Portion] = []
    joined: dict[str, list[int]] = {}  # reader to its files
    for index, one in enumerate(traffic.recognitions):
        if one.reader is not None and not isinstance(one.reader, ROW_BY_ROW):
            joined.setdefault(one.reader.name, []).append(index)
        else:
            made += [
                Portion((index,), (one,), replace(traffic.options, cut=cut)) for cut in _cuts(one, traffic.options)
            ]
    for indexes in joined.values():
        made.append(Portion(tuple(indexes), tuple(traffic.recognitions[i] for i in indexes), traffic.options))
    return sorted(made, key=lambda portion: (portion.indexes[0], portion.options.cut.row_groups or (0, 0)))


def _cuts(one: Recognition, options: ReadOptions) -> list[Cut]:
    if one.form.container != "parquet" or one.reader != READER or options.max_records is not None:
        return [options.cut]
    runs = options.cut.runs(pq.read_metadata(one.source.path))
    return [replace(options.cut, row_groups=run) for run in runs] if len(runs) > 1 else [options.cut]


def counted(portions: Sequence[Portion], reports: Sequence[Mapping[str, Any]]) -> list[bool]:
    """Return for each portion whether it counts: of a damaged file, what lies behind the damage does not.

    Who reads the whole file stops there, so that is where it ends for all.
    """
    damaged: set[int] = set()
    counts = []
    for portion, report in zip(portions, reports, strict=True):
        index = portion.indexes[0]
        counts.append(not portion.is_cut or index not in damaged)
        if portion.is_cut and CORRUPT in report["sources"][0]["quarantined"]:
            damaged.add(index)
    return counts
