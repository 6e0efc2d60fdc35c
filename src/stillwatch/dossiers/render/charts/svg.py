"""Build SVG elements whose every attribute and text is escaped, and place values on scales."""

import math
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from stillwatch.dossiers.render.inert import visible

SMALLEST_WIDTH: Final = 1e-9  # below it values differ by rounding alone
Attribute = str | float | int | None


def element(tag: str, *children: str, **attributes: Attribute) -> Markup:
    """Return one element; a trailing or inner underscore in an attribute's name stands for a hyphen or for nothing.

    Children that are not markup already are made visible and escaped, as are all attribute values.
    """
    written = Markup("").join(
        Markup(' {}="{}"').format(name.rstrip("_").replace("_", "-"), _value(value))
        for name, value in attributes.items()
        if value is not None
    )
    inner = Markup("").join(child if isinstance(child, Markup) else escape(visible(child)) for child in children)
    name = Markup(tag)  # noqa: S704 - tags are literals in the chart modules
    return (
        Markup("<{}{}>{}</{}>").format(name, written, inner, name) if inner else Markup("<{}{}/>").format(name, written)
    )


def percent(fraction: float) -> str:
    """Return a fraction as a per cent attribute, clipped to what can be drawn."""
    if not math.isfinite(fraction):
        return "0%"
    return f"{trim(round(min(1.0, max(0.0, fraction)) * 100, 1))}%"


def trim(number: float) -> str:
    """Return a coordinate with at most two decimals."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _value(value: str | float) -> str:
    return visible(value) if isinstance(value, str) else trim(value)


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear scale from [low, high] to [0, 1]."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """Return where a value stands; 0 on an empty scale."""
        width = self.high - self.low
        return (value - self.low) / width if width > 0 and math.isfinite(width) else 0.0

    def ticks(self, most: int = 6) -> tuple[float, ...]:
        """Return round numbers within the scale, at most about ``most`` of them."""
        width = self.high - self.low
        if not math.isfinite(width) or width <= 0:
            return ()
        raw = width / most
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(power * nice for nice in (1, 2, 5, 10) if power * nice >= raw)
        first = math.ceil(self.low / step)
        return tuple(k * step for k in range(first, math.floor(self.high / step) + 1))


def padded(values: list[float], *, share: float = 0.06) -> Scale:
    """Return a scale that holds zero and all values with some air on both sides."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = min([0.0, *finite]), max([0.0, *finite])
    if high - low < SMALLEST_WIDTH:
        high = low + 1.0
    air = (high - low) * share
    return Scale(low - air, high + air)
