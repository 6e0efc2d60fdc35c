"""The timeline: what happened when, beside releases of models."""

from dataclasses import dataclass
from datetime import datetime

from stillwatch.dossiers.number import Statement


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
