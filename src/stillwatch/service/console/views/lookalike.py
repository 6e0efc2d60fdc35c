"""A campaign beside its nearest look-alike: what both show, and where they differ.

How far two groups are apart is the mean difference of what was measured on both: of indicators, each on a scale of its
own from 0 to 1, and of what they ask for. Ours: it orders the look-alikes for the eye and decides nothing.
"""

import math
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, Field

from stillwatch.dossiers.case import Campaign, Case, Indicator
from stillwatch.dossiers.render import verdict
from stillwatch.service.console.address import campaign_address, with_query
from stillwatch.service.console.views.campaign import CampaignHead, Subject, campaign_head, subject_of
from stillwatch.service.console.views.queue import Standing, standing

MOST_CHOICES: Final = 12


class CompareQuery(BaseModel):
    """Which other group is set beside; without one, the nearest that is not accused."""

    beside: str = Field(default="", max_length=200)


@dataclass(frozen=True, slots=True)
class LookAlike:
    """Another group, and how far it is: 0 shows the same, 1 nothing alike."""

    campaign_id: str
    address: str
    title: str
    standing: Standing
    distance: float


@dataclass(frozen=True, slots=True)
class IndicatorRow:
    """One indicator of both groups and of the controls that match this one.

    Args:
        difference: from 0 to 1, or null where one of them could not be measured.
    """

    title: str
    unit: str
    value: float | None
    beside: float | None
    controls: float | None
    difference: float | None


@dataclass(frozen=True, slots=True)
class ShareRow:
    """A share of both groups: of a capability, or a posterior."""

    name: str
    title: str
    value: float
    beside: float


@dataclass(frozen=True, slots=True)
class CompareView:
    """Two groups side by side; ``beside`` is null where the case has no other group."""

    campaign: CampaignHead
    beside: CampaignHead | None
    choices: tuple[LookAlike, ...]
    indicators: tuple[IndicatorRow, ...]
    capabilities: tuple[ShareRow, ...]
    posteriors: tuple[ShareRow, ...]


def compare_view(subject: Subject, other: Campaign | None) -> CompareView:
    """Return a campaign beside another group; null chooses the nearest that is not accused, or else the nearest."""
    store, case, campaign = subject.store, subject.store.case, subject.campaign
    choices = nearest(case, campaign)
    if other is None and choices:
        chosen = next((one for one in choices if one.standing != "accused"), choices[0])
        other = next(one for one in case.campaigns if one.id == chosen.campaign_id)
    head = campaign_head(subject)
    if other is None:
        return CompareView(head, None, (), (), (), ())
    return CompareView(
        head,
        campaign_head(subject_of(store, other.id)),
        choices[:MOST_CHOICES],
        _indicators(campaign, other),
        _capabilities(campaign, other),
        _posteriors(campaign, other),
    )


def nearest(case: Case, campaign: Campaign) -> tuple[LookAlike, ...]:
    """Return the other groups, the nearest first."""
    address = campaign_address(campaign.id, "compare")
    found = [
        LookAlike(
            one.id,
            with_query(address, {"beside": one.id}),
            verdict.leading_title(one),
            standing(one),
            round(distance(campaign, one), 4),
        )
        for one in case.campaigns
        if one.id != campaign.id
    ]
    return tuple(sorted(found, key=lambda one: (one.distance, one.campaign_id)))


def distance(a: Campaign, b: Campaign) -> float:
    """Return how far two groups are apart, in [0, 1]; 1 where nothing was measured on both."""
    parts = [row.difference for row in _indicators(a, b) if row.difference is not None]
    if a.capability_shares and b.capability_shares:
        parts += [abs(row.value - row.beside) for row in _capabilities(a, b)]
    return sum(parts) / len(parts) if parts else 1.0


def difference(a: Indicator, b: Indicator) -> float | None:
    """Return the difference of one indicator: of shares as it is, of other numbers on a logarithmic scale."""
    if a.value is None or b.value is None:
        return None
    if a.unit.startswith("share") or a.unit == "probability":
        return min(1.0, abs(a.value - b.value))
    low, high = sorted((math.log1p(abs(a.value)), math.log1p(abs(b.value))))
    if a.value * b.value < 0:
        return 1.0
    return 1.0 - low / high if high > 0 else 0.0


def _indicators(a: Campaign, b: Campaign) -> tuple[IndicatorRow, ...]:
    beside = {one.name: one for one in b.indicators}
    rows = [
        IndicatorRow(one.title, one.unit, one.value, other.value, one.comparison, difference(one, other))
        for one in a.indicators
        if (other := beside.get(one.name)) is not None
    ]
    return tuple(sorted(rows, key=lambda row: (row.difference is None, -(row.difference or 0.0), row.title)))


def _capabilities(a: Campaign, b: Campaign) -> tuple[ShareRow, ...]:
    beside = {one.name: one.share for one in b.capability_shares}
    return tuple(
        ShareRow(one.name, verdict.humanised(one.name), one.share, beside[one.name])
        for one in a.capability_shares
        if one.name in beside
    )


def _posteriors(a: Campaign, b: Campaign) -> tuple[ShareRow, ...]:
    beside = {one.name: one.posterior for one in b.hypotheses}
    return tuple(
        ShareRow(one.name, one.title, one.posterior, beside[one.name]) for one in a.hypotheses if one.name in beside
    )
