"""The dossier of one campaign: a frozen document that every renderer reads, and nothing else.

Observation, inference and attribution stand apart, each with its own confidence. Every number has a reference into
``numbers``, where its value, uncertainty, method and rows stand once. Times are aware UTC; shares and probabilities lie
in [0, 1]; bits are base-2 logarithms of likelihood ratios. No text of a prompt or an answer is in it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stillwatch.dossiers.attributed_part import AttributionPart
from stillwatch.dossiers.dated_part import TimelinePart
from stillwatch.dossiers.inferred_part import InferencePart
from stillwatch.dossiers.number import Number, Statement
from stillwatch.dossiers.observed_part import ObservationPart
from stillwatch.dossiers.taken_part import TakenPart
from stillwatch.dossiers.weighed_part import CounterPart, Criterion, LookAlike

SCHEMA_NAME: Final = "stillwatch.dossier/1"
DOCUMENT: Final = "dossier.json"


@dataclass(frozen=True, slots=True)
class Source:
    """One file that the dossier was frozen from, with the digest of its bytes."""

    name: str
    kind: str  # case: a file of the case; input: what the scan read; given: a file beside the case; weights
    sha256: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything that is said of one campaign."""

    schema: str
    stillwatch_version: str
    weights: str
    key_id: str
    campaign_id: str
    title: Statement
    traffic_from: datetime
    traffic_to: datetime
    sources: tuple[Source, ...]
    settings: tuple[tuple[str, str], ...]  # of the scan, as name and value
    numbers: tuple[Number, ...]  # in the order of their first use; a number's place, from 1, is its print number
    observation: ObservationPart
    inference: InferencePart
    attribution: AttributionPart
    criteria: tuple[Criterion, ...]
    timeline: TimelinePart
    taken: TakenPart
    counter: CounterPart
    look_alikes: tuple[LookAlike, ...]
    limits: tuple[Statement, ...]
    would_change: tuple[Statement, ...]
    appeal: tuple[Statement, ...]
    history: tuple[Statement, ...]  # what the case says of earlier scans and of analysts' decisions; may be empty
