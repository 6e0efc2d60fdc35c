"""One prompt, many people: applications, public tools, prompt packs and prompts that go round."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from stillwatch.worlds.account import DAY_S, Contribution, Ground, actor
from stillwatch.worlds.lookalikes.label import BYO_KEY_APP, PROMPT_PACK, PUBLIC_TOOL, RAG_APP, VIRAL_PROMPT
from stillwatch.worlds.lookalikes.scene import Scene
from stillwatch.worlds.templates import fill

APP_KINDS = ("coding_ide", "writing_app", "companion_app", "translation_app", "tutoring_app")
P_OUTSIDE_APP = 0.3  # of an app's customers also use their key by other means


def app_prompt(scene: Scene, kind: str) -> str:
    """Return one application's fixed system prompt."""
    company = "".join(scene.draw.choice(("nor", "vel", "ta", "qui", "sol", "me")) for _ in range(3)).capitalize()
    return scene.pack.write(
        kind, scene.draw, company=company, language=scene.draw.choice(("English", "French", "Thai"))
    )


@actor(RAG_APP)
@dataclass(frozen=True)
class RagApp:
    """One account, one system prompt, retrieved passages, end-user ids."""

    instances: int = 4
    per_day: float = 120.0
    n_end_users: int = 300

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the applications' accounts and their users' questions."""
        scene = Scene(ground, rng, RAG_APP)
        for _ in range(self.instances):
            scene.regroup()
            is_firm = scene.draw.random() < 0.7
            account = scene.staff(1, role="app", platform="api")[0] if is_firm else scene.person("app", platform="api")
            system = app_prompt(scene, scene.draw.choice(("rag_app", "customer_support")))
            language = scene.account(account).language
            users = [scene.rng.bytes(6).hex() for _ in range(self.n_end_users)]
            for at_s in scene.sittings(account, scene.volume(self.per_day), "service"):
                user, conversation = users[int(len(users) * scene.draw.random() ** 2)], scene.talk()
                for turn, time_s in enumerate(at_s):
                    context = scene.words.passage(scene.draw, language, scene.draw.randint(4, 12))
                    question = scene.words.passage(scene.draw, language, 1)
                    place: dict[str, Any] = {"conversation": conversation, "turn": turn, "end_user_id": user}
                    scene.say(account, time_s, f"{context}\n\n{question}", system=system, **place)
        return scene.out


@actor(BYO_KEY_APP)
@dataclass(frozen=True)
class ByoKeyApp:
    """Hundreds of unrelated customers of one application that runs on each customer's own key.

    They share the system prompt, the client and its fingerprint; they pay, sleep and write each on their own.
    """

    n_customers: int = 400
    per_day: float = 3.0
    kind: str | None = None

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the customers and their use of the application."""
        scene = Scene(ground, rng, BYO_KEY_APP)
        system = app_prompt(scene, self.kind or scene.draw.choice(APP_KINDS))
        client = scene.app_client()
        temperature = scene.draw.choice((0.2, 0.7, 1.0))
        for _ in range(self.n_customers):
            account = scene.person("customer", platform="api")
            clients = scene.account(account).clients
            n = scene.volume(self.per_day)
            fixed: dict[str, Any] = {"system": system, "client": client, "temperature": temperature}
            scene.chat(account, n, scene.draw.choice(("office", "evening", "mixed", "student")), **fixed)
            if clients and scene.draw.random() < P_OUTSIDE_APP:
                scene.own_life(account, max(1, n // 2))
        return scene.out


@actor(PUBLIC_TOOL)
@dataclass(frozen=True)
class PublicTool:
    """Users of one open-source command-line tool: its published prompts, their own texts."""

    n_users: int = 150
    per_day: float = 2.0
    pack: str = "fabric"

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the tool's users and what they run through it."""
        scene = Scene(ground, rng, PUBLIC_TOOL)
        prompts = ground.texts.system_prompts[self.pack]
        agent = scene.app_client()
        for _ in range(self.n_users):
            account = scene.person(platform="api")
            clients = scene.account(account).clients
            scene.amend(account, clients=(clients[0]._replace(user_agent=agent.user_agent), *clients[1:]))
            favourites = scene.draw.sample(prompts, 3)
            (times,) = scene.times([scene.rhythm(account, "mixed")], [scene.volume(self.per_day)])
            for at_s in times:
                text = scene.words.passage(scene.draw, scene.account(account).language, scene.draw.randint(3, 25))
                scene.say(account, at_s, text, system=scene.draw.choice(favourites), tools=())
            scene.own_life(account, scene.volume(1.0))
        return scene.out


@actor(PROMPT_PACK)
@dataclass(frozen=True)
class PromptPack:
    """Unrelated people who paste the same published 'act as' prompts."""

    n_users: int = 250
    per_day: float = 0.8

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the people, the pasted prompts and the talk that follows."""
        scene = Scene(ground, rng, PROMPT_PACK)
        packs = ground.texts.system_prompts
        for _ in range(self.n_users):
            account = scene.person()
            language = scene.account(account).language
            pool = packs["awesome_zh"] if language.startswith("zh") else packs["awesome"]
            for at_s in scene.sittings(account, scene.volume(self.per_day), "mixed"):
                rank = int(len(pool) * scene.draw.random() ** 2)  # squared: the first of a list are pasted most
                turns = [pool[rank], *scene.words.dialogue(scene.draw, language, len(at_s))[1:]]
                conversation = scene.talk()
                for turn, (time_s, prompt) in enumerate(zip(at_s, turns, strict=True)):
                    scene.say(account, time_s, prompt, conversation=conversation, turn=turn)
            scene.own_life(account, scene.volume(1.5))
        return scene.out


@actor(VIRAL_PROMPT)
@dataclass(frozen=True)
class ViralPrompt:
    """Thousands of strangers who try one prompt within a week of a video."""

    n_users: int = 600

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the people, their try and their ordinary talk."""
        scene = Scene(ground, rng, VIRAL_PROMPT)
        wording = scene.pack.wording("viral_prompt", scene.draw)
        peak_s = scene.draw.uniform(0.15, 0.8) * ground.window.seconds
        for _ in range(self.n_users):
            account = scene.person()
            at_s = peak_s + scene.draw.expovariate(1 / (2.2 * DAY_S))  # half of them within a day and a half
            if scene.draw.random() < 0.2:  # some sign up because of it
                scene.amend(account, created_s=at_s - scene.draw.expovariate(1 / 900.0))
            language = scene.account(account).language
            conversation = scene.talk()
            for turn in range(1 + int(scene.draw.expovariate(0.4))):
                text = scene.words.passage(scene.draw, language, scene.draw.randint(1, 4))
                prompt = fill(wording, task=text) if turn == 0 else text
                scene.say(account, at_s, prompt, conversation=conversation, turn=turn)
                at_s += scene.draw.expovariate(1 / 90.0)
            scene.own_life(account, scene.volume(0.8))
        return scene.out
