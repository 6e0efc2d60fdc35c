"""The stages from sketches to assessed groups, in order; pure but for the engine that runs their SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array

from stillwatch.campaigns.bystander import accounts_of_group, without_bystanders
from stillwatch.campaigns.candidate import propose
from stillwatch.campaigns.claim import settled
from stillwatch.campaigns.control import activity_strata
from stillwatch.campaigns.dealing import Dealing
from stillwatch.campaigns.declared import apart_from_registered, without_declared
from stillwatch.campaigns.family_use import family_use
from stillwatch.campaigns.group import Group
from stillwatch.campaigns.growth import grown
from stillwatch.campaigns.membership import weigh_membership
from stillwatch.campaigns.nesting import groups_within, without_strangers
from stillwatch.campaigns.parting import parted
from stillwatch.campaigns.seed import seed_of
from stillwatch.campaigns.separation import separated
from stillwatch.campaigns.standby import tool_ties, with_standby
from stillwatch.campaigns.work_list import WorkLists, sent_before
from stillwatch.engines.side_by_side import IN_TURN, SideBySide
from stillwatch.links.comparer import Comparer, comparer
from stillwatch.links.entity import Entities, fold_accounts
from stillwatch.links.family import Families, find_families
from stillwatch.links.handover import hand_overs, linked_entities, successions
from stillwatch.links.identity import Ties, tie_graph, ties_of
from stillwatch.links.population import BoolArray, IntArray, Population
from stillwatch.links.replica import replicas
from stillwatch.links.tables import Tables
from stillwatch.pipeline.finding import Finding
from stillwatch.pipeline.group_assessment import Progress, assess_groups, compared, entity_times
from stillwatch.pipeline.joined import joined
from stillwatch.pipeline.registry import Registry
from stillwatch.pipeline.reported_once import distinct, reportable
from stillwatch.pipeline.settings import Settings


@dataclass(frozen=True)
class Analysis:
    """What the stages found in one population.

    Args:
        population: the traffic.
        entities: its entities.
        families: all families of exchanges.
        ties: identity ties by column.
        registry: what the registry says.
        n_candidates: candidates proposed.
        n_tested: groups tested; the q-values count them all.
        findings: groups worth reporting, accusations first.
        left_out: (n_accounts,) accounts that an analyst left out of accusations, or null: none.
    """

    population: Population
    entities: Entities
    families: Families
    ties: Mapping[str, Ties]
    registry: Registry
    n_candidates: int
    n_tested: int
    findings: tuple[Finding, ...]
    left_out: BoolArray | None = None

    @property
    def not_accused(self) -> BoolArray:
        """Return (n_accounts,) accounts in no accusation: the registry names them, or an analyst left them out."""
        return self.registry.named if self.left_out is None else self.registry.named | self.left_out

    @cached_property
    def use(self) -> csr_array:
        """Return, (n_entities, n_families), in how many exchanges each entity clearly used each family."""
        return family_use(self.population, self.entities, self.families)

    @cached_property
    def comparer(self) -> Comparer:
        """Return what compares pairs of entities."""
        times = entity_times(self.population, self.entities)
        return comparer(self.population, self.entities, self.use, self.ties, times)

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
    beside = compared(reported, population, everything.entities, registry, workers)
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
    n_accounts = len(population.accounts)
    account = np.arange(n_accounts, dtype=np.int32)
    tables.register("entity_of", pa.table({"account": account, "entity": entities.of_account}))
    progress("families", 0, 1)
    families = find_families(tables, folder)
    ties = ties_of(population, entities)
    progress("candidates", 0, 1)
    succession = successions(population, entities)
    found = hand_overs(succession)
    handed = linked_entities(found, population, entities)
    candidates = propose(population, entities, families, ties, handed)
    is_replica = replicas(population, entities)
    is_known = is_replica | sent_before(population, entities.of_account[population.exchanges.account].astype(np.int64))
    strata = activity_strata(entities.n_exchanges)

    def groups_of(i: int) -> tuple[Group, ...]:
        group = weigh_membership(candidates[i], population, entities, families, is_known)
        if group is None:
            return ()
        whole = grown(group, population, entities, families, ties, strata, is_replica)
        return parted(whole, population, entities, families, found)

    weighed = workers.each(groups_of, len(candidates), lambda i: progress("members", i, len(candidates)))
    tied = tie_graph(ties, entities.n)[:2]
    groups = [without_declared(one, entities, population, [tied, handed]) for parts in weighed for one in parts]
    is_registered = ~np.bincount(entities.of_account, weights=~registry.named, minlength=entities.n).astype(bool)
    groups = [part for one in groups for part in apart_from_registered(one, is_registered, entities, population)]
    groups = settled(distinct(_large_enough(groups, settings)), population, entities)
    groups = _large_enough(groups, settings)
    is_explained = np.zeros(len(population.exchanges), bool)
    for group in groups:
        if group.channel == "content":
            is_explained[group.slice_rows] = True
    progress("work lists", 0, 1)
    lists = WorkLists(population, entities, succession, found, is_replica, is_explained)
    dealt = [without_declared(group, entities, population, [tied, handed]) for group in lists.groups()]
    dealt = [part for one in dealt for part in apart_from_registered(one, is_registered, entities, population)]
    groups += _large_enough(dealt, settings)
    progress("members set apart", 0, 1)
    groups = _separated(groups, population, entities, ties, handed, workers)
    groups = [without_bystanders(group, population, entities, ties) for group in groups]
    groups = _large_enough(groups, settings)
    dealing = Dealing(population, entities, succession, found)

    def assess(some: list[Group], beside: Sequence[float], n_tests: int) -> list[Finding]:
        mine = [without_bystanders(group, population, entities, ties) for group in some]  # of two joined ones anew
        return assess_groups(
            mine, dealing, population, entities, families, ties, registry, settings, progress, beside, n_tests, workers
        )

    findings = joined(assess(groups, (), len(groups)), assess)
    n_candidates = len(candidates) + len(dealt)
    return Analysis(population, entities, families, ties, registry, n_candidates, len(groups), tuple(findings))


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


def _large_enough(groups: list[Group], settings: Settings) -> list[Group]:
    """Return the groups that have members enough to be reported, and any exchange to speak of."""
    return [group for group in groups if len(group.entities) >= settings.least_members and len(group.slice_rows)]


def _separated(
    groups: list[Group],
    population: Population,
    entities: Entities,
    ties: Mapping[str, Ties],
    handed: tuple[IntArray, IntArray],
    workers: SideBySide,
) -> list[Group]:
    """Return groups without those whom nothing but words joins to them, and these as groups at the end."""
    within = groups_within(groups, entities.n)

    def apart_of(i: int) -> tuple[Group, ...]:
        inner = [groups[j] for j in within[i]]
        kept, *strangers = without_strangers(groups[i], inner, population, entities, ties, handed)
        return (*separated(kept, population, entities, ties, handed, seed_of(kept.entities)), *strangers)

    found = workers.each(apart_of, len(groups))
    return [parts[0] for parts in found] + [part for parts in found for part in parts[1:]]
