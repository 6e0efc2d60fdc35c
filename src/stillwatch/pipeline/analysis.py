"""The stages from sketches to assessed groups, in order; pure but for the engine that runs their SQL."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array

from stillwatch.assessments.credible import WeightDraws, credible, draw_weights
from stillwatch.assessments.hypothesis import ScoredHypothesis, released_weights, weigh
from stillwatch.assessments.observation import Observation, beside_controls, observe, with_tests
from stillwatch.assessments.sample import Sample, plain_sample
from stillwatch.assessments.sign import LEAST_LOW, may_accuse
from stillwatch.campaigns.candidate import family_use, propose
from stillwatch.campaigns.claim import settled
from stillwatch.campaigns.control import Pool, activity_strata, draw_controls
from stillwatch.campaigns.coordination import (
    TESTED_KINDS,
    TestResult,
    assess_coordination,
    assess_elsewhere,
    channels_of,
    combined_p_value,
    p_value_of,
)
from stillwatch.campaigns.dealing import HAND_OVER, Dealing
from stillwatch.campaigns.false_discovery import q_values
from stillwatch.campaigns.growth import grown
from stillwatch.campaigns.membership import (
    Group,
    apart_from_registered,
    matches_with,
    weigh_membership,
    without_declared,
)
from stillwatch.campaigns.parting import parted
from stillwatch.campaigns.rhythm import Rhythm
from stillwatch.campaigns.separation import separated
from stillwatch.campaigns.standby import tool_ties, with_standby
from stillwatch.campaigns.work_list import WorkLists, sent_before
from stillwatch.engines.side_by_side import IN_TURN, SideBySide
from stillwatch.links.comparer import Comparer, comparer
from stillwatch.links.entity import Entities, fold_accounts
from stillwatch.links.family import Families, find_families
from stillwatch.links.handover import hand_overs, linked_entities, successions
from stillwatch.links.identity import Ties, tie_graph, ties_of
from stillwatch.links.population import MISSING_TIME, BoolArray, IntArray, Population
from stillwatch.links.replica import replicas
from stillwatch.links.rows import accounts_of_entities, rows_of_accounts
from stillwatch.links.tables import Tables
from stillwatch.pipeline.registry import Registry
from stillwatch.pipeline.settings import Settings

N_COMPARED: int = 10  # control groups whose observations stand beside a group's: the mean is for the eye
MOST_REPEATED = 0.8  # of a group's accounts may stand in groups reported before it
LEAST_NEW_US = 172_800_000_000  # two days into a log: what is seen later for the first time is new
UNRELATED = "unrelated"
UNDETERMINED = "undetermined"
AUTHORISED = "authorised_customer"
SAME_MEMBERS = 0.9  # of the members of either of two groups: then one repeats the other
MOSTLY_REGISTERED = 0.5  # of a group's accounts: most of them are covered or lapsed, and the registry says which
DISTILLATION = "distillation"
CLEARLY_HONEST = 0.8  # posterior of an honest use that no test shows to be coordinated, to be worth a reader's time

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, what is done and what there is to do."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One group with all that was computed of it."""

    group: Group
    accounts: IntArray
    tests: tuple[TestResult, ...]
    p_value: float
    q_value: float
    observations: Mapping[str, Observation]
    hypotheses: tuple[ScoredHypothesis, ...]
    is_accusation: bool
    number: int = 0  # among the groups that were tested together: seeds its draws
    is_dismissed: bool = False  # by an analyst, and nothing new speaks against that; such a group does not accuse
    held_as: str | None = None  # the id under which analysts hold it, where they merged or split it

    @property
    def leading(self) -> ScoredHypothesis:
        """Return the most probable hypothesis."""
        return self.hypotheses[0]

    @property
    def verdict(self) -> str:
        """Return the name under which the group is reported.

        ``distillation`` stands only where the group is accused. Where it leads otherwise, a group most of whose
        accounts the registry names is an ``authorised_customer``, and any other is ``undetermined``.
        """
        if self.leading.name != DISTILLATION or self.is_accusation:
            return self.leading.name
        registered = self.observations["registered_share"].value or 0.0
        return AUTHORISED if registered >= MOSTLY_REGISTERED else UNDETERMINED


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
    reported = _reportable(list(everything.findings), settings)
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
    groups = settled(_distinct(_large_enough(groups, settings)), population, entities)
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
    groups = _large_enough(_separated(groups, population, entities, ties, handed, workers), settings)
    dealing = Dealing(population, entities, succession, found)
    findings = assess_groups(
        groups, dealing, population, entities, families, ties, registry, settings, progress, workers=workers
    )
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
            found.append(replace(finding, group=group, accounts=accounts_of_entities(entities, group.entities)))
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

    def apart_of(i: int) -> tuple[Group, ...]:
        return separated(groups[i], population, entities, ties, handed, seed=i)

    found = workers.each(apart_of, len(groups))
    return [parts[0] for parts in found] + [part for parts in found for part in parts[1:]]


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


