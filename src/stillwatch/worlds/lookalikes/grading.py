"""Pipelines of one funded organisation: labels, grades, and reasons kept for audit."""

from dataclasses import dataclass

import numpy as np

from stillwatch.worlds.account import Contribution, Ground, actor
from stillwatch.worlds.lookalikes.label import AUDIT_REASONING, BATCH_LABELLING, RUBRIC_GRADERS
from stillwatch.worlds.lookalikes.scene import Scene
from stillwatch.worlds.rhythm import Shape, balanced
from stillwatch.worlds.templates import fill

LABEL_SETS = (
    ("positive", "neutral", "negative"),
    ("billing", "delivery", "technical", "other"),
    ("spam", "not spam"),
    ("question", "complaint", "praise", "request", "other"),
    ("A1", "A2", "B1", "B2", "C1", "C2"),
    ("relevant", "partly relevant", "irrelevant"),
)
SHAPES: tuple[Shape, ...] = ("batch", "flat", "service", "office")


def pool_times(scene: Scene, accounts: list[int], n: int, shape: Shape) -> list[tuple[int, float]]:
    """Return (account, time) pairs of a job that one organisation spreads over its own keys."""
    (at_s,) = scene.times([scene.rhythm(accounts[0], shape, day_noise=0.2)], [n])
    which = balanced(len(accounts), at_s, scene.rng, evenness=scene.draw.random())
    return [(accounts[int(who)], float(when)) for who, when in zip(which, at_s, strict=True)]


@actor(BATCH_LABELLING)
@dataclass(frozen=True)
class BatchLabelling:
    """Short answers from a fixed label set over an organisation's own texts."""

    instances: int = 4
    per_day: float = 120.0

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the organisations and their labelling jobs."""
        scene = Scene(ground, rng, BATCH_LABELLING)
        for _ in range(self.instances):
            scene.regroup()
            accounts = scene.staff(scene.draw.randint(1, 4), role="labeller", platform="api")
            labels = scene.draw.choice(LABEL_SETS)
            wording = fill(scene.pack.wording("labelling", scene.draw), labels=", ".join(labels))
            language = scene.draw.choice(ground.texts.languages)
            jobs = pool_times(scene, accounts, scene.volume(self.per_day), scene.draw.choice(SHAPES))
            for account, at_s in jobs:
                text = scene.words.passage(scene.draw, language, scene.draw.randint(1, 4))
                answer = scene.draw.choice(labels)
                scene.say(account, at_s, fill(wording, task=text), response=answer, temperature=0.0, max_tokens=16)
        return scene.out


@actor(RUBRIC_GRADERS)
@dataclass(frozen=True)
class RubricGraders:
    """A model as judge for one organisation's own outputs: rubrics, references, scores."""

    instances: int = 3
    per_day: float = 80.0

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the organisations and their grading runs."""
        scene = Scene(ground, rng, RUBRIC_GRADERS)
        for number in range(self.instances):
            scene.regroup()
            accounts = scene.staff(scene.draw.randint(1, 5), role="grader", platform="api")
            kind = ("rubric_grading", "grading_pipeline", "public")[(number + scene.draw.randrange(3)) % 3]
            wording = None if kind == "public" else scene.pack.wording(kind, scene.draw)
            for account, at_s in pool_times(scene, accounts, scene.volume(self.per_day), scene.draw.choice(SHAPES)):
                prompt = self.request(scene, wording)
                verdict = f"{scene.words.passage(scene.draw, 'en', 2)} [RESULT] {scene.draw.randint(1, 5)}"
                scene.say(account, at_s, prompt, response=verdict, temperature=0.0)
        return scene.out

    @staticmethod
    def request(scene: Scene, wording: str | None) -> str:
        """Return one grading request, in a public judge's format or in the organisation's own."""
        if wording is None:
            return scene.words.vary(scene.draw.choice(scene.ground.texts.rubric_requests), scene.draw, 0.1)
        item, rubric = scene.draw.choice(scene.ground.texts.rubrics)
        other = scene.words.response(scene.draw)
        task = scene.words.vary(item.text, scene.draw)
        return fill(wording, rubric=rubric["criteria"], task=task, answer=item.answer, other=other, n="3")


@actor(AUDIT_REASONING)
@dataclass(frozen=True)
class AuditReasoning:
    """A regulated team that asks for the rationale of each decision and keeps it."""

    instances: int = 3
    per_day: float = 50.0

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the organisations and their decisions."""
        scene = Scene(ground, rng, AUDIT_REASONING)
        for _ in range(self.instances):
            scene.regroup()
            accounts = scene.staff(scene.draw.randint(1, 3), role="decision_service")
            wording = scene.pack.wording("audit", scene.draw)
            shape: Shape = scene.draw.choice(("office", "service"))
            for account, at_s in pool_times(scene, accounts, scene.volume(self.per_day), shape):
                facts = scene.words.passage(scene.draw, "en", scene.draw.randint(3, 9))
                prompt = fill(wording, n=str(scene.draw.randrange(1000, 99999)), task=facts)
                scene.say(account, at_s, prompt, language="en", is_reasoning=scene.draw.random() < 0.5)
        return scene.out
