"""Ordinary customers: private people and firms of all sizes, thousands at a time.

They sign up over months, keep their own hours, share lines and cards where people do, move to a new model when they
get round to it, and are now and then banned for reasons that have nothing to do with distillation.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from stillwatch.worlds.account import AccountSpec, Contribution, Ground, actor
from stillwatch.worlds.life import Liver, draw_habit, draw_volume

BLOCK: Final = 250  # accounts made at a time: bounds memory, and firms do not cross blocks
P_BANNED: Final = 0.015  # honest accounts banned within the window: mistakes, payment disputes, other terms
FIRM_SIZE_TAIL: Final = 1.2  # Pareto exponent of a firm's accounts
LARGEST_FIRM: Final = 40


@actor("organic")
@dataclass(frozen=True, slots=True)
class Organic:
    """A crowd of ``accounts`` accounts, ``firm_share`` of them in firms, none sending more than ``most``."""

    accounts: int
    firm_share: float = 0.22
    most: int = 3000

    def tasks(self, ground: Ground, seeds: np.random.SeedSequence) -> Iterator[Callable[[], Contribution]]:
        """Yield what makes the crowd, ``BLOCK`` accounts at a time; each block has its own seed."""
        n_blocks = -(-self.accounts // BLOCK)
        for i, seed in enumerate(seeds.spawn(n_blocks)):
            n = min(BLOCK, self.accounts - i * BLOCK)
            yield partial(self._block, ground, seed, n)

    def _block(self, ground: Ground, seed: np.random.SeedSequence, n: int) -> Contribution:
        rng = np.random.default_rng(seed)
        made = Contribution()
        liver = Liver(ground, rng)
        for spec in self._specs(ground, rng, n):
            banned = rng.random() < P_BANNED
            banned_s = float(rng.uniform(max(spec.created_s, 0), ground.window.seconds)) if banned else None
            known = replace(spec, banned_s=banned_s)
            habit = draw_habit(ground, rng, known)
            index = made.add(known)
            made.turns += liver.live(index, known, habit, draw_volume(rng, ground.window.days, self.most))
        return made

    def _specs(self, ground: Ground, rng: np.random.Generator, n: int) -> list[AccountSpec]:
        specs: list[AccountSpec] = []
        while len(specs) < n * self.firm_share:
            size = int(min(1 + rng.pareto(FIRM_SIZE_TAIL), LARGEST_FIRM, n - len(specs)))
            specs += ground.identities.staff(rng, size, is_verified=bool(rng.random() < 0.6))
        specs += [ground.identities.person(rng) for _ in range(n - len(specs))]
        return specs
