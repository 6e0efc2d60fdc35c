"""A business that deals its own work over several accounts: catalogue texts, tickets, moderation, extraction.

It does so to get round rate limits, or because each contractor brings an account. To the provider it is a pool with a
queue: one wording, items dealt out once, failures sent again from another account. What it lacks is the purpose of a
distiller: it asks for its own daily task, not for what a model learns from.

Source: the fallback and load balancing that public gateways offer over several keys; ours.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from stillwatch.worlds.account import DAY_S, Contribution, Ground, actor
from stillwatch.worlds.lookalikes.label import BUSINESS_QUEUE
from stillwatch.worlds.lookalikes.scene import Scene
from stillwatch.worlds.rhythm import Rhythm, Shape, balanced
from stillwatch.worlds.templates import fill
from stillwatch.worlds.traffic import RETRIED, draw_statuses

Standing = Literal["firm", "cards", "contractors"]
STANDINGS: Final[tuple[Standing, ...]] = ("firm", "cards", "contractors")
RETRY_S: Final = 20.0
MOST_ATTEMPTS: Final = 4
STRAIN: Final = 2.0  # who spreads work over accounts does it because limits are met
P_ELSEWHERE: Final = 0.8  # of the second attempts go to another account


@dataclass(frozen=True)
class Duty:
    """One business's task: its wording, sizes and settings."""

    wording: str
    language: str
    sentences: tuple[int, int]
    answer_sentences: int
    settings: dict[str, Any]


@actor(BUSINESS_QUEUE)
@dataclass(frozen=True)
class BusinessQueue:
    """Unverified businesses, each with a queue over 3 to 30 accounts.

    Args:
        instances: how many businesses.
        standing: ``firm`` names its organisation, ``cards`` shares payment and servers, ``contractors`` share nothing
            but the work; None draws one for each.
        per_day: the median number of items a business handles a day.
        n_accounts: how many accounts each has; None draws 3 to 30.
    """

    instances: int = 3
    standing: Standing | None = None
    per_day: float = 80.0
    n_accounts: int | None = None

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the businesses, their queues and their accounts' other traffic."""
        scene = Scene(ground, rng, BUSINESS_QUEUE)
        for _ in range(self.instances):
            scene.regroup()
            standing = scene.draw.choice(STANDINGS) if self.standing is None else self.standing
            n = scene.draw.choice((3, 5, 8, 8, 12, 20, 30)) if self.n_accounts is None else self.n_accounts
            accounts = open_accounts(scene, standing, n)
            self.work(scene, accounts, standing)
            for account in accounts:
                if standing == "contractors" or scene.draw.random() < 0.3:
                    scene.own_life(account, scene.volume(1.5))
        return scene.out

    def work(self, scene: Scene, accounts: list[int], standing: Standing) -> None:
        """Send the queue's items, each once, a failed one again, mostly from another account."""
        duty = draw_duty(scene)
        shape: Shape = "office" if standing == "contractors" else scene.draw.choice(("flat", "office"))
        n = scene.volume(self.per_day, spread=0.6)
        offset_h = scene.account(accounts[0]).utc_offset_h
        opened_s = max(max(0.0, scene.account(account).created_s) for account in accounts)
        rhythm = Rhythm(shape, offset_h, 0.0, opened_s, scene.window.seconds, day_noise=0.2)
        (times,) = scene.times([rhythm], [n])
        dealt = balanced(len(accounts), times, scene.rng, evenness=scene.draw.choice((0.3, 0.7, 0.95)))
        for at_s, who in zip(times.tolist(), dealt.tolist(), strict=True):
            item = scene.words.passage(scene.draw, duty.language, scene.draw.randint(*duty.sentences))
            prompt = fill(duty.wording, task=item, n=str(scene.draw.randrange(1, 100)))
            self.attempt(scene, duty, accounts, who, at_s, prompt)

    @staticmethod
    def attempt(scene: Scene, duty: Duty, accounts: list[int], who: int, at_s: float, prompt: str) -> None:
        """Send one item until it is answered or given up."""
        statuses = draw_statuses(scene.rng, MOST_ATTEMPTS, strain=STRAIN).tolist()
        for status in statuses:
            answer = scene.words.passage(scene.draw, duty.language, duty.answer_sentences)
            said = {"response": answer[:40] if duty.answer_sentences == 1 else answer, **duty.settings}
            scene.say(accounts[who], at_s, prompt, status=int(status), language=duty.language, **said)
            if status not in RETRIED:
                return
            at_s += scene.draw.expovariate(1 / RETRY_S)
            if scene.draw.random() < P_ELSEWHERE:
                who = scene.draw.randrange(len(accounts))


def draw_duty(scene: Scene) -> Duty:
    """Return a task in one wording that never changes."""
    wording = fill(scene.pack.wording("business_task", scene.draw), company=f"Firm {scene.draw.randrange(1000)}")
    settings = {"temperature": scene.draw.choice((None, 0.0, 0.3)), "max_tokens": scene.draw.choice((None, 400, 2000))}
    language = scene.draw.choice(scene.ground.texts.languages)
    low = scene.draw.choice((1, 2, 4))
    return Duty(wording, language, (low, low + scene.draw.randint(1, 8)), scene.draw.choice((1, 1, 2, 6, 25)), settings)


def open_accounts(scene: Scene, standing: Standing, n: int) -> list[int]:
    """Return a business's accounts, opened over weeks."""
    if standing == "firm":
        return scene.staff(n, role="queue", platform="api", is_verified=False)
    if standing == "contractors":
        return [scene.person("contractor") for _ in range(n)]
    first_s = -scene.draw.uniform(5, 200) * DAY_S
    identities = scene.ground.identities
    card = {"payment_fingerprint": identities.fingerprint(scene.rng), "payment_kind": "card"}
    servers = tuple(scene.address("hosting") for _ in range(scene.draw.randint(1, 4)))
    clients = (scene.app_client(),)
    accounts = []
    for _ in range(n):
        account = scene.person("queue", platform="api")
        opened_s = min(first_s + scene.draw.expovariate(1 / (10 * DAY_S)), 0.3 * scene.window.seconds)
        columns: dict[str, Any] = {"addresses": servers, "clients": clients, "created_s": opened_s}
        scene.amend(account, **columns, **(card if scene.draw.random() < 0.8 else {}))
        accounts.append(account)
    return accounts
