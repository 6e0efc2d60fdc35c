"""A case after the desk: dismissed groups do not accuse, left-out accounts stand in no accusation, and it says so."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from stillwatch.dossiers.case import Campaign, Case, DeskStatus
from stillwatch.errors import InputError
from stillwatch.pipeline.analysis import Analysis, Finding
from stillwatch.store.desk.database import Database
from stillwatch.store.desk.matching import Held, held_of

DISMISSED = "dismissed"


def with_decisions(
    analysis: Analysis, case: Case, decisions: Path, assemble: Callable[[Analysis], Case]
) -> tuple[Analysis, Case]:
    """Return an analysis and its case as the desk's decisions leave them.

    Guarantee: a desk without decisions about the case changes neither.

    Args:
        analysis: what the stages found.
        case: its case.
        decisions: the desk's file, which must exist.
        assemble: makes the case of an analysis.

    Raises:
        InputError: there is no desk.
    """
    if not decisions.is_file():
        raise InputError(str(decisions), "no desk stands there", fix="Name the desk.sqlite that the console wrote.")
    held = held_of(Database(decisions), case)
    if not held.statuses:
        return analysis, case
    changed = _obeying(analysis, case, held)
    if changed is not analysis:
        analysis, case = changed, assemble(changed)
    return analysis, replace(case, campaigns=tuple(_said(item, held.statuses.get(item.id)) for item in case.campaigns))


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


def _said(campaign: Campaign, status: DeskStatus | None) -> Campaign:
    """Return a group that says what the desk decided, among its counter-evidence too where that speaks against it."""
    if status is None or status.at is None or status.by is None or status.status not in ("dismissed", "reopened"):
        return replace(campaign, desk=status)
    on_day = f"{status.at:%Y-%m-%d}"
    sentence = f"{status.by} dismissed this group on {on_day}: {status.reason}"
    if status.new_evidence:
        sentence = f"{sentence} Since then: {' '.join(status.new_evidence)}"
    return replace(campaign, desk=status, counter_evidence=(sentence, *campaign.counter_evidence))
