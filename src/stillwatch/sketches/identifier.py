"""Keyed hashes of names that are compared as they stand: tool names and thinking signatures.

Source: RFC 7693 (BLAKE2b, keyed); SipHash-2-4 over sums of such hashes for sets.
"""

import hashlib

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.siphash import siphash_words

U64Array = npt.NDArray[np.uint64]


class IdentifierHasher:
    """Keyed hashes of tool sets and of thinking signatures, unrelated to each other."""

    def __init__(self, key: SketchKey) -> None:
        self._tool_key = key.derived("tool-name")
        first, second, _, _ = key.derived_words("tool-set")
        self._set_key = first, second
        self._signature_key = key.derived("thinking-signature")

    def tool_sets(self, column: pa.Array) -> tuple[pa.Array, pa.Array]:
        """Return (number of distinct tools, hash of their set): both null where not known, the hash where none."""
        values, offsets = _flat(column)
        hashes, codes = _hashed(values, self._tool_key)
        rows = np.repeat(np.arange(len(column)), np.diff(offsets))
        is_name = codes >= 0
        members = np.unique(rows[is_name] * max(len(hashes), 1) + codes[is_name])
        rows, codes = members // max(len(hashes), 1), members % max(len(hashes), 1)
        counts = np.bincount(rows, minlength=len(column))
        sums = np.zeros(len(column), np.uint64)
        np.add.at(sums, rows, hashes[codes])
        sets = siphash_words(sums, self._set_key)
        sets[sets == 0] = 1
        is_unknown = np.asarray(column.is_null())
        return pa.array(counts.astype(np.int32), mask=is_unknown), pa.array(sets, mask=is_unknown | (counts == 0))

    def signatures(self, column: pa.Array) -> pa.Array:
        """Return the keyed hashes of each row's signatures in their order; null where the row is."""
        values, offsets = _flat(column)
        hashes, codes = _hashed(values, self._signature_key)
        found = hashes[codes] if len(hashes) else np.zeros(len(codes), np.uint64)
        flat = pa.array(found, mask=codes < 0)
        is_null = np.asarray(column.is_null())
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32(), mask=np.append(is_null, False)), flat)


def _flat(column: pa.Array) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    """Return a list column's values end to end and the offsets of its rows; a null row has none."""
    lengths = np.asarray(column.value_lengths().fill_null(0), np.int64)
    return column.flatten(), np.concatenate([[0], np.cumsum(lengths)])


def _hashed(values: pa.Array, key: bytes) -> tuple[U64Array, npt.NDArray[np.int64]]:
    """Return the hash of each distinct value, and which of them each value is, -1 for a null."""
    encoded = values.dictionary_encode()
    distinct = (
        int.from_bytes(hashlib.blake2b(value.as_buffer(), digest_size=8, key=key).digest(), "little")
        for value in encoded.dictionary.cast(pa.large_binary())
    )
    hashes = np.fromiter(distinct, np.uint64, len(encoded.dictionary))
    return hashes, np.asarray(encoded.indices.fill_null(-1), np.int64)
