"""Evaluation: one laboratory that re-sends known items, and the day when everybody runs the same benchmark."""

from dataclasses import dataclass

import numpy as np

from stillwatch.worlds.account import DAY_S, HOUR_S, Contribution, Ground, actor
from stillwatch.worlds.lookalikes.label import BENCHMARK_DAY, EVALUATION_HARNESS
from stillwatch.worlds.lookalikes.scene import Scene
from stillwatch.worlds.templates import fill
from stillwatch.worlds.texts import Item

NO_SYSTEM = (None, None, None, "You are a helpful assistant.")  # harnesses seldom send a system prompt


def send_items(scene: Scene, account: int, items: list[Item], start_s: float, wording: str | None) -> None:
    """Send benchmark items as a harness does: ten or so at once, stateless, one after another as slots free up."""
    gaps = scene.rng.exponential(1.5, len(items))  # ten connections, fifteen seconds an answer
    system = scene.draw.choice(NO_SYSTEM)
    for item, at_s in zip(items, start_s + np.cumsum(gaps), strict=True):
        plain = f"{item.prefix}\n\n{item.text}" if item.prefix else item.text
        prompt = fill(wording, task=item.text, prefix=item.prefix) if wording else plain
        scene.say(
            account,
            at_s,
            prompt,
            answer=item.answer,
            language="en",
            system=system,
            temperature=0.0,
            tools=tuple(tool.name for tool in item.tools),
            is_reasoning=False,
        )


def draw_items(scene: Scene, name: str, n: int) -> list[Item]:
    """Return a benchmark's items in file order, all or a subset as ``--limit`` gives."""
    items = scene.ground.texts.benchmarks[name]
    if len(items) <= n:
        return list(items)
    return [items[i] for i in sorted(scene.draw.sample(range(len(items)), n))]


@actor(EVALUATION_HARNESS)
@dataclass(frozen=True)
class EvaluationHarness:
    """One principal that sends the same finite item set again and again, to several models and after releases."""

    instances: int = 4
    n_items: int = 250
    n_runs: int = 3

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the laboratories and their runs."""
        scene = Scene(ground, rng, EVALUATION_HARNESS)
        for _ in range(self.instances):
            scene.regroup()
            is_firm = scene.draw.random() < 0.6  # the others are researchers on a private account
            account = scene.staff(1, role="harness", platform="api")[0] if is_firm else scene.person("harness")
            scene.amend(account, created_s=min(scene.account(account).created_s, -DAY_S))
            names = scene.draw.sample(sorted(ground.texts.benchmarks), 2)
            wording = scene.pack.wording("evaluation", scene.draw, 0) if scene.draw.random() < 0.5 else None
            starts = [scene.draw.uniform(0, ground.window.seconds) for _ in range(self.n_runs)]
            starts += [release + scene.draw.expovariate(1 / (4 * HOUR_S)) for release in ground.window.release_s]
            batches = [draw_items(scene, name, self.n_items // len(names)) for name in names]
            for start_s in starts:
                for items in batches:
                    send_items(scene, account, items, start_s, wording)
            scene.own_life(account, scene.volume(0.8))
        return scene.out


@actor(BENCHMARK_DAY)
@dataclass(frozen=True)
class BenchmarkDay:
    """Dozens of unrelated groups that run one public benchmark within a day of a release."""

    n_groups: int = 36
    n_items: int = 120

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the groups, each its own principal, and their run of the day."""
        scene = Scene(ground, rng, BENCHMARK_DAY)
        releases = ground.window.release_s or (scene.draw.uniform(0.2, 0.8) * ground.window.seconds,)
        name = scene.draw.choice(("gsm8k", "bbh", "mmlu_stem", "humaneval", "ifeval"))
        for _ in range(self.n_groups):
            scene.regroup()
            is_firm = scene.draw.random() < 0.4
            account = scene.staff(1, role="harness")[0] if is_firm else scene.person("harness")
            # everybody has the same item list: whole or the first N, as a limit gives, so no disjoint slots
            n_items = max(8, int(self.n_items * scene.draw.choice((1.0, 1.0, 0.5, 0.25))))
            items = list(ground.texts.benchmarks[name][:n_items])
            start_s = releases[-1] + scene.draw.expovariate(1 / (7 * HOUR_S))
            scene.amend(account, created_s=min(scene.account(account).created_s, start_s - DAY_S))
            send_items(scene, account, items, start_s, None)
            scene.own_life(account, scene.volume(1.5))
        return scene.out
