"""The part of attribution: who may be behind it, apart from the finding. Numbers stand by their reference."""

from dataclasses import dataclass

from stillwatch.dossiers.judged import Confidence, Judgement
from stillwatch.dossiers.number import Statement


@dataclass(frozen=True, slots=True)
class Organisation:
    """One answer to who is behind it; ``unknown`` is always among them."""

    name: str
    title: str
    judgement: Judgement
    speaks_for: tuple[Statement, ...]
    speaks_against: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class PoolPart:
    """A part of the pool that serves one customer as far as can be told, by its size."""

    title: Statement
    accounts: str  # references
    exchanges: str
    is_unknown: bool


@dataclass(frozen=True, slots=True)
class AttributionPart:
    """Who may be behind it: hypotheses apart from the finding, never from nationality."""

    summary: tuple[Statement, ...]
    confidence: Confidence
    organisations: tuple[Organisation, ...]  # by probability
    parts: tuple[PoolPart, ...]
