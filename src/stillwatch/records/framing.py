"""Bytes to records with their places, in bounded memory: JSON Lines, arrays, wrapped and concatenated objects.

A record that cannot be read is quarantined under its own reason: ``not-json``, ``not-an-object``, ``not-utf8``,
``nul-byte``, ``too-deep``, ``lone-surrogate``, ``huge-number``, ``record-too-large``. A stream that stops early
(``truncated-file``, ``decompression-bomb``, ``corrupt-compression``) adds one quarantined record for what is lost.
JSON's own NUL escape is legal: such a record stays, and coercion removes the NUL from its text. NaN and Infinity are
read as null, and half of a surrogate pair as U+FFFD, since common writers leave them.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

import orjson

from stillwatch.records.opening import READ_BYTES, ByteStream, ReadLimits, StreamStoppedError
from stillwatch.records.outcome import Place, Quarantined, Record

Framed: TypeAlias = Record | Quarantined

BOM: Final = b"\xef\xbb\xbf"
BLANK: Final = b" \t\r\n"
LOG_EVENT_KEYS: Final = frozenset(  # the envelope of a CloudWatch log event
    {"id", "eventId", "timestamp", "ingestionTime", "message", "logStreamName", "logGroupName", "extractedFields"}
)
DECODER_REASONS: Final = (  # part of the decoder's message, reason code, words
    ("surrogate", "lone-surrogate", "a string holds half of a surrogate pair"),
    ("depth", "too-deep", "nested more than 1024 levels deep"),
    ("infinity", "huge-number", "a number is beyond the range of a double"),
)


def frame_lines(stream: ByteStream, source: str, limits: ReadLimits) -> Iterator[Framed]:
    """Yield one record a line of JSON Lines; empty lines are none."""
    for number, n_bytes, line in split_lines(stream, limits.max_record_bytes):
        if isinstance(line, StreamStoppedError):
            yield Quarantined(Place(source, number, n_bytes), line.reason, line.detail)
        elif line is None:
            yield too_large(Place(source, number, n_bytes), limits)
        elif stripped := line.strip(BLANK):
            yield decode(stripped, Place(source, number, n_bytes))


def split_lines(
    stream: ByteStream, max_line_bytes: int
) -> Iterator[tuple[int, int, bytes | StreamStoppedError | None]]:
    """Yield each line as number, size and bytes; None for a line over the limit, which is counted, not held.

    A byte order mark is skipped. If the stream stops early, the unfinished line is handed out only where it is a whole
    JSON object; the stop itself comes last, with the size of what was cut.
    """
    number, held, n_held = 1, [b""], 0
    chunks = without_bom(stream)
    stop: StreamStoppedError | None = None
    while True:
        try:
            chunk = next(chunks, b"")
        except StreamStoppedError as stopped:
            stop = stopped
            break
        if not chunk:
            break
        lines = chunk.split(b"\n")
        for line in lines[:-1]:
            n_line = n_held + len(line)
            if n_line > max_line_bytes:
                yield number, n_line, None
            else:
                yield number, n_line, b"".join([*held, line]) if n_held else line
            held, n_held = [], 0
            number += 1
        n_held += len(lines[-1])
        held = [*held, lines[-1]] if n_held <= max_line_bytes else []
    last = b"".join(held)
    if stop is not None:
        is_whole = bool(last) and isinstance(decode(last, Place("", 0, 0)), Record)
        if is_whole:
            yield number, n_held, last
        yield number + is_whole, 0 if is_whole else n_held, stop
    elif n_held:
        yield number, n_held, None if n_held > max_line_bytes else last


def without_bom(stream: ByteStream) -> Iterator[bytes]:
    """Yield a stream's chunks without the byte order mark that may come first."""
    head = b""
    while len(head) < len(BOM) and BOM.startswith(head) and (chunk := stream.read(READ_BYTES)):
        head += chunk
    if head := head.removeprefix(BOM):
        yield head
    while chunk := stream.read(READ_BYTES):
        yield chunk


def decode(raw: bytes, place: Place) -> Framed:
    """Decode one JSON object; a CloudWatch log event gives the object in its message."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        value = _mended(raw, str(error))
        if value is None:
            return undecodable(raw, place, str(error))
    if not isinstance(value, dict):
        return Quarantined(place, "not-an-object", f"the record is a JSON {json_kind(value)}")
    if len(value) <= len(LOG_EVENT_KEYS) and is_log_event(value):
        return decode(value["message"].encode("utf-8"), place)
    return Record(place, value)


def _mended(raw: bytes, message: str) -> object:
    """Return a value whose only fault is one that common writers make; None where it has another.

    Python writes NaN and Infinity, which JSON does not have: they become null. A text that was cut in the middle of a
    character leaves half of a surrogate pair: it becomes U+FFFD.
    """
    is_halved = "surrogate" in message
    if not is_halved and b"NaN" not in raw and b"Infinity" not in raw:
        return None
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=lambda _: None)
        if is_halved:
            text = json.dumps(value, ensure_ascii=False)
            value = orjson.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    except (ValueError, RecursionError):
        return None
    return value


def is_log_event(value: Mapping[str, Any]) -> bool:
    """Return whether an object is a CloudWatch log event with a JSON message."""
    message = value.get("message")
    return isinstance(message, str) and "timestamp" in value and LOG_EVENT_KEYS.issuperset(value)


def undecodable(raw: bytes, place: Place, message: str) -> Quarantined:
    """Say why bytes are no JSON, without repeating any of them."""
    if b"\0" in raw:
        return Quarantined(place, "nul-byte", f"{raw.count(0)} NUL bytes")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return Quarantined(place, "not-utf8", f"byte {error.start} is not UTF-8")
    for part, reason, words in DECODER_REASONS:
        if part in message:
            return Quarantined(place, reason, words)
    where = message.rpartition("(char ")[2].rstrip(")")
    return Quarantined(place, "not-json", f"the JSON breaks off or goes wrong at character {where}")


def too_large(place: Place, limits: ReadLimits) -> Quarantined:
    """Return the outcome of a record over the limit."""
    return Quarantined(place, "record-too-large", f"{place.n_bytes} bytes, limit {limits.max_record_bytes}")


def json_kind(value: object) -> str:
    """Return the JSON word for a decoded value's type."""
    kinds = {list: "array", str: "string", bool: "boolean", int: "number", float: "number", dict: "object"}
    return kinds.get(type(value), "null")
