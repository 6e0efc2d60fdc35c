"""Where a text looks as if it held personal data or a secret.

Leans towards too much: what is covered for nothing costs a reader a word, what is missed costs somebody their privacy.
It is the second line; the first is that only shared text is shown (``shared_text``). Misses are measured:
docs/custody.md.

Source: ours: docs/decisions; telephone numbers by phonenumbers (Google's libphonenumber).
"""

import importlib
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from stillwatch.errors import UsageError
from stillwatch.pipeline.exemplars.view import View, views

PATTERNS: Final = "patterns-2026-11b"
MOST_CHARACTERS: Final = 20_000  # of one text; what is longer is cut before it is looked at, and shown no further
NAME_WORD: Final = re.compile(r"[^\W\d_]{4,}")
NO_NAMES: Final = frozenset(
    {
        *("about", "account", "after", "also", "before", "billing", "contact", "customer", "data", "dear", "email"),
        *("from", "have", "hello", "help", "here", "info", "into", "mail", "name", "office", "only", "other", "please"),
        *("request", "sales", "service", "should", "support", "team", "thank", "thanks", "that", "their", "them"),
        *("then", "there", "these", "they", "this", "user", "very", "were", "what", "when", "where", "which", "with"),
        *("would", "write", "your"),
    }
)
"""Words that stand beside names often and are none; they are not looked for again."""
REGIONS: Final = (None, "US", "GB", "DE", "FR", "IN", "CN", "JP", "KR", "TH", "RU", "BR")
"""Regions whose national forms are tried; international forms need none. Where a number is from is not kept."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text, [start, end) in characters, and what it looks like."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class _Pattern:
    kind: str
    regex: re.Pattern[str]
    needs_capitals: bool


def detect(text: str) -> list[Span]:
    """Return the spans that look like personal data or secrets, merged and sorted; the strongest kind names each.

    Args:
        text: at most ``MOST_CHARACTERS``.

    Raises:
        UsageError: the library of telephone numbers is not installed.
    """
    found: list[Span] = []
    for view in views(text):
        found += _in_view(view)
    return merged(found + repeated(text, found))


def repeated(text: str, found: list[Span]) -> list[Span]:
    """Return where else in a text the words of a name or of a mail address stand, as whole words and in any case.

    A name that is announced once is said again without its title, and in small letters.
    """
    words = {
        word.casefold()
        for span in found
        if span.kind in {"name", "email"}
        for word in NAME_WORD.findall(text[span.start : span.end].partition("@")[0])
        if word.casefold() not in NO_NAMES
    }
    return [Span(*match.span(), "name") for match in NAME_WORD.finditer(text) if words and match[0].casefold() in words]


def merged(spans: list[Span]) -> list[Span]:
    """Return spans that do not touch, in order; of those that overlap the longest gives the kind."""
    result: list[Span] = []
    longest = 0
    for span in sorted(spans, key=lambda one: (one.start, -one.end, one.kind)):
        if result and span.start < result[-1].end:
            last = result[-1]
            kind = span.kind if span.end - span.start > longest else last.kind
            longest = max(longest, span.end - span.start)
            result[-1] = Span(last.start, max(last.end, span.end), kind)
        else:
            result.append(span)
            longest = span.end - span.start
    return result


def _in_view(view: View) -> list[Span]:
    if not view.text:
        return []
    found = []
    for pattern in _patterns():
        for match in pattern.regex.finditer(view.text):
            start, end = match.span(match.lastindex or 0)
            if start < end and not (pattern.needs_capitals and not _has_capitals(match[0])):
                found.append(Span(*view.span(start, end), pattern.kind))
    return found + _telephones(view)


def _telephones(view: View) -> list[Span]:
    library = _phonenumbers()
    return [
        Span(*view.span(match.start, match.end), "phone")
        for region in REGIONS
        for match in library.PhoneNumberMatcher(view.text, region, leniency=library.Leniency.VALID)
    ]


def _has_capitals(text: str) -> bool:
    """Return whether each word begins with a capital; scripts without capitals have none."""
    words = [word for word in text.split() if word[0].isupper()]
    return len(words) >= 2


@cache
def _patterns() -> tuple[_Pattern, ...]:
    source = files("stillwatch.pipeline.exemplars").joinpath(f"{PATTERNS}.toml").read_text(encoding="utf-8")
    return tuple(
        _Pattern(one["kind"], re.compile(one["regex"]), bool(one.get("needs_capitals", False)))
        for one in tomllib.loads(source)["pattern"]
    )


def _phonenumbers() -> Any:
    try:
        return importlib.import_module("phonenumbers")
    except ImportError:
        raise UsageError(
            "exemplars", "need a further package", fix="Install it: pip install 'stillwatch[exemplars]'."
        ) from None
