"""Activity over time: stacked steps, lanes of marks, a sparkline, and the hours of the week."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from markupsafe import Markup

from stillwatch.dossiers.drawn import Timeline
from stillwatch.dossiers.render.charts.svg import element, percent

SPARK_BINS: Final = 32
HEIGHT: Final = 100  # of a drawing's own coordinates; stretched to its box
HEAT_LEVELS: Final = 7


@dataclass(frozen=True, slots=True)
class Bin:
    """The sums of a few steps; ``active_accounts`` is their maximum, for the same account may act in each."""

    start_at: datetime
    extraction: int
    own: int
    active_accounts: int
    sign_ups: int
    bans: int


@dataclass(frozen=True, slots=True)
class ReleaseMark:
    """A release and where it stands on the chart."""

    number: int
    model: str
    first_seen_at: datetime
    share_after_a_day: float


@dataclass(frozen=True, slots=True)
class Activity:
    """The chart over time: drawings, the numbers behind them, and the marks."""

    bins: tuple[Bin, ...]
    bin_s: int
    peak: int
    stacked: Markup
    active: Markup
    sign_ups: Markup
    bans: Markup
    marks: tuple[ReleaseMark, ...]


def activity(timeline: Timeline, max_bins: int) -> Activity:
    """Return the chart over time, steps pooled so that at most ``max_bins`` are drawn."""
    pooled = max(1, math.ceil(len(timeline.extraction) / max_bins))
    bins = _bins(timeline, pooled)
    peak = max((b.extraction + b.own for b in bins), default=0)
    marks = tuple(
        ReleaseMark(k, r.model, r.first_seen_at, r.share_after_a_day)
        for k, r in enumerate(
            sorted(timeline.releases, key=lambda release: (release.first_seen_at, release.model)), start=1
        )
    )
    return Activity(
        bins,
        pooled * timeline.step_s,
        peak,
        _stacked(bins, peak, _release_lines(marks, timeline)),
        _lane([b.active_accounts for b in bins], "calm"),
        _lane([b.sign_ups for b in bins], "neutral"),
        _lane([b.bans for b in bins], "ink"),
        marks,
    )


def sparkline(timeline: Timeline) -> Markup:
    """Return the slice's activity as a small drawing for a table."""
    return spark(timeline.extraction)


def spark(counts: Sequence[int]) -> Markup:
    """Return counts a step as a small drawing, steps pooled so that it stays small."""
    pooled = max(1, math.ceil(len(counts) / SPARK_BINS))
    values = _pool(counts, pooled, sum)
    area = _area([0] * len(values), values, max(values, default=0), "spark")
    return element(
        "svg", area, class_="sparkline", viewBox=_box(len(values)), preserveAspectRatio="none", aria_hidden="true"
    )


def heat_levels(hour_of_week: Sequence[int]) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Return per day of the week 24 pairs of count and colour level; level 0 is none, the highest is the peak hour."""
    peak = max(hour_of_week, default=0)
    cells = [
        (n, min(HEAT_LEVELS - 1, math.ceil(n / peak * (HEAT_LEVELS - 1))) if peak > 0 and n > 0 else 0)
        for n in hour_of_week
    ]
    return tuple(tuple(cells[day * 24 : day * 24 + 24]) for day in range(7))


def _bins(timeline: Timeline, pooled: int) -> tuple[Bin, ...]:
    columns = (
        _pool(timeline.extraction, pooled, sum),
        _pool(timeline.own, pooled, sum),
        _pool(timeline.active_accounts, pooled, max),
        _pool(timeline.sign_ups, pooled, sum),
        _pool(timeline.bans, pooled, sum),
    )
    step = timedelta(seconds=timeline.step_s * pooled)
    return tuple(Bin(timeline.start_at + step * k, *row) for k, row in enumerate(zip(*columns, strict=True)))


def _pool(values: Sequence[int], size: int, fold: Callable[[Sequence[int]], int]) -> list[int]:
    return [fold(values[i : i + size]) for i in range(0, len(values), size)]


def _stacked(bins: tuple[Bin, ...], peak: int, overlay: Markup) -> Markup:
    slices, total = [b.extraction for b in bins], [b.extraction + b.own for b in bins]
    inner = element(
        "svg",
        _area(slices, total, peak, "own"),
        _area([0] * len(bins), slices, peak, "slice"),
        viewBox=_box(len(bins)),
        preserveAspectRatio="none",
        width="100%",
        height="100%",
    )
    grid = [element("line", class_="grid", x1=0, x2="100%", y1=percent(y), y2=percent(y)) for y in (0.005, 0.5)]
    return element("svg", *grid, inner, overlay, class_="activity", aria_hidden="true")


def _lane(values: list[int], tone: str) -> Markup:
    area = _area([0] * len(values), values, max(values, default=0), tone)
    return element(
        "svg", area, class_="lane", viewBox=_box(len(values)), preserveAspectRatio="none", aria_hidden="true"
    )


def _area(base: Sequence[int], top: Sequence[int], peak: int, tone: str) -> Markup:
    """Return a stepped area between two series, as one path; heights in whole units of a fine grid."""
    if peak <= 0 or not top:
        return Markup("")
    there = _steps([_y(value, peak) for value in top], 1)
    back = _steps([_y(value, peak) for value in reversed(base)], -1)
    return element(
        "path", class_=tone, d=f"M0 {HEIGHT}{there}{back}z" if any(base) else f"M0 {HEIGHT}{there}V{HEIGHT}z"
    )


def _steps(heights: list[str], direction: int) -> str:
    return "".join(f"V{height}h{direction * len(list(run))}" for height, run in itertools.groupby(heights))


def _y(value: int, peak: int) -> str:
    return f"{HEIGHT - value / peak * (HEIGHT - 2):.1f}".removesuffix(".0")


def _release_lines(marks: tuple[ReleaseMark, ...], timeline: Timeline) -> Markup:
    total_s = timeline.step_s * len(timeline.extraction)
    drawn = []
    for mark in marks:
        at = (mark.first_seen_at - timeline.start_at).total_seconds() / total_s if total_s else -1.0
        if 0 <= at <= 1:
            x = percent(at)
            drawn.append(element("line", class_="release", x1=x, x2=x, y1=16, y2="100%"))
            drawn.append(element("circle", class_="release", cx=x, cy=9, r=8))
            drawn.append(element("text", str(mark.number), class_="release", x=x, y=13, text_anchor="middle"))
    return Markup("").join(drawn)


def _box(width: int) -> str:
    return f"0 0 {max(1, width)} {HEIGHT}"
