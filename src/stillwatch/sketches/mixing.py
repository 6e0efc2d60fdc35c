"""Public constants and the public mixer of 64-bit integers; nothing here is secret.

Source: Steele, Lea and Flood 2014, Fast splittable pseudorandom number generators (the finaliser of SplitMix64).
"""

from typing import Final

import numpy as np
import numpy.typing as npt

U64Array = npt.NDArray[np.uint64]

_MASK: Final = (1 << 64) - 1
GOLDEN: Final = 0x9E3779B97F4A7C15  # 2**64 over the golden ratio, the step of SplitMix64


def mixed(values: U64Array) -> U64Array:
    """Return each value through the finaliser of SplitMix64, a bijection without visible structure."""
    result = values ^ (values >> np.uint64(30))
    result *= np.uint64(0xBF58476D1CE4E5B9)
    result ^= result >> np.uint64(27)
    result *= np.uint64(0x94D049BB133111EB)
    result ^= result >> np.uint64(31)
    return result


def mixed_word(value: int) -> int:
    """Return one integer through the same finaliser."""
    value &= _MASK
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & _MASK
    return value ^ (value >> 31)


def constant(name: str, index: int = 0) -> int:
    """Return an odd public constant for a named place in an algorithm."""
    seed = int.from_bytes(name.encode()[:8].ljust(8, b"\0"), "little")
    return mixed_word(seed + GOLDEN * (index + 1)) | 1


def powers(base: int, count: int) -> U64Array:
    """Return base**0 ... base**(count-1) modulo 2**64, shape (count,)."""
    result = np.full(max(count, 1), base & _MASK, np.uint64)
    result[0] = 1
    return np.multiply.accumulate(result)[:count]
