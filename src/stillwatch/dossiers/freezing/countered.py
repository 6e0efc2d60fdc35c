"""The case for the other side, as a defender would write it: made from the evidence against and the weakest links."""

from typing import Final

from stillwatch.assessments.hypothesis import Expectation
from stillwatch.dossiers.case import Hypothesis
from stillwatch.dossiers.channel import CHANNELS
from stillwatch.dossiers.freezing.case_folder import CaseFolder
from stillwatch.dossiers.freezing.inferred import Model, bits_by_channel
from stillwatch.dossiers.freezing.ledger import Ledger, shown, slug
from stillwatch.dossiers.freezing.reweighing import Scales
from stillwatch.dossiers.inferred_part import InferencePart, Rival, Weight
from stillwatch.dossiers.number import Rows, Statement, say
from stillwatch.dossiers.observed_part import Member
from stillwatch.dossiers.selection import of_campaign
from stillwatch.dossiers.weighed_part import CounterPart, CounterPoint, Omission

N_WEAKEST: Final = 12
WORTH_SAYING: Final = 0.05  # bits: less is rounded to nothing
N_INNOCENT: Final = 3
N_QUOTED: Final = 4  # expectations quoted for or against one explanation
LOOSE: Final = 0.9  # membership below which an account is loosely tied
FEW: Final = 3  # exchanges of the slice below which an account hardly took part


def counter_part(
    case: CaseFolder, ledger: Ledger, inference: InferencePart, members: tuple[Member, ...], model: Model
) -> CounterPart:
    """Return the objections, strongest first, the finding without each family of evidence, and the weakest members."""
    scales = Scales(case, model)
    omissions = _omissions(case, ledger, scales)
    points = [
        _without_families(case, ledger, scales, omissions),
        *_innocent(inference, ledger),
        _against(inference.rivals[0], ledger),
        _fragile(ledger, inference.rivals[0], scales, model),
        _weak_members(case, ledger, members),
        _outsiders(case, ledger),
        _silent_tests(case, ledger),
        _prior(case, ledger, scales),
        _unseen(case),
        _made_worlds(case, ledger, inference),
    ]
    return CounterPart(tuple(point for point in points if point is not None), omissions, _weakest(members))


def _omissions(case: CaseFolder, ledger: Ledger, scales: Scales) -> tuple[Omission, ...]:
    hypotheses = case.campaign.hypotheses
    leading = hypotheses[0]
    titles = {h.name: h.title for h in hypotheses}
    mine = bits_by_channel(leading)
    theirs = bits_by_channel(hypotheses[1]) if len(hypotheses) > 1 else {}
    found = []
    for channel in (c for c in CHANNELS if c in mine or c in theirs):
        outcome = scales.without([channel])
        where = _weighed_rows(case, ledger)
        title = CHANNELS[channel]
        bits = ledger.put(f"without.{channel}.bits", f"{title}: worth against the runner-up",
                          mine.get(channel, 0.0) - theirs.get(channel, 0.0), "bits", rows=where,
                          method="evidence of the channel for the leading hypothesis less that for the runner-up")  # fmt: skip
        posterior = ledger.put(
            f"without.{channel}.posterior", f"posterior of '{leading.title}' without: {title}",
            outcome.posteriors.get(leading.name, 0.0), "probability", rows=where,
            method=f"all hypotheses weighed again without the channel; weights file {case.case.weights}",
        )  # fmt: skip
        found.append(
            Omission(channel, title, bits, posterior, titles.get(outcome.leading, outcome.leading), outcome.stands)
        )
    return tuple(sorted(found, key=lambda o: ledger.value(o.posterior) or 0.0))


