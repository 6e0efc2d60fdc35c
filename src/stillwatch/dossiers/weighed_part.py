"""What is set against a finding and beside it: the other side's case, look-alikes, and what is asked for in public."""

from dataclasses import dataclass
from typing import Final

from stillwatch.dossiers.number import Statement
from stillwatch.dossiers.observed_part import Member

OBSERVED: Final = "observed"
NOT_OBSERVED: Final = "not observed"
MIXED: Final = "mixed"
NOT_OBSERVABLE: Final = "not observable here"
STANDINGS: Final = (OBSERVED, NOT_OBSERVED, MIXED, NOT_OBSERVABLE)


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
