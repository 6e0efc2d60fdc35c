"""Machines of one team: agents in continuous integration, a one-off backfill from a fresh account."""

from dataclasses import dataclass

import numpy as np

from stillwatch.worlds.account import DAY_S, HOUR_S, Contribution, Ground, actor
from stillwatch.worlds.lookalikes.label import BACKFILL_MIGRATION, CI_AGENTS
from stillwatch.worlds.lookalikes.scene import Scene
from stillwatch.worlds.rhythm import commit_bursts
from stillwatch.worlds.templates import fill

CI_TOOLS = ("read_file", "search", "run_tests", "write_comment")


@actor(CI_AGENTS)
@dataclass(frozen=True)
class CiAgents:
    """One team key used by many runners: bursts after commits, one repository, one set of tools."""

    instances: int = 4
    per_day: float = 60.0

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the teams and their pipelines' calls."""
        scene = Scene(ground, rng, CI_AGENTS)
        code = [item.text for item in ground.texts.work_lists["code"]]
        for _ in range(self.instances):
            scene.regroup()
            account = scene.staff(1, role="pipeline", platform="api", is_verified=scene.draw.random() < 0.6)[0]
            runners = tuple(scene.address("hosting") for _ in range(scene.draw.randint(8, 60)))
            wording = fill(
                scene.pack.wording("ci_prompt", scene.draw),
                company=f"team/{scene.words.passage(scene.draw, 'en', 1)[:12]}",
            )
            tools = scene.draw.choice((CI_TOOLS, CI_TOOLS[:2], ()))
            times = commit_bursts(scene.rhythm(account, "office"), ground.window, scene.volume(self.per_day), rng)
            conversation, turn, last_s = scene.talk(), 0, -1e9
            for at_s in times:
                if at_s - last_s > 120 or turn > 12:  # a new job
                    conversation, turn = scene.talk(), 0
                    runner = scene.draw.choice(runners)
                body = scene.words.vary(scene.draw.choice(code), scene.draw)
                prompt = fill(wording, task=body) if turn == 0 else f"<result>\n{body[:600]}\n</result>"
                scene.say(
                    account, float(at_s), prompt, conversation=conversation, turn=turn, tools=tools, address=runner
                )
                turn, last_s = turn + 1, float(at_s)
        return scene.out


@actor(BACKFILL_MIGRATION)
@dataclass(frozen=True)
class BackfillMigration:
    """A finite burst at full rate from an account opened for it, beside the organisation's older one."""

    instances: int = 3
    n_requests: int = 900

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the organisations: the old account's daily work, the new account's burst."""
        scene = Scene(ground, rng, BACKFILL_MIGRATION)
        for number in range(self.instances):
            scene.regroup()
            is_verified = number % 2 == 0
            old, new = scene.staff(2, role="old_account", platform="api", is_verified=is_verified)
            start_s = scene.draw.uniform(0.1, 0.8) * ground.window.seconds
            scene.amend(old, created_s=-scene.draw.uniform(60, 300) * DAY_S)
            scene.amend(new, created_s=start_s - scene.draw.uniform(0.2, 6) * HOUR_S, role="new_account")
            wording = scene.pack.wording("backfill", scene.draw)
            n = scene.volume(self.n_requests, days=1.0, spread=0.5)
            times = start_s + np.cumsum(rng.exponential(scene.draw.uniform(1, 2.5) * DAY_S / n, n))
            language = scene.draw.choice(ground.texts.languages)
            for count, at_s in enumerate(times):
                record = scene.words.passage(scene.draw, language, scene.draw.randint(3, 15))
                scene.say(new, float(at_s), fill(wording, task=record, n=str(count // 100)), temperature=0.0)
            scene.own_life(old, scene.volume(12.0), use="application")
            scene.own_life(new, scene.volume(3.0), use="application")
        return scene.out
