"""From a text to what may be shown of it: shared stretches, without what looks like personal data or a secret."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from stillwatch.pipeline.exemplars.detection import Span, detect
from stillwatch.pipeline.exemplars.shared_text import SharedText, count_words

NOT_SHARED: Final = "not shared"
MOST_MARKS: Final = 3  # a full stop, a closing quote, a line end: they say nothing of anybody
MOST_ROUNDS: Final = 4  # what is covered may let a pattern see its neighbours anew


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of an exchange: its text, or why it is not shown and how many words that leaves out."""

    text: str | None
    left_out: str | None = None
    n_words: int = 0

    def as_document(self) -> dict[str, Any]:
        """Return the segment as plain JSON values."""
        if self.text is not None:
            return {"text": self.text}
        return {"left_out": self.left_out, "n_words": self.n_words}


def redacted(text: str, shared: SharedText) -> list[Segment]:
    """Return a text in segments of which only shared, harmless-looking ones have their text.

    Guarantee: a segment's text is shared by several accounts (or at most ``MOST_MARKS`` characters that are no part of
    a word), and ``detect`` finds nothing in it, alone or where it stands.
    """
    reasons: list[str | None] = [NOT_SHARED] * len(text)
    for start, end in shared.shown(text):
        reasons[start:end] = [None] * (end - start)
    for span in detect(text):
        _cover(reasons, span, 0)
    for _ in range(MOST_ROUNDS):
        found = [(start, span) for start, end in _shown(reasons) for span in detect(text[start:end])]
        if not found:
            return _segments(text, reasons)
        for start, span in found:
            _cover(reasons, span, start)
    return [Segment(None, "unsettled", count_words(text))]


def left_out(segments: list[Segment]) -> Counter[str]:
    """Return how many stretches were left out, by reason."""
    return Counter(segment.left_out for segment in segments if segment.left_out is not None)


def _cover(reasons: list[str | None], span: Span, offset: int) -> None:
    for at in range(span.start + offset, span.end + offset):
        if reasons[at] is None:
            reasons[at] = span.kind


def _runs(reasons: list[str | None]) -> Iterator[tuple[int, int, str | None]]:
    start = 0
    for at in range(1, len(reasons) + 1):
        if at == len(reasons) or reasons[at] != reasons[start]:
            yield start, at, reasons[start]
            start = at


def _shown(reasons: list[str | None]) -> list[tuple[int, int]]:
    return [(start, end) for start, end, reason in _runs(reasons) if reason is None]


def _segments(text: str, reasons: list[str | None]) -> list[Segment]:
    found = []
    for start, end, reason in _runs(reasons):
        part = text[start:end]
        if reason is None or (reason == NOT_SHARED and len(part) <= MOST_MARKS and not count_words(part)):
            found.append(Segment(part))
        else:
            found.append(Segment(None, reason, count_words(part)))
    return found
