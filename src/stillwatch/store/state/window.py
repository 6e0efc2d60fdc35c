"""Which days of a state a scan looks at."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

from stillwatch.campaigns.lifecycle import Window
from stillwatch.errors import UsageError
from stillwatch.store.state.manifest import Addition, Manifest, Segment, days_between

DEFAULT_DAYS: Final = 45  # the longest published campaign took six weeks
STRAY_SHARE: Final = 0.01  # of the exchanges a day: what lies apart from the rest and has fewer is a wrong clock
OUTSIDE: Final = "outside-window"
ERASED: Final = "erased-account"
PRUNED: Final = "pruned"


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of a window that add up, with their reasons."""

    read: int
    used: int
    quarantined: Mapping[str, int]
    out_of_scope: Mapping[str, int]

    def totals(self) -> dict[str, int]:
        """Return the four counts."""
        out_of_scope = sum(self.out_of_scope.values())
        return {
            "read": self.read,
            "used": self.used,
            "quarantined": sum(self.quarantined.values()),
            "out_of_scope": out_of_scope,
        }


def window_of(segments: Iterable[Segment], n_days: int) -> Window | None:
    """Return the window of ``n_days`` UTC days that ends with the newest day; null where there is no exchange.

    A few exchanges far in the future, from a wrong clock, do not move it: days that lie a whole window apart from
    the rest count as newest only where they have some hundredth of the usual exchanges a day.

    Raises:
        UsageError: the window is shorter than a day.
    """
    if n_days < 1:
        raise UsageError("--window", "is too short", got=str(n_days), expected="at least 1 day")
    rows: Counter[str] = Counter()
    for segment in segments:
        rows[segment.day] += segment.n_rows
    days = sorted(day for day, n in rows.items() if n)
    if not days:
        return None
    runs: list[list[str]] = [[days[0]]]
    for earlier, later in pairwise(days):
        if days_between(earlier, later) > n_days:
            runs.append([])
        runs[-1].append(later)
    density = [sum(rows[day] for day in run) / len(run) for run in runs]
    usual = [run for run, dense in zip(runs, density, strict=True) if dense >= STRAY_SHARE * max(density)]
    last = usual[-1][-1]
    return Window(date.fromordinal(date.fromisoformat(last).toordinal() - n_days + 1).isoformat(), last)


def is_inside(segment: Segment, window: Window) -> bool:
    """Return whether a segment's day lies in a window."""
    return window.first <= segment.day <= window.last


def additions_of(manifest: Manifest, window: Window) -> tuple[Addition, ...]:
    """Return the additions that reach into a window, and the last one."""
    return tuple(
        one
        for one in manifest.additions
        if one is manifest.additions[-1] or any(is_inside(segment, window) for segment in one.segments)
    )


def counts_of(manifest: Manifest, window: Window) -> Counts:
    """Return what was read, and what became of it, over the additions that reach into a window, and the last one."""
    chosen = additions_of(manifest, window)
    quarantined: Counter[str] = Counter()
    out_of_scope: Counter[str] = Counter()
    for one in chosen:
        quarantined.update(one.quarantined)
        out_of_scope.update(one.out_of_scope)
        out_of_scope.update({OUTSIDE: _rows(one, window, inside=False), ERASED: one.n_erased, PRUNED: one.n_pruned})
    return Counts(
        read=sum(one.read for one in chosen),
        used=sum(_rows(one, window, inside=True) for one in chosen),
        quarantined=dict(sorted(quarantined.items())),
        out_of_scope={reason: n for reason, n in sorted(out_of_scope.items()) if n},
    )


def _rows(one: Addition, window: Window, *, inside: bool) -> int:
    return sum(segment.n_rows for segment in one.segments if is_inside(segment, window) == inside)
