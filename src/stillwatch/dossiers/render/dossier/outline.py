"""The outline of a dossier: every section as blocks, from the frozen document alone."""

from collections.abc import Iterator
from typing import Final

from stillwatch.dossiers.calibrated import SCALE
from stillwatch.dossiers.channel import CHANNELS
from stillwatch.dossiers.dossier import Dossier
from stillwatch.dossiers.observed_part import Measured
from stillwatch.dossiers.render import numbers
from stillwatch.dossiers.render.dossier import annex, weighed
from stillwatch.dossiers.render.dossier.blocks import (
    Block,
    Bullets,
    Column,
    Days,
    Facts,
    Heading,
    Outline,
    Panel,
    Panels,
    Paragraph,
    Spans,
    Table,
    Value,
    Words,
)
from stillwatch.dossiers.render.dossier.glossary import GLOSSARY
from stillwatch.dossiers.render.dossier.words import Speaker, in_words, interval_in_words, spread_of, value, words

UNKNOWN: Final = "unknown"
MOST_DAYS: Final = 62  # columns that can be told apart on paper
KEY_FIGURES: Final = (
    ("Accounts", "campaign.n_accounts"),
    ("Answered exchanges", "campaign.exchanges"),
    ("Output tokens", "taken.output_tokens"),
    ("Price at list", "taken.price"),
    ("Coordination by chance, q", "campaign.q_value"),
)


def outline(dossier: Dossier) -> Outline:
    """Return a dossier as blocks, in the order in which it is read."""
    speak = Speaker(dossier)
    blocks = (
        *_top(dossier, speak),
        *_observed(dossier, speak),
        *_taken(dossier, speak),
        *_timeline(dossier, speak),
        *weighed.explained(dossier, speak),
        *weighed.countered(dossier, speak),
        *weighed.looked_alike(dossier, speak),
        *weighed.criteria(dossier, speak),
        *_attributed(dossier, speak),
        *_closing(dossier, speak),
        *annex.annexes(dossier, speak),
    )
    title: Spans = (Words("Dossier on campaign "), Value(dossier.campaign_id, is_code=True))
    span = f"Traffic of {numbers.day(dossier.traffic_from)} to {numbers.day(dossier.traffic_to)} (UTC)"
    footer = f"stillwatch {dossier.stillwatch_version} · {dossier.schema}"
    return Outline(title, words(span), _verdict(dossier, speak), dossier.inference.is_accusation, blocks, footer)


def _verdict(dossier: Dossier, speak: Speaker) -> Spans:
    """Return the whole in three sentences: what, how sure, by whom; and what it is not."""
    judged = dossier.inference.judgement
    what = "Accused of unauthorised distillation" if dossier.inference.is_accusation else "Not accused"
    posterior = speak.number(judged.p)
    spread, ends = spread_of(posterior), interval_in_words(posterior)
    within = (f"; with its uncertainty {spread}" if spread else "") + (f", which is {ends}" if ends else "")
    answers = dossier.attribution.organisations
    who: Spans = (Words(" Who is behind it is not known."),)
    if answers and answers[0].name != UNKNOWN:
        said = f" (on weak grounds: {in_words(speak.number(answers[0].judgement.p))})."
        who = (Words(" Who may be behind it: "), Value(answers[0].title), Words(said))
    return (
        Words(f"{what}. Of the explanations that were weighed, '"), *speak.spans(dossier.title),
        Words(f"' is {judged.term} ("), *speak.figure(judged.p), Words(f"{within})."),
        *who, Words(" This is a finding from a log and no verdict; what speaks against it has a part of its own."),
    )  # fmt: skip


