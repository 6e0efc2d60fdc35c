"""Where a scan's exchanges come from: traffic alone, or traffic and what a state has kept of earlier days."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from stillwatch.dossiers.case import Case
from stillwatch.engines.engine import Engine, Sketching
from stillwatch.links.tables import Order
from stillwatch.pipeline.analysis import Analysis
from stillwatch.pipeline.ingest import DUPLICATE, REPEATED, ingest
from stillwatch.records.traffic import Traffic
from stillwatch.sketches.sketch import Sketcher

Counted = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a scan analyses, and how it came to that.

    Args:
        sketches: the sorted file, as ``put_in_order`` leaves it, or sketches as they lie.
        order: their order, where they do not lie in it.
        account_names: account ids by canonical index.
        counts: ``read``, ``used``, ``quarantined`` and ``out_of_scope``, which add up.
        quarantined, out_of_scope: counts by reason.
        quarantine: places and reasons.
        accounts, authorisations: the tables beside the traffic, or null.
        tally: the inputs and warnings, for the run's record.
        record: what else the run's record shall hold, by key.
    """

    sketches: Path
    order: Order | None
    account_names: tuple[str, ...]
    counts: Mapping[str, int]
    quarantined: Mapping[str, int]
    out_of_scope: Mapping[str, int]
    quarantine: pa.Table
    accounts: pa.Table | None
    authorisations: pa.Table | None
    tally: Mapping[str, Any]
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Given:
    """What a scan was given beside its traffic.

    Args:
        sketcher: makes the sketches.
        accounts, authorisations: the tables, or null.
    """

    sketcher: Sketcher
    accounts: pa.Table | None
    authorisations: pa.Table | None


class Intake(Protocol):
    """What ``scan`` asks of the place where its exchanges come from, in this order."""

    def take(self, given: Given, engine: Engine, work: Path, progress: Counted) -> Taken:
        """Return the exchanges to analyse; ``work`` is a folder that the caller removes."""
        ...

    def named(self, analysis: Analysis, case: Case) -> Case:
        """Return the case with its campaigns' lasting ids; may be asked several times, the last time counts."""
        ...

    def keep(self, folder: Path) -> None:
        """Keep what shall be known tomorrow; ``folder`` holds the whole case and gets its name right afterwards."""
        ...


class TrafficIntake:
    """Traffic alone: what is read is what is analysed, and nothing is kept.

    Args:
        traffic: what is read.
        kept: sketches that were made elsewhere, to be used in place of the scan's own.
    """

    def __init__(self, traffic: Traffic, kept: Sketching | None = None) -> None:
        self._traffic, self._kept = traffic, kept

    def take(self, given: Given, engine: Engine, work: Path, progress: Counted) -> Taken:
        """Read and sketch the traffic."""
        ingested = ingest(self._traffic, self._kept or given.sketcher, engine, work, progress, is_moved=False)
        tally = self._traffic.tally
        n_conflicts = len(ingested.conflicting)
        return Taken(
            sketches=ingested.sketches,
            order=ingested.order,
            account_names=ingested.account_names,
            counts={
                "read": tally.read,
                "used": tally.used - ingested.repeated - n_conflicts,
                "quarantined": tally.quarantined + n_conflicts,
                "out_of_scope": tally.out_of_scope + ingested.repeated,
            },
            quarantined={**tally.by_reason, **({DUPLICATE: n_conflicts} if n_conflicts else {})},
            out_of_scope={**tally.by_scope, **({REPEATED: ingested.repeated} if ingested.repeated else {})},
            quarantine=pa.concat_tables([self._traffic.quarantine(), ingested.conflicting]),
            accounts=given.accounts,
            authorisations=given.authorisations,
            tally=tally.as_document(),
            record={},
        )

    def named(self, analysis: Analysis, case: Case) -> Case:
        """Return the case as it is: without a state, ids are made of what was found."""
        del analysis
        return case

    def keep(self, folder: Path) -> None:
        """Keep nothing."""
