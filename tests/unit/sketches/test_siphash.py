"""Tests of SipHash."""

import numpy as np

from stillwatch.sketches.siphash import siphash_words

KEY = (0x0706050403020100, 0x0F0E0D0C0B0A0908)
MASK = (1 << 64) - 1


def _rotated(value, n):
    return (value << n | value >> (64 - n)) & MASK


def _reference(message, key):
    """Return SipHash-2-4 of one 8-byte message with Python's own integers, written from the paper."""
    v = [
        key[0] ^ 0x736F6D6570736575,
        key[1] ^ 0x646F72616E646F6D,
        key[0] ^ 0x6C7967656E657261,
        key[1] ^ 0x7465646279746573,
    ]

    def rounds(n):
        for _ in range(n):
            v[0] = (v[0] + v[1]) & MASK
            v[2] = (v[2] + v[3]) & MASK
            v[1] = _rotated(v[1], 13) ^ v[0]
            v[3] = _rotated(v[3], 16) ^ v[2]
            v[0] = _rotated(v[0], 32)
            v[2] = (v[2] + v[1]) & MASK
            v[0] = (v[0] + v[3]) & MASK
            v[1] = _rotated(v[1], 17) ^ v[2]
            v[3] = _rotated(v[3], 21) ^ v[0]
            v[2] = _rotated(v[2], 32)

    for word in (message, 8 << 56):
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def test_official_vector():
    """The official vector for the message 00 01 ... 07 under the key 00 01 ... 0f comes out."""
    official = int.from_bytes(bytes.fromhex("6224939a79f5f593"), "little")  # the authors' vectors_sip64[8]
    assert int(siphash_words(np.array([0x0706050403020100], np.uint64), KEY)[0]) == official


def test_agrees_with_plain_integers_across_blocks():
    """Values on both sides of a block's end agree with an implementation on Python integers."""
    values = np.random.default_rng(3).integers(0, 2**64, 8200, np.uint64)
    found = siphash_words(values, (MASK, 12345))
    for at in (0, 1, 8191, 8192, 8199):
        assert int(found[at]) == _reference(int(values[at]), (MASK, 12345))


def test_leaves_its_input_alone():
    """Hashing changes nothing in the values given."""
    values = np.arange(10, dtype=np.uint64)
    siphash_words(values, KEY)
    assert values.tolist() == list(range(10))
