"""A state as its readers see it: what it holds, its campaigns, its last case. This is what other parts build on.

Readers take no lock. A reader sees the state before or after a commit; where a commit sweeps away what it was about
to read, it is told to read again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.campaigns.record import Record
from stillwatch.dossiers.case import Case
from stillwatch.dossiers.document import DOCUMENT, from_json
from stillwatch.errors import InputError, StateError
from stillwatch.parquet import file_of, table_of
from stillwatch.store.state.book import read_book
from stillwatch.store.state.manifest import Manifest
from stillwatch.store.state.opening import existing
from stillwatch.store.state.place import vault_at
from stillwatch.store.state.segment import SEGMENT
from stillwatch.store.state.vault import Vault


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a state holds, in numbers.

    Args:
        at: where it is.
        key_id: names its key.
        additions: scans that brought something, as far as anything of them is left.
        days: UTC days with exchanges.
        first_day, last_day: of them, or null.
        exchanges: sketches in it.
        accounts: rows of facts; ``authorisations`` likewise.
        history_days: days of which only counts by account are left.
        campaigns: records, by status.
        pruned_before: days before it are not taken in, or null.
        kept_out: accounts that were erased and shall not come back.
        has_case: whether the last case is there.
    """

    at: str
    key_id: str
    additions: int
    days: int
    first_day: str | None
    last_day: str | None
    exchanges: int
    accounts: int
    authorisations: int
    history_days: int
    campaigns: Mapping[str, int]
    pruned_before: str | None
    kept_out: int
    has_case: bool


class State:
    """A state at one moment.

    Args:
        vault: where it rests.

    Raises:
        StateError: there is none, or it is damaged.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._manifest = existing(vault)

    @property
    def manifest(self) -> Manifest:
        """What the state consists of."""
        return self._manifest

    def campaigns(self) -> tuple[Record, ...]:
        """Return every campaign that the state knows of, those that ended or were merged included, by id."""
        return read_book(self._vault, self._manifest.book).records

    def campaign(self, name: str) -> Record:
        """Return one campaign.

        Raises:
            InputError: the state knows none by this id.
        """
        for one in self.campaigns():
            if one.id == name:
                return one
        raise InputError(name, "no campaign of this state", fix="List them: stillwatch state campaigns DIR")

    def last_case(self) -> Case | None:
        """Return the case that the last scan left, or null where it was dropped by an erasure."""
        reference = self._manifest.case.get(DOCUMENT)
        return None if reference is None else from_json(self._vault.read(reference))

    def case_files(self) -> dict[str, bytes]:
        """Return the files of the last case by name, without the report and the record of the run."""
        return {name: self._vault.read(reference) for name, reference in sorted(self._manifest.case.items())}

    def holdings(self) -> Holdings:
        """Return what the state holds, in numbers."""
        manifest = self._manifest
        days = sorted({segment.day for segment in manifest.segments})
        statuses = [one.status for one in self.campaigns()]
        return Holdings(
            at=self._vault.name,
            key_id=manifest.key_id,
            additions=len(manifest.additions),
            days=len(days),
            first_day=days[0] if days else None,
            last_day=days[-1] if days else None,
            exchanges=sum(segment.n_rows for segment in manifest.segments),
            accounts=self._n_rows(manifest.accounts),
            authorisations=self._n_rows(manifest.authorisations),
            history_days=len({one.day for one in manifest.histories}),
            campaigns={status: statuses.count(status) for status in sorted(set(statuses))},
            pruned_before=manifest.pruned_before,
            kept_out=len(manifest.kept_out),
            has_case=bool(manifest.case),
        )

    def account(self, name: str) -> dict[str, Any]:
        """Return everything that is kept of one account: its facts, its days and its campaigns."""
        manifest = self._manifest
        facts = self._rows(manifest.accounts, name)
        counts = [(one.day, one.history) for one in manifest.segments] + [
            (one.day, one.counts) for one in manifest.histories
        ]
        days = [{"day": day, **row} for day, reference in sorted(counts) for row in self._rows(reference, name)]
        return {
            "account_id": name,
            "facts": facts[0] if facts else None,
            "authorisations": self._rows(manifest.authorisations, name),
            "days": days,
            "campaigns": [one.id for one in self.campaigns() if name in one.accounts],
        }

    def broken(self) -> list[StateError]:
        """Return what is wrong with each part of the state: a byte changed, a file lost, a count that does not fit."""
        found = []
        rows = {segment.sketches: segment.n_rows for segment in self._manifest.segments}
        for reference in sorted(self._manifest.references()):
            try:
                content = self._vault.read(reference)
                if reference in rows:
                    _check_segment(content, rows[reference], f"{self._vault.name}/{reference}")
            except StateError as error:
                found.append(error)
        return found

    def _rows(self, reference: str | None, account: str) -> list[dict[str, Any]]:
        if reference is None:
            return []
        table = self._table(reference)
        rows: list[dict[str, Any]] = table.filter(pc.equal(table["account_id"], account)).to_pylist()
        return [
            {name: value for name, value in row.items() if name != "account_id" and value is not None} for row in rows
        ]

    def _table(self, reference: str) -> pa.Table:
        return table_of(self._vault.read(reference))

    def _n_rows(self, reference: str | None) -> int:
        return 0 if reference is None else file_of(self._vault.read(reference)).metadata.num_rows


def open_state(place: str | Path) -> State:
    """Return the state at a folder or a ``postgresql://`` address, as it is now.

    Raises:
        StateError: there is none, or it is damaged.
    """
    return State(vault_at(str(place)))


def _check_segment(content: bytes, n_rows: int, where: str) -> None:
    table = file_of(content)
    if table.metadata.num_rows != n_rows or table.schema_arrow.names != SEGMENT.names:
        raise StateError(
            where, "does not hold what the manifest says", got=f"{table.metadata.num_rows} rows", expected=f"{n_rows}"
        )
