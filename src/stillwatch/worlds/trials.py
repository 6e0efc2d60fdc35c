"""Trial farms: bursts of free accounts with throw-away mail, few requests each, resold as single chats.

Source: Thomas et al. 2013, Trafficking Fraudulent Accounts (registration patterns of account farms); ours.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from stillwatch.worlds.account import DAY_S, HOUR_S, Contribution, Ground, actor
from stillwatch.worlds.lookalikes.label import TRIAL_FARM
from stillwatch.worlds.lookalikes.scene import Scene

P_DISPOSABLE = 0.55  # of a farm's mail addresses are throw-away, the rest are bulk consumer mail
P_SAME_DEVICE = 0.6  # of accounts made on a machine show its fingerprint


@actor(TRIAL_FARM)
@dataclass(frozen=True)
class TrialFarm:
    """Hundreds of free accounts opened in bursts on a few machines, each used up within days."""

    n_accounts: int = 300
    per_account: float = 14.0
    burst: int = 25

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the accounts and the strangers' chats that use them up."""
        scene = Scene(ground, rng, TRIAL_FARM)
        made = 0
        while made < self.n_accounts:
            size = min(self.n_accounts - made, 1 + int(scene.draw.expovariate(1 / self.burst)))
            self.open_burst(scene, size)
            made += size
        return scene.out

    def open_burst(self, scene: Scene, size: int) -> None:
        """Add the accounts of one burst: minutes apart, a few machines, a few mail domains."""
        draw = scene.draw
        start_s = draw.uniform(-4 * DAY_S, scene.window.seconds * 0.95)
        machines = [scene.ground.identities.fingerprint(scene.rng) for _ in range(1 + size // 8)]
        lines = [scene.address(draw.choice(("residential", "mobile"))) for _ in range(1 + size // 4)]
        domains = draw.sample(scene.ground.texts.disposable_domains, 3)
        for _ in range(size):
            start_s += draw.expovariate(1 / 240.0)
            platform = draw.choice(("console", "api"))
            columns: dict[str, Any] = {"plan": "free", "plan_price_usd": 0.0, "platform": platform}
            if draw.random() < P_DISPOSABLE:
                columns["email_domain"] = draw.choice(domains)
            if draw.random() < P_SAME_DEVICE:
                columns["device_fingerprint"] = draw.choice(machines)
            account = scene.person("trial", payment_kind=None, payment_fingerprint=None, **columns)
            addresses = tuple(draw.sample(lines, min(2, len(lines))))
            scene.amend(account, created_s=start_s, addresses=addresses)
            self.use_up(scene, account, start_s)

    def use_up(self, scene: Scene, account: int, opened_s: float) -> None:
        """Let strangers chat on one account until its allowance is gone."""
        draw = scene.draw
        left = scene.volume(self.per_account, days=1.0, spread=0.6)
        at_s = opened_s + draw.expovariate(1 / (10 * HOUR_S))
        language = draw.choice(("en", "zh", draw.choice(scene.ground.texts.languages)))
        while left > 0:
            turns = scene.words.dialogue(draw, language)[:left]
            conversation = scene.talk()
            for turn, prompt in enumerate(turns):
                scene.say(account, at_s, prompt, conversation=conversation, turn=turn, language=language)
                at_s += 15 + draw.expovariate(1 / 80.0)
            left -= len(turns)
            at_s += draw.expovariate(1 / (6 * HOUR_S))
