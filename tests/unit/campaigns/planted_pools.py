"""A pool with its templates amid honest accounts, planted exchange by exchange."""

from dataclasses import dataclass

import numpy as np
from planted_traffic import Planted, planted

TEMPLATE = tuple(range(100, 106))  # phrases of the pool's template; values above a million are chatter
NO_LINKS = (np.zeros(0, np.int64), np.zeros(0, np.int64))  # nothing but content says who belongs to whom


@dataclass(frozen=True)
class Pool:
    """A planted population; ``slice_ids`` are the exchanges that truly belong to the pool's slice."""

    made: Planted
    pool: frozenset[str]
    slice_ids: frozenset[str]

    def names(self, entities: np.ndarray) -> set[str]:
        """Return the accounts of some entities."""
        of_account = self.made.entities.of_account
        return {
            name for name, e in zip(self.made.population.accounts.names, of_account, strict=True) if e in set(entities)
        }

    def ids(self, rows: np.ndarray) -> set[str]:
        """Return the exchange ids of some rows."""
        return set(self.made.table["exchange_id"].take(rows).to_pylist())

    def rows(self) -> list[dict]:
        """Return its exchanges as they are planted, to plant them again beside others."""
        columns = ["account_id", "exchange_id", "body_minima", "requested_at"]
        return [
            dict(zip(("account", "exchange_id", "phrases", "requested_at"), row.values(), strict=True))
            for row in self.made.table.select(columns).to_pylist()
        ]


def chatter(rng: np.random.Generator, n: int = 5) -> list[int]:
    """Return phrases that nobody else says."""
    return rng.integers(10**6, 10**12, n).tolist()


def make_pool(
    *, n_pool: int = 12, n_strangers: int = 80, uses: int = 10, cover: float = 0.0, chance: int = 0, seed: int = 0
) -> Pool:
    """Return a pool of accounts that use one template, and strangers.

    Args:
        n_pool: accounts of the pool.
        n_strangers: honest accounts.
        uses: exchanges of the slice of each account of the pool.
        cover: share of a pool account's exchanges that are honest chatter.
        chance: strangers who once say one phrase of the template.
        seed: of everything.
    """
    rng = np.random.default_rng(seed)
    rows, slice_ids, pool = [], set(), set()
    for account in range(n_pool):
        name = f"p{account:02d}"
        pool.add(name)
        for use in range(uses):
            said = rng.choice(TEMPLATE, 4, replace=False).tolist() + chatter(rng)
            rows.append(
                {"account": name, "exchange_id": f"{name}-s{use}", "phrases": said, "hours": rng.uniform(0, 200)}
            )
            slice_ids.add(f"{name}-s{use}")
        rows += [
            {"account": name, "exchange_id": f"{name}-o{own}", "phrases": chatter(rng), "hours": rng.uniform(0, 200)}
            for own in range(round(uses * cover / (1 - cover)))
        ]
    for account in range(n_strangers):
        name = f"o{account:02d}"
        for use in range(int(rng.integers(5, 40))):
            said = chatter(rng) + ([int(rng.choice(TEMPLATE))] if account < chance and use == 0 else [])
            rows.append(
                {"account": name, "exchange_id": f"{name}-{use}", "phrases": said, "hours": rng.uniform(0, 200)}
            )
    return Pool(planted(rows), frozenset(pool), frozenset(slice_ids))
