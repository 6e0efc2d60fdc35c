"""The part of observation: what was seen, without inference. Numbers stand by their reference."""

from dataclasses import dataclass

from stillwatch.dossiers.judged import Confidence
from stillwatch.dossiers.number import Statement


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
