"""One pass over the text of exchanges: what comes out has no text, and from here on nothing has.

Source: ours: docs/decisions/0003-keyed-sketches.md
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.sketches.capability import CapabilityModel
from stillwatch.sketches.cues import CueHits, Lexicon
from stillwatch.sketches.identifier import IdentifierHasher
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.minima import MinimaKeys, TextHasher, prompt_minima, text_minima
from stillwatch.sketches.schema import (
    CAPABILITIES,
    CUES,
    N_BODY_MINIMA,
    N_HEAD_MINIMA,
    N_SYSTEM_MINIMA,
    N_TAIL_MINIMA,
    SKETCH_COLUMNS,
    SKETCHES,
    TOPIC_DIMENSIONS,
)
from stillwatch.sketches.shape import prompt_shapes, response_shapes, system_shapes
from stillwatch.sketches.texts import Texts, chunked, string_buffers
from stillwatch.sketches.tokens import Tokens, tokenised
from stillwatch.sketches.topic import TopicKeys, topics

VERSION: Final = "1"  # of the sketch's algorithm: values of two versions are not compared

Columns = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class _Systems:
    """What is known of each distinct system prompt, and which one each row has."""

    codes: npt.NDArray[np.int64]  # the last one stands for no system prompt
    columns: Columns
    logits: npt.NDArray[np.float64]
    hits: CueHits


class Sketcher:
    """Makes sketches under one key with one set of weights.

    A row's sketch depends on that row, the key and the weights alone: neither on the other rows, nor on how rows are
    batched, nor on the machine.

    Args:
        key: the secret; sketches under two keys can not be compared.
        model: the capability model, also the rarity of words.
        lexicon: the extraction cues; the released one by default.
    """

    def __init__(self, key: SketchKey, model: CapabilityModel, lexicon: Lexicon | None = None) -> None:
        self._model = model
        self._lexicon = Lexicon.load() if lexicon is None else lexicon
        self._key = key
        self._minima_keys = MinimaKeys(key)
        self._topic_keys = TopicKeys(key)
        self._text_hasher = TextHasher(key)
        self._identifiers = IdentifierHasher(key)

    def __reduce__(self) -> tuple[Any, tuple[SketchKey, str, str]]:
        """Pickle the key and the names of released weights: a worker has the package, and loads its own."""
        return _sketcher, (self._key, self._model.name, self._lexicon.name)

    def description(self) -> dict[str, str]:
        """Return what a run's record says of its sketches: version, key id and the names of the weights."""
        names = {"capability_weights": self._model.name, "cue_weights": self._lexicon.name}
        return {"sketch_version": VERSION, "key_id": self._key.key_id, **names}

    def sketch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the sketches of some exchanges, in their order.

        Args:
            batch: columns of ``PLACED_EXCHANGES``; one that is missing is taken as null.

        Returns:
            A batch of schema ``SKETCHES``.

        Cost: about 40 ns a byte of prompt on one core; memory within a few copies of the text, in chunks.
        """
        n_rows = batch.num_rows
        texts = {name: _column(batch, name, pa.string()) for name in ("system_prompt", "prompt", "response")}
        systems = self._systems(texts["system_prompt"])
        columns: Columns = {name: values[systems.codes] for name, values in systems.columns.items()}
        shape = columns.pop("shape")
        prompt = self._prompts(texts["prompt"], systems)
        response = self._responses(texts["response"])
        shape = shape | prompt.pop("shape") | response.pop("shape")
        columns |= prompt | response | {"shape": shape}
        for zone, name in (("system", "system_prompt"), ("prompt", "prompt"), ("response", "response")):
            columns[f"{zone}_bytes"] = _lengths(texts[name])
        arrays = {field.name: _array(columns[field.name], field) for field in SKETCH_COLUMNS if field.name in columns}
        arrays["has_prompt"] = texts["prompt"].is_valid()
        arrays["has_response"] = texts["response"].is_valid()
        names = _column(batch, "tool_names", pa.list_(pa.string()))
        arrays["n_tools"], arrays["tools_hash"] = self._identifiers.tool_sets(names)
        signatures = _column(batch, "thinking_signatures", pa.list_(pa.string()))
        arrays["thinking_hashes"] = self._identifiers.signatures(signatures)
        kept = (arrays.get(f.name) if f.name in arrays else _column(batch, f.name, f.type) for f in SKETCHES)
        result = pa.RecordBatch.from_arrays(list(kept), schema=SKETCHES)
        assert result.num_rows == n_rows
        return result

    def _systems(self, column: pa.Array) -> _Systems:
        """Sketch each distinct system prompt once: an application repeats its own in every request."""
        encoded = column.dictionary_encode()
        n_distinct = len(encoded.dictionary)
        codes = np.asarray(encoded.indices.fill_null(n_distinct), np.int64)
        distinct = pa.concat_arrays([encoded.dictionary.cast(pa.large_string()), pa.array([""], pa.large_string())])
        columns: Columns = {
            "system_hash": np.zeros(n_distinct + 1, np.uint64),
            "system_minima": np.zeros((n_distinct + 1, N_SYSTEM_MINIMA), np.uint64),
            "shape": np.zeros(n_distinct + 1, np.uint32),
        }
        logits = np.zeros((n_distinct + 1, len(CAPABILITIES)))
        hits: list[CueHits] = []
        for rows, texts, tokens in _tokenised_chunks(distinct):
            columns["system_hash"][rows] = self._text_hasher.hashed(tokens)
            columns["system_minima"][rows] = text_minima(tokens, self._minima_keys, N_SYSTEM_MINIMA)
            columns["shape"][rows] = system_shapes(texts)
            logits[rows] = self._model.logits(tokens)
            hits.append(self._lexicon.hits(tokens))
        return _Systems(codes, columns, logits, CueHits.joined(hits))

    def _prompts(self, column: pa.Array, systems: _Systems) -> Columns:
        n_rows = len(column)
        columns: Columns = {
            "n_prompt_tokens": np.zeros(n_rows, np.int32),
            "prompt_hash": np.zeros(n_rows, np.uint64),
            "head_minima": np.zeros((n_rows, N_HEAD_MINIMA), np.uint64),
            "tail_minima": np.zeros((n_rows, N_TAIL_MINIMA), np.uint64),
            "body_minima": np.zeros((n_rows, N_BODY_MINIMA), np.uint64),
            "topic": np.zeros((n_rows, TOPIC_DIMENSIONS), np.int8),
            "capability": np.zeros((n_rows, len(CAPABILITIES)), np.uint8),
            "cue_bits": np.zeros((n_rows, len(CUES)), np.float32),
            "shape": np.zeros(n_rows, np.uint32),
        }
        for rows, texts, tokens in _tokenised_chunks(column):
            minima = prompt_minima(tokens, self._minima_keys)
            columns["n_prompt_tokens"][rows] = tokens.counts
            columns["prompt_hash"][rows] = self._text_hasher.hashed(tokens)
            columns["head_minima"][rows] = minima.head
            columns["tail_minima"][rows] = minima.tail
            columns["body_minima"][rows] = minima.body
            columns["topic"][rows] = topics(tokens, self._model.rarity, self._topic_keys)
            codes = systems.codes[rows]
            system_logits = systems.logits[codes]
            scores = self._model.probabilities(self._model.logits(tokens), system_logits)
            scores[(tokens.counts == 0) & (systems.columns["system_hash"][codes] == 0)] = 0  # nothing is known
            columns["capability"][rows] = scores
            columns["cue_bits"][rows] = self._lexicon.bits(self._lexicon.hits(tokens), systems.hits.selected(codes))
            columns["shape"][rows] = prompt_shapes(texts, tokens)
        return columns

    def _responses(self, column: pa.Array) -> Columns:
        columns: Columns = {
            "response_hash": np.zeros(len(column), np.uint64),
            "shape": np.zeros(len(column), np.uint32),
        }
        for rows, texts, tokens in _tokenised_chunks(column):
            columns["response_hash"][rows] = self._text_hasher.hashed(tokens)
            columns["shape"][rows] = response_shapes(texts, tokens)
        return columns


@cache
def _sketcher(key: SketchKey, model: str, lexicon: str) -> Sketcher:
    """Return a sketcher of released weights; one a worker process, however many tasks it runs."""
    return Sketcher(key, CapabilityModel.load(f"{model}.bin"), Lexicon.load(f"{lexicon}.toml"))


def _tokenised_chunks(column: pa.Array) -> Iterator[tuple[slice, Texts, Tokens]]:
    for first, texts in chunked(string_buffers(column)):
        yield slice(first, first + texts.n_rows), texts, tokenised(texts)


def _column(batch: pa.RecordBatch, name: str, kind: pa.DataType) -> pa.Array:
    at = batch.schema.get_field_index(name)
    if at < 0:
        return pa.nulls(batch.num_rows, kind)
    column = batch.column(at)
    return column if column.type == kind else column.cast(kind)


def _lengths(column: pa.Array) -> npt.NDArray[np.int64]:
    return np.asarray(pc.binary_length(column).fill_null(0), np.int64)


def _array(values: npt.NDArray[Any], field: pa.Field) -> pa.Array:
    """Return a column; a hash of 0 says that there was no text, and becomes null."""
    if values.ndim == 2:
        flat = pa.array(np.ascontiguousarray(values).reshape(-1))
        return pa.FixedSizeListArray.from_arrays(flat, type=field.type)
    if field.name.endswith("_hash"):
        return pa.array(values, field.type, mask=values == 0)
    return pa.array(values, field.type)
