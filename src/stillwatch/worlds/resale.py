"""Relays: grey resellers whose pools of accounts carry unrelated customers' talk, with no end user named.

A relay is not distillation, although a distiller may be one of its customers. Its identities are sloppy (cards, devices
and mail domains used again) or clean (nothing shared but the balancing), and its customers talk of everything in every
language.

Source: the public behaviour of relay software, FIELD's "transfer stations"; ours.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from stillwatch.worlds.account import DAY_S, Contribution, Ground, actor
from stillwatch.worlds.lookalikes.intermediaries import draw_users, say_next
from stillwatch.worlds.lookalikes.label import RELAY
from stillwatch.worlds.lookalikes.scene import Scene
from stillwatch.worlds.rhythm import Floats, balanced

Style = Literal["sloppy", "mixed", "clean"]
SHARING: dict[str, float] = {"sloppy": 0.8, "mixed": 0.35, "clean": 0.0}  # share of accounts with a used-again detail
BATCH = 12  # accounts opened, paid and set up together
P_BANNED = 0.12  # of a relay's accounts are found out within a window, one by one


def open_pool(scene: Scene, n: int, style: Style, role: str = "pool") -> list[int]:
    """Return ``n`` accounts of a pool, opened in batches that share details as the style has it."""
    accounts: list[int] = []
    fingerprint = scene.ground.identities.fingerprint
    while len(accounts) < n:
        size = min(n - len(accounts), 1 + int(scene.draw.expovariate(1 / BATCH)))
        opened_s = scene.draw.uniform(-50 * DAY_S, 0.5 * scene.window.seconds)
        shared = {key: fingerprint(scene.rng) for key in ("payment_fingerprint", "device_fingerprint", "referrer_id")}
        domain = scene.draw.choice(scene.ground.texts.disposable_domains)
        for _ in range(size):
            account = scene.person(role, platform="api")
            columns: dict[str, Any] = {k: v for k, v in shared.items() if scene.draw.random() < SHARING[style] * 0.6}
            if style != "clean" or scene.draw.random() < 0.5:
                columns["created_s"] = opened_s + scene.draw.expovariate(1 / (0.3 * DAY_S))
            if "payment_fingerprint" in columns:
                columns["payment_kind"] = scene.draw.choice(("virtual_card", "card", "prepaid"))
            if scene.draw.random() < SHARING[style] * 0.4:
                columns["email_domain"] = domain
            scene.amend(account, **columns)
            accounts.append(account)
    return accounts


def stream(scene: Scene, n: int) -> list[tuple[float, int]]:
    """Return (time, customer's talk) of a pool's requests in order of time: many customers in many time zones."""
    talks: list[tuple[float, int]] = []
    sizes = 1 + talk_sizes(scene, n)
    starts: Floats = np.sort(scene.rng.uniform(0, scene.window.seconds, len(sizes)))
    hour = (starts / 3600.0) % 24
    kept = scene.rng.random(len(starts)) < 0.65 + 0.35 * np.cos((hour - 8) / 24 * 2 * np.pi)  # Asia's and Europe's day
    for talk, (start_s, size) in enumerate(zip(starts[kept], sizes[kept], strict=True)):
        at_s = float(start_s)
        for _ in range(int(size)):
            talks.append((at_s, talk))
            at_s += 10 + scene.draw.expovariate(1 / 70.0)
    talks.sort()
    return talks


def talk_sizes(scene: Scene, n: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return sizes of talks whose kept part comes to about ``n`` requests."""
    n_talks = max(1, round(n / 3.2 / 0.65))  # 3.2 requests a talk; two thirds of the starts are kept
    return scene.rng.geometric(1 / 2.2, n_talks)


@actor(RELAY)
@dataclass(frozen=True)
class Relay:
    """A pool of 50 to 2,000 accounts that carries strangers' conversations, balanced over the accounts."""

    n_accounts: int = 200
    n_customers: int = 500
    per_account_day: float = 6.0
    style: Style = "mixed"
    keeps_conversations: bool = True  # else every request is stateless
    stickiness: float = 0.5  # share of turns that stay on the account where their conversation began

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the pool and its customers' traffic."""
        scene = Scene(ground, rng, RELAY)
        pool = open_pool(scene, self.n_accounts, self.style)
        kinds = ("residential", "residential", "mobile", "hosting", "serverless")  # proxies of every sort
        exits = [scene.address(scene.draw.choice(kinds)) for _ in range(max(8, 2 * self.n_accounts))]
        clients = [scene.app_client() for _ in range(scene.draw.randint(3, 15))]
        self.equip(scene, pool, exits)
        users = draw_users(scene, self.n_customers)
        talks = stream(scene, int(self.n_accounts * self.per_account_day * ground.window.days))
        dealt = balanced(len(pool), np.asarray([at_s for at_s, _ in talks]), rng, evenness=0.85)
        homes: dict[int, tuple[int, int]] = {}  # talk -> the account where it began, its customer
        begun: dict[tuple[int, int], list[int]] = {}  # talk and account -> conversation there, turns so far
        for (at_s, talk), who in zip(talks, dealt, strict=True):
            is_first = talk not in homes
            home, user = homes.setdefault(talk, (pool[int(who)], int(len(users) * scene.draw.random() ** 2)))
            account = home if scene.draw.random() < self.stickiness else pool[int(who)]
            place = self.place(scene, begun, talk, account)
            if scene.draw.random() < 0.6:  # the rest keep the client that opened the account
                place["client"] = scene.draw.choice(clients)
            customer = users[user]
            prompt = say_next(scene, customer, is_first=is_first)
            fixed: dict[str, Any] = {"system": customer.system, "tools": customer.tools, "language": customer.language}
            scene.say(account, at_s, prompt, **fixed, **place)
        for account in pool:
            if scene.draw.random() < 0.15:  # bought accounts whose first owners still use them
                scene.own_life(account, scene.volume(0.5))
        return scene.out

    @staticmethod
    def equip(scene: Scene, pool: list[int], exits: list[str]) -> None:
        """Give each account the relay's rotating lines; some accounts are found out on the way."""
        for account in pool:
            addresses = tuple(scene.draw.sample(exits, min(len(exits), scene.draw.randint(1, 4))))
            banned_s = None
            if scene.draw.random() < P_BANNED:
                opened_s = max(0.0, scene.account(account).created_s)
                banned_s = opened_s + scene.draw.random() * (scene.window.seconds - opened_s)
            scene.amend(account, addresses=addresses, banned_s=banned_s)

    def place(self, scene: Scene, begun: dict[tuple[int, int], list[int]], talk: int, account: int) -> dict[str, Any]:
        """Return a request's conversation: the provider sees one only as far as it stays on one account."""
        if not self.keeps_conversations:
            return {}
        conversation = begun.setdefault((talk, account), [scene.talk(), 0])
        conversation[1] += 1
        return {"conversation": conversation[0], "turn": conversation[1] - 1}
