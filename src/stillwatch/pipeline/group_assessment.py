"""Groups tested and weighed: each against its own controls, all together at one rate of false discoveries."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from stillwatch.assessments.catalogue import SUCCESSION
from stillwatch.assessments.credible import WeightDraws, credible, draw_weights
from stillwatch.assessments.hypothesis import released_weights, weigh
from stillwatch.assessments.observation import Observation, beside_controls, observe, with_tests
from stillwatch.assessments.sample import Sample, plain_sample
from stillwatch.assessments.sign import LEAST_LOW, may_accuse
from stillwatch.assessments.uncertainty import with_errors
from stillwatch.campaigns.bystander import accounts_of_group
from stillwatch.campaigns.common_ground import common_observations
from stillwatch.campaigns.control import Pool, activity_strata, draw_controls
from stillwatch.campaigns.coordination import (
    TESTED_KINDS,
    TestResult,
    digits_error,
    p_value_of,
)
from stillwatch.campaigns.dealing import HAND_OVER, Dealing
from stillwatch.campaigns.false_discovery import q_values
from stillwatch.campaigns.group import Group
from stillwatch.campaigns.slice import matches_with
from stillwatch.campaigns.telling import basis_of
from stillwatch.engines.side_by_side import IN_TURN, SideBySide
from stillwatch.links.population import IntArray
from stillwatch.links.rows import accounts_of_entities, rows_of_accounts
from stillwatch.pipeline.finding import DISTILLATION, Finding
from stillwatch.pipeline.group_tests import GroupTests
from stillwatch.pipeline.linked_traffic import LinkedTraffic
from stillwatch.pipeline.settings import Settings

N_COMPARED: int = 10  # control groups whose observations stand beside a group's: the mean is for the eye

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, what is done and what there is to do."""


def assess_groups(  # noqa: PLR0913, PLR0917 - the stage's whole input, each part used once
    groups: Sequence[Group],
    dealing: Dealing,
    traffic: LinkedTraffic,
    settings: Settings,
    progress: Progress,
    beside: Sequence[float] = (),
    n_tests: int | None = None,
    workers: SideBySide = IN_TURN,
) -> list[Finding]:
    """Return some groups tested and assessed, in their order.

    Args:
        groups: large enough each.
        dealing: tests how items were passed on.
        traffic: what they were found in.
        settings: levels and weights.
        progress: told of each group.
        beside: p-values of other groups that count in the control of false discoveries.
        n_tests: the number of tests in all, where some are neither here nor there.
        workers: look at groups side by side.
    """
    n, tests = len(groups), GroupTests(traffic, dealing)
    rivals = released_weights(settings.weights)
    draws = draw_weights(rivals)
    tested = workers.each(lambda i: tests.of(groups[i]), n, lambda i: progress("group tests", i, n))
    observed = workers.each(lambda i: _observed(groups[i], traffic), n, lambda i: progress("hypotheses", i, n))
    p_values = np.array([*beside, *(one.p_value for one in tested)], np.float64)
    q = q_values(p_values, n_tests)[len(beside) :]
    findings = []
    for i, (group, (results, p_value)) in enumerate(zip(groups, tested, strict=True)):
        accounts = accounts_of_group(traffic.entities, group)
        observations = _telling(observed[i], group, accounts, results, traffic)
        hypotheses = weigh(rivals, observations)
        is_shown = (
            hypotheses[0].name == DISTILLATION
            and hypotheses[0].posterior >= settings.p_leading
            and bool(q[i] <= settings.q_level)
            and may_accuse(observations, hypotheses[0].posterior)
            and is_held(draws, observations)
        )
        sender = traffic.population.exchanges.account[group.slice_rows]
        is_accusation = is_shown and not bool(traffic.registry.named[sender].all())
        findings.append(
            Finding(
                group, accounts, results, float(p_value), float(q[i]), observations, hypotheses, is_accusation, number=i
            )
        )
    return findings


def _observed(group: Group, traffic: LinkedTraffic) -> dict[str, Observation]:
    """Return what is observed of a group, each with how far it could have come out otherwise."""
    sample = group_sample(group, accounts_of_group(traffic.entities, group), traffic)
    return with_errors(observe(sample), sample)


def _telling(
    seen: dict[str, Observation],
    group: Group,
    accounts: IntArray,
    results: tuple[TestResult, ...],
    traffic: LinkedTraffic,
) -> dict[str, Observation]:
    """Return observations with the outcomes of tests, and without those that say nothing of this group."""
    observations = outcomes_seen(seen, results)
    if group.channel == HAND_OVER:  # which looked for items, not for templates: none found is no news
        observations["widest_family"] = replace(observations["widest_family"], value=None)
    for name in common_observations(traffic.population, traffic.ties, accounts, group.entities, traffic.entities.n):
        observations[name] = replace(observations[name], value=None)  # what everybody has says nothing of a group
    return observations


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
    traffic: LinkedTraffic,
    workers: SideBySide = IN_TURN,
) -> tuple[Finding, ...]:
    """Return findings with matched controls beside each observation: for the eye, no verdict rests on them."""
    population, entities = traffic.population, traffic.entities
    strata = activity_strata(entities.n_exchanges)
    everyone = Pool.of(strata, np.arange(entities.n))

    def beside(i: int) -> dict[str, Observation]:
        members = findings[i].group.entities
        drawn = draw_controls(members, strata, everyone.without(members), N_COMPARED, findings[i].number)
        controls = tuple(
            plain_sample(population, entities, accounts_of_entities(entities, control), traffic.registry.named)
            for control in (drawn if drawn is not None else ())
        )
        return beside_controls(findings[i].observations, controls)

    observations = workers.each(beside, len(findings))
    return tuple(replace(one, observations=seen) for one, seen in zip(findings, observations, strict=True))


def group_sample(group: Group, accounts: IntArray, traffic: LinkedTraffic) -> Sample:
    """Return the sample on which a group is observed: its slice, and the matches of its own families."""
    population, families = traffic.population, traffic.families
    inside = np.zeros(len(population.accounts), bool)
    inside[accounts] = True
    found = matches_with(families, group.families, population, group.tools)
    account = population.exchanges.account[found.exchange]
    opens = ~(population.exchanges.numbers["turn"][found.exchange] > 0)  # later turns repeat the choice of the first
    mine = inside[account] & opens
    rows = rows_of_accounts(population, accounts)
    of_match = account[mine].astype(np.int64)
    family = group.families[found.place[mine]]
    return Sample(
        population, traffic.entities, accounts, group.slice_rows, rows, traffic.registry.named, family, of_match
    )
