"""JSON that is not one object a line: arrays, wrapped arrays, and objects one after another, however they are laid out.

Values are found by their brackets and strings alone and decoded one at a time, so that an array of any size passes in
bounded memory. A record's place is its number, since many may stand on one line.
"""

import re
from collections.abc import Iterator
from typing import Final

from stillwatch.records.framing import Framed, decode, too_large, without_bom
from stillwatch.records.opening import ByteStream, ReadLimits, StreamStoppedError
from stillwatch.records.outcome import Place, Quarantined

WRAPPER_KEYS: Final = frozenset(  # an object's array under one of these is the log
    {"data", "Records", "records", "logEvents", "events", "items", "results", "rows", "traces", "observations"}
)
WRAPPER_EXTRAS: Final = frozenset(  # what may stand beside that array
    {"object", "has_more", "first_id", "last_id", "next", "next_page", "nextToken", "cursor", "meta", "metadata"}
    | {"page", "limit", "total", "count", "version", "messageType", "owner", "logGroup", "logStream"}
    | {"subscriptionFilters", "searchedLogStreams"}
)
TOKEN: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"|[{}\[\],:]', re.DOTALL)
IN_VALUE: Final = re.compile(rb'["{}\[\]]')
IN_STRING: Final = re.compile(rb'["\\]')
BETWEEN: Final = re.compile(rb'["{}\[\],:]|[^\s"{}\[\],:]+')
MAX_KEY_BYTES: Final = 64  # no wrapper key is longer


def wrapper_key(head: bytes) -> str | None:
    """Return the key under which the first object of a file keeps the log, or None where it is a record itself."""
    depth, text, is_key, found = 0, "", False, None
    for token in TOKEN.finditer(head):
        mark = token[0][:1]
        if mark in b"{[":
            if depth == 1 and mark == b"[" and text in WRAPPER_KEYS and _holds_objects(head, token.end()):
                found = found or text
            depth += 1
            is_key = depth == 1
            if is_key and mark == b"[":
                return None
        elif mark in b"}]":
            depth -= 1
            if depth == 0:
                return found
        elif depth == 1 and mark == b",":
            is_key = True
        elif depth == 1 and mark == b'"' and is_key:
            text, is_key = token[1].decode("latin-1"), False
            if text not in WRAPPER_KEYS | WRAPPER_EXTRAS:
                return None
    return found


def _holds_objects(head: bytes, start: int) -> bool:
    return head[start : start + 4096].lstrip()[:1] in (b"{", b"]", b"")  # 4096: more than any indentation


def frame_values(stream: ByteStream, source: str, limits: ReadLimits, wrapper: str | None = None) -> Iterator[Framed]:
    """Yield the records of a stream of JSON values.

    Args:
        stream: arrays of records, records one after another, or wrappers one after another.
        source: the file's name.
        limits: the bounds.
        wrapper: the key under which each top-level object keeps its records; None where the objects are the records.
    """
    scanner = ValueScanner(source, limits, wrapper)
    stop: StreamStoppedError | None = None
    chunks = without_bom(stream)
    while True:
        try:
            chunk = next(chunks, b"")
        except StreamStoppedError as stopped:
            stop = stopped
            break
        if not chunk:
            break
        yield from scanner.feed(chunk)
    yield from scanner.finish(stop)


