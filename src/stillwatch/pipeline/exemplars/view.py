"""Views of a text in which disguises are undone, with the way back to the text's own characters.

What is hidden from a pattern by invisible or look-alike characters, letters set apart, other digits or spelled-out
marks is seen in one of the views. Spans found there are carried back, so that the text itself is covered.

Source: Unicode Standard Annex 15 (compatibility forms) and Technical Standard 39 (confusables; a small part of it).
"""
# ruff: noqa: RUF001 - look-alike characters are the point

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_INVISIBLE: Final = frozenset({"Cf", "Me"})
_BLANK_LETTERS: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")
_TWINS: Final = {
    **dict(zip("асеорхуіјѕԁһАЕОРСТНКМВХУІЈЅ", "aceopxyijsdhAEOPCTHKMBXYIJS", strict=True)),
    **dict(zip("οανρικΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "oavpikABEZHIKMNOPTYX", strict=True)),
}
_MARKS: Final = {**dict.fromkeys("‐‑‒–—―−﹘﹣－", "-"), **dict.fromkeys("·・‧∙•", " "), "＠": "@"}
_APART: Final = re.compile(r"(?:\S {1,3}){5,}\S")
_BRACKETED: Final = r"\s{0,2}[\[({<]\s{0,2}(?:%s)\s{0,2}[\])}>]\s{0,2}"
_BARE_AT: Final = r"|\s(?:at|arroba)\s(?=\S+\s{0,2}(?:[\[(]|dot\s))"
_SPELLED: Final = (
    (re.compile(_BRACKETED % "at|ät|arroba|собака" + _BARE_AT, re.IGNORECASE), "@"),
    (re.compile(_BRACKETED % "dot|punkt|point|punto|точка" + r"|\sdot\s", re.IGNORECASE), "."),
)


@dataclass(frozen=True, slots=True)
class View:
    """A text as a pattern sees it; ``origin[i]`` is where character ``i`` stands in the text itself."""

    text: str
    origin: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the text itself that a span of the view covers, what is hidden inside it included."""
        return self.origin[start], self.origin[end - 1] + 1

    def replaced(self, pattern: re.Pattern[str], by: str) -> "View":
        """Return the view with each match written as ``by``, standing where the match began."""
        text: list[str] = []
        origin: list[int] = []
        at = 0
        for match in pattern.finditer(self.text):
            text.append(self.text[at : match.start()] + by)
            origin += [*self.origin[at : match.start()], *[self.origin[match.start()]] * len(by)]
            at = match.end()
        return View("".join(text) + self.text[at:], (*origin, *self.origin[at:]))


def views(text: str) -> Iterator[View]:
    """Yield the text's plain view, with look-alikes as they are; then those in which more is undone, if they differ."""
    plain = _plain(text)
    yield plain
    seen = {plain.text}
    twinned = View("".join(_TWINS.get(c, c) for c in plain.text), plain.origin)
    for base in (plain, twinned):
        together = _together(base)
        for one in (base, together, _spelled(base), _spelled(together)):
            if one.text not in seen:
                seen.add(one.text)
                yield one


def _plain(text: str) -> View:
    shown: list[str] = []
    origin: list[int] = []
    for at, character in enumerate(text):
        for one in _undone(character):
            shown.append(one)
            origin.append(at)
    return View("".join(shown), tuple(origin))


def _undone(character: str) -> str:
    if character.isascii():
        return character
    if unicodedata.category(character) in _INVISIBLE or character in _BLANK_LETTERS:
        return ""
    if character in _MARKS:
        return _MARKS[character]
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    whole = unicodedata.normalize("NFKC", character)
    return " " if whole.isspace() else whole


def _together(view: View) -> View:
    """Return the view with letters that are set apart joined."""
    text: list[str] = []
    origin: list[int] = []
    at = 0
    for match in _APART.finditer(view.text):
        kept = [i for i in range(match.start(), match.end()) if view.text[i] != " "]
        text.append(view.text[at : match.start()] + "".join(view.text[i] for i in kept))
        origin += [*view.origin[at : match.start()], *(view.origin[i] for i in kept)]
        at = match.end()
    return View("".join(text) + view.text[at:], (*origin, *view.origin[at:]))


def _spelled(view: View) -> View:
    for pattern, by in _SPELLED:
        view = view.replaced(pattern, by)
    return view
