"""Look-alikes: honest traffic that resembles a campaign, what tells it apart, and whether it was set aside."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stillwatch.assessments.catalogue import KINDS
from stillwatch.dossiers.freezing.case_folder import CaseFolder
from stillwatch.dossiers.freezing.ledger import CASE, Ledger, shown, slug
from stillwatch.dossiers.freezing.observed import Seen
from stillwatch.dossiers.inferred_part import InferencePart, Rival
from stillwatch.dossiers.number import Rows, Statement, say
from stillwatch.dossiers.weighed_part import LookAlike

SET_ASIDE: Final = "set aside"
NOT_SET_ASIDE: Final = "not set aside"
NOT_TOLD_APART: Final = "not told apart here"
LEADS: Final = "the finding itself"
REMOTE: Final = 0.05  # below it a posterior is 'almost no chance'
N_REASONS: Final = 3


@dataclass(frozen=True, slots=True)
class Resemblance:
    """One kind of honest traffic, the hypothesis that stands for it, and the observations that tell it apart."""

    name: str
    title: str
    tells_apart: str
    hypothesis: str | None
    observations: tuple[str, ...]


RESEMBLANCES: Final = (
    Resemblance("evaluation", "Evaluation harness", "a finite list of known items, sent again across models; one principal, "
                "no pool", "evaluation_harness", ("replica_share",)),
    Resemblance("labelling", "Batch labelling or rubric graders", "short outputs from a fixed set of labels; one funded "
                "organisation", "labelling_pipeline", ("short_output_share", "one_organisation")),
    Resemblance("business_queue", "A business's own queue over several accounts", "one daily task with short answers, a small pool "
                "that lies open", "business_queue", ("pool_size", "median_output_tokens", "one_address_share")),
    Resemblance("task_workers", "Crowd workers or contractors", "accounts and lives of their own; one buyer's task, about one thing, "
                "with short answers", "task_workers", ("trainable_share", "median_output_tokens", "rest_subjects")),
    Resemblance("exercises", "Strangers at one list of exercises", "everybody sends the same items, and nobody takes over "
                "another's", "exercise_list", ("replica_share", "work_list_coordination")),
    Resemblance("own_evaluation", "A team's own evaluation over several keys", "the same questions again after each change, in runs",
                "private_evaluation", ("replica_share", "alone_share")),
    Resemblance("application", "Application with one prompt", "one account or customers who are strangers; hours of the day; "
                "end users disclosed", "one_prompt_application", ("one_system_prompt", "identity_reuse")),
    Resemblance("public_tool", "Public tool or prompt pack", "users with subjects and favourites of their own",
                "public_tool", ("own_subjects", "favourites")),
    Resemblance("reseller", "Legitimate aggregator", "a contract and disclosed end users; a grey relay has neither",
                "relay", ("end_user_share", "rest_subjects")),
    Resemblance("gateway", "Gateway or router", "tenants are kept apart; it fails over on faults and not on refusals",
                "routed_application", ("work_list_coordination", "end_user_share")),
    Resemblance("ci", "Continuous integration or a fleet of agents", "bursts that commits drive; one repository and one set of tools",
                "continuous_integration", ("one_tool_set", "alone_share")),
    Resemblance("migration", "Backfill or key migration", "finite, announced, tied to the old account", None,
                ("no_ramp", "two_day_share")),
    Resemblance("audit", "Reasoning kept for audit", "asks the reasons of a decision, not hidden reasoning; one organisation",
                None, ("cue_reasoning_trace", "one_organisation")),
    Resemblance("classroom", "Classroom or hackathon", "one address, a verified institution, low volume, nights off",
                "classroom", ("one_address_share", "education_share")),
    Resemblance("enterprise", "One enterprise", "one named and verified organisation, one mail domain", "enterprise",
                ("one_organisation", "verified_share")),
    Resemblance("authorised", "Authorised distillation or synthetic data", "an entry in the registry of authorisations",
                "authorised_customer", ("registered_share",)),
    Resemblance("researcher", "Safety researcher or evaluator", "an entry in the registry, a notification", None,
                ("registered_share", "cue_identity_probe")),
    Resemblance("trial_farm", "Farm of trial accounts", "free accounts that live for days; no common work",
                "trial_farm", ("free_share", "active_days")),
    Resemblance("stolen", "Victims of stolen keys", "established accounts whose strange traffic comes from elsewhere",
                "stolen_keys", ("taken_over_share",)),
    Resemblance("strangers", "Strangers who say alike things", "nothing in common beyond the words", "unrelated",
                ("identity_coordination", "work_list_coordination")),
)  # fmt: skip


def look_alikes(
    case: CaseFolder, ledger: Ledger, seen: Mapping[str, Seen], inference: InferencePart
) -> tuple[LookAlike, ...]:
    """Return every look-alike that was considered, and why it was or was not set aside."""
    rivals = {rival.name: rival for rival in inference.rivals}
    leading = inference.rivals[0].name
    return tuple(_look_alike(one, case, ledger, seen, rivals, leading) for one in RESEMBLANCES)


def _look_alike(
    one: Resemblance,
    case: CaseFolder,
    ledger: Ledger,
    seen: Mapping[str, Seen],
    rivals: Mapping[str, Rival],
    leading: str,
) -> LookAlike:
    rival = rivals.get(one.hypothesis) if one.hypothesis else None
    if rival is None:
        said = [say("It was not weighed: the weights have no hypothesis of this kind. What would tell it apart:")]
        said += [_seen(name, seen) for name in one.observations]
        return LookAlike(one.name, one.title, one.tells_apart, NOT_TOLD_APART, tuple(said))
    p = ledger.value(rival.posterior) or 0.0
    standing = LEADS if rival.name == leading else SET_ASIDE if p < REMOTE else NOT_SET_ASIDE
    said = [say(f"Posterior {shown(rival.posterior)}.")]
    missed = [w for w in rival.weights if not w.is_met][:N_REASONS]
    said += [
        say(f"Against it: '[[v:0]]' is {shown(w.observation)} ({shown(w.bits)}).", w.title)
        for w in missed
        if w.observation != w.bits
    ]
    said += [_seen(name, seen) for name in one.observations if name not in {w.name for w in missed}]
    if all(seen.get(name) is None or seen[name].value is None for name in one.observations) and standing == SET_ASIDE:
        said.append(say("What would tell it apart best could not be seen; it was set aside on other evidence."))
    _nearest(one, case, said, ledger)
    return LookAlike(one.name, one.title, one.tells_apart, standing, tuple(said))


def _seen(name: str, seen: Mapping[str, Seen]) -> Statement:
    one = seen.get(name)
    kind = KINDS[name]
    if one is None or one.value is None:
        return say(
            "'[[v:0]]' could not be seen here ([[v:1]]).", kind.title, " or ".join(kind.needs) or "too little traffic"
        )
    return say(f"'[[v:0]]': {shown(one.value)}.", kind.title)


def _nearest(one: Resemblance, case: CaseFolder, said: list[Statement], ledger: Ledger) -> None:
    """Name the groups of the same case that were found and explained by this look-alike."""
    same = [c for c in case.case.campaigns if c.leading_hypothesis == one.hypothesis and c.id != case.campaign.id]
    if same:
        ref = ledger.put(f"look_alike.{slug(one.name)}.groups", f"groups of the case explained as: {one.title}",
                         float(len(same)), "groups", rows=Rows(CASE, "campaigns", ("leading_hypothesis",), len(case.case.campaigns)),
                         method="a count; nothing is estimated")  # fmt: skip
        said.append(say(f"Groups of the same traffic that were explained so: {shown(ref)} ([[v:0]]).",
                        ", ".join(c.id for c in same[:5])))  # fmt: skip
