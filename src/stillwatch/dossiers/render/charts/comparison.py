"""Two numbers on one line: a value beside its comparison, a statistic beside its null interval."""

import math

from markupsafe import Markup

from stillwatch.dossiers.case import GroupTest, Indicator
from stillwatch.dossiers.render.charts.svg import Scale, element, padded, percent


def dumbbell(indicator: Indicator) -> Markup:
    """Return the value (filled) and the matched organic comparison (hollow) on one line; shares on [0, 1]."""
    values = [value for value in (indicator.value, indicator.comparison) if value is not None]
    parts = []
    if values:
        is_share = indicator.unit.startswith("share") and all(0 <= value <= 1 for value in values)
        scale = Scale(-0.03, 1.03) if is_share else _wide(values)
        if indicator.value is not None and indicator.comparison is not None:
            low, high = sorted((scale.at(indicator.value), scale.at(indicator.comparison)))
            parts.append(element("rect", class_="span", x=percent(low), width=percent(high - low)))
        if indicator.comparison is not None:
            parts.append(element("circle", class_="hollow", cx=percent(scale.at(indicator.comparison))))
        if indicator.value is not None:
            parts.append(element("circle", class_="dot", cx=percent(scale.at(indicator.value))))
    return element("svg", *parts, class_="pairline")


def null_interval(test: GroupTest) -> Markup:
    """Return the statistic as a dot beside the null's mean (tick) and the way up to its 99th percentile (band)."""
    scale = padded([test.statistic, test.null_mean, test.null_high])
    low, high = sorted((scale.at(test.null_mean), scale.at(test.null_high)))
    tone = "dot spent" if test.is_selection else "dot"
    return element(
        "svg",
        element("rect", class_="band", x=percent(low), width=percent(high - low)),
        element("rect", class_="tick", x=percent(scale.at(test.null_mean))),
        element("circle", class_=tone, cx=percent(scale.at(test.statistic))),
        class_="pairline",
    )


def _wide(values: list[float]) -> Scale:
    """Return a scale for numbers that are not shares; a hundredfold difference still shows both."""
    return padded([value for value in values if math.isfinite(value)], share=0.05)
