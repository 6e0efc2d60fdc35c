"""One team's program over several keys: an application behind a router, agents on a repository, its own evaluation.

A router such as those that balance over many keys sends a request again with another key when one is limited. Each key
is an account of its own to the provider, and nobody verified the team.

Source: the fallback and load balancing that public gateways offer over several keys; ours.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from stillwatch.worlds.account import DAY_S, HOUR_S, Contribution, Ground, actor
from stillwatch.worlds.lookalikes.applications import APP_KINDS, app_prompt
from stillwatch.worlds.lookalikes.business import open_accounts
from stillwatch.worlds.lookalikes.label import AGENT_FLEET, KEY_POOL, PRIVATE_EVALUATION
from stillwatch.worlds.lookalikes.queues import Queue
from stillwatch.worlds.lookalikes.scene import Scene
from stillwatch.worlds.templates import fill

RETRY_S: Final = 4.0  # a router falls back at once
STEPS: Final = (3, 12)


def open_keys(scene: Scene, n: int | None, sizes: tuple[int, ...]) -> list[int]:
    """Return a team's accounts: on one card, under its own name, or private ones of its members."""
    wanted = scene.draw.choice(sizes) if n is None else n
    return open_accounts(scene, scene.draw.choice(("firm", "cards", "contractors")), wanted)


@actor(KEY_POOL)
@dataclass(frozen=True)
class KeyPool:
    """An application whose users' talk a router spreads over the keys of the team that made it."""

    instances: int = 1
    n_accounts: int | None = None
    per_day: float = 60.0

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the teams' accounts and their users' talk."""
        scene = Scene(ground, rng, KEY_POOL)
        for _ in range(self.instances):
            scene.regroup()
            accounts = open_keys(scene, self.n_accounts, (4, 6, 10, 15))
            queue = Queue(scene, accounts, RETRY_S, 0.9)
            system = app_prompt(scene, scene.draw.choice(APP_KINDS))
            language = scene.account(accounts[0]).language
            for at_s in scene.sittings(accounts[0], scene.volume(self.per_day), "service", has_ramp=False):
                conversation = scene.talk()
                turns = scene.words.dialogue(scene.draw, language, len(at_s))
                for turn, (time_s, prompt) in enumerate(zip(at_s, turns, strict=True)):
                    who = scene.draw.randrange(len(accounts))
                    place: dict[str, Any] = {"conversation": conversation, "turn": turn, "language": language}
                    answer = scene.words.response(scene.draw, language, "")
                    said = {"system": system, "response": answer, **place}
                    queue.send(who, float(time_s), prompt, **said)
        return scene.out


@actor(AGENT_FLEET)
@dataclass(frozen=True)
class AgentFleet:
    """A start-up's coding agents over several keys: one wrapper, one set of tools, a few repositories."""

    instances: int = 1
    n_accounts: int | None = None
    per_day: float = 12.0

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the teams' accounts and their agents' trajectories."""
        scene = Scene(ground, rng, AGENT_FLEET)
        code = [item.text for item in ground.texts.work_lists["code"]]
        for _ in range(self.instances):
            scene.regroup()
            accounts = open_keys(scene, self.n_accounts, (5, 8, 12, 20))
            queue = Queue(scene, accounts, RETRY_S, 0.9)
            company = f"team/{scene.words.passage(scene.draw, 'en', 1)[:12]}"
            wrapper = fill(scene.pack.wording("ci_prompt", scene.draw), company=company)
            names = [tool.name for tool in scene.draw.choice(list(ground.texts.tool_sets.values()))]
            tools = tuple(names[: scene.draw.randint(3, 10)])
            files = [scene.draw.choice(code) for _ in range(12)]  # of its own repositories
            for at_s in scene.sittings(accounts[0], scene.volume(self.per_day), "office", has_ramp=False):
                who, conversation, when = scene.draw.randrange(len(accounts)), scene.talk(), float(at_s[0])
                for turn in range(scene.draw.randint(*STEPS)):
                    body = scene.words.vary(scene.draw.choice(files), scene.draw)
                    prompt = fill(wrapper, task=body) if turn == 0 else f"<result>\n{body[:800]}\n</result>"
                    said: dict[str, Any] = {
                        "conversation": conversation,
                        "turn": turn,
                        "tools": tools,
                        "language": "en",
                    }
                    queue.send(who, when, prompt, **said)
                    when += scene.draw.expovariate(1 / 12.0) + 1.0
        return scene.out


@actor(PRIVATE_EVALUATION)
@dataclass(frozen=True)
class PrivateEvaluation:
    """A team's own questions, sent again after each change of its product, dealt over its keys."""

    instances: int = 1
    n_accounts: int | None = None
    n_items: int = 60

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the teams' accounts and their runs."""
        scene = Scene(ground, rng, PRIVATE_EVALUATION)
        for _ in range(self.instances):
            scene.regroup()
            accounts = open_keys(scene, self.n_accounts, (4, 6, 10, 16))
            queue = Queue(scene, accounts, RETRY_S, 0.9)
            pool = ground.texts.work_lists[scene.draw.choice(sorted(ground.texts.work_lists))]
            items = [scene.another(scene.draw.choice(pool)) for _ in range(self.n_items)]
            wording = scene.pack.wording("evaluation", scene.draw, 0) if scene.draw.random() < 0.5 else "{task}"
            opened_s = max(max(0.0, scene.account(account).created_s) for account in accounts)
            runs = np.arange(opened_s + 0.5 * DAY_S, ground.window.seconds, scene.draw.uniform(0.8, 3.0) * DAY_S)
            for start_s in runs.tolist():
                at_s = start_s + scene.draw.uniform(0, 3) * HOUR_S
                for item in items:
                    at_s += scene.draw.expovariate(1 / 5.0)
                    prompt = fill(wording, task=item, prefix="")
                    who = scene.draw.randrange(len(accounts))
                    said = {"language": "en", "temperature": 0.0}
                    queue.send(who, at_s, prompt, **said)
            for account in accounts:
                if scene.draw.random() < 0.4:
                    scene.own_life(account, scene.volume(1.0))
        return scene.out
