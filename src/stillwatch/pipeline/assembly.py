"""From an analysis to the frozen case document; nothing is computed here that could change a finding."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from stillwatch import __version__
from stillwatch.assessments.content import capability_shares
from stillwatch.assessments.credible import Band, WeightDraws, credible, draw_weights
from stillwatch.assessments.hypothesis import ScoredHypothesis, released_weights
from stillwatch.assessments.indicator import PUBLISHED
from stillwatch.assessments.observation import KINDS, Observation, described
from stillwatch.assessments.sample import Sample, plain_sample
from stillwatch.assessments.sign import LEAST_LOW, lacking, lacks
from stillwatch.assessments.wording import controls_words, expected_words, seen_words
from stillwatch.campaigns.telling import method_of
from stillwatch.dossiers.case import (
    SCHEMA_NAME,
    Campaign,
    CapabilityShare,
    Case,
    Evidence,
    Funnel,
    GroupTest,
    Hypothesis,
    Indicator,
    Infrastructure,
    Lapsed,
    MissingEvidence,
    SharedValue,
    TemplateFamily,
)
from stillwatch.dossiers.render.numbers import certainty, share
from stillwatch.engines.side_by_side import IN_TURN, SideBySide
from stillwatch.links.comparer import Comparer
from stillwatch.links.family import family_id
from stillwatch.links.identity import ACCOUNT_TIES, Ties
from stillwatch.links.population import FloatArray
from stillwatch.pipeline.analysis import Analysis
from stillwatch.pipeline.drawing import graph, instant, listed_rows, pairs, timeline
from stillwatch.pipeline.finding import UNDETERMINED, Finding
from stillwatch.pipeline.group_assessment import group_sample
from stillwatch.pipeline.settings import Settings
from stillwatch.sketches.schema import CAPABILITIES

MOST_FAMILIES: Final = 12
MOST_VALUES: Final = 10
WITHOUT_PHRASES: Final = {
    "identity": "in all, by accounts that hold rare values of identity or address in common",
    "hand_over": "like those that failed for one of them and were sent again by another",
}
"""What the exchanges of a group without families are, by what proposed it: content proposes none."""
SUMMED: Final = {
    "identity_reuse": "{} of the accounts share a card, device, phone or e-mail with another",
    "sign_up_burst": "{} were created in the busiest week of sign-ups",
    "requests_per_active_day": "{} exchanges an account on an active day",
}
"""Observations that the summary tells, each in a sentence around its number."""
DIGITS: Final = 6  # of a written number: enough for every decision, few enough to read


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
    compared = analysis.comparer
    at_large = capability_shares(_everything(analysis))
    missing = missing_evidence(population.columns)
    ids = campaign_ids(analysis)
    draws = draw_weights(released_weights(settings.weights))
    campaigns = tuple(
        workers.each(
            lambda i: _campaign(analysis, analysis.findings[i], ids[i], compared, at_large, missing, settings, draws),
            len(analysis.findings),
        )
    )
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
        missing,
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


def _campaign(  # noqa: PLR0913, PLR0917 - what one section of the document is made from
    analysis: Analysis, finding: Finding, identifier: str, compared: Comparer, at_large: FloatArray | None,
    missing: tuple[MissingEvidence, ...], settings: Settings, draws: WeightDraws | None,
) -> Campaign:  # fmt: skip
    population, rows = analysis.population, listed_rows(analysis, finding)
    accounts, _ = member_accounts(analysis, finding)
    at = population.exchanges.requested_us[rows]
    status = population.exchanges.numbers["status"][rows]
    failed = status >= 400
    bands = credible(draws, finding.observations)
    hypotheses = tuple(_hypothesis(item, bands.get(item.name), finding.observations) for item in finding.hypotheses)
    weighed = _both_sides(hypotheses[0], finding.observations)
    sample = group_sample(
        finding.group, finding.accounts, population, analysis.entities, analysis.families, analysis.registry
    )
    shares = capability_shares(sample)
    leading = finding.leading
    return Campaign(
        id=identifier,
        leading_hypothesis=finding.verdict,
        is_accusation=finding.is_accusation,
        p_leading=_rounded(leading.posterior),
        p_value=_rounded(finding.p_value),
        q_value=_rounded(finding.q_value),
        accounts=tuple(population.accounts.names[a] for a in accounts),
        n_accounts=len(accounts),
        n_entities=len(np.unique(analysis.entities.of_account[accounts])),
        exchanges=int(np.count_nonzero(~failed)),
        attempts=len(rows),
        first_seen_at=instant(int(at.min())),
        last_seen_at=instant(int(at.max())),
        summary=_summary(finding, len(accounts), len(rows)),
        hypotheses=hypotheses,
        indicators=_indicators(finding),
        tests=tuple(
            GroupTest(
                t.name,
                t.null,
                _rounded(t.statistic),
                _rounded(t.null_mean),
                _rounded(t.null_high),
                _rounded(t.p_value),
                t.n_controls,
                t.is_selection,
                method_of(t),
            )
            for t in finding.tests
        ),
        evidence=weighed[0],
        evidence_against=weighed[1],
        counter_evidence=_counter_evidence(finding, settings),
        capability_shares=() if shares is None or at_large is None else tuple(
            CapabilityShare(name, _rounded(float(a)), _rounded(float(b)))
            for name, a, b in zip(CAPABILITIES, shares, at_large, strict=True)
        ),
        template_families=_template_families(analysis, finding),
        infrastructure=_infrastructure(analysis, finding),
        pairs=pairs(analysis, finding, compared),
        timeline=timeline(analysis, finding),
        graph=graph(analysis, finding, compared),
        missing=missing,
        withheld=_withheld(finding, settings, hypotheses[0]),
    )  # fmt: skip


def _rounded(value: float) -> float:
    """Return a number as written: six significant digits, so that the last bits of a sum never show."""
    return float(f"{value:.{DIGITS}g}")


def _summary(finding: Finding, n_accounts: int, n_rows: int) -> str:
    """Return two sentences of observation."""
    share = finding.observations["slice_share"].value or 0.0
    of_what = "that carry its phrases" if len(finding.group.families) else WITHOUT_PHRASES[finding.group.channel]
    seen = "; ".join(
        words.format(described(KINDS[name], value).split(" ")[0])
        for name, words in SUMMED.items()
        if (value := finding.observations[name].value) is not None
    )
    return f"{n_accounts:,} accounts sent {n_rows:,} exchanges {of_what}, {share:.0%} of their traffic. Seen: {seen}."


def _title(observation: str) -> str:
    """Return the title of an observation as it stands within a sentence."""
    title = KINDS[observation].title
    return title[:1].lower() + title[1:]


def _hypothesis(item: ScoredHypothesis, band: Band | None, seen: Mapping[str, Observation]) -> Hypothesis:
    evidence = tuple(
        Evidence(
            w.expectation.observation,
            KINDS[w.expectation.observation].title,
            w.channel,
            _rounded(w.bits),
            seen_words(w.expectation, seen[w.expectation.observation]),
            w.expectation.because,
            w.needs,
            expected_words(w.expectation, seen[w.expectation.observation], w.bits),
        )
        for w in item.evidence
    )
    low, high = (None, None) if band is None else (_rounded(band.low), _rounded(band.high))
    return Hypothesis(item.name, item.title, _rounded(item.posterior), _rounded(item.bits), evidence, low, high)


def _both_sides(best: Hypothesis, seen: Mapping[str, Observation]) -> tuple[tuple[Evidence, ...], tuple[Evidence, ...]]:
    """Return what was weighed for the best hypothesis and what against it, each beside what matched controls show."""
    rows = [replace(row, controls=controls_words(seen[row.name])) for row in best.evidence]
    return _told_once(row for row in rows if row.bits > 0), _told_once(row for row in rows if row.bits < 0)


def _told_once(rows: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Return evidence with the steps of one scale put together: one observation, with all ranges that were expected."""
    found: dict[str, Evidence] = {}
    for row in rows:
        held = found.get(row.name)
        found[row.name] = row if held is None else replace(
            held,
            bits=_rounded(held.bits + row.bits),
            expected=f"{held.expected}, and {row.expected}",
            because=f"{held.because}; {row.because}",
        )  # fmt: skip
    return tuple(sorted(found.values(), key=lambda row: -abs(row.bits)))


