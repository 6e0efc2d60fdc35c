"""How one honest account uses the service: talk, scripts, applications and agents, over its own days.

The same lives serve as cover for campaign members, so that what is honest about an account looks the same everywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any, Final, Literal

import numpy as np

from stillwatch.worlds.account import DAY_S, AccountSpec, Ground, Turn
from stillwatch.worlds.rhythm import (
    Rhythm,
    Shape,
    draw_rhythm,
    draw_times,
    intensity,
    session_sizes,
    within_session,
)
from stillwatch.worlds.wording import MOST_SENTENCES, Wording, dice, load_wording

Use = Literal["chat", "script", "application", "agent"]
VOLUME_TAIL: Final = 1.15  # Pareto exponent of requests an account: most send a few a week, some thousands
LEAST_A_FORTNIGHT: Final = 3.0
TEMPERATURES: Final = (0.0, 0.0, 0.2, 0.3, 0.7, 0.7, 1.0)
TOKEN_LIMITS: Final = (1024, 2048, 4096, 4096, 8192, 16384, 32000)
P_MOVES: Final = 0.7  # accounts that follow a release at all
MOVE_LAG_S: Final = 2.0 * DAY_S  # a third of those within a day, without any coordination
SENTENCES: Final = 5.0  # of a median answer
P_PUBLIC_PROMPT: Final = 0.08  # pastes a prompt that the whole world pastes


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The model an account uses, and when it moves on after a release."""

    first: str
    moves: tuple[tuple[float, str], ...] = ()

    def at(self, at_s: float) -> str:
        """Return the model in use at a time."""
        chosen = self.first
        for moved_s, model in self.moves:
            if at_s >= moved_s:
                chosen = model
        return chosen


@dataclass(frozen=True, slots=True)
class Habit:
    """What an account does when it is active."""

    use: Use
    rhythm: Rhythm
    models: ModelChoice
    language: str = "en"
    system: str | None = None
    instruction: str | None = None  # a script's own wording, before each input
    tools: tuple[str, ...] = ()
    temperature: float | None = None
    max_tokens: int | None = None
    p_reasoning: float = 0.2
    n_end_users: int = 0
    verbosity: float = 1.0  # how long the answers are that this account asks for
    n_keys: int = 1


def draw_volume(rng: np.random.Generator, days: float, most: int) -> int:
    """Return how many requests an account sends in ``days``: heavy-tailed, at least one, at most ``most``."""
    scale = LEAST_A_FORTNIGHT * days / 14
    return int(np.clip(round(scale * (1 + rng.pareto(VOLUME_TAIL))), 1, most))


def draw_models(ground: Ground, rng: np.random.Generator) -> ModelChoice:
    """Return an honest model choice: after a release many move within days, some later, some never."""
    n_old = len(ground.models) - len(ground.window.release_s)
    moves = []
    for i, release_s in enumerate(ground.window.release_s):
        if rng.random() < P_MOVES:
            moves.append((release_s + float(rng.exponential(MOVE_LAG_S)), ground.models[n_old + i]))
    return ModelChoice(first_model(ground, rng), tuple(moves))


def first_model(ground: Ground, rng: np.random.Generator) -> str:
    """Return a model on offer at the window's start: mostly the newest."""
    n_old = len(ground.models) - len(ground.window.release_s)
    return ground.models[max(0, n_old - 1 - int(rng.exponential(0.8)))]


def draw_parameters(rng: np.random.Generator, platform: str) -> dict[str, Any]:
    """Return the sampling parameters that an account always sends; a console sends none."""
    if platform == "console":
        return {"temperature": None, "max_tokens": None}
    temperature = None if rng.random() < 0.5 else TEMPERATURES[int(rng.integers(len(TEMPERATURES)))]
    limit = None if rng.random() < 0.35 else TOKEN_LIMITS[int(rng.integers(len(TOKEN_LIMITS)))]
    return {"temperature": temperature, "max_tokens": limit}


def _tools(ground: Ground, draw: Random) -> tuple[str, ...]:
    sets = list(ground.texts.tool_sets.values())
    names = [tool.name for tool in draw.choice(sets)]
    return tuple(names[: 2 + draw.randrange(10)])


