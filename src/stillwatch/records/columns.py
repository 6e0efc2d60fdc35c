"""Whole Arrow columns to the canonical types at once; the same rules as for single values in ``coercion``."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.errors import InputError
from stillwatch.records.coercion import (
    BOUNDS,
    CONTENT_COLUMNS,
    LATEST_US,
    MAX_ID_CHARACTERS,
    BadValueError,
    check_for,
    earliest_us,
)
from stillwatch.records.schema import UTC_MICROSECONDS

UNITS_A_SECOND: Final = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
Bools = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Converted:
    """A batch in canonical types, and what was wrong with it.

    Args:
        columns: canonical name to array.
        reasons: row number to reason, for the rows to quarantine.
        warnings: values set to null, by column and reason.
    """

    columns: dict[str, pa.Array] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    warnings: Counter[str] = field(default_factory=Counter)


def check_types(schema: pa.Schema, canonical: pa.Schema, where: str, zone: ZoneInfo | None) -> None:
    """Refuse a file whose columns cannot be turned into the canonical types.

    Raises:
        InputError: names the column, its type and what was expected.
    """
    for wanted in canonical:
        if schema.get_field_index(wanted.name) < 0:
            if len(schema.get_all_field_indices(wanted.name)) > 1:
                raise InputError(where, f"column {wanted.name} is there more than once", fix="Rename one of them.")
            continue
        got = schema.field(wanted.name).type
        if not _fits(got.value_type if pa.types.is_dictionary(got) else got, wanted.type):
            raise InputError(
                where,
                f"column {wanted.name} has the wrong type",
                got=str(got),
                expected=str(wanted.type),
                fix="Cast the column, or use a field map.",
            )
        if pa.types.is_timestamp(got) and got.tz is None and zone is None:
            raise InputError(
                where,
                f"column {wanted.name} has no time zone",
                got=str(got),
                expected=str(wanted.type),
                fix="Name the zone with --time-zone.",
            )


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _fits(got: pa.DataType, wanted: pa.DataType) -> bool:
    if pa.types.is_null(got) or _is_text(got):
        return True
    if pa.types.is_string(wanted):
        return _is_binary(got) or bool(pa.types.is_integer(got))
    if pa.types.is_timestamp(wanted):
        is_number = pa.types.is_integer(got) or pa.types.is_floating(got)
        return bool(pa.types.is_timestamp(got) or is_number)
    if pa.types.is_boolean(wanted):
        return bool(pa.types.is_boolean(got) or pa.types.is_integer(got))
    if pa.types.is_list(wanted):
        is_list = pa.types.is_list(got) or pa.types.is_large_list(got) or pa.types.is_fixed_size_list(got)
        return bool(
            is_list
            and (_is_text(got.value_type) or pa.types.is_null(got.value_type) or pa.types.is_dictionary(got.value_type))
        )
    return _is_number(got)


def convert(
    batch: pa.RecordBatch, canonical: pa.Schema, required: Mapping[str, str], zone: ZoneInfo | None
) -> Converted:
    """Convert the columns that a canonical table has; missing ones are null.

    Args:
        batch: n rows, its types checked by ``check_types``.
        canonical: the table's schema.
        required: column to the reason for which a row without it is quarantined.
        zone: the zone of timestamps without one.
    """
    out = Converted()
    for wanted in canonical:
        if wanted.name not in batch.schema.names:
            out.columns[wanted.name] = pa.nulls(batch.num_rows, wanted.type)
            continue
        array = batch.column(wanted.name)
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        out.columns[wanted.name] = _convert_column(array, wanted, required.get(wanted.name), zone, out)
    for name, reason in required.items():
        column = out.columns[name]
        missing = column.is_null()
        if pa.types.is_string(column.type):
            blank = pc.equal(pc.utf8_trim_whitespace(column), "")
            long = pc.greater(pc.utf8_length(column), MAX_ID_CHARACTERS)
            missing = pc.or_kleene(missing, pc.or_kleene(blank, long))
        _mark(out, missing, reason)
    return out


def _mark(out: Converted, rows: pa.Array, reason: str) -> None:
    for row in np.flatnonzero(_bools(rows)):
        out.reasons.setdefault(int(row), reason)


def _bools(array: pa.Array) -> Bools:
    filled: Bools = pc.fill_null(array, False).to_numpy(zero_copy_only=False)
    return filled


def _convert_column(
    array: pa.Array, wanted: pa.Field, reason: str | None, zone: ZoneInfo | None, out: Converted
) -> pa.Array:
    kind = array.type
    is_plain_integer = pa.types.is_integer(kind) and not pa.types.is_uint64(kind)
    converted: pa.Array
    if pa.types.is_null(kind):
        converted = pa.nulls(len(array), wanted.type)
    elif pa.types.is_string(wanted.type):
        converted = _text(array, wanted.name, out)
    elif pa.types.is_timestamp(wanted.type) and not _is_text(kind):
        converted = _time(array, wanted.name, reason, zone, out)
    elif pa.types.is_list(wanted.type) and not _is_text(kind):
        converted = _strings(array, wanted, out)
    elif wanted.name in BOUNDS and (is_plain_integer or pa.types.is_floating(kind)):
        converted = _number(array, wanted, out)
    elif pa.types.is_boolean(kind):
        converted = array
    else:
        converted = _one_by_one(array, wanted, reason, zone, out)
    return converted


def _text(array: pa.Array, name: str, out: Converted) -> pa.Array:
    if pa.types.is_integer(array.type):
        return array.cast(pa.string())
    try:
        text = array.cast(pa.string())
        text.validate(full=True)
    except pa.ArrowInvalid:
        text = _valid_text(array, out)
    if _may_have_nul(text) and pc.any(has_nul := pc.match_substring(text, "\0")).as_py():
        out.warnings[f"{name}: unclean-text"] += pc.sum(has_nul).as_py()
        text = pc.replace_substring(text, "\0", "")
    if name not in CONTENT_COLUMNS and pc.min(pc.binary_length(text)).as_py() == 0:
        text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    return text


def _may_have_nul(text: pa.Array) -> bool:
    """Return whether the bytes of a string array have a NUL, those of null slots included; at memory's speed."""
    _, offsets, data = text.buffers()
    if data is None or len(text) == 0:
        return False
    begin, end = np.frombuffer(offsets, np.int32)[[text.offset, text.offset + len(text)]]
    return bool(begin < end and np.frombuffer(data, np.uint8)[begin:end].min() == 0)


