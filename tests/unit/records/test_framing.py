"""Bytes become records with their places; what cannot be read is quarantined under its own reason."""

import io
import tracemalloc

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.records.delimited import frame_rows
from stillwatch.records.framing import frame_lines
from stillwatch.records.opening import ReadLimits, StreamStoppedError
from stillwatch.records.outcome import Place, Record
from stillwatch.records.values import frame_values, wrapper_key

LIMITS = ReadLimits()


class Chunked:
    """A stream that gives few bytes at a time, and may stop."""

    def __init__(self, content, size=7, stop=None):
        self._file = io.BytesIO(content)
        self._size = size
        self._stop = stop

    def read(self, size):
        """Return a few bytes."""
        chunk = self._file.read(min(size, self._size))
        if not chunk and self._stop is not None:
            raise self._stop
        return chunk


def lines(content, limits=LIMITS, **options):
    """Frame JSON Lines."""
    return list(frame_lines(Chunked(content, **options), "s", limits))


def values(content, limits=LIMITS, wrapper=None, **options):
    """Frame JSON values."""
    return list(frame_values(Chunked(content, **options), "s", limits, wrapper))


def seen(framed):
    """Return the values of records, and the reasons of the others."""
    return [one.value if isinstance(one, Record) else one.reason for one in framed]


def test_lines_have_numbers_and_sizes():
    """Line numbers count empty lines; sizes are those of the line; a BOM and CRLF are none of the record."""
    framed = lines(b'\xef\xbb\xbf{"a":1}\r\n\n  \n{"b":2}')
    assert framed == [Record(Place("s", 1, 8), {"a": 1}), Record(Place("s", 4, 7), {"b": 2})]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a":', "not-json"),
        (b"hello", "not-json"),
        (b'{"a":1}}', "not-json"),
        (b'{"a":NaN,}', "not-json"),
        (b"[1]", "not-an-object"),
        (b"null", "not-an-object"),
        (b'{"a":"\xff"}', "not-utf8"),
        (b'{"a":"\xed\xa0\x80"}', "not-utf8"),
        (b'{"a":"\0"}', "nul-byte"),
        (b'{"a":"\\ud800","b":1e999}', "lone-surrogate"),
        (b'{"a":' + b"9" * 5000 + b"}", "huge-number"),
        (b"[" * 100_000, "too-deep"),
        (b'{"a":' * 2000 + b"1" + b"}" * 2000, "too-deep"),
    ],
)
def test_each_kind_of_bad_line_has_its_reason(line, reason):
    """A bad line is quarantined alone; the next is read; nothing of the line stands in the detail."""
    framed = lines(line + b'\n{"ok":1}\n', size=4096)
    assert seen(framed) == [reason, {"ok": 1}]
    assert framed[0].place == Place("s", 1, len(line))
    assert "hello" not in framed[0].detail


def test_a_nul_escape_is_legal():
    """JSON may hold NUL as an escape; the record stays."""
    assert seen(lines(b'{"a":"x\\u0000y"}')) == [{"a": "x\0y"}]