def _falls(one: Omission, case: CaseFolder, scales: Scales) -> Statement:
    """Return how the finding falls without a family of evidence."""
    start = f"Without '[[v:0]]' the finding would not be made: the posterior is {shown(one.posterior)} then"
    if one.leading != case.campaign.hypotheses[0].title:
        return say(f"{start}, and '[[v:1]]' leads.", one.title, one.leading)
    if (scales.without([one.channel]).posteriors.get(case.campaign.hypotheses[0].name) or 0.0) >= scales.p_leading:
        return say(f"{start}, but coordination is not shown without it.", one.title)
    return say(f"{start}; it would take [[v:1]].", one.title, f"{scales.p_leading:.0%}")


def _weighed_rows(case: CaseFolder, ledger: Ledger) -> Rows:
    campaign = case.campaign
    return ledger.in_case("hypotheses", "tests", n_rows=len(campaign.hypotheses) + len(campaign.tests))


def _without_families(
    case: CaseFolder, ledger: Ledger, scales: Scales, omissions: tuple[Omission, ...]
) -> CounterPoint:
    said = []
    fallen = [o for o in omissions if not o.stands]
    if fallen:
        said += [_falls(one, case, scales) for one in fallen]
    elif omissions:
        said.append(
            say(f"No single family of evidence carries it: at worst, without '[[v:0]]', the posterior is "
                f"{shown(omissions[0].posterior)}.", omissions[0].title)
        )  # fmt: skip
    fewest = scales.fewest_that_overturn()
    if fewest is None:
        said.append(say("It stands without any four families of evidence together."))
    elif len(fewest) > 1:
        p = scales.without(fewest).posteriors.get(case.campaign.hypotheses[0].name, 0.0)
        ref = ledger.put("without.fewest.posterior", "posterior without the fewest families that overturn the finding",
                         p, "probability", rows=_weighed_rows(case, ledger),
                         method="all hypotheses weighed again without them")  # fmt: skip
        words = " and ".join(f"'{CHANNELS[c]}'" for c in fewest)
        said.append(say(f"Without [[v:0]] together it falls (posterior {shown(ref)}).", words))
    return CounterPoint("What if one family of evidence is wrong?", tuple(said))


def _innocent(inference: InferencePart, ledger: Ledger) -> list[CounterPoint]:
    """Return, for the most probable other explanations, what they predict, where that fits, and where it does not."""
    found = []
    for rival in inference.rivals[1 : 1 + N_INNOCENT]:
        met = [w for w in rival.weights if w.is_met]
        fits = sorted(met, key=lambda w: -_bits(w, ledger))
        misfits = sorted((w for w in rival.weights if not w.is_met), key=lambda w: _bits(w, ledger))
        said = [
            say(f"Its posterior is {shown(rival.posterior)}. Of the [[v:1]] predictions of it that could be checked, [[v:0]] came true.",
                str(len(met)), str(len(rival.weights)))
        ]  # fmt: skip
        said += [
            _quoted("Fits:", w.title, w.observation, w.bits, w.expected)
            for w in fits[:N_QUOTED]
            if _bits(w, ledger) > WORTH_SAYING
        ]
        said += [
            _quoted("Does not fit:", w.title, w.observation, w.bits, w.expected)
            for w in misfits[:N_QUOTED]
            if _bits(w, ledger) < 0
        ]
        found.append(CounterPoint(f"What if it is: {rival.title}?", tuple(said)))
    return found


def _bits(weight: Weight, ledger: Ledger) -> float:
    return ledger.value(weight.bits) or 0.0


def _quoted(lead: str, title: str, observation: str, bits: str, expected: Statement) -> Statement:
    """Return one expectation beside what was seen."""
    seen = "" if observation == bits else f" {shown(observation)};"
    words = expected.text.replace("[[v:1]]", "[[v:2]]").replace("[[v:0]]", "[[v:1]]")
    return say(f"{lead} '[[v:0]]':{seen} predicted {words.rstrip('.')} ({shown(bits)}).", title, *expected.values)


def _against(leading: Rival, ledger: Ledger) -> CounterPoint | None:
    against = sorted((w for w in leading.weights if _bits(w, ledger) < -WORTH_SAYING), key=lambda w: _bits(w, ledger))
    if not against:
        return None
    said = [_quoted("Not as the finding predicts:", w.title, w.observation, w.bits, w.expected) for w in against]
    return CounterPoint("What the finding predicts and does not find", tuple(said))


