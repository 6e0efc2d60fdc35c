"""The part of inference: rival hypotheses, what each expects, and the waterfalls from prior to posterior."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, log2
from typing import Final

from stillwatch.assessments.credible import LEVEL, N_DRAWS
from stillwatch.assessments.hypothesis import Expectation, HypothesisKind, released_weights
from stillwatch.assessments.wording import range_words
from stillwatch.dossiers.calibrated import judgement
from stillwatch.dossiers.case import Evidence, Hypothesis
from stillwatch.dossiers.channel import CHANNELS
from stillwatch.dossiers.freezing.case_folder import CaseFolder
from stillwatch.dossiers.freezing.ledger import Ledger, shown, slug
from stillwatch.dossiers.freezing.observed import Seen
from stillwatch.dossiers.inferred_part import InferencePart, Rival, Step, Waterfall, Weight
from stillwatch.dossiers.judged import Confidence
from stillwatch.dossiers.number import Interval, Statement, say
from stillwatch.errors import SettingsError

N_WATERFALLS: Final = 3
CREDIBLE_METHOD: Final = (
    f"95% credible interval over m and u, each a Beta distribution of the votes that it was learned from, {N_DRAWS:,} draws; "
    "other weights' doubts, other explanations and the observations' own intervals are not in it"
)


@dataclass(frozen=True, slots=True)
class Model:
    """The weights that the scan used, where this version still has them."""

    kinds: Mapping[str, HypothesisKind]

    def expectation(self, hypothesis: str, observation: str, because: str) -> Expectation | None:
        """Return what a hypothesis expects of an observation; its reason tells two steps of one scale apart."""
        kind = self.kinds.get(hypothesis)
        found = [e for e in kind.expects if e.observation == observation] if kind else []
        return next((e for e in found if e.because == because), found[0] if found else None)


def read_model(name: str) -> Model:
    """Return the weights of that name, or none where this version does not have them."""
    try:
        return Model({kind.name: kind for kind in released_weights(name)})
    except SettingsError:
        return Model({})


def bits_by_channel(hypothesis: Hypothesis) -> dict[str, float]:
    """Return the sum of a hypothesis's evidence in each channel."""
    found: dict[str, float] = {}
    for item in hypothesis.evidence:
        found[item.channel] = found.get(item.channel, 0.0) + item.bits
    return found


def prior_bits(hypothesis: Hypothesis) -> float:
    """Return the logarithm of the prior weight: what the total holds beside the evidence."""
    return hypothesis.bits - sum(item.bits for item in hypothesis.evidence)


def inference_part(case: CaseFolder, ledger: Ledger, seen: dict[str, Seen], model: Model) -> InferencePart:
    """Return the rival hypotheses and the judgement on the leading one."""
    campaign = case.campaign
    rivals = tuple(_rival(item, case, ledger, seen, model) for item in campaign.hypotheses)
    leading = campaign.hypotheses[0]
    ref = f"hypothesis.{slug(leading.name)}.posterior"
    return InferencePart(
        summary=_summary(case, ref),
        confidence=_confidence(case),
        judgement=judgement(leading.posterior, ref),
        is_accusation=campaign.is_accusation,
        rivals=rivals,
        waterfalls=tuple(
            _waterfall(leading, rival, ledger) for rival in campaign.hypotheses[1 : 1 + N_WATERFALLS]
        ),
    )  # fmt: skip


def _rival(item: Hypothesis, case: CaseFolder, ledger: Ledger, seen: dict[str, Seen], model: Model) -> Rival:
    name = slug(item.name)
    where = ledger.in_case(f"hypotheses[name = {item.name}]")
    weights = f"weights file {case.case.weights}"
    posterior = ledger.put(
        f"hypothesis.{name}.posterior", f"{item.title}: posterior", item.posterior, "probability", rows=where,
        method=f"prior and evidence in bits, normalised over {len(case.campaign.hypotheses)} hypotheses; {weights}",
        interval=_credible(item),
        note="given that one of the hypotheses listed is true; see what it is without each family of evidence",
    )  # fmt: skip
    bits = ledger.put(f"hypothesis.{name}.bits", f"{item.title}: total", item.bits, "bits", rows=where,
                      method=f"prior plus evidence; {weights}")  # fmt: skip
    prior = ledger.put(
        f"hypothesis.{name}.prior", f"{item.title}: prior weight among linked groups", 2.0 ** prior_bits(item),
        "weight", rows=where, method=f"stated in the {weights}", note="a weight, normalised with the others",
    )  # fmt: skip
    found = tuple(_weight(item, row, case, ledger, seen, model) for row in item.evidence)
    return Rival(item.name, item.title, posterior, bits, prior, found)


def _credible(item: Hypothesis) -> Interval | None:
    """Return the credible interval that the scan computed; null where its weights do not say what they rest on."""
    if item.posterior_low is None or item.posterior_high is None:
        return None
    return Interval(item.posterior_low, item.posterior_high, LEVEL, CREDIBLE_METHOD)


