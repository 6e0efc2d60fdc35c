"""Horizontal bars: shares, counts on a log scale, bits from a base line."""

import math

from markupsafe import Markup

from stillwatch.dossiers.render.charts.svg import Scale, element, padded, percent


def share_bar(share: float, tone: str, *, reference: float | None = None) -> Markup:
    """Return a bar on [0, 1], with a tick where a reference share stands."""
    parts = [element("rect", class_=tone, width=percent(share))]
    if reference is not None:
        parts.append(element("rect", class_="tick", x=percent(reference * 0.995)))
    return element("svg", *parts, class_="bar")


def log_bar(number: int, largest: int, tone: str) -> Markup:
    """Return a bar whose length follows the logarithm of a count; nothing for zero."""
    fraction = math.log1p(number) / math.log1p(largest) if number > 0 and largest > 0 else 0.0
    return share_bar(fraction, tone)


def bits_scale(values: list[float]) -> Scale:
    """Return one scale for a set of floating bars."""
    return padded(values)


def floating_bar(start: float, end: float, scale: Scale, tone: str | None = None) -> Markup:
    """Return a bar from ``start`` to ``end`` with the scale's zero line; without a tone it takes the row's colour."""
    low, high = sorted((scale.at(start), scale.at(end)))
    return element(
        "svg",
        element("rect", class_="zero", x=percent(scale.at(0.0))),
        element("rect", class_=tone, x=percent(low), width=percent(max(high - low, 0.004))),
        class_="flow",
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
