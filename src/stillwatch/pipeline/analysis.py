"""The stages from sketches to assessed groups, in order; pure but for the engine that runs their SQL."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from stillwatch.campaigns.bystander import accounts_of_group
from stillwatch.campaigns.group import Group
from stillwatch.campaigns.standby import tool_ties, with_standby
from stillwatch.engines.side_by_side import IN_TURN, SideBySide
from stillwatch.links.entity import fold_accounts
from stillwatch.links.family import find_families
from stillwatch.links.identity import ties_of
from stillwatch.links.population import BoolArray, IntArray, Population
from stillwatch.links.tables import Tables
from stillwatch.pipeline.finding import Finding
from stillwatch.pipeline.group_assessment import Progress, assess_groups, compared
from stillwatch.pipeline.group_search import GroupSearch
from stillwatch.pipeline.joined import joined
from stillwatch.pipeline.linked_traffic import LinkedTraffic
from stillwatch.pipeline.registry import Registry
from stillwatch.pipeline.reported_once import reportable
from stillwatch.pipeline.settings import Settings


@dataclass(frozen=True)
class Analysis(LinkedTraffic):
    """What the stages found in one population.

    Args:
        n_candidates: candidates proposed.
        n_tested: groups tested; the q-values count them all.
        findings: groups worth reporting, accusations first.
        left_out: (n_accounts,) accounts that an analyst left out of accusations, or null: none.
    """

    n_candidates: int
    n_tested: int
    findings: tuple[Finding, ...]
    left_out: BoolArray | None = None

    @property
    def not_accused(self) -> BoolArray:
        """Return (n_accounts,) accounts in no accusation: the registry names them, or an analyst left them out."""
        return self.registry.named if self.left_out is None else self.registry.named | self.left_out

    def shared_with(self, finding: Finding, accounts: IntArray) -> dict[str, BoolArray]:
        """Return, for each tie column, which accounts of a finding share a value with another member entity of it.

        A value most of whose holders are strangers to the group, as a carrier's address, says nothing of anybody.
        """
        members = finding.group.entities
        place = np.searchsorted(members, self.entities.of_account[accounts])
        found = {}
        for column, tie in self.ties.items():
            value, holder = tie.held_by(members)
            held, inverse, count = np.unique(value, return_inverse=True, return_counts=True)
            is_telling = (count >= 2) & (2 * count >= tie.n_entities()[held])
            sharing = np.zeros(len(members), bool)
            sharing[holder[is_telling[inverse]]] = True
            found[column] = sharing[place]
        return found


def analyse(  # noqa: PLR0913, PLR0917 - the stage's whole input, each part used once
    tables: Tables,
    population: Population,
    registry: Registry,
    settings: Settings,
    progress: Progress,
    folder: Path | None = None,
    workers: SideBySide = IN_TURN,
) -> Analysis:
    """Return the groups of a population that are worth reporting, tested and assessed; see ``assess_all``."""
    everything = assess_all(tables, population, registry, settings, progress, folder, workers)
    reported = reportable(list(everything.findings), settings)
    beside = compared(reported, everything, workers)
    return replace(everything, findings=_with_standby(beside, everything))


def assess_all(  # noqa: PLR0913, PLR0917 - the stage's whole input, each part used once
    tables: Tables,
    population: Population,
    registry: Registry,
    settings: Settings,
    progress: Progress,
    folder: Path | None = None,
    workers: SideBySide = IN_TURN,
) -> Analysis:
    """Return every group of a population, tested and assessed, whether or not it is worth reporting.

    No controls stand beside their observations yet: ``compared`` puts them there.

    Args:
        tables: an engine that knows the table ``sketches`` with ``row_index`` and ``account``.
        population: the same exchanges as arrays.
        registry: the authorisations, read against the population.
        settings: levels and weights.
        progress: told of each stage.
        folder: where the families' matches rest that memory need not hold; null keeps them in memory.
        workers: look at groups side by side.
    """
    entities = fold_accounts(population)
    account = np.arange(len(population.accounts), dtype=np.int32)
    tables.register("entity_of", pa.table({"account": account, "entity": entities.of_account}))
    progress("families", 0, 1)
    families = find_families(tables, folder)
    traffic = LinkedTraffic(population, entities, families, ties_of(population, entities), registry)
    search = GroupSearch(traffic, settings, progress, workers)
    candidates = search.candidates()
    groups = search.by_candidate(candidates)
    dealt = search.by_work_list(groups)
    groups = search.apart([*groups, *search.large_enough(dealt)])
    dealing = search.dealing()

    def assess(some: list[Group], beside: Sequence[float], n_tests: int) -> list[Finding]:
        mine = search.without_bystanders(some)  # of two joined ones anew
        return assess_groups(mine, dealing, traffic, settings, progress, beside, n_tests, workers)

    findings = joined(assess(groups, (), len(groups)), assess)
    n_candidates = len(candidates) + len(dealt)
    return Analysis(population, entities, families, traffic.ties, registry, n_candidates, len(groups), tuple(findings))


def _with_standby(findings: Sequence[Finding], analysis: Analysis) -> tuple[Finding, ...]:
    """Return findings, accused ones with the accounts that stood by; what was tested and weighed stays as it was."""
    entities = analysis.entities
    taken = np.zeros(entities.n, bool)
    for finding in findings:
        if finding.is_accusation:
            taken[finding.group.entities] = True
    if not np.any(taken):
        return tuple(findings)
    ties = {**analysis.ties, **tool_ties(analysis.population, entities)}
    found = []
    for finding in findings:
        if finding.is_accusation:
            group = with_standby(finding.group, analysis.population, entities, ties, taken)
            taken[group.standby] = True
            found.append(replace(finding, group=group, accounts=accounts_of_group(entities, group)))
        else:
            found.append(finding)
    return tuple(found)
