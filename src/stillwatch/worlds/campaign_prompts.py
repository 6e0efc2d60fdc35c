"""What a campaign sends: one strategy, its fixed texts, and the tasks it deals out.

The strategies are those of the public disclosures: a fixed prompt, rotations, paraphrases, a short template round a
long document, no template at all, agents' trajectories, translation, grading, task writing and trace cleaning.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Final, NamedTuple

from stillwatch.errors import SettingsError
from stillwatch.worlds.account import Ground
from stillwatch.worlds.templates import choose, fill
from stillwatch.worlds.texts import Item
from stillwatch.worlds.wording import load_wording

TASK: Final = "{task}"
VARIED: Final = (TASK, "{answer}", "{other}", "{rubric}")  # slots that differ from task to task
P_TRACED: Final = 0.5  # answers that carry the trace asked for; the others show ordinary reasoning
PAYLOAD_SENTENCES: Final = (25, 90)  # a long document: 2 to 10 kB
STEPS: Final = (3, 14)  # requests of one agent's trajectory
STRATEGIES: Final[Mapping[str, str]] = {  # strategy -> kind of template; "" sends the bare task
    "one_prompt": "reasoning_trace",
    "rotation": "reasoning_trace",
    "paraphrase": "expert_persona",
    "large_payload": "reasoning_trace",
    "work_list": "",
    "agent_trajectory": "agent_wrapper",
    "translation": "translation",
    "rubric_grading": "rubric_grading",
    "task_writing": "task_writing",
    "trace_cleaning": "trace_cleaning",
}
LANGUAGES: Final = ("Chinese", "Japanese", "Korean", "German", "Spanish", "Arabic", "Russian", "French")


class Step(NamedTuple):
    """One request of a unit of work, and its answer."""

    prompt: str
    response: str


@dataclass(frozen=True)
class Script:
    """One campaign's wording, the same for every member.

    Args:
        ground: the world's texts.
        strategy: a key of ``STRATEGIES``.
        work_list: the name of the list that tasks come from.
        templates: how many wordings are in rotation; a paraphrase campaign draws a new one each time.
        zone: where the template stands, ``prompt`` or ``system``.
        seed: fixes the wordings, the family and the order of the list.
    """

    ground: Ground
    strategy: str
    work_list: str
    templates: int
    zone: str
    seed: int

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise SettingsError(
                "campaign.strategy", "no such strategy", got=self.strategy, expected=", ".join(STRATEGIES)
            )
        if self.work_list not in self.ground.texts.work_lists:
            expected = ", ".join(self.ground.texts.work_lists)
            raise SettingsError("campaign.work_list", "no such list", got=self.work_list, expected=expected)
        if self.zone not in ("prompt", "system"):
            raise SettingsError("campaign.zone", "no such place", got=self.zone, expected="prompt or system")

    @cached_property
    def _family(self) -> str:
        pack = load_wording(self.ground.texts).pack
        return Random(self.seed).choice(pack.families(STRATEGIES[self.strategy]))  # noqa: S311 - simulation

    @cached_property
    def _wordings(self) -> tuple[str, ...]:
        pack = load_wording(self.ground.texts).pack
        families = pack.families(STRATEGIES[self.strategy])
        draw = Random(self.seed + 1)  # noqa: S311 - simulation
        n = 1 if self.strategy == "one_prompt" else self.templates
        if self.strategy == "rotation":  # over all families: texts that share no phrase
            return tuple(choose(families[i % len(families)], draw) for i in range(n))
        return tuple(choose(self._family, draw) for _ in range(n))

    @cached_property
    def _order(self) -> tuple[int, ...]:
        order = list(range(len(self.ground.texts.work_lists[self.work_list])))
        Random(self.seed + 2).shuffle(order)  # noqa: S311 - simulation
        return tuple(order)

    @cached_property
    def tools(self) -> tuple[str, ...]:
        """The tools that an agent's campaign declares; none for the others."""
        if self.strategy != "agent_trajectory":
            return ()
        sets = list(self.ground.texts.tool_sets.values())
        draw = Random(self.seed + 3)  # noqa: S311 - simulation
        return tuple(tool.name for tool in draw.choice(sets)[:12])

    @property
    def mean_steps(self) -> float:
        """Requests a unit of work takes, on average."""
        return sum(STEPS) / 2 if self.strategy == "agent_trajectory" else 1.0

    def item(self, index: int) -> Item:
        """Return the task of a place in the list; past its end, tasks are varied, so that none comes twice."""
        items = self.ground.texts.work_lists[self.work_list]
        found = items[self._order[index % len(items)]]
        if index < len(items):
            return found
        words = load_wording(self.ground.texts)
        draw = Random(self.seed + index)  # noqa: S311 - simulation
        varied = f"{words.vary(found.text, draw)} {words.passage(draw, found.language, 1)}"  # short texts hardly vary
        return Item(varied, answer=found.answer, language=found.language)

    def _wording(self, draw: Random) -> str:
        if not STRATEGIES[self.strategy]:
            return TASK
        if self.strategy == "paraphrase":
            return choose(self._family, draw)
        return self._wordings[draw.randrange(len(self._wordings))]

    def unit(self, index: int, draw: Random) -> tuple[str | None, list[Step]]:
        """Return the system prompt and the requests of one unit of work."""
        words = load_wording(self.ground.texts)
        item = self.item(index)
        wording = self._wording(draw)
        if self.strategy == "agent_trajectory":
            return self._trajectory(item, wording, draw)
        task = item.text
        if self.strategy == "large_payload":
            task = f"{task}\n\n{words.passage(draw, 'en', draw.randint(*PAYLOAD_SENTENCES))}"
        elif self.strategy == "trace_cleaning":
            task = words.reasoned(draw, item.answer)
        slots = {
            "answer": item.answer or words.passage(draw, "en", 4),
            "other": words.passage(draw, "en", 4),
            "rubric": self._rubric(draw),
            "language": draw.choice(LANGUAGES),
            "n": str(draw.randrange(1, 100)),
        }
        system = None
        if self.zone == "system" and wording != TASK:
            system, wording = split_zones(wording)
            system = fill(system, **slots)
        answers: dict[bool, Callable[[], str]] = {
            True: lambda: words.reasoned(draw, item.answer),
            False: lambda: words.response(draw, item.language, item.answer),
        }
        is_traced = STRATEGIES[self.strategy] in ("reasoning_trace", "expert_persona")
        return system, [Step(fill(wording, task=task, **slots), answers[is_traced and draw.random() < P_TRACED]())]

    def _rubric(self, draw: Random) -> str:
        _, rubric = draw.choice(self.ground.texts.rubrics)
        return "\n".join(f"{name}: {text}" for name, text in rubric.items())

    def _trajectory(self, item: Item, wording: str, draw: Random) -> tuple[str | None, list[Step]]:
        words = load_wording(self.ground.texts)
        fixed = fill(split_zones(wording)[0], language="English")
        first = item.text if self.zone == "system" else f"{fixed}\n\n{item.text}"
        prompts = [first]
        for _ in range(draw.randint(*STEPS) - 1):
            name = draw.choice(self.tools) if self.tools else "shell"
            prompts.append(f'<result tool="{name}">\n{words.passage(draw, "en", 1 + draw.randrange(12))}\n</result>')
        steps = [Step(prompt, words.response(draw, "en")) for prompt in prompts]
        return (fixed if self.zone == "system" else None), steps

    def probe(self, index: int, draw: Random) -> Step:
        """Return one probing request, each another technique."""
        words = load_wording(self.ground.texts)
        prompt = words.pack.write("probe", draw, task=self.item(index).text, language=draw.choice(LANGUAGES))
        return Step(prompt, words.response(draw, "en"))


def split_zones(wording: str) -> tuple[str, str]:
    """Return the part of a wording that is the same for every task, and the part that holds the task's own texts."""
    lines = wording.split("\n")
    is_varied = [any(slot in line for slot in VARIED) for line in lines]
    fixed = "\n".join(line for line, varied in zip(lines, is_varied, strict=True) if not varied).strip()
    varied = "\n".join(line for line, varied in zip(lines, is_varied, strict=True) if varied).strip()
    if not fixed and sum(wording.count(slot) for slot in VARIED) == wording.count(TASK) == 1:
        return wording.replace(
            TASK, "the task that the user gives"
        ).strip(), TASK  # all in one sentence, the task in it
    return fixed, varied or TASK
