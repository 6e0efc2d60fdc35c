"""Groups that analysts merged or split, tested and assessed anew on the traffic of a scan.

A merged group has the members and the exchanges of all its groups, a part those of its own members. Both are tested and
weighed exactly as any group is, and count in the control of false discoveries beside those that the scan found. Who is
in them was chosen by people who had seen the evidence, which no test can take into account; the case says so.

Source: ours, docs/decisions/0024-merge-and-split.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from stillwatch.campaigns.bystander import without_bystanders
from stillwatch.campaigns.dealing import Dealing
from stillwatch.campaigns.group import Group
from stillwatch.campaigns.joining import united
from stillwatch.links.handover import hand_overs, successions
from stillwatch.links.population import IntArray
from stillwatch.pipeline.analysis import Analysis
from stillwatch.pipeline.finding import Finding
from stillwatch.pipeline.group_assessment import Progress, assess_groups, compared
from stillwatch.pipeline.settings import Settings
from stillwatch.store.desk.regrouping import Shape

LEAST_ENTITIES: Final = 2  # of a group: one alone coordinates with nobody


def reassessed(
    analysis: Analysis,
    shapes: Sequence[Shape],
    found: Mapping[str, Finding],
    settings: Settings,
    progress: Progress,
) -> Analysis:
    """Return an analysis in which groups stand as analysts hold them.

    A part of one entity, or without an exchange of the slice, is no group: its members stay where they were.

    Args:
        analysis: what the stages found.
        shapes: all groups as analysts hold them.
        found: by campaign id, the finding of each of the scan's groups.
        settings: levels and weights.
        progress: told of each stage.
    """
    account_of = {name: place for place, name in enumerate(analysis.population.accounts.names)}
    changed = [shape for shape in shapes if shape.is_changed]
    parts = {shape.id: _part(analysis, shape, found, account_of) for shape in changed if shape.is_part}
    groups = {name: group for name, group in parts.items() if group is not None}
    for shape in changed:
        if not shape.is_part:
            gone = [group.entities for name, group in groups.items() if _is_from(shape, name, changed)]
            whole = united([found[base].group for base in shape.bases])
            groups[shape.id] = limited(analysis, whole, np.setdiff1d(whole.entities, np.concatenate([[], *gone])))
    kept = [found[shape.id] for shape in shapes if not shape.is_changed]
    succession = successions(analysis.population, analysis.entities)
    dealing = Dealing(analysis.population, analysis.entities, succession, hand_overs(succession))
    taking_part = {
        name: without_bystanders(group, analysis.population, analysis.entities, analysis.ties)
        for name, group in groups.items()
    }
    wanted = {name: group for name, group in taking_part.items() if _is_group(group)}
    beside, n_tests = [one.p_value for one in kept], analysis.n_tested + len(wanted)
    new = assess_groups(list(wanted.values()), dealing, analysis, settings, progress, beside, n_tests)
    shown = compared(new, analysis)
    named = [replace(finding, held_as=name) for name, finding in zip(wanted, shown, strict=True)]
    findings = sorted([*kept, *named], key=lambda one: (not one.is_accusation, one.q_value, -len(one.accounts)))
    return replace(analysis, findings=tuple(findings), n_tested=n_tests)


def limited(analysis: Analysis, group: Group, entities: IntArray) -> Group:
    """Return a group of some of its entities, with their exchanges alone."""
    is_member = np.isin(group.entities, entities)
    exchanges = analysis.population.exchanges
    is_theirs = np.isin(analysis.entities.of_account[exchanges.account[group.slice_rows]], group.entities[is_member])
    return replace(
        group,
        entities=group.entities[is_member],
        p_entity=group.p_entity[is_member],
        slice_rows=group.slice_rows[is_theirs],
        p_exchange=group.p_exchange[is_theirs],
    )


def _part(
    analysis: Analysis, shape: Shape, found: Mapping[str, Finding], account_of: Mapping[str, int]
) -> Group | None:
    accounts = np.array([account_of[name] for name in shape.accounts], np.int64)
    whole = united([found[base].group for base in shape.bases])
    part = limited(analysis, whole, np.unique(analysis.entities.of_account[accounts]))
    return part if _is_group(part) else None


def _is_group(group: Group) -> bool:
    return len(group.entities) >= LEAST_ENTITIES and len(group.slice_rows) > 0


def _is_from(shape: Shape, part_id: str, shapes: Sequence[Shape]) -> bool:
    """Return whether a part was split off from a group."""
    part = next(one for one in shapes if one.id == part_id)
    return (
        part.is_part and bool(set(part.decisions) & set(shape.decisions)) and bool(set(part.bases) & set(shape.bases))
    )
