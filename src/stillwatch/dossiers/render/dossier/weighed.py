"""The sections that weigh: rival hypotheses, the case for the other side, look-alikes, and what is asked for in public."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from stillwatch.dossiers.dossier import Dossier
from stillwatch.dossiers.inferred_part import Rival, Waterfall
from stillwatch.dossiers.observed_part import Member
from stillwatch.dossiers.render import numbers
from stillwatch.dossiers.render.dossier.blocks import (
    Bar,
    Block,
    Bullets,
    Cell,
    Column,
    Heading,
    Mark,
    Paragraph,
    Spans,
    Table,
)
from stillwatch.dossiers.render.dossier.words import Speaker, in_words, value, words
from stillwatch.dossiers.weighed_part import MIXED, NOT_OBSERVABLE, NOT_OBSERVED, OBSERVED

TONES: Final = {OBSERVED: "for", NOT_OBSERVED: "against", MIXED: "mixed", NOT_OBSERVABLE: "quiet"}
SHARED_COLUMNS: Final = {"ip": "IP address"}


def explained(dossier: Dossier, speak: Speaker) -> Iterator[Block]:
    """Yield the rivals, the waterfalls and what the leading one rests on."""
    part = dossier.inference
    yield Heading(2, words("What explains it"), "explained")
    yield Table(
        "Rival explanations, weighed on the same observations",
        (Column("Explanation", width=4), Column("Posterior", is_number=True), Column("In words (its interval)", width=2), Column("Evidence and "
         "prior", is_number=True), Column("Predictions that fit", is_number=True)),
        tuple(_rival(rival, speak) for rival in part.rivals),
    )  # fmt: skip
    for waterfall in part.waterfalls:
        yield _waterfall(waterfall, part.rivals[0], speak)
    leading = part.rivals[0]
    yield Heading(3, words("What the leading explanation rests on"), "rests-on")
    yield Table(
        "Its predictions, the weightiest first",
        (Column("Observation", width=4), Column("Seen", is_number=True, width=2), Column("Predicted, and why", width=5),
         Column("Weight", is_number=True), Column("Fits", width=2)),
        tuple(
            (value(w.title), speak.figure(w.observation, with_spread=True) if w.observation != w.bits else words("—"),
             speak.spans(w.expected), speak.figure(w.bits), _fit(is_met=w.is_met, is_fragile=w.is_fragile))
            for w in leading.weights
        ),
    )  # fmt: skip


def _fit(*, is_met: bool, is_fragile: bool) -> Mark:
    text = "yes" if is_met else "no"
    return Mark(
        text + (", but its interval reaches over the edge" if is_fragile else ""), "for" if is_met else "against"
    )


def _rival(rival: Rival, speak: Speaker) -> tuple[Cell, ...]:
    met = sum(w.is_met for w in rival.weights)
    return (value(rival.title), speak.figure(rival.posterior, with_spread=True),
            words(in_words(speak.number(rival.posterior))), speak.figure(rival.bits), words(f"{met} of {len(rival.weights)}"))  # fmt: skip


def _waterfall(waterfall: Waterfall, leading: Rival, speak: Speaker) -> Table:
    rows, running = [], 0.0
    ends = [0.0]
    for step in waterfall.steps[:-1]:
        running += speak.number(step.bits).value or 0.0
        ends.append(running)
    low, high = min(ends), max(ends)
    running = 0.0
    for step in waterfall.steps:
        bits = speak.number(step.bits).value or 0.0
        is_total = step is waterfall.steps[-1]
        start, end = (0.0, bits) if is_total else (running, running + bits)
        running = end
        tone = "sum" if is_total else "for" if bits >= 0 else "against"
        words_ = words(step.title) if not is_total else words(f"{step.title}: {numbers.odds(bits)}")
        rows.append((words_, speak.figure(step.bits), Bar(start, end, min(low, 0.0), max(high, 0.0), tone)))
    return Table(
        f"From prior to posterior odds: {leading.title}, against {waterfall.rival}",
        (Column("Family of evidence", width=4), Column("Bits", is_number=True), Column("Sum so far", width=4)),
        tuple(rows),
    )


def countered(dossier: Dossier, speak: Speaker) -> Iterator[Block]:
    """Yield the case for the other side."""
    part = dossier.counter
    yield Heading(2, words("The case for the other side"), "counter")
    yield Paragraph(
        words("What a defender would say, from the evidence against and the weakest links of the chain."), "note"
    )
    for point in part.points:
        yield Heading(3, value(point.title), "")
        yield Bullets(speak.all(point.said))
    if part.omissions:
        yield Table(
            "The finding without each family of evidence",
            (Column("Left out", width=4), Column("Worth against the runner-up", is_number=True), Column("Posterior without it",
             is_number=True), Column("What leads then", width=3), Column("Finding", width=2)),
            tuple(
                (words(row.title), speak.figure(row.bits), speak.figure(row.posterior), value(row.leading),
                 Mark("stands", "for") if row.stands else Mark("falls", "against"))
                for row in part.omissions
            ),
        )  # fmt: skip
    if part.weakest:
        yield member_table("The most weakly tied accounts", part.weakest)


def member_table(caption: str, members: tuple[Member, ...]) -> Table:
    """Return a table of accounts."""
    return Table(
        caption,
        (Column("Account", width=4), Column("Belongs", is_number=True), Column("Exchanges", is_number=True), Column("Other "
         "traffic", is_number=True), Column("Families", is_number=True), Column("Shares with members", width=4)),
        tuple(
            (value(m.account_id, is_code=True), words("—" if m.p_group is None else numbers.certainty(m.p_group)),
             *(words("—" if n is None else numbers.count(n)) for n in (m.exchanges, m.other_exchanges, m.families)),
             value(", ".join(_column(name) for name in m.shares) or "nothing"))
            for m in members
        ),
    )  # fmt: skip


def _column(name: str) -> str:
    return SHARED_COLUMNS.get(name, name.removesuffix("_fingerprint").removesuffix("_id").replace("_", " "))


def looked_alike(dossier: Dossier, speak: Speaker) -> Iterator[Block]:
    """Yield the look-alikes that were considered."""
    yield Heading(2, words("Look-alikes that were considered"), "look-alikes")
    tones = {"set aside": "for", "not set aside": "against", "the finding itself": "sum"}
    yield Table(
        "Honest traffic that resembles a campaign",
        (Column("Look-alike", width=3), Column("What tells it apart", width=4), Column("Standing", width=2), Column("Here",
         width=6)),
        tuple(
            (words(row.title), words(row.tells_apart), Mark(row.standing, tones.get(row.standing, "quiet")), speak.all(row.said))
            for row in dossier.look_alikes
        ),
    )  # fmt: skip


def criteria(dossier: Dossier, speak: Speaker) -> Iterator[Block]:
    """Yield statutory factors, indicators and techniques, framework by framework."""
    yield Heading(2, words("Factors, indicators and techniques"), "criteria")
    yield Paragraph(
        words("A number speaks for a factor where the lower end of its interval is above every matched control, or at "
              "least above their mean. Mixed: some numbers show it and others do not, which need not speak against it. No factor decides: honest traffic shows each. Whether they amount to purpose in law is for "
              "counsel."), "note",
    )  # fmt: skip
    for framework, group in groupby(dossier.criteria, key=lambda c: c.framework):
        yield Table(
            framework,
            (Column("", width=2), Column("Asked for", width=4), Column("Standing", width=2), Column("Speaks for", width=6),
             Column("Speaks against it, shows nothing, or could not be seen", width=6)),
            tuple(
                (value(c.id), value(c.title), Mark(c.standing, TONES[c.standing]), speak.all(c.speaks_for),
                 _against(speak.all(c.speaks_against), speak.all(c.not_observable)))
                for c in group
            ),
        )  # fmt: skip


def _against(against: tuple[Spans, ...], unseen: tuple[Spans, ...]) -> tuple[Spans, ...]:
    return (*against, *((*words("Not observable here: "), *spans) for spans in unseen))
