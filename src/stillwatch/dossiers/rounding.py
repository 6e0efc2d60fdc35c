"""How numbers are written down in a case: with six significant digits, so that the last bits of a sum never show."""

from typing import Final

DIGITS: Final = 6  # of a written number: enough for every decision, few enough to read


def rounded(value: float) -> float:
    """Return a number as written."""
    return float(f"{value:.{DIGITS}g}")
