"""The pass over texts with numpy alone: chunk by chunk, array operations over all tokens of a chunk.

Source: ours: docs/decisions/0003-keyed-sketches.md
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from stillwatch.sketches.capability import CapabilityModel
from stillwatch.sketches.cues import CueHits, Lexicon
from stillwatch.sketches.facts import PromptFacts, ResponseFacts, SystemFacts
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.minima import MinimaKeys, TextHasher, prompt_minima, text_minima
from stillwatch.sketches.schema import (
    CAPABILITIES,
    N_BODY_MINIMA,
    N_HEAD_MINIMA,
    N_SYSTEM_MINIMA,
    N_TAIL_MINIMA,
    TOPIC_DIMENSIONS,
)
from stillwatch.sketches.shape import prompt_shapes, response_shapes, system_shapes
from stillwatch.sketches.texts import Texts, chunked, string_buffers
from stillwatch.sketches.tokens import Tokens, tokenised
from stillwatch.sketches.topic import TopicKeys, topics


class PlainPass:
    """A ``TextPass`` of numpy.

    Args:
        key: the secret.
        model: grams and the rarity of words.
        lexicon: the cues.
    """

    def __init__(self, key: SketchKey, model: CapabilityModel, lexicon: Lexicon) -> None:
        self._model, self._lexicon = model, lexicon
        self._minima_keys = MinimaKeys(key)
        self._topic_keys = TopicKeys(key)
        self._text_hasher = TextHasher(key)

    def systems(self, column: pa.Array) -> SystemFacts:
        """Return what is known of some system prompts."""
        n = len(column)
        hashes, shapes = np.zeros(n, np.uint64), np.zeros(n, np.uint32)
        minima, logits = np.zeros((n, N_SYSTEM_MINIMA), np.uint64), np.zeros((n, len(CAPABILITIES)))
        hits: list[CueHits] = []
        for rows, texts, tokens in _tokenised_chunks(column):
            hashes[rows] = self._text_hasher.hashed(tokens)
            minima[rows] = text_minima(tokens, self._minima_keys, N_SYSTEM_MINIMA)
            shapes[rows] = system_shapes(texts)
            logits[rows] = self._model.logits(tokens)
            hits.append(self._lexicon.hits(tokens))
        return SystemFacts(hashes, minima, shapes, logits, CueHits.joined(hits))

    def prompts(self, column: pa.Array) -> PromptFacts:
        """Return what is known of some prompts."""
        n = len(column)
        n_tokens, hashes, shapes = np.zeros(n, np.int32), np.zeros(n, np.uint64), np.zeros(n, np.uint32)
        minima = np.zeros((n, N_HEAD_MINIMA + N_TAIL_MINIMA + N_BODY_MINIMA), np.uint64)
        directions, logits = np.zeros((n, TOPIC_DIMENSIONS), np.int8), np.zeros((n, len(CAPABILITIES)))
        hits: list[CueHits] = []
        for rows, texts, tokens in _tokenised_chunks(column):
            n_tokens[rows] = tokens.counts
            hashes[rows] = self._text_hasher.hashed(tokens)
            found = prompt_minima(tokens, self._minima_keys)
            minima[rows] = np.concatenate([found.head, found.tail, found.body], axis=1)
            directions[rows] = topics(tokens, self._model.rarity, self._topic_keys)
            shapes[rows] = prompt_shapes(texts, tokens)
            logits[rows] = self._model.logits(tokens)
            hits.append(self._lexicon.hits(tokens))
        return PromptFacts(n_tokens, hashes, minima, directions, shapes, logits, CueHits.joined(hits))

    def responses(self, column: pa.Array) -> ResponseFacts:
        """Return what is known of some responses."""
        hashes, shapes = np.zeros(len(column), np.uint64), np.zeros(len(column), np.uint32)
        for rows, texts, tokens in _tokenised_chunks(column):
            hashes[rows] = self._text_hasher.hashed(tokens)
            shapes[rows] = response_shapes(texts, tokens)
        return ResponseFacts(hashes, shapes)


def _tokenised_chunks(column: pa.Array) -> Iterator[tuple[slice, Texts, Tokens]]:
    for first, texts in chunked(string_buffers(column)):
        yield slice(first, first + texts.n_rows), texts, tokenised(texts)
