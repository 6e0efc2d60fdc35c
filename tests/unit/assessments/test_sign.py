"""What an accusation needs beside its posterior: one enterprise, and signs of purpose."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest

from stillwatch.assessments import sign
from stillwatch.assessments.catalogue import KINDS
from stillwatch.assessments.observation import Observation
from stillwatch.assessments.sampling_error import SamplingError
from stillwatch.assessments.sign import LEAST_SIGNS

POOL: Final = {
    "work_list_coordination": 9.0,
    "alone_share": 0.96,
    "identity_coordination": 0.1,
    "thinking_tags": 0.5,
    "trainable_share": 0.83,
    "replica_share": 0.05,
    "one_organisation": 0.0,
    "one_email_domain": 0.4,
    "one_address_share": 0.05,
}
CROWD: Final = {**POOL, "thinking_tags": 0.0, "trainable_share": 0.65}
BY_HAND: Final = {**CROWD, "alone_share": 0.65}
OPEN: Final = {"one_email_domain": 1.0}


def seen(values: Mapping[str, float | None], n: float | None = None) -> dict[str, Observation]:
    """Return observations with these values, shares known from so many accounts; null: exactly."""
    error = None if n is None else SamplingError(n, None)
    return {
        name: Observation(KINDS[name], value, None, error=None if "coordination" in name else error)
        for name, value in values.items()
    }


def names(values: Mapping[str, float | None], n: float | None = None) -> set[str]:
    """Return the names of the signs shown."""
    return {one.name for one in sign.signs_of(seen(values, n))}


def may_accuse(values: Mapping[str, float | None], posterior: float) -> bool:
    """Return whether a group of these values may be accused."""
    return sign.may_accuse(seen(values), posterior)


def lacking(values: Mapping[str, float | None], posterior: float) -> tuple[str, ...]:
    """Return what such a group lacks."""
    return sign.lacking(seen(values), posterior)


def test_that_every_observation_exists() -> None:
    """A sign that asks for an observation nobody makes would never be seen."""
    assert set(POOL) <= set(KINDS)
    assert {"cue_task_writing", "cue_rubric_grading", "cue_reasoning_trace", "one_tool_set"} <= set(KINDS)


def test_that_a_pool_that_draws_reasoning_from_skills_may_be_accused() -> None:
    """Clean identities do not help a pool that passes its items on and asks for what a student trains on."""
    assert may_accuse(POOL, 0.95)
    assert lacking(POOL, 0.95) == ()


def test_that_a_queue_of_workers_may_not_be_accused() -> None:
    """Coordination alone accuses nobody, however clear."""
    assert names(CROWD) == {"hidden"}
    assert not may_accuse(CROWD, 0.95)
    assert "Too few signs" in lacking(CROWD, 0.95)[0]


def test_that_what_is_lacking_is_told_in_a_few_words_where_and_only_where_it_is() -> None:
    """A table has room for a few words; they stand exactly where the sentences do."""
    assert sign.lacks(seen(POOL), 0.95) == ()
    assert sign.lacks(seen(CROWD), 0.95) == ("lacks a sign of purpose",)
    assert sign.lacks(seen({**CROWD, **OPEN, "thinking_tags": 0.9}), 0.95) == ("too few signs of a purpose",)
    by_hand = {**BY_HAND, "thinking_tags": 0.9, "trainable_share": 0.95}
    assert sign.lacks(seen(by_hand), 0.95) == ("no sign of one hand behind the members",)
    assert len(lacking(by_hand, 0.95)) == 1


@pytest.mark.parametrize("rhythm", [0.0, 12.0])
def test_that_a_course_may_not_be_accused(rhythm: float) -> None:
    """Beginning together, with tasks and a prompt that ask for reasoning, is an occasion and no enterprise."""
    course = {**POOL, "work_list_coordination": 0.0, "rhythm_coordination": rhythm}
    assert len(names(course)) >= LEAST_SIGNS
    assert not sign.is_one_enterprise(seen(course))
    assert not may_accuse(course, 0.95)
    assert "one hand" in lacking(course, 0.95)[0]


def test_that_one_sign_needs_ten_times_the_odds() -> None:
    """And an enterprise besides; skills alone do not at any odds."""
    mixed = {**CROWD, **OPEN, "thinking_tags": 0.9}
    assert names(mixed) == {"reasoning"}
    assert not may_accuse(mixed, 0.98)
    assert may_accuse(mixed, 0.995)
    assert lacking(mixed, 0.995) == ()
    assert not may_accuse({**mixed, "work_list_coordination": 0.0}, 0.999)
    assert not may_accuse({**CROWD, **OPEN, "trainable_share": 0.83}, 0.999)


def test_that_nothing_but_skills_is_a_second_sign() -> None:
    """A pool that has thousands of new answers graded, and asks nothing else, needs no tags and no shared card."""
    graders = {**CROWD, **OPEN, "trainable_share": 0.99}
    assert names(graders) == {"skill", "pure"}
    assert may_accuse(graders, 0.95)
    assert not may_accuse({**graders, "trainable_share": 0.83}, 0.95)


def test_that_lessons_are_no_harvest_and_a_program_that_hides_is() -> None:
    """Skills with their reasons are what pupils ask for; the same dealt by a program over strangers is not."""
    lesson = {**CROWD, **OPEN, "trainable_share": 0.83, "reasoning_asked": 0.95}
    assert names(lesson) == {"worked", "skill"}
    assert not may_accuse(lesson, 0.985)
    pool = {**CROWD, "reasoning_asked": 0.95}
    assert names(pool) == {"worked", "hidden"}
    assert not may_accuse(pool, 0.985)  # so does who lends a key to a project that asks for reasons
    assert may_accuse(pool, 0.991)
    for tie in ("identity_coordination", "rhythm_coordination"):
        tied = {**pool, tie: 4.0}
        assert not may_accuse(tied, 0.95)  # reviewers of documents write reasons down as well
        assert "96.5%" in lacking(tied, 0.95)[0]
        assert may_accuse(tied, 0.97)


def test_that_one_set_of_tools_is_a_sign_where_cards_are_shared() -> None:
    """A firm's fleet of agents has one set of tools too, and hands on what failed; a pool shares its cards as well."""
    fleet = {**CROWD, "one_tool_set": 1.0}
    assert names(fleet) == {"hidden"}
    assert not may_accuse(fleet, 0.97)
    pool = {**fleet, "identity_coordination": 6.0}
    assert names(pool) == {"skill", "hidden"}
    assert may_accuse(pool, 0.92)


