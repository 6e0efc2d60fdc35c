"""The close of a dossier: its limits, what would change our mind, the way to object, and what came before."""

from collections.abc import Iterator
from typing import Final

from stillwatch.assessments.wording import range_words
from stillwatch.dossiers.freezing.case_folder import CaseFolder
from stillwatch.dossiers.freezing.given import Facts
from stillwatch.dossiers.freezing.inferred import Model
from stillwatch.dossiers.freezing.ledger import Ledger, shown
from stillwatch.dossiers.inferred_part import InferencePart
from stillwatch.dossiers.number import Statement, say

N_TURNS: Final = 6  # observations that would turn the finding, strongest first


def limits(case: CaseFolder) -> tuple[Statement, ...]:
    """Return what this dossier cannot say."""
    said = [
        say("It is a finding about traffic at one provider. It shows what accounts sent and how they belong together, and not "
            "what became of the answers: whether any model was trained on them is another question."),
        say("It holds no prompt and no answer. Who doubts what a template asks for must look at the traffic itself."),
        say("An account is not an organisation, and a group is not a verdict."),
        say("Posteriors hold among the explanations listed, with weights learned on made traffic."),
        say("The false discovery rate of [[v:0]] is over groups of one scan; it says nothing of each account.",
            f"{case.case.q_level:g}"),
        say("All figures of published campaigns that stand behind its indicators are claims of interested parties."),
    ]  # fmt: skip
    if case.case.funnel.quarantined:
        said.append(say("[[v:0]] records of the log could not be read.", f"{case.case.funnel.quarantined:,}"))
    return tuple(said)


def would_change(case: CaseFolder, inference: InferencePart, model: Model) -> Iterator[Statement]:
    """Yield concrete observations that would turn the finding or strengthen another explanation."""
    leading = inference.rivals[0]
    yield say("An authorisation that covers these accounts and this time, of whatever date it is shown.")
    yield say("An agreement by which one customer runs these accounts in the open, with disclosed end users.")
    yield say("A public source of the template with as many users, as far apart, who send at the same hours.")
    n = 0
    said = set()
    for weight in leading.weights:
        expectation = model.expectation(leading.name, weight.name, weight.expected.values[-1])
        if expectation is None or not weight.is_met or weight.observation == weight.bits or n >= N_TURNS:
            continue
        if weight.name in said:  # a further step of the same scale
            continue
        said.add(weight.name)
        n += 1
        yield say(
            f"Fuller or corrected records by which '[[v:0]]' is not [[v:1]]; seen was {shown(weight.observation)}, worth "
            f"{shown(weight.bits)}.", weight.title, range_words(expectation),
        )  # fmt: skip
    if len(inference.rivals) > 1:
        rival = inference.rivals[1]
        lacking = [w for w in rival.weights if not w.is_met][:2]
        for weight in lacking:
            words = weight.expected.text.replace("[[v:1]]", "[[v:3]]").replace("[[v:0]]", "[[v:2]]").rstrip(".")
            yield say(
                f"Records that speak for '[[v:0]]': '[[v:1]]' {words}; as it is, that is not so ({shown(weight.bits)}).",
                rival.title, weight.title, *weight.expected.values,
            )  # fmt: skip
    for item in case.campaign.missing[:N_TURNS]:
        yield say("'[[v:0]]', once the traffic has [[v:1]].", item.title, " or ".join(item.missing))


def appeal(facts: Facts) -> tuple[Statement, ...]:
    """Return how to object."""
    said = [say("[[v:0]]", facts.appeal)]
    if facts.contact:
        said.append(say("Objections go to: [[v:0]].", facts.contact))
    else:
        said.append(say("No address for objections was set (contact, in the file given with --settings)."))
    return tuple(said)


def history(case: CaseFolder, ledger: Ledger) -> tuple[Statement, ...]:
    """Return what earlier scans saw of the group and what analysts decided, as far as the case says."""
    return (*_lifecycle(case, ledger), *_decisions(case))


def _lifecycle(case: CaseFolder, ledger: Ledger) -> Iterator[Statement]:
    story = case.campaign.lifecycle
    if story is None:
        return
    yield say("The group is [[v:0]]; it was first reported on [[v:1]].", story.status, story.first_reported_on)
    if story.accused_on is not None:
        yield say("It was first accused on [[v:0]].", story.accused_on)
    if story.exchanges_lost is not None:
        ref = ledger.put("lifecycle.exchanges_lost", "exchanges of the slice in the window that first accused it",
                         float(story.exchanges_lost), "exchanges", rows=ledger.in_case("lifecycle.exchanges_lost"),
                         method="a count, kept by the state")  # fmt: skip
        yield say(f"{shown(ref)} exchanges had been taken before it was accused.")
    if story.replaces:
        yield say("It goes on for banned campaigns: [[v:0]].", ", ".join(story.replaces))
    if story.replaced_by:
        yield say("Other campaigns go on for it: [[v:0]].", ", ".join(story.replaced_by))
    for event in story.events:
        yield say("[[v:0]], [[v:1]]: [[v:2]]", event.day, event.kind, event.reason)


def _decisions(case: CaseFolder) -> tuple[Statement, ...]:
    desk = case.campaign.desk
    if desk is None:
        return ()
    by = f"{desk.by} on {desk.at:%Y-%m-%d}" if desk.by and desk.at else "nobody yet"
    said = [say("Analysts: [[v:0]], by [[v:1]]. [[v:2]]", desk.status, by, desk.reason)]
    if desk.matched_id != case.campaign.id:
        said.append(say("It continues the group [[v:0]] of an earlier scan.", desk.matched_id))
    said += [say("New since then: [[v:0]]", sentence) for sentence in desk.new_evidence]
    said += [
        say("Left out of accusations: [[v:0]], by [[v:1]]. [[v:2]]", one.account_id, one.by, one.reason)
        for one in desk.left_out
    ]
    return tuple(said)
