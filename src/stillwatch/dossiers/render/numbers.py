"""Numbers and times in the words of the report: English, UTC, no more digits than the evidence carries."""

import math
from datetime import UTC, datetime
from typing import Final

MINUS: Final = "\u2212"
TIMES: Final = "\u00d7"
SUREST_PERCENT: Final = 99.0  # what measured calibration carries: docs/results.md
_COMPACT_STEPS: Final = ((1_000_000_000, "bn"), (1_000_000, "M"), (10_000, "k"))


def count(number: int) -> str:
    """Return ``1,234,567``."""
    return f"{number:,}".replace("-", MINUS)


def compact(number: int) -> str:
    """Return ``1.23M`` for large counts and all digits below ten thousand."""
    for step, suffix in _COMPACT_STEPS:
        if number >= step:
            scaled = number / (step if suffix != "k" else 1000)
            return f"{scaled:.{0 if scaled >= 100 else 1}f}{suffix}"
    return count(number)


def plural(number: int, noun: str, nouns: str | None = None) -> str:
    """Return ``1 group`` or ``4 groups``."""
    return f"{count(number)} {noun if number == 1 else nouns or noun + 's'}"


def share(value: float) -> str:
    """Return a share as a percentage; never 0% or 100% where it is not exactly that."""
    percent = value * 100
    if 0 < percent < 0.1:
        return "<0.1%"
    if 99.9 < percent < 100:
        return ">99.9%"
    return f"{percent:.1f}".removesuffix(".0") + "%"


def certainty(value: float) -> str:
    """Return a posterior or a membership as a percentage, with no more certainty than calibration has shown.

    Beyond 1% and 99% too few cases are known to tell one chance in a hundred from one in a million.
    """
    percent = round(value * 100, 1)
    if percent > SUREST_PERCENT:
        return f">{SUREST_PERCENT:g}%"
    if percent < 100 - SUREST_PERCENT:
        return f"<{100 - SUREST_PERCENT:g}%"
    return f"{percent:.1f}".removesuffix(".0") + "%"


def bits(value: float) -> str:
    """Return bits with their sign: ``+4.2``, or the same with a minus."""
    rounded = round(value, 1)
    if rounded == 0:
        return "0.0"
    return f"{'+' if rounded > 0 else MINUS}{abs(rounded):.1f}"


def probability(value: float) -> str:
    """Return a p- or q-value: ``0.013``, or a power of ten where it is small."""
    if value >= 0.001 or value == 0:
        return f"{value:.2g}" if value < 0.995 else "1"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}{TIMES}10{_superscript(int(exponent))}"


def quantity(value: float, unit: str) -> str:
    """Return an indicator's value in its unit; shares become percentages."""
    if unit == "probability" and 0 <= value <= 1:
        return certainty(value)
    if unit.startswith("share"):
        return share(value) if 0 <= value <= 1 else f"{value:.3g}"
    if unit == "bits":
        return f"{bits(value)} bits"
    return f"{decimal(value)} {unit}".strip()


def decimal(value: float) -> str:
    """Return a number with three significant digits and thousands separators."""
    if not math.isfinite(value):
        return "not finite"
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace("-", MINUS)
    return f"{value:.3g}".replace("-", MINUS)


def odds(value: float) -> str:
    """Return bits as odds: ``1,024 to 1``, or ``1 to 8`` where they are negative."""
    ratio = 2.0 ** min(abs(value), 1000)
    words = f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"
    if ratio >= 1e7:
        exponent = math.floor(min(abs(value), 1000) * math.log10(2))
        words = f"about 10{_superscript(exponent)}"
    return f"{words} to 1" if value >= 0 else f"1 to {words}"


def day(moment: datetime) -> str:
    """Return ``14 Sep 2026``, the day in UTC."""
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y}"


def instant(moment: datetime) -> str:
    """Return ``14 Sep 2026, 09:30 UTC``."""
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y, %H:%M} UTC"


def span(seconds: float) -> str:
    """Return a length of time in its largest whole unit: ``6 hours`` or ``3 days``."""
    for unit_s, noun in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= unit_s:
            units = seconds / unit_s
            return plural(int(units), noun) if units == int(units) else f"{units:.1f} {noun}s"
    return plural(int(seconds), "second")


def _superscript(number: int) -> str:
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
