"""From an analysis to the frozen case document; nothing is computed here that could change a finding."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stillwatch import __version__
from stillwatch.assessments.content import capability_shares
from stillwatch.assessments.credible import WeightDraws, credible, draw_weights
from stillwatch.assessments.hypothesis import released_weights
from stillwatch.assessments.sample import Sample, plain_sample
from stillwatch.campaigns.telling import method_of
from stillwatch.dossiers.case import (
    SCHEMA_NAME,
    Campaign,
    CapabilityShare,
    Case,
    Funnel,
    GroupTest,
    Lapsed,
    MissingEvidence,
)
from stillwatch.dossiers.rounding import rounded
from stillwatch.engines.side_by_side import IN_TURN, SideBySide
from stillwatch.links.comparer import Comparer
from stillwatch.links.population import FloatArray
from stillwatch.pipeline.analysis import Analysis
from stillwatch.pipeline.drawing import graph, instant, listed_rows, pairs, timeline
from stillwatch.pipeline.explained import both_sides, hypothesis_row, indicator_rows
from stillwatch.pipeline.finding import Finding
from stillwatch.pipeline.group_assessment import group_sample
from stillwatch.pipeline.in_common import infrastructure, template_families
from stillwatch.pipeline.missing_evidence import missing_evidence
from stillwatch.pipeline.sentences import counter_evidence, summary_of, withheld
from stillwatch.pipeline.settings import Settings
from stillwatch.sketches.schema import CAPABILITIES


def assemble(
    analysis: Analysis,
    counts: Mapping[str, int],
    reasons: tuple[Mapping[str, int], Mapping[str, int]],
    key_id: str,
    settings: Settings,
    workers: SideBySide = IN_TURN,
) -> Case:
    """Return the case document of an analysis.

    Args:
        analysis: what the stages found.
        counts: ``read``, ``used``, ``quarantined`` and ``out_of_scope``.
        reasons: of quarantine and of being out of scope, with their counts.
        key_id: names the sketches' key.
        settings: levels and weights used.
        workers: assemble campaigns side by side.
    """
    population = analysis.population
    at = population.exchanges.requested_us
    sections = _Sections.of(analysis, settings)
    campaigns = tuple(workers.each(sections.campaign, len(analysis.findings)))
    lapsed = tuple(
        Lapsed(population.accounts.names[item.account], item.reference, instant(item.valid_to_us), item.exchanges_after)
        for item in analysis.registry.lapsed
    )
    first, last = (instant(int(at.min())), instant(int(at.max()))) if len(at) else (None, None)
    return Case(
        SCHEMA_NAME,
        __version__,
        settings.weights,
        key_id,
        first,
        last,
        settings.q_level,
        _funnel(analysis, counts, reasons, campaigns),
        campaigns,
        lapsed,
        sections.missing,
    )


def _funnel(
    analysis: Analysis,
    counts: Mapping[str, int],
    reasons: tuple[Mapping[str, int], Mapping[str, int]],
    campaigns: tuple[Campaign, ...],
) -> Funnel:
    """Return the counts from rows read to accounts accused."""
    accused = {name for campaign in campaigns if campaign.is_accusation for name in campaign.accounts}
    return Funnel(
        read=counts["read"],
        used=counts["used"],
        quarantined=counts["quarantined"],
        out_of_scope=counts["out_of_scope"],
        quarantined_by_reason=tuple(sorted(reasons[0].items())),
        out_of_scope_by_reason=tuple(sorted(reasons[1].items())),
        accounts=len(analysis.population.accounts),
        entities=analysis.entities.n,
        authorised_accounts=int(np.count_nonzero(analysis.registry.named)),
        families=analysis.families.n,
        candidate_groups=analysis.n_candidates,
        tested_groups=analysis.n_tested,
        campaigns=len(campaigns),
        accusations=sum(campaign.is_accusation for campaign in campaigns),
        accused_accounts=len(accused),
    )


def campaign_ids(analysis: Analysis) -> tuple[str, ...]:
    """Return an id for each finding: of its families, accounts and first sighting, which says nothing of the text."""
    found = []
    for finding in analysis.findings:
        rows = finding.group.slice_rows
        anchors = sorted(int(value) for value in analysis.families.anchor[finding.group.families])
        seed = (
            anchors,
            int(analysis.population.exchanges.requested_us[rows].min()),
            sorted(analysis.population.accounts.names[a] for a in finding.accounts),
        )
        found.append(finding.held_as or "c-" + hashlib.sha256(repr(seed).encode()).hexdigest()[:12])
    return tuple(found)


def _everything(analysis: Analysis) -> Sample:
    return plain_sample(
        analysis.population, analysis.entities, np.arange(len(analysis.population.accounts)), analysis.registry.named
    )


def member_accounts(analysis: Analysis, finding: Finding) -> tuple[np.ndarray, FloatArray]:
    """Return a finding's accounts and their group membership, the most probable first.

    Registered accounts, and those that an analyst left out, are left out of accusations.
    """
    entity = analysis.entities.of_account[finding.accounts]
    p = finding.group.p_entity[np.searchsorted(finding.group.entities, entity)]
    kept = ~analysis.not_accused[finding.accounts] if finding.is_accusation else np.ones(len(p), bool)
    order = np.argsort(-p[kept], kind="stable")
    return finding.accounts[kept][order], p[kept][order]


@dataclass(frozen=True, slots=True)
class _Sections:
    """The sections of a document, one a finding, and what all of them are made from.

    Args:
        analysis: what the stages found.
        settings: levels and weights.
        ids: the id of each finding's campaign.
        compared: compares pairs of entities.
        at_large: shares of capabilities in all traffic; null where they are not known.
        missing: evidence that the traffic does not allow.
        draws: other weights that might have been learned, for intervals; null where nothing is known of that.
    """

    analysis: Analysis
    settings: Settings
    ids: tuple[str, ...]
    compared: Comparer
    at_large: FloatArray | None
    missing: tuple[MissingEvidence, ...]
    draws: WeightDraws | None

    @classmethod
    def of(cls, analysis: Analysis, settings: Settings) -> "_Sections":
        """Return the sections of an analysis."""
        return cls(
            analysis,
            settings,
            campaign_ids(analysis),
            analysis.comparer,
            capability_shares(_everything(analysis)),
            missing_evidence(analysis.population.columns),
            draw_weights(released_weights(settings.weights)),
        )

    def campaign(self, i: int) -> Campaign:
        """Return the section of one finding."""
        analysis, finding = self.analysis, self.analysis.findings[i]
        population, rows = analysis.population, listed_rows(analysis, finding)
        accounts, _ = member_accounts(analysis, finding)
        at = population.exchanges.requested_us[rows]
        status = population.exchanges.numbers["status"][rows]
        failed = status >= 400
        bands = credible(self.draws, finding.observations)
        hypotheses = tuple(
            hypothesis_row(item, bands.get(item.name), finding.observations) for item in finding.hypotheses
        )
        weighed = both_sides(hypotheses[0], finding.observations)
        sample = group_sample(finding.group, finding.accounts, analysis)
        shares = capability_shares(sample)
        leading = finding.leading
        return Campaign(
            id=self.ids[i],
            leading_hypothesis=finding.verdict,
            is_accusation=finding.is_accusation,
            p_leading=rounded(leading.posterior),
            p_value=rounded(finding.p_value),
            q_value=rounded(finding.q_value),
            accounts=tuple(population.accounts.names[a] for a in accounts),
            n_accounts=len(accounts),
            n_entities=len(np.unique(analysis.entities.of_account[accounts])),
            exchanges=int(np.count_nonzero(~failed)),
            attempts=len(rows),
            first_seen_at=instant(int(at.min())),
            last_seen_at=instant(int(at.max())),
            summary=summary_of(finding, len(accounts), len(rows)),
            hypotheses=hypotheses,
            indicators=indicator_rows(finding),
            tests=tuple(
                GroupTest(
                    t.name,
                    t.null,
                    rounded(t.statistic),
                    rounded(t.null_mean),
                    rounded(t.null_high),
                    rounded(t.p_value),
                    t.n_controls,
                    t.is_selection,
                    method_of(t),
                )
                for t in finding.tests
            ),
            evidence=weighed[0],
            evidence_against=weighed[1],
            counter_evidence=counter_evidence(finding, self.settings),
            capability_shares=() if shares is None or self.at_large is None else tuple(
                CapabilityShare(name, rounded(float(a)), rounded(float(b)))
                for name, a, b in zip(CAPABILITIES, shares, self.at_large, strict=True)
            ),
            template_families=template_families(analysis, finding),
            infrastructure=infrastructure(analysis, finding),
            pairs=pairs(analysis, finding, self.compared),
            timeline=timeline(analysis, finding),
            graph=graph(analysis, finding, self.compared),
            missing=self.missing,
            withheld=withheld(finding, self.settings, hypotheses[0]),
        )  # fmt: skip
