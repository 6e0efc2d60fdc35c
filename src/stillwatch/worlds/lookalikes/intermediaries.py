"""Honest intermediaries: an aggregator that names its end users, a company's router, a reseller under contract."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from stillwatch.worlds.account import DAY_S, Authorisation, Contribution, Ground, actor
from stillwatch.worlds.lookalikes.label import AGGREGATOR, GATEWAY_ROUTER, RESELLER_DISCLOSED
from stillwatch.worlds.lookalikes.scene import Scene

RETRY_STATUSES = (500, 502, 503, 504, 529)  # an honest router moves on failures of the service, not on 403
P_FAILOVER = 0.02  # of an honest router's requests meet such a failure


@dataclass(frozen=True)
class EndUser:
    """A customer of an intermediary, with an own language and an own application."""

    identifier: str
    language: str
    system: str | None
    tools: tuple[str, ...] = ()
    is_lengthy: bool = False  # sends documents or tool results, not only talk


def draw_users(scene: Scene, n: int) -> list[EndUser]:
    """Return the customers of an intermediary: every language, talk, applications and agents."""
    languages = scene.ground.texts.languages
    tool_sets = list(scene.ground.texts.tool_sets.values())
    found = []
    for _ in range(n):
        draw = scene.draw
        is_agent = draw.random() < 0.3  # coding and office agents bring much of any intermediary's traffic
        system = scene.words.passage(draw, "en", draw.randint(1, 20)) if is_agent or draw.random() < 0.4 else None
        tools = tuple(tool.name for tool in draw.choice(tool_sets))[: draw.randint(2, 10)] if is_agent else ()
        language = "en" if draw.random() < 0.45 else draw.choice(languages)
        found.append(EndUser(scene.rng.bytes(8).hex(), language, system, tools, is_agent or draw.random() < 0.3))
    return found


def say_next(scene: Scene, user: EndUser, *, is_first: bool) -> str:
    """Return what a customer sends next: a question, a document, a tool's result or a continuation of the talk."""
    if user.is_lengthy and scene.draw.random() < 0.5:
        return scene.words.passage(scene.draw, user.language, scene.draw.randint(6, 40))
    if is_first:
        return scene.words.prompt(scene.draw, user.language)
    if user.language == "en" and scene.draw.random() < 0.4:
        return scene.pack.write("follow_up", scene.draw)
    return scene.words.passage(scene.draw, user.language, scene.draw.randint(1, 3))


def serve(scene: Scene, accounts: list[int], users: list[EndUser], n: int, *, p_disclosed: float) -> None:
    """Send ``n`` turns of the users' conversations through the accounts, each user's talk on one account."""
    for at_s in scene.sittings(accounts[0], n, "service", has_ramp=False):
        user = users[int(len(users) * scene.draw.random() ** 2)]  # squared: a few customers bring most of the traffic
        account, conversation = scene.draw.choice(accounts), scene.talk()
        named = user.identifier if scene.draw.random() < p_disclosed else None
        for turn, time_s in enumerate(at_s):
            prompt = say_next(scene, user, is_first=turn == 0)
            place: dict[str, Any] = {
                "conversation": conversation,
                "turn": turn,
                "language": user.language,
                "end_user_id": named,
            }
            scene.say(account, float(time_s), prompt, system=user.system, tools=user.tools, **place)


@actor(AGGREGATOR)
@dataclass(frozen=True)
class Aggregator:
    """A verified organisation that passes on a hashed, stable identity of every end user."""

    instances: int = 1
    n_end_users: int = 300
    per_day: float = 250.0

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the aggregators' accounts and their customers' traffic."""
        scene = Scene(ground, rng, AGGREGATOR)
        for number in range(self.instances):
            scene.regroup()
            accounts = scene.staff(scene.draw.randint(1, 4), role="aggregator", platform=f"aggregator:hub{number + 1}")
            serve(scene, accounts, draw_users(scene, self.n_end_users), scene.volume(self.per_day), p_disclosed=1.0)
            if scene.draw.random() < 0.6:
                organisation = scene.account(accounts[0]).organisation_id
                scene.out.authorisations.append(
                    Authorisation("resale", f"AGG-{scene.draw.randrange(10_000):04d}", organisation_id=organisation)
                )
        return scene.out


@actor(RESELLER_DISCLOSED)
@dataclass(frozen=True)
class ResellerDisclosed:
    """A reseller under contract whose many accounts serve strangers; only some of them are named."""

    instances: int = 1
    n_accounts: int = 14
    n_end_users: int = 150
    per_day: float = 200.0

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the resellers' accounts, traffic and contracts."""
        scene = Scene(ground, rng, RESELLER_DISCLOSED)
        for _ in range(self.instances):
            scene.regroup()
            accounts = scene.staff(self.n_accounts, role="reseller", platform="api")
            organisation = scene.account(accounts[0]).organisation_id
            serve(scene, accounts, draw_users(scene, self.n_end_users), scene.volume(self.per_day), p_disclosed=0.5)
            scene.out.authorisations.append(
                Authorisation("resale", f"RES-{scene.draw.randrange(10_000):04d}", organisation_id=organisation)
            )
        return scene.out


@actor(GATEWAY_ROUTER)
@dataclass(frozen=True)
class GatewayRouter:
    """One organisation's gateway: requests dealt over its pathways, identifiers stripped, failover on 5xx."""

    instances: int = 2
    per_day: float = 150.0

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the organisations' pathways and what goes over them."""
        scene = Scene(ground, rng, GATEWAY_ROUTER)
        for _ in range(self.instances):
            scene.regroup()
            pathways = [scene.staff(1, role="pathway", platform="api")[0]]
            first = scene.account(pathways[0])
            kept: dict[str, Any] = {
                "organisation_id": first.organisation_id,
                "organisation_name": first.organisation_name,
            }
            paid: dict[str, Any] = {"payment_fingerprint": first.payment_fingerprint, "addresses": first.addresses}
            for platform in ("bedrock", "vertex", "api")[: scene.draw.randint(1, 3)]:
                pathways += scene.staff(1, role="pathway", platform=platform, **kept, **paid)
            for pathway in pathways:  # a fallback that does not exist yet is none
                scene.amend(
                    pathway, created_s=min(scene.account(pathway).created_s, -scene.draw.uniform(1, 40) * DAY_S)
                )
            applications = draw_users(scene, scene.draw.randint(2, 6))
            for at_s in scene.sittings(pathways[0], scene.volume(self.per_day), "service", has_ramp=False):
                for time_s in at_s:
                    self.route(scene, pathways, scene.draw.choice(applications), float(time_s))
        return scene.out

    @staticmethod
    def route(scene: Scene, pathways: list[int], application: EndUser, at_s: float) -> None:
        """Send one stateless request; on a failure of the service send it again over another pathway."""
        prompt = say_next(scene, application, is_first=True)
        account = scene.draw.choice(pathways)
        fixed: dict[str, Any] = {
            "system": application.system,
            "tools": application.tools,
            "language": application.language,
        }
        if scene.draw.random() < P_FAILOVER and len(pathways) > 1:
            status = scene.draw.choice(RETRY_STATUSES)
            scene.say(account, at_s, prompt, response=None, status=status, **fixed)
            account = scene.draw.choice([other for other in pathways if other != account])
            at_s += scene.draw.uniform(0.5, 8.0)
        scene.say(account, at_s, prompt, **fixed)
