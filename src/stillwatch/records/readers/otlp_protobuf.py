"""OTLP as protobuf: the collector's file exporter, and request bodies kept as they came.

The file exporter puts four bytes, an unsigned big-endian number, before each message: its size. With compression the
messages may be compressed one by one, and may then be JSON too. A request body is one message with nothing before it.

The three signals share one outer shape, so a message is first read as traces, and as logs where its spans have no ids.

Source: OpenTelemetry Collector, fileexporter's documentation; OpenTelemetry protocol, trace.proto and logs.proto.
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pyarrow as pa
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from stillwatch.records.framing import Framed, decode, too_large
from stillwatch.records.opening import READ_BYTES, ZSTD_MAGIC, ByteStream, ReadLimits, StreamStoppedError
from stillwatch.records.outcome import Place, Quarantined, Record

SIZE_BYTES: Final = 4  # of the number before a message
BARE: Final = b"\x0a"  # the tag of the first field of a message; as a size's first byte it would mean 160 MiB
INNER_TAGS: Final = b"\x0a\x12\x1a"  # resource, scopes, schema address
TRACE_ID_BYTES: Final = 16
SPAN_ID_BYTES: Final = 8
ID_FIELDS: Final = ("traceId", "spanId", "parentSpanId")
NO_TEXT: Final = frozenset(range(9))  # control characters that no text file holds, and every protobuf message does


def looks_like(head: bytes) -> bool:
    """Say whether a file that begins with these bytes holds OTLP as protobuf, or in the exporter's frames.

    Args:
        head: the first bytes, 64 or more where the file has them.
    """
    if head.startswith(BARE):
        at = 1
        while at < min(len(head), 10) and head[at] & 0x80:  # a size in at most 10 bytes of 7 bits
            at += 1
        return head[at + 1 : at + 2] in {bytes([tag]) for tag in INNER_TAGS} and not NO_TEXT.isdisjoint(head)
    size = int.from_bytes(head[:SIZE_BYTES], "big")
    body = head[SIZE_BYTES:]
    return 0 < size < 1 << 30 and (body[:1] in (BARE, b"{") or body.startswith(ZSTD_MAGIC)) and head[0] in NO_TEXT


def frame(stream: ByteStream, source: str, limits: ReadLimits | None = None) -> Iterator[Framed]:
    """Yield one record a message, in the shape of an OTLP JSON line; what cannot be read is quarantined.

    Args:
        stream: the decompressed file.
        source: the file as the user named it.
        limits: the largest message that is read; a larger one is skipped in constant memory.
    """
    allowed = limits or ReadLimits()
    reader = _Reader(stream)
    number = 1
    try:
        head = reader.take(1)
        if head == BARE:
            yield _bare(reader, source, allowed)
            return
        head += reader.take(SIZE_BYTES - 1) if head else b""
        while head:
            size = int.from_bytes(head, "big")
            place = Place(source, number, SIZE_BYTES + size)
            if len(head) < SIZE_BYTES:
                yield Quarantined(Place(source, number, len(head)), "truncated-file", "the file ends inside a size")
                return
            if size == 0:  # no exporter writes it; reading on would make a record of every four zeros
                yield Quarantined(place, "bad-framing", "a message of size 0; the rest of the file was not read")
                return
            if size > allowed.max_record_bytes:
                yield too_large(place, allowed)
                reader.skip(size)
            else:
                body = reader.take(size)
                if len(body) < size:
                    short = Place(source, number, SIZE_BYTES + len(body))
                    yield Quarantined(
                        short, "truncated-file", f"a message of {size} bytes of which {len(body)} are there"
                    )
                    return
                yield decode_message(body, place, allowed)
            number += 1
            head = reader.take(SIZE_BYTES)
    except StreamStoppedError as stopped:
        yield Quarantined(Place(source, number, reader.n_unused()), stopped.reason, stopped.detail)


def decode_message(body: bytes, place: Place, limits: ReadLimits | None = None) -> Framed:
    """Return one message as a record in the shape of an OTLP JSON line, or why it cannot be read.

    Args:
        body: a protobuf message, or a JSON object, either also compressed with zstd.
        place: where it stood.
        limits: the largest size that it may have when decompressed.
    """
    allowed = limits or ReadLimits()
    if body.startswith(ZSTD_MAGIC):
        try:
            stream = pa.CompressedInputStream(pa.BufferReader(body), "zstd")  # noqa: TID251 - read in this thread alone
            body = stream.read(allowed.max_record_bytes + 1)
        except (OSError, pa.ArrowException):
            return Quarantined(place, "corrupt-compression", "a message is no whole zstd frame")
        if len(body) > allowed.max_record_bytes:
            return Quarantined(place, "record-too-large", f"over {allowed.max_record_bytes} bytes when decompressed")
    if body.startswith(b"{"):
        return decode(body, place)
    try:
        value = _value(body)
    except (DecodeError, ValueError):  # ValueError: a text that is not UTF-8, or a depth beyond protobuf's limit
        return Quarantined(place, "not-protobuf", "the bytes are no OTLP message")
    if value is None:
        return Quarantined(place, "not-otlp", "the message holds neither spans, log records nor metrics")
    return Record(place, value)


def _bare(reader: "_Reader", source: str, limits: ReadLimits) -> Framed:
    body = BARE + reader.take(limits.max_record_bytes)
    if len(body) > limits.max_record_bytes:
        return too_large(Place(source, 1, len(body) + reader.skip(None)), limits)
    return decode_message(body, Place(source, 1, len(body)), limits)


def _value(body: bytes) -> Mapping[str, Any] | None:
    """Return a message as OTLP's JSON has it; None for one that holds nothing.

    A field of the wrong kind is skipped by the decoder and not refused, so that logs read as traces are spans without
    ids, and the other way round log records without anything.
    """
    errors = 0
    for kind, holds in ((TracesData, _has_spans), (LogsData, _has_log_records), (MetricsData, _has_metrics)):
        try:
            message = kind.FromString(body)
        except DecodeError:
            errors += 1
            continue
        if holds(message):
            found: dict[str, Any] = MessageToDict(message, use_integers_for_enums=True)
            _write_ids_in_hex(found)
            return found
    if errors:
        raise DecodeError
    return None


def _has_spans(message: Any) -> bool:
    ids = [
        len(span.trace_id) == TRACE_ID_BYTES and len(span.span_id) == SPAN_ID_BYTES
        for group in message.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    ]
    return bool(ids) and all(ids)


def _has_log_records(message: Any) -> bool:
    return any(
        record.time_unix_nano or record.observed_time_unix_nano or record.HasField("body")
        for group in message.resource_logs
        for scope in group.scope_logs
        for record in scope.log_records
    )


def _has_metrics(message: Any) -> bool:
    return any(
        metric.WhichOneof("data") for g in message.resource_metrics for s in g.scope_metrics for metric in s.metrics
    )


def _write_ids_in_hex(found: Mapping[str, Any]) -> None:
    """Write trace and span ids as OTLP's JSON does, in hex and not in base64, in place."""
    for outer, scopes, inner in (("resourceSpans", "scopeSpans", "spans"), ("resourceLogs", "scopeLogs", "logRecords")):
        for group in found.get(outer, ()):
            for scope in group.get(scopes, ()):
                for entry in scope.get(inner, ()):
                    for holder in (entry, *entry.get("links", ())):
                        for name in ID_FIELDS:
                            if name in holder:
                                holder[name] = base64.b64decode(holder[name]).hex()


class _Reader:
    """Takes exact sizes from a stream that gives what it has."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._held = bytearray()

    def take(self, size: int) -> bytes:
        """Return ``size`` bytes, or fewer at the end."""
        while len(self._held) < size and (chunk := self._stream.read(READ_BYTES)):
            self._held += chunk
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken

    def skip(self, size: int | None) -> int:
        """Pass over ``size`` bytes, or all that are left, holding one chunk at a time; return how many there were."""
        passed = len(self._held) if size is None else min(size, len(self._held))
        del self._held[:passed]
        while (size is None or passed < size) and (chunk := self._stream.read(READ_BYTES)):
            used = len(chunk) if size is None else min(len(chunk), size - passed)
            self._held += chunk[used:]
            passed += used
        return passed

    def n_unused(self) -> int:
        """Return how many bytes were read and belong to no record."""
        return len(self._held)
