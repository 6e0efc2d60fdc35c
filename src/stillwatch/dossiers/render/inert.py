"""Make text from the outside inert and visible: what a reader sees is what is there, and nothing of it acts.

Escaping for HTML is the template engine's work. This module handles what escaping leaves alone: control and
direction characters, invisible letters, floods of combining marks and values of any length.
"""

import hashlib
import unicodedata
from typing import Final

MAX_MARKS: Final = 3  # combining marks on one letter; more than any living script needs
INLINE_CHARACTERS: Final = 44  # a fingerprint of 40 hex digits still fits whole
SENTENCE_CHARACTERS: Final = 1200  # no sentence of ours is longer; only a hostile value makes one so
DIGEST_DIGITS: Final = 8  # tells shortened values apart by eye; the whole value stands in the document

_HIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARK_CATEGORIES: Final = frozenset({"Mn", "Mc", "Me"})
_BLANK_LETTERS: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")  # drawn as nothing


def visible(text: str) -> str:
    """Return the text with every character that hides, reorders or floods written as ``<U+202E>`` in angle marks.

    Plain printable text comes back unchanged.
    """
    if text.isascii() and text.isprintable():
        return text
    parts: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in _MARK_CATEGORIES else 0
        if character != " " and (category in _HIDDEN_CATEGORIES or category == "Zs" or character in _BLANK_LETTERS):
            parts.append(f"⟨U+{ord(character):04X}⟩")
        elif marks > MAX_MARKS:
            if marks == MAX_MARKS + 1:
                parts.append("⟨more marks⟩")
        else:
            parts.append(character)
    return "".join(parts)


def sentence(text: str) -> str:
    """Return a sentence made visible and cut where no sentence of ours would reach."""
    shown = visible(text[: SENTENCE_CHARACTERS + 1])
    return shown if len(shown) <= SENTENCE_CHARACTERS else shown[:SENTENCE_CHARACTERS] + " … (cut)"


def is_long(text: str) -> bool:
    """Return whether ``short`` leaves something of the text out."""
    return len(text) > INLINE_CHARACTERS or len(visible(text)) > INLINE_CHARACTERS


def short(text: str) -> str:
    """Return an identifier made visible and, where it is long, shortened in the middle with a digest of the whole."""
    if not is_long(text):
        return visible(text) or "(empty)"
    head, tail = visible(text[:20])[:20], visible(text[-8:])[-8:]
    return f"{head}…{tail} #{digest(text)}"


def digest(text: str) -> str:
    """Return the first hex digits of the SHA-256 of the text, to tell shortened values apart."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_DIGITS]
