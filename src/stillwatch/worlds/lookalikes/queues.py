"""Queues of honest people and teams over several accounts: crowd workers, a corpus taken in, a course's autograder.

Each deals items of one list over accounts and sends a failed item again from another account, as a campaign does. What
they lack is a campaign's purpose: their items are of one kind, and the answers are for their own use.

Source: the task queues of crowd-work platforms, of retrieval pipelines and of course graders; ours.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from stillwatch.worlds.account import DAY_S, Contribution, Ground, actor
from stillwatch.worlds.lookalikes.business import draw_duty, open_accounts
from stillwatch.worlds.lookalikes.label import CORPUS_PIPELINE, COURSE_AUTOGRADER, CROWD_WORK
from stillwatch.worlds.lookalikes.scene import Scene
from stillwatch.worlds.rhythm import Rhythm, balanced
from stillwatch.worlds.templates import fill
from stillwatch.worlds.traffic import RETRIED, draw_statuses

MOST_ATTEMPTS: Final = 4
STRAIN: Final = 2.0  # shared work meets limits more often than a person does
MINUTE_S: Final = 60.0


@dataclass(frozen=True)
class Queue:
    """Accounts that work one list off, and where a failed item goes.

    Args:
        scene: where it happens.
        accounts: all accounts of the queue.
        retry_s: the mean wait before another attempt, in seconds.
        p_elsewhere: the chance that it goes to another account.
    """

    scene: Scene
    accounts: list[int]
    retry_s: float
    p_elsewhere: float

    def send(self, who: int, at_s: float, prompt: str, **said: Any) -> None:
        """Send one item, at first from the account at the place ``who``, until it is answered or given up."""
        for status in draw_statuses(self.scene.rng, MOST_ATTEMPTS, strain=STRAIN).tolist():
            self.scene.say(self.accounts[who], at_s, prompt, status=int(status), **said)
            if status not in RETRIED:
                return
            at_s += self.scene.draw.expovariate(1 / self.retry_s)
            if self.scene.draw.random() < self.p_elsewhere:
                who = self.scene.draw.randrange(len(self.accounts))


@actor(CROWD_WORK)
@dataclass(frozen=True)
class CrowdWork:
    """Workers of a task platform who do one buyer's tasks with accounts of their own, among their own lives.

    Who gives a task back leaves it to the next worker, minutes or hours later.
    """

    instances: int = 1
    n_workers: int = 40
    per_worker_day: float = 3.0

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the workers, the buyers' tasks and what the workers do besides."""
        scene = Scene(ground, rng, CROWD_WORK)
        for _ in range(self.instances):
            scene.regroup()
            workers = [scene.person("worker") for _ in range(self.n_workers)]
            for worker in workers:
                created_s = min(
                    scene.account(worker).created_s, scene.draw.uniform(-60, 0.2 * ground.window.days) * DAY_S
                )
                scene.amend(worker, created_s=created_s)
            duties = [draw_duty(scene) for _ in range(scene.draw.choice((1, 1, 2, 3)))]
            queue = Queue(scene, workers, scene.draw.choice((2, 20, 120)) * MINUTE_S, 0.8)
            for who, worker in enumerate(workers):
                n = scene.volume(self.per_worker_day, spread=0.5)
                (times,) = scene.times([scene.rhythm(worker, "mixed")], [n])
                for at_s in times.tolist():
                    duty = scene.draw.choice(duties)
                    item = scene.words.passage(scene.draw, duty.language, scene.draw.randint(*duty.sentences))
                    answer = scene.words.passage(scene.draw, duty.language, duty.answer_sentences)
                    prompt = fill(duty.wording, task=item, n=str(scene.draw.randrange(1, 100)))
                    said = {"response": answer, "language": duty.language}
                    queue.send(who, at_s, prompt, **said)
                scene.own_life(worker, scene.volume(self.per_worker_day))
        return scene.out


