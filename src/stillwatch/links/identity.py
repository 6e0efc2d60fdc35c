"""Undeclared ties between entities: one value of identity or infrastructure that several of them share.

A value is worth ``log2(N / n)`` bits, where ``n`` of ``N`` entities have it: what thousands share (a carrier's
address, a large referrer) is worth next to nothing and makes no link; a card that three share is worth much. This is
the frequency-based weight of Fellegi and Sunter 1969, section 3.3, with u taken from this very population.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.special import gammaln

from stillwatch.links.entity import Entities
from stillwatch.links.population import BoolArray, CodeArray, FloatArray, IntArray, Population
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
    """Return the ties of every identity column that holds anything, and of addresses.

    What several accounts of one house have is the house's: it is none of theirs.
    """
    found = {}
    for column in ACCOUNT_TIES:
        codes = population.accounts.keys[column]
        if codes.is_known:
            found[column] = _unique_ties(column, codes.code, entities.of_account, codes.values, entities)
    codes = population.exchanges.keys[ADDRESS_TIE]
    if codes.is_known:
        found[ADDRESS_TIE] = _unique_ties(
            ADDRESS_TIE, codes.code, entities.of_account[population.exchanges.account], codes.values, entities
        )
    return found


def _unique_ties(column: str, code: CodeArray, entity: CodeArray, names: tuple[str, ...], entities: Entities) -> Ties:
    known = code >= 0
    n = int(entity.max(initial=0)) + 1
    pair = distinct(code[known].astype(np.int64) * n + entity[known])
    value, holder = (pair // n).astype(np.int32), (pair % n).astype(np.int32)
    if len(entities.house):
        own = ~_of_the_house(value, entities.house[holder])
        value, holder = value[own], holder[own]
    return Ties(column, value, holder, names)


def _of_the_house(value: CodeArray, house: CodeArray) -> BoolArray:
    """Return which of some distinct pairs of value and entity another entity of the same house has as well."""
    key = value.astype(np.int64) * (int(house.max(initial=0)) + 2) + house + 1
    _, place, count = np.unique(key, return_inverse=True, return_counts=True)
    return np.asarray((house >= 0) & (count[place] >= 2), np.bool_)


def tie_graph(
    ties: Mapping[str, Ties], n_entities: int, use: csr_array | None = None
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return links between entities that share rare values: ends and weights in bits, each pair once.

    Bits of different columns add, since they are different facts; within one value each entity is linked to its next
    ``RING`` holders only. Several values of one column add as far as entities with as many values would not share them
    by chance (``_beyond_chance``). To a pair tied in this way, the rarest family of exchanges that both use adds its
    own bits; a family alone ties nobody. A pair is kept where its bits outweigh the prior: no single value that three
    or more hold does that alone.

    Args:
        ties: from ``ties_of``.
        n_entities: entities in all.
        use: (n_entities, n_families) how often each entity used each family; null to leave content out.
    """
    shared = [_shared_within_rings(tie, n_entities) for tie in ties.values()]
    if not shared:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    left, right, total = _summed(shared, n_entities)
    by_family = np.zeros(len(left)) if use is None else _shared_family_bits(left, right, use)
    least = np.log2(n_entities)  # the prior of a pair, one partner among all entities
    possible = total + by_family >= least  # what chance explains can only take away from that
    key, by_family = (left * n_entities + right)[possible], by_family[possible]
    left, right, total = _summed(
        [_beyond_chance(tie, one, key, n_entities) for tie, one in zip(ties.values(), shared, strict=True)], n_entities
    )
    total = total + by_family[np.searchsorted(key, left * n_entities + right)]
    likely = total >= least
    return left[likely], right[likely], np.asarray(total[likely], np.float64)


Shared: TypeAlias = tuple[IntArray, IntArray, FloatArray]
"""The two ends of each pair, the lower one first, and the bits of what they share."""


def _shared_within_rings(tie: Ties, n_entities: int) -> Shared:
    """Return who shares which rare values of one column with the next holders; a pair comes once for each value."""
    holders = tie.n_entities()[tie.value]
    bits = np.log2(n_entities / np.maximum(holders, 1))
    usable = (holders >= 2) & (bits >= LEAST_BITS)
    value, entity, bits = tie.value[usable], tie.entity[usable].astype(np.int64), bits[usable]
    found = []
    for step in range(1, RING + 1):
        same = value[step:] == value[:-step]
        found.append((entity[:-step][same], entity[step:][same], bits[:-step][same]))
    left, right, weight = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return np.minimum(left, right), np.maximum(left, right), weight


def _summed(shared: Sequence[Shared], n_entities: int) -> Shared:
    """Return each pair once, sorted, with the sum of its bits."""
    left, right, weight = (np.concatenate(parts) for parts in zip(*shared, strict=True))
    matrix = coo_array((weight, (left, right)), shape=(n_entities, n_entities)).tocsr().tocoo()
    return matrix.row.astype(np.int64), matrix.col.astype(np.int64), matrix.data


def _beyond_chance(tie: Ties, shared: Shared, pairs: IntArray, n_entities: int) -> Shared:
    """Return some pairs of one column with the bits that entities with so many values do not share by chance.

    ``pairs`` are theirs, rising: the lower end times ``n_entities`` and the other one.

    Who has seventy of two hundred and fifty addresses meets everybody there. Where two have ``c`` values in common and
    ``a`` and ``b`` others, a value that ``n`` of all ``M`` pairs of the column are about is expected to be shared by
    ``(a + 1) (b + 1) n / M`` of them, so that many fewer bits speak for the pair: nought rather than less for each
    value. Of ``k`` values, any of which may come first, the chance is divided by ``k!``. One more value in common never
    takes bits away; where each entity has one value at most, as one card, this changes nothing.

    Source: the configuration model, Newman 2010, Networks, section 13.2: expected coincidences of two draws by degree.
    """
    left, right, bits = shared
    wanted = np.isin(left * n_entities + right, pairs)
    left, right, bits = left[wanted], right[wanted], bits[wanted]
    held = csr_array((np.ones(len(tie.value), np.int32), (tie.entity, tie.value)), shape=(n_entities, len(tie.names)))
    n_values = np.diff(held.indptr).astype(np.int64)
    if n_values.max(initial=0) <= 1 or not len(left):
        return left, right, bits
    first, of_pair = np.unique(left * n_entities + right, return_inverse=True)
    one, other = first // n_entities, first % n_entities
    n_common = np.zeros(len(first), np.int64)
    for start in range(0, len(first), CHUNK_PAIRS):
        part = slice(start, start + CHUNK_PAIRS)
        n_common[part] = np.asarray(held[one[part]].multiply(held[other[part]]).sum(axis=1)).ravel()
    chances = (n_values[one] - n_common + 1.0) * (n_values[other] - n_common + 1.0)
    expected = np.log2(np.maximum(chances * n_entities / max(len(tie.value), n_entities), 1.0))
    beyond = np.maximum(bits - expected[of_pair], 0.0)
    orders = gammaln(np.bincount(of_pair, weights=beyond > 0, minlength=len(first)) + 1.0) / np.log(2)
    total, most = (np.bincount(of_pair, weights=part, minlength=len(first)) for part in (beyond, bits))
    return one, other, np.asarray(np.minimum(total + orders, most), np.float64)


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