def test_a_long_line_is_skipped_in_constant_memory():
    """A line of 100 MB is quarantined with its true size, in far less memory, and the next line is read."""

    class Long:
        def __init__(self):
            self._pieces = iter([b'{"a":"', *[b"x" * (1 << 20)] * 100, b'"}\n{"b":1}\n'])

        def read(self, size):
            return next(self._pieces, b"")

    tracemalloc.start()
    framed = list(frame_lines(Long(), "s", ReadLimits(max_record_bytes=1 << 20)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen(framed) == ["record-too-large", {"b": 1}]
    assert framed[0].place == Place("s", 1, (100 << 20) + 8)
    assert framed[1].place.line == 2
    assert peak < 16 << 20


@pytest.mark.parametrize(("tail", "expected"), [(b'{"b":', []), (b'{"b":2}', [{"b": 2}])])
def test_a_stopped_stream_adds_one_quarantined_record(tail, expected):
    """A cut last line is part of the one quarantined record; a whole one is used."""
    framed = lines(b'{"a":1}\n' + tail, stop=StreamStoppedError("truncated-file", "cut"))
    assert seen(framed) == [{"a": 1}, *expected, "truncated-file"]


@pytest.mark.parametrize(
    "content",
    [
        b'[{"a":1},{"b":[{"c":"]}\\"["}]}]',
        b'[\n  {"a": 1},\n  {"b": [{"c": "]}\\"["}]}\n]\n',
        b'{\n "a": 1\n}\n{\n "b": [{"c": "]}\\"["}]\n}',
        b'{"a":1}{"b":[{"c":"]}\\"["}]}',
        b'[{"a":1}]\n[{"b":[{"c":"]}\\"["}]}]',
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 4096])
def test_arrays_and_objects_of_any_layout(content, size):
    """Elements are found by their brackets, whatever the layout and wherever a chunk ends."""
    framed = values(content, size=size)
    assert seen(framed) == [{"a": 1}, {"b": [{"c": ']}"['}]}]
    assert [one.place.line for one in framed] == [1, 2]


@pytest.mark.parametrize("size", [1, 3, 4096])
def test_wrapped_arrays(size):
    """The array under the wrapper's key is the log; what stands beside it is not; wrappers may follow each other."""
    content = b'{"object":"list","meta":{"data":[7]},"data":[{"a":1},{"b":2}],"has_more":false}' * 2
    assert wrapper_key(content) == "data"
    assert seen(values(content, wrapper="data", size=size)) == [{"a": 1}, {"b": 2}] * 2


def test_cloudwatch_messages_are_opened():
    """A CloudWatch envelope and its events give the objects in their messages."""
    inner = [orjson.dumps({"i": i}).decode() for i in range(2)]
    events = [{"id": str(i), "timestamp": 1, "message": text} for i, text in enumerate([*inner, "START"])]
    content = orjson.dumps(
        {"messageType": "DATA_MESSAGE", "logGroup": "g", "subscriptionFilters": ["f"], "logEvents": events}
    )
    assert wrapper_key(content) == "logEvents"
    assert seen(values(content, wrapper="logEvents")) == [{"i": 0}, {"i": 1}, "not-json"]
    assert seen(lines(orjson.dumps(events[0]))) == [{"i": 0}]


@pytest.mark.parametrize(
    "record", [{"data": [{"a": 1}], "model": "m"}, {"data": ["x"]}, {"a": {"data": [{}]}}, {"resourceSpans": [{}]}]
)
def test_a_record_with_a_list_is_no_wrapper(record):
    """An object with keys of its own beside the list is a record."""
    assert wrapper_key(orjson.dumps(record)) is None


def test_nothing_in_an_array_is_lost():
    """Elements that are no objects, cut elements and a missing end are all told."""
    assert seen(values(b'[1, {"a":1}, "x,y", [2], null')) == [
        "not-an-object",
        {"a": 1},
        "not-an-object",
        "not-an-object",
        "not-an-object",
        "truncated-file",
    ]
    assert seen(values(b'[{"a":1},{"b":')) == [{"a": 1}, "not-json"]
    assert seen(values(b'{"data":[]}{"b":[1]}', wrapper="data")) == ["not-a-wrapper"]


def test_a_large_element_is_skipped():
    """An element over the limit is counted with its size, and the next one is read."""
    content = b'[{"a":"' + b"x" * 1000 + b'"},{"b":1}]'
    framed = values(content, ReadLimits(max_record_bytes=100))
    assert seen(framed) == ["record-too-large", {"b": 1}]
    assert framed[0].place.n_bytes == 1008


def test_csv():
    """A quoted field may hold breaks and quotes; empty is null; a row's line is where it begins."""
    content = b'\xef\xbb\xbfa,b\r\n1,"x\n""y"""\r\n\r\n2,\n3\n4,\xff\n5,"u'
    framed = list(frame_rows(Chunked(content), "s", LIMITS))
    assert seen(framed) == [{"a": "1", "b": 'x\n"y"'}, {"a": "2", "b": None}, "ragged-row", "not-utf8", "not-csv"]
    assert [one.place.line for one in framed] == [2, 5, 6, 7, 8]


def test_csv_fields_over_the_modules_own_limit():
    """A field of 1 MB passes; one over the record limit is quarantined with its size, and the next row is read."""
    content = b"a,b\n1," + b"x" * 1_000_000 + b"\n2," + b"y" * 3_000_000 + b"\n3,z\n"
    framed = list(frame_rows(Chunked(content, size=1 << 16), "s", ReadLimits(max_record_bytes=2_000_000)))
    assert [one if isinstance(one, str) else one["a"] for one in seen(framed)] == ["1", "record-too-large", "3"]
    assert framed[1].place.n_bytes == 3_000_002


@given(st.binary(max_size=200), st.integers(1, 9))
def test_any_bytes_are_survived(content, size):
    """No bytes make a framer raise, and the size of a chunk changes nothing."""
    for frame in (lines, values):
        assert frame(content, size=size) == frame(content, size=4096)


@given(
    st.lists(st.sampled_from([b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"a", b" ", b"\n", b"1", b'{"a":1}']))
)
def test_any_structure_is_survived(tokens):
    """The same for bytes that look like JSON, with and without a wrapper."""
    content = b"".join(tokens)
    for wrapper in (None, "a"):
        assert values(content, wrapper=wrapper, size=1) == values(content, wrapper=wrapper, size=4096)
    wrapper_key(content)


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers(-9, 9) | st.none()), max_size=9)
)
def test_objects_survive_every_layout(objects):
    """Objects written as lines, as an array and pretty-printed come back as they were, counted once."""
    encoded = [orjson.dumps(one) for one in objects]
    pretty = b"\n".join(orjson.dumps(one, option=orjson.OPT_INDENT_2) for one in objects)
    assert seen(lines(b"\n".join(encoded))) == objects
    assert seen(values(b"[" + b",".join(encoded) + b"]")) == objects
    assert seen(values(pretty)) == objects


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b'{"a":NaN,"b":-Infinity,"c":"NaN"}', {"a": None, "b": None, "c": "NaN"}),
        (
            b'{"a":"cut \\ud83d","b":"\\ud83d\\ude00","\\udc00":[1]}',
            {"a": "cut \ufffd", "b": "\U0001f600", "\ufffd": [1]},
        ),
    ],
)
def test_what_common_writers_leave_is_read(line, value):
    """NaN and Infinity are null, and half a surrogate pair is U+FFFD; the rest of the record is kept."""
    assert seen(lines(line)) == [value]
