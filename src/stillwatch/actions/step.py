"""The steps that can be proposed against a group, from looking on to ending accounts; each one can be taken back."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the ladder.

    Args:
        name: stable identifier.
        title: a few words for people.
        effect: what the provider's own systems do to each account.
        rollback: what takes it back, whole.
        days: how long it holds before it ends by itself.
        needs_accusation: whether the group must be accused.
        needs_confirmation: whether an analyst must have confirmed the group.
        least_p_member: members less probable than that are not touched.
    """

    name: str
    title: str
    effect: str
    rollback: str
    days: int
    needs_accusation: bool
    needs_confirmation: bool
    least_p_member: float


LADDER: Final = (
    Step(
        "watch",
        "Watch",
        "Keep the account's request metadata in full and look at it each day; the customer notices nothing.",
        "Return to ordinary logging.",
        30,
        needs_accusation=False,
        needs_confirmation=False,
        least_p_member=0.0,  # nobody is harmed by being looked at longer
    ),
    Step(
        "rate_limit",
        "Limit the rate",
        "Hold the account to the rate of an ordinary account of its plan.",
        "Restore the plan's own limits.",
        14,
        needs_accusation=True,
        needs_confirmation=False,
        least_p_member=0.5,  # more likely than not
    ),
    Step(
        "verify",
        "Ask for verification",
        "Let the account go on after it verified its identity or organisation; until then, limit its rate.",
        "Drop the request for verification and restore the plan's own limits.",
        14,
        needs_accusation=True,
        needs_confirmation=False,
        least_p_member=0.5,
    ),
    Step(
        "suspend",
        "Suspend",
        "Refuse the account's requests, say so, and name the way to appeal; keep its data and keys.",
        "Accept the account's requests again, with the same keys.",
        30,
        needs_accusation=True,
        needs_confirmation=True,
        least_p_member=0.9,  # the level at which a group is accused
    ),
    Step(
        "ban",
        "Ban",
        "End the account and refuse its requests; keep what an appeal needs, and name the way to appeal.",
        "Reinstate the account with its data; its keys are issued anew.",
        365,
        needs_accusation=True,
        needs_confirmation=True,
        least_p_member=0.9,
    ),
)
"""From the mildest on. Degrading outputs is not among them: it harms whoever is wrongly in a group without their being
able to notice or appeal, and it is weak against harvesting (docs/desk.md)."""

STEPS: Final = {step.name: step for step in LADDER}
