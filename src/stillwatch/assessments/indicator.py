"""Published indicators, each as an observation beside the same on matched controls and with its honest reading.

Source: joint advisory AA26-251A (CISA, NSA and FBI, 8 September 2026), as quoted in public; H.R. 8283 section 3(11)(B).
None decides alone: every one has honest traffic that shows it.
"""

from dataclasses import dataclass
from typing import Final

ADVISORY: Final = "AA26-251A"
BILL: Final = "H.R. 8283 s.3(11)(B)"


@dataclass(frozen=True, slots=True)
class PublishedIndicator:
    """One published indicator and the observation that measures it."""

    observation: str
    title: str
    source: str
    innocent_reading: str


PUBLISHED: Final = (
    PublishedIndicator(
        "no_ramp",
        "New subscriptions at full use at once",
        ADVISORY,
        "A migration or a backfill starts at full use too.",
    ),
    PublishedIndicator(
        "around_the_clock", "Sustained use around the clock", ADVISORY, "Scheduled jobs and agents do not sleep either."
    ),
    PublishedIndicator(
        "identity_reuse",
        "Pooling with shared payment or metadata",
        ADVISORY,
        "Families and small firms share a card or a device.",
    ),
    PublishedIndicator(
        "addresses_per_account",
        "One account from many addresses",
        ADVISORY,
        "Runners, phones and travellers change address.",
    ),
    PublishedIndicator(
        "one_system_prompt",
        "Identical system prompts",
        ADVISORY,
        "All customers of one application send its system prompt.",
    ),
    PublishedIndicator(
        "cue_reasoning_trace",
        "Prompts that draw out hidden reasoning",
        ADVISORY,
        "Auditors ask for the reasons of a decision.",
    ),
    PublishedIndicator(
        "cue_false_authority",
        "Prompts that trick the model",
        ADVISORY,
        "Safety researchers and evaluators probe models.",
    ),
    PublishedIndicator(
        "cue_identity_probe",
        "Tests of identity and of countermeasures",
        ADVISORY,
        "Curious users ask which model answers.",
    ),
    PublishedIndicator(
        "pivot_share", "Day-one retargeting to a new model", ADVISORY, "Evaluators and enthusiasts move on release day."
    ),
    PublishedIndicator(
        "sign_up_burst", "Coordinated accounts", BILL, "Classes, hackathons and campaigns of a brand sign up together."
    ),
    PublishedIndicator(
        "capability_focus", "Concentration on specific capabilities", BILL, "A firm uses a model for what it does."
    ),
    PublishedIndicator(
        "requests_per_active_day", "Volume", BILL, "Busy products send much; the unit is the group, never one account."
    ),
)
