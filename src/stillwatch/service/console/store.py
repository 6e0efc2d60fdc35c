"""The case as the views ask it: the frozen document, and its tables through DuckDB, read only."""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb

from stillwatch.dossiers.case import Campaign, Case
from stillwatch.errors import InputError, NotFoundError
from stillwatch.pipeline.regrouped import Regrouped
from stillwatch.store.desk.regrouping import Shape

NEEDED: Final = ("accounts", "memberships")
EVIDENCE: Final = ("profiles", "activity", "values", "families", "comparisons")
INDEXED: Final = ("accounts", "members", "memberships", *EVIDENCE[:-1])
MOST_HELD_BYTES: Final = 64 * 2**20  # of a compressed table held in memory; a larger one is read where it lies
OPTIONAL: Final = ("members", *EVIDENCE)


class CaseStore:
    """One case, opened for reading. Safe to use from several threads: each query takes a cursor of its own.

    Raises:
        InputError: a table that the console needs is missing or cannot be read.
    """

    def __init__(self, folder: Path, case: Case) -> None:
        self.folder = folder
        self.case = case
        self.memo: dict[str, Any] = {}  # what views work out once a case
        self.found: Mapping[str, Campaign] = {campaign.id: campaign for campaign in case.campaigns}
        self._shown = Regrouped(case)
        self._campaigns = self.found
        self._moved: Mapping[str, Mapping[str, str]] = {}
        self._connection = duckdb.connect(":memory:")
        self._confine()
        self.tables = frozenset(name for name in (*NEEDED, *OPTIONAL) if self._attach(name))

    @property
    def has_evidence(self) -> bool:
        """Whether the case holds the evidence of single accounts; one of an earlier version does not."""
        return self.tables.issuperset(EVIDENCE)

    def held(self, shown: Regrouped) -> "CaseStore":
        """Return the same tables under the groups as analysts hold them; ``found`` stays what the scan found."""
        twin = copy.copy(self)
        twin.case, twin._shown = shown.case, shown  # noqa: SLF001 - its own copy
        twin._campaigns = {campaign.id: campaign for campaign in shown.case.campaigns}  # noqa: SLF001 - as above
        twin._moved = _moved(shown)  # noqa: SLF001 - as above
        return twin

    def campaign(self, campaign_id: str) -> Campaign:
        """Return a campaign by any of its ids.

        Raises:
            NotFoundError: the case has no such campaign.
        """
        found = self._campaigns.get(self._shown.aliases.get(campaign_id, campaign_id))
        if found is None:
            raise NotFoundError(
                "campaign",
                "this case has no such campaign",
                got=campaign_id[:80],
                fix="It may stand in an earlier case, or under a new id if the sketch key changed.",
            )
        return found

    def shape(self, campaign_id: str) -> Shape | None:
        """Return how analysts made a campaign, or null where it is as the scan found it."""
        return self._shown.shapes.get(campaign_id)

    def bases(self, campaign_id: str) -> list[str]:
        """Return the ids under which the tables keep a campaign; mostly its own."""
        return list(self._shown.bases(campaign_id))

    def campaign_of(self, base_id: str, account_id: str) -> str | None:
        """Return the campaign in which an account stands that the tables keep in another one, or null: in none."""
        if base_id in self._moved:
            return self._moved[base_id].get(account_id)
        return base_id if base_id in self._campaigns else None

    def profile(self, account_id: str) -> dict[str, Any] | None:
        """Return the profile of an account, or null where the case keeps none."""
        if not self.has_evidence:
            return None
        found = self.rows("SELECT * FROM profiles WHERE account_id = $1", [account_id])
        return found[0] if found else None

    def member(self, campaign_id: str, account_id: str) -> dict[str, Any] | None:
        """Return what the case keeps of an account as a member of a campaign, or null."""
        if "members" not in self.tables:
            return None
        sql = "SELECT * FROM members WHERE account_id = $1 AND campaign_id IN (SELECT unnest($2)) ORDER BY p_group DESC"
        found = self.rows(sql, [account_id, self.bases(campaign_id)])
        return found[0] if found else None

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Return the rows of a query with values by name; values go in as parameters only."""
        with self._connection.cursor() as cursor:
            found: list[dict[str, Any]] = cursor.sql(sql, params=list(parameters)).to_arrow_table().to_pylist()
            return found

    def _confine(self) -> None:
        """Let the engine read this folder and nothing else, and change no setting any more."""
        folder = str(self.folder.absolute()).replace("'", "''")
        for setting in (
            f"allowed_directories = ['{folder}']",
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
            "enable_external_access = false",
            "lock_configuration = true",
        ):
            self._connection.execute(f"SET {setting}")

    def _attach(self, name: str) -> bool:
        path = self.folder / f"{name}.parquet"
        if not path.is_file():
            if name in NEEDED:
                raise InputError(str(path), "a table of the case is missing", expected=f"{name}.parquet")
            return False
        try:
            quoted = str(path.absolute()).replace("'", "''")
            kind = "TABLE" if path.stat().st_size <= MOST_HELD_BYTES else "VIEW"
            self._connection.execute(f"CREATE {kind} {name} AS SELECT * FROM read_parquet(['{quoted}'])")  # noqa: S608 - our own path
            if kind == "TABLE" and name in INDEXED:
                self._connection.execute(f"CREATE INDEX {name}_by_account ON {name} (account_id)")
        except duckdb.Error as error:
            raise InputError(str(path), "a table of the case cannot be read", got=str(error).splitlines()[0]) from None
        return True


def _moved(shown: Regrouped) -> Mapping[str, Mapping[str, str]]:
    """Return, for each of the scan's groups that analysts changed, in which group each of its accounts stands."""
    found: dict[str, dict[str, str]] = {}
    for shape in shown.shapes.values():
        for base in shape.bases:
            found.setdefault(base, {}).update(dict.fromkeys(shape.accounts, shape.id))
    return found
