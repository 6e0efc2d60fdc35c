"""The manifest: the same bytes for the same state, refused where it was changed."""

import hashlib
import json

import pytest

from stillwatch.errors import StateError
from stillwatch.store.state.manifest import Addition, Book, Manifest, Segment, days_between, from_bytes, to_bytes

MANIFEST = Manifest(
    key_id="abc",
    sketches={"sketch_version": "1"},
    additions=(
        Addition(
            number=1,
            read=7,
            used=5,
            quarantined={"bad-time": 1},
            out_of_scope={"repeated-exchange": 1},
            quarantine="q.parquet",
            segments=(Segment("2026-03-01", "s.parquet", "h.parquet", 5),),
        ),
    ),
    inputs=("d1",),
    accounts="a.parquet",
    book=Book("2026-03-01", "2026-01-16", "c.json", "t.parquet"),
    case={"campaigns.json": "x.json"},
)


def test_it_is_read_back_as_it_was() -> None:
    """Bytes and back give the same manifest, and the same manifest gives the same bytes."""
    content = to_bytes(MANIFEST)
    assert from_bytes(content, "m") == MANIFEST
    assert to_bytes(from_bytes(content, "m")) == content


def test_it_names_every_object() -> None:
    """What the manifest does not name would be swept away: all kinds of objects are among its references."""
    assert MANIFEST.references() == {
        "q.parquet", "s.parquet", "h.parquet", "a.parquet", "c.json", "t.parquet", "x.json",
    }  # fmt: skip


def test_an_addition_starts_from_the_campaigns_of_before() -> None:
    """The book of before an addition is kept, so that its analysis can be run again to the same end."""
    longer = MANIFEST.with_addition(Addition(2, 1, 1, {}, {}, "q2.parquet", ()), ("d2", "d1"))
    assert longer.earlier_book == MANIFEST.book
    assert longer.inputs == ("d1", "d2")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda text: text.replace("abc", "abd"), "was changed"),
        (lambda text: text[:-40], "torn"),
        (lambda text: text.replace("stillwatch.state/1", "stillwatch.state/9"), "another version"),
        (lambda text: "[]", "torn"),
    ],
)
def test_a_changed_manifest_is_refused(change, problem) -> None:
    """One edited value, a cut end, or another version is refused with what is wrong."""
    with pytest.raises(StateError, match=problem):
        from_bytes(change(to_bytes(MANIFEST).decode()).encode(), "m")


def test_an_unknown_key_is_refused() -> None:
    """A manifest with its digest right and a key that this version does not know is refused, not half read."""
    body = json.loads(to_bytes(MANIFEST))
    del body["sha256"]
    body["later"] = 1
    text = json.dumps(body, sort_keys=True, indent=1)
    body["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    with pytest.raises(StateError, match="breaks its schema"):
        from_bytes(json.dumps(body).encode(), "m")


def test_days_between() -> None:
    """Days are counted across the end of a month."""
    assert days_between("2026-02-27", "2026-03-01") == 2
