"""Groups tested and weighed: each against its own controls, all together at one rate of false discoveries."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from stillwatch.assessments.credible import WeightDraws, credible, draw_weights
from stillwatch.assessments.hypothesis import released_weights, weigh
from stillwatch.assessments.observation import SUCCESSION, Observation, beside_controls, observe, with_tests
from stillwatch.assessments.sample import Sample, plain_sample
from stillwatch.assessments.sign import LEAST_LOW, may_accuse
from stillwatch.assessments.uncertainty import with_errors
from stillwatch.campaigns.bystander import accounts_of_group
from stillwatch.campaigns.censoring import lives_of
from stillwatch.campaigns.common_value import common_observations
from stillwatch.campaigns.control import Pool, activity_strata, draw_controls
from stillwatch.campaigns.coordination import (
    TESTED_KINDS,
    TestResult,
    assess_coordination,
    assess_elsewhere,
    channels_of,
    combined_p_value,
    digits_error,
    p_value_of,
)
from stillwatch.campaigns.dealing import HAND_OVER, Dealing
from stillwatch.campaigns.false_discovery import q_values
from stillwatch.campaigns.group import Group
from stillwatch.campaigns.rhythm import Rhythm
from stillwatch.campaigns.seed import seed_of
from stillwatch.campaigns.slice import matches_with
from stillwatch.campaigns.telling import basis_of
from stillwatch.engines.side_by_side import IN_TURN, SideBySide
from stillwatch.links.entity import Entities
from stillwatch.links.family import Families
from stillwatch.links.identity import Ties
from stillwatch.links.population import MISSING_TIME, IntArray, Population
from stillwatch.links.rows import accounts_of_entities, rows_of_accounts
from stillwatch.pipeline.finding import DISTILLATION, Finding
from stillwatch.pipeline.registry import Registry
from stillwatch.pipeline.settings import Settings

N_COMPARED: int = 10  # control groups whose observations stand beside a group's: the mean is for the eye
LEAST_NEW_US = 172_800_000_000  # two days into a log: what is seen later for the first time is new

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, what is done and what there is to do."""


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
    channels = channels_of(ties, entities.n, seen_times(population, entities), first_uses(population, entities), strata)
    rivals = released_weights(settings.weights)
    rhythm = Rhythm(population, entities)

    def results_of(group: Group) -> tuple[TestResult, ...]:
        seed = seed_of(group.proposed)
        compared = assess_coordination(group.proposed, channels, strata, group.channel, seed, everyone)
        if group.channel == "identity":
            compared += assess_elsewhere(group.outsiders, group.proposed, ties, strata, seed, everyone)
        together = rhythm.assess(group.entities, group.slice_rows, seed_of(group.entities))
        return (*compared, *together, *dealing.assess(group))

    def tests_of(i: int) -> tuple[tuple[TestResult, ...], float]:
        whole = groups[i].whole
        own = results_of(groups[i])
        if whole is None:
            return own, combined_p_value(own)
        before = results_of(whole)  # ties chose who stayed: only of the whole do they say anything, if it stays so
        return before, max(combined_p_value(before), combined_p_value(own))

    def observed_of(i: int) -> dict[str, Observation]:
        accounts = accounts_of_group(entities, groups[i])
        sample = group_sample(groups[i], accounts, population, entities, families, registry)
        return with_errors(observe(sample), sample)

    draws = draw_weights(rivals)
    found = workers.each(tests_of, len(groups), lambda i: progress("group tests", i, len(groups)))
    tested = [results for results, _ in found]
    observed = workers.each(observed_of, len(groups), lambda i: progress("hypotheses", i, len(groups)))
    p_values = np.array([p_value for _, p_value in found])
    q = q_values(np.concatenate([np.array(beside, np.float64), p_values]), n_tests)[len(beside) :]
    findings = []
    for i, group in enumerate(groups):
        accounts = accounts_of_group(entities, group)
        observations = outcomes_seen(observed[i], tested[i])
        if group.channel == HAND_OVER:  # which looked for items, not for templates: none found is no news
            observations["widest_family"] = replace(observations["widest_family"], value=None)
        for name in common_observations(population, ties, accounts, group.entities, entities.n):
            observations[name] = replace(observations[name], value=None)  # what everybody has says nothing of a group
        hypotheses = weigh(rivals, observations)
        leading = hypotheses[0]
        is_shown = (
            leading.name == DISTILLATION
            and leading.posterior >= settings.p_leading
            and bool(q[i] <= settings.q_level)
            and may_accuse(observations, leading.posterior)
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


def outcomes_seen(observations: dict[str, Observation], tested: tuple[TestResult, ...]) -> dict[str, Observation]:
    """Return observations with what the tests of a group say: those of each kind of evidence together, and succession.

    Succession is no beginning or ending together: it is told, and weighed, by itself.
    """
    together = tuple(test for test in tested if test.name != SUCCESSION)
    of_kind: dict[str, tuple[tuple[TestResult, ...], tuple[str, ...]]] = {
        channel: (together, kinds) for channel, kinds in TESTED_KINDS.items()
    }
    of_kind |= {test.name: ((test,), (test.kind,)) for test in tested if test.name == SUCCESSION}
    p_of = {channel: p_value_of(*told) for channel, told in of_kind.items()}
    error_of = {channel: digits_error(*told) for channel, told in of_kind.items()}
    return with_tests(observations, p_of, error_of, {channel: basis_of(*told) for channel, told in of_kind.items()})


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


def seen_times(population: Population, entities: Entities) -> dict[str, IntArray]:
    """Return the times of ``entity_times`` that tell of an entity's own doing, and no others.

    A first request counts where the entity was seen to begin, a last one where it was seen to stop. What accounts of
    one house have in common, its administrator's day of making them among it, tells of the house.
    """
    lives = lives_of(population, entities)
    times = {**entity_times(population, entities), "first_request": lives.begun_us, "last_request": lives.stopped_us}
    return {name: np.where(entities.has_house, MISSING_TIME, at_us) for name, at_us in times.items()}


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
        found.append(np.where((first == never) | entities.has_house, MISSING_TIME, first))
    return tuple(found)