def _fragile(ledger: Ledger, leading: Rival, scales: Scales, model: Model) -> CounterPoint | None:
    """Return what happens if every met expectation whose interval reaches across its edge is in truth missed."""
    changed: dict[str, float | None] = {}
    said = []
    for weight in leading.weights:
        expectation = model.expectation(leading.name, weight.name, weight.expected.values[-1])
        if not (weight.is_fragile and weight.is_met) or expectation is None:
            continue
        said.append(_quoted("Within its uncertainty it could be otherwise:", weight.title, weight.observation,
                            weight.bits, weight.expected))  # fmt: skip
        changed[weight.name] = _adverse(ledger, weight.observation, expectation)
    outcome = scales.with_values(changed) if changed else None
    if outcome is None:
        return None
    ref = ledger.put("fragile.posterior", "posterior with every fragile number at the adverse end of its interval",
                     outcome.posteriors.get(leading.name, 0.0), "probability",
                     rows=Rows("observations.parquet", of_campaign(ledger.campaign_id), ("value", "low", "high"),
                               len(scales)),
                     method="all hypotheses weighed again with those numbers changed")  # fmt: skip
    verdict = "The finding would still be made" if outcome.stands else "The finding would not be made"
    said.append(say(f"{verdict} if all of them were: the posterior is {shown(ref)} then."))
    return CounterPoint("What if uncertain numbers lie at the other end of their intervals?", tuple(said))


def _adverse(ledger: Ledger, ref: str, expectation: Expectation) -> float:
    interval = ledger[ref].interval
    assert interval is not None
    return interval.low if interval.low < expectation.at_least else interval.high


def _weakest(members: tuple[Member, ...]) -> tuple[Member, ...]:
    known = [m for m in members if m.p_group is not None]
    return tuple(sorted(known, key=lambda m: (m.p_group, m.exchanges, m.account_id))[:N_WEAKEST])


def _weak_members(case: CaseFolder, ledger: Ledger, members: tuple[Member, ...]) -> CounterPoint | None:
    if any(m.p_group is None for m in members) or not members:
        return None
    where = Rows("members.parquet", of_campaign(case.campaign.id), ("p_group", "exchanges", "families", "shares"),
                 len(members))  # fmt: skip
    said = []
    for key, title, text, is_weak in (
        ("loose", f"accounts that belong with less than {LOOSE:.0%}", "belong to the group with a probability of less than [[v:0]]",
         lambda m: m.p_group < LOOSE),
        ("few", f"accounts with fewer than {FEW} exchanges of the slice", "sent fewer than [[v:1]] of its exchanges",
         lambda m: m.exchanges < FEW),
        ("unshared", "accounts that share no value of identity or address",
         "share no card, device, phone, mail, referrer or address with another member: only what they sent ties them",
         lambda m: not m.shares),
        ("mixed", "accounts most of whose traffic is their own", "sent more of other things than of this",
         lambda m: m.other_exchanges > m.exchanges),
    ):  # fmt: skip
        weak = [m for m in members if is_weak(m)]
        ref = ledger.put(f"weak.{key}", title, float(len(weak)), "accounts", rows=where,
                         method="a count; nothing is estimated")  # fmt: skip
        said.append(say(f"{shown(ref)} of {shown('campaign.n_accounts')} accounts {text}.", f"{LOOSE:.0%}", str(FEW)))
    said.append(
        say("A finding about the group is no finding about each account; the most weakly tied ones are listed by name.")
    )
    return CounterPoint("Does every account belong to it?", tuple(said))


