"""The ledger of a dossier's numbers while it is being frozen: each is entered once, with where it comes from."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from stillwatch.dossiers.number import Interval, Number, Rows
from stillwatch.dossiers.rounding import rounded

CASE: Final = "campaigns.json"
_UNSAFE: Final = re.compile(r"[^a-z0-9_]+")
SLUG_CHARACTERS: Final = 40  # of a name from outside in a reference; more is cut and told apart by its digest


def slug(name: str) -> str:
    """Return a name from outside as a part of a reference: plain letters, told apart by a digest where it was changed.

    Equal names give equal slugs, different names different ones (up to eight hex digits of SHA-256).
    """
    plain = _UNSAFE.sub("-", name.lower()).strip("-")[:SLUG_CHARACTERS]
    if plain == name:
        return plain
    return f"{plain}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}".strip("-")


def shown(ref: str) -> str:
    """Return the token that stands for a number in a statement."""
    return f"[[n:{ref}]]"


class Ledger:
    """Collects numbers; entering the same number again is allowed, another one under its reference is a bug."""

    def __init__(self, campaign_id: str) -> None:
        self.campaign_id = campaign_id
        self._numbers: dict[str, Number] = {}

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Return all numbers in the order in which they were entered."""
        return tuple(self._numbers.values())

    def __contains__(self, ref: str) -> bool:
        return ref in self._numbers

    def __getitem__(self, ref: str) -> Number:
        return self._numbers[ref]

    def value(self, ref: str) -> float | None:
        """Return the value of a number; null where it is not known or was never entered."""
        return self._numbers[ref].value if ref in self._numbers else None

    def enter(self, number: Number) -> str:
        """Enter a number and return its reference."""
        known = self._numbers.setdefault(number.ref, number)
        if known != number:
            raise AssertionError(number.ref)
        return number.ref

    def put(  # noqa: PLR0913 - the parts of a number, by name
        self,
        ref: str,
        title: str,
        value: float | None,
        unit: str,
        *,
        rows: Rows,
        method: str,
        interval: Interval | None = None,
        needs: Sequence[str] = (),
        note: str = "",
    ) -> str:
        """Enter a number with six significant digits, counts whole, and return its reference."""
        written = value if value is None or float(value).is_integer() else rounded(value)
        if interval is not None:
            low, high = (rounded(end) for end in (interval.low, interval.high))
            interval = Interval(low, high, interval.level, interval.method)
        return self.enter(Number(ref, title, written, None, unit, interval, method, rows, tuple(needs), note))

    def put_time(self, ref: str, title: str, moment: datetime, *, rows: Rows, method: str) -> str:
        """Enter a moment and return its reference."""
        return self.enter(Number(ref, title, None, moment, "time", None, method, rows, (), ""))

    def in_case(self, *fields: str, n_rows: int = 1) -> Rows:
        """Return the rows for a number that stands in, or is made from, fields of the campaign's entry in the case."""
        return Rows(CASE, f"campaigns[id = {self.campaign_id}]", fields, n_rows)
