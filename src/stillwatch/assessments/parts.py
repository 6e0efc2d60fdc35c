"""What each account gives to an observation: numbers by account, which any choice of accounts can be made from."""

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from stillwatch.links.population import BoolArray, IntArray


@dataclass(frozen=True, slots=True)
class Parts:
    """Numbers by account.

    Args:
        account: (k,) the accounts that have any, rising.
        columns: arrays of length k.
    """

    account: IntArray
    columns: tuple[npt.NDArray[Any], ...]

    def kept(self, is_kept: BoolArray) -> "Parts":
        """Return the parts of some of the accounts."""
        return Parts(self.account[is_kept], tuple(column[is_kept] for column in self.columns))