def test_that_people_who_work_at_a_list_by_hand_are_no_enterprise() -> None:
    """Authors of exercises pass returned items on, and sit down to several: nobody runs them."""
    authors = {**BY_HAND, "trainable_share": 0.95, "reasoning_asked": 0.95}
    assert names(authors) == {"worked", "skill", "pure"}
    assert not sign.is_one_enterprise(seen(authors))
    assert not may_accuse(authors, 0.999)
    employed = {**authors, "identity_coordination": 6.0}
    assert not sign.is_one_enterprise(seen(employed))
    assert sign.is_one_enterprise(seen({**employed, "rhythm_coordination": 3.0}))
    assert sign.is_one_enterprise(seen({**employed, "alone_share": 0.97}))


def test_that_a_program_over_accounts_in_the_open_hides_nothing() -> None:
    """A firm's own queue runs over accounts of one domain; and where nothing is passed on, nothing is tied."""
    assert names({**CROWD, **OPEN}) == set()
    assert names({**CROWD, "work_list_coordination": 1.0}) == set()


def test_that_items_asked_again_and_again_are_no_harvest() -> None:
    """A team that runs its own questions after each change exercises skills, and learns nothing new from them."""
    evaluation = {**POOL, "thinking_tags": 0.0, "identity_coordination": 4.0, "replica_share": 1.0}
    assert names(evaluation) == {"hidden"}
    assert not may_accuse(evaluation, 0.95)
    assert may_accuse({**evaluation, "replica_share": 0.05}, 0.95)


