"""Which other accounts share rare values or families with one, the strongest first."""

import math
from dataclasses import dataclass
from typing import Any, Final

from stillwatch.links.identity import LEAST_BITS
from stillwatch.service.console.address import account_address, pair_address
from stillwatch.service.console.pairing import scale_of
from stillwatch.service.console.store import CaseStore

MOST_TIES: Final = 25  # listed of one account
SHARED: Final = """
WITH mine AS (
  SELECT kind, value, n_entities FROM values
  WHERE account_id = $1 AND n_entities BETWEEN 2 AND $3 AND list_contains($4, kind)),
held AS (
  SELECT v.account_id, v.kind AS what, min(v.n_entities) AS n FROM values v JOIN mine USING (kind, value)
  GROUP BY v.account_id, v.kind),
used AS (
  SELECT f.account_id, 'same_family' AS what, min(f.n_entities) AS n FROM families f
  JOIN (SELECT family_id FROM families WHERE account_id = $1 AND n_entities <= $3) USING (family_id)
  GROUP BY f.account_id)
SELECT t.account_id, sum(log2($5::DOUBLE / t.n)) AS bits, list(t.what ORDER BY t.n, t.what) AS shares
FROM (SELECT * FROM held UNION ALL SELECT * FROM used) t JOIN profiles p ON p.account_id = t.account_id
WHERE p.entity_id <> $2
GROUP BY t.account_id ORDER BY bits DESC, t.account_id LIMIT $6"""


@dataclass(frozen=True, slots=True)
class Tie:
    """Another account that shares something rare.

    Args:
        address: of the account.
        pair: the address of the pair.
        bits: of the rarity of what both have, one value a kind.
        shares: what they share, the rarest first.
    """

    account_id: str
    address: str
    pair: str
    bits: float
    shares: tuple[str, ...]


def ties_of(store: CaseStore, account_id: str, entity_id: str) -> tuple[Tie, ...]:
    """Return the accounts of other entities with which an account shares rare values or families.

    Values that more than one in sixteen entities has are left out, as the scan leaves them out.
    """
    scale = scale_of(store)
    if scale is None:
        return ()
    n = scale.weights.n_entities
    parameters: list[Any] = [account_id, entity_id, math.floor(n / 2**LEAST_BITS), list(scale.weights.of), n, MOST_TIES]
    return tuple(
        Tie(
            row["account_id"],
            account_address(row["account_id"]),
            pair_address(account_id, row["account_id"]),
            row["bits"],
            tuple(row["shares"]),
        )
        for row in store.rows(SHARED, parameters)
    )
