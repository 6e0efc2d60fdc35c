"""Synthetic sketches with planted phrases, so that the truth behind every link is known."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array

from stillwatch.engines.embedded import EmbeddedEngine
from stillwatch.links.bundle import bundled, entity_signatures, hash_ranks
from stillwatch.links.entity import Entities, fold_accounts
from stillwatch.links.family import Families, find_families
from stillwatch.links.phrase import Phrases
from stillwatch.links.population import Population, accounts_from, canonical_order, exchanges_from
from stillwatch.records.schema import ACCOUNTS
from stillwatch.sketches.schema import (
    CAPABILITIES,
    CUES,
    N_BODY_MINIMA,
    SKETCH_ROWS,
    SKETCHES,
    TOPIC_DIMENSIONS,
    sketch_rows,
)

START = datetime(2026, 3, 2, tzinfo=UTC)
DEFAULTS: Mapping[str, Any] = {
    "has_prompt": True,
    "has_response": True,
    "system_bytes": 0,
    "prompt_bytes": 100,
    "response_bytes": 100,
    "n_prompt_tokens": 20,
    "system_minima": [0] * 8,
    "head_minima": [0] * 8,
    "tail_minima": [0] * 8,
    "topic": [0] * TOPIC_DIMENSIONS,
    "capability": [0] * len(CAPABILITIES),
    "cue_bits": [0.0] * len(CUES),
    "shape": 0,
}


def at(hours: float) -> datetime:
    """Return the time so many hours after the start of the planted traffic."""
    return START + timedelta(hours=hours)


@dataclass(frozen=True)
class Planted:
    """A planted population, and the sketches that it was made from."""

    table: pa.Table
    population: Population
    entities: Entities

    @contextmanager
    def tables(self, spill: Path) -> Iterator[EmbeddedEngine]:
        """Yield an engine that knows the sketches and the entities."""
        engine = EmbeddedEngine(spill, memory_bytes=2**28, n_threads=2)
        engine.register("sketches", self.table)
        accounts = np.arange(len(self.population.accounts), dtype=np.int32)
        engine.register("entity_of", pa.table({"account": accounts, "entity": self.entities.of_account}))
        try:
            yield engine
        finally:
            engine.close()

    def families(self, spill: Path) -> Families:
        """Return the families of the planted traffic."""
        with self.tables(spill) as engine:
            return find_families(engine)

    def entity(self, account_id: str) -> int:
        """Return the entity of an account."""
        return int(self.entities.of_account[self.population.accounts.names.index(account_id)])


def planted(rows: Iterable[Mapping[str, Any]], accounts: Sequence[Mapping[str, Any]] | None = None) -> Planted:
    """Return a population of these exchanges.

    Args:
        rows: columns of the sketches by name; ``account`` stands for ``account_id``, ``hours`` for ``requested_at`` and
            ``phrases`` for the body's minima.
        accounts: rows of the accounts table; None for no such table.
    """
    filled = [_sketch(number, dict(row)) for number, row in enumerate(rows)]
    made = pa.Table.from_pylist(filled, schema=SKETCHES)
    table = pa.Table.from_batches([sketch_rows(batch) for batch in made.to_batches()], SKETCH_ROWS)
    order = canonical_order(seen(table))
    names = order["account_id"].to_pylist()
    index = {name: position for position, name in enumerate(names)}
    account = pa.array([index[name] for name in table["account_id"].to_pylist()], pa.int32())
    keys = [("account", "ascending"), ("requested_at", "ascending"), ("exchange_id", "ascending")]
    table = table.append_column("account", account).sort_by(keys)
    table = table.append_column("row_index", pa.array(np.arange(len(table))))
    facts = None if accounts is None else pa.Table.from_pylist([dict(row) for row in accounts], schema=ACCOUNTS)
    population = Population(accounts_from(names, facts), exchanges_from(table, len(names)))
    return Planted(table, population, fold_accounts(population))


def seen(exchanges: pa.Table) -> pa.Table:
    """Return what the canonical order is made from, read off the rows one by one: an oracle of ``SEEN``."""
    rows: dict[str, list[tuple[datetime, str]]] = {}
    for row in exchanges.select(["account_id", "requested_at", "exchange_id"]).to_pylist():
        rows.setdefault(row["account_id"], []).append((row["requested_at"], row["exchange_id"]))
    columns = {
        "account_id": list(rows),
        "first_at": [min(when for when, _ in mine) for mine in rows.values()],
        "last_at": [max(when for when, _ in mine) for mine in rows.values()],
        "n_exchanges": [len(mine) for mine in rows.values()],
        "least_id": [min(name for _, name in mine) for mine in rows.values()],
    }
    return pa.table(columns)


def _sketch(number: int, row: dict[str, Any]) -> dict[str, Any]:
    phrases = list(row.pop("phrases", ()))
    hours = row.pop("hours", float(number))
    body = phrases + [0] * (N_BODY_MINIMA - len(phrases))
    made = {
        "exchange_id": f"x{number:06d}",
        "account_id": row.pop("account"),
        "requested_at": at(hours),
        "body_minima": body,
    }
    return {**DEFAULTS, **made, **row}


def phrases_of(sets: Mapping[int, Iterable[int]]) -> Phrases:
    """Return phrases, by value, each used once by every entity of its set."""
    values = sorted(sets)
    entities = [np.array(sorted(set(sets[value])), np.int32) for value in values]
    first = np.concatenate(([0], np.cumsum([len(part) for part in entities]))).astype(np.int64)
    entity = np.concatenate(entities).astype(np.int32) if entities else np.zeros(0, np.int32)
    return Phrases(np.array(values, np.uint64), first, entity, np.ones(len(entity), np.int64))


def bundle_phrases(phrases: Phrases) -> np.ndarray:
    """Return the bundle of each phrase by all its entities."""
    return bundled(signatures(phrases))


def signatures(phrases: Phrases) -> np.ndarray:
    """Return the signatures of the entity sets of phrases."""
    return entity_signatures(phrases, hash_ranks(int(phrases.entity.max(initial=-1)) + 1))


def use_matrix(used: Mapping[int, Mapping[int, int]], n_entities: int, n_families: int) -> csr_array:
    """Return a matrix of uses from entity to family to exchanges."""
    triples = [(entity, family, n) for entity, families in used.items() for family, n in families.items()]
    entity, family, n = (np.array(column, np.int64) for column in zip(*triples, strict=True))
    matrix = csr_array((n, (entity, family)), shape=(n_entities, n_families))
    matrix.sum_duplicates()
    return matrix


def adjusted_rand(found: Sequence[int], truth: Sequence[int]) -> float:
    """Return the adjusted Rand index of two partitions: 1 for the same, about 0 for unrelated ones.

    Source: Hubert and Arabie 1985, Comparing partitions; computed here from counts of pairs.
    """

    def pairs(counts: np.ndarray) -> float:
        return float((counts * (counts - 1) / 2).sum())

    _, a = np.unique(found, return_inverse=True)
    _, b = np.unique(truth, return_inverse=True)
    both = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(both, (a, b), 1)
    together, of_a, of_b = pairs(both), pairs(both.sum(axis=1)), pairs(both.sum(axis=0))
    expected = of_a * of_b / pairs(np.array([len(a)]))
    most = (of_a + of_b) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)
