"""What must hold inside a case beyond the types of its fields: counts add up, lists fit, numbers keep their range."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from stillwatch.dossiers.case import SCHEMA_NAME, Campaign, Case, Funnel, Hypothesis
from stillwatch.dossiers.decided import Lifecycle
from stillwatch.dossiers.drawn import Graph, Timeline

DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
HOURS_OF_WEEK: Final = 7 * 24
DESK_STATUSES: Final = ("open", "confirmed", "dismissed", "reopened")
LIFECYCLE_STATUSES: Final = ("active", "dormant", "unconfirmed", "merged", "ended")
LIFECYCLE_EVENTS: Final = (
    "new", "grew", "shrank", "split", "merged", "dormant", "resumed", "replaced", "unconfirmed", "ended", "accused",
    "cleared",
)  # fmt: skip
MAX_NODES: Final = 300  # what a reader can still tell apart in one drawing


@dataclass(frozen=True, slots=True)
class Broken:
    """One broken law: where, what stands there and what was expected."""

    path: str
    got: str
    expected: str


def first_broken(case: Case) -> Broken | None:
    """Return the first law that the case breaks, or null where it breaks none."""
    return next(_broken(case), None)


def _broken(case: Case) -> Iterator[Broken]:
    if case.schema != SCHEMA_NAME:
        yield Broken("case.schema", ascii(case.schema)[:60], SCHEMA_NAME)
    yield from _shares({"case.q_level": case.q_level})
    yield from _broken_funnel(case.funnel)
    accusations = sum(campaign.is_accusation for campaign in case.campaigns)
    if accusations != case.funnel.accusations:
        yield Broken("case.funnel.accusations", str(case.funnel.accusations), f"{accusations}, as in case.campaigns")
    if len(case.campaigns) != case.funnel.campaigns:
        yield Broken(
            "case.funnel.campaigns", str(case.funnel.campaigns), f"{len(case.campaigns)}, as in case.campaigns"
        )
    ids = [campaign.id for campaign in case.campaigns]
    if len(set(ids)) != len(ids):
        yield Broken("case.campaigns", "an id twice", "each id once")
    for i, campaign in enumerate(case.campaigns):
        yield from _broken_campaign(campaign, f"case.campaigns[{i}]")


def _broken_funnel(funnel: Funnel) -> Iterator[Broken]:
    total = funnel.used + funnel.quarantined + funnel.out_of_scope
    if funnel.read != total:
        yield Broken("case.funnel.read", str(funnel.read), f"{total}, used + quarantined + out_of_scope")
    for name in ("quarantined", "out_of_scope"):
        count = getattr(funnel, name)
        by_reason = sum(n for _, n in getattr(funnel, f"{name}_by_reason"))
        if count != by_reason:
            yield Broken(f"case.funnel.{name}", str(count), f"{by_reason}, the sum over reasons")


def _broken_campaign(campaign: Campaign, path: str) -> Iterator[Broken]:
    yield from _shares({f"{path}.{name}": getattr(campaign, name) for name in ("p_leading", "p_value", "q_value")})
    if campaign.is_accusation and campaign.leading_hypothesis != "distillation":
        yield Broken(f"{path}.is_accusation", "true", "false, for distillation does not lead")
    if campaign.n_accounts < len(campaign.accounts):
        yield Broken(f"{path}.n_accounts", str(campaign.n_accounts), f"at least {len(campaign.accounts)}")
    if campaign.attempts < campaign.exchanges:
        yield Broken(f"{path}.attempts", str(campaign.attempts), f"at least {campaign.exchanges}, the exchanges")
    if campaign.last_seen_at < campaign.first_seen_at:
        yield Broken(f"{path}.last_seen_at", str(campaign.last_seen_at), "not before first_seen_at")
    yield from _broken_sides(campaign, path)
    for i, hypothesis in enumerate(campaign.hypotheses):
        yield from _broken_posterior(hypothesis, f"{path}.hypotheses[{i}]")
    for i, capability in enumerate(campaign.capability_shares):
        at = f"{path}.capability_shares[{i}]"
        yield from _shares({f"{at}.share": capability.share, f"{at}.share_at_large": capability.share_at_large})
    if campaign.desk is not None:
        yield from _shares({f"{path}.desk.overlap": campaign.desk.overlap})
        if campaign.desk.status not in DESK_STATUSES:
            yield Broken(f"{path}.desk.status", ascii(campaign.desk.status)[:60], ", ".join(DESK_STATUSES))
    yield from _broken_lifecycle(campaign.lifecycle, f"{path}.lifecycle")
    yield from _broken_timeline(campaign.timeline, f"{path}.timeline")
    yield from _broken_graph(campaign.graph, f"{path}.graph")


def _broken_sides(campaign: Campaign, path: str) -> Iterator[Broken]:
    for name, rows, sign in (("evidence", campaign.evidence, 1), ("evidence_against", campaign.evidence_against, -1)):
        for i, row in enumerate(rows):
            if row.bits * sign <= 0:
                yield Broken(f"{path}.{name}[{i}].bits", f"{row.bits:g}", f"{'above' if sign > 0 else 'below'} 0")


def _broken_posterior(hypothesis: Hypothesis, path: str) -> Iterator[Broken]:
    yield from _shares({path: hypothesis.posterior})
    low, high = hypothesis.posterior_low, hypothesis.posterior_high
    if (low is None) != (high is None):
        yield Broken(f"{path}.posterior_low", str(low), "both ends of the interval or none")
    if low is not None and high is not None and not 0.0 <= low <= hypothesis.posterior <= high <= 1.0:
        yield Broken(f"{path}.posterior", f"{hypothesis.posterior} in {low} to {high}", "an interval that holds it")


def _broken_lifecycle(lifecycle: Lifecycle | None, path: str) -> Iterator[Broken]:
    if lifecycle is None:
        return
    if lifecycle.status not in LIFECYCLE_STATUSES:
        yield Broken(f"{path}.status", ascii(lifecycle.status)[:60], ", ".join(LIFECYCLE_STATUSES))
    days = {"first_reported_on": lifecycle.first_reported_on, "accused_on": lifecycle.accused_on}
    for i, event in enumerate(lifecycle.events):
        if event.kind not in LIFECYCLE_EVENTS:
            yield Broken(f"{path}.events[{i}].kind", ascii(event.kind)[:60], ", ".join(LIFECYCLE_EVENTS))
        days[f"events[{i}].day"] = event.day
    for name, day in days.items():
        if day is not None and not DAY.fullmatch(day):
            yield Broken(f"{path}.{name}", ascii(day)[:60], "a day as 2026-03-01")


def _broken_timeline(timeline: Timeline, path: str) -> Iterator[Broken]:
    n = len(timeline.extraction)
    for name in ("own", "active_accounts", "sign_ups", "bans"):
        length = len(getattr(timeline, name))
        if length != n:
            yield Broken(f"{path}.{name}", f"{length} steps", f"{n} steps, as extraction has")
    if timeline.step_s <= 0:
        yield Broken(f"{path}.step_s", str(timeline.step_s), "a step longer than 0 s")
    if len(timeline.hour_of_week) != HOURS_OF_WEEK:
        yield Broken(f"{path}.hour_of_week", f"{len(timeline.hour_of_week)} numbers", f"{HOURS_OF_WEEK} numbers")


def _broken_graph(graph: Graph, path: str) -> Iterator[Broken]:
    n = len(graph.nodes)
    if n > MAX_NODES:
        yield Broken(f"{path}.nodes", f"{n} nodes", f"at most {MAX_NODES}")
    for i, node in enumerate(graph.nodes):
        at = f"{path}.nodes[{i}]"
        yield from _shares({f"{at}.x": node.x, f"{at}.y": node.y, f"{at}.p_member": node.p_member})
    for i, edge in enumerate(graph.edges):
        if not (0 <= edge.a < n and 0 <= edge.b < n) or edge.a == edge.b:
            yield Broken(f"{path}.edges[{i}]", f"({edge.a}, {edge.b})", f"two different nodes below {n}")


def _shares(values: dict[str, float]) -> Iterator[Broken]:
    for path, value in values.items():
        if not 0.0 <= value <= 1.0:
            yield Broken(path, str(value), "a number in [0, 1]")
