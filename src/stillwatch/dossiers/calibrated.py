"""Probabilities in calibrated words, the scale with its bands printed.

Source: Intelligence Community Directive 203, Analytic Standards (2015), section D.6.e(2)(a).
"""

from typing import Final

from stillwatch.dossiers.judged import Judgement

SCALE: Final = (
    ("almost no chance", 0.01, 0.05),
    ("very unlikely", 0.05, 0.20),
    ("unlikely", 0.20, 0.45),
    ("roughly even chance", 0.45, 0.55),
    ("likely", 0.55, 0.80),
    ("very likely", 0.80, 0.95),
    ("almost certain", 0.95, 0.99),
)
"""Terms and their bands; what lies beyond either end takes the end's term, for the directive knows no certainty."""


def judgement(p: float, ref: str) -> Judgement:
    """Return a probability in words; a value on the edge of two bands takes the term nearer to even chance.

    Args:
        p: the probability, in [0, 1].
        ref: its reference in the dossier.
    """
    for term, low, high in SCALE:
        is_below = p <= high if p > 0.5 else p < high
        if is_below or term == SCALE[-1][0]:
            return Judgement(term, low, high, ref)
    raise AssertionError  # the last term takes everything
