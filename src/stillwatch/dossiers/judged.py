"""How far a part of a dossier can be trusted, and how probable an answer is: two things, kept apart."""

from dataclasses import dataclass

from stillwatch.dossiers.number import Statement


@dataclass(frozen=True, slots=True)
class Confidence:
    """How far a part can be trusted: ``high``, ``moderate`` or ``low``, and why. It is no probability."""

    level: str
    because: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A probability in calibrated words (ICD 203): the term, its band, and the number it was read from."""

    term: str
    band_low: float
    band_high: float
    p: str  # the reference of the probability