def _weight(
    item: Hypothesis, row: Evidence, case: CaseFolder, ledger: Ledger, seen: dict[str, Seen], model: Model
) -> Weight:
    expectation = model.expectation(item.name, row.name, row.because)
    steps = [other for other in item.evidence if other.name == row.name]
    is_further = row is not steps[0]
    key = f"because = {row.because}" if is_further else f"name = {row.name}"
    where = ledger.in_case(f"hypotheses[name = {item.name}].evidence[{key}]")
    method = f"weights file {case.case.weights}"
    if expectation is not None:
        method = (
            "log2((w m + (1-w)(1-m)) / (w u + (1-w)(1-u))), w the probability that the true value lies in the range, "
            f"m = {expectation.m:g}, u = {expectation.u:g}, {_limit(expectation)}halved for each stronger piece of the same channel and side; {method}"
        )
    bits = ledger.put(
        f"evidence.{slug(item.name)}.{slug(row.name)}{f'.{steps.index(row) + 1}' if is_further else ''}", f"{item.title}: weight of '{row.title}'", row.bits, "bits",
        rows=where, method=method, needs=row.needs,
    )  # fmt: skip
    one = seen.get(row.name)
    value = one.value if one else None
    if value is None:
        value = bits
    is_met = row.bits >= 0
    number = ledger[value]
    if expectation is not None and value != bits and number.value is not None:
        is_met = expectation.at_least <= number.value <= expectation.at_most
    return Weight(
        row.name, row.title, row.channel, value, bits, expected(expectation, row.because), is_met,
        is_fragile=expectation is not None and value != bits and _reaches_across(ledger, value, expectation),
    )  # fmt: skip


def _limit(expectation: Expectation) -> str:
    """Return, in words, what a miss costs at most, where the weights say so."""
    return f"against it at most {expectation.most_against:g} bits, " if isfinite(expectation.most_against) else ""


def _reaches_across(ledger: Ledger, ref: str, expectation: Expectation) -> bool:
    interval = ledger[ref].interval
    return interval is not None and any(
        interval.low < edge <= interval.high for edge in (expectation.at_least, expectation.at_most)
    )


def expected(expectation: Expectation | None, because: str) -> Statement:
    """Return the range that is expected, and why, in words."""
    if expectation is None:
        return say("[[v:0]].", because)
    return say("[[v:0]]: [[v:1]].", range_words(expectation), because)


def _waterfall(leading: Hypothesis, rival: Hypothesis, ledger: Ledger) -> Waterfall:
    mine, theirs = bits_by_channel(leading), bits_by_channel(rival)
    where = ledger.in_case(
        *(f"hypotheses[name = {one.name}].evidence" for one in (leading, rival)),
        n_rows=len(leading.evidence) + len(rival.evidence),
    )
    name = f"waterfall.{slug(rival.name)}"
    method = f"evidence of '{leading.title}' less evidence of '{rival.title}', summed over the channel"

    def step(key: str, title: str, value: float, how: str) -> Step:
        ref = ledger.put(f"{name}.{key}", f"{title}, against {rival.title}", value, "bits", rows=where, method=how)
        return Step(key, title, ref)

    steps = [
        step("prior", "Prior odds", prior_bits(leading) - prior_bits(rival), "logarithm of the ratio of the priors")
    ]
    steps += [
        step(slug(channel), CHANNELS.get(channel, channel), mine.get(channel, 0.0) - theirs.get(channel, 0.0), method)
        for channel in sorted({*mine, *theirs}, key=lambda c: (list(CHANNELS).index(c) if c in CHANNELS else 99, c))
    ]
    steps.append(step("total", "Posterior odds", leading.bits - rival.bits, "the sum of the steps"))
    return Waterfall(rival.title, tuple(steps))


def _summary(case: CaseFolder, ref: str) -> tuple[Statement, ...]:
    campaign = case.campaign
    leading = campaign.hypotheses[0]
    said = [say(f"The best explanation is: [[v:0]], with a posterior of {shown(ref)}.", leading.title)]
    if len(campaign.hypotheses) > 1:
        rival = campaign.hypotheses[1]
        said.append(
            say(f"The next is: [[v:0]], with {shown(f'hypothesis.{slug(rival.name)}.posterior')}.", rival.title)
        )
    said.append(say(f"Coordination, tested apart from what formed the group: q = {shown('campaign.q_value')}."))
    if campaign.is_accusation:
        said.append(say("By the levels set for this scan the group is accused of unauthorised distillation."))
    else:
        said.append(say("By the levels set for this scan the group is not accused of anything."))
    return tuple(said)


def _confidence(case: CaseFolder) -> Confidence:
    """Return how far the weighing can be trusted; never high, for the weights were not learned on this traffic."""
    campaign = case.campaign
    margin = campaign.hypotheses[0].bits - campaign.hypotheses[1].bits if len(campaign.hypotheses) > 1 else 0.0
    because = [
        say("The weights were learned on made worlds and not on this provider's traffic, so that no finding by them "
            "alone is of high confidence.")
    ]  # fmt: skip
    level = "moderate"
    if margin < log2(9):  # nine to one
        level = "low"
        because.append(say("The leading explanation is less than nine times as probable as the next."))
    low, needed = campaign.hypotheses[0].posterior_low, _needed(case)
    if low is not None and low < needed:
        level = "low"
        because.append(
            say("The interval of its posterior reaches below [[v:0]]: weights learned from other groups could have turned it.",
                f"{needed:.0%}")
        )  # fmt: skip
    if campaign.q_value > case.case.q_level:
        level = "low"
        because.append(say("Coordination was not shown apart from what formed the group."))
    return Confidence(level, tuple(because))


def _needed(case: CaseFolder) -> float:
    """Return the posterior below which another thing would be said: no accusation, or another explanation."""
    settings = case.run.get("settings", {})
    level = settings.get("p_leading") if isinstance(settings, dict) else None
    return float(level) if case.campaign.is_accusation and isinstance(level, (int, float)) else 0.5