@actor(CORPUS_PIPELINE)
@dataclass(frozen=True)
class CorpusPipeline:
    """A team that takes a corpus into its retrieval index: each chunk once, with its document, over a shared queue."""

    instances: int = 1
    n_accounts: int | None = None
    n_chunks: int = 700

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the teams' accounts and their few days of work."""
        scene = Scene(ground, rng, CORPUS_PIPELINE)
        for _ in range(self.instances):
            scene.regroup()
            n = scene.draw.choice((6, 10, 16, 24)) if self.n_accounts is None else self.n_accounts
            accounts = open_accounts(scene, scene.draw.choice(("firm", "cards", "contractors")), n)
            queue = Queue(scene, accounts, 15.0, 0.9)
            wording = scene.pack.wording("backfill", scene.draw)
            language = scene.draw.choice(ground.texts.languages)
            opened_s = max(max(0.0, scene.account(account).created_s) for account in accounts)
            start_s = min(opened_s + scene.draw.uniform(0, 3) * DAY_S, 0.7 * ground.window.seconds)
            end_s = min(start_s + scene.draw.uniform(1, 5) * DAY_S, ground.window.seconds)
            n_chunks = scene.volume(self.n_chunks, days=1.0, spread=0.5)
            (times,) = scene.times([Rhythm("flat", 0.0, 0.0, start_s, end_s, day_noise=0.2)], [n_chunks])
            dealt = balanced(len(accounts), times, rng, evenness=0.9)
            document = scene.words.passage(scene.draw, language, 5)
            for number, (at_s, who) in enumerate(zip(times.tolist(), dealt.tolist(), strict=True)):
                if number % 12 == 0:
                    document = scene.words.passage(scene.draw, language, 5)
                chunk = scene.words.passage(scene.draw, language, scene.draw.randint(4, 10))
                prompt = fill(wording, task=f"{document}\n\n{chunk}", n=str(number // 100))
                answer = scene.words.passage(scene.draw, language, 2)
                said = {"response": answer, "language": language, "temperature": 0.0}
                queue.send(who, at_s, prompt, **said)
            for account in accounts:
                if scene.draw.random() < 0.5:
                    scene.own_life(account, scene.volume(1.5))
        return scene.out


@actor(COURSE_AUTOGRADER)
@dataclass(frozen=True)
class CourseAutograder:
    """A course's grader over the keys that its students handed in: submissions against a rubric, by deadline."""

    instances: int = 1
    n_students: int = 24
    n_assignments: int = 4

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the students' accounts, the grading runs and their own use."""
        scene = Scene(ground, rng, COURSE_AUTOGRADER)
        for _ in range(self.instances):
            scene.regroup()
            domain, server = f"students{scene.draw.randrange(1000)}.example", scene.address("hosting")
            accounts = [scene.person("student", platform="api", email_domain=domain) for _ in range(self.n_students)]
            for account in accounts:
                scene.amend(
                    account, created_s=min(scene.account(account).created_s, -scene.draw.uniform(0, 20) * DAY_S)
                )
            queue = Queue(scene, accounts, 20.0, 0.9)
            wording = scene.pack.wording("rubric_grading", scene.draw)
            _, criteria = scene.draw.choice(ground.texts.rubrics)
            rubric = "\n".join(f"{name}: {text}" for name, text in criteria.items())
            for number in range(self.n_assignments):
                deadline_s = (number + scene.draw.uniform(0.3, 0.9)) * ground.window.seconds / self.n_assignments
                task = scene.draw.choice(ground.texts.rubrics)[0].text
                for _ in range(3 * self.n_students):
                    at_s = deadline_s + scene.draw.expovariate(1 / (8 * 3600.0))
                    work, other = scene.words.response(scene.draw, "en"), scene.words.response(scene.draw, "en")
                    prompt = fill(wording, rubric=rubric, task=task, answer=work, other=other, n="3")
                    verdict = f"{scene.words.passage(scene.draw, 'en', 2)} Score: {scene.draw.randint(1, 10)}"
                    said: dict[str, Any] = {"response": verdict, "language": "en", "address": server}
                    who = scene.draw.randrange(len(accounts))
                    queue.send(who, at_s, prompt, **said)
            for account in accounts:
                scene.own_life(account, scene.volume(1.5))
        return scene.out
