"""Horizontal bars: shares, counts on a log scale, bits from a base line."""

import math

from markupsafe import Markup

from stillwatch.dossiers.render.charts.svg import Scale, element, padded, percent


def share_bar(share: float, tone: str, *, reference: float | None = None) -> Markup:
    """Return a bar on [0, 1], with a tick where a reference share stands."""
    parts = [element("rect", class_="track", width="100%", height="100%"), element("rect", class_=tone, width=percent(share), height="100%")]
    if reference is not None:
        parts.append(element("rect", class_="tick", x=percent(reference * 0.995), width=2, height="100%"))
    return element("svg", *parts, class_="bar", aria_hidden="true")


def log_bar(number: int, largest: int, tone: str) -> Markup:
    """Return a bar whose length follows the logarithm of a count; nothing for zero."""
    fraction = math.log1p(number) / math.log1p(largest) if number > 0 and largest > 0 else 0.0
    return share_bar(fraction, tone)


def bits_scale(values: list[float]) -> Scale:
    """Return one scale for a set of floating bars."""
    return padded(values)


def floating_bar(start: float, end: float, scale: Scale, tone: str) -> Markup:
    """Return a bar from ``start`` to ``end`` with the scale's zero line through the row."""
    low, high = sorted((scale.at(start), scale.at(end)))
    zero = percent(scale.at(0.0))
    return element(
        "svg",
        element("line", class_="zero", x1=zero, x2=zero, y1=0, y2="100%"),
        element("rect", class_=tone, x=percent(low), width=percent(max(high - low, 0.004)), y="22%", height="56%", rx=1.5),
        class_="flow",
        aria_hidden="true",
    )


def axis(scale: Scale) -> Markup:
    """Return the axis of floating bars: round numbers of bits at their place."""
    labels = [
        element("text", f"{tick:g}".replace("-", "\u2212"), x=percent(scale.at(tick)), y=12, text_anchor="middle")
        for tick in scale.ticks()
    ]
    return element("svg", *labels, class_="axis", aria_hidden="true")


def tone_of(bits: float) -> str:
    """Return the colour class of a weight: for or against."""
    return "for" if bits >= 0 else "against"
