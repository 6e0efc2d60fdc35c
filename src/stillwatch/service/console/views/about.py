"""The case as a whole: what was read, what was found, what was missing, who lapsed."""

from dataclasses import dataclass
from datetime import datetime

from stillwatch.dossiers.case import Case, Funnel, Lapsed, MissingEvidence
from stillwatch.dossiers.render import verdict


@dataclass(frozen=True, slots=True)
class AboutView:
    """The case as a whole."""

    finding: str
    stillwatch_version: str
    weights: str
    key_id: str
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    q_level: float
    funnel: Funnel
    lapsed: tuple[Lapsed, ...]
    missing: tuple[MissingEvidence, ...]
    tables: tuple[str, ...]


def about_view(case: Case, tables: frozenset[str]) -> AboutView:
    """Return the case as a whole; ``tables`` names those that it holds."""
    return AboutView(
        verdict.verdict(case),
        case.stillwatch_version,
        case.weights,
        case.key_id,
        case.first_seen_at,
        case.last_seen_at,
        case.q_level,
        case.funnel,
        case.lapsed,
        case.missing,
        tuple(sorted(tables)),
    )
