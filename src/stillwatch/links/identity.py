"""Undeclared ties between entities: one value of identity or infrastructure that several of them share.

A value is worth ``log2(N / n)`` bits, where ``n`` of ``N`` entities have it: what thousands share (a carrier's
address, a large referrer) is worth next to nothing and makes no link; a card that three share is worth much. This is
the frequency-based weight of Fellegi and Sunter 1969, section 3.3, with u taken from this very population.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from scipy.sparse import coo_array, csr_array

from stillwatch.links.entity import Entities
from stillwatch.links.population import CodeArray, FloatArray, IntArray, Population
from stillwatch.links.rows import distinct

ACCOUNT_TIES: Final = (
    "payment_fingerprint",
    "device_fingerprint",
    "phone_fingerprint",
    "email_fingerprint",
    "referrer_id",
)
ADDRESS_TIE: Final = "ip"
LEAST_BITS: Final = 4.0  # a value that more than one in sixteen entities has links nobody
CHUNK_PAIRS: Final = 20_000  # pairs compared at once
RING: Final = 4  # links made from each entity within one value, so that a popular value costs n and not n squared


@dataclass(frozen=True)
class Ties:
    """Who has which value of one column: parallel arrays sorted by value, then entity; each pair once.

    Args:
        column: the column.
        value: code of the value.
        entity: the entity.
        names: the values' own names, by code.
    """

    column: str
    value: CodeArray
    entity: CodeArray
    names: tuple[str, ...]

    def n_entities(self) -> IntArray:
        """Return, for each value code, how many entities have it."""
        return self._n_entities

    def values_of(self, entity: int) -> CodeArray:
        """Return the values that an entity has, rising. Cost: O(values returned + log k) for k pairs."""
        order, ordered = self._by_entity
        low, high = np.searchsorted(ordered, np.array([entity, entity + 1], ordered.dtype))  # another type copies all
        return self.value[order[low:high]]

    def held_by(self, chosen: IntArray) -> tuple[CodeArray, IntArray]:
        """Return the values that some different entities have, and which of ``chosen`` has each; each pair once.

        Cost: O(values returned + c log k) for c entities and k pairs.
        """
        order, ordered = self._by_entity
        first, end = (np.searchsorted(ordered, chosen.astype(ordered.dtype), side) for side in ("left", "right"))
        which = np.repeat(np.arange(len(chosen)), end - first)
        offset = np.arange(len(which)) - np.repeat(np.cumsum(end - first) - (end - first), end - first)
        return self.value[order[first[which] + offset]], which

    def shared_by_entity(self, n_entities: int) -> tuple[CodeArray, IntArray]:
        """Return the values that entities share with others, sorted by entity, and where each entity's begin.

        What one entity alone has is left out. There are ``n_entities + 1`` beginnings, more than entities have values.
        """
        value, first = self._shared
        return value, np.concatenate([first, np.full(n_entities + 1 - len(first), len(value), np.int64)])

    @cached_property
    def _shared(self) -> tuple[CodeArray, IntArray]:
        order, _ = self._by_entity
        order = order[self._n_entities[self.value[order]] >= 2]
        n_of_entity = np.bincount(self.entity[order])
        return self.value[order], np.concatenate(([0], np.cumsum(n_of_entity))).astype(np.int64)

    @cached_property
    def _n_entities(self) -> IntArray:
        return np.bincount(self.value, minlength=len(self.names)).astype(np.int64)

    @cached_property
    def _by_entity(self) -> tuple[IntArray, CodeArray]:
        order = np.argsort(self.entity, kind="stable").astype(np.int64)
        return order, self.entity[order]


def ties_of(population: Population, entities: Entities) -> Mapping[str, Ties]:
    """Return the ties of every identity column that holds anything, and of addresses."""
    found = {}
    for column in ACCOUNT_TIES:
        codes = population.accounts.keys[column]
        if codes.is_known:
            found[column] = _unique_ties(column, codes.code, entities.of_account, codes.values)
    codes = population.exchanges.keys[ADDRESS_TIE]
    if codes.is_known:
        found[ADDRESS_TIE] = _unique_ties(
            ADDRESS_TIE, codes.code, entities.of_account[population.exchanges.account], codes.values
        )
    return found


def _unique_ties(column: str, code: CodeArray, entity: CodeArray, names: tuple[str, ...]) -> Ties:
    known = code >= 0
    n = int(entity.max(initial=0)) + 1
    pair = distinct(code[known].astype(np.int64) * n + entity[known])
    return Ties(column, (pair // n).astype(np.int32), (pair % n).astype(np.int32), names)


def tie_graph(
    ties: Mapping[str, Ties], n_entities: int, use: csr_array | None = None
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return links between entities that share rare values: ends and weights in bits, each pair once.

    Bits of different columns add, since they are different facts; within one value each entity is linked to its next
    ``RING`` holders only. To a pair tied in this way, the rarest family of exchanges that both use adds its own bits; a
    family alone ties nobody. A pair is kept where its bits outweigh the prior: no single value that three or more
    hold does that alone.

    Args:
        ties: from ``ties_of``.
        n_entities: entities in all.
        use: (n_entities, n_families) how often each entity used each family; null to leave content out.
    """
    lefts: list[IntArray] = []
    rights: list[IntArray] = []
    weights: list[FloatArray] = []
    for tie in ties.values():
        holders = tie.n_entities()[tie.value]
        bits = np.log2(n_entities / np.maximum(holders, 1))
        usable = (holders >= 2) & (bits >= LEAST_BITS)
        value, entity, bits = tie.value[usable], tie.entity[usable].astype(np.int64), bits[usable]
        for step in range(1, RING + 1):
            same = value[step:] == value[:-step]
            lefts.append(entity[:-step][same])
            rights.append(entity[step:][same])
            weights.append(bits[:-step][same])
    if not lefts:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    left, right, weight = np.concatenate(lefts), np.concatenate(rights), np.concatenate(weights)
    low, high = np.minimum(left, right), np.maximum(left, right)
    matrix = coo_array((weight, (low, high)), shape=(n_entities, n_entities)).tocsr().tocoo()
    left, right, total = matrix.row.astype(np.int64), matrix.col.astype(np.int64), matrix.data
    if use is not None:
        total = total + _shared_family_bits(left, right, use)
    # more bits than the prior of a pair, one partner among all entities, takes away
    likely = total >= np.log2(n_entities)
    return left[likely], right[likely], np.asarray(total[likely], np.float64)


def _shared_family_bits(left: IntArray, right: IntArray, use: csr_array) -> FloatArray:
    """Return, for each pair, the bits of the rarest family that both use; 0 where they share none.

    Cost: O(families of the entities in pairs), in chunks of ``CHUNK_PAIRS``.
    """
    n_users = np.bincount(use.indices, minlength=use.shape[1])
    bits = np.log2(use.shape[0] / np.maximum(n_users, 1))
    weighed = csr_array((bits[use.indices], use.indices, use.indptr), shape=use.shape)
    held = csr_array((np.ones(len(use.indices)), use.indices, use.indptr), shape=use.shape)
    found = np.zeros(len(left))
    if not use.nnz:
        return found
    for start in range(0, len(left), CHUNK_PAIRS):
        part = slice(start, start + CHUNK_PAIRS)
        found[part] = weighed[left[part]].multiply(held[right[part]]).max(axis=1).toarray().ravel()
    return found