def _top(dossier: Dossier, speak: Speaker) -> Iterator[Block]:
    known = {number.ref for number in dossier.numbers}
    yield Facts(
        (
            *((label, speak.figure(ref)) for label, ref in KEY_FIGURES if ref in known),
            ("Posterior probability", speak.figure(dossier.inference.judgement.p, with_spread=True)),
        )
    )
    observation, inference, attribution = dossier.observation, dossier.inference, dossier.attribution
    yield Panels(
        (
            Panel("Observation", observation.confidence.level, speak.all(observation.summary),
                  speak.all(observation.confidence.because)),
            Panel("Inference", inference.confidence.level, speak.all(inference.summary),
                  speak.all(inference.confidence.because)),
            Panel("Attribution", attribution.confidence.level, speak.all(attribution.summary),
                  speak.all(attribution.confidence.because)),
        )
    )  # fmt: skip
    yield Paragraph(
        words("Each number has a small print number: the register in annex A says what it is, how uncertain it is, how it was "
              "computed and from which rows. 'stillwatch dossier trace' computes it again from a case."),
        "note",
    )  # fmt: skip
    yield Heading(3, words("Words that are used here"), "words")
    yield Bullets(tuple(words(f"{word}: {meaning}") for word, meaning in GLOSSARY.items()))
    if dossier.history:
        yield Heading(3, words("What came before"), "history")
        yield Bullets(speak.all(dossier.history))


def _observed(dossier: Dossier, speak: Speaker) -> Iterator[Block]:
    part = dossier.observation
    yield Heading(2, words("What was seen"), "seen")
    yield Paragraph(
        words("Numbers without inference, beside the same on groups of strangers with the same activity."), "note"
    )
    for caption, rows in _by_channel(part.measured):
        yield Table(
            caption,
            (Column("Observation", width=4), Column("Here", is_number=True, width=3), Column("Matched controls", is_number=True,
             width=3), Column("Honest traffic shows it too", width=4)),
            tuple(
                (value(row.title), speak.figure(row.value, with_spread=True),
                 speak.figure(row.comparison, with_spread=True) if row.comparison else words("none"),
                 value(row.innocent_reading))
                for row in rows
            ),
        )  # fmt: skip
    if part.tests:
        yield Table(
            "Tests of coordination",
            (Column("Null: what chance would do", width=5), Column("Seen", is_number=True), Column("Under the null, mean",
             is_number=True), Column("99th percentile", is_number=True), Column("p", is_number=True), Column("Counted")),
            tuple(
                (value(row.null), speak.figure(row.statistic), speak.figure(row.null_mean), speak.figure(row.null_high),
                 speak.figure(row.p_value), words("no: it formed the group" if row.is_selection else "yes"))
                for row in part.tests
            ),
        )  # fmt: skip
    if part.shared:
        yield Table(
            "Shared values",
            (Column("Kind", width=2), Column("Value", width=4), Column("Members", is_number=True), Column("Others",
             is_number=True)),
            tuple(
                (value(row.kind), value(row.value, is_code=True), speak.figure(row.inside), speak.figure(row.outside))
                for row in part.shared
            ),
        )  # fmt: skip
    if part.not_computed:
        yield Heading(3, words("What could not be seen"), "unseen")
        yield Bullets(speak.all(part.not_computed))


def _by_channel(measured: tuple[Measured, ...]) -> Iterator[tuple[str, list[Measured]]]:
    """Yield the observations of each family of evidence, with its title; families that are not known come last."""
    names = [*CHANNELS, *sorted({row.channel for row in measured} - set(CHANNELS))]
    for name in names:
        rows = [row for row in measured if row.channel == name]
        if rows:
            yield CHANNELS.get(name, name), rows


