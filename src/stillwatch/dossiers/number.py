"""The numbers of a dossier, each with where it comes from, and the sentences that speak of them.

A sentence never holds a number or a value from outside as bare text: it names them, and a renderer puts in the number
in the reader's form with a link to where it comes from, and the value made inert for the medium at hand.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

TOKEN: Final = re.compile(r"\[\[(n|v):([^\[\]]+)\]\]")
"""``[[n:REF]]`` stands for the number REF of the dossier, ``[[v:K]]`` for the statement's K-th value."""


@dataclass(frozen=True, slots=True)
class Interval:
    """What a number could be as well.

    Args:
        low: lower end, in the number's unit.
        high: upper end.
        level: probability that such an interval holds the truth, or 0 where it is a range and no confidence interval.
        method: how it was computed, in words.
    """

    low: float
    high: float
    level: float
    method: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that gave a number.

    Args:
        file: a file of the case, or one that was given beside it.
        selection: which rows, as ``campaign_id = "c-1"`` (see ``selection``), or a path in a JSON document.
        columns: the columns of the file that were read.
        n_rows: how many rows were read.
    """

    file: str
    selection: str
    columns: tuple[str, ...]
    n_rows: int


@dataclass(frozen=True, slots=True)
class Number:
    """One number of the dossier, or one moment.

    Args:
        ref: a name that stays the same from dossier to dossier, as ``taken.exchanges``.
        title: what it is, in a few words.
        value: the number; null where it is a moment or not known.
        moment: the time, where it is one.
        unit: as ``exchanges``, ``share of accounts``, ``bits``, ``probability``, ``p-value``, ``USD`` or ``time``.
        interval: what it could be as well; null where nothing is estimated or nothing can be said.
        method: how it was computed, and why there is no interval where there is none.
        rows: where it was computed from.
        needs: the columns of the traffic or of its registers that stand behind the rows.
        note: why it is not known, or what to mind when reading it; may be empty.
    """

    ref: str
    title: str
    value: float | None
    moment: datetime | None
    unit: str
    interval: Interval | None
    method: str
    rows: Rows
    needs: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence or a few, with tokens for the numbers and values in it.

    Args:
        text: our words, with ``TOKEN`` for each number and value.
        values: what came from outside: names, identifiers, titles.
    """

    text: str
    values: tuple[str, ...]


def say(text: str, *values: str) -> Statement:
    """Return a statement; ``[[v:0]]`` in the text is the first value."""
    return Statement(text, values)


def refs_of(statement: Statement) -> tuple[str, ...]:
    """Return the numbers that a statement names, in order."""
    return tuple(name for kind, name in TOKEN.findall(statement.text) if kind == "n")
