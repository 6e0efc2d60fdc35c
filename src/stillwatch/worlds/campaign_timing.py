"""When a campaign works: flat through a load balancer, in one office's hours, or each account at its own human pace."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stillwatch.errors import SettingsError
from stillwatch.worlds.account import DAY_S, AccountSpec, Window
from stillwatch.worlds.rhythm import Floats, Rhythm, Shape, balanced, draw_rhythm, draw_times, intensity

TIMINGS: Final = ("flat", "office", "human")
EVENNESS: Final = {"flat": 0.95, "office": 0.6}  # how strictly the balancer deals round robin
RAMP_S: Final = 5 * DAY_S
HUMAN_SPREAD: Final = 0.7  # sigma of the logarithm of an account's own pace


@dataclass(frozen=True, slots=True)
class Timing:
    """A pool's hours from ``start_s`` to ``end_s``; ``office_utc_offset_h`` is the operator's, not the accounts'."""

    discipline: str
    start_s: float
    end_s: float
    has_ramp: bool = False
    office_utc_offset_h: float = 8.0

    def __post_init__(self) -> None:
        if self.discipline not in TIMINGS:
            raise SettingsError(
                "campaign.timing", "no such discipline", got=self.discipline, expected=", ".join(TIMINGS)
            )

    def slots(
        self, specs: list[AccountSpec], per_account: float, window: Window, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], Floats]:
        """Return the account and the time of each unit of work, sorted by time.

        Args:
            specs: the pool's accounts.
            per_account: the mean number of units an account does from start to end.
            window: the observed days.
            rng: the source of chance.
        """
        if self.discipline == "human":
            owner, times = self._human(specs, per_account, window, rng)
        else:
            n = int(rng.poisson(per_account * len(specs)))
            shape: Shape = "flat" if self.discipline == "flat" else "office"
            noise = 0.03 if shape == "flat" else 0.2  # a queue that never runs dry hardly varies
            rhythm = Rhythm(shape, self.office_utc_offset_h, 0.0, self.start_s, self.end_s, day_noise=noise)
            weights = self._ramped(intensity(rhythm, window, rng))
            _, times = draw_times(weights[None, :], np.asarray([n]), rng)
            owner = balanced(len(specs), times, rng, evenness=EVENNESS[self.discipline])
        order = np.argsort(times, kind="stable")
        return owner[order], times[order]

    def _human(
        self, specs: list[AccountSpec], per_account: float, window: Window, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], Floats]:
        pace = np.exp(rng.normal(-(HUMAN_SPREAD**2) / 2, HUMAN_SPREAD, len(specs)))
        counts = rng.poisson(per_account * pace).astype(np.int64)
        weights = np.zeros((len(specs), window.hours))
        for i, spec in enumerate(specs):
            shape: Shape = ("mixed", "evening", "office", "student")[int(rng.integers(4))]
            own = draw_rhythm(rng, shape, spec.utc_offset_h, window)
            lived = Rhythm(
                shape, own.utc_offset_h, own.shift_h, self.start_s, self.end_s,
                holidays=own.holidays, day_noise=own.day_noise,
            )  # fmt: skip
            weights[i] = self._ramped(intensity(lived, window, rng))
        return draw_times(weights, counts, rng)

    def _ramped(self, weights: Floats) -> Floats:
        if not self.has_ramp:
            return weights
        at_s = (np.arange(len(weights)) + 0.5) * 3600.0
        ramp: Floats = np.clip((at_s - self.start_s) / RAMP_S, 0.02, 1.0)
        return weights * ramp
