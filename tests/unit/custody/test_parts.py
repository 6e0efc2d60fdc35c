"""Parts: where inside a file something was changed, without the original."""

import json

import pytest

from stillwatch.custody.parts import MOST_SHOWN, Change, changes, parts_of

BEFORE = {"campaign": {"q_value": 0.013, "ids": ["a", "b", "c", "d"]}, "a/b~c": {"x": None}, "": True, "empty": {}}


def found(before, after, name="d.json"):
    """The changes between two documents, as pairs."""
    old, new = json.dumps(before).encode(), json.dumps(after).encode()
    inside, has_more = changes(name, new, parts_of(name, old))
    assert not has_more
    return [(change.how, change.place) for change in inside]


@pytest.mark.parametrize(
    ("at", "value", "expected"),
    [
        (("campaign", "q_value"), 0.012, [("changed", "/campaign/q_value")]),
        (("campaign", "q_value"), "0.013", [("changed", "/campaign/q_value")]),
        (("campaign", "ids"), ["a", "X", "c", "d"], [("changed", "/campaign/ids/1")]),
        (("campaign", "ids"), ["a", "X", "b", "c", "d"], [("added", "/campaign/ids/1")]),
        (("campaign", "ids"), ["a", "d"], [("removed", "/campaign/ids/1"), ("removed", "/campaign/ids/2")]),
        (("campaign", "ids"), ["a", "X", "d"], [("changed", "/campaign/ids/1"), ("removed", "/campaign/ids/2")]),
        (("campaign", "ids"), [], [("removed", f"/campaign/ids/{i}") for i in range(4)]),
        (("campaign", "ids"), {}, [("changed", "/campaign/ids")]),
        (("a/b~c", "x"), False, [("changed", "/a~1b~0c/x")]),
        (("a/b~c", "y"), 1, [("added", "/a~1b~0c/y")]),
        (("",), 1, [("changed", "/")]),
        (("empty",), [], [("changed", "/empty")]),
    ],
)
def test_a_json_value_is_named_by_its_pointer(at, value, expected):
    """Changed, added and removed values are named exactly, whatever their kind."""
    after = json.loads(json.dumps(BEFORE))
    inner = after
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = value
    assert found(BEFORE, after) == expected


def test_true_is_not_one_and_numbers_keep_their_form():
    """Values that Python holds equal are told apart."""
    assert found({"a": True}, {"a": 1}) == [("changed", "/a")]
    assert changes("d.json", b'{"a": 1.00}', parts_of("d.json", b'{"a": 1.0}'))[0] == [Change("changed", "/a")]


def test_order_and_blanks():
    """Another order of keys is named; other blanks are no change of a value."""
    assert found({"x": {"a": 1, "b": 2}}, {"x": {"b": 2, "a": 1}}) == [("reordered", "/x")]
    assert changes("d.json", b'{ "a":1}', parts_of("d.json", b'{"a": 1}')) == ([], False)


def test_what_is_no_json_any_more_says_where():
    """A broken document, a doubled key and a flood of brackets are named."""
    parts = parts_of("d.json", b'{"a": 1}')
    for content, part in (
        (b'{"a": 1', "line 1"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b"[" * 10**5, "nesting"),
        (b"\xff", "0xff"),
    ):
        (change,), _ = changes("d.json", content, parts)
        assert change.how == "unreadable"
        assert part in change.place


def test_lines_of_text_are_named():
    """Changed lines one by one; put in or taken out, as a span."""
    parts = parts_of("d.md", b"a\nb\nc\nd\n")
    assert changes("d.md", b"a\nX\nc\nY\n", parts)[0] == [Change("changed", "line 2"), Change("changed", "line 4")]
    assert changes("d.md", b"a\nX\nY\nb\nc\nd\n", parts)[0] == [Change("changed", "lines 2 to 3")]
    assert changes("d.md", b"a\nd\n", parts)[0] == [Change("removed", "after line 1")]
    assert changes("d.md", b"", parts)[0] != []


def test_blocks_of_bytes_are_named():
    """A flipped bit in a large binary file is found to a block; large files have larger blocks."""
    content = bytearray(10_000_000)
    parts = parts_of("d.pdf", bytes(content))
    assert len(parts["of"]) <= 1024
    content[5_000_000] ^= 1
    (change,), _ = changes("d.pdf", bytes(content), parts)
    size = parts["block_bytes"]
    first = 5_000_000 // size * size
    assert change == Change("changed", f"bytes {first} to {first + size - 1}")


def test_a_flood_of_changes_is_cut():
    """A document in which everything is new gives a bounded list, and says that there is more."""
    inside, has_more = changes(
        "d.json", json.dumps([1] * 5000).encode(), parts_of("d.json", json.dumps([0] * 5000).encode())
    )
    assert len(inside) == MOST_SHOWN
    assert has_more


def test_endless_nesting_is_no_structure():
    """A document nested beyond reason is signed as blocks; a changed one says so; nothing overflows."""
    deep = b"[" * 102 + b"]" * 102
    assert parts_of("d.json", deep)["kind"] == "blocks"
    assert parts_of("d.json", b"[" * 90 + b"]" * 90)["kind"] == "json"
    (change,), _ = changes("d.json", deep, parts_of("d.json", b"[]"))
    assert (change.how, change.place) == ("unreadable", "is nested too deeply")
    mirror = json.loads(b"[" * 900 + b"]" * 900)
    assert changes("d.json", b"[1]", {"kind": "json", "of": mirror})[0] == [Change("changed", "/0")]


def test_parts_hold_no_value():
    """A digest stands in the place of every value."""
    assert "secret" not in json.dumps(parts_of("d.json", b'{"k": ["secret"]}'))
