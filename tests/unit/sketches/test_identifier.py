"""Tests of tool sets and thinking signatures."""

import pyarrow as pa

from stillwatch.sketches.identifier import IdentifierHasher
from stillwatch.sketches.key import SketchKey

HASHER = IdentifierHasher(SketchKey.public_demo_key())
STRINGS = pa.list_(pa.string())


def test_tool_sets_know_neither_order_nor_repetition():
    """A set of tools has one hash in any order and with repetitions; another set has another."""
    rows = [["read", "write"], ["write", "read", "read"], ["read"], ["write"], ["readwrite"], ["a", "b", "c"]]
    counts, hashes = HASHER.tool_sets(pa.array(rows, STRINGS))
    assert counts.to_pylist() == [2, 2, 1, 1, 1, 3]
    values = hashes.to_pylist()
    assert values[0] == values[1]
    assert len(set(values)) == 5


def test_no_tools_is_not_unknown_tools():
    """Null tools are unknown; an empty list is none, with a count of 0 and no hash."""
    counts, hashes = HASHER.tool_sets(pa.array([None, [], ["a"], [None]], STRINGS))
    assert counts.to_pylist() == [None, 0, 1, 0]
    assert [value is None for value in hashes.to_pylist()] == [True, True, False, True]


def test_signatures_keep_order_case_and_repetition():
    """Each signature is hashed as it stands, in its order; a null row stays null."""
    rows = pa.array([["a", "b", "a"], None, [], ["A"], ["b", None]], STRINGS)
    first, second, third, fourth, fifth = HASHER.signatures(rows).to_pylist()
    assert first[0] == first[2] != first[1]
    assert second is None
    assert third == []
    assert fourth[0] not in first
    assert fifth == [first[1], None]


def test_slices_hash_as_the_whole_does():
    """A slice of a column has the hashes of its own rows."""
    rows = pa.array([["a"], None, ["b", "c"], [], ["a", "c"]], STRINGS)
    for begin in range(5):
        for length in range(6 - begin):
            assert (
                HASHER.signatures(rows.slice(begin, length)).to_pylist()
                == (HASHER.signatures(rows).to_pylist()[begin : begin + length])
            )
            assert (
                HASHER.tool_sets(rows.slice(begin, length))[1].to_pylist()
                == (HASHER.tool_sets(rows)[1].to_pylist()[begin : begin + length])
            )


def test_tools_and_signatures_are_unrelated():
    """One string as a tool and as a signature has two hashes."""
    rows = pa.array([["same"]], STRINGS)
    assert HASHER.tool_sets(rows)[1].to_pylist()[0] != HASHER.signatures(rows).to_pylist()[0][0]
