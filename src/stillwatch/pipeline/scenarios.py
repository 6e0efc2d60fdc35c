"""The benchmark's scenarios, by permanent id: a world, what is taken away from it, and what else is compared on it.

An id never changes its meaning. A scenario that is no longer wanted is removed, and its id is not used again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from stillwatch.errors import UsageError

SIZES: Final = ("smoke", "nightly", "full")
SKETCHED: Final = "sketches"
NULL_SEEDS: Final = 1001  # of the first small world without a campaign; the next ones follow
HELD_OUT: Final = 41  # seeds from here on were looked at by nobody while the weights in force were made
HELD_OUT_NULLS: Final = 5001
LATER: Final[Mapping[int, tuple[str, int]]] = {
    51: ("nulls-held-out-2", 6001),
    61: ("nulls-held-out-3", 7001),
    71: ("nulls-held-out-4", 8001),
    81: ("nulls-held-out-5", 9001),
    91: ("nulls-held-out-6", 9501),
}
"""Later series, begun when those before had been seen: a seed, and the id and first seed of its null worlds."""
TWINS: Final = (62, 72, 82)  # a second seed of a series, without rivals and changes: how much is chance


@dataclass(frozen=True, slots=True)
class WorldRecipe:
    """What makes one world: a preset, a seed, a side of the texts, and changes of its campaign.

    Args:
        campaign: parameters of the preset's campaign that are set otherwise; None leaves one to its default.
    """

    preset: str
    seed: int
    split: str = "report"
    campaign: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario.

    Args:
        id: permanent.
        about: what it shows, in a few words.
        world: the world; of ``nulls`` the first one.
        sizes: the sizes of the benchmark that run it.
        change: a family of evidence that is taken away, or ``sketches``; empty for none.
        settings: settings of the scan that differ from the defaults.
        base: the scenario of the same world without the change.
        has_rivals: whether the rivals run on it.
        n_worlds: how many worlds at each size; more than one only where no campaign is planted.
        discipline: what an adversary bought in it; empty where it is no adversary's.
    """

    id: str
    about: str
    world: WorldRecipe
    sizes: frozenset[str]
    change: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    base: str = ""
    has_rivals: bool = False
    n_worlds: Mapping[str, int] = field(default_factory=dict)
    discipline: str = ""


ALL: Final = frozenset(SIZES)
NIGHTLY: Final = frozenset({"nightly", "full"})
FULL: Final = frozenset({"full"})

DISCIPLINES: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "none": ("no discipline: one payer, one device, one prompt, round the clock", {}),
    "clean": ("an identity of its own for each account", {"identity": "clean", "leaks": None}),
    "hours": ("the hours of people, a slow start, few moves to new models",
              {"timing": "human", "has_ramp": True, "pivot": 0.2}),
    "paraphrase": ("each request in words of its own", {"strategy": "paraphrase"}),
    "bare": ("no template at all: the bare tasks of a work list", {"strategy": "work_list"}),
    "small": ("pools of 15 accounts", {"n_accounts": 15}),
    "cover": ("nine of ten requests are the accounts' own", {"cover": 0.9}),
    "all": ("all of them", {"identity": "clean", "leaks": None, "timing": "human", "has_ramp": True, "pivot": 0.2,
                            "strategy": "work_list", "n_accounts": 15, "cover": 0.9}),
    "no-resend": ("a failed item is never sent again: the harvest loses it", {"retries": "none"}),
    "silent": ("clean identities, human hours, no template, and nothing sent again",
               {"identity": "clean", "leaks": None, "timing": "human", "has_ramp": True, "pivot": 0.2,
                "strategy": "work_list", "retries": "none"}),
    "silent-template": ("the same with one prompt", {"identity": "clean", "leaks": None, "timing": "human",
                                                     "has_ramp": True, "pivot": 0.2, "retries": "none"}),
}  # fmt: skip
"""What an attacker can buy, one at a time, and together."""

NULLS: Final[Mapping[str, int]] = {"smoke": 4, "nightly": 200, "full": 1000}
WITHOUT: Final[Mapping[str, str]] = {
    "without-identity": "identity",
    "without-network": "network",
    "without-text": "text",
    "metadata": "content",
    "sketches": SKETCHED,
}
ABOUT: Final[Mapping[str, str]] = {
    "without-identity": "no payment, device, phone, mail or referrer",
    "without-network": "no address, client or TLS fingerprint",
    "without-text": "no prompt, system prompt or answer",
    "metadata": "nothing of the content: no text, tool names or thinking signatures",
    "sketches": "sketches made elsewhere instead of text: must give the same case",
}


def _changed(base: Scenario, sizes: Mapping[str, frozenset[str]]) -> Iterable[Scenario]:
    for name, wanted in sizes.items():
        yield Scenario(f"{base.id}-{name}", ABOUT[name], base.world, wanted, change=WITHOUT[name], base=base.id)


