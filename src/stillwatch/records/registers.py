"""The tables beside the traffic: accounts, and the registry of authorisations."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa

from stillwatch.errors import InputError
from stillwatch.records.coercion import (
    EARLIEST_EVENT_US,
    LATEST_US,
    BadValueError,
    RowCheck,
    to_microseconds,
    zone_named,
)
from stillwatch.records.columns import check_types
from stillwatch.records.opening import HashingFile, ReadLimits, Source, find_sources
from stillwatch.records.outcome import Quarantined
from stillwatch.records.readers.canonical import open_columns
from stillwatch.records.recognition import COLUMNAR, form_of, records_of
from stillwatch.records.schema import ACCOUNTS, AUTHORISATIONS
from stillwatch.records.tally import digest_of, quarantine_table

TIMES: Final = ("valid_from", "valid_to")
PLAIN_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
DAY_US: Final = 86_400_000_000
SHOWN: Final = 3  # rows that cannot be used
NO_ROWS: Final = "files without a row"
SCOPES: Final = frozenset({"distillation", "evaluation", "safety_research", "resale"})

Row = Mapping[str, Any]
Settle = Callable[[Row], Row]


@dataclass(frozen=True, slots=True)
class Register:
    """A table beside the traffic, and what became of its rows.

    Args:
        table: the canonical table, sorted, each row once.
        n_read: rows that were read: those of the table, folded into one of it, or quarantined.
        n_folded: rows that repeated or contradicted another of the same account.
        digests: file name to SHA-256, hexadecimal.
        warnings: what was set to null, ignored or chosen between, by count.
        quarantine: rows that cannot be used, as ``tally.QUARANTINE``.
    """

    table: pa.Table
    n_read: int
    n_folded: int
    digests: Mapping[str, str]
    warnings: Mapping[str, int]
    quarantine: pa.Table


def read_accounts(
    arguments: Iterable[str | Path], time_zone: str | None = None, limits: ReadLimits | None = None
) -> Register:
    """Return the accounts table, sorted by account.

    Rows of one account that are equal fold into one; of rows that contradict each other the one with most filled
    columns stands, and among equals the first in the order of their values, so that no order of files matters.

    Raises:
        InputError: a file as a whole cannot be read, or holds no ``account_id``.
    """
    zone = zone_named(time_zone)
    check = RowCheck(ACCOUNTS, {"account_id": "no-account"}, zone)
    collected = _Collected(ACCOUNTS, check, "account_id", limits or ReadLimits(), zone)
    rows = collected.read(arguments, lambda row: check.check(row)[0])
    chosen: dict[str, Row] = {}
    contradicted: set[str] = set()
    for row in rows:
        held = chosen.setdefault(row["account_id"], row)
        if held != row:
            contradicted.add(row["account_id"])
            chosen[row["account_id"]] = max(held, row, key=_preference)
    if contradicted:
        collected.warnings["accounts with rows that contradict each other"] += len(contradicted)
    return collected.register([chosen[account] for account in sorted(chosen)], len(rows))


def _preference(row: Row) -> tuple[int, list[int]]:
    """Return a key whose greatest row has most columns, then the first values in order."""
    shown = repr(sorted((name, repr(value)) for name, value in row.items()))
    return len(row), [-ord(character) for character in shown]


def read_authorisations(
    arguments: Iterable[str | Path], time_zone: str | None = None, limits: ReadLimits | None = None
) -> Register:
    """Return the authorisations table, sorted, each row once.

    A row must name exactly one of account and organisation, and a known scope; its times must be readable, for a time
    that was dropped would widen what it allows. A date without a time means that whole day, first or last, in
    ``time_zone`` or UTC. A ``valid_to`` from 2100 on means no end, a ``valid_from`` before 1990 no beginning.

    Raises:
        InputError: a file as a whole cannot be read, or holds no ``scope``.
    """
    zone = zone_named(time_zone)
    plain = pa.schema([field for field in AUTHORISATIONS if not pa.types.is_timestamp(field.type)])
    check = RowCheck(plain, {}, zone)
    collected = _Collected(AUTHORISATIONS, check, "scope", limits or ReadLimits(), zone)

    def settle(row: Row) -> Row:
        times = {name: _time_of(row[name], name, zone) for name in TIMES if row.get(name) not in (None, "")}
        plain_row, _ = check.check({name: value for name, value in row.items() if name not in TIMES})
        return _authorisation(plain_row, times)

    rows = collected.read(arguments, settle)
    distinct = {repr(sorted((name, repr(value)) for name, value in row.items())): row for row in rows}
    return collected.register([distinct[key] for key in sorted(distinct)], len(rows))


def whole(register: Register, where: str) -> Register:
    """Return a register of authorisations all of whose rows could be used.

    Raises:
        InputError: one could not: whom it names would count as authorised by nobody, and might be accused.
    """
    if not register.quarantine.num_rows:
        return register
    bad = register.quarantine.slice(0, SHOWN).to_pylist()
    rows = "; ".join(f"{one['source']} row {one['line']}: {one['reason']}, {one['detail']}" for one in bad)
    raise InputError(
        where,
        f"{register.quarantine.num_rows:,} of {register.n_read:,} rows of the registry could not be used",
        got=rows,
        expected=f"one of account_id and organisation_id, a scope of {', '.join(sorted(SCOPES))}, and dates",
        fix="Mend these rows or take them out: whom a lost row names could be accused.",
    )


def _time_of(value: object, name: str, zone: ZoneInfo | None) -> int:
    """Return the microsecond at which a validity begins or ends; a date alone begins and ends with its day."""
    if not isinstance(value, str) or not PLAIN_DATE.fullmatch(value.strip()):
        return to_microseconds(value, zone)
    start = to_microseconds(f"{value.strip()}T00:00:00", zone or ZoneInfo("UTC"))
    return start if name == "valid_from" else start + DAY_US - 1


def _authorisation(row: dict[str, Any], times: dict[str, int]) -> dict[str, Any]:
    named = [name for name in ("account_id", "organisation_id") if str(row.get(name) or "").strip()]
    if len(named) != 1:
        raise BadValueError("not-one-party", f"{len(named)} of account_id and organisation_id are filled")
    if row.get("scope") not in SCOPES:
        raise BadValueError("unknown-scope", "expected one of " + ", ".join(sorted(SCOPES)))
    if times.get("valid_from", LATEST_US) < EARLIEST_EVENT_US:
        del times["valid_from"]
    if times.get("valid_to", 0) >= LATEST_US:
        del times["valid_to"]
    start = times.get("valid_from", EARLIEST_EVENT_US)
    if start >= LATEST_US or times.get("valid_to", LATEST_US) < start:
        raise BadValueError("bad-validity", "it ends before it begins")
    return {**row, **times}


class _Collected:
    """Reads the rows of a register from files, counting what cannot be used."""

    def __init__(
        self, schema: pa.Schema, check: RowCheck, mark: str, limits: ReadLimits, zone: ZoneInfo | None
    ) -> None:
        self._zone = zone
        self._schema = schema
        self._check = check
        self._mark = mark
        self._limits = limits
        self._quarantined: list[Quarantined] = []
        self._digests: dict[str, str] = {}
        self.warnings: Counter[str] = Counter()

    def read(self, arguments: Iterable[str | Path], settle: Settle) -> list[Row]:
        return [row for source in find_sources(arguments) for row in self._file(source, settle)]

    def register(self, rows: list[Row], n_used: int) -> Register:
        warnings = self.warnings + self._check.warnings
        for name, n_rows in self._check.ignored.items():
            warnings[f"{name}: no column of this table, ignored"] += n_rows
        return Register(
            table=pa.Table.from_pylist([dict(row) for row in rows], schema=self._schema),
            n_read=n_used + len(self._quarantined),
            n_folded=n_used - len(rows),
            digests=self._digests,
            warnings=dict(sorted(warnings.items())),
            quarantine=quarantine_table(self._quarantined),
        )

    def _file(self, source: Source, settle: Settle) -> Iterator[Row]:
        form = form_of(source, self._limits)
        has_mark = False
        if form.container in COLUMNAR:
            columns = open_columns(source.path, form.container, source.name)
            check_types(columns, self._schema, source.name, self._zone)
            has_mark = self._mark in columns.names
        n_rows = 0
        raw = None if form.container in COLUMNAR else HashingFile(source.path)
        try:
            for item in records_of(source, form, self._limits, raw):
                n_rows += 1
                if isinstance(item, Quarantined):
                    self._quarantined.append(item)
                    continue
                has_mark = has_mark or self._mark in item.value
                try:
                    row = settle(item.value)
                except BadValueError as bad:
                    self._quarantined.append(Quarantined(item.place, bad.reason, bad.detail))
                else:
                    yield row
        finally:
            if raw is not None:
                raw.close()
        if n_rows == 0 and (has_mark or form.container not in COLUMNAR):
            self.warnings[NO_ROWS] += 1  # nobody is authorised, or no account is described: that is allowed
        elif not has_mark:
            raise InputError(
                source.name,
                f"no row has {self._mark}",
                expected=", ".join(self._schema.names),
                fix="Rename the columns.",
            )
        self._digests[source.name] = digest_of(source.path)[0]
