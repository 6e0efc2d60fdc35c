"""Signs that an accusation needs beside its posterior: one enterprise, and a teacher's use of it.

A posterior compares the explanations on a list. An honest group that none of them describes goes to the least bad one,
and a pool of crowd workers, or a firm's contractors, differs from a pool of distillers in nothing but what it asks for
and what it hides. So two things are asked for that do not depend on the list:

- *One enterprise*: the members share identity or addresses, or pass on what failed, beyond strangers' chance, and a
  program sends their items, or they share identity and begin or end together. Beginning and ending together alone is no
  such thing: a course, a release day and a fashion make strangers do that; nor is a list that people work at by hand,
  as authors and volunteers do, nor cards that an employer pays for.
- *Two signs* of five, one of them of purpose: reasoning is drawn out; nearly every request asks for reasons; the
  requests exercise skills that a rival trains on, each item being new; next to nothing else is asked; ties are held
  that nothing declares. No one sign is rare enough: honest applications ask for reasoning in tags, and pupils exercise
  skills. Asking for reasons and exercising skills are one sign together, for every lesson has both.

Ties are held that nothing declares where accounts share identity, or pass work on to each other by a program (no one
who works by hand sends each item by itself), while they name no organisation, mail domain or address in common.

An accusation rests on them, so that a sign must hold with one standard error to spare, and what speaks against one
(that the same items are asked again, that a tie lies open) is believed as long as it may be so.

Guarantee: by rule and not by frequency. Below a posterior of ``SURE`` no group is accused for being coordinated alone,
nor for one kind of content alone unless it asks for next to nothing but skills; what cannot be observed is no sign.
From there on one sign other than skills is enough, and the weights decide more. It says nothing of honest groups that
do show what is asked for: what those are called is left to the posterior.

Source: ours: docs/decisions/0026-signs.md.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from stillwatch.assessments.observation import Observation

LEAST_DIGITS: Final = 2.0  # of p: one in a hundred; the q-value counts the groups
LEAST_SIGNS: Final = 2
FIRM: Final = 0.965  # three times the odds that an accusation asks for
SURE: Final = 0.99  # ten times those odds
LEAST_LOW: Final = 0.6  # lower end of the posterior's own interval: weights of other groups could not have turned it

LEAST_ALONE: Final = 0.85  # of items that come by themselves: programs 0.9 to 1, authors and crowds by hand 0.6 to 0.8
SURELY: Final = 0.84  # of the true value's being there: one standard error to spare

Seen = Mapping[str, Observation]


class Sign(NamedTuple):
    """One sign: its name, what to tell, and whether it speaks of purpose."""

    name: str
    title: str
    is_of_purpose: bool


REASONING: Final = Sign("reasoning", "reasoning is drawn out", is_of_purpose=True)
SKILL: Final = Sign("skill", "the requests exercise what a rival trains on, and each item is new", is_of_purpose=True)
WORKED: Final = Sign("worked", "nearly every request asks for reasons or steps", is_of_purpose=True)
PURE: Final = Sign("pure", "next to nothing else is asked", is_of_purpose=True)
HIDDEN: Final = Sign("hidden", "ties are held that nothing declares", is_of_purpose=False)


def signs_of(seen: Seen) -> tuple[Sign, ...]:
    """Return the signs that a group shows.

    Args:
        seen: the observations, by name; one that is absent was not made.
    """
    is_reasoning = _surely(seen, "thinking_tags", 0.1) or _surely(seen, "cue_reasoning_trace", 0.05)
    is_new = not _possibly(seen, "replica_share", 0.5)  # what is asked again and again is a test, not a harvest
    is_skill = is_new and (
        _surely(seen, "trainable_share", 0.8)  # honest pools of the tune side: 0.15 to 0.77
        or _surely(seen, "one_tool_set", 0.6)
        or _surely(seen, "cue_task_writing", 0.3)
        or _surely(seen, "cue_rubric_grading", 0.3)
    )
    is_worked = is_new and _surely(seen, "reasoning_asked", 0.7)
    is_pure = is_new and _surely(seen, "trainable_share", 0.85)
    is_open = (
        _possibly(seen, "one_organisation", 0.5)
        or _possibly(seen, "one_email_domain", 0.9)  # a mail service has 0.4 to 0.6 of any group; a firm's is at 1
        or _possibly(seen, "one_address_share", 0.5)
    )
    is_run = _surely(seen, "work_list_coordination", 3.0) and _is_by_program(seen)
    is_hidden = (_surely(seen, "identity_coordination", 3.0) or is_run) and not is_open
    shown = (
        (REASONING, is_reasoning),
        (WORKED, is_worked and not is_reasoning),
        (SKILL, is_skill),
        (PURE, is_pure),
        (HIDDEN, is_hidden),
    )
    return tuple(sign for sign, is_shown in shown if is_shown)


def is_one_enterprise(seen: Seen) -> bool:
    """Return whether one hand runs the members.

    What a program sends item by item is run. Where people sit down to several, a list alone makes a crowd, and shared
    cards an employer; only accounts that also begin or end together were made to be one.
    """
    is_tied = _surely(seen, "identity_coordination", LEAST_DIGITS)
    if _is_by_program(seen):
        return is_tied or _surely(seen, "work_list_coordination", LEAST_DIGITS)
    return is_tied and _surely(seen, "rhythm_coordination", LEAST_DIGITS)


def _is_by_program(seen: Seen) -> bool:
    """Return whether items come by themselves: people who work at a list sit down to several."""
    return _surely(seen, "alone_share", LEAST_ALONE)


def may_accuse(seen: Seen, posterior: float) -> bool:
    """Return whether a group is one enterprise and shows signs enough, one of them of purpose.

    Where the posterior of distillation is ``SURE`` one sign is enough, but for skills, which honest work shows as well.
    Reasons asked for beside hidden ties need a ``FIRM`` one: lawyers, coders of records and graders write reasons down.
    """
    return is_one_enterprise(seen) and _shows_enough(signs_of(seen), posterior)


def _shows_enough(signs: tuple[Sign, ...], posterior: float) -> bool:
    if posterior >= SURE and any(sign in signs for sign in (REASONING, WORKED, HIDDEN)):
        return True
    if {*signs} == {WORKED, HIDDEN}:
        return posterior >= FIRM
    n_signs = len(signs) - (WORKED in signs and SKILL in signs)  # every lesson has both
    return n_signs >= LEAST_SIGNS and any(sign.is_of_purpose for sign in signs)


def lacking(seen: Seen, posterior: float) -> tuple[str, ...]:
    """Return, in sentences, which of what an accusation needs a group does not show; none where it shows all."""
    found = []
    if not is_one_enterprise(seen):
        found.append(
            "Nothing shows one hand behind the members: an occasion joins them, or work that people do by hand."
        )
    signs = signs_of(seen)
    if not _shows_enough(signs, posterior):
        named = "; ".join(sign.title for sign in signs) or "none"
        asked = (
            f"such signs as these need a posterior of {FIRM:.1%}"
            if {*signs} == {WORKED, HIDDEN}
            else f"an accusation needs {LEAST_SIGNS}, one of purpose, or one but skills and a posterior of {SURE:.0%}"
        )
        found.append(f"Too few signs of a purpose: {asked}. Seen: {named}.")
    return tuple(found)


def lacks(seen: Seen, posterior: float) -> tuple[str, ...]:
    """Return the same in a few words each, for a table; none where a group shows all."""
    found = [] if is_one_enterprise(seen) else ["no sign of one hand behind the members"]
    signs = signs_of(seen)
    if not _shows_enough(signs, posterior):
        has_purpose = any(sign.is_of_purpose for sign in signs)
        found.append("too few signs of a purpose" if has_purpose else "lacks a sign of purpose")
    return tuple(found)


def _surely(seen: Seen, name: str, least: float) -> bool:
    """Return whether an observation's true value is at least so much, with one standard error to spare."""
    return _p_at_least(seen, name, least) >= SURELY


def _possibly(seen: Seen, name: str, least: float) -> bool:
    """Return whether an observation's true value may be at least so much: one standard error at most is missing."""
    return _p_at_least(seen, name, least) >= 1.0 - SURELY


def _p_at_least(seen: Seen, name: str, least: float) -> float:
    one = seen.get(name)
    return (one.p_within(least, np.inf) if one else None) or 0.0
