"""The console's own small charts, from the report's parts: columns over days and over hours."""

from collections.abc import Sequence
from datetime import timedelta

from markupsafe import Markup

from stillwatch.dossiers.render.charts.svg import element
from stillwatch.service.console.views.account import Day

HEIGHT: int = 100  # of a drawing's own coordinates; stretched to its box
MOST_COLUMNS: int = 120


def day_chart(days: Sequence[Day]) -> Markup:
    """Return exchanges a day as columns, those of slices below the account's own; days without any are gaps."""
    if not days:
        return Markup("")
    first, last = days[0].day, days[-1].day
    n = (last - first).days + 1
    size = -(-n // MOST_COLUMNS)
    n_columns = -(-n // size)
    slices, own = [0] * n_columns, [0] * n_columns
    for day in days:
        at = (day.day - first) // timedelta(days=size)
        slices[at] += day.n_slice
        own[at] += day.n_own
    return _columns([("slice", slices), ("own", own)])


def hour_chart(hours: Sequence[int]) -> Markup:
    """Return exchanges by hour of the day as columns."""
    return _columns([("hour", list(hours))])


def _columns(stacks: list[tuple[str, list[int]]]) -> Markup:
    """Return stacked columns; each stack is a class and its counts."""
    n = len(stacks[0][1])
    peak = max((sum(counts[i] for _, counts in stacks) for i in range(n)), default=0)
    parts = []
    base = [0.0] * n
    for tone, counts in stacks:
        path = []
        for i, count in enumerate(counts):
            height = count / peak * (HEIGHT - 2) if peak else 0.0
            if height:
                path.append(f"M{i + 0.08:.2f} {HEIGHT - base[i]:.1f}v{-height:.1f}h.84v{height:.1f}z")
                base[i] += height
        parts.append(element("path", class_=tone, d="".join(path) or None))
    return element(
        "svg", *parts, class_="columns", viewBox=f"0 0 {n} {HEIGHT}", preserveAspectRatio="none", aria_hidden="true"
    )
