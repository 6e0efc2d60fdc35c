"""Signs that an accusation needs beside its posterior: one enterprise, and a teacher's use of it.

A posterior compares the explanations on a list. An honest group that none of them describes goes to the least bad one,
and a pool of crowd workers, or a firm's contractors, differs from a pool of distillers in nothing but what it asks for
and what it hides. So two things are asked for that do not depend on the list:

- *One enterprise*: the members share identity or addresses, or pass on what failed, beyond strangers' chance. Beginning
  and ending together is no such thing: a course, a release day and a fashion make strangers do that.
- *Two signs* of four, one of them of purpose: reasoning is drawn out; the requests exercise skills that a rival trains
  on, each item being new; next to nothing else is asked; ties are held that nothing declares. No one sign is rare
  enough: honest applications ask for reasoning in tags, and pupils exercise skills.

Guarantee: by rule and not by frequency. No group is accused for being coordinated alone, nor for one kind of content
alone unless it asks for next to nothing but skills, whatever the weights; and what cannot be observed is no sign. It
says nothing of honest groups that do show two signs and one enterprise: what those are called is left to the posterior.

Source: ours: docs/decisions/0026-signs.md.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

LEAST_DIGITS: Final = 2.0  # of p: one in a hundred; the q-value counts the groups
LEAST_SIGNS: Final = 2
SURE: Final = 0.99  # ten times the odds that an accusation asks for
LEAST_LOW: Final = 0.6  # lower end of the posterior's own interval: weights of other groups could not have turned it

Values = Mapping[str, float | None]


class Sign(NamedTuple):
    """One sign: its name, what to tell, and whether it speaks of purpose."""

    name: str
    title: str
    is_of_purpose: bool


REASONING: Final = Sign("reasoning", "reasoning is drawn out", is_of_purpose=True)
SKILL: Final = Sign("skill", "the requests exercise what a rival trains on, and each item is new", is_of_purpose=True)
PURE: Final = Sign("pure", "next to nothing else is asked", is_of_purpose=True)
HIDDEN: Final = Sign("hidden", "ties are held that nothing declares", is_of_purpose=False)


def signs_of(values: Values) -> tuple[Sign, ...]:
    """Return the signs that a group shows.

    Args:
        values: of the observations, by name; null or absent: not observed.
    """
    is_reasoning = _at_least(values, "thinking_tags", 0.1) or _at_least(values, "cue_reasoning_trace", 0.05)
    is_new = not _at_least(values, "replica_share", 0.5)  # what is asked again and again is a test, not a harvest
    is_skill = is_new and (
        _at_least(values, "trainable_share", 0.8)  # honest queues: 0.4 to 0.83, and few beyond 0.8
        or _at_least(values, "one_tool_set", 0.6)
        or _at_least(values, "cue_task_writing", 0.3)
        or _at_least(values, "cue_rubric_grading", 0.3)
    )
    is_pure = is_new and _at_least(values, "trainable_share", 0.9)
    is_open = (
        _at_least(values, "one_organisation", 0.5)
        or _at_least(values, "one_email_domain", 0.9)  # a mail service has 0.4 to 0.6 of any group; a firm's is at 1
        or _at_least(values, "one_address_share", 0.5)
    )
    is_hidden = _at_least(values, "identity_coordination", 3.0) and not is_open
    shown = ((REASONING, is_reasoning), (SKILL, is_skill), (PURE, is_pure), (HIDDEN, is_hidden))
    return tuple(sign for sign, is_shown in shown if is_shown)


def is_one_enterprise(values: Values) -> bool:
    """Return whether members are tied by identity or by a work list, and not by an occasion alone."""
    return any(_at_least(values, f"{channel}_coordination", LEAST_DIGITS) for channel in ("identity", "work_list"))


def may_accuse(values: Values, posterior: float) -> bool:
    """Return whether a group is one enterprise and shows signs enough, one of them of purpose.

    Reasoning drawn out is enough by itself where the posterior of distillation is ``SURE``.
    """
    return is_one_enterprise(values) and _shows_enough(signs_of(values), posterior)


def _shows_enough(signs: tuple[Sign, ...], posterior: float) -> bool:
    if posterior >= SURE and REASONING in signs:
        return True
    return len(signs) >= LEAST_SIGNS and any(sign.is_of_purpose for sign in signs)


def lacking(values: Values, posterior: float) -> tuple[str, ...]:
    """Return, in sentences, which of what an accusation needs a group does not show; none where it shows all."""
    found = []
    if not is_one_enterprise(values):
        found.append("Nothing but an occasion joins the members: they share no identity and pass nothing on.")
    signs = signs_of(values)
    if not _shows_enough(signs, posterior):
        seen = "; ".join(sign.title for sign in signs) or "none"
        found.append(
            f"Too few signs of a purpose: an accusation needs {LEAST_SIGNS}, one of purpose, or "
            f"drawn out reasoning and a posterior of {SURE:.0%}. Seen: {seen}."
        )
    return tuple(found)


def _at_least(values: Values, name: str, least: float) -> bool:
    value = values.get(name)
    return value is not None and value >= least
