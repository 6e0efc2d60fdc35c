"""In words, why an account is in its campaign: what it sent of the slice, and which values mostly members have."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from stillwatch.pipeline.analysis import Analysis
from stillwatch.pipeline.finding import Finding

SHARED_WORDS: Final = {
    "payment_fingerprint": "a payment method",
    "device_fingerprint": "a device",
    "phone_fingerprint": "a phone number",
    "email_fingerprint": "an e-mail address",
    "referrer_id": "a referrer",
    "ip": "an address",
}


def reasons_of(analysis: Analysis, ids: tuple[str, ...], campaign: Mapping[str, str]) -> dict[int, list[str]]:
    """Return, for each account of a finding, in words why it is in its campaign, or why it is not accused.

    Args:
        analysis: what the stages found.
        ids: the id of each finding.
        campaign: the campaign of each account that has one.
    """
    found: dict[int, list[str]] = {}
    names = analysis.population.accounts.names
    for identifier, finding in zip(ids, analysis.findings, strict=True):
        in_slice = np.bincount(
            analysis.population.exchanges.account[finding.group.slice_rows], minlength=len(analysis.population.accounts)
        )
        sharing = analysis.shared_with(finding, finding.accounts)
        stood_by = np.isin(analysis.entities.of_account[finding.accounts], finding.group.standby)
        for i, account in enumerate(finding.accounts):
            said = found.setdefault(int(account), [])
            spared = _spared(analysis, finding, int(account))
            if spared is not None:
                said += [spared] if spared not in said else []
            elif campaign.get(names[account]) == identifier:
                shared = [SHARED_WORDS[column] for column, holders in sharing.items() if holders[i]]
                said += _why(finding, int(in_slice[account]), shared, stood_by=bool(stood_by[i]))
    return found


def _spared(analysis: Analysis, finding: Finding, account: int) -> str | None:
    """Return why an account of a finding is not accused whatever is found; null for one that may be."""
    if analysis.registry.named[account]:
        return "named in the registry of authorisations: not accused"
    if finding.is_accusation and analysis.not_accused[account]:
        return "left out by an analyst: not accused"
    return None


def _why(finding: Finding, n_in_slice: int, shared: list[str], *, stood_by: bool) -> list[str]:
    """Return what ties an account to a finding: what it sent of the slice, and what else only members mostly have."""
    ties = [f"shares {value} with another member" for value in shared]
    if stood_by:
        return ["sent nothing of the group's slice; lives on addresses or payments that hardly anybody else has", *ties]
    if len(finding.group.families):
        return [f"{n_in_slice} of its exchanges belong to the group's slice", *ties]
    if finding.group.channel == "hand_over":
        return [
            f"{n_in_slice} of its exchanges failed for one member and were sent again by another, or are like them",
            *ties,
        ]
    return ties or ["tied to members by rare values of identity through others"]