def _distinct(groups: list[Group]) -> list[Group]:
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


def assess_groups(  # noqa: PLR0913, PLR0917 - the stage's whole input, each part used once
    groups: list[Group],
    dealing: Dealing,
    population: Population,
    entities: Entities,
    families: Families,
    ties: Mapping[str, Ties],
    registry: Registry,
    settings: Settings,
    progress: Progress,
    beside: Sequence[float] = (),
    n_tests: int | None = None,
    workers: SideBySide = IN_TURN,
) -> list[Finding]:
    """Return some groups tested and assessed, in their order.

    ``beside`` are p-values of other groups that count in the control of false discoveries, and ``n_tests`` the number
    of tests in all, where some are neither here nor there.
    """
    strata = activity_strata(entities.n_exchanges)
    everyone = Pool.of(strata, np.arange(entities.n))
    times = entity_times(population, entities)
    channels = channels_of(ties, entities.n, times, first_uses(population, entities))
    rivals = released_weights(settings.weights)
    rhythm = Rhythm(population, entities)

    def results_of(group: Group, i: int) -> tuple[TestResult, ...]:
        compared = assess_coordination(group.proposed, channels, strata, group.channel, i, everyone)
        if group.channel == "identity":
            compared += assess_elsewhere(group.outsiders, group.proposed, ties, strata, i, everyone)
        together = rhythm.assess(group.entities, group.slice_rows, seed=i)
        return (*compared, *together, *dealing.assess(group))

    def tests_of(i: int) -> tuple[tuple[TestResult, ...], float]:
        whole = groups[i].whole
        own = results_of(groups[i], i)
        if whole is None:
            return own, combined_p_value(own)
        before = results_of(whole, i)  # ties chose who stayed: only of the whole do they say anything, if it stays so
        return before, max(combined_p_value(before), combined_p_value(own))

    def observed_of(i: int) -> dict[str, Observation]:
        accounts = accounts_of_entities(entities, groups[i].entities)
        return observe(group_sample(groups[i], accounts, population, entities, families, registry))

    draws = draw_weights(rivals)
    found = workers.each(tests_of, len(groups), lambda i: progress("group tests", i, len(groups)))
    tested = [results for results, _ in found]
    observed = workers.each(observed_of, len(groups), lambda i: progress("hypotheses", i, len(groups)))
    p_values = np.array([p_value for _, p_value in found])
    q = q_values(np.concatenate([np.array(beside, np.float64), p_values]), n_tests)[len(beside) :]
    findings = []
    for i, group in enumerate(groups):
        accounts = accounts_of_entities(entities, group.entities)
        p_of = {channel: p_value_of(tested[i], kinds) for channel, kinds in TESTED_KINDS.items()}
        observations = with_tests(observed[i], p_of)
        if group.channel == HAND_OVER:  # which looked for items, not for templates: none found is no news
            observations["widest_family"] = replace(observations["widest_family"], value=None)
        hypotheses = weigh(rivals, observations)
        leading = hypotheses[0]
        is_shown = (
            leading.name == DISTILLATION
            and leading.posterior >= settings.p_leading
            and bool(q[i] <= settings.q_level)
            and may_accuse({name: item.value for name, item in observations.items()}, leading.posterior)
            and is_held(draws, observations)
        )
        is_accusation = is_shown and not bool(registry.named[population.exchanges.account[group.slice_rows]].all())
        findings.append(
            Finding(
                group,
                accounts,
                tested[i],
                float(p_values[i]),
                float(q[i]),
                observations,
                hypotheses,
                is_accusation,
                number=i,
            )
        )
    return findings


def is_held(draws: WeightDraws | None, observations: Mapping[str, Observation]) -> bool:
    """Return whether distillation would lead as well with weights learned from other groups; true where none are."""
    band = credible(draws, observations).get(DISTILLATION)
    return band is None or band.low >= LEAST_LOW


