"""What was found of one group: its members, tests, observations and explanations, and the name it is reported under."""

from collections.abc import Mapping
from dataclasses import dataclass

from stillwatch.assessments.hypothesis import ScoredHypothesis
from stillwatch.assessments.observation import Observation
from stillwatch.campaigns.coordination import TestResult
from stillwatch.campaigns.group import Group
from stillwatch.links.population import IntArray

UNDETERMINED = "undetermined"
AUTHORISED = "authorised_customer"
DISTILLATION = "distillation"
MOSTLY_REGISTERED = 0.5  # of a group's accounts: most of them are covered or lapsed, and the registry says which


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