class ValueScanner:
    """Finds the records in a stream of JSON values, chunk by chunk."""

    def __init__(self, source: str, limits: ReadLimits, wrapper: str | None) -> None:
        self._source = source
        self._limits = limits
        self._has_wrapper = wrapper is not None
        self._keys = frozenset(key.encode("utf-8") for key in WRAPPER_KEYS | {wrapper or ""})
        self._context = "top"  # where the values stand that come next: top, wrapper or array
        self._home = "top"  # where the array stands
        self._depth = 0  # within one value; 0 between values
        self._is_kept = False  # the value is a record
        self._is_in_string = False
        self._is_escaped = False
        self._text = b""  # the last string between values: in a wrapper, its key
        self._has_array = False
        self._n_stray = 0  # bytes of a value that is no object
        self._held: list[bytes] = []
        self._n_held = 0
        self._number = 0

    def feed(self, chunk: bytes) -> Iterator[Framed]:
        """Yield the records that end in this chunk."""
        start, position = 0, int(self._is_escaped)
        self._is_escaped = False
        while position < len(chunk):
            if self._is_in_string:
                position = self._pass_string(chunk, position)
                continue
            found = (IN_VALUE if self._depth else BETWEEN).search(chunk, position)
            if found is None:
                break
            position = found.end()
            token = found[0]
            if self._depth == 0:
                yield from self._between(token)
                start = found.start()
                continue
            self._is_in_string = token == b'"'
            self._depth += (token in b"{[") - (token in b"]}")
            if self._depth == 0 and self._is_kept:
                self._hold(chunk[start:position])
                yield self._end()
        if self._depth and self._is_kept:
            self._hold(chunk[start:])

    def finish(self, stop: StreamStoppedError | None) -> Iterator[Framed]:
        """Yield what the end of the stream leaves: a cut record, or why the stream stopped."""
        yield from self._end_stray()
        n_bytes = self._n_held if self._depth and self._is_kept else 0
        if stop is not None:
            yield Quarantined(self._place(n_bytes), stop.reason, stop.detail)
        elif n_bytes > self._limits.max_record_bytes:
            yield too_large(self._place(n_bytes), self._limits)
        elif n_bytes:
            yield Quarantined(self._place(n_bytes), "not-json", "the file ends inside a record")
        elif self._context != "top":
            yield Quarantined(self._place(0), "truncated-file", "the file ends before its array does")

    def _pass_string(self, chunk: bytes, position: int) -> int:
        """Return where the string, or the chunk, ends."""
        found = IN_STRING.search(chunk, position)
        end = len(chunk) if found is None else found.start()
        if self._depth == 0 and self._context != "wrapper":
            self._n_stray += end - position
        elif self._depth == 0 and len(self._text) <= MAX_KEY_BYTES:
            self._text += chunk[position : min(end, position + MAX_KEY_BYTES + 1)]
        if found is None:
            return end
        if found[0] == b"\\":
            self._is_escaped = end + 2 > len(chunk)
            return end + 2
        self._is_in_string = False
        return end + 1

    def _between(self, token: bytes) -> Iterator[Quarantined]:
        """Take a token that stands between values."""
        if token in (b"{", b"[", b"}", b"]", b",", b":"):
            yield from self._end_stray()
        elif self._context != "wrapper":
            self._n_stray += len(token)
        if token in (b"{", b"["):
            self._open(token)
        elif token == b'"':
            self._is_in_string, self._text = True, b""
        elif token == b"]" and self._context == "array":
            self._context = self._home
        elif token == b"}" and self._context == "wrapper":
            self._context = "top"
            if not self._has_array:
                yield Quarantined(self._place(0), "not-a-wrapper", "an object without the array of records")

    def _end_stray(self) -> Iterator[Quarantined]:
        if self._n_stray:
            place, self._n_stray = self._place(self._n_stray), 0
            yield Quarantined(place, "not-an-object", "a value that is no object")

    def _open(self, token: bytes) -> None:
        if token == b"{" and self._context == "top" and self._has_wrapper:
            self._context, self._has_array = "wrapper", False
        elif token == b"[" and self._context == "top":
            self._context, self._home = "array", "top"
        elif token == b"[" and self._context == "wrapper" and self._text in self._keys:
            self._context, self._home, self._has_array = "array", "wrapper", True
        else:
            self._depth, self._is_kept, self._n_held = 1, self._context != "wrapper", 0

    def _place(self, n_bytes: int) -> Place:
        self._number += 1
        return Place(self._source, self._number, n_bytes)

    def _hold(self, piece: bytes) -> None:
        self._n_held += len(piece)
        if self._n_held <= self._limits.max_record_bytes:
            self._held.append(piece)
        else:
            self._held.clear()

    def _end(self) -> Framed:
        raw, place = b"".join(self._held), self._place(self._n_held)
        self._held.clear()
        self._n_held = 0
        return too_large(place, self._limits) if place.n_bytes > self._limits.max_record_bytes else decode(raw, place)
