"""One pass over a column of texts: each is prepared, tokenised and summed up while it is in the core's first cache."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stillwatch.sketches.compiled.grams import F64, I8, I32, Phrases, find_phrases, gram_sums, topic
from stillwatch.sketches.compiled.jit import kernel
from stillwatch.sketches.compiled.minima import (
    OrderKey,
    Spare,
    ValueKey,
    prompt_minima,
    stored_values,
    text_hash,
    text_minima,
)
from stillwatch.sketches.compiled.minima import Steps as ShingleSteps
from stillwatch.sketches.compiled.shape import Names, first_byte, has_thinking, last_byte, marks
from stillwatch.sketches.compiled.text import PADDING, prepare
from stillwatch.sketches.compiled.tokens import Steps as TokenSteps
from stillwatch.sketches.compiled.tokens import tokenise

U8 = npt.NDArray[np.uint8]
I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Room = tuple[U8, tuple[U8, I32], U64, Spare]


class Column(NamedTuple):
    """The texts of a column: their bytes, and where each begins and ends; a null ends where it begins."""

    data: U8
    begins: I64
    ends: I64


class Hashing(NamedTuple):
    """What tokens, shingles and whole texts are hashed with; the fields of ``minima`` and ``tokens``."""

    word_bytes: int
    token_steps: TokenSteps
    shingle_steps: ShingleSteps
    order_key: OrderKey
    value_key: ValueKey
    zone_tokens: tuple[int, int]
    text_base: np.uint64
    text_key: ValueKey


class Scoring(NamedTuple):
    """What grams, topics and cues are summed with; the arguments of ``grams``."""

    weights: I8
    pair: np.uint64
    limits: tuple[int, int]
    rarity: U8
    topic_key: tuple[np.uint64, np.uint64]
    unit: int
    phrases: Phrases


@kernel
def _room(begins: I64, ends: I64) -> Room:
    """Return room for the longest text and its tokens; what is not touched takes no memory."""
    most = np.int64(0)
    for row in range(len(begins)):
        most = max(most, ends[row] - begins[row])
    size = most + PADDING
    tokens = np.empty(size, np.uint64)
    shingles = np.empty(size, np.uint64), np.empty(size, np.uint64)
    minima = shingles[0], shingles[1], np.empty(48, np.uint64), np.empty(48, np.int64)
    return np.empty(size, np.uint8), (np.empty(size, np.uint8), np.empty(2 * size, np.int32)), tokens, minima


@kernel
def prompts(
    column: Column, hashing: Hashing, scoring: Scoring, names: Names, winners: U64, topics: I8, sums: F64
) -> tuple[I32, U64, I32, I64]:
    """Return tokens, keyed hash and marks of each prompt, and the phrases found: row * phrases + phrase.

    Args:
        column: the prompts.
        hashing: keys and constants.
        scoring: weights and phrases.
        names: of thinking tags.
        winners: the minima, shape (rows, 32): head, tail, whole.
        topics: shape (rows, 64).
        sums: the model's weights over each prompt's grams, shape (rows, classes).
    """
    begins, ends = column.begins, column.ends
    n_rows = len(begins)
    n_tokens, hashes, shapes = np.empty(n_rows, np.int32), np.empty(n_rows, np.uint64), np.empty(n_rows, np.int32)
    found, n_found = np.empty(n_rows + 16, np.int64), 0
    text, folding, tokens, minima = _room(begins, ends)
    totals, halves = np.empty(64, np.int32), (np.empty(16, np.int32), np.empty(16, np.int32))
    number = hashing.token_steps[0]
    for row in range(n_rows):
        length, is_high = prepare(column.data, begins[row], ends[row], text, folding[0])
        n = tokenise(text, length, is_high, hashing.word_bytes, hashing.token_steps, folding, tokens)
        n_tokens[row] = n
        hashes[row] = text_hash(tokens, n, hashing.text_base, hashing.text_key)
        prompt_minima(
            tokens, n, hashing.shingle_steps, hashing.order_key, hashing.zone_tokens, minima, winners[row]
        )  # fmt: skip
        stored_values(winners[row], hashing.value_key)
        topic(tokens, n, scoring.rarity, number, scoring.topic_key, scoring.unit, totals, topics[row])
        gram_sums(tokens, n, scoring.weights, scoring.pair, scoring.limits, halves, sums[row])
        found, n_found = find_phrases(tokens, n, row, scoring.phrases, found, n_found)
        shapes[row] = marks(text, length, names)
    return n_tokens, hashes, shapes, found[:n_found].copy()


@kernel
def systems(
    column: Column, hashing: Hashing, scoring: Scoring, names: Names, winners: U64, sums: F64
) -> tuple[I32, U64, npt.NDArray[np.bool_], I64]:
    """Return tokens and keyed hash of each system prompt, whether it has thinking tags, and the phrases found.

    The arguments are those of ``prompts``; ``winners`` has shape (rows, 8).
    """
    begins, ends = column.begins, column.ends
    n_rows = len(begins)
    n_tokens, hashes, is_thinking = np.empty(n_rows, np.int32), np.empty(n_rows, np.uint64), np.empty(n_rows, np.bool_)
    found, n_found = np.empty(n_rows + 16, np.int64), 0
    text, folding, tokens, minima = _room(begins, ends)
    halves = np.empty(16, np.int32), np.empty(16, np.int32)
    for row in range(n_rows):
        length, is_high = prepare(column.data, begins[row], ends[row], text, folding[0])
        n = tokenise(text, length, is_high, hashing.word_bytes, hashing.token_steps, folding, tokens)
        n_tokens[row] = n
        hashes[row] = text_hash(tokens, n, hashing.text_base, hashing.text_key)
        text_minima(tokens, n, hashing.shingle_steps, hashing.order_key, minima, winners[row])
        stored_values(winners[row], hashing.value_key)
        gram_sums(tokens, n, scoring.weights, scoring.pair, scoring.limits, halves, sums[row])
        found, n_found = find_phrases(tokens, n, row, scoring.phrases, found, n_found)
        is_thinking[row] = has_thinking(text, length, names)
    return n_tokens, hashes, is_thinking, found[:n_found].copy()


@kernel
def responses(
    column: Column, hashing: Hashing, names: Names
) -> tuple[I32, U64, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return tokens and keyed hash of each response, whether it has thinking tags, and whether it is bracketed."""
    begins, ends = column.begins, column.ends
    n_rows = len(begins)
    n_tokens, hashes = np.empty(n_rows, np.int32), np.empty(n_rows, np.uint64)
    is_thinking, is_bracketed = np.empty(n_rows, np.bool_), np.empty(n_rows, np.bool_)
    text, folding, tokens, _ = _room(begins, ends)
    for row in range(n_rows):
        length, is_high = prepare(column.data, begins[row], ends[row], text, folding[0])
        n = tokenise(text, length, is_high, hashing.word_bytes, hashing.token_steps, folding, tokens)
        n_tokens[row] = n
        hashes[row] = text_hash(tokens, n, hashing.text_base, hashing.text_key)
        is_thinking[row] = has_thinking(text, length, names)
        first, last = first_byte(text, length), last_byte(text, length)
        is_bracketed[row] = (first == 123 and last == 125) or (first == 91 and last == 93)
    return n_tokens, hashes, is_thinking, is_bracketed


@kernel
def minima_alone(column: Column, hashing: Hashing, winners: U64) -> None:
    """Write the minima of each prompt and nothing else, shape (rows, 32)."""
    begins, ends = column.begins, column.ends
    text, folding, tokens, minima = _room(begins, ends)
    for row in range(len(begins)):
        length, is_high = prepare(column.data, begins[row], ends[row], text, folding[0])
        n = tokenise(text, length, is_high, hashing.word_bytes, hashing.token_steps, folding, tokens)
        prompt_minima(tokens, n, hashing.shingle_steps, hashing.order_key, hashing.zone_tokens, minima, winners[row])
        stored_values(winners[row], hashing.value_key)
