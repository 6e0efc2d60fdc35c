"""The finding weighed again without some of its evidence, or with fragile numbers at the adverse end of their interval.

Where the weights and the case's table of observations are at hand, all hypotheses are weighed anew; else the bits of
a channel are taken from the totals, which is the same, for dependence is counted within channels only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from stillwatch.assessments.catalogue import KINDS
from stillwatch.assessments.hypothesis import weigh
from stillwatch.assessments.observation import Observation
from stillwatch.assessments.sampling_error import SamplingError
from stillwatch.dossiers.channel import CHANNELS
from stillwatch.dossiers.freezing.case_folder import CaseFolder
from stillwatch.dossiers.freezing.inferred import Model, bits_by_channel

DISTILLATION: Final = "distillation"
MOST_TOGETHER: Final = 4  # channels left out at once; a finding that stands without four of seven stands


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the weighing says: posteriors by name, the leading hypothesis, and whether the finding would be made."""

    posteriors: Mapping[str, float]
    leading: str
    stands: bool


class Scales:
    """Weighs one campaign again.

    Args:
        case: the case and the campaign.
        model: the weights, where at hand.
    """

    def __init__(self, case: CaseFolder, model: Model) -> None:
        self._case, self._model = case, model
        self._values: dict[str, float | None] = {}
        self._errors: dict[str, SamplingError] = {}
        if "observations" in case.tables:
            for row in case.tables["observations"].to_pylist():
                self._values[row["observation"]] = row["value"]
                self._errors[row["observation"]] = SamplingError(row.get("n_effective"), row.get("standard_error"))
        settings = case.run.get("settings", {})
        p = settings.get("p_leading", 0.9)
        self._p_leading = float(p) if isinstance(p, (int, float)) else 0.9

    def __len__(self) -> int:
        """Return how many observations can be weighed again."""
        return len(self._values)

    @property
    def p_leading(self) -> float:
        """Return the posterior from which on the scan accused."""
        return self._p_leading

    def without(self, channels: Iterable[str]) -> Outcome:
        """Return the outcome without some channels of evidence, their tests of coordination included."""
        left_out = frozenset(channels)
        posteriors = self._posteriors(
            {name: None for name in self._values if name in KINDS and KINDS[name].channel in left_out}, left_out
        )
        return self._outcome(posteriors, self._q_without(left_out))

    def with_values(self, changed: Mapping[str, float | None]) -> Outcome | None:
        """Return the outcome with some observations changed; null where it cannot be weighed anew."""
        if not (self._values and self._model.kinds):
            return None
        return self._outcome(self._posteriors(changed, frozenset()), self._case.campaign.q_value)

    def fewest_that_overturn(self) -> tuple[str, ...] | None:
        """Return the fewest channels without which the finding falls; null where it stands without any four."""
        channels = [c for c in CHANNELS if any(c in bits_by_channel(h) for h in self._case.campaign.hypotheses)]
        for n in range(1, min(MOST_TOGETHER, len(channels)) + 1):
            fallen = [combo for combo in combinations(channels, n) if not self.without(combo).stands]
            if fallen:
                return min(fallen, key=lambda combo: self._leading_p(self.without(combo)))
        return None

    def _leading_p(self, outcome: Outcome) -> float:
        return outcome.posteriors.get(self._case.campaign.hypotheses[0].name, 0.0)

    def _posteriors(self, changed: Mapping[str, float | None], left_out: frozenset[str]) -> dict[str, float]:
        if self._values and self._model.kinds:
            observations = {
                name: Observation(kind, changed.get(name, self._values.get(name)), None, error=self._errors.get(name))
                for name, kind in KINDS.items()
            }
            return {h.name: h.posterior for h in weigh(tuple(self._model.kinds.values()), observations)}
        hypotheses = self._case.campaign.hypotheses
        totals = np.array(
            [h.bits - sum(v for c, v in bits_by_channel(h).items() if c in left_out) for h in hypotheses]
        )  # fmt: skip
        weights = np.exp2(totals - totals.max())
        return dict(zip([h.name for h in hypotheses], (weights / weights.sum()).tolist(), strict=True))

    def _outcome(self, posteriors: Mapping[str, float], q: float) -> Outcome:
        leading = max(posteriors, key=lambda name: (posteriors[name], name))
        first = self._case.campaign.hypotheses[0].name
        stands = leading == first
        if self._case.campaign.is_accusation:
            stands = leading == DISTILLATION and posteriors[leading] >= self._p_leading and q <= self._case.case.q_level
        return Outcome(posteriors, leading, stands)

    def _q_without(self, left_out: frozenset[str]) -> float:
        """Return the q-value without the tests of some channels, by Bonferroni over tests and groups, which is stricter."""
        if not left_out & {"identity", "infrastructure", "rhythm", "work_list"}:
            return self._case.campaign.q_value
        counted = [
            t.p_value
            for t in self._case.campaign.tests
            if not t.is_selection and channel_of_test(t.name) not in left_out
        ]
        if not counted:
            return 1.0
        return min(1.0, min(counted) * len(counted) * max(self._case.case.funnel.tested_groups, 1))


def channel_of_test(name: str) -> str:
    """Return the channel of a test of coordination by its name."""
    if name == "shared_ip":
        return "infrastructure"
    if name.startswith("shared_referrer"):
        return "rhythm"  # an occasion
    if name.startswith("shared_"):
        return "identity"
    return "rhythm" if name.endswith("_burst") else "work_list"
