"""Laws of custody: whatever is changed in a signed folder is found, and found in its place."""

import contextlib
import copy
import json
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stillwatch.custody.envelope import Envelope
from stillwatch.custody.manifest import ENVELOPE
from stillwatch.custody.parts import changes, parts_of, pointer
from stillwatch.custody.signing import sign
from stillwatch.custody.signing_key import SigningKey
from stillwatch.custody.trust import Trust, TrustedKey
from stillwatch.custody.verification import Request, verify
from stillwatch.errors import InputError

AT = datetime(2026, 11, 26, tzinfo=UTC)
KEY = SigningKey.generate()
TRUST = Trust((TrustedKey(KEY.public, "A", ("analyst",), AT),))

scalars = st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=4), inner, max_size=5),
    max_leaves=12,
)


def signed_folder(root: Path) -> Path:
    """A small signed dossier."""
    folder = root / "d"
    folder.mkdir()
    (folder / "dossier.json").write_text('{"a": {"q": 0.5, "b": [1, "x", null]}, "c": true}\n')
    (folder / "dossier.md").write_text("# A\nline\n")
    (folder / "dossier.pdf").write_bytes(bytes(range(256)))
    sign(folder, KEY, TRUST, {"inputs": [{"name": "t", "sha256": "0" * 64}]}, AT)
    return folder


ROOT = Path(tempfile.mkdtemp(prefix="stillwatch-custody-"))
FOLDER = signed_folder(ROOT)
NAMES = sorted(path.name for path in FOLDER.iterdir())
CONTENT = {name: (FOLDER / name).read_bytes() for name in NAMES}


def teardown_module():
    """Leave nothing."""
    shutil.rmtree(ROOT)


@settings(max_examples=250, deadline=None)
@given(name=st.sampled_from(NAMES), at=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_any_changed_byte_is_found_in_its_file(name, at, flip):
    """Any byte of any file, the envelope's own included, set to any other value: refused, and the file is named."""
    content = bytearray(CONTENT[name])
    content[int(at * len(content))] ^= flip
    (FOLDER / name).write_bytes(content)
    try:
        found = verify(Request(FOLDER, TRUST, at=AT + timedelta(hours=1)))
    finally:
        (FOLDER / name).write_bytes(CONTENT[name])
    assert not found.is_valid
    if name == ENVELOPE:
        assert {one.status for one in found.files} <= {"differs"}
        assert any(ENVELOPE in failure or "signature" in failure or "key" in failure for failure in found.failures)
    else:
        assert [one.name for one in found.files] == [name]
        assert [one.status for one in found.signatures] == ["good"]


@settings(max_examples=50, deadline=None)
@given(name=st.sampled_from(NAMES), share=st.floats(0, 1, exclude_max=True))
def test_any_file_cut_short_is_found(name, share):
    """A file that lost its end is refused."""
    (FOLDER / name).write_bytes(CONTENT[name][: int(share * len(CONTENT[name]))])
    try:
        assert not verify(Request(FOLDER, TRUST, at=AT)).is_valid
    finally:
        (FOLDER / name).write_bytes(CONTENT[name])


def places(value, at=""):
    """Every pointer of a document that leads to a value without parts."""
    if isinstance(value, dict) and value:
        return [place for key, item in value.items() for place in places(item, pointer(at, key))]
    if isinstance(value, list) and value:
        return [place for i, item in enumerate(value) for place in places(item, pointer(at, i))]
    return [at]


def replaced(value, place, new):
    """The document with one value in another's place."""
    if not place:
        return new
    after = copy.deepcopy(value)
    keys = [key.replace("~1", "/").replace("~0", "~") for key in place.split("/")[1:]]
    inner = after
    for key in keys[:-1]:
        inner = inner[int(key) if isinstance(inner, list) else key]
    inner[int(keys[-1]) if isinstance(inner, list) else keys[-1]] = new
    return after


@settings(max_examples=150, deadline=None)
@given(before=values, new=scalars | st.text(max_size=8), data=st.data())
def test_any_changed_value_is_named_exactly(before, new, data):
    """One value in another's place gives one change, at its JSON pointer and nowhere else."""
    place = data.draw(st.sampled_from(places(before)))
    after = replaced(before, place, new)
    old, now = json.dumps(before), json.dumps(after)
    assume(old != now)
    inside, has_more = changes("d.json", now.encode(), parts_of("d.json", old.encode()))
    assert not has_more
    assert [change.place for change in inside] == [place]


@settings(max_examples=100, deadline=None)
@given(before=values, after=values)
def test_equal_documents_have_no_change_and_others_have_one(before, after):
    """No change is said exactly where the two documents are written alike."""
    old, new = json.dumps(before), json.dumps(after)
    inside, _ = changes("d.json", new.encode(), parts_of("d.json", old.encode()))
    assert (inside == []) == (old == new)


@settings(max_examples=80, deadline=None)
@given(content=st.binary(max_size=200) | values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_an_envelope_or_refused(content):
    """Reading never fails otherwise, and what is read is written back the same."""
    with contextlib.suppress(InputError):
        assert Envelope.from_bytes(content, "e").to_bytes() == content


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=400), other=st.binary(max_size=400), suffix=st.sampled_from([".md", ".pdf", ".json"]))
def test_other_bytes_are_located_in_any_file(content, other, suffix):
    """In text and in binary files every difference has a place."""
    name = "f" + suffix
    inside, _ = changes(name, other, parts_of(name, content))
    if suffix != ".json":
        assert (inside == []) == (content == other)