def draw_habit(ground: Ground, rng: np.random.Generator, spec: AccountSpec, *, use: Use | None = None) -> Habit:
    """Return an ordinary habit that fits an account's clients, language and place."""
    draw = dice(rng)
    platform = spec.clients[0].platform
    chosen: Use = use or _use(draw, platform, spec.organisation_id is not None)
    shape: Shape = "office" if spec.organisation_id else draw.choice(("evening", "mixed", "mixed", "student", "office"))
    if chosen == "application":
        shape = "service"
    elif chosen == "script" and draw.random() < 0.25:
        shape = draw.choice(("batch", "flat"))
    language = spec.language if draw.random() < 0.6 else "en"
    return Habit(
        use=chosen,
        rhythm=draw_rhythm(rng, shape, spec.utc_offset_h, ground.window),
        models=draw_models(ground, rng),
        language=language,
        p_reasoning=draw.choice((0.0, 0.1, 0.3, 0.6, 1.0)),
        n_keys=1 + draw.randrange(2),
        verbosity=draw.lognormvariate(0.3, 0.9),
        **draw_parameters(rng, platform),
        **_wordings(ground, draw, chosen),
    )


def _use(draw: Random, platform: str, is_firm: bool) -> Use:  # noqa: FBT001 - private
    if platform == "console":
        return "chat"
    chance = draw.random()
    if is_firm:
        return "application" if chance < 0.4 else "script" if chance < 0.65 else "agent" if chance < 0.85 else "chat"
    return "script" if chance < 0.35 else "agent" if chance < 0.60 else "application" if chance < 0.68 else "chat"


def _wordings(ground: Ground, draw: Random, use: Use) -> dict[str, Any]:
    """Return the account's own fixed texts and tools."""
    wording = load_wording(ground.texts)
    packs = ground.texts.system_prompts
    company = f"{draw.choice(('Nova', 'Terra', 'Blue', 'North', 'Open'))}{draw.randrange(1000)}"
    if use == "application":
        kinds = ("rag_app", "customer_support", "tutoring_app", "writing_app", "translation_app", "enterprise_template")
        head = wording.pack.write(draw.choice(kinds), draw, company=company, language="German", task="")
        return {"system": f"{head}\n{wording.passage(draw, 'en', draw.randrange(1, 12))}", "n_end_users": 200}
    if use == "agent":
        is_public = draw.random() < 0.5  # half the agents are one of a few public tools
        own = wording.passage(draw, "en", draw.randrange(2, 15))
        return {"system": draw.choice(packs["openhands"][:6]) if is_public else own, "tools": _tools(ground, draw)}
    if use == "script":
        instruction = wording.pack.write("paste_task", draw) + " " + wording.passage(draw, "en", draw.randrange(1, 6))
        return {"instruction": instruction} if draw.random() < 0.6 else {"system": instruction}
    if draw.random() < P_PUBLIC_PROMPT:
        return {"system": draw.choice(packs[draw.choice(("awesome", "fabric", "awesome_zh"))])}
    return {}