def compared(
    findings: Sequence[Finding],
    population: Population,
    entities: Entities,
    registry: Registry,
    workers: SideBySide = IN_TURN,
) -> tuple[Finding, ...]:
    """Return findings with matched controls beside each observation: for the eye, no verdict rests on them."""
    strata = activity_strata(entities.n_exchanges)
    everyone = Pool.of(strata, np.arange(entities.n))

    def beside(i: int) -> dict[str, Observation]:
        members = findings[i].group.entities
        drawn = draw_controls(members, strata, everyone.without(members), N_COMPARED, findings[i].number)
        controls = tuple(
            plain_sample(population, entities, accounts_of_entities(entities, control), registry.named)
            for control in (drawn if drawn is not None else ())
        )
        return beside_controls(findings[i].observations, controls)

    observations = workers.each(beside, len(findings))
    return tuple(replace(one, observations=seen) for one, seen in zip(findings, observations, strict=True))


def group_sample(
    group: Group, accounts: IntArray, population: Population, entities: Entities, families: Families, registry: Registry
) -> Sample:
    """Return the sample on which a group is observed: its slice, and the matches of its own families."""
    inside = np.zeros(len(population.accounts), bool)
    inside[accounts] = True
    found = matches_with(families, group.families, population, group.tools)
    account = population.exchanges.account[found.exchange]
    opens = ~(population.exchanges.numbers["turn"][found.exchange] > 0)  # later turns repeat the choice of the first
    mine = inside[account] & opens
    rows = rows_of_accounts(population, accounts)
    of_match = account[mine].astype(np.int64)
    family = group.families[found.place[mine]]
    return Sample(population, entities, accounts, group.slice_rows, rows, registry.named, family, of_match)


def entity_times(population: Population, entities: Entities) -> dict[str, IntArray]:
    """Return, for each entity, its earliest sign-up and ban and its first and last request, those that are known."""
    accounts, exchanges = population.accounts, population.exchanges
    never = np.iinfo(np.int64).max
    found: dict[str, IntArray] = {}
    for name, at_us in (("sign_up", accounts.created_us), ("ban", accounts.banned_us)):
        if np.any(at_us != MISSING_TIME):
            earliest = np.full(entities.n, never)
            known = at_us != MISSING_TIME
            np.minimum.at(earliest, entities.of_account[known], at_us[known])
            found[name] = np.where(earliest == never, MISSING_TIME, earliest)
    first = np.full(entities.n, never)
    last = np.full(entities.n, MISSING_TIME)
    np.minimum.at(first, entities.of_account, exchanges.requested_us[exchanges.first[:-1]])
    np.maximum.at(last, entities.of_account, exchanges.requested_us[exchanges.first[1:] - 1])
    return {**found, "first_request": first, "last_request": last}


def first_uses(population: Population, entities: Entities) -> tuple[IntArray, ...]:
    """Return, for each model that appeared ``LEAST_NEW_US`` or more after the log began, every entity's first use."""
    exchanges = population.exchanges
    model, at_us = exchanges.keys["model"], exchanges.requested_us
    if not model.is_known or not len(exchanges):
        return ()
    entity = entities.of_account[exchanges.account]
    never = np.iinfo(np.int64).max
    found = []
    for code in range(len(model.values)):
        rows = np.flatnonzero(model.code == code)
        if int(at_us[rows].min()) - int(at_us.min()) < LEAST_NEW_US:
            continue
        first = np.full(entities.n, never)
        np.minimum.at(first, entity[rows], at_us[rows])
        found.append(np.where(first == never, MISSING_TIME, first))
    return tuple(found)


def _reportable(findings: list[Finding], settings: Settings) -> tuple[Finding, ...]:
    """Return what is worth a reader's time, accusations first: coordinated groups, and clear families of honest use.

    Strangers who happen to say alike things are not reported. Nor is a group that adds nothing: an accusation most of
    whose accounts stand in others that explain more of their traffic (it is a phrase that several campaigns share), or
    another group most of which one reported group contains.
    """
    accused: list[Finding] = []
    known: set[int] = set()
    for finding in sorted((f for f in findings if f.is_accusation), key=lambda f: (-_explained(f), int(f.accounts[0]))):
        if sum(account in known for account in finding.accounts.tolist()) / len(finding.accounts) < MOST_REPEATED:
            accused.append(finding)
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


def _explained(finding: Finding) -> float:
    """Return the share of its accounts' traffic that a finding explains."""
    return finding.observations["slice_share"].value or 0.0


def _is_worth_reporting(finding: Finding, settings: Settings) -> bool:
    if finding.leading.name == UNRELATED:
        return False
    least = 0.5 if finding.leading.name == DISTILLATION else CLEARLY_HONEST
    is_clear = finding.group.channel == "content" and finding.leading.posterior >= least
    return finding.q_value <= settings.q_level or is_clear
