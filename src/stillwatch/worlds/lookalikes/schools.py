"""Many new accounts at once, honestly: a classroom behind one address, an online course, a hackathon."""

from dataclasses import dataclass

import numpy as np

from stillwatch.worlds.account import DAY_S, HOUR_S, Contribution, Ground, actor
from stillwatch.worlds.lookalikes.label import CLASSROOM, COURSEWORK_PLATFORM, HACKATHON
from stillwatch.worlds.lookalikes.scene import Scene
from stillwatch.worlds.templates import fill

STANDINGS = ("verified", "named", "anonymous")  # of a school: verified, only declared, or no organisation at all


@actor(CLASSROOM)
@dataclass(frozen=True)
class Classroom:
    """Thirty new accounts in one week behind one address with one assignment; ``standing`` cycles over the kinds.

    The hardest has neither a verified institution nor an organisation at all.
    """

    instances: int = 3
    n_students: int = 30
    standing: str | None = None

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the classes, their lessons and their homework."""
        scene = Scene(ground, rng, CLASSROOM)
        for number in range(self.instances):
            scene.regroup()
            self.teach(scene, self.standing or STANDINGS[number % len(STANDINGS)])
        return scene.out

    def teach(self, scene: Scene, standing: str) -> None:
        """Add one class: the term's weekly lesson at one hour, and homework from home."""
        draw, window = scene.draw, scene.window
        start_s = draw.uniform(0.05, 0.5) * window.seconds
        line = scene.address("corporate")
        students = self.enrol(scene, standing, start_s, line)
        hour_s = (
            (start_s // DAY_S) * DAY_S + draw.randint(8, 15) * HOUR_S - scene.account(students[0]).utc_offset_h * HOUR_S
        )
        lessons = np.arange(hour_s + DAY_S, window.seconds, 7 * DAY_S)
        for lesson, lesson_s in enumerate(lessons):
            task = fill(scene.pack.wording("classroom_assignment", draw), n=str(lesson + 1))
            for student in students:
                if draw.random() < 0.9:  # somebody is always ill
                    self.work(scene, student, task, float(lesson_s) + draw.uniform(0, 0.8 * HOUR_S), line)
                if draw.random() < 0.4:
                    self.work(scene, student, task, float(lesson_s) + draw.uniform(3, 60) * HOUR_S, None)
        for student in students:
            scene.own_life(student, scene.volume(0.4))

    def enrol(self, scene: Scene, standing: str, start_s: float, line: str) -> list[int]:
        """Return the students' accounts, opened within the week that begins at ``start_s``."""
        draw = scene.draw
        country = scene.ground.identities.person(scene.rng)
        known = {
            "platform": "console",
            "pathway": "education" if standing != "anonymous" or draw.random() < 0.3 else "standard",
            "plan": "free",
            "plan_price_usd": 0.0,
            "payment_kind": None,
            "payment_fingerprint": None,
            "declared_country": country.declared_country,
            "utc_offset_h": country.utc_offset_h,
            "language": country.language,
            "referrer_id": None,
        }
        if standing != "anonymous":
            known["organisation_id"] = "org_" + scene.rng.bytes(8).hex()
            known["organisation_name"] = f"{draw.choice(('Lindgren', 'Ostrava', 'Kisumu', 'Westpark'))} College"
            known["is_verified"] = standing == "verified"
            known["email_domain"] = f"students{draw.randrange(1000)}.example"
        students = []
        for _ in range(self.n_students):
            student = scene.person("student", **known)
            created_s = start_s + draw.random() ** 2 * 5 * DAY_S  # most sign up in the first lesson
            home = scene.account(student).addresses
            scene.amend(student, created_s=created_s, addresses=(line, line, *home))
            students.append(student)
        return students

    @staticmethod
    def work(scene: Scene, student: int, task: str, at_s: float, line: str | None) -> None:
        """Let a student do an assignment: the handout's words, often with words of one's own, then questions."""
        own = scene.words.passage(scene.draw, scene.account(student).language, 1)
        prompt = task if scene.draw.random() < 0.5 else f"{task} {own}"
        conversation = scene.talk()
        place = {"address": line} if line else {}
        for turn in range(1 + int(scene.draw.expovariate(0.6))):
            scene.say(student, at_s, prompt, conversation=conversation, turn=turn, **place)
            prompt = scene.pack.write("follow_up", scene.draw)
            at_s += 20 + scene.draw.expovariate(1 / 100.0)


@actor(COURSEWORK_PLATFORM)
@dataclass(frozen=True)
class CourseworkPlatform:
    """Learners of one online course all over the world: the same exercises in the same weeks, nothing else shared."""

    n_learners: int = 250
    n_exercises: int = 5

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the learners and their work on the exercises."""
        scene = Scene(ground, rng, COURSEWORK_PLATFORM)
        tasks = [
            fill(scene.pack.wording("classroom_assignment", scene.draw), n=str(k)) for k in range(self.n_exercises)
        ]
        start_s = scene.draw.uniform(0.0, 0.4) * ground.window.seconds
        referrer = scene.ground.identities.fingerprint(rng)
        for _ in range(self.n_learners):
            learner = scene.person("learner")
            if scene.draw.random() < 0.3:  # they open the account for the course
                scene.amend(learner, created_s=start_s + scene.draw.expovariate(1 / (3 * DAY_S)), referrer_id=referrer)
            for week, task in enumerate(tasks):
                if scene.draw.random() < 0.8**week:  # courses lose learners from week to week
                    at_s = start_s + week * 5 * DAY_S + scene.draw.expovariate(1 / (2 * DAY_S))
                    Classroom.work(scene, learner, task, at_s, None)
            scene.own_life(learner, scene.volume(0.6))
        return scene.out


@actor(HACKATHON)
@dataclass(frozen=True)
class Hackathon:
    """Dozens of new accounts in one weekend at one venue, with the sponsor's referral and one starter kit."""

    instances: int = 1
    n_teams: int = 18
    per_account: float = 60.0

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the teams and their weekend."""
        scene = Scene(ground, rng, HACKATHON)
        for _ in range(self.instances):
            scene.regroup()
            self.weekend(scene)
        return scene.out

    def weekend(self, scene: Scene) -> None:
        """Add one event: day and night, many agents, topics that differ from team to team."""
        draw, ground = scene.draw, scene.ground
        first = draw.randrange(max(1, ground.window.days - 3))
        days = [d for d in range(first, first + 7) if (ground.window.start_at.weekday() + d) % 7 == 4]
        start_s = ((days[0] if days else first) + 0.7) * DAY_S
        if start_s + DAY_S > ground.window.seconds:  # no weekend is left: hold it at the window's start
            start_s = 0.2 * DAY_S
        venue, referrer = scene.address("corporate"), ground.identities.fingerprint(scene.rng)
        client, kit = scene.app_client(), scene.pack.write("hackathon_kit", draw)
        for _ in range(self.n_teams):
            topic = scene.words.passage(draw, "en", draw.randint(1, 3))
            tools = tuple(tool.name for tool in draw.choice(list(ground.texts.tool_sets.values()))[:5])
            for _ in range(draw.randint(2, 5)):
                account = scene.person("participant", platform="api", referrer_id=referrer, plan="free")
                home = scene.account(account).addresses
                scene.amend(
                    account, created_s=start_s + draw.expovariate(1 / (2 * HOUR_S)), addresses=(venue, venue, *home)
                )
                at_s = scene.account(account).created_s + draw.uniform(0.1, 2) * HOUR_S
                n = scene.volume(self.per_account, days=1.0)
                for _ in range(n):
                    prompt = f"{scene.words.prompt(draw)}\n{topic}" if draw.random() < 0.5 else scene.words.prompt(draw)
                    scene.say(account, at_s, prompt, system=kit, client=client, tools=tools, language="en")
                    at_s += draw.expovariate(n / (40 * HOUR_S))
                if draw.random() < 0.25:  # some stay
                    scene.own_life(account, scene.volume(0.5))