@pytest.mark.parametrize(
    ("column", "share"), [("one_organisation", 0.6), ("one_email_domain", 0.9), ("one_address_share", 0.8)]
)
def test_that_what_lies_open_is_not_hidden(column: str, share: float) -> None:
    """Accounts that name one firm, or work from one office, hide nothing by sharing a card."""
    tied = {**POOL, "identity_coordination": 8.0}
    assert "hidden" in names(tied)
    assert "hidden" not in names({**tied, column: share})


def test_that_hidden_ties_are_no_purpose() -> None:
    """A reseller's accounts share cards and carry everybody's subjects: nothing of that is a teacher's use."""
    relay = {**BY_HAND, "identity_coordination": 8.0}
    assert names(relay) == {"hidden"}
    assert not may_accuse(relay, 0.95)


def test_that_what_is_not_observed_is_no_sign() -> None:
    """Without text nothing is known of purpose, and nobody is accused."""
    unknown: dict[str, float | None] = dict.fromkeys(KINDS)
    assert names(unknown) == set()
    assert not may_accuse({**unknown, "work_list_coordination": 12.0, "identity_coordination": 12.0}, 0.95)
    assert not may_accuse({}, 0.95)


@pytest.mark.parametrize("share", [0.45, 0.62, 0.75])
def test_that_a_popular_mail_service_declares_nothing(share: float) -> None:
    """Most accounts of a group may have their mail with one public service by chance; their ties are hidden still."""
    assert "hidden" in names({**BY_HAND, "identity_coordination": 8.0, "one_email_domain": share})


def test_that_a_sign_holds_with_a_standard_error_to_spare() -> None:
    """Tags in 15% of what twelve accounts ask are no sign yet; in 30%, or of two hundred accounts, they are."""
    group = {**BY_HAND, "thinking_tags": 0.15}
    assert names(group) == {"reasoning"}
    assert names(group, 12) == set()
    assert names({**group, "thinking_tags": 0.3}, 12) == names(group, 200) == {"reasoning"}


def test_that_what_speaks_for_the_accused_is_believed_sooner() -> None:
    """Nine of twenty accounts at one address may be an office, and their ties open; nine in twenty of 500 are not."""
    tied = {**BY_HAND, "identity_coordination": 8.0, "one_address_share": 0.45}
    assert names(tied) == names(tied, 500) == {"hidden"}
    assert names(tied, 20) == set()


def test_that_a_tie_which_other_controls_would_undo_is_no_sign() -> None:
    """One in a thousand, from 999 controls, may have been three in a thousand: neither hidden nor surely otherwise."""
    tied = seen({**CROWD, "identity_coordination": 3.0, "work_list_coordination": 0.0})
    assert {one.name for one in sign.signs_of(tied)} == {"hidden"}
    drawn = {**tied, "identity_coordination": replace(tied["identity_coordination"], error=SamplingError(None, 0.4))}
    assert sign.signs_of(drawn) == ()
    assert sign.is_one_enterprise(drawn)
    weaker = replace(drawn["identity_coordination"], value=2.1)
    assert not sign.is_one_enterprise({**drawn, "identity_coordination": weaker})


def test_that_who_is_replaced_one_by_one_is_one_enterprise_where_a_program_runs_it_and_shows_no_purpose() -> None:
    """Accounts burnt one after the other need no shared card; temporary staff at their desks are left alone."""
    burnt = {**POOL, "work_list_coordination": 0.0, "identity_coordination": 0.0, "succession": 3.0}
    assert sign.is_one_enterprise(seen(burnt))
    assert not sign.is_one_enterprise(seen({**burnt, "succession": 1.5}))
    assert not sign.is_one_enterprise(seen({**BY_HAND, "work_list_coordination": 0.0, "succession": 6.0}))
    assert names({**CROWD, **OPEN, "succession": 6.0}) == names({**CROWD, **OPEN})
