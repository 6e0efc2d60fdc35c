"""The dossier of one campaign: a frozen document that every renderer reads, and nothing else.

Observation, inference and attribution stand apart, each with its own confidence. Every number has a reference into
``numbers``, where its value, uncertainty, method and rows stand once. Times are aware UTC; shares and probabilities lie
in [0, 1]; bits are base-2 logarithms of likelihood ratios. No text of a prompt or an answer is in it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from stillwatch.dossiers.number import Number, Statement

SCHEMA_NAME: Final = "stillwatch.dossier/1"
DOCUMENT: Final = "dossier.json"

OBSERVED: Final = "observed"
NOT_OBSERVED: Final = "not observed"
MIXED: Final = "mixed"
NOT_OBSERVABLE: Final = "not observable here"
STANDINGS: Final = (OBSERVED, NOT_OBSERVED, MIXED, NOT_OBSERVABLE)


@dataclass(frozen=True, slots=True)
class Source:
    """One file that the dossier was frozen from, with the digest of its bytes."""

    name: str
    kind: str  # case: a file of the case; input: what the scan read; given: a file beside the case; weights
    sha256: str
    n_bytes: int


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


@dataclass(frozen=True, slots=True)
class Member:
    """One account of the campaign.

    Args:
        account_id: the account.
        p_group: probability that it belongs to the linked group, null where the case has no table of members.
        exchanges: of the slice, null likewise.
        other_exchanges: its own traffic, null likewise.
        families: shared template families that it used, null likewise.
        shares: the columns of which it holds a value that another member holds too.
    """

    account_id: str
    p_group: float | None
    exchanges: int | None
    other_exchanges: int | None
    families: int | None
    shares: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """One observation, beside the same on matched controls; both by reference."""

    name: str
    title: str
    channel: str
    value: str
    comparison: str | None
    innocent_reading: str  # may be empty


@dataclass(frozen=True, slots=True)
class TestRow:
    """One test of coordination, by reference to its statistic and p-value."""

    name: str
    null: str
    statistic: str
    null_mean: str
    null_high: str
    p_value: str
    is_selection: bool


@dataclass(frozen=True, slots=True)
class Shared:
    """One value of infrastructure or identity that several members hold, with counts by reference."""

    kind: str
    value: str
    inside: str
    outside: str


@dataclass(frozen=True, slots=True)
class ObservationPart:
    """What was seen, without inference."""

    summary: tuple[Statement, ...]
    confidence: Confidence
    measured: tuple[Measured, ...]
    tests: tuple[TestRow, ...]
    shared: tuple[Shared, ...]
    members: tuple[Member, ...]
    not_computed: tuple[Statement, ...]  # evidence switched off by missing columns


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


@dataclass(frozen=True, slots=True)
class Criterion:
    """One statutory factor, published indicator or technique, and how it stands here."""

    framework: str
    id: str
    title: str
    source: str
    standing: str  # one of STANDINGS
    speaks_for: tuple[Statement, ...]
    speaks_against: tuple[Statement, ...]
    not_observable: tuple[Statement, ...]  # what could not be looked at, and which column is missing


@dataclass(frozen=True, slots=True)
class Event:
    """One dated fact of the timeline."""

    at: datetime
    kind: str  # traffic, provider_release, other_release, account
    said: Statement


@dataclass(frozen=True, slots=True)
class Days:
    """The slice day by day: the tables behind the drawing."""

    start_at: datetime
    step_s: int
    extraction: tuple[int, ...]
    own: tuple[int, ...]
    active_accounts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TimelinePart:
    """When it happened, beside the releases of models."""

    events: tuple[Event, ...]
    days: Days
    correlation: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Take:
    """What was taken from one model, by reference; ``price`` is null without a price list."""

    model: str
    exchanges: str
    input_tokens: str
    cached_tokens: str
    output_tokens: str
    price: str | None


@dataclass(frozen=True, slots=True)
class Capability:
    """The share of the slice that exercises one capability, beside the traffic at large, by reference."""

    name: str
    share: str
    at_large: str


@dataclass(frozen=True, slots=True)
class TakenPart:
    """What was taken: capabilities, exchanges, tokens and their price at list."""

    summary: tuple[Statement, ...]
    takes: tuple[Take, ...]
    capabilities: tuple[Capability, ...]


@dataclass(frozen=True, slots=True)
class Omission:
    """The finding without one family of evidence."""

    channel: str
    title: str
    bits: str  # what the family is worth against the runner-up
    posterior: str  # of the leading hypothesis without it
    leading: str  # title of what leads then
    stands: bool  # whether the finding would be made without it


@dataclass(frozen=True, slots=True)
class CounterPoint:
    """One objection that a defender would raise."""

    title: str
    said: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class CounterPart:
    """The case for the other side."""

    points: tuple[CounterPoint, ...]  # strongest first
    omissions: tuple[Omission, ...]
    weakest: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class LookAlike:
    """Honest traffic that resembles the finding, and why it was or was not set aside."""

    name: str
    title: str
    tells_apart: str
    standing: str  # set aside, not set aside, or not told apart here
    said: tuple[Statement, ...]


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
