"""Keyed shingle minima: what of a text stays, so that resemblance can be estimated and text can not be read.

A shingle is ``SHINGLE_TOKENS`` consecutive tokens of one text. One keyed order over all shingles serves every zone,
so that a phrase is sampled alike in head, tail, body and system prompt; each zone has bins, and each bin keeps the
first shingle in that order. What is stored is a second keyed function of that shingle, with one key for all zones. The
share of equal filled bins estimates the Jaccard resemblance of two shingle sets.

Source: Li, Owen and Zhang 2012, One permutation hashing; ours: docs/decisions/0003-keyed-sketches.md
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.mixing import constant, mixed, powers
from stillwatch.sketches.schema import (
    HEAD_TOKENS,
    N_BODY_MINIMA,
    N_HEAD_MINIMA,
    N_TAIL_MINIMA,
    SHINGLE_TOKENS,
    TAIL_TOKENS,
)
from stillwatch.sketches.siphash import siphash_words
from stillwatch.sketches.texts import I64Array
from stillwatch.sketches.tokens import Tokens

U64Array = npt.NDArray[np.uint64]

EMPTY: Final = np.uint64(0)
_BIN_BITS: Final = np.uint64(4)  # 16 bins at most; a zone of 8 uses the upper three bits
STEPS: Final = tuple(np.uint64(constant("shingle", place)) for place in range(SHINGLE_TOKENS))
_NONE: Final = np.uint64((1 << 64) - 1)  # after every shingle in the order


@dataclass(frozen=True, slots=True)
class Shingles:
    """The shingles of some texts, end to end: public hashes, their keyed order, and where each text's begin."""

    hashes: U64Array
    order: U64Array
    offsets: I64Array


@dataclass(frozen=True, slots=True)
class PromptMinima:
    """The minima of prompts, shapes (rows, N_HEAD_MINIMA), (rows, N_TAIL_MINIMA), (rows, N_BODY_MINIMA)."""

    head: U64Array
    tail: U64Array
    body: U64Array


class MinimaKeys:
    """The keyed functions of shingles: the order that samples, and the value that is stored."""

    def __init__(self, key: SketchKey) -> None:
        first, second, third, _ = key.derived_words("shingle-order")
        self._order = np.uint64(first), np.uint64(second | 1), np.uint64(third | 1)  # odd factors are bijections
        value = key.derived_words("stored-shingle")
        self._value = value[0], value[1]

    def words(self) -> tuple[tuple[np.uint64, np.uint64, np.uint64], tuple[np.uint64, np.uint64]]:
        """Return the words of the order's and of the stored value's key, for the compiled kernels."""
        return self._order, (np.uint64(self._value[0]), np.uint64(self._value[1]))

    def ordered(self, shingles: U64Array) -> U64Array:
        """Return the place of each shingle in the keyed order; it never leaves the process."""
        start, first, second = self._order
        order = shingles ^ start
        order *= first
        order ^= order >> np.uint64(32)
        order *= second
        order ^= order >> np.uint64(29)
        return order

    def stored(self, shingles: U64Array) -> U64Array:
        """Return the keyed value of each shingle, never 0."""
        values = siphash_words(shingles, self._value)
        values[values == EMPTY] = 1
        return values


def shingled(tokens: Tokens, keys: MinimaKeys) -> Shingles:
    """Return the shingles of each text; a text of fewer tokens than a shingle has one, of all of them."""
    counts = tokens.counts
    sums = np.zeros(max(len(tokens.hashes), 0), np.uint64)
    for place, step in enumerate(STEPS):
        part = tokens.hashes[place:] * step
        sums[: len(part)] += part
    is_short = (counts > 0) & (counts < SHINGLE_TOKENS)
    n_shingles = np.maximum(counts - (SHINGLE_TOKENS - 1), is_short)
    offsets = np.concatenate([[0], np.cumsum(n_shingles)]).astype(np.int64)
    shift = np.repeat(tokens.offsets[:-1] - offsets[:-1], n_shingles)
    hashes = sums[np.arange(offsets[-1]) + shift]
    hashes[offsets[:-1][is_short]] = _short_sums(tokens, np.flatnonzero(is_short))
    return Shingles(mixed(hashes), keys.ordered(mixed(hashes)), offsets)


def _short_sums(tokens: Tokens, rows: I64Array) -> U64Array:
    sums = tokens.counts[rows].astype(np.uint64)  # the count keeps "a b" apart from "a b" in a longer shingle
    for place, step in enumerate(STEPS[:-1]):
        inside = tokens.counts[rows] > place
        sums[inside] += tokens.hashes[tokens.offsets[rows[inside]] + place] * step
    return sums


