"""Accused groups that are one campaign, joined: tested and weighed as one, beside all other groups of the scan.

Source: ours: docs/decisions/0039-one-campaign-two-groups.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from stillwatch.campaigns.group import Group
from stillwatch.campaigns.joining import joint, pairs_of_one
from stillwatch.pipeline.finding import Finding

Assess = Callable[[list[Group], list[float], int], list[Finding]]
"""Tests and weighs groups, given the p-values of those tested before and the number of tests in all."""


def joined(findings: Sequence[Finding], assess: Assess) -> list[Finding]:
    """Return findings, two accused ones of one campaign as one wherever that is accused as well.

    The joined finding comes at the end, with the largest q-value of the three.
    """
    accused = [i for i, finding in enumerate(findings) if finding.is_accusation]
    pairs = [(accused[one], accused[other]) for one, other in pairs_of_one([findings[i].group for i in accused])]
    if not pairs:
        return list(findings)
    groups = [joint(findings[one].group, findings[other].group) for one, other in pairs]
    new = assess(groups, [finding.p_value for finding in findings], len(findings) + len(groups))
    gone: set[int] = set()
    stand = []
    for place, (pair, finding) in enumerate(zip(pairs, new, strict=True)):
        if finding.is_accusation:
            gone.update(pair)
            q_value = max(finding.q_value, *(findings[i].q_value for i in pair))
            stand.append(replace(finding, q_value=q_value, number=len(findings) + place))
    return [finding for i, finding in enumerate(findings) if i not in gone] + stand
