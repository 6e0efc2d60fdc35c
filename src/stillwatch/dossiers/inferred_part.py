"""The part of inference: rival explanations, and what evidence is worth. Numbers stand by their reference."""

from dataclasses import dataclass

from stillwatch.dossiers.judged import Confidence, Judgement
from stillwatch.dossiers.number import Statement


@dataclass(frozen=True, slots=True)
class Weight:
    """What one hypothesis expects of one observation, and what that is worth.

    Args:
        name: the observation.
        title: in words.
        channel: its family of evidence; within one, evidence is dependent and each further piece counts half.
        observation: the reference of its value.
        bits: the reference of its weight.
        expected: the range it expects and why.
        is_met: whether the value lies in the range.
        is_fragile: whether the value's interval reaches across the edge of the range.
    """

    name: str
    title: str
    channel: str
    observation: str
    bits: str
    expected: Statement
    is_met: bool
    is_fragile: bool


@dataclass(frozen=True, slots=True)
class Rival:
    """One explanation with its posterior and all that was weighed for and against it."""

    name: str
    title: str
    posterior: str
    bits: str
    prior: str
    weights: tuple[Weight, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the waterfall from the priors to the posterior odds of the leading hypothesis against a rival."""

    name: str  # prior, a channel, or total
    title: str
    bits: str  # reference


@dataclass(frozen=True, slots=True)
class Waterfall:
    """Leading hypothesis against one rival, family of evidence by family of evidence, in bits."""

    rival: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class InferencePart:
    """What explains the observations best, and by how much."""

    summary: tuple[Statement, ...]
    confidence: Confidence
    judgement: Judgement
    is_accusation: bool
    rivals: tuple[Rival, ...]  # by posterior
    waterfalls: tuple[Waterfall, ...]