def _catalogue() -> Iterable[Scenario]:
    tiny = Scenario("tiny-report-31", "a few hundred accounts", WorldRecipe("tiny", 31), ALL, has_rivals=True)
    demo = Scenario("demo-report-31", "plain campaigns", WorldRecipe("demo", 31), NIGHTLY, has_rivals=True)
    hard = Scenario("hard-report-31", "disciplined campaigns", WorldRecipe("hard", 31), NIGHTLY, has_rivals=True)
    yield tiny
    yield from _changed(tiny, {"metadata": ALL, "sketches": ALL})
    yield demo
    yield from _changed(demo, {name: NIGHTLY for name in WITHOUT if name.startswith("without")})
    yield Scenario("demo-report-32", "plain campaigns", WorldRecipe("demo", 32), FULL)
    yield hard
    yield from _changed(hard, dict.fromkeys(WITHOUT, NIGHTLY))
    yield Scenario("hard-report-32", "disciplined campaigns", WorldRecipe("hard", 32), FULL)
    for seed, sizes in ((31, NIGHTLY), (33, FULL)):
        yield Scenario(
            f"share5-report-{seed}",
            "5% of some 100 requests an account",
            WorldRecipe("share5", seed),
            sizes,
            has_rivals=True,
        )
    yield Scenario("null-report-31", "no campaign, every look-alike", WorldRecipe("null", 31), NIGHTLY)
    yield Scenario("null-report-32", "no campaign, every look-alike", WorldRecipe("null", 32), FULL)
    yield Scenario("standard-report-7", "twelve campaigns over the published ranges", WorldRecipe("standard", 7), FULL)
    yield Scenario(
        "nulls",
        "small worlds without a campaign, every look-alike",
        WorldRecipe("null-small", NULL_SEEDS),
        ALL,
        n_worlds=NULLS,
    )
    for name, (about, campaign) in DISCIPLINES.items():
        recipe = WorldRecipe("adversary", 31, campaign=campaign)
        yield Scenario(f"adversary-{name}", about, recipe, NIGHTLY, discipline=name)
    yield from _held_out()
    yield from _held_out_later()


def _held_out() -> Iterable[Scenario]:
    """Yield worlds that nobody had looked at when the weights in force were made."""
    for preset in ("demo", "hard", "share5", "null"):
        for seed in (HELD_OUT, HELD_OUT + 1):
            yield Scenario(f"{preset}-report-{seed}", "held out", WorldRecipe(preset, seed), FULL)
    recipe = WorldRecipe("null-small", HELD_OUT_NULLS)
    yield Scenario("nulls-held-out", "small worlds without a campaign, held out", recipe, FULL, n_worlds=NULLS)
    yield from _held_out_adversaries(HELD_OUT)


def _held_out_later() -> Iterable[Scenario]:
    """Yield worlds that nobody had looked at when later weights were made, with rivals and with evidence taken away."""
    for seed, (nulls, first) in LATER.items():
        for preset in ("demo", "hard", "share5", "null"):
            world = WorldRecipe(preset, seed)
            base = Scenario(f"{preset}-report-{seed}", "held out", world, FULL, has_rivals=preset != "null")
            yield base
            if preset in {"demo", "hard"}:
                yield from _changed(base, dict.fromkeys(WITHOUT, FULL))
        recipe = WorldRecipe("null-small", first)
        yield Scenario(nulls, "small worlds without a campaign, held out", recipe, FULL, n_worlds=NULLS)
        yield from _held_out_adversaries(seed)
    for seed in TWINS:
        for preset in ("demo", "hard", "share5", "null"):
            yield Scenario(f"{preset}-report-{seed}", "held out", WorldRecipe(preset, seed), FULL)


def _held_out_adversaries(seed: int) -> Iterable[Scenario]:
    for name, (about, campaign) in DISCIPLINES.items():
        recipe = WorldRecipe("adversary", seed, campaign=campaign)
        yield Scenario(f"adversary-{name}-{seed}", f"{about}; held out", recipe, FULL, discipline=name)


SCENARIOS: Final[Mapping[str, Scenario]] = {scenario.id: scenario for scenario in _catalogue()}


def chosen(size: str, ids: Iterable[str] = ()) -> tuple[Scenario, ...]:
    """Return the scenarios of a size, or those asked for with what they are compared with.

    Raises:
        UsageError: no such size or scenario.
    """
    if size not in SIZES:
        raise UsageError("--size", "no such size", got=repr(size), expected=", ".join(SIZES))
    wanted = list(ids)
    unknown = sorted(set(wanted) - SCENARIOS.keys())
    if unknown:
        raise UsageError("--scenarios", "no such scenario", got=", ".join(unknown), expected=", ".join(SCENARIOS))
    if not wanted:
        return tuple(scenario for scenario in SCENARIOS.values() if size in scenario.sizes)
    needed = {*wanted, *(SCENARIOS[name].base for name in wanted)} - {""}
    return tuple(scenario for scenario in SCENARIOS.values() if scenario.id in needed)
