"""A scene gathers one actor's accounts and turns: who joins, when they come, what they say.

Every account gets habits (parameters, models, how soon it follows a release) from distributions that all honest people
and all actors share, so that no column of its own tells a class.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any, Final, NamedTuple

import numpy as np

from stillwatch.worlds.account import DAY_S, AccountSpec, Client, Contribution, Ground, Turn
from stillwatch.worlds.life import Liver, ModelChoice, draw_habit, draw_models, draw_parameters, draw_volume
from stillwatch.worlds.rhythm import (
    Floats,
    Rhythm,
    Shape,
    draw_rhythm,
    draw_times,
    intensity,
    session_sizes,
    within_session,
)
from stillwatch.worlds.texts import Item
from stillwatch.worlds.wording import dice, load_wording

MOST_OWN: Final = 400  # requests of an account's own beside what it does for an actor
BLOCK: Final = 512  # accounts whose hourly weights are held at once: 512 x 24 x 90 floats are 9 MB


class Habits(NamedTuple):
    """What an account keeps to from request to request."""

    models: ModelChoice
    temperature: float | None
    max_tokens: int | None
    p_reasoning: float
    n_keys: int


class Scene:
    """The contribution of one actor while it is being made."""

    def __init__(self, ground: Ground, rng: np.random.Generator, label: str) -> None:
        self.ground = ground
        self.window = ground.window
        self.rng = rng
        self.draw = dice(rng)
        self.words = load_wording(ground.texts)
        self.pack = self.words.pack
        self.label = label
        self.out = Contribution()
        self._habits: list[Habits] = []
        self._talks = count()
        self.liver = Liver(ground, rng, self._talks)
        self.group_id = ""
        self.regroup()

    def regroup(self) -> str:
        """Begin another group of the same class and return its id."""
        self.group_id = f"{self.label}-{self.rng.bytes(5).hex()}"
        return self.group_id

    def habits(self, platform: str = "api") -> Habits:
        """Draw an account's habits as any honest account on its platform has them."""
        parameters = draw_parameters(self.rng, platform)
        p_reasoning = self.draw.choice((0.0, 0.1, 0.3, 0.6, 1.0))
        models = draw_models(self.ground, self.rng)
        return Habits(models, parameters["temperature"], parameters["max_tokens"], p_reasoning, self.draw.randint(1, 2))

    def join(self, spec: AccountSpec, *, role: str = "user", habits: Habits | None = None) -> int:
        """Add an account to the present group and return its index."""
        self._habits.append(habits or self.habits(spec.clients[0].platform))
        return self.out.add(replace(spec, label=self.label, group_id=self.group_id, role=role))

    def person(self, role: str = "user", **known: Any) -> int:
        """Add a private account; ``known`` overrides any column."""
        return self.join(self.ground.identities.person(self.rng, **known), role=role)

    def staff(self, n: int, *, role: str = "user", is_verified: bool = True, **known: Any) -> list[int]:
        """Add the accounts of one organisation, all there before the window's first third is over."""
        found = self.ground.identities.staff(self.rng, n, is_verified=is_verified, **known)
        return [self.join(self._settled(spec), role=role) for spec in found]

    def _settled(self, spec: AccountSpec) -> AccountSpec:
        if spec.created_s <= self.window.seconds / 3:  # an actor whose accounts come later would have nothing to show
            return spec
        return replace(spec, created_s=-self.draw.uniform(1, 200) * DAY_S)

    def account(self, index: int) -> AccountSpec:
        """Return an account that joined."""
        return self.out.accounts[index]

    def amend(self, index: int, **columns: Any) -> None:
        """Change columns of an account that joined."""
        self.out.accounts[index] = replace(self.out.accounts[index], **columns)

    def talk(self) -> int:
        """Return a new conversation number."""
        return next(self._talks)

    def say(self, index: int, at_s: float, prompt: str, *, answer: str = "", **fields: Any) -> None:
        """Add one request by an account, with its habits; ``fields`` override any column of the turn."""
        account = self.out.accounts[index]
        if not max(0.0, account.created_s) <= at_s < self.window.seconds:
            return
        habits = self._habits[index]
        language = fields.pop("language", account.language)
        if "response" not in fields:
            fields["response"] = self.words.response(self.draw, language, answer)
        columns: dict[str, Any] = {
            "client": account.clients[self.draw.randrange(len(account.clients))],
            "address": account.addresses[self.draw.randrange(len(account.addresses))],
            "model": habits.models.at(at_s),
            "label": self.label,
            "group_id": self.group_id,
            "temperature": habits.temperature,
            "max_tokens": habits.max_tokens,
            "is_reasoning": self.draw.random() < habits.p_reasoning,
            "key": self.draw.randrange(habits.n_keys),
        }
        self.out.turns.append(Turn(index, float(at_s), prompt, **{**columns, **fields}))

    def rhythm(self, index: int, shape: Shape, **changes: Any) -> Rhythm:
        """Return an ordinary rhythm for an account, from its sign-up on."""
        account = self.out.accounts[index]
        drawn = draw_rhythm(self.rng, shape, account.utc_offset_h, self.window)
        known = {"start_s": max(0.0, account.created_s), "has_ramp": account.created_s > 0, **changes}
        return replace(drawn, **known)

    def times(self, rhythms: Sequence[Rhythm], counts: Sequence[int]) -> list[Floats]:
        """Return each rhythm's times, sorted, in seconds."""
        found: list[Floats] = []
        for first in range(0, len(rhythms), BLOCK):
            block = rhythms[first : first + BLOCK]
            weights = np.stack([intensity(rhythm, self.window, self.rng) for rhythm in block])
            wanted = np.asarray(counts[first : first + BLOCK], dtype=np.int64)
            owner, at_s = draw_times(weights, wanted, self.rng)
            cuts = np.searchsorted(owner, np.arange(1, len(block)))
            found.extend(np.split(at_s, cuts))
        return found

    def volume(self, per_day: float, *, spread: float = 0.8, days: float | None = None) -> int:
        """Return a request count: log-normal around a daily median, at least one."""
        expected = per_day * (self.window.days if days is None else days) * self.draw.lognormvariate(0.0, spread)
        return max(1, int(expected))

    def sittings(self, index: int, n: int, shape: Shape, **changes: Any) -> list[Floats]:
        """Return the times of an account's sittings: each an array of times within one sitting."""
        sizes = session_sizes(n, self.rng)
        (starts,) = self.times([self.rhythm(index, shape, **changes)], [len(sizes)])
        return [
            start + within_session(int(size), self.rng)
            for start, size in zip(starts, sizes[: len(starts)], strict=False)
        ]

    def chat(self, index: int, n: int, shape: Shape = "mixed", **fields: Any) -> None:
        """Let an account hold about ``n`` turns of ordinary conversation in its own language."""
        language = fields.pop("language", self.out.accounts[index].language)
        for at_s in self.sittings(index, n, shape):
            turns = self.words.dialogue(self.draw, language, len(at_s))
            conversation = self.talk()
            for number, (time_s, prompt) in enumerate(zip(at_s, turns, strict=True)):
                place = {"conversation": conversation, "turn": number, "language": language}
                self.say(index, time_s, prompt, **place, **fields)

    def own_life(self, index: int, n: int | None = None, **changes: Any) -> None:
        """Let an account live as any honest account does, in exchanges that belong to no actor.

        Args:
            index: the account.
            n: how many requests; None draws a heavy-tailed number.
            changes: fields of its habit to override.
        """
        spec = self.out.accounts[index]
        habit = replace(draw_habit(self.ground, self.rng, spec), models=self._habits[index].models, **changes)
        wanted = draw_volume(self.rng, self.window.days, MOST_OWN) if n is None else n
        if wanted > 0:
            self.out.turns += self.liver.live(index, spec, habit, wanted)

    def app_client(self, platform: str = "api") -> Client:
        """Return a client that one application ships to all its users."""
        return self.ground.identities.client(self.rng, platform)

    def address(self, kind: str, country: str | None = None) -> str:
        """Return a new address of a kind."""
        return self.ground.identities.address(self.rng, kind, country or "US")

    def work_list(self, name: str, n: int) -> list[Item]:
        """Return ``n`` different items of a work list in random order, fewer where the list is shorter."""
        items = self.ground.texts.work_lists[name]
        return self.draw.sample(items, min(n, len(items)))

    def another(self, item: Item) -> str:
        """Return a further task of an item's kind, for a work list longer than the real one."""
        changed = self.words.vary(item.text, self.draw)
        if changed != item.text:
            return changed
        return (
            f"{item.text}{self.words.passage(self.draw, item.language, 1)}"  # a script that words cannot be changed in
        )