def _valid_text(array: pa.Array, out: Converted) -> pa.Array:
    values: list[str | None] = []
    for row, value in enumerate(array.cast(pa.binary()).to_pylist()):
        try:
            values.append(None if value is None else value.decode("utf-8"))
        except UnicodeDecodeError:
            values.append(None)
            out.reasons[row] = "not-utf8"
    return pa.array(values, pa.string())


def _number(array: pa.Array, wanted: pa.Field, out: Converted) -> pa.Array:
    low, high = BOUNDS[wanted.name]
    is_good = pc.and_(pc.greater_equal(array, low), pc.less_equal(array, high))
    if pa.types.is_floating(array.type) and pa.types.is_integer(wanted.type):
        is_good = pc.and_(is_good, pc.equal(array, pc.round(array)))
    if (n_bad := len(array) - array.null_count - (pc.sum(is_good).as_py() or 0)) > 0:
        out.warnings[f"{wanted.name}: out-of-range"] += n_bad
        array = pc.if_else(is_good, array, pa.scalar(None, array.type))
    return array.cast(wanted.type, safe=False)


def _strings(array: pa.Array, wanted: pa.Field, out: Converted) -> pa.Array:
    try:
        strings = array.cast(wanted.type)
        strings.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return _one_by_one(array, wanted, None, None, out)
    flat = strings.flatten()
    is_odd = flat.null_count or pc.any(pc.or_(pc.equal(flat, ""), pc.match_substring(flat, "\0"))).as_py()
    return _one_by_one(array, wanted, None, None, out) if is_odd else strings


