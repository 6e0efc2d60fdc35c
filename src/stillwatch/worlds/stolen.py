"""Stolen keys: honest accounts whose own traffic goes on while a thief's appears beside it, from elsewhere.

Source: public reports on resale of leaked keys for role-play services; ours.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from stillwatch.worlds.account import DAY_S, Contribution, Ground, actor
from stillwatch.worlds.lookalikes.label import STOLEN_KEYS
from stillwatch.worlds.lookalikes.scene import Scene
from stillwatch.worlds.rhythm import Rhythm, draw_times, intensity


@actor(STOLEN_KEYS)
@dataclass(frozen=True)
class StolenKeys:
    """Gangs that each hold some victims' keys and sell them on until the owners notice."""

    n_gangs: int = 3
    n_victims: int = 12
    per_day: float = 60.0

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the victims, their own lives, and what the thieves send with their keys."""
        scene = Scene(ground, rng, STOLEN_KEYS)
        for _ in range(self.n_gangs):
            scene.regroup()
            exits = [
                scene.address(scene.draw.choice(("residential", "mobile", "hosting", "serverless")))
                for _ in range(scene.draw.randint(20, 90))
            ]
            clients = [scene.app_client() for _ in range(scene.draw.randint(4, 15))]
            stories = [scene.pack.write("companion_app", scene.draw) for _ in range(scene.draw.randint(1, 6))]
            for _ in range(self.n_victims):
                self.steal(scene, exits, clients, stories)
        return scene.out

    def steal(self, scene: Scene, exits: list[str], clients: list[Any], stories: list[str]) -> None:
        """Add one victim: an old honest account, and from some moment on the thieves' requests."""
        draw, window = scene.draw, scene.window
        if draw.random() < 0.5:
            victim = scene.staff(1, role="victim", platform="api", is_verified=draw.random() < 0.5)[0]
        else:
            victim = scene.person("victim", platform="api")
        scene.amend(victim, created_s=min(scene.account(victim).created_s, -draw.uniform(5, 60) * DAY_S))
        scene.own_life(victim)
        start_s = draw.uniform(0.15, 0.85) * window.seconds
        end_s = min(window.seconds, start_s + draw.expovariate(1 / (8 * DAY_S)))  # owners notice the bill in a week
        rhythm = Rhythm("evening", draw.uniform(-8, 9), start_s=start_s, end_s=end_s, day_noise=0.4)
        n = scene.volume(self.per_day, days=(end_s - start_s) / DAY_S)
        _, times = draw_times(intensity(rhythm, window, scene.rng)[None, :], np.asarray([n]), scene.rng)
        languages = draw.sample(scene.ground.texts.languages, 4)
        for at_s in times:
            language = draw.choice(("en", "en", *languages))
            is_story = draw.random() < 0.7
            prompt = (
                scene.words.passage(draw, language, draw.randint(1, 5))
                if is_story
                else scene.words.prompt(draw, language)
            )
            scene.say(
                victim,
                float(at_s),
                prompt,
                language=language,
                system=draw.choice(stories) if is_story else None,
                client=draw.choice(clients),
                address=draw.choice(exits),
                temperature=draw.choice((None, 0.9, 1.0)),
            )
