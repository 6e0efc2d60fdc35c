"""What the registry allows: distillation under contract, one whose contract ran out, safety research."""

from dataclasses import dataclass

import numpy as np

from stillwatch.worlds.account import DAY_S, Authorisation, Contribution, Ground, actor
from stillwatch.worlds.lookalikes.label import AUTHORISED_DISTILLATION, SAFETY_RESEARCHER
from stillwatch.worlds.lookalikes.scene import Scene
from stillwatch.worlds.rhythm import Shape, balanced
from stillwatch.worlds.templates import fill

KINDS = ("synthetic_data", "reasoning_trace", "expert_persona", "task_writing")
P_EXTRACTED = 0.9  # of an authorised pool's requests are its work, the rest its own


@actor(AUTHORISED_DISTILLATION)
@dataclass(frozen=True)
class AuthorisedDistillation:
    """A campaign in every respect, but in the registry; ``n_lapsed`` of them go on after their permission ended.

    Half are one organisation, named in the registry as such; half are separate accounts, named one by one.
    """

    instances: int = 2
    n_lapsed: int = 1
    n_accounts: int = 25
    per_account_day: float = 12.0

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the licensed pools and their rows of the registry."""
        scene = Scene(ground, rng, AUTHORISED_DISTILLATION)
        for number in range(self.instances + self.n_lapsed):
            scene.regroup()
            is_lapsed = number >= self.instances
            accounts = self.pool(scene, is_organisation=number % 2 == 0)
            ends_s = scene.draw.uniform(0.3, 0.6) * ground.window.seconds if is_lapsed else None
            self.register(scene, accounts, ends_s)
            self.work(scene, accounts)
            for account in accounts:
                if is_lapsed:
                    scene.amend(account, role="lapsed")
                scene.own_life(account, scene.volume(0.5))
        return scene.out

    def pool(self, scene: Scene, *, is_organisation: bool) -> list[int]:
        """Return the accounts of one licensee."""
        if is_organisation:
            return scene.staff(self.n_accounts, role="licensee", platform="api")
        payment = scene.ground.identities.fingerprint(scene.rng)
        opened_s = -scene.draw.uniform(2, 60) * DAY_S
        accounts = [scene.person("licensee", platform="api", payment_kind="card") for _ in range(self.n_accounts)]
        for account in accounts:
            paid = {"payment_fingerprint": payment} if scene.draw.random() < 0.5 else {}
            scene.amend(account, created_s=opened_s + scene.draw.expovariate(1 / DAY_S), **paid)
        return accounts

    @staticmethod
    def register(scene: Scene, accounts: list[int], ends_s: float | None) -> None:
        """Enter a licensee in the registry, as an organisation where it is one."""
        reference = f"DST-{scene.draw.randrange(10_000):04d}"
        begins_s = -scene.draw.uniform(30, 200) * DAY_S
        organisation = scene.account(accounts[0]).organisation_id
        if organisation is not None:
            scene.out.authorisations.append(
                Authorisation(
                    "distillation", reference, organisation_id=organisation, valid_from_s=begins_s, valid_to_s=ends_s
                )
            )
            return
        for account in accounts:
            identifier = scene.account(account).account_id
            scene.out.authorisations.append(
                Authorisation(
                    "distillation", reference, account_id=identifier, valid_from_s=begins_s, valid_to_s=ends_s
                )
            )

    def work(self, scene: Scene, accounts: list[int]) -> None:
        """Deal one work list over the accounts as a load balancer does."""
        draw = scene.draw
        kind = draw.choice(KINDS)
        wordings = scene.pack.paraphrases(kind, draw, draw.choice((1, 1, 12)))
        shape: Shape = draw.choice(("flat", "batch", "service", "office"))
        n = scene.volume(self.per_account_day * len(accounts), spread=0.3)
        (times,) = scene.times([scene.rhythm(accounts[0], shape, has_ramp=False, day_noise=0.1)], [n])
        which = balanced(len(accounts), times, scene.rng, evenness=0.9)
        items = scene.work_list(draw.choice(("gsm8k_train", "science", "open_ended", "zh", "apibench")), n)
        for place, (who, at_s) in enumerate(zip(which, times, strict=True)):
            item = items[place % len(items)]
            task = item.text if place < len(items) else scene.another(item)
            answer = scene.words.reasoned(draw, item.answer)
            slots = {
                "task": task,
                "answer": item.answer or scene.words.passage(draw, item.language, 3),
                "n": str(place),
            }
            scene.say(
                accounts[int(who)], float(at_s), fill(draw.choice(wordings), **slots), answer=answer, language="en"
            )


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
