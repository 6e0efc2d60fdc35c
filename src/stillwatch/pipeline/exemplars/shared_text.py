"""Which words of an exchange many accounts have in common: only those are shown.

What a campaign's accounts share is the template, which is the evidence. What one of them wrote alone is somebody's own
text, whatever language it is in and whether or not a detector would know it: names, addresses, stories. So a word is
shown only inside a run of words that several accounts sent, and everything else is left out.

Guarantee: a run of fewer than ``SHINGLE_WORDS`` words, or one that fewer than ``LEAST_ACCOUNTS`` accounts sent, is
never shown, bar equal 64-bit digests of different runs.

Source: Sweeney 2002, k-anonymity; Broder 1997, On the resemblance and containment of documents (shingles).
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

LEAST_ACCOUNTS: Final = 5  # as many as share a phrase before a scan calls it one
SHINGLE_WORDS: Final = 4  # as in the sketches
MOST_WORDS: Final = 6_000  # of one text; what is longer is not counted
_WORD: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]|[^\W_]+")


class SharedText:
    """Counts by how many accounts each run of words was sent."""

    def __init__(self) -> None:
        self._holders: dict[bytes, set[str]] = {}

    def add(self, account_id: str, text: str) -> None:
        """Count the runs of a text as sent by an account."""
        words = _words(text)
        for at in range(len(words) - SHINGLE_WORDS + 1):
            holders = self._holders.setdefault(_digest(words, at), set())
            if len(holders) < LEAST_ACCOUNTS:
                holders.add(account_id)

    def shown(self, text: str) -> list[tuple[int, int]]:
        """Return the stretches of a text that are shared, [start, end) in characters, from word to word."""
        words = _words(text)
        spans: list[tuple[int, int]] = []
        for at in range(len(words) - SHINGLE_WORDS + 1):
            if len(self._holders.get(_digest(words, at), ())) < LEAST_ACCOUNTS:
                continue
            start, end = words[at][1], words[at + SHINGLE_WORDS - 1][2]
            if spans and start <= spans[-1][1]:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
        return spans


def count_words(text: str) -> int:
    """Return the number of words in a text."""
    return sum(1 for _ in _WORD.finditer(text))


def covered(spans: Iterable[tuple[int, int]]) -> int:
    """Return how many characters spans cover."""
    return sum(end - start for start, end in spans)


def _words(text: str) -> list[tuple[str, int, int]]:
    found = []
    for match in _WORD.finditer(text):
        found.append((unicodedata.normalize("NFKC", match[0]).casefold(), match.start(), match.end()))
        if len(found) == MOST_WORDS:
            break
    return found


def _digest(words: list[tuple[str, int, int]], at: int) -> bytes:
    run = "\x00".join(word for word, _, _ in words[at : at + SHINGLE_WORDS])
    return hashlib.blake2b(run.encode("utf-8", "surrogatepass"), digest_size=8).digest()
