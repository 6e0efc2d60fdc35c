"""The waterfall of one pair: from the prior through each comparison to the total, in bits."""

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from stillwatch.dossiers.case import PairLink
from stillwatch.dossiers.render.charts.bars import axis, bits_scale, floating_bar, tone_of

SHOWN_BITS: Final = 0.05  # one decimal is shown; less than half of it is rounding


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the waterfall: the bits it adds, the running sum after it, and its bar."""

    title: str
    detail: str
    bits: float
    total: float
    kind: str  # prior, comparison, rest or total
    bar: Markup


@dataclass(frozen=True, slots=True)
class Waterfall:
    """All rows of one pair, and the axis above them."""

    steps: tuple[Step, ...]
    axis: Markup


def waterfall(pair: PairLink) -> Waterfall:
    """Return the rows; a remainder that the comparisons leave unexplained is shown as a row of its own."""
    running = pair.prior_bits
    rows = [("Prior", "how likely two accounts drawn at random are linked", 0.0, running, "prior")]
    for comparison in pair.comparisons:
        rows.append((comparison.title, comparison.observation, running, running + comparison.bits, "comparison"))
        running += comparison.bits
    if abs(running - pair.total_bits) >= SHOWN_BITS:
        rows.append(("Other", "dependence between comparisons, and those not listed", running, pair.total_bits, "rest"))
    rows.append(("Total", "", 0.0, pair.total_bits, "total"))
    scale = bits_scale([end for _, _, _, end, _ in rows])
    steps = tuple(
        Step(title, detail, end - start, end, kind, floating_bar(start, end, scale, _tone(kind, end - start)))
        for title, detail, start, end, kind in rows
    )
    return Waterfall(steps, axis(scale))


def _tone(kind: str, bits: float) -> str:
    return tone_of(bits) if kind in ("comparison", "rest") else "sum"
