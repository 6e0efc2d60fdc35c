"""Where a number of a dossier comes from: its rows in a case, and the same number computed again from them."""

import json
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from stillwatch.dossiers.dossier import Dossier
from stillwatch.dossiers.freezing.case_folder import digest
from stillwatch.dossiers.freezing.freeze import freeze
from stillwatch.dossiers.freezing.given import Given
from stillwatch.dossiers.number import Number
from stillwatch.dossiers.selection import entry_of, select
from stillwatch.errors import InputError, UsageError
from stillwatch.parquet import table_of

N_NEAR: Final = 6  # references named in a refusal


@dataclass(frozen=True, slots=True)
class Trace:
    """A number, and what a case says of it.

    Args:
        number: the number.
        place: its print number.
        rows: the rows that gave it, at most as many as were asked for.
        n_rows: how many rows there are in the case.
        is_same_file: whether the case's file has the digest that the dossier names; null where it names none.
        again: the same number computed again; null where the case does not give it.
        agrees: whether it is the same, its interval included.
    """

    number: Number
    place: int
    rows: tuple[dict[str, Any], ...]
    n_rows: int
    is_same_file: bool | None
    again: Number | None
    agrees: bool


def find(dossier: Dossier, key: str) -> tuple[int, Number]:
    """Return a number and its print number, by either its print number or its reference.

    Raises:
        UsageError: there is none; the refusal names some that are near.
    """
    for i, number in enumerate(dossier.numbers, 1):
        if key in (number.ref, str(i)):
            return i, number
    near = get_close_matches(key, [number.ref for number in dossier.numbers], N_NEAR)
    expected = ", ".join(near) or f"1 to {len(dossier.numbers)}, or a reference as {dossier.numbers[0].ref}"
    raise UsageError("dossier", "no such number", got=repr(key), expected=expected)


def trace(dossier: Dossier, key: str, case: Path, given: Given, most_rows: int) -> Trace:
    """Return a number with its rows in a case, and computed again by freezing the case anew; see ``compare``."""
    find(dossier, key)  # refused before the work, where there is none
    return compare(dossier, key, case, freeze(case, dossier.campaign_id, given), most_rows)


def compare(dossier: Dossier, key: str, case: Path, again: Dossier, most_rows: int) -> Trace:
    """Return a number with its rows in a case, beside the same number of a dossier that was frozen anew.

    Args:
        dossier: the frozen document.
        key: a print number or a reference.
        case: the case's folder.
        again: the campaign, frozen anew from that case.
        most_rows: rows to return.

    Raises:
        StillwatchError: there is no such number, or the case cannot be read.
    """
    place, number = find(dossier, key)
    path = case / number.rows.file
    rows: tuple[dict[str, Any], ...] = ()
    n_rows, is_same = 0, None
    if path.is_file():
        content = path.read_bytes()
        known = {source.name: source.sha256 for source in dossier.sources}
        is_same = known[path.name] == digest(content) if path.name in known else None
        rows, n_rows = _rows(path, content, number, most_rows)
    anew = {one.ref: one for one in again.numbers}.get(number.ref)
    agrees = anew is not None and _value(anew) == _value(number)
    return Trace(number, place, rows, n_rows, is_same, anew, agrees)


def _value(number: Number) -> tuple[Any, ...]:
    return number.value, number.moment, number.unit, number.interval


def _rows(path: Path, content: bytes, number: Number, most: int) -> tuple[tuple[dict[str, Any], ...], int]:
    if path.suffix == ".json":
        try:
            entry = entry_of(json.loads(content), number.rows.selection)
        except ValueError as error:
            raise InputError(str(path), "not a JSON document", got=str(error)) from None
        found: list[Any] = []
        for column in number.rows.columns if isinstance(entry, dict) else ():
            item = entry_of(entry, column)
            found += item if isinstance(item, list) else [item]
        found = found if isinstance(entry, dict) else list(entry)
        return tuple(one if isinstance(one, dict) else {"value": one} for one in found[:most]), len(found)
    try:
        table = select(table_of(content), number.rows.selection)
    except pa.ArrowException as error:
        raise InputError(str(path), "no table of a case", got=str(error).splitlines()[0]) from None
    keys = [c for c in ("account_id", "exchange_id", "observation", "organisation_id") if c in table.column_names]
    columns = list(dict.fromkeys([*keys, *(c for c in number.rows.columns if c in table.column_names)]))
    return tuple(table.select(columns).slice(0, most).to_pylist()), len(table)
