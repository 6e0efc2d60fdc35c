"""The one decorator of the compiled kernels: no Python objects, no interpreter's lock, kept on disk."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba
import numpy as np

F = TypeVar("F", bound=Callable[..., Any])

STAMP: Final = hashlib.sha256(
    b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
).hexdigest()
"""Of all files of this package."""


def kernel(function: F) -> F:
    """Compile a function at its first call; mixing signed and unsigned 64-bit integers would give floats, so none does.

    The machine code is kept beside the package or in the user's cache; where neither can be written, each process
    compiles anew. It is used again only while no file of this package has changed: kernels call one another across
    files, and numba by itself looks at a kernel's own file alone.
    """
    try:
        compiled = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no place for a cache
        return cast("F", numba.njit(nogil=True)(function))
    kept = getattr(getattr(compiled, "_cache", None), "_cache_file", None)  # numba has no public way
    if kept is not None:
        kept._source_stamp = STAMP  # noqa: SLF001
    return cast("F", compiled)


def inlined(function: F) -> F:
    """Compile a function into each kernel that calls it."""
    return cast("F", numba.njit(forceinline=True, nogil=True)(function))


FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)
S30, S27, S31 = np.uint64(30), np.uint64(27), np.uint64(31)


@inlined
def mix(value: np.uint64) -> np.uint64:
    """Return one value through the finaliser of SplitMix64; see ``sketches.mixing.mixed``."""
    value = (value ^ (value >> S30)) * FIRST
    value = (value ^ (value >> S27)) * SECOND
    return value ^ (value >> S31)


@inlined
def rotated(value: np.uint64, left: np.uint64, right: np.uint64) -> np.uint64:
    """Return a value rotated to the left; ``left + right`` is 64."""
    return (value << left) | (value >> right)


@inlined
def sip_round(
    v0: np.uint64, v1: np.uint64, v2: np.uint64, v3: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Return the state of SipHash after one more round."""
    v0 += v1
    v1 = rotated(v1, np.uint64(13), np.uint64(51)) ^ v0
    v0 = rotated(v0, np.uint64(32), np.uint64(32))
    v2 += v3
    v3 = rotated(v3, np.uint64(16), np.uint64(48)) ^ v2
    v0 += v3
    v3 = rotated(v3, np.uint64(21), np.uint64(43)) ^ v0
    v2 += v1
    v1 = rotated(v1, np.uint64(17), np.uint64(47)) ^ v2
    v2 = rotated(v2, np.uint64(32), np.uint64(32))
    return v0, v1, v2, v3


@inlined
def siphash(message: np.uint64, k0: np.uint64, k1: np.uint64) -> np.uint64:
    """Return SipHash-2-4 of one value; see ``sketches.siphash.siphash_words``."""
    length = np.uint64(8 << 56)
    v0, v1 = k0 ^ np.uint64(0x736F6D6570736575), k1 ^ np.uint64(0x646F72616E646F6D)
    v2, v3 = k0 ^ np.uint64(0x6C7967656E657261), k1 ^ np.uint64(0x7465646279746573) ^ message
    v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
    v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
    v0 ^= message
    v3 ^= length
    v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
    v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
    v0 ^= length
    v2 ^= np.uint64(0xFF)
    v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
    v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
    v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
    v0, v1, v2, v3 = sip_round(v0, v1, v2, v3)
    return v0 ^ v1 ^ v2 ^ v3


@inlined
def siphash_not_zero(message: np.uint64, k0: np.uint64, k1: np.uint64) -> np.uint64:
    """Return SipHash-2-4 of one value, and 1 in place of 0, which says that there is nothing."""
    value = siphash(message, k0, k1)
    return value if value != np.uint64(0) else np.uint64(1)
