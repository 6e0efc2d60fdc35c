"""A scan over a state: what is new is added, and a rolling window of days is analysed.

Guarantee: within one window, days added one by one give the same groups as one scan over all of them, and the same
numbers; only ids and the campaigns' story depend on when something was first seen. Nothing counts before the commit,
which is the last step but for giving the case its name: a run that was ended at any moment and is repeated leaves
the bytes of one that was not.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.campaigns.lifecycle import Book, Window, follow
from stillwatch.dossiers.case import Case
from stillwatch.engines.engine import Engine
from stillwatch.errors import InputError
from stillwatch.parquet import table_of
from stillwatch.pipeline.adding import Inputs, Place, add_traffic, fetch, inputs_of
from stillwatch.pipeline.analysis import Analysis
from stillwatch.pipeline.ingest import in_order
from stillwatch.pipeline.intake import Counted, Given, Taken
from stillwatch.pipeline.sightings import bans_of, sightings_of, with_lifecycles
from stillwatch.records.traffic import ReadOptions
from stillwatch.sketches.key import SketchKey
from stillwatch.store.state.book import parquet_bytes, read_book, write_book
from stillwatch.store.state.manifest import Manifest, to_bytes
from stillwatch.store.state.opening import opened_for
from stillwatch.store.state.vault import Vault, Writer
from stillwatch.store.state.window import DEFAULT_DAYS, additions_of, counts_of, is_inside, window_of

OF_ONE_RUN: Final = ("run.json", "report.html")  # seconds and memory; what campaigns.json gives again


@dataclass(frozen=True, slots=True)
class StateRequest:
    """What a scan over a state is asked.

    Args:
        traffic: files, folders and globs to add; may be empty.
        read: how they are read.
        key: the state's key.
        window_days: how many days are analysed.
    """

    traffic: tuple[str, ...]
    read: ReadOptions
    key: SketchKey
    window_days: int = DEFAULT_DAYS


class StateIntake:
    """Takes a scan's exchanges from a state whose lock is held, and keeps what the scan leaves there."""

    def __init__(self, request: StateRequest, vault: Vault, writer: Writer) -> None:
        self._request = request
        self._vault = vault
        self._writer = writer
        self._manifest: Manifest | None = None
        self._accounts: pa.Table | None = None
        self._window = Window("", "")
        self._book = Book()
        self._next_book = Book()

    def take(self, given: Given, engine: Engine, work: Path, progress: Counted) -> Taken:
        """Add what is new, and return the exchanges of the window."""
        request, vault = self._request, self._vault
        kind = dict(given.sketcher.description())
        manifest = opened_for(vault, kind.pop("key_id"), kind)
        inputs = inputs_of(request.traffic, request.read, manifest)
        n_before = sum(segment.n_rows for segment in manifest.segments)
        if inputs.traffic is not None:
            place = Place(vault, self._writer, engine, work, request.key)
            manifest = add_traffic(manifest, inputs.traffic, given.sketcher, place, progress)
        manifest, accounts, authorisations = self._registers(manifest, given)
        self._manifest, self._accounts = manifest, accounts
        window = window_of(manifest.segments, request.window_days)
        if window is None:
            raise InputError(
                ", ".join(request.traffic) or "traffic", "neither it nor the state holds an exchange",
                fix="Look at it with: stillwatch records explain FILE",
            )  # fmt: skip
        self._window = window
        self._book = read_book(vault, manifest.earlier_book)
        chosen = [segment for segment in manifest.segments if is_inside(segment, window)]
        fetch(engine, "window_rows", [one.sketches for one in chosen], vault, work / "window", checked=True)
        path, order, names = in_order(engine, "window_rows", work / "window", work)
        counts = counts_of(manifest, window)
        return Taken(
            sketches=path,
            order=order,
            account_names=names,
            counts=counts.totals(),
            quarantined=counts.quarantined,
            out_of_scope=counts.out_of_scope,
            quarantine=self._quarantine(manifest, window),
            accounts=accounts,
            authorisations=authorisations,
            tally=_tally(inputs),
            record={
                "state": {
                    "at": vault.name,
                    "known_inputs": list(inputs.known),
                    "added": sum(segment.n_rows for segment in manifest.segments) - n_before,
                    "first_day": window.first,
                    "last_day": window.last,
                    "days": len({one.day for one in chosen}),
                }
            },
        )

    def named(self, analysis: Analysis, case: Case) -> Case:
        """Return the case under the campaigns' lasting ids, with their story."""
        bans = bans_of(self._accounts, self._window.last)
        self._next_book, ids = follow(self._book, sightings_of(analysis, case), self._window, bans)
        return with_lifecycles(case, ids, self._next_book)

    def keep(self, folder: Path) -> None:
        """Commit the state: the addition, the campaigns and the case."""
        assert self._manifest is not None
        files = {path.name: path for path in sorted(folder.iterdir()) if path.name not in OF_ONE_RUN and path.is_file()}
        case = {name: self._writer.put(path.read_bytes(), path.suffix[1:]) for name, path in files.items()}
        manifest = replace(self._manifest, book=write_book(self._writer, self._next_book), case=case)
        self._writer.commit(to_bytes(manifest), manifest.references())

    def _registers(self, manifest: Manifest, given: Given) -> tuple[Manifest, pa.Table | None, pa.Table | None]:
        """Return the state's tables with what was given now: newer rows of accounts, a newer registry as a whole."""
        accounts = given.accounts
        if manifest.accounts is not None:
            accounts = _updated(self._table(manifest.accounts), accounts)
        authorisations = given.authorisations
        if authorisations is None and manifest.authorisations is not None:
            authorisations = self._table(manifest.authorisations)
        kept = {
            name: None if table is None else self._writer.put(parquet_bytes(table), "parquet")
            for name, table in (("accounts", accounts), ("authorisations", authorisations))
        }
        return (
            replace(manifest, accounts=kept["accounts"], authorisations=kept["authorisations"]),
            accounts,
            authorisations,
        )

    def _quarantine(self, manifest: Manifest, window: Window) -> pa.Table:
        return pa.concat_tables([self._table(one.quarantine) for one in additions_of(manifest, window)])

    def _table(self, reference: str) -> pa.Table:
        return table_of(self._vault.read(reference))


def _updated(before: pa.Table, now: pa.Table | None) -> pa.Table:
    """Return a table of accounts after newer rows, each of which replaces an older row as a whole."""
    if now is None:
        return before
    is_older = pc.invert(pc.is_in(before["account_id"], value_set=now["account_id"].combine_chunks()))
    return pa.concat_tables([before.filter(is_older), now]).sort_by("account_id").combine_chunks()


def _tally(inputs: Inputs) -> dict[str, Any]:
    return {"sources": [], "warnings": {}} if inputs.traffic is None else inputs.traffic.tally.as_document()
