"""What is worth a reader's time, told once: groups and findings without those that repeat others.

Source: ours: docs/decisions/0006-group-tests.md.
"""

from collections import Counter

import numpy as np

from stillwatch.campaigns.group import Group
from stillwatch.links.population import IntArray
from stillwatch.pipeline.finding import DISTILLATION, Finding
from stillwatch.pipeline.settings import Settings

MOST_REPEATED = 0.8  # of a group's accounts may stand in groups reported before it
UNRELATED = "unrelated"
SAME_MEMBERS = 0.9  # of the members of either of two groups: then one repeats the other
CLEARLY_HONEST = 0.8  # posterior of an honest use that no test shows to be coordinated, to be worth a reader's time


class Overlaps:
    """Sets of members kept so far, by member: a new one meets only those that it shares somebody with."""

    def __init__(self) -> None:
        self._of_member: dict[int, list[int]] = {}
        self._n = 0

    def with_earlier(self, members: IntArray) -> Counter[int]:
        """Return, for each earlier set that has any of ``members``, how many; sets are numbered as they came."""
        return Counter(number for member in members.tolist() for number in self._of_member.get(member, ()))

    def add(self, members: IntArray) -> None:
        """Keep one more set."""
        for member in members.tolist():
            self._of_member.setdefault(member, []).append(self._n)
        self._n += 1


def distinct(groups: list[Group]) -> list[Group]:
    """Return the groups without those that repeat another one: same members to nine tenths; content is kept first."""
    content_first = sorted(
        groups, key=lambda g: (g.channel != "content", len(g.families) == 0, -len(g.entities), int(g.entities[0]))
    )
    kept: list[Group] = []
    seen = Overlaps()
    for group in content_first:
        both = seen.with_earlier(group.entities)
        size = len(group.entities)
        if not any(n >= SAME_MEMBERS * (size + len(kept[i].entities) - n) for i, n in both.items()):
            seen.add(group.entities)
            kept.append(group)
    return kept


def reportable(findings: list[Finding], settings: Settings) -> tuple[Finding, ...]:
    """Return what is worth a reader's time, accusations first: coordinated groups, and clear families of honest use.

    Strangers who happen to say alike things are not reported. Nor is a group that adds nothing: an accusation most of
    whose accounts stand in others that explain more of their traffic (it is a phrase that several campaigns share), or
    another group most of which one reported group contains.
    """
    accused: list[Finding] = []
    known: set[int] = set()
    for finding in sorted((f for f in findings if f.is_accusation), key=lambda f: (-_explained(f), int(f.accounts[0]))):
        part = next((one for one in accused if _is_part(one, finding)), None)
        if sum(account in known for account in finding.accounts.tolist()) / len(finding.accounts) < MOST_REPEATED:
            accused.append(finding)
        elif part is not None:
            accused[accused.index(part)] = finding
        else:
            continue
        known.update(finding.accounts.tolist())
    kept = sorted(accused, key=lambda f: (f.q_value, -len(f.accounts), int(f.accounts[0])))
    seen = Overlaps()
    for finding in kept:
        seen.add(finding.accounts)
    others = [f for f in findings if not f.is_accusation and _is_worth_reporting(f, settings)]
    for finding in sorted(others, key=lambda f: (f.q_value, -len(f.accounts), int(f.accounts[0]))):
        most = max(seen.with_earlier(finding.accounts).values(), default=0)
        if most / len(finding.accounts) < MOST_REPEATED:
            seen.add(finding.accounts)
            kept.append(finding)
    return tuple(kept)


def _is_part(finding: Finding, larger: Finding) -> bool:
    """Return whether an accusation lies within a larger one as firm: strangers would have weakened that."""
    both = len(np.intersect1d(finding.accounts, larger.accounts))
    lies_within = len(larger.accounts) > len(finding.accounts) and both >= SAME_MEMBERS * len(finding.accounts)
    is_most = both >= MOST_REPEATED * len(larger.accounts)  # or it joins several campaigns, by what they share
    return lies_within and is_most and larger.p_value <= finding.p_value


def _explained(finding: Finding) -> float:
    """Return the share of its accounts' traffic that a finding explains."""
    return finding.observations["slice_share"].value or 0.0


def _is_worth_reporting(finding: Finding, settings: Settings) -> bool:
    if finding.leading.name == UNRELATED:
        return False
    least = 0.5 if finding.leading.name == DISTILLATION else CLEARLY_HONEST
    is_clear = finding.group.channel == "content" and finding.leading.posterior >= least
    return finding.q_value <= settings.q_level or is_clear
