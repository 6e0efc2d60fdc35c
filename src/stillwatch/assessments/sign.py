"""Signs that an accusation needs beside its posterior: one enterprise, and a teacher's use of it.

A posterior compares the explanations on a list. An honest group that none of them describes goes to the least bad one,
and a pool of crowd workers, or a firm's contractors, differs from a pool of distillers in nothing but what it asks for
and what it hides. So two things are asked for that do not depend on the list:

- *One enterprise* (``ENTERPRISE``): the members share identity or addresses, or pass on what failed, beyond strangers'
  chance, or follow one another so that the number at work stays even, and a program sends their items, or they share
  identity and begin or end together. Beginning and ending together alone is no such thing: a course, a release day and
  a fashion make strangers do that; nor is a list that people work at by hand, as authors and volunteers do, nor posts
  that are filled again, nor cards that an employer pays for.
- *Signs enough* (``ENOUGH``) of five (``SIGNS``). No one sign is rare enough: honest applications ask for reasoning in
  tags, and pupils exercise skills.

An accusation rests on them, so that a level must hold with one standard error to spare, and what speaks against a sign
(that the same items are asked again, that a tie lies open) is believed as long as it may be so.

Guarantee: by rule and not by frequency. Below a posterior of ``SURE`` no group is accused for being coordinated alone,
nor for one kind of content alone unless it asks for next to nothing but skills; what cannot be observed is no sign.
From there on one sign other than skills is enough, and the weights decide more. It says nothing of honest groups that
do show what is asked for: what those are called is left to the posterior.

Source: ours: docs/decisions/0026-signs.md.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from stillwatch.assessments.observation import Observation

FIRM: Final = 0.965  # three times the odds that an accusation asks for
SURE: Final = 0.99  # ten times those odds
ANY: Final = 0.0  # whatever posterior the settings ask of an accusation
LEAST_LOW: Final = 0.6  # lower end of the posterior's own interval: weights of other groups could not have turned it
LEAST_SIGNS: Final = 2
SURELY: Final = 0.84  # of the true value's being there: one standard error to spare

Seen: TypeAlias = Mapping[str, Observation]
Levels: TypeAlias = Mapping[str, float]
"""Observations by name, each with the least value asked of it; of p-values, in decimal digits."""

LEAST_DIGITS: Final = 2.0  # of p: one in a hundred; the q-value counts the groups
BY_PROGRAM: Final = {"alone_share": 0.85}  # items that come by themselves: programs 0.9 to 1, people by hand 0.6 to 0.8
TIED: Final = {"identity_coordination": LEAST_DIGITS}
PASSED_ON: Final = {"work_list_coordination": LEAST_DIGITS}
REPLACED: Final = {"succession": LEAST_DIGITS}  # one by one: no sign of a purpose, for a firm fills its posts again
AT_ONE_TIME: Final = {"rhythm_coordination": LEAST_DIGITS}
ENTERPRISE: Final[tuple[Levels, ...]] = (
    {**TIED, **BY_PROGRAM},
    {**PASSED_ON, **BY_PROGRAM},
    {**REPLACED, **BY_PROGRAM},
    {**TIED, **AT_ONE_TIME},  # where people sit down to several, a list makes a crowd, and shared cards an employer
)
"""Levels of which any row shows that one hand runs the members, where all in it surely hold."""


class Sign(NamedTuple):
    """One sign, to be read aloud: it is shown by any of some levels, unless any of others may undo it.

    Args:
        name: stable identifier.
        title: what to tell.
        shown_by: rows of levels; it is shown where all of one row surely hold.
        unless: levels that undo it, each by itself, as long as they may hold.
        said_by: a sign that says the same more clearly: where that is shown, this one is not counted.
        is_of_purpose: whether it speaks of what the group wants.
    """

    name: str
    title: str
    shown_by: tuple[Levels, ...]
    unless: Levels
    said_by: str | None = None
    is_of_purpose: bool = True


ASKED_AGAIN: Final = {"replica_share": 0.5}  # what is asked again and again is a test, not a harvest
LIES_OPEN: Final = {
    "one_organisation": 0.5,
    "one_email_domain": 0.9,  # a mail service has 0.4 to 0.6 of any group; a firm's is at 1
    "one_address_share": 0.5,
}
SIGNS: Final = (
    Sign(
        "reasoning",
        "reasoning is drawn out",
        shown_by=({"thinking_tags": 0.1}, {"cue_reasoning_trace": 0.05}),
        unless={},
    ),
    Sign(
        "worked",
        "nearly every request asks for reasons or steps",
        shown_by=({"reasoning_asked": 0.7},),
        unless=ASKED_AGAIN,
        said_by="reasoning",
    ),
    Sign(
        "skill",
        "the requests exercise what a rival trains on, and each item is new",
        shown_by=(
            {"trainable_share": 0.8},  # honest pools of the tune side: 0.15 to 0.77
            {"one_tool_set": 0.6, "identity_coordination": 3.0},  # a firm's fleet of agents has one as well
            {"cue_task_writing": 0.3},
            {"cue_rubric_grading": 0.3},
        ),
        unless=ASKED_AGAIN,
    ),
    Sign("pure", "next to nothing else is asked", shown_by=({"trainable_share": 0.85},), unless=ASKED_AGAIN),
    Sign(
        "hidden",
        "ties are held that nothing declares",
        # work is passed on by a program: no one who works by hand sends each item by itself
        shown_by=({"identity_coordination": 3.0}, {"work_list_coordination": 3.0, **BY_PROGRAM}),
        unless=LIES_OPEN,
        is_of_purpose=False,
    ),
)
"""All signs, in the order in which they are told."""


class Rule(NamedTuple):
    """Signs that are enough together, with or without others, from some posterior of distillation on.

    Args:
        signs: names of the signs.
        p_least: the posterior.
        ties: rows of levels, of which any must surely hold as well.
    """

    signs: frozenset[str]
    p_least: float
    ties: tuple[Levels, ...] = ({},)


ENOUGH: Final = (
    Rule(frozenset({"reasoning", "skill"}), ANY),
    Rule(frozenset({"reasoning", "hidden"}), ANY),
    Rule(frozenset({"skill", "hidden"}), ANY),
    Rule(frozenset({"skill", "pure"}), ANY),  # what is pure shows skill too; worked does not add to it: lessons do both
    # who lends a key to a project's dispatcher is handed a list as well; lawyers and graders write reasons down
    Rule(frozenset({"worked", "hidden"}), FIRM, ties=({"identity_coordination": 3.0}, {"rhythm_coordination": 3.0})),
    Rule(frozenset({"reasoning"}), SURE),
    Rule(frozenset({"worked"}), SURE),
    Rule(frozenset({"hidden"}), SURE),  # but not skill: honest work shows it as well
)
"""What is enough: two signs, one of them of purpose (all but hidden ties are), or one and a posterior that is sure."""


def signs_of(seen: Seen) -> tuple[Sign, ...]:
    """Return the signs that a group shows, in the order of ``SIGNS``.

    Args:
        seen: the observations, by name; one that is absent was not made.
    """
    shown = {sign.name: sign for sign in SIGNS if _is_shown(sign, seen)}
    return tuple(sign for sign in shown.values() if sign.said_by not in shown)


def _is_shown(sign: Sign, seen: Seen) -> bool:
    return _surely(sign.shown_by, seen) and not any(_possibly(seen, *level) for level in sign.unless.items())


def is_one_enterprise(seen: Seen) -> bool:
    """Return whether one hand runs the members: what a program sends is run, and who also begins or ends together."""
    return _surely(ENTERPRISE, seen)


def may_accuse(seen: Seen, posterior: float) -> bool:
    """Return whether a group is one enterprise and shows signs enough for the posterior of distillation."""
    return is_one_enterprise(seen) and posterior >= _p_asked(signs_of(seen), seen)


def _p_asked(signs: tuple[Sign, ...], seen: Seen) -> float:
    """Return the least posterior at which some signs are enough; infinite where at none."""
    shown = {sign.name for sign in signs}
    enough = (rule.p_least for rule in ENOUGH if rule.signs <= shown and _surely(rule.ties, seen))
    return min(enough, default=np.inf)


def lacking(seen: Seen, posterior: float) -> tuple[str, ...]:
    """Return, in sentences, which of what an accusation needs a group does not show; none where it shows all."""
    found = []
    if not is_one_enterprise(seen):
        found.append(
            "Nothing shows one hand behind the members: an occasion joins them, or work that people do by hand."
        )
    signs = signs_of(seen)
    if posterior < _p_asked(signs, seen):
        named = "; ".join(sign.title for sign in signs) or "none"
        asked = (
            f"such signs as these need a posterior of {FIRM:.1%}"
            if _p_asked(signs, seen) == FIRM
            else f"an accusation needs {LEAST_SIGNS}, one of purpose, or one but skills and a posterior of {SURE:.0%}"
        )
        found.append(f"Too few signs of a purpose: {asked}. Seen: {named}.")
    return tuple(found)


def lacks(seen: Seen, posterior: float) -> tuple[str, ...]:
    """Return the same in a few words each, for a table; none where a group shows all."""
    found = [] if is_one_enterprise(seen) else ["no sign of one hand behind the members"]
    signs = signs_of(seen)
    if posterior < _p_asked(signs, seen):
        has_purpose = any(sign.is_of_purpose for sign in signs)
        found.append("too few signs of a purpose" if has_purpose else "lacks a sign of purpose")
    return tuple(found)


def _surely(rows: tuple[Levels, ...], seen: Seen) -> bool:
    """Return whether the true values reach all levels of any row, each with one standard error to spare."""
    return any(all(_p_at_least(seen, *level) >= SURELY for level in row.items()) for row in rows)


def _possibly(seen: Seen, name: str, least: float) -> bool:
    """Return whether an observation's true value may be at least so much: one standard error at most is missing."""
    return _p_at_least(seen, name, least) >= 1.0 - SURELY


def _p_at_least(seen: Seen, name: str, least: float) -> float:
    one = seen.get(name)
    return (one.p_within(least, np.inf) if one else None) or 0.0
