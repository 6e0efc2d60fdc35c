"""One campaign: its head, and the parts of its page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from stillwatch.dossiers.case import (
    Campaign,
    CapabilityShare,
    Evidence,
    GroupTest,
    Hypothesis,
    Indicator,
    Infrastructure,
    MissingEvidence,
    TemplateFamily,
)
from stillwatch.dossiers.decided import Lifecycle
from stillwatch.dossiers.drawn import Node, Timeline
from stillwatch.dossiers.render import verdict
from stillwatch.errors import NotFoundError
from stillwatch.service.console.address import campaign_address, pair_address
from stillwatch.service.console.store import CaseStore
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
class MadeOf:
    """One of the scan's groups that a merged or split group was made of, as the scan weighed it."""

    id: str
    title: str
    standing: Standing
    p_leading: float
    q_value: float
    n_accounts: int
    is_shown: bool


@dataclass(frozen=True, slots=True)
class CampaignHead:
    """What stands above every part of a campaign.

    Args:
        made_of: where analysts merged or split it: the scan's groups whose evidence it has; ``is_shown`` on the one
            whose evidence this page shows.
        is_part: whether analysts split it off.
        p_low: lower end of the 95% credible interval of the posterior, or null where the case has none.
        p_high: its upper end.
        withheld: why an undetermined group is not accused, a few words each.
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
    made_of: tuple[MadeOf, ...]
    is_part: bool
    p_low: float | None
    p_high: float | None
    withheld: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """A group as a page shows it.

    Args:
        store: the case.
        campaign: the group as analysts hold it.
        weighed: the scan's group whose evidence is shown; mostly the same.
    """

    store: CaseStore
    campaign: Campaign
    weighed: Campaign


def subject_of(store: CaseStore, campaign_id: str, weighed_id: str = "") -> Subject:
    """Return a group by any of its ids, with the evidence of one of the scan's groups that it was made of.

    Raises:
        NotFoundError: the case has no such group, or it was not made of that one.
    """
    campaign = store.campaign(campaign_id)
    if store.shape(campaign.id) is None and weighed_id in ("", campaign.id):
        return Subject(store, campaign, campaign)
    bases = store.bases(campaign.id)
    if weighed_id and weighed_id not in bases:
        raise NotFoundError("group", "it was not made of that one", got=weighed_id[:80], expected=" or ".join(bases))
    return Subject(store, campaign, store.found[weighed_id or bases[0]])


@dataclass(frozen=True, slots=True)
class FindingView:
    """The first part: what was found, what speaks for the hypothesis ``best_title`` and what against, and when."""

    campaign: CampaignHead
    best_title: str
    evidence: tuple[Evidence, ...]
    evidence_against: tuple[Evidence, ...]
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


def campaign_head(subject: Subject) -> CampaignHead:
    """Return what stands above every part of a campaign."""
    campaign, weighed = subject.campaign, subject.weighed
    order = ranked(subject.store.case)
    place = next(i for i, one in enumerate(order) if one.id == campaign.id)
    shape = subject.store.shape(campaign.id)
    leading = weighed.hypotheses[0] if weighed.hypotheses else None
    return CampaignHead(
        campaign.id,
        campaign_address(campaign.id),
        verdict.leading_title(campaign),
        campaign.leading_hypothesis,
        standing(campaign),
        campaign.summary,
        weighed.p_leading,
        weighed.p_value,
        weighed.q_value,
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
        tuple(_made_of(subject, base) for base in shape.bases) if shape else (),
        shape.is_part if shape else False,
        leading.posterior_low if leading else None,
        leading.posterior_high if leading else None,
        weighed.withheld,
    )


def _made_of(subject: Subject, base_id: str) -> MadeOf:
    base = subject.store.found[base_id]
    title, is_shown = verdict.leading_title(base), base.id == subject.weighed.id
    return MadeOf(base.id, title, standing(base), base.p_leading, base.q_value, base.n_accounts, is_shown)


def finding_view(subject: Subject) -> FindingView:
    """Return the first part of a campaign."""
    weighed = subject.weighed
    return FindingView(
        campaign_head(subject),
        verdict.best_title(weighed),
        weighed.evidence,
        weighed.evidence_against,
        weighed.counter_evidence,
        subject.campaign.timeline,
        weighed.capability_shares,
        weighed.lifecycle,
    )


def indicators_view(subject: Subject) -> IndicatorsView:
    """Return the indicators and tests of a campaign."""
    return IndicatorsView(campaign_head(subject), subject.weighed.indicators, subject.weighed.tests)


def rivals_view(subject: Subject) -> RivalsView:
    """Return the explanations of a campaign."""
    return RivalsView(campaign_head(subject), subject.weighed.hypotheses, subject.weighed.missing)


def links_view(subject: Subject) -> LinksView:
    """Return the links of a campaign, the strongest first."""
    graph = subject.weighed.graph
    edges = sorted(graph.edges, key=lambda edge: (-edge.bits, edge.a, edge.b))
    links = []
    for edge in edges[:MOST_LINKS]:
        a, b = graph.nodes[edge.a].account_id, graph.nodes[edge.b].account_id
        links.append(DrawnLink(a, b, pair_address(a, b), edge.bits))
    pairs = tuple(
        LinkedPair(
            pair.account_a,
            pair.account_b,
            pair_address(pair.account_a, pair.account_b),
            pair.total_bits,
            pair.comparisons[0].title if pair.comparisons else "nothing compared",
        )
        for pair in subject.weighed.pairs
    )
    return LinksView(campaign_head(subject), pairs, graph.nodes, tuple(links), len(edges), graph.n_left_out)


def shared_view(subject: Subject) -> SharedView:
    """Return what the members of a campaign share."""
    return SharedView(campaign_head(subject), subject.weighed.template_families, subject.weighed.infrastructure)
