"""A case after the desk: dismissed groups do not accuse, left-out accounts stand in no accusation, and it says so."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from stillwatch.dossiers.case import Campaign, Case
from stillwatch.dossiers.decided import DeskStatus
from stillwatch.errors import InputError
from stillwatch.pipeline.analysis import Analysis
from stillwatch.pipeline.finding import Finding
from stillwatch.pipeline.group_assessment import Progress
from stillwatch.pipeline.reassessment import reassessed
from stillwatch.pipeline.settings import Settings
from stillwatch.store.desk.database import Database
from stillwatch.store.desk.decision import decisions as decisions_of
from stillwatch.store.desk.matching import Held, held_of
from stillwatch.store.desk.regrouping import Shape

DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Making:
    """How a case is made of an analysis, and what groups are tested with.

    Args:
        assemble: makes the case of an analysis.
        settings: levels and weights.
        progress: told of each stage.
    """

    assemble: Callable[[Analysis], Case]
    settings: Settings
    progress: Progress


def with_decisions(analysis: Analysis, case: Case, decisions: Path, making: Making) -> tuple[Analysis, Case]:
    """Return an analysis and its case as the desk's decisions leave them.

    Merged and split groups are formed first, tested and weighed anew; what was decided about a group then holds for it
    as it stands.

    Guarantee: a desk without decisions about the case changes neither.

    Args:
        analysis: what the stages found.
        case: its case.
        decisions: the desk's file, which must exist.
        making: how the case was made.

    Raises:
        InputError: there is no desk.
    """
    if not decisions.is_file():
        raise InputError(str(decisions), "no desk stands there", fix="Name the desk.sqlite that the console wrote.")
    desk = Database(decisions)
    held = held_of(desk, case)
    if not held.statuses:
        return analysis, case
    made: Mapping[str, str] = {}
    if held.regrouping.is_changed:
        found = {campaign.id: finding for campaign, finding in zip(case.campaigns, analysis.findings, strict=True)}
        shapes = held.regrouping.shapes
        analysis = reassessed(analysis, shapes, found, making.settings, making.progress)
        case = making.assemble(analysis)
        made = _made(shapes, desk)
        held = held_of(desk, case)
    names = [made.get(finding.held_as or "", "") for finding in analysis.findings]
    changed = _obeying(analysis, case, held)
    if changed is not analysis:
        names = [made.get(finding.held_as or "", "") for finding in changed.findings]
        analysis, case = changed, making.assemble(changed)
    campaigns = (
        _said(item, held.statuses.get(item.id), name) for item, name in zip(case.campaigns, names, strict=True)
    )
    return analysis, replace(case, campaigns=tuple(campaigns))


def _made(shapes: Sequence[Shape], desk: Database) -> dict[str, str]:
    """Return, by id, a sentence on how analysts made each group that the scan did not find so."""
    log = {item.id: item for item in decisions_of(desk)}
    made = {}
    for shape in shapes:
        if shape.is_changed:
            last = log[shape.decisions[-1]]
            what = "split off" if shape.is_part else "put together" if last.kind == "merge" else "left by a split"
            made[shape.id] = (
                f"The group was {what} by {last.actor} on {last.at[:10]}, who had seen the evidence: its tests are not "
                f"those of a group that was found blindly."
            )
    return made


def _obeying(analysis: Analysis, case: Case, held: Held) -> Analysis:
    """Return the analysis without the accusations that the desk took back; the same object where it took back none."""
    names = analysis.population.accounts.names
    left_out = np.fromiter((name in held.left_out for name in names), bool, len(names))
    allowed = analysis if not left_out.any() else replace(analysis, left_out=left_out)
    findings = tuple(
        _judged(allowed, finding, held.statuses.get(campaign.id))
        for finding, campaign in zip(analysis.findings, case.campaigns, strict=True)
    )
    if allowed is analysis and all(a is b for a, b in zip(findings, analysis.findings, strict=True)):
        return analysis
    return replace(allowed, findings=tuple(sorted(findings, key=lambda finding: not finding.is_accusation)))


def _judged(analysis: Analysis, finding: Finding, status: DeskStatus | None) -> Finding:
    if not finding.is_accusation or status is None:
        return finding
    if status.status == DISMISSED:
        return replace(finding, is_accusation=False, is_dismissed=True)
    if analysis.not_accused[finding.accounts].all():  # nobody is left to accuse
        return replace(finding, is_accusation=False)
    return finding


def _said(campaign: Campaign, status: DeskStatus | None, made: str) -> Campaign:
    """Return a group that says what the desk decided, among its counter-evidence too where that speaks against it."""
    if made:
        campaign = replace(campaign, counter_evidence=(made, *campaign.counter_evidence))
    if status is None or status.at is None or status.by is None or status.status not in ("dismissed", "reopened"):
        return replace(campaign, desk=status)
    on_day = f"{status.at:%Y-%m-%d}"
    sentence = f"{status.by} dismissed this group on {on_day}: {status.reason}"
    if status.new_evidence:
        sentence = f"{sentence} Since then: {' '.join(status.new_evidence)}"
    return replace(campaign, desk=status, counter_evidence=(sentence, *campaign.counter_evidence))
