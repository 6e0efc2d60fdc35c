"""Is a found group called what it is? The leading hypothesis against the group's true class."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stillwatch.worlds.account import DISTILLATION
from stillwatch.worlds.lookalikes import label
from stillwatch.worlds.metrics.decision import MIXED, group_class, share
from stillwatch.worlds.metrics.truth import Truth

RELAY: Final = "relay"
UNDETERMINED: Final = "undetermined"
EVALUATION: Final = "evaluation_harness"
LABELLING: Final = "labelling_pipeline"
APPLICATION: Final = frozenset({"one_prompt_application", "enterprise"})
ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    DISTILLATION: frozenset({DISTILLATION}),
    label.EVALUATION_HARNESS: frozenset({EVALUATION, "continuous_integration"}),
    label.BENCHMARK_DAY: frozenset({EVALUATION}),
    label.BATCH_LABELLING: frozenset({LABELLING, "one_prompt_application"}),
    label.RUBRIC_GRADERS: frozenset({LABELLING, "one_prompt_application"}),
    label.AUDIT_REASONING: frozenset({LABELLING, *APPLICATION}),
    label.RAG_APP: APPLICATION,
    label.BYO_KEY_APP: APPLICATION,
    label.PUBLIC_TOOL: frozenset({"public_tool"}),
    label.PROMPT_PACK: frozenset({"public_tool"}),
    label.VIRAL_PROMPT: frozenset({"public_tool", "unrelated"}),
    label.AGGREGATOR: frozenset({RELAY, *APPLICATION}),
    label.GATEWAY_ROUTER: frozenset({RELAY, *APPLICATION}),
    label.RESELLER_DISCLOSED: frozenset({RELAY, "authorised_customer"}),
    label.CI_AGENTS: frozenset({"continuous_integration", *APPLICATION}),
    label.BACKFILL_MIGRATION: APPLICATION,
    label.BUSINESS_QUEUE: frozenset({"business_queue", LABELLING, *APPLICATION}),
    label.CROWD_WORK: frozenset({"business_queue", LABELLING}),
    label.CORPUS_PIPELINE: frozenset({"business_queue", LABELLING, *APPLICATION}),
    label.COURSE_AUTOGRADER: frozenset({"classroom", "business_queue", LABELLING, "one_prompt_application"}),
    label.KEY_POOL: frozenset({RELAY, "business_queue", *APPLICATION}),
    label.AGENT_FLEET: frozenset({"continuous_integration", "business_queue", *APPLICATION}),
    label.PRIVATE_EVALUATION: frozenset({EVALUATION, "continuous_integration", "business_queue", LABELLING}),
    label.CLASSROOM: frozenset({"classroom"}),
    label.COURSEWORK_PLATFORM: frozenset({"classroom", "one_prompt_application"}),
    label.HACKATHON: frozenset({"classroom"}),
    label.AUTHORISED_DISTILLATION: frozenset({"authorised_customer"}),
    label.SAFETY_RESEARCHER: frozenset({"authorised_customer", EVALUATION}),
    label.ENTERPRISE: frozenset({"enterprise", "one_prompt_application"}),
    label.FAMILY_OR_SMALL_OFFICE: frozenset({"enterprise", "unrelated"}),
    label.CARRIER_NAT: frozenset({"unrelated"}),
    label.SHARED_CARD_ISSUER: frozenset({"unrelated"}),
    label.RELAY: frozenset({RELAY}),
    label.STOLEN_KEYS: frozenset({"stolen_keys"}),
    label.TRIAL_FARM: frozenset({"trial_farm"}),
    "organic": frozenset({"unrelated"}),
}
"""For each class of the worlds, the names under which a group of it is rightly reported."""


@dataclass(frozen=True, slots=True)
class NamedGroup:
    """A group as a detector reports it: its accounts, its name, and the posterior of each hypothesis."""

    accounts: frozenset[str]
    name: str
    posteriors: Mapping[str, float]
    is_accusation: bool


def naming_metrics(truth: Truth, groups: Iterable[NamedGroup]) -> dict[str, Any]:
    """Return how often a found group is rightly named.

    A group has the class of more than half of its accounts; groups of no class are only counted. ``undetermined`` is
    never right. ``relay_or_distillation`` compares the two posteriors of the groups that are one of both.
    ``authorised_called_distillation`` must be 0: groups of authorised customers that are called distillation.
    """
    tally: Counter[str] = Counter()
    confused: Counter[str] = Counter()
    for group in groups:
        truly = group_class(truth, group.accounts)
        if truly is None or truly == MIXED:
            tally["mixed"] += 1
            continue
        tally["named"] += 1
        tally["undetermined"] += group.name == UNDETERMINED
        if group.name in ALLOWED.get(truly, frozenset()):
            tally["right"] += 1
        else:
            confused[f"{truly} called {group.name}"] += 1
        if truly in (RELAY, DISTILLATION):
            other = DISTILLATION if truly == RELAY else RELAY
            tally["relay_or_distillation"] += 1
            tally["rightly_parted"] += group.posteriors.get(truly, 0.0) > group.posteriors.get(other, 0.0)
        if truly == label.AUTHORISED_DISTILLATION:
            tally["authorised"] += 1
            tally["authorised_called_distillation"] += group.name == DISTILLATION or group.is_accusation
    return {
        "n_groups": tally["named"],
        "n_groups_of_no_class": tally["mixed"],
        "n_undetermined": tally["undetermined"],
        "top_1": share(tally["right"], tally["named"]),
        "relay_or_distillation": share(tally["rightly_parted"], tally["relay_or_distillation"]),
        "n_relay_or_distillation": tally["relay_or_distillation"],
        "n_authorised": tally["authorised"],
        "authorised_called_distillation": tally["authorised_called_distillation"],
        "wrong_names": dict(sorted(confused.items())),
    }
