"""The compiled kernels give the bits that numpy gives, on every kind of text."""

import importlib.util
from functools import cache

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.records.schema import PLACED_EXCHANGES
from stillwatch.sketches import compiled
from stillwatch.sketches.capability import CapabilityModel
from stillwatch.sketches.key import SketchKey
from stillwatch.sketches.sketch import Sketcher
from stillwatch.sketches.texts import CAP_BYTES

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("numba") is None or not compiled.IS_ON, reason="the extra `fast` (numba) is not installed"
)

PIECES = (
    "hello World ", "\u00dcn\u00ef \u00c0\u00c9\u00d7 ",
    "\u043f\u0440\u0438\u0432\u0435\u0442 \u041c\u0418\u0420 \u0401\u0436 ",
    "\u0391\u0392\u0393 \u03a9\u03bc\u03ad\u03b3\u03b1 ", "\u6f22\u5b57\u304b\u306a", "\ud55c\uad6d\uc5b4",
    "```py\n", '{"a":1}',
    "\n- x\n* y", "\n1. a\n12) b\n", "A) b\nB. c\nC: d ", "http://x.y ", "<think> ", "</Reasoning>", "<cot>", "|a|b|\n",
    "9" * 70, "x" * 150, "\u200b", "\uff26\uff55\uff4c\uff4c", "\uff1f\u061f", "\x00\x01", "\U0001f642",
    "think step by step ", " \t\r\n", "\ufb01", "\ue000", "\u00ab\u00bb", "\u00df", "let us reason verbatim ", "a",
    "\xad",
)  # fmt: skip
TEXTS = st.one_of(
    st.none(), st.text(max_size=40), st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.tuples(st.sampled_from(PIECES), st.integers(0, 2500)).map(lambda made: made[0] * made[1]),
)  # fmt: skip


def batch(texts: list[str | None]) -> pa.RecordBatch:
    """Return exchanges whose prompts are the texts, and whose answers and system prompts are the same ones turned."""
    columns = {
        "exchange_id": [str(i) for i in range(len(texts))],
        "account_id": ["a"] * len(texts),
        "prompt": texts,
        "system_prompt": texts[1:] + texts[:1],
        "response": texts[::-1],
    }
    arrays = [
        pa.array(columns[field.name], field.type) if field.name in columns else pa.nulls(len(texts), field.type)
        for field in PLACED_EXCHANGES
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=PLACED_EXCHANGES)


def sketcher(*, is_compiled: bool) -> Sketcher:
    """Return a sketcher that has read its first text, and so keeps the kernels that it was made with."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "IS_ON", is_compiled)
        made = Sketcher(SketchKey.public_demo_key(), CapabilityModel.load())
        made.sketch(batch(["a"]))
    return made


@cache
def sketchers() -> tuple[Sketcher, Sketcher]:
    """Return a sketcher with the compiled kernels, and one without."""
    return sketcher(is_compiled=True), sketcher(is_compiled=False)


def assert_equal(made: pa.RecordBatch) -> None:
    """Assert that every column of a sketch is the same with and without the compiled kernels."""
    fast, plain = (one.sketch(made) for one in sketchers())
    for name in plain.schema.names:
        assert fast.column(name).equals(plain.column(name)), name


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=12))
def test_compiled_and_plain_sketches_are_equal(texts: list[str | None]) -> None:
    """Every column of a sketch is the same with and without the compiled kernels, whatever the text."""
    assert_equal(batch(texts))


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, min_size=3, max_size=12), st.data())
def test_slices_are_equal(texts: list[str | None], data: st.DataObject) -> None:
    """A batch that begins and ends inside its buffers is sketched as its rows alone."""
    begin = data.draw(st.integers(0, len(texts) - 1))
    made = batch(texts)
    part = made.slice(begin, data.draw(st.integers(1, len(texts) - begin)))
    assert_equal(part)
    fast, _ = sketchers()
    assert fast.sketch(made).slice(begin, part.num_rows).equals(fast.sketch(part))


@pytest.mark.parametrize("n_bytes", [*range(57, 72), *range(121, 135), 1023, 1024, 1025])
@pytest.mark.parametrize("piece", ["a", "1", "\u6f22", "\u00dc", " ", "\u2014", "\u200b", "<", "?"])
def test_runs_over_the_ends_of_blocks_are_equal(n_bytes: int, piece: str) -> None:
    """What stands across the end of a block of 64 bytes, or of a text, is read as anywhere else."""
    text = "b" * (n_bytes - 1)
    spaced = ("word " * n_bytes)[: n_bytes - 1]
    assert_equal(batch([text + piece, text + piece + "c", spaced + piece * 3, spaced + "- " + piece, piece * n_bytes]))


def test_texts_longer_than_the_cap_are_equal() -> None:
    """A text over the cap is read by its ends, beside texts that are not."""
    long = "".join(f"{number} caf\u00e9 \u6f22{number} " for number in range(90_000))
    assert len(long.encode()) > CAP_BYTES
    assert_equal(batch(["before", long, None, long[1:], "behind"]))
