"""One pass over the text of exchanges: what comes out has no text, and from here on nothing has.

Source: ours: docs/decisions/0003-keyed-sketches.md
"""

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.sketches import compiled
from stillwatch.sketches.capability import CapabilityModel
from stillwatch.sketches.cues import Lexicon
from stillwatch.sketches.facts import TextPass
from stillwatch.sketches.identifier import IdentifierHasher
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.plain_pass import PlainPass
from stillwatch.sketches.schema import N_HEAD_MINIMA, N_TAIL_MINIMA, SKETCHES

VERSION: Final = "1"  # of the sketch's algorithm: values of two versions are not compared


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
        self._identifiers = IdentifierHasher(key)

    @property
    def shares_interpreter(self) -> bool:
        """Whether it leaves Python's interpreter to others while it works: the compiled kernels do."""
        return compiled.IS_ON

    @cached_property
    def _texts(self) -> TextPass:
        """What reads the texts; machine code is loaded where the first are read."""
        if not compiled.IS_ON:
            return PlainPass(self._key, self._model, self._lexicon)
        from stillwatch.sketches.compiled_pass import CompiledPass  # noqa: PLC0415 - needs numba, the extra `fast`

        return CompiledPass(self._key, self._model, self._lexicon)

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

        Cost: O(bytes) time, at the rates of docs/decisions/0003-keyed-sketches.md; memory of a few copies of the text.
        """
        texts = {name: _column(batch, name, pa.string()) for name in ("system_prompt", "prompt", "response")}
        arrays = {field.name: _array(values, field) for field, values in self._text_columns(texts).items()}
        arrays["has_prompt"] = texts["prompt"].is_valid()
        arrays["has_response"] = texts["response"].is_valid()
        names = _column(batch, "tool_names", pa.list_(pa.string()))
        arrays["n_tools"], arrays["tools_hash"] = self._identifiers.tool_sets(names)
        signatures = _column(batch, "thinking_signatures", pa.list_(pa.string()))
        arrays["thinking_hashes"] = self._identifiers.signatures(signatures)
        kept = (arrays.get(f.name) if f.name in arrays else _column(batch, f.name, f.type) for f in SKETCHES)
        result = pa.RecordBatch.from_arrays(list(kept), schema=SKETCHES)
        assert result.num_rows == batch.num_rows
        return result

    def _text_columns(self, texts: Mapping[str, pa.Array]) -> Mapping[pa.Field, npt.NDArray[Any]]:
        """Return the columns that are made of texts alone."""
        codes, distinct = _coded(texts["system_prompt"])
        systems = self._texts.systems(distinct)
        prompts = self._texts.prompts(texts["prompt"])
        responses = self._texts.responses(texts["response"])
        scores = self._model.probabilities(prompts.logits, systems.logits[codes])
        scores[(prompts.n_tokens == 0) & (systems.hashes[codes] == 0)] = 0  # nothing is known
        zones = np.split(prompts.minima, [N_HEAD_MINIMA, N_HEAD_MINIMA + N_TAIL_MINIMA], axis=1)
        columns: dict[str, npt.NDArray[Any]] = {
            "system_bytes": _lengths(texts["system_prompt"]),
            "prompt_bytes": _lengths(texts["prompt"]),
            "response_bytes": _lengths(texts["response"]),
            "n_prompt_tokens": prompts.n_tokens,
            "system_hash": systems.hashes[codes],
            "prompt_hash": prompts.hashes,
            "response_hash": responses.hashes,
            "system_minima": systems.minima[codes],
            "head_minima": zones[0],
            "tail_minima": zones[1],
            "body_minima": zones[2],
            "topic": prompts.topics,
            "capability": scores,
            "cue_bits": self._lexicon.bits(prompts.hits, systems.hits.selected(codes)),
            "shape": systems.shapes[codes] | prompts.shapes | responses.shapes,
        }
        return {SKETCHES.field(name): values for name, values in columns.items()}


@cache
def _sketcher(key: SketchKey, model: str, lexicon: str) -> Sketcher:
    """Return a sketcher of released weights; one a worker process, however many tasks it runs."""
    return Sketcher(key, CapabilityModel.load(f"{model}.bin"), Lexicon.load(f"{lexicon}.toml"))


def _coded(column: pa.Array) -> tuple[npt.NDArray[np.int64], pa.Array]:
    """Return which text each row has, and the distinct texts: an application repeats its own in every request.

    The last of the texts is empty, and stands for none.
    """
    encoded = column.dictionary_encode()
    codes = np.asarray(encoded.indices.fill_null(len(encoded.dictionary)), np.int64)
    return codes, pa.concat_arrays([encoded.dictionary.cast(pa.large_string()), pa.array([""], pa.large_string())])


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
