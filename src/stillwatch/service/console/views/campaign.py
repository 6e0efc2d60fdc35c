"""One campaign: its head, and the parts of its page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from stillwatch.dossiers.case import (
    Campaign,
    CapabilityShare,
    Case,
    Evidence,
    GroupTest,
    Hypothesis,
    Indicator,
    Infrastructure,
    Lifecycle,
    MissingEvidence,
    Node,
    TemplateFamily,
    Timeline,
)
from stillwatch.dossiers.render import verdict
from stillwatch.service.console.address import campaign_address, pair_address
from stillwatch.service.console.views.queue import Standing, ranked, standing

Part = Literal["", "rivals", "indicators", "links", "shared", "members", "compare"]
PARTS: Final[tuple[tuple[Part, str], ...]] = (
    ("", "Finding"),
    ("rivals", "Rival explanations"),
    ("indicators", "Indicators and tests"),
    ("links", "Links"),
    ("shared", "What is shared"),
    ("members", "Members"),
    ("compare", "Look-alikes"),
)
"""The parts of a campaign's page, in the order of its tabs."""


@dataclass(frozen=True, slots=True)
class CampaignHead:
    """What stands above every part of a campaign.

    Args:
        rank: its place in the queue, from 1.
        n_ranked: groups in the queue.
        previous: address of the group before it in the queue, or null; likewise ``next``.
    """

    id: str
    address: str
    title: str
    leading_hypothesis: str
    standing: Standing
    summary: str
    p_leading: float
    p_value: float
    q_value: float
    n_accounts: int
    n_entities: int
    exchanges: int
    attempts: int
    first_seen_at: datetime
    last_seen_at: datetime
    rank: int
    n_ranked: int
    previous: str | None
    next: str | None


@dataclass(frozen=True, slots=True)
class FindingView:
    """The first part: what was found, what weighs for and against it, when it happened."""

    campaign: CampaignHead
    evidence: tuple[Evidence, ...]
    counter_evidence: tuple[str, ...]
    timeline: Timeline
    capability_shares: tuple[CapabilityShare, ...]
    lifecycle: Lifecycle | None


@dataclass(frozen=True, slots=True)
class IndicatorsView:
    """Published indicators as observations, and the tests of coordination."""

    campaign: CampaignHead
    indicators: tuple[Indicator, ...]
    tests: tuple[GroupTest, ...]


@dataclass(frozen=True, slots=True)
class RivalsView:
    """All explanations of the group, weighed on the same evidence."""

    campaign: CampaignHead
    hypotheses: tuple[Hypothesis, ...]
    missing: tuple[MissingEvidence, ...]


@dataclass(frozen=True, slots=True)
class LinkedPair:
    """A pair that the scan laid out."""

    account_a: str
    account_b: str
    address: str
    total_bits: float
    strongest: str


@dataclass(frozen=True, slots=True)
class DrawnLink:
    """A drawn link by its ends, with the address of the pair."""

    account_a: str
    account_b: str
    address: str
    bits: float


@dataclass(frozen=True, slots=True)
class LinksView:
    """Who is linked to whom: the drawn accounts, the strongest links, a few pairs."""

    campaign: CampaignHead
    pairs: tuple[LinkedPair, ...]
    nodes: tuple[Node, ...]
    links: tuple[DrawnLink, ...]
    n_links: int
    n_left_out: int


@dataclass(frozen=True, slots=True)
class SharedView:
    """What the members share: template families and infrastructure."""

    campaign: CampaignHead
    template_families: tuple[TemplateFamily, ...]
    infrastructure: tuple[Infrastructure, ...]


MOST_LINKS: Final = 200  # listed beside the drawing, the strongest


def campaign_head(case: Case, campaign: Campaign) -> CampaignHead:
    """Return what stands above every part of a campaign."""
    order = ranked(case)
    place = next(i for i, one in enumerate(order) if one.id == campaign.id)
    return CampaignHead(
        campaign.id,
        campaign_address(campaign.id),
        verdict.leading_title(campaign),
        campaign.leading_hypothesis,
        standing(campaign),
        campaign.summary,
        campaign.p_leading,
        campaign.p_value,
        campaign.q_value,
        campaign.n_accounts,
        campaign.n_entities,
        campaign.exchanges,
        campaign.attempts,
        campaign.first_seen_at,
        campaign.last_seen_at,
        place + 1,
        len(order),
        campaign_address(order[place - 1].id) if place else None,
        campaign_address(order[place + 1].id) if place + 1 < len(order) else None,
    )


def finding_view(case: Case, campaign: Campaign) -> FindingView:
    """Return the first part of a campaign."""
    return FindingView(
        campaign_head(case, campaign),
        campaign.evidence,
        campaign.counter_evidence,
        campaign.timeline,
        campaign.capability_shares,
        campaign.lifecycle,
    )


def indicators_view(case: Case, campaign: Campaign) -> IndicatorsView:
    """Return the indicators and tests of a campaign."""
    return IndicatorsView(campaign_head(case, campaign), campaign.indicators, campaign.tests)


def rivals_view(case: Case, campaign: Campaign) -> RivalsView:
    """Return the explanations of a campaign."""
    return RivalsView(campaign_head(case, campaign), campaign.hypotheses, campaign.missing)


def links_view(case: Case, campaign: Campaign) -> LinksView:
    """Return the links of a campaign, the strongest first."""
    nodes = campaign.graph.nodes
    edges = sorted(campaign.graph.edges, key=lambda edge: (-edge.bits, edge.a, edge.b))
    links = []
    for edge in edges[:MOST_LINKS]:
        a, b = nodes[edge.a].account_id, nodes[edge.b].account_id
        links.append(DrawnLink(a, b, pair_address(a, b), edge.bits))
    pairs = tuple(
        LinkedPair(
            pair.account_a,
            pair.account_b,
            pair_address(pair.account_a, pair.account_b),
            pair.total_bits,
            pair.comparisons[0].title if pair.comparisons else "nothing compared",
        )
        for pair in campaign.pairs
    )
    return LinksView(campaign_head(case, campaign), pairs, nodes, tuple(links), len(edges), campaign.graph.n_left_out)


def shared_view(case: Case, campaign: Campaign) -> SharedView:
    """Return what the members of a campaign share."""
    return SharedView(campaign_head(case, campaign), campaign.template_families, campaign.infrastructure)
