"""The pass over texts with the compiled kernels: one loop over the texts of a column, each read once.

Source: ours: docs/decisions/0003-keyed-sketches.md
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.sketches.capability import HEAD_LIMIT, PAIR, TAIL_LIMIT, CapabilityModel
from stillwatch.sketches.compiled import columns
from stillwatch.sketches.compiled import shape as kernels
from stillwatch.sketches.cues import PAIR as CUE_PAIR
from stillwatch.sketches.cues import STEPS as CUE_STEPS
from stillwatch.sketches.cues import CueHits, Lexicon
from stillwatch.sketches.facts import PromptFacts, ResponseFacts, SystemFacts, U32Array, U64Array
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.minima import STEPS, MinimaKeys, TextHasher
from stillwatch.sketches.schema import (
    CAPABILITIES,
    HEAD_TOKENS,
    N_BODY_MINIMA,
    N_HEAD_MINIMA,
    N_SYSTEM_MINIMA,
    N_TAIL_MINIMA,
    TAIL_TOKENS,
    TOPIC_DIMENSIONS,
)
from stillwatch.sketches.shape import LABEL_TOKENS, LONG_TOKENS, THINKING_NAMES, Shape
from stillwatch.sketches.texts import CAP_BYTES, I64Array, capped, string_views
from stillwatch.sketches.tokens import LENGTH_STEP, NUMBER, WORD_BYTES, WORD_STEP
from stillwatch.sketches.topic import UNIT, TopicKeys

GRAM_WIDTH: Final = 16  # numbers of a row of weights: a whole vector register
NAMES: Final = (
    np.array([list(name.ljust(16, b"\0")) for name in THINKING_NAMES], np.uint8),
    np.array([len(name) for name in THINKING_NAMES], np.int64),
)
MARKS: Final = {
    kernels.FENCE: Shape.CODE_FENCE,
    kernels.OBJECT: Shape.JSON_OBJECT,
    kernels.TAGS: Shape.TAGS,
    kernels.NUMBERS: Shape.NUMBERED_LIST,
    kernels.BULLETS: Shape.BULLET_LIST,
    kernels.URL: Shape.URL,
    kernels.OPTIONS: Shape.OPTIONS,
    kernels.TABLE: Shape.TABLE,
    kernels.QUESTION: Shape.ENDS_WITH_QUESTION,
    kernels.COLON: Shape.ENDS_WITH_COLON,
    kernels.THINKING: Shape.THINKING_TAGS,
}


class CompiledPass:
    """A ``TextPass`` of machine code; its results are those of ``PlainPass``, bit for bit.

    Args:
        key: the secret.
        model: grams and the rarity of words.
        lexicon: the cues.
    """

    def __init__(self, key: SketchKey, model: CapabilityModel, lexicon: Lexicon) -> None:
        self._model, self._lexicon = model, lexicon
        order_key, value_key = MinimaKeys(key).words()
        text_base, text_key = TextHasher(key).words()
        self._hashing = columns.Hashing(
            WORD_BYTES, (NUMBER, LENGTH_STEP, WORD_STEP), (STEPS[0], STEPS[1], STEPS[2], STEPS[3]), order_key,
            value_key, (HEAD_TOKENS, TAIL_TOKENS), text_base, text_key,
        )  # fmt: skip
        weights = np.zeros((len(model.weights), GRAM_WIDTH), np.int8)
        weights[:, : len(CAPABILITIES)] = model.weights
        filters, firsts, keys, members = lexicon.tables()
        phrases = CUE_PAIR, *filters, np.array(CUE_STEPS), firsts, keys, members
        self._scoring = columns.Scoring(
            weights.reshape(-1), PAIR, (HEAD_LIMIT, TAIL_LIMIT), model.rarity, TopicKeys(key).words(), UNIT, phrases
        )

    def systems(self, column: pa.Array) -> SystemFacts:
        """Return what is known of some system prompts."""
        n = len(column)
        minima, sums = np.empty((n, N_SYSTEM_MINIMA), np.uint64), np.empty((n, len(CAPABILITIES)))
        n_tokens, hashes, is_thinking, found = columns.systems(
            _texts(column), self._hashing, self._scoring, NAMES, minima, sums
        )
        shapes = _bits({Shape.SYSTEM_THINKING_TAGS: is_thinking}, n)
        return SystemFacts(hashes, minima, shapes, self._model.scaled(sums, n_tokens), self._hits(found, n))

    def prompts(self, column: pa.Array) -> PromptFacts:
        """Return what is known of some prompts."""
        n = len(column)
        minima = np.empty((n, N_HEAD_MINIMA + N_TAIL_MINIMA + N_BODY_MINIMA), np.uint64)
        topics, sums = np.empty((n, TOPIC_DIMENSIONS), np.int8), np.empty((n, len(CAPABILITIES)))
        n_tokens, hashes, marks, found = columns.prompts(
            _texts(column), self._hashing, self._scoring, NAMES, minima, topics, sums
        )
        shapes = _bits({shape: marks & mark != 0 for mark, shape in MARKS.items()}, n)
        shapes |= _bits({Shape.VERY_LONG: n_tokens > LONG_TOKENS}, n)
        logits = self._model.scaled(sums, n_tokens)
        return PromptFacts(n_tokens, hashes, minima, topics, shapes, logits, self._hits(found, n))

    def responses(self, column: pa.Array) -> ResponseFacts:
        """Return what is known of some responses."""
        n_tokens, hashes, is_thinking, is_bracketed = columns.responses(_texts(column), self._hashing, NAMES)
        shapes = {
            Shape.RESPONSE_THINKING_TAGS: is_thinking,
            Shape.RESPONSE_IS_LABEL: (n_tokens > 0) & (n_tokens < LABEL_TOKENS),
            Shape.RESPONSE_IS_JSON: is_bracketed,
        }
        return ResponseFacts(hashes, _bits(shapes, len(column)))

    def minima(self, column: pa.Array) -> U64Array:
        """Return the minima of head, tail and body of some prompts and nothing else, shape (rows, 32)."""
        minima = np.empty((len(column), N_HEAD_MINIMA + N_TAIL_MINIMA + N_BODY_MINIMA), np.uint64)
        columns.minima_alone(_texts(column), self._hashing, minima)
        return minima

    def _hits(self, found: I64Array, n_rows: int) -> CueHits:
        return self._lexicon.distinct(found, n_rows)


def _texts(column: pa.Array) -> columns.Column:
    """Return a column's bytes and bounds; a text over ``CAP_BYTES`` as its first and last half of that."""
    data, begins, ends = string_views(column)
    long = np.flatnonzero(ends - begins > CAP_BYTES)
    if len(long) == 0:
        return columns.Column(data, begins, ends)
    parts, size = [data], len(data)
    begins, ends = begins.copy(), ends.copy()
    for row in long:
        parts.append(capped(data[begins[row] : ends[row]]))
        begins[row], ends[row] = size, size + len(parts[-1])
        size = int(ends[row])
    return columns.Column(np.concatenate(parts), begins, ends)


def _bits(found: dict[Shape, npt.NDArray[np.bool_]], n_rows: int) -> U32Array:
    bits = np.zeros(n_rows, np.uint32)
    for shape, has in found.items():
        bits[has] |= np.uint32(shape.value)
    return bits
