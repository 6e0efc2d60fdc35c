"""Is a found group called what it is? The leading hypothesis against the group's true class."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from stillwatch.worlds.account import DISTILLATION
from stillwatch.worlds.lookalikes import label
from stillwatch.worlds.metrics.decision import MIXED, group_class, share
from stillwatch.worlds.metrics.truth import Truth

RELAY: Final = "relay"
UNDETERMINED: Final = "undetermined"
UNRELATED: Final = "unrelated"
EVALUATION: Final = "evaluation_harness"
LABELLING: Final = "labelling_pipeline"
ONE_PROMPT: Final = "one_prompt_application"
QUEUE: Final = "business_queue"
WORKERS: Final = "task_workers"
AGENTS: Final = "continuous_integration"
CLASSROOM: Final = "classroom"
EXERCISES: Final = "exercise_list"
TOOL: Final = "public_tool"
ENTERPRISE: Final = "enterprise"
AUTHORISED: Final = "authorised_customer"
CONTRACTOR: Final = "contractor"


class Naming(NamedTuple):
    """The names under which a group of one class is rightly reported.

    Args:
        own: the hypothesis that is about it, which learns from it; null: its groups teach no hypothesis.
        also: others that are right as well.
    """

    own: str | None
    also: frozenset[str] = frozenset()


def _named(own: str | None, *also: str) -> Naming:
    return Naming(own, frozenset(also))


NAMES: Final[Mapping[str, Naming]] = {
    DISTILLATION: _named(DISTILLATION),
    label.EVALUATION_HARNESS: _named(EVALUATION, AGENTS),
    label.BENCHMARK_DAY: _named(EVALUATION, EXERCISES),
    label.BATCH_LABELLING: _named(LABELLING, ONE_PROMPT),
    label.RUBRIC_GRADERS: _named(LABELLING, ONE_PROMPT),
    label.AUDIT_REASONING: _named(LABELLING, ONE_PROMPT, ENTERPRISE),
    label.RAG_APP: _named(ONE_PROMPT, ENTERPRISE),
    label.BYO_KEY_APP: _named(ONE_PROMPT, ENTERPRISE),
    label.PUBLIC_TOOL: _named(TOOL),
    label.PROMPT_PACK: _named(TOOL),
    label.VIRAL_PROMPT: _named(TOOL, UNRELATED),
    label.AGGREGATOR: _named(None, RELAY, ONE_PROMPT, ENTERPRISE),
    label.GATEWAY_ROUTER: _named(ENTERPRISE, RELAY, ONE_PROMPT),
    label.RESELLER_DISCLOSED: _named(None, RELAY, AUTHORISED),
    label.CI_AGENTS: _named(AGENTS, ONE_PROMPT, ENTERPRISE),
    label.BACKFILL_MIGRATION: _named(ENTERPRISE, ONE_PROMPT),
    label.BUSINESS_QUEUE: _named(QUEUE, WORKERS, LABELLING, ONE_PROMPT, ENTERPRISE),
    label.CROWD_WORK: _named(WORKERS, QUEUE, LABELLING),
    label.CORPUS_PIPELINE: _named(QUEUE, WORKERS, LABELLING, ONE_PROMPT, ENTERPRISE),
    label.COURSE_AUTOGRADER: _named(QUEUE, CLASSROOM, LABELLING, ONE_PROMPT),
    label.KEY_POOL: _named("routed_application", RELAY, QUEUE, ONE_PROMPT, ENTERPRISE),
    label.AGENT_FLEET: _named(AGENTS, QUEUE, ONE_PROMPT, ENTERPRISE),
    label.PRIVATE_EVALUATION: _named("private_evaluation", EVALUATION, AGENTS, QUEUE, LABELLING),
    label.CLASSROOM: _named(CLASSROOM),
    label.COURSEWORK_PLATFORM: _named(CLASSROOM, EXERCISES, ONE_PROMPT),
    label.HACKATHON: _named(CLASSROOM),
    label.AUTHORISED_DISTILLATION: _named(AUTHORISED),
    label.SAFETY_RESEARCHER: _named(AUTHORISED, EVALUATION),
    label.ENTERPRISE: _named(ENTERPRISE, ONE_PROMPT),
    label.FAMILY_OR_SMALL_OFFICE: _named(UNRELATED, ENTERPRISE),
    label.CARRIER_NAT: _named(UNRELATED),
    label.SHARED_CARD_ISSUER: _named(UNRELATED),
    label.RELAY: _named(RELAY),
    label.STOLEN_KEYS: _named("stolen_keys"),
    label.TRIAL_FARM: _named("trial_farm"),
    "organic": _named(UNRELATED, ENTERPRISE),  # firms' staff are among them, who name their organisation
}
"""For each class of the worlds, what a group of it is rightly called, and which hypothesis learns from it: one table
for the benchmark and for ``bench/learn_hypotheses.py``."""

ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    label: naming.also | ({naming.own} if naming.own else frozenset()) for label, naming in NAMES.items()
}


def hypothesis_of(label: str, role: str) -> str | None:
    """Return the hypothesis that learns from an account of a class; null for none.

    A queue worked off by contractors, each with an account and a life of their own, shows the provider what a crowd of
    workers shows, whatever class the queue is of. Contractors' agents show what a pool of agents shows: they teach
    nothing, since what tells a fleet apart is that it lies open.
    """
    own = NAMES[label].own
    if role == CONTRACTOR:
        return {QUEUE: WORKERS, AGENTS: None}.get(own or "", own)
    return own


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