def _taken(dossier: Dossier, speak: Speaker) -> Iterator[Block]:
    part = dossier.taken
    yield Heading(2, words("What was taken"), "taken")
    for said in speak.all(part.summary):
        yield Paragraph(said)
    if part.takes:
        yield Table(
            "By model",
            (Column("Model", width=2), Column("Exchanges", is_number=True), Column("Input tokens", is_number=True),
             Column("of them cached", is_number=True), Column("Output tokens", is_number=True), Column("Price at list",
             is_number=True)),
            tuple(
                (value(row.model), *(speak.figure(ref) for ref in (row.exchanges, row.input_tokens, row.cached_tokens,
                 row.output_tokens)), speak.figure(row.price) if row.price else words("not given"))
                for row in part.takes
            ),
        )  # fmt: skip
    if part.capabilities:
        order = sorted(part.capabilities, key=lambda c: -(speak.number(c.share).value or 0.0))
        yield Table(
            "What the requests exercise",
            (Column("Capability", width=2), Column("Share of the slice", is_number=True, width=2), Column("Traffic at large",
             is_number=True)),
            tuple(
                (value(row.name.replace("_", " ")), speak.figure(row.share, with_spread=True), speak.figure(row.at_large))
                for row in order
            ),
        )  # fmt: skip


def _timeline(dossier: Dossier, speak: Speaker) -> Iterator[Block]:
    part = dossier.timeline
    yield Heading(2, words("When"), "when")
    if part.days.extraction:
        yield _days(dossier)
    yield Table(
        "Events",
        (Column("When", width=2), Column("What", width=5), Column("Of")),
        tuple(
            (words(numbers.instant(event.at)), speak.spans(event.said), words(event.kind.replace("_", " ")))
            for event in part.events
        ),
    )
    yield Heading(3, words("Beside the development of other models"), "development")
    for said in speak.all(part.correlation):
        yield Paragraph(said)


def _days(dossier: Dossier) -> Days:
    days = dossier.timeline.days
    together = max(-(-len(days.extraction) // MOST_DAYS), -(-86_400 // days.step_s) if days.step_s < 86_400 else 1)
    starts = range(0, len(days.extraction), together)
    last = days.start_at.timestamp() + days.step_s * len(days.extraction) - 1
    length = numbers.span(days.step_s * together)
    return Days(
        f"Exchanges of the slice, and the members' other traffic above it, in steps of {length}.",
        (numbers.day(days.start_at), numbers.day(type(days.start_at).fromtimestamp(last, days.start_at.tzinfo))),
        tuple(sum(days.extraction[i : i + together]) for i in starts),
        tuple(sum(days.own[i : i + together]) for i in starts),
    )


def _attributed(dossier: Dossier, speak: Speaker) -> Iterator[Block]:
    part = dossier.attribution
    yield Heading(2, words("Who may be behind it"), "attribution")
    yield Paragraph(
        words("Apart from the finding, and weaker. The question is for whom an exchange of the slice was sent, so that a pool "
              "with several customers is split. Unknown is always an answer; country and language are never looked at."),
        "note",
    )  # fmt: skip
    yield Table(
        "Organisations as hypotheses",
        (Column("Answer", width=2), Column("Probability", is_number=True), Column("In words (its interval)", width=2), Column("Speaks for",
         width=4), Column("Speaks against", width=4)),
        tuple(
            (value(row.title), speak.figure(row.judgement.p, with_spread=True), words(in_words(speak.number(row.judgement.p))),
             speak.all(row.speaks_for), speak.all(row.speaks_against))
            for row in part.organisations
        ),
    )  # fmt: skip
    yield Table(
        "Parts of the pool",
        (Column("Part", width=4), Column("Accounts", is_number=True), Column("Exchanges", is_number=True)),
        tuple((speak.spans(row.title), speak.figure(row.accounts), speak.figure(row.exchanges)) for row in part.parts),
    )
    scale = "; ".join(f"{term}: {low:.0%} to {high:.0%}" for term, low, high in SCALE)
    yield Paragraph(
        words(f"Words of probability, after Intelligence Community Directive 203: {scale}. Confidence is something else: how far "
              "the ground of a judgement can be trusted."), "note",
    )  # fmt: skip


def _closing(dossier: Dossier, speak: Speaker) -> Iterator[Block]:
    for title, anchor, statements in (
        ("Limits", "limits", dossier.limits),
        ("What would change our mind", "change", dossier.would_change),
        ("How to object", "appeal", dossier.appeal),
    ):
        yield Heading(2, words(title), anchor)
        yield Bullets(speak.all(statements))
