"""Tests of texts and tokens."""
# ruff: noqa: RUF001, E501 - letters and marks of other scripts are what is tested, one sample a place

import re
import unicodedata

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.sketches.texts import CAP_BYTES, chunked, string_buffers
from stillwatch.sketches.tokens import NUMBER, token_hashes, tokenised


def _words(text):
    """Return the tokens of a text as strings, by an independent and slow rule for plain scripts."""
    cjk = "[\u3005-\u3007\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]"
    return [t.lower() if not t.isdigit() else "0" for t in re.findall(rf"{cjk}|\d+|(?:(?!{cjk})[^\W\d_])+", text)]


SAMPLES = [
    "The quick, brown fox: jumps over 42 lazy dogs!", "snake_case and CamelCase 3rd x1y2", "", "   ", "a", "...",
    "Привет, мир! ЁЛКА и ежи", "Ωμέγα ΑΒΓ", "ÀÉÎÕÜ straße", "今天天气很好，我们去公园。", "東京タワーに行く", "안녕하세요 세계", "mixed 中文and英文 9",
    "مرحبا بالعالم",
]  # fmt: skip


@pytest.mark.parametrize("text", SAMPLES)
def test_splits_as_an_independent_rule_does(text):
    """Equal words have equal hashes, different ones different: the pattern of equality is that of a plain regex."""
    words, hashes = _words(unicodedata.normalize("NFC", text)), token_hashes(text).tolist()
    assert len(words) == len(hashes)
    assert len(set(zip(words, hashes, strict=True))) == len(set(words)) == len(set(hashes))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Translate THIS text", "translate this\n\n  text"),
        ("translate this text", "trans\u200blate th\u200d\u2060is te\u00adxt\ufeff"),
        ("translate this text", "\u202etranslate\u202c \u2066this\u2069 text"),
        ("translate this text", "translate\u00a0this\u3000text"),
        ("translate this text", "ｔｒａｎｓｌａｔｅ　ｔｈｉｓ　ＴＥＸＴ"),
        ("translate this text", "t\U000e0041ranslate this\ufe0f text"),
        ("you don t say", "you don\u2019t say"),
        ("翻译成英文", "翻\u200b译，成「英文」。"),
        (
            "version 2 of 10",
            "Version 317 of 9999999999999999999999999999999999999999999999999999999999999999999999999999",
        ),
        ("ПРИВЕТ ЁЛКА", "привет ёлка"),
        ("É Ö", "é ö"),
    ],
)
def test_what_an_adversary_may_change_changes_nothing(one, other):
    """Case, white space, punctuation, numbers, fullwidth forms and invisible characters leave the tokens alone."""
    assert token_hashes(one).tolist() == token_hashes(other).tolist()


def test_numbers_are_one_token():
    """Every run of digits is the same token."""
    assert token_hashes("7 1234567890123456789 00").tolist() == [int(NUMBER)] * 3


def test_words_that_share_their_first_bytes_differ():
    """A word's hash is of all its bytes, for lengths on both sides of eight and at every alignment."""
    words = ["x" * n for n in range(1, 60)] + ["x" * n + "y" for n in range(1, 60)]
    assert len(set(token_hashes(" ".join(words)).tolist())) == len(words)
    for indent in range(9):
        assert token_hashes(" " * indent + "abcdefghijk").tolist() == token_hashes("abcdefghijk").tolist()


def test_long_blob_becomes_several_tokens():
    """A megabyte without a separator is cut, so that it costs no more than other text."""
    assert len(token_hashes("ab" * 32 * 10)) == 10
    assert len(token_hashes("a" * 65)) == 2


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_slices_and_nulls_are_understood(kind):
    """A slice of a column with nulls gives the tokens of its own rows, for both widths of offsets."""
    column = pa.array(["zero", None, "one two", "", "three", None, "four five six"], kind)
    for begin, end in ((0, 7), (1, 4), (2, 3), (5, 7), (3, 3)):
        texts = string_buffers(column.slice(begin, end - begin))
        wanted = [len(token_hashes(text or "")) for text in column.slice(begin, end - begin).to_pylist()]
        assert tokenised(texts).counts.tolist() == wanted


def test_null_with_bytes_behind_it_is_empty():
    """A null slot whose offsets span bytes gives no token from them."""
    offsets = pa.py_buffer(np.array([0, 6, 9], np.int32).tobytes())
    column = pa.StringArray.from_buffers(2, offsets, pa.py_buffer(b"hiddenyes"), pa.py_buffer(b"\x02"))
    assert tokenised(string_buffers(column)).counts.tolist() == [0, 1]


def test_bytes_that_are_not_utf8_stay_within_their_row():
    """A row that ends inside a character takes nothing from the next one."""
    data = b"ab\xe4\xb8" + b"\xadcd" + b"x\xe2\x80" + b"\x8b ef" + b"\xf3" + b"\xc2"
    offsets = pa.py_buffer(np.cumsum([0, 4, 3, 3, 4, 1, 1]).astype(np.int32).tobytes())
    column = pa.StringArray.from_buffers(6, offsets, pa.py_buffer(data))
    together = tokenised(next(chunked(string_buffers(column)))[1])
    for row in range(6):
        alone = tokenised(next(chunked(string_buffers(column.slice(row, 1))))[1])
        assert together.hashes[together.offsets[row] : together.offsets[row + 1]].tolist() == alone.hashes.tolist()


def test_huge_text_is_read_at_both_ends():
    """A text over the cap keeps its first and last words and is cut between characters."""
    text = "first " + "中" * CAP_BYTES + " last"
    chunks = list(chunked(string_buffers(pa.array([text, "next"]))))
    assert [first for first, _ in chunks] == [0, 1]
    capped = chunks[0][1]
    assert len(capped.data) <= CAP_BYTES + 1
    assert set(capped.data.tobytes().decode()) == set("first 中last")
    hashes = tokenised(capped).hashes.tolist()
    assert hashes[0] == token_hashes("first")[0]
    assert hashes[-1] == token_hashes("last")[0]


def test_chunks_cover_every_row_once():
    """Chunks follow one another without gap or overlap, empty rows included."""
    column = pa.array(["word " * (n % 7 * 2000) for n in range(300)])
    covered = [row for first, texts in chunked(string_buffers(column)) for row in range(first, first + texts.n_rows)]
    assert covered == list(range(300))
