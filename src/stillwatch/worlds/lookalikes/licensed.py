"""What the registry allows: distillation under contract, one whose contract ran out, safety research."""

from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np

from stillwatch.worlds.account import (
    DAY_S,
    DISTILLATION,
    Authorisation,
    BlockActor,
    Contribution,
    Ground,
    actor,
    make_actor,
)
from stillwatch.worlds.lookalikes.label import AUTHORISED_DISTILLATION, SAFETY_RESEARCHER
from stillwatch.worlds.lookalikes.scene import Scene
from stillwatch.worlds.wording import dice

CAMPAIGN_STRATEGIES = ("one_prompt", "paraphrase", "rotation", "task_writing", "agent_trajectory")
LISTS = ("gsm8k_train", "science", "open_ended", "zh", "apibench", "code")


@actor(AUTHORISED_DISTILLATION)
@dataclass(frozen=True)
class AuthorisedDistillation:
    """Made by the very code that makes campaigns, but in the registry; ``n_lapsed`` of them outlive their permission.

    Every other one is an organisation, named in the registry as such; the rest are separate accounts, named one by one.
    """

    instances: int = 2
    n_lapsed: int = 1
    n_accounts: int = 25
    per_account_day: float = 12.0

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the licensed pools and their rows of the registry."""
        made = Contribution()
        for number in range(self.instances + self.n_lapsed):
            draw = dice(rng)
            group_id = f"{AUTHORISED_DISTILLATION}-{rng.bytes(5).hex()}"
            is_lapsed = number >= self.instances
            pool = self.pool(ground, draw, group_id, "lapsed" if is_lapsed else "licensee")
            if number % 2 == 0:
                incorporate(pool, f"org_{rng.bytes(8).hex()}", f"Licensee {draw.randrange(1000)} Ltd")
            ends_s = draw.uniform(0.3, 0.6) * ground.window.seconds if is_lapsed else None
            register(pool, f"DST-{draw.randrange(10_000):04d}", -draw.uniform(30, 200) * DAY_S, ends_s)
            made.extend(pool)
        return made

    def pool(self, ground: Ground, draw: Random, group_id: str, role: str) -> Contribution:
        """Return a campaign with the truth of a licensee."""
        parameters: dict[str, Any] = {
            "name": group_id,
            "n_accounts": self.n_accounts,
            "per_day": self.per_account_day * draw.lognormvariate(0, 0.4),
            "cover": draw.choice((0.0, 0.2, 0.6)),
            "strategy": draw.choice(CAMPAIGN_STRATEGIES),
            "work_list": draw.choice(LISTS),
            "timing": draw.choice(("flat", "office", "human")),
        }
        campaign = make_actor("campaign", parameters)
        assert isinstance(campaign, BlockActor)
        pool = Contribution()
        for task in campaign.tasks(ground, np.random.SeedSequence(draw.randrange(2**63))):
            block = task()
            pool.extend(block)
        pool.accounts = [
            replace(spec, label=AUTHORISED_DISTILLATION, group_id=group_id, role=role) for spec in pool.accounts
        ]
        pool.turns = [
            turn._replace(label=AUTHORISED_DISTILLATION, group_id=group_id) if turn.label == DISTILLATION else turn
            for turn in pool.turns
        ]
        return pool


def incorporate(pool: Contribution, organisation_id: str, name: str) -> None:
    """Make a pool's accounts those of one verified organisation."""
    known: dict[str, Any] = {"organisation_id": organisation_id, "organisation_name": name, "is_verified": True}
    pool.accounts = [replace(spec, **known) for spec in pool.accounts]


def register(pool: Contribution, reference: str, begins_s: float, ends_s: float | None) -> None:
    """Enter a pool in the registry, as an organisation where it is one."""
    organisation = pool.accounts[0].organisation_id
    ids = [None] if organisation else [spec.account_id for spec in pool.accounts]
    pool.authorisations += [
        Authorisation("distillation", reference, account, organisation, begins_s, ends_s) for account in ids
    ]


@actor(SAFETY_RESEARCHER)
@dataclass(frozen=True)
class SafetyResearcher:
    """Evaluators in the registry who try to get at hidden reasoning, so that it can be reported."""

    instances: int = 2
    per_day: float = 30.0

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the researchers, their probes and their rows of the registry."""
        scene = Scene(ground, rng, SAFETY_RESEARCHER)
        for number in range(self.instances):
            scene.regroup()
            accounts = scene.staff(scene.draw.randint(1, 4), role="researcher", platform="api", pathway="research")
            reference = f"SAF-{scene.draw.randrange(10_000):04d}"
            scope = ("safety_research", "evaluation")[number % 2]
            organisation = scene.account(accounts[0]).organisation_id
            scene.out.authorisations.append(Authorisation(scope, reference, organisation_id=organisation))
            for account in accounts:
                for at_s in scene.sittings(account, scene.volume(self.per_day), "office"):
                    for time_s in at_s:
                        self.probe(scene, account, float(time_s))
                scene.own_life(account, scene.volume(1.0))
        return scene.out

    @staticmethod
    def probe(scene: Scene, account: int, at_s: float) -> None:
        """Send one attempt, each worded anew."""
        kind = scene.draw.choice(("probe", "safety_probe", "probe", "reasoning_trace"))
        task = scene.words.vary(scene.draw.choice(scene.work_list("open_ended", 50)).text, scene.draw)
        slots = {"task": task, "answer": scene.words.passage(scene.draw), "n": str(scene.draw.randrange(400))}
        scene.say(account, at_s, scene.pack.write(kind, scene.draw, **slots), p_refused=0.35, language="en")
