"""How a log writes its times, from the times alone: what needs no pattern, and which comes first, day or month.

Guarantee: where day and month can be exchanged in every time, a reading is chosen only if the log itself tells them
apart: its records are in order under one of the two alone, or fill the days between the first and the last of one
reading several times as densely. Else both are named and neither is chosen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from stillwatch.records.coercion import BadValueError, to_time
from stillwatch.records.draft_field import MOST, share

UTC: Final = ZoneInfo("UTC")
CLOCKS: Final = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M:%S %p", "%I:%M %p")
PAIRED: Final = tuple(
    (f"%d{mark}%m{mark}{year}", f"%m{mark}%d{mark}{year}") for mark in ("/", ".", "-") for year in ("%Y", "%y")
)
DAYS: Final = ("%Y/%m/%d", "%Y.%m.%d", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%b %d %Y", "%d %B %Y", "%B %d, %Y")
WHOLE: Final = ("%Y%m%d%H%M%S", "%Y%m%dT%H%M%S", "%a %b %d %H:%M:%S %Y", "%d/%b/%Y:%H:%M:%S")
FIRST_LOOK: Final = 20  # values that a pattern is tried on before all are
MUCH_DENSER: Final = 3.0  # times as many of the days in use: a log that skips two days of three is rare
NEARLY_ALL: Final = 0.99  # of neighbours in order: a few workers write late


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """How the times of a field are written.

    Args:
        pattern: as strptime takes it; null where none is needed.
        why: what tells so, in words.
        other: the pattern that fits as well; where it is set, nothing tells the two apart.
    """

    pattern: str | None
    why: str
    other: str | None = None


def is_time(value: object, zone: ZoneInfo | None) -> bool:
    """Return whether a value is a time that needs no pattern."""
    try:
        to_time(value, zone)
    except BadValueError:
        return False
    return True


def time_format(values: Sequence[Any]) -> TimeFormat | None:
    """Return how the values of a field are written where most are times, else null."""
    if share(values, lambda value: is_time(value, UTC)) >= MOST:
        return TimeFormat(None, "times by their values")
    texts = [value.strip() for value in values if isinstance(value, str)]
    if len(texts) < MOST * len(values):
        return None
    for pattern in _single():
        if _fits(texts, pattern):
            return TimeFormat(pattern, "times by their values")
    for day_first, month_first in _paired():
        fits = [len(_read(texts, pattern)) for pattern in (day_first, month_first)]
        if max(fits) >= MOST * len(texts):
            return _told_apart(texts, (day_first, month_first), fits)
    return None


def _single() -> Iterator[str]:
    yield from WHOLE
    for day in DAYS:
        yield from (f"{day}{gap}{clock}" for gap in (" ", "T") for clock in CLOCKS)


def _paired() -> Iterator[tuple[str, str]]:
    for pair in PAIRED:
        yield from ((f"{pair[0]}{gap}{c}", f"{pair[1]}{gap}{c}") for gap in (" ", "T", ", ") for c in CLOCKS)


def _fits(texts: Sequence[str], pattern: str) -> bool:
    return bool(_read(texts[:FIRST_LOOK], pattern)) and len(_read(texts, pattern)) >= MOST * len(texts)


def _read(texts: Sequence[str], pattern: str) -> list[datetime]:
    found = []
    for text in texts:
        try:
            found.append(datetime.strptime(text, pattern))  # noqa: DTZ007 - the zone is the map's
        except ValueError:
            continue
    return found


def _told_apart(texts: Sequence[str], pair: tuple[str, str], fits: Sequence[int]) -> TimeFormat:
    """Return the reading that the times themselves tell; with ``other`` where they do not."""
    words = ("day before month", "month before day")
    if fits[0] != fits[1]:
        best = int(fits[1] > fits[0])
        return TimeFormat(pair[best], f"times, {words[best]}: only so is each of them a date")
    times = [_read(texts, pattern) for pattern in pair]
    ordered = [_share_in_order(one) >= NEARLY_ALL for one in times]
    if ordered[0] != ordered[1]:
        best = int(ordered[1])
        return TimeFormat(pair[best], f"times, {words[best]}: only so are the records in order; CHECK THIS")
    dense = [_density(one) for one in times]
    best = int(dense[1] > dense[0])
    if dense[best] >= MUCH_DENSER * dense[1 - best]:
        return TimeFormat(pair[best], f"times, {words[best]}: only so do they fill the days between; CHECK THIS")
    return TimeFormat(
        pair[0], "times in which day and month can be exchanged, and nothing tells which is which", pair[1]
    )


def _share_in_order(times: Sequence[datetime]) -> float:
    steps = [later >= earlier for earlier, later in pairwise(times)]
    return sum(steps) / len(steps) if steps else 0.0


def _density(times: Sequence[datetime]) -> float:
    """Return the share of the days from the first to the last time that have one."""
    days = {time.date() for time in times}
    return len(days) / ((max(days) - min(days)).days + 1)
