"""What a request exercises: a linear model over hashed words and word pairs, small enough to publish.

The model is public and the same for every key; its scores are coarse (eleven numbers of one byte). Its arithmetic is
on whole numbers up to one division, one square root and one rounding, so that scores are the same on every machine.

Source: Weinberger et al. 2009, Feature hashing; weights: weights/README.md
"""

import hashlib
import json
import math
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse

from stillwatch.errors import SettingsError
from stillwatch.sketches.mixing import constant, mixed
from stillwatch.sketches.schema import CAPABILITIES
from stillwatch.sketches.tokens import Tokens, first_tokens
from stillwatch.sketches.topic import N_BUCKETS, buckets_of

F64Array = npt.NDArray[np.float64]

DEFAULT_WEIGHTS: Final = "capability-2026-11c.bin"
HEAD_LIMIT: Final = 1024  # tokens read from the start of a text; instructions stand at its ends
TAIL_LIMIT: Final = 512
SYSTEM_SHARE: Final = 0.5  # a system prompt says what an application is for, less than what is asked now

PAIR: Final = np.uint64(constant("pair"))
_STEPS_A_UNIT: Final = 16  # logits are cut to sixteenths before the table of exponentials
_EXPONENTIALS: Final = np.array([round(2**20 * math.exp(-step / _STEPS_A_UNIT)) for step in range(256)], np.int64)


@dataclass(frozen=True, slots=True)
class CapabilityModel:
    """A released model: its name, weights by bucket and class, and each bucket's rarity.

    Args:
        name: of the release; dossiers name it.
        weights: int8 as float32, shape (N_BUCKETS, classes); a logit is ``scale`` times their sum over root n.
        bias: shape (classes,).
        rarity: how much a word of the bucket weighs in a topic, 0 for function words, shape (N_BUCKETS,).
        scale: of the weights.
    """

    name: str
    weights: npt.NDArray[np.float32]
    bias: F64Array
    rarity: npt.NDArray[np.uint8]
    scale: float

    @classmethod
    def load(cls, name: str = DEFAULT_WEIGHTS) -> Self:
        """Return a model released inside the package."""
        return cls.from_bytes(resources.files("stillwatch.sketches").joinpath("weights", name).read_bytes(), where=name)

    @classmethod
    def from_bytes(cls, content: bytes, where: str = "capability model") -> Self:
        """Return the model in a weights file: one line of JSON, int8 weights, int8 bias, uint8 rarity.

        Raises:
            SettingsError: the file is of another form, for other classes, or damaged.
        """
        line, _, payload = content.partition(b"\n")
        try:
            header = json.loads(line)
            digest, classes = header["sha256"], header["classes"]
            name, scale, bias_scale = str(header["name"]), float(header["scale"]), float(header["bias_scale"])
        except (ValueError, KeyError, TypeError):
            raise SettingsError(where, "is not a capability model") from None
        if classes != list(CAPABILITIES):
            raise SettingsError(where, "has other classes than this version", got=str(classes))
        n_weights = N_BUCKETS * len(CAPABILITIES)
        if len(payload) != n_weights + len(CAPABILITIES) + N_BUCKETS or hashlib.sha256(payload).hexdigest() != digest:
            raise SettingsError(where, "is damaged", fix="Install the package again.")
        weights = np.frombuffer(payload, np.int8, n_weights).reshape(N_BUCKETS, -1).astype(np.float32)
        bias = np.frombuffer(payload, np.int8, len(CAPABILITIES), n_weights).astype(np.float64) * bias_scale
        rarity = np.frombuffer(payload, np.uint8, N_BUCKETS, n_weights + len(CAPABILITIES))
        return cls(name, weights, bias, rarity, scale)

    def logits(self, tokens: Tokens) -> F64Array:
        """Return each text's part of the logits, without the bias, shape (rows, classes); 0 without tokens."""
        sums = np.asarray(gram_counts(tokens) @ self.weights, np.float64)  # below 2**24, so exact
        return self.scaled(sums, tokens.counts)

    def scaled(self, sums: F64Array, n_tokens: npt.NDArray[np.integer[Any]]) -> F64Array:
        """Return the logits of sums of weights over texts of so many tokens."""
        n_grams = 2.0 * np.minimum(n_tokens, HEAD_LIMIT + TAIL_LIMIT)
        logits: F64Array = sums * self.scale / np.sqrt(np.maximum(n_grams, 1.0))[:, None]
        return logits

    def probabilities(self, prompt_logits: F64Array, system_logits: F64Array) -> npt.NDArray[np.uint8]:
        """Return probability * 255 of each class, shape (rows, classes)."""
        logits = prompt_logits + SYSTEM_SHARE * system_logits + self.bias
        below = np.floor((logits.max(axis=1, keepdims=True) - logits) * _STEPS_A_UNIT)
        odds = _EXPONENTIALS[np.minimum(below, 255).astype(np.int64)]
        totals = odds.sum(axis=1, keepdims=True)
        scores: npt.NDArray[np.uint8] = ((odds * 255 + totals // 2) // totals).astype(np.uint8)
        return scores


def gram_counts(tokens: Tokens) -> scipy.sparse.csr_matrix:
    """Return how often each bucket's words and word pairs stand in each text, shape (rows, N_BUCKETS)."""
    following = np.empty_like(tokens.hashes)
    following[:-1] = tokens.hashes[1:]
    following[tokens.offsets[1:][tokens.counts > 0] - 1] = 0  # the last word pairs with the end
    pairs = mixed(tokens.hashes * PAIR + following)
    grams = np.stack([buckets_of(tokens.hashes), buckets_of(pairs)], axis=1)
    counts = tokens.counts
    if len(counts) and counts.max() > HEAD_LIMIT + TAIL_LIMIT:
        grams = grams[first_tokens(tokens, HEAD_LIMIT, TAIL_LIMIT)]
        counts = np.minimum(counts, HEAD_LIMIT + TAIL_LIMIT)
    ends = np.concatenate([[0], 2 * np.cumsum(counts)]).astype(np.int32)
    return scipy.sparse.csr_matrix((np.ones(grams.size, np.float32), grams.ravel(), ends), (tokens.n_rows, N_BUCKETS))