class Liver:
    """Writes the turns of accounts of one contribution; conversation numbers run on."""

    def __init__(self, ground: Ground, rng: np.random.Generator, conversations: Iterator[int] | None = None) -> None:
        self.ground = ground
        self.rng = rng
        self.draw = dice(rng)
        self.wording: Wording = load_wording(ground.texts)
        self.conversations = conversations or count()

    def live(self, account: int, spec: AccountSpec, habit: Habit, n_requests: int) -> list[Turn]:
        """Return ``n_requests`` turns of one account, in sittings, within its life."""
        start_s = max(habit.rhythm.start_s, spec.created_s)
        rhythm = Rhythm(
            habit.rhythm.shape,
            habit.rhythm.utc_offset_h,
            habit.rhythm.shift_h,
            start_s,
            habit.rhythm.end_s,
            has_ramp=spec.created_s > -5 * DAY_S,  # people who have just come use it little at first
            holidays=habit.rhythm.holidays,
            day_noise=habit.rhythm.day_noise,
        )
        weights = intensity(rhythm, self.ground.window, self.rng)
        if habit.use in ("script", "application"):
            _, times = draw_times(weights[None, :], np.asarray([n_requests]), self.rng)
            return [self._call(account, spec, habit, at_s) for at_s in times.tolist()]
        sizes = session_sizes(n_requests, self.rng)
        _, starts = draw_times(weights[None, :], np.asarray([len(sizes)]), self.rng)
        found: list[Turn] = []
        for start, size in zip(starts.tolist(), sizes.tolist(), strict=False):
            found += self._sitting(account, spec, habit, start, size)
        return found

    def base(self, account: int, spec: AccountSpec, habit: Habit, at_s: float) -> dict[str, Any]:
        """Return what every turn of an account carries at a time."""
        draw = self.draw
        client = spec.clients[0] if draw.random() < 0.85 else draw.choice(spec.clients)
        address = spec.addresses[0] if draw.random() < 0.7 else draw.choice(spec.addresses)
        return {
            "account": account,
            "at_s": at_s,
            "client": client,
            "address": address,
            "model": habit.models.at(at_s),
            "system": habit.system,
            "tools": habit.tools,
            "temperature": habit.temperature,
            "max_tokens": habit.max_tokens,
            "is_reasoning": draw.random() < habit.p_reasoning,
            "key": draw.randrange(habit.n_keys),
        }

    def _call(self, account: int, spec: AccountSpec, habit: Habit, at_s: float) -> Turn:
        draw = self.draw
        if habit.use == "application":
            prompt = self.wording.prompt(draw, habit.language)
            if habit.system and draw.random() < 0.4:  # a retrieved passage before the question
                prompt = f"{self.wording.passage(draw, habit.language)}\n\n{prompt}"
        else:
            body = self.wording.passage(draw, habit.language, 1 + int(draw.lognormvariate(1.0, 0.8)))
            prompt = f"{habit.instruction}\n{body}" if habit.instruction else body
        end_user = f"u{draw.randrange(habit.n_end_users)}" if habit.n_end_users and draw.random() < 0.5 else None
        response = self.answer(habit)
        kept = self.base(account, spec, habit, at_s)
        return Turn(prompt=prompt, response=response, end_user_id=end_user, **kept)

    def _sitting(self, account: int, spec: AccountSpec, habit: Habit, start_s: float, size: int) -> list[Turn]:
        is_agent = habit.use == "agent"
        times = (start_s + within_session(size, self.rng, median_s=9.0 if is_agent else 55.0)).tolist()
        found: list[Turn] = []
        while len(found) < size:
            wanted = size - len(found) if is_agent else min(size - len(found), 1 + int(self.draw.expovariate(0.4)))
            talk = next(self.conversations)
            prompts = (
                self._steps(habit, wanted) if is_agent else self.wording.dialogue(self.draw, habit.language, wanted)
            )
            for k, prompt in enumerate(prompts[:wanted]):
                kept = self.base(account, spec, habit, times[len(found)])
                response = self.answer(habit)
                found.append(Turn(prompt=prompt, response=response, conversation=talk, turn=k, **kept))
        return found

    def _steps(self, habit: Habit, wanted: int) -> list[str]:
        """Return an agent's prompts: a task, then the tools' results."""
        return [self.wording.prompt(self.draw, habit.language), *(self.result(habit.tools) for _ in range(wanted - 1))]

    def answer(self, habit: Habit) -> str:
        """Return an answer as long as this account likes them."""
        wanted = SENTENCES * habit.verbosity * self.draw.lognormvariate(0.0, 0.7)
        return self.wording.passage(self.draw, habit.language, max(1, min(MOST_SENTENCES, round(wanted))))

    def result(self, tools: tuple[str, ...]) -> str:
        """Return what a tool answered, as it is put into the next request."""
        name = self.draw.choice(tools) if tools else "shell"
        return (
            f'<result tool="{name}">\n{self.wording.passage(self.draw, "en", 1 + self.draw.randrange(12))}\n</result>'
        )
