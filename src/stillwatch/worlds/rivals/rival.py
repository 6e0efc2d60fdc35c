"""The contract of a rival: what it sees, what it must answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

ALONE: Final = -1  # the cluster of an account that is in none

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a rival sees of a world: the tables that a scan reads, and nothing of the truth.

    Args:
        exchanges: canonical exchanges.
        accounts: canonical accounts.
        account_ids: the accounts that have traffic, sorted; every answer is in their order.
    """

    exchanges: pa.Table
    accounts: pa.Table
    account_ids: tuple[str, ...]

    def owners(self) -> Ints:
        """Return the account of each exchange, as its place in ``account_ids``."""
        return self.places(self.exchanges["account_id"])

    def places(self, ids: pa.ChunkedArray) -> Ints:
        """Return the place of each account id in ``account_ids``."""
        encoded = ids.combine_chunks().dictionary_encode()
        place = {name: i for i, name in enumerate(self.account_ids)}
        of_code = np.array([place[name] for name in encoded.dictionary.to_pylist()], np.int64)
        return np.asarray(of_code[encoded.indices.to_numpy()], np.int64)


@dataclass(frozen=True, slots=True)
class Scored:
    """One answer of a rival under one of its settings.

    Args:
        setting: the setting, in words.
        scores: the higher the more suspicious, shape (n,); minus infinity for an account that it cannot judge.
        clusters: the group of each account, shape (n,); ``ALONE`` for none.
    """

    setting: str
    scores: Floats
    clusters: Ints


class Rival(Protocol):
    """Another way to find the campaigns' accounts."""

    @property
    def name(self) -> str:
        """Permanent, for the command line and the tables."""
        ...

    @property
    def source(self) -> str:
        """Who published it, or whose habit it is; says so where this is a re-implementation."""
        ...

    @property
    def setting(self) -> str:
        """What it is run with."""
        ...

    @property
    def modules(self) -> tuple[str, ...]:
        """What must be importable, beyond what stillwatch itself needs: the extra ``bench`` brings it."""
        ...

    def score(self, traffic: Traffic) -> Sequence[Scored]:
        """Return one answer for each of the settings that it is tried with."""
        ...


def read_traffic_of(world: Path) -> Traffic:
    """Return what a rival sees of a world's folder."""
    exchanges = pq.read_table(world / "exchanges.parquet")
    accounts = pq.read_table(world / "accounts.parquet")
    return traffic_from(exchanges, accounts)


def traffic_from(exchanges: pa.Table, accounts: pa.Table) -> Traffic:
    """Return what a rival sees, from tables."""
    return Traffic(exchanges, accounts, tuple(sorted(set(exchanges["account_id"].to_pylist()))))
