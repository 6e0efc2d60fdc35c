"""CSV to records: a header names the columns, an empty field is null, quoted fields may hold line breaks."""

import csv
from collections.abc import Iterator
from typing import Final

from stillwatch.errors import InputError
from stillwatch.records.framing import Framed, split_lines, too_large
from stillwatch.records.opening import ByteStream, ReadLimits, StreamStoppedError
from stillwatch.records.outcome import Place, Quarantined, Record

DELIMITERS: Final = (",", "\t", ";", "|")


def delimiter_of(header: str) -> str:
    """Return the delimiter that splits a header line into most columns."""
    return max(DELIMITERS, key=lambda delimiter: (_n_fields(header, delimiter), -DELIMITERS.index(delimiter)))


def _n_fields(header: str, delimiter: str) -> int:
    try:
        return len(_fields(header, delimiter))
    except csv.Error:  # quoted for another delimiter
        return 0


def header_names(header: str, where: str) -> list[str]:
    """Return the column names of a header line.

    Raises:
        InputError: a name is empty or there twice, or the quoting is wrong.
    """
    try:
        names = [name.strip() for name in _fields(header, delimiter_of(header))]
    except csv.Error:
        raise InputError(where, "the header's quoting is wrong", fix="Mend the first line.") from None
    if not all(names) or len(set(names)) < len(names):
        raise InputError(
            where,
            "the header has an empty or repeated column name",
            expected="one name a column",
            fix="Name each column once.",
        )
    return names


def frame_rows(stream: ByteStream, source: str, limits: ReadLimits) -> Iterator[Framed]:
    """Yield one record a row after the header; the line is the one on which the row begins.

    Raises:
        InputError: the header is not one.
    """
    csv.field_size_limit(max(csv.field_size_limit(), limits.max_record_bytes))  # process-wide, so it only ever grows
    names: list[str] = []
    delimiter = ","
    for place, row in _rows(stream, source, limits):
        if isinstance(row, Quarantined):
            yield row
        elif not names:
            header = row.decode("utf-8", "replace")
            names, delimiter = header_names(header, source), delimiter_of(header)
        elif row.strip():
            yield _record(row, place, names, delimiter)


def _record(row: bytes, place: Place, names: list[str], delimiter: str) -> Framed:
    if b"\0" in row:
        return Quarantined(place, "nul-byte", f"{row.count(0)} NUL bytes")
    try:
        fields = _fields(row.decode("utf-8"), delimiter)
    except UnicodeDecodeError as error:
        return Quarantined(place, "not-utf8", f"byte {error.start} is not UTF-8")
    except csv.Error:
        return Quarantined(place, "not-csv", "the quoting is wrong")
    if len(fields) != len(names):
        return Quarantined(place, "ragged-row", f"{len(fields)} fields, the header has {len(names)}")
    return Record(place, {name: field or None for name, field in zip(names, fields, strict=True)})


def _fields(row: str, delimiter: str) -> list[str]:
    return next(csv.reader([row], delimiter=delimiter, strict=True), [])


def _rows(stream: ByteStream, source: str, limits: ReadLimits) -> Iterator[tuple[Place, bytes | Quarantined]]:
    """Yield rows, joining lines while a quoted field is open; a row over the limit is counted, not held."""
    held: list[bytes] = []
    first, n_row, n_quotes = 0, 0, 0
    for number, n_bytes, line in split_lines(stream, limits.max_record_bytes):
        if isinstance(line, StreamStoppedError):
            place = Place(source, first or number, n_row + n_bytes)
            yield place, Quarantined(place, line.reason, line.detail)
            return
        first = first or number
        n_row += n_bytes + bool(n_row)
        n_quotes += line.count(b'"') if line is not None else 0
        if line is None or n_row > limits.max_record_bytes:
            held.clear()
        else:
            held.append(line)
        if n_quotes % 2 and line is not None:
            continue
        place = Place(source, first, n_row)
        is_held = line is not None and n_row <= limits.max_record_bytes
        yield place, b"\n".join(held).removesuffix(b"\r") if is_held else too_large(place, limits)
        held, first, n_row, n_quotes = [], 0, 0, 0
    if first:
        place = Place(source, first, n_row)
        is_large = n_row > limits.max_record_bytes
        yield (
            place,
            too_large(place, limits) if is_large else Quarantined(place, "not-csv", "a quoted field never ends"),
        )
