"""What one pass over a column of texts finds, before prompts and their system prompts are put together.

There are two passes with the same results, bit for bit: ``plain_pass`` with numpy, ``compiled_pass`` with numba.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.sketches.cues import CueHits

U64Array = npt.NDArray[np.uint64]
U32Array = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """Of each system prompt: keyed hash, minima (rows, 8), bits of shape, part of the logits, and phrases found."""

    hashes: U64Array
    minima: U64Array
    shapes: U32Array
    logits: npt.NDArray[np.float64]
    hits: CueHits


@dataclass(frozen=True, slots=True)
class PromptFacts:
    """Of each prompt: tokens, keyed hash, minima (rows, 32), topic, shape, part of the logits, and phrases found.

    The minima are those of head, tail and body, side by side.
    """

    n_tokens: npt.NDArray[np.int32]
    hashes: U64Array
    minima: U64Array
    topics: npt.NDArray[np.int8]
    shapes: U32Array
    logits: npt.NDArray[np.float64]
    hits: CueHits


@dataclass(frozen=True, slots=True)
class ResponseFacts:
    """Of each response: keyed hash and bits of shape."""

    hashes: U64Array
    shapes: U32Array


class TextPass(Protocol):
    """One pass over a column of texts; a null counts as an empty text."""

    def systems(self, column: pa.Array) -> SystemFacts:
        """Return what is known of some system prompts."""
        ...

    def prompts(self, column: pa.Array) -> PromptFacts:
        """Return what is known of some prompts."""
        ...

    def responses(self, column: pa.Array) -> ResponseFacts:
        """Return what is known of some responses."""
        ...
