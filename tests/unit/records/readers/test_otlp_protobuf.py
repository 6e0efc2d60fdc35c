"""OTLP protobuf becomes records of the shape of OTLP JSON lines; what is none is quarantined."""

import base64
import io

import pyarrow as pa
import pytest
from gateway_records import FIXTURES, load, records, rows
from google.protobuf.json_format import ParseDict
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from stillwatch.records.opening import ReadLimits, StreamStoppedError
from stillwatch.records.outcome import Quarantined, Record
from stillwatch.records.readers import otlp
from stillwatch.records.readers.otlp_protobuf import frame, looks_like

TRACES = [*load("otlp_litellm_v2_trace.jsonl"), *load("otlp_dialects.jsonl")]
LOGS = load("otlp_logs.jsonl")


def message(value, kind=TracesData):
    """Return a JSON line as a protobuf message: the ids become bytes."""
    found = ParseDict(_with_base64_ids(value), kind())
    return found.SerializeToString()


def _with_base64_ids(value):
    if isinstance(value, dict):
        return {
            key: base64.b64encode(bytes.fromhex(held)).decode()
            if key in ("traceId", "spanId", "parentSpanId")
            else _with_base64_ids(held)
            for key, held in value.items()
        }
    return [_with_base64_ids(one) for one in value] if isinstance(value, list) else value


def framed(*messages):
    """Return messages as the file exporter writes them."""
    return b"".join(len(one).to_bytes(4, "big") + one for one in messages)


def read(raw, **limits):
    """Return what framing makes of some bytes."""
    return list(frame(io.BytesIO(raw), "traffic.pb", ReadLimits(**limits)))


def exchanges(found):
    """Return the rows that the OTLP reader makes of records."""
    session = otlp.READER.session()
    outcomes = [outcome for record in found for outcome in session.feed(record)]
    return rows([*outcomes, *session.finish()])


def test_framed_traces_read_as_their_json_does():
    """Each message of a collector's file gives the exchanges of the same line in JSON."""
    found = read(framed(*map(message, TRACES)))
    assert [one.place.line for one in found] == list(range(1, len(TRACES) + 1))
    assert exchanges(found) == exchanges(records(TRACES))


def test_framed_logs_read_as_their_json_does():
    """Log records are told from spans, though the outer messages look alike."""
    found = read(framed(*(message(line, LogsData) for line in LOGS)))
    assert all("resourceLogs" in one.value for one in found)
    assert exchanges(found) == exchanges(records(LOGS))


def test_a_bare_request_body_is_one_record():
    """An export request that was kept as it came has nothing before it."""
    raw = message(TRACES[0])
    (found,) = read(raw)
    assert found.place.n_bytes == len(raw)
    assert exchanges([found]) == exchanges(records(TRACES[:1]))


def test_ids_are_hex_and_integers_are_strings():
    """The record has the JSON encoding's own spelling."""
    (found,) = read(framed(message(TRACES[0])))
    spans = found.value["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert spans[0]["traceId"] == "8d95c8c826a33bddfbaae9e1c02c7fc9"
    assert spans[0]["startTimeUnixNano"] == "1795478764044056312"


def test_compressed_messages_and_json_messages():
    """The exporter's older compression packs each message by itself, JSON among them."""
    line = (FIXTURES / "otlp_litellm_v2_trace.jsonl").read_bytes().strip()
    packed = [pa.compress(raw, codec="zstd", asbytes=True) for raw in (line, message(TRACES[0]))]
    first, second = read(framed(*packed))
    assert exchanges([first]) == exchanges([second]) == exchanges(records(TRACES[:1]))


def test_a_message_that_unpacks_to_too_much_is_quarantined():
    """A small message that would fill the memory is not unpacked."""
    bomb = pa.compress(b"{" + b" " * 5_000_000, codec="zstd", asbytes=True)
    (found,) = read(framed(bomb), max_record_bytes=100_000)
    assert found.reason == "record-too-large"


def test_metrics_are_recognised_as_such():
    """Metrics in the same framing reach the reader, which puts them out of scope."""
    value = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "tokens", "gauge": {}}]}]}]}
    (found,) = read(framed(message(value, MetricsData)))
    assert [one.reason for one in otlp.READER.session().feed(found)] == ["not-a-model-call"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (framed(b"\xff\xff\xff\xff"), "not-protobuf"),
        (framed(b"\x28\xb5\x2f\xfdgarbage"), "corrupt-compression"),
        (framed(b"\x0a\x00"), "not-otlp"),
        (framed(b"{broken"), "not-json"),
        (b"\x00\x00", "truncated-file"),
        (b"\x00\x00\x00\x09abc", "truncated-file"),
        (b"\x00" * 64, "bad-framing"),
        (b"\x0a\xff\xff", "not-protobuf"),
    ],
)
def test_garbage_has_a_reason(raw, reason):
    """What is no message is quarantined under a reason of its own, once."""
    (found,) = read(raw)
    assert isinstance(found, Quarantined)
    assert found.reason == reason


def test_a_large_message_is_skipped_and_the_next_one_read():
    """A message over the limit costs its own outcome alone."""
    large = b"\x0a" + b"\x00" * 200_000
    first, second = read(framed(large, message(TRACES[1])), max_record_bytes=100_000)
    assert (first.reason, first.place.n_bytes) == ("record-too-large", len(large) + 4)
    assert isinstance(second, Record)


def test_a_large_bare_message_is_quarantined_whole():
    """A bare body over the limit is one outcome of its whole size."""
    (found,) = read(b"\x0a" + b"\x01" * 300_000, max_record_bytes=1000)
    assert (found.reason, found.place.n_bytes) == ("record-too-large", 300_001)


def test_a_stream_that_stops_says_why():
    """What the decompressor says becomes the last outcome; the records before it stand."""

    class Stopping(io.BytesIO):
        def read(self, size=-1):
            found = super().read(size)
            if not found:
                raise StreamStoppedError("corrupt-compression", "bad block")
            return found

    first, last = frame(Stopping(framed(message(TRACES[1])) + b"\x00\x00"), "x")
    assert isinstance(first, Record)
    assert (last.reason, last.place.n_bytes) == ("corrupt-compression", 2)


def test_looks_like_tells_protobuf_from_text():
    """The first bytes decide; text files that begin with line feeds are none."""
    raw = message(TRACES[0])
    assert looks_like(raw[:64])
    assert looks_like(framed(raw)[:64])
    assert looks_like(framed(pa.compress(raw, codec="zstd", asbytes=True))[:64])
    assert not any(
        map(looks_like, (b"", b"{", b'{"resourceSpans":[]}', b'\n\n\n{"a":1}', b'\n{"a":1}', b"PAR1\x15\x04"))
    )


@settings(deadline=None)
@given(st.binary(max_size=300) | st.binary(max_size=60).map(framed))
def test_no_bytes_crash_the_framing(raw):
    """Whatever the bytes, each message has an outcome and reading ends."""
    for found in read(raw, max_record_bytes=1000):
        assert isinstance(found, Record | Quarantined)
    looks_like(raw)
