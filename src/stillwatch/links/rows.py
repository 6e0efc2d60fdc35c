"""Rows by what they belong to: slices of sorted arrays, and distinct values, at the cost of what is asked for.

A population of ten million exchanges is looked at by thousands of groups; none of them may pay for all of it.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from stillwatch.links.entity import Entities
from stillwatch.links.population import CodeArray, IntArray, Population


def places_of(first: IntArray, chosen: IntArray) -> tuple[IntArray, IntArray]:
    """Return the places that some keys hold in an array sorted by key, and which of ``chosen`` each is of.

    Args:
        first: (n_keys + 1,) where each key's places start.
        chosen: (c,) keys; places come in their order.

    Cost: O(places returned).
    """
    starts = np.asarray(first[chosen], np.int64)
    lengths = np.asarray(first[chosen + 1], np.int64) - starts
    which = np.repeat(np.arange(len(chosen)), lengths)
    offset = np.arange(len(which)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return starts[which] + offset, which


def rows_of_accounts(population: Population, accounts: IntArray) -> IntArray:
    """Return every exchange of ``accounts`` (rising), rising."""
    return places_of(population.exchanges.first, accounts)[0]


def accounts_of_entities(entities: Entities, chosen: IntArray) -> IntArray:
    """Return the accounts of some different entities, rising. Cost: O(accounts returned)."""
    accounts, first = entities.accounts
    return np.sort(accounts[places_of(first, chosen)[0]])


def rows_of_entities(population: Population, entities: Entities, chosen: IntArray) -> IntArray:
    """Return every exchange of some entities, rising."""
    return rows_of_accounts(population, accounts_of_entities(entities, chosen))


def blocks(first: IntArray, most: int) -> Iterator[tuple[int, int]]:
    """Yield consecutive ranges of keys, (start, end), with about ``most`` places each and at least one key.

    Args:
        first: (n_keys + 1,) where each key's places start.
        most: places of a range.
    """
    start, n = 0, len(first) - 1
    while start < n:
        end = int(np.searchsorted(first, first[start] + most, side="right")) - 1
        yield start, min(max(end, start + 1), n)
        start = min(max(end, start + 1), n)


def distinct(values: IntArray) -> IntArray:
    """Return the distinct values, rising: ``np.unique`` by sorting, several times faster here than by a hash table."""
    ordered = np.sort(values, axis=None)
    if len(ordered) < 2:
        return ordered
    return ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))]


def distinct_pairs(left: IntArray | CodeArray, right: IntArray | CodeArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return the distinct pairs, rising by ``left`` and then ``right``, and how often each occurs.

    The values of ``left`` times the range of ``right`` must fit into 63 bits, as codes, rows and days do.
    """
    if not len(left):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    lowest = int(right.min())
    span = int(right.max()) - lowest + 1
    key = left.astype(np.int64) * span + (right.astype(np.int64) - lowest)
    if np.any(key[1:] < key[:-1]):  # accounts and times come in order: a tenth of the time
        key.sort()
    starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    pair = key[starts]
    return pair // span, pair % span + lowest, np.diff(np.append(starts, len(key)))


def run_starts(ordered: npt.NDArray[Any]) -> IntArray:
    """Return where each run of equal values starts."""
    if not len(ordered):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