def _outsiders(case: CaseFolder, ledger: Ledger) -> CounterPoint | None:
    families = case.campaign.template_families
    if not families:
        return None
    family = max(families, key=lambda f: (f.n_accounts, f.id))
    where = ledger.in_case(f"template_families[id = {family.id}]")
    inside, outside = (
        ledger.put(f"family.{slug(family.id)}.{key}", f"accounts {key} the campaign that used its widest family", float(n),
                   "accounts", rows=where, method="a count; nothing is estimated")
        for key, n in (("inside", family.n_accounts), ("outside", family.n_accounts_outside))
    )  # fmt: skip
    text = f"Members that use the most common template: {shown(inside)}. Accounts outside that use it too: {shown(outside)}"
    text += ", so that it is no secret of the pool." if family.n_accounts_outside else "; nobody else has it."
    return CounterPoint("Is the template public?", (say(text),))


def _silent_tests(case: CaseFolder, ledger: Ledger) -> CounterPoint | None:
    silent = [t for t in case.campaign.tests if t.p_value > 0.05]  # one in twenty
    if not silent:
        return None
    refs = " ".join(f"[[v:{i}]] (p = {shown(f'test.{slug(t.name)}.p')})," for i, t in enumerate(silent)).rstrip(",")
    q = ledger.value("campaign.q_value")
    text = f"Of [[v:{len(silent)}]] tests of coordination these show nothing: {refs}."
    if q is not None and q > case.case.q_level:
        text += " None shows enough."
    return CounterPoint(
        "Which tests found no coordination?",
        (say(text, *(t.name.replace("_", " ") for t in silent), str(len(case.campaign.tests))),),
    )


def _prior(case: CaseFolder, ledger: Ledger, scales: Scales) -> CounterPoint | None:
    leading: Hypothesis = case.campaign.hypotheses[0]
    p = leading.posterior
    needed = scales.p_leading if case.campaign.is_accusation else 0.5
    if not needed < p < 1.0:
        return None
    factor = (p / (1 - p)) / (needed / (1 - needed))
    ref = ledger.put("prior.factor", "by how much the prior would have to be lower for the finding to fall", factor,
                     "times", rows=ledger.in_case("hypotheses", n_rows=len(case.campaign.hypotheses)),
                     method=f"ratio of the posterior odds to those of {needed:g}")  # fmt: skip
    return CounterPoint(
        "What if such campaigns are rarer than assumed?",
        (say(f"It would take this to overturn the finding: among groups that are linked at all, distillation is {shown(ref)} rarer than the weights assume."
             if leading.name == "distillation" else
             f"The leading explanation falls where it is {shown(ref)} rarer than the weights assume."),),
    )  # fmt: skip


def _unseen(case: CaseFolder) -> CounterPoint | None:
    if not case.campaign.missing:
        return None
    columns = sorted({column for item in case.campaign.missing for column in item.missing})
    titles = "; ".join(item.title for item in case.campaign.missing)
    text = "What could speak for the accounts was not looked at, for want of [[v:0]]: [[v:1]]."
    return CounterPoint("What was not looked at?", (say(text, ", ".join(columns), titles),))


def _made_worlds(case: CaseFolder, ledger: Ledger, inference: InferencePart) -> CounterPoint:
    said = [
        say("How often pools and honest groups show each observation ([[v:0]]) was learned on made traffic, and not on this "
            "provider's.", case.case.weights)
    ]  # fmt: skip
    posterior = ledger[inference.rivals[0].posterior]
    if posterior.interval is not None:
        low, high = (
            ledger.put(f"{posterior.ref}.{end}", f"{posterior.title}: {end} end of its interval", value, "probability",
                       rows=posterior.rows, method=posterior.interval.method)
            for end, value in (("lower", posterior.interval.low), ("upper", posterior.interval.high))
        )  # fmt: skip
        said.append(
            say(f"It was learned from few groups. Had others been at hand, the posterior could lie anywhere from {shown(low)} "
                f"to {shown(high)} (95%).")
        )  # fmt: skip
    said.append(
        say("The posterior holds among the explanations listed: an honest use that none of them describes goes to the least "
            "bad one.")
    )  # fmt: skip
    return CounterPoint("Are the weights right for this provider?", tuple(said))