def _indicators(finding: Finding) -> tuple[Indicator, ...]:
    found = []
    for published in PUBLISHED:
        seen = finding.observations[published.observation]
        found.append(
            Indicator(
                published.observation,
                published.title,
                published.source,
                None if seen.value is None else _rounded(seen.value),
                None if seen.comparison is None else _rounded(seen.comparison),
                seen.kind.unit,
                described(seen.kind, seen.value),
                published.innocent_reading,
                seen.kind.title,
            )
        )
    return tuple(found)


def _counter_evidence(finding: Finding, settings: Settings) -> tuple[str, ...]:
    sentences = []
    if len(finding.hypotheses) > 1:
        rival = finding.hypotheses[1]
        sentences += [
            f"{rival.title} would explain as well: {item.expectation.because}. "
            f"Seen: {_title(item.expectation.observation)}, {item.observed}"
            for item in rival.evidence[:3]
            if item.bits > 0
        ]
    if len(finding.group.standby):
        sentences.append(
            f"{len(finding.group.standby)} of the members sent nothing of the group's slice: they were added after all "
            "tests, for values that hardly anybody but members has, and speak for nothing."
        )
    if len(finding.group.apart):
        sentences.append(
            f"{len(finding.group.apart)} further entities used the same words and were set apart before anything was "
            "weighed: hardly any of them is tied to a member, and they were told from the members by their "
            f"{' and '.join(finding.group.told_by)}. The tests are those of all together."
        )
    if finding.q_value > settings.q_level:
        sentences.append(
            f"No test of coordination that did not also form the group is significant (q = {finding.q_value:.2g})."
        )
    if finding.verdict == UNDETERMINED and not finding.is_dismissed:
        sentences.append(
            f"Distillation leads with {certainty(finding.leading.posterior)}; an accusation needs "
            f"{settings.p_leading:.0%}, {LEAST_LOW:.0%} at the lower end of its interval, and q of at most "
            f"{settings.q_level:g}."
        )
        sentences += lacking(finding.observations, finding.leading.posterior)
    sentences.append(
        "Who is behind the accounts was not examined: an account is not an organisation, and a group is not a verdict."
    )
    return tuple(sentences)