def zone_winners(shingles: Shingles, begins: I64Array, ends: I64Array, n_bins: int) -> I64Array:
    """Return which shingle each bin keeps, -1 for an empty bin, shape (rows, n_bins).

    Args:
        shingles: of some texts.
        begins: the first shingle of the zone in each text.
        ends: the one after the last.
        n_bins: 8 or 16.
    """
    n_rows = len(begins)
    lengths = ends - begins
    total = int(lengths.sum())
    starts = np.cumsum(lengths) - lengths
    if total == len(shingles.hashes):
        at, order = np.arange(total), shingles.order
    else:
        at = np.arange(total) + np.repeat(begins - starts, lengths)
        order = shingles.order[at]
    slot = (order >> np.uint64(64 - (n_bins.bit_length() - 1))).astype(np.int64)
    slot += np.repeat(np.arange(0, n_rows * n_bins, n_bins), lengths)
    within = order << _BIN_BITS  # the order within a bin leaves out all bin bits, so that zones of 8 and 16 bins agree
    least = np.full(n_rows * n_bins, _NONE, np.uint64)
    np.minimum.at(least, slot, within)
    is_winner = np.flatnonzero(within == least[slot])
    winners = np.full(n_rows * n_bins, -1, np.int64)
    winners[slot[is_winner][::-1]] = at[is_winner][::-1]  # of equal ones the first
    return winners.reshape(n_rows, n_bins)


def stored_values(shingles: Shingles, winners: I64Array, keys: MinimaKeys) -> U64Array:
    """Return the stored value of each winner, ``EMPTY`` where there is none; one evaluation a shingle."""
    is_wanted = np.zeros(len(shingles.hashes) + 1, np.bool_)
    is_wanted[winners] = True  # -1 marks the spare last place
    is_wanted[-1] = False
    wanted = np.flatnonzero(is_wanted)
    values = np.zeros(len(is_wanted), np.uint64)
    values[wanted] = keys.stored(shingles.hashes[wanted])
    return values[winners]


def text_minima(tokens: Tokens, keys: MinimaKeys, n_bins: int) -> U64Array:
    """Return the minima over each whole text, shape (rows, n_bins)."""
    shingles = shingled(tokens, keys)
    winners = zone_winners(shingles, shingles.offsets[:-1], shingles.offsets[1:], n_bins)
    return stored_values(shingles, winners, keys)


def prompt_minima(tokens: Tokens, keys: MinimaKeys) -> PromptMinima:
    """Return the minima of each prompt's head, tail and whole."""
    shingles = shingled(tokens, keys)
    begins, ends = shingles.offsets[:-1], shingles.offsets[1:]
    head_ends = np.minimum(ends, begins + (HEAD_TOKENS - SHINGLE_TOKENS + 1))
    tail_begins = np.maximum(begins, ends - (TAIL_TOKENS - SHINGLE_TOKENS + 1))
    zones = (
        zone_winners(shingles, begins, head_ends, N_HEAD_MINIMA),
        zone_winners(shingles, tail_begins, ends, N_TAIL_MINIMA),
        zone_winners(shingles, begins, ends, N_BODY_MINIMA),
    )
    values = stored_values(shingles, np.concatenate(zones, axis=1), keys)
    head, tail, body = np.split(values, [N_HEAD_MINIMA, N_HEAD_MINIMA + N_TAIL_MINIMA], axis=1)
    return PromptMinima(head, tail, body)


class TextHasher:
    """The keyed hash of a whole text's token sequence: equal texts, after normalising, have equal hashes."""

    def __init__(self, key: SketchKey) -> None:
        base, value0, value1, _ = key.derived_words("whole-text")
        self._base = base | 1
        self._inverse = pow(self._base, -1, 1 << 64)
        self._value = value0, value1
        self._powers = powers(self._base, 1 << 16)
        self._inverses = powers(self._inverse, 1 << 16)

    def words(self) -> tuple[np.uint64, tuple[np.uint64, np.uint64]]:
        """Return the base and the words of the value's key, for the compiled kernels."""
        return np.uint64(self._base), (np.uint64(self._value[0]), np.uint64(self._value[1]))

    def hashed(self, tokens: Tokens) -> U64Array:
        """Return one keyed hash a text, shape (rows,); 0 for a text without tokens."""
        size = len(tokens.hashes)
        if size > len(self._powers):
            self._powers = powers(self._base, 2 * size)
            self._inverses = powers(self._inverse, 2 * size)
        sums = np.zeros(size + 1, np.uint64)
        np.cumsum(tokens.hashes * self._powers[:size], out=sums[1:])
        begins, ends = tokens.offsets[:-1], tokens.offsets[1:]
        inverses = self._inverses[np.minimum(begins, max(size - 1, 0))]  # an empty last text begins behind the end
        folded = (sums[ends] - sums[begins]) * inverses + mixed(tokens.counts.astype(np.uint64))
        hashes = siphash_words(folded, self._value)
        hashes[hashes == EMPTY] = 1
        hashes[tokens.counts == 0] = EMPTY
        return hashes
