"""What explains a group, in rows of the case: hypotheses, their evidence on both sides, and published indicators."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from stillwatch.assessments.catalogue import KINDS
from stillwatch.assessments.credible import Band
from stillwatch.assessments.hypothesis import ScoredHypothesis
from stillwatch.assessments.indicator import PUBLISHED
from stillwatch.assessments.observation import Observation, described
from stillwatch.assessments.wording import controls_words, expected_words, seen_words
from stillwatch.dossiers.case import Evidence, Hypothesis, Indicator
from stillwatch.dossiers.rounding import rounded
from stillwatch.pipeline.finding import Finding


def hypothesis_row(item: ScoredHypothesis, band: Band | None, seen: Mapping[str, Observation]) -> Hypothesis:
    """Return a hypothesis as it was weighed, with the interval of its posterior where one is known."""
    evidence = tuple(
        Evidence(
            w.expectation.observation,
            KINDS[w.expectation.observation].title,
            w.channel,
            rounded(w.bits),
            seen_words(w.expectation, seen[w.expectation.observation]),
            w.expectation.because,
            w.needs,
            expected_words(w.expectation, seen[w.expectation.observation], w.bits),
        )
        for w in item.evidence
    )
    low, high = (None, None) if band is None else (rounded(band.low), rounded(band.high))
    return Hypothesis(item.name, item.title, rounded(item.posterior), rounded(item.bits), evidence, low, high)


def both_sides(best: Hypothesis, seen: Mapping[str, Observation]) -> tuple[tuple[Evidence, ...], tuple[Evidence, ...]]:
    """Return what was weighed for the best hypothesis and what against it, each beside what matched controls show."""
    rows = [replace(row, controls=controls_words(seen[row.name])) for row in best.evidence]
    return _told_once(row for row in rows if row.bits > 0), _told_once(row for row in rows if row.bits < 0)


def _told_once(rows: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Return evidence with the steps of one scale put together: one observation, with all ranges that were expected."""
    found: dict[str, Evidence] = {}
    for row in rows:
        held = found.get(row.name)
        found[row.name] = row if held is None else replace(
            held,
            bits=rounded(held.bits + row.bits),
            expected=f"{held.expected}, and {row.expected}",
            because=f"{held.because}; {row.because}",
        )  # fmt: skip
    return tuple(sorted(found.values(), key=lambda row: -abs(row.bits)))


def indicator_rows(finding: Finding) -> tuple[Indicator, ...]:
    """Return every published indicator with what was seen of it, and its innocent reading."""
    found = []
    for published in PUBLISHED:
        seen = finding.observations[published.observation]
        found.append(
            Indicator(
                published.observation,
                published.title,
                published.source,
                None if seen.value is None else rounded(seen.value),
                None if seen.comparison is None else rounded(seen.comparison),
                seen.kind.unit,
                described(seen.kind, seen.value),
                published.innocent_reading,
                seen.kind.title,
            )
        )
    return tuple(found)