def _withheld(finding: Finding, settings: Settings, best: Hypothesis) -> tuple[str, ...]:
    """Return, in a few words each, why a group that distillation leads is not accused; empty for any other."""
    if finding.verdict != UNDETERMINED:
        return ()
    if finding.is_dismissed:
        return ("dismissed by an analyst",)
    found = []
    if best.posterior < settings.p_leading:
        found.append(f"posterior of distillation below {share(settings.p_leading)}")
    elif best.posterior_low is not None and best.posterior_low < LEAST_LOW:
        found.append(f"lower end of its interval below {share(LEAST_LOW)}")
    if finding.q_value > settings.q_level:
        found.append(f"q above {settings.q_level:g}")
    return (*found, *lacks(finding.observations, finding.leading.posterior))


def _template_families(analysis: Analysis, finding: Finding) -> tuple[TemplateFamily, ...]:
    families, population = analysis.families, analysis.population
    inside = np.zeros(len(population.accounts), bool)
    inside[finding.accounts] = True
    found = []
    for family in finding.group.families:
        rows = families.matches(np.array([family])).exchange
        account = population.exchanges.account[rows]
        within = np.unique(account[inside[account]])
        outside = np.unique(account[~inside[account]])
        n = len(within) + len(outside)
        found.append(
            TemplateFamily(
                family_id(int(families.anchor[family])),
                "phrase",
                len(within),
                int(np.count_nonzero(inside[account])),
                len(outside),
                _rounded(float(np.log2(len(population.accounts) / max(n, 1)))),
            )
        )
    return tuple(sorted(found, key=lambda item: (-item.n_exchanges, item.id))[:MOST_FAMILIES])


def _infrastructure(analysis: Analysis, finding: Finding) -> tuple[Infrastructure, ...]:
    found = [_shared(column, tie, finding) for column, tie in analysis.ties.items()]
    return tuple(item for item in found if item is not None)


def _shared(column: str, tie: Ties, finding: Finding) -> Infrastructure | None:
    held, holder = tie.held_by(finding.group.entities)
    if not len(held):
        return None
    value, inverse, within = np.unique(held, return_inverse=True, return_counts=True)
    outside = tie.n_entities()[value] - within
    shared = np.flatnonzero(within >= 2)
    sharing = np.unique(holder[within[inverse] >= 2])
    top = shared[np.lexsort((shared, -within[shared]))][:MOST_VALUES]
    values = tuple(SharedValue(tie.names[value[i]], int(within[i]), int(outside[i])) for i in top)
    return Infrastructure(column, len(value), len(sharing), values)


def missing_evidence(columns: frozenset[str]) -> tuple[MissingEvidence, ...]:
    """Return the evidence that the traffic's columns do not allow.

    Evidence that any one of several columns gives is kept while one of them is there.
    """
    found = []
    for kind in KINDS.values():
        absent = tuple(name for name in kind.needs if name not in columns)
        if kind.needs and len(absent) == len(kind.needs):
            found.append(MissingEvidence(kind.name, kind.title, absent))
    found += [
        MissingEvidence(
            f"shared_{column.removesuffix('_fingerprint').removesuffix('_id')}",
            f"Test of shared {column.replace('_', ' ')}",
            (column,),
        )
        for column in (*ACCOUNT_TIES, "ip")
        if column not in columns
    ]
    if "banned_at" not in columns:
        found.append(MissingEvidence("ban_burst", "Test of simultaneous bans", ("banned_at",)))
    if "created_at" not in columns:
        found.append(MissingEvidence("sign_up_test", "Test of simultaneous sign-ups", ("created_at",)))
    return tuple(found)
