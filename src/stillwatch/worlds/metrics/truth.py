"""What a detector is measured against: the truth of a world's accounts and exchanges, and who is registered."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.errors import InputError
from stillwatch.worlds.account import DISTILLATION

ACCOUNT_TRUTH: Final = "truth_accounts"
EXCHANGE_TRUTH: Final = "truth_exchanges"


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth of one world.

    Args:
        class_of: each account's class; of registered accounts too.
        group_of: each account's group, or null.
        registered: accounts that the registry names, themselves or by a verified organisation. They count nowhere:
            neither as found nor as accused wrongly.
        n_requests: requests of each account in the world.
    """

    class_of: Mapping[str, str]
    group_of: Mapping[str, str | None]
    registered: frozenset[str]
    n_requests: Mapping[str, int]

    def counted(self) -> list[str]:
        """Return the accounts that count, in order."""
        return sorted(self.class_of.keys() - self.registered)

    def is_member(self, account_id: str) -> bool:
        """Return whether an account belongs to a campaign."""
        return self.class_of[account_id] == DISTILLATION

    def members(self) -> list[str]:
        """Return the campaigns' accounts, in order; none of them is registered in a world."""
        return [name for name in self.counted() if self.is_member(name)]


def read_truth(world: Path) -> Truth:
    """Return the truth of a world as its folder holds it.

    Raises:
        InputError: a table of the world is missing.
    """
    tables = {}
    for name in (ACCOUNT_TRUTH, "accounts", "authorisations", "exchanges"):
        path = world / f"{name}.parquet"
        if not path.is_file():
            raise InputError(str(path), "a table of the world is missing", fix="Make it with: stillwatch world")
        tables[name] = pq.read_table(path, columns=["account_id"] if name == "exchanges" else None)
    return truth_of(tables[ACCOUNT_TRUTH], tables["accounts"], tables["authorisations"], tables["exchanges"])


def truth_of(truth_accounts: pa.Table, accounts: pa.Table, authorisations: pa.Table, exchanges: pa.Table) -> Truth:
    """Return the truth from a world's tables."""
    names = truth_accounts["account_id"].to_pylist()
    requests = Counter({row["values"]: row["counts"] for row in pc.value_counts(exchanges["account_id"]).to_pylist()})
    return Truth(
        dict(zip(names, truth_accounts["class"].to_pylist(), strict=True)),
        dict(zip(names, truth_accounts["group_id"].to_pylist(), strict=True)),
        registered_accounts(accounts, authorisations),
        {name: requests[name] for name in names},
    )


def registered_accounts(accounts: pa.Table, authorisations: pa.Table) -> frozenset[str]:
    """Return the accounts that any authorisation names, itself or by a verified organisation."""
    named = set(authorisations["account_id"].drop_null().to_pylist())
    organisations = set(authorisations["organisation_id"].drop_null().to_pylist())
    columns = (accounts[name].to_pylist() for name in ("account_id", "organisation_id", "is_verified"))
    for account_id, organisation_id, is_verified in zip(*columns, strict=True):
        if is_verified and organisation_id in organisations:
            named.add(account_id)
    return frozenset(named)
