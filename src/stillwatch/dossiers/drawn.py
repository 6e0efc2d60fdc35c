"""What a case keeps of a group for charts: its activity in steps, and its links as they were laid out."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Release:
    """A day on which a model was first seen in the traffic as a whole, and the share of the group on it a day later."""

    model: str
    first_seen_at: datetime
    share_after_a_day: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """Activity in steps of ``step_s`` seconds from ``start_at``; all lists have one length, bar ``hour_of_week``.

    Args:
        extraction: exchanges of the campaign's slice a step.
        own: the members' other exchanges a step.
        active_accounts: members with an exchange of the slice in the step.
        sign_ups: members created in the step.
        bans: members banned in the step.
        hour_of_week: exchanges of the slice a hour of the week, Monday 00:00 UTC first; 168 numbers.
    """

    start_at: datetime
    step_s: int
    extraction: tuple[int, ...]
    own: tuple[int, ...]
    active_accounts: tuple[int, ...]
    sign_ups: tuple[int, ...]
    bans: tuple[int, ...]
    hour_of_week: tuple[int, ...]
    releases: tuple[Release, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A drawn account: at (x, y) in [0, 1] squared."""

    account_id: str
    x: float
    y: float
    p_member: float


@dataclass(frozen=True, slots=True)
class Edge:
    """A drawn link between two nodes, by their index."""

    a: int
    b: int
    bits: float


@dataclass(frozen=True, slots=True)
class Graph:
    """The group's links as laid out: at most 300 nodes, the strongest links; ``n_left_out`` accounts are not drawn."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    n_left_out: int