def _time(array: pa.Array, name: str, reason: str | None, zone: ZoneInfo | None, out: Converted) -> pa.Array:
    if pa.types.is_timestamp(array.type):
        if array.type.tz is None:
            array = pc.assume_timezone(array, str(zone), ambiguous="earliest", nonexistent="earliest")
        per_second = UNITS_A_SECOND[array.type.unit]
        raw = (
            array.cast(pa.int64()).to_numpy(zero_copy_only=False)
            if array.null_count == 0
            else _filled(array.cast(pa.int64()))
        )
        scale, divisor = max(1, 1_000_000 // per_second), max(1, per_second // 1_000_000)
        is_good = (raw >= earliest_us(name) // scale * divisor) & (raw < LATEST_US // scale * divisor)
        micros = np.where(is_good, raw, 0) * scale // divisor
    else:
        micros, is_good = _from_epoch(array, name)
    is_bad = ~is_good & _bools(array.is_valid())
    if is_bad.any():
        if reason is None:
            out.warnings[f"{name}: implausible-time"] += int(is_bad.sum())
        else:
            _mark(out, pa.array(is_bad), "implausible-time")
    return pa.array(micros, pa.int64(), mask=~is_good).cast(UTC_MICROSECONDS)


def _filled(array: pa.Array) -> npt.NDArray[np.int64]:
    filled: npt.NDArray[np.int64] = pc.fill_null(array, 0).to_numpy(zero_copy_only=False)
    return filled


def _from_epoch(array: pa.Array, name: str) -> tuple[npt.NDArray[np.int64], Bools]:
    """Return microseconds, and which are plausible, from numbers whose unit follows from their magnitude."""
    if pa.types.is_floating(array.type):
        given = pc.fill_null(array, 0.0).to_numpy(zero_copy_only=False).astype(np.float64)
        given = np.where(np.isfinite(given) & (np.abs(given) < 2.0**62), given, 0.0)  # beyond: no time in any unit
        whole = given.astype(np.int64)
    else:
        fitting = array.cast(pa.int64(), safe=False)
        whole = _filled(fitting)
        given = whole
    with np.errstate(over="ignore"):
        seconds = np.rint(np.where(np.abs(given) < 1e11, given, 0) * 1_000_000).astype(np.int64)
        millis = np.rint(np.where(np.abs(given) < 1e14, given, 0) * 1_000).astype(np.int64)
    size = np.abs(whole)
    micros = np.where(
        size < 10**11, seconds, np.where(size < 10**14, millis, np.where(size < 10**17, whole, whole // 1_000))
    )
    is_good: Bools = (micros >= earliest_us(name)) & (micros < LATEST_US)
    return micros, is_good


def _one_by_one(
    array: pa.Array, wanted: pa.Field, reason: str | None, zone: ZoneInfo | None, out: Converted
) -> pa.Array:
    """Convert what has no vectorised way: times and numbers as text, lists as JSON."""
    check = check_for(wanted, zone)
    values: list[Any] = []
    for row, value in enumerate(array.to_pylist()):
        try:
            values.append(None if value is None or value == "" else check(value))
        except BadValueError as bad:
            values.append(None)
            if reason is None:
                out.warnings[f"{wanted.name}: {bad.reason}"] += 1
            else:
                out.reasons.setdefault(row, bad.reason)
    return pa.array(values, wanted.type)


def text_bytes(batch: pa.RecordBatch, names: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return, for each row, the UTF-8 bytes of its text columns, shape (n,)."""
    total = np.zeros(batch.num_rows, np.int64)
    for name in names:
        total += _filled(pc.binary_length(batch.column(name)).cast(pa.int64()))
    return total
