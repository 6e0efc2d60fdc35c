"""Extraction cues: phrases of a readable lexicon that a prompt or its system prompt has, as evidence in bits.

A phrase is matched as a run of tokens, so neither case nor punctuation nor invisible characters matter. Each distinct
phrase counts once; a rule adds bits where phrases of several kinds (marks) stand in one request. A cue's bits are
capped. Every cue has honest uses: the lexicon says how often each phrase stands in honest text, and no phrase has more
bits than that rate allows.

Source: lexicon: weights/cues-2026-11b.toml; ours: docs/decisions/0003-keyed-sketches.md
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from stillwatch.errors import SettingsError
from stillwatch.sketches.mixing import constant, mixed
from stillwatch.sketches.schema import CUES
from stillwatch.sketches.texts import I64Array
from stillwatch.sketches.tokens import Tokens, token_hashes

U64Array = npt.NDArray[np.uint64]

DEFAULT_LEXICON: Final = "cues-2026-11b.toml"
MAX_TOKENS: Final = 16  # of a phrase; a CJK character is a token
BITS_STEP: Final = 0.25  # bits are multiples of it, so that sums are exact in any order

PAIR: Final = np.uint64(constant("cuepair"))
STEPS: Final = tuple(np.uint64(constant("phrase", place)) for place in range(MAX_TOKENS))
_FILTER_SHIFT: Final = np.uint64(64 - 16)  # a table of 2**16 places tells which token pairs can begin a phrase


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase of the lexicon: its text, and which cue it is evidence for or which mark it gives."""

    text: str
    cue: str | None
    bits: float
    mark: str | None


@dataclass(frozen=True, slots=True)
class Rule:
    """Bits for phrases of several marks in one request."""

    marks: tuple[str, ...]
    cue: str
    bits: float


@dataclass(frozen=True, slots=True)
class CueHits:
    """Which phrases stand in which text: sorted rows, phrases beside them, and the number of texts."""

    rows: I64Array
    phrases: I64Array
    n_rows: int

    @classmethod
    def joined(cls, parts: Sequence["CueHits"]) -> Self:
        """Return the hits of consecutive texts."""
        firsts = np.cumsum([0, *(part.n_rows for part in parts)])
        rows = [part.rows + first for part, first in zip(parts, firsts, strict=False)]
        phrases = [part.phrases for part in parts]
        return cls(_concatenated(rows), _concatenated(phrases), int(firsts[-1]))

    def selected(self, rows: I64Array) -> "CueHits":
        """Return the hits of these texts, renumbered in the order given; a text may be given again."""
        begins = np.searchsorted(self.rows, rows, side="left")
        counts = np.searchsorted(self.rows, rows, side="right") - begins
        starts = np.cumsum(counts) - counts
        at = np.arange(int(counts.sum())) + np.repeat(begins - starts, counts)
        return CueHits(np.repeat(np.arange(len(rows)), counts), self.phrases[at], len(rows))


class Lexicon:
    """The phrases and rules of one release, ready to be matched.

    Args:
        name: of the release; dossiers name it.
        phrases: two tokens each at least, so that no single common word is a cue.
        rules: what marks say together.
        cap_bits: the most that one cue can have.
    """

    def __init__(self, name: str, phrases: Sequence[Phrase], rules: Sequence[Rule], cap_bits: float) -> None:
        self.name = name
        self.phrases = tuple(phrases)
        self.rules = tuple(rules)
        self.cap_bits = cap_bits
        self._marks = tuple(sorted({phrase.mark for phrase in phrases if phrase.mark}))
        sequences = [token_hashes(phrase.text) for phrase in phrases]
        for phrase, sequence in zip(phrases, sequences, strict=True):
            if not 2 <= len(sequence) <= MAX_TOKENS:
                raise SettingsError(name, f"phrase {phrase.text!r} has the wrong length", got=f"{len(sequence)} tokens")
        self._begun = np.zeros(1 << 16, np.uint32)
        self._by_length: dict[int, tuple[U64Array, I64Array]] = {}
        for sequence in sequences:
            self._begun[_filter_places(sequence[None, :2])] |= np.uint32(1 << len(sequence))
        self._filter = self._begun > 0
        for length in sorted({len(sequence) for sequence in sequences}):
            members = np.array([at for at, s in enumerate(sequences) if len(s) == length], np.int64)
            keys = _run_hashes(np.stack([sequences[at] for at in members]))
            order = np.argsort(keys, kind="stable")
            self._by_length[length] = keys[order], members[order]
        self._bits = np.zeros((len(phrases), len(CUES)))
        self._mark_of = np.full(len(phrases), -1, np.int64)
        for at, phrase in enumerate(phrases):
            if phrase.cue:
                self._bits[at, CUES.index(phrase.cue)] = phrase.bits
            if phrase.mark:
                self._mark_of[at] = self._marks.index(phrase.mark)

    @classmethod
    def load(cls, name: str = DEFAULT_LEXICON) -> Self:
        """Return a lexicon released inside the package."""
        text = resources.files("stillwatch.sketches").joinpath("weights", name).read_text("utf-8")
        return cls.from_toml(text, where=name)

    @classmethod
    def from_toml(cls, text: str, where: str = "lexicon") -> Self:
        """Return the lexicon in a TOML text.

        Raises:
            SettingsError: it is no TOML, or an entry is not understood.
        """
        try:
            content = tomllib.loads(text)
            phrases = [phrase for group in content["phrases"] for phrase in _group(group)]
            rules = [Rule(tuple(rule["marks"]), rule["cue"], float(rule["bits"])) for rule in content.get("rules", ())]
            name, cap_bits = str(content["name"]), float(content["cap_bits"])
        except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
            raise SettingsError(where, "is not a lexicon of cues", got=str(error)) from None
        known = {phrase.mark for phrase in phrases}
        entries: list[Phrase | Rule] = [*phrases, *rules]
        for entry in entries:
            if (entry.cue is not None and entry.cue not in CUES) or entry.bits < 0 or entry.bits % BITS_STEP:
                raise SettingsError(where, "has an entry that is not understood", got=repr(entry))
        for rule in rules:
            if not known.issuperset(rule.marks):
                raise SettingsError(where, "has a rule on a mark that no phrase gives", got=repr(rule))
        if len({phrase.text for phrase in phrases}) != len(phrases):
            raise SettingsError(where, "names a phrase twice")
        return cls(name, phrases, rules, cap_bits)

    def hits(self, tokens: Tokens) -> CueHits:
        """Return which phrases stand in which text, each once.

        Cost: two array operations a token; the rest only where a phrase may begin.
        """
        size = len(tokens.hashes)
        if size < 2 or not self._by_length:
            return CueHits(np.empty(0, np.int64), np.empty(0, np.int64), tokens.n_rows)
        pairs = np.stack([tokens.hashes[:-1], tokens.hashes[1:]], axis=1)
        at = np.flatnonzero(self._filter[_filter_places(pairs)])
        rows = np.searchsorted(tokens.offsets, at, side="right") - 1
        n_left = tokens.offsets[rows + 1] - at
        found: list[I64Array] = []
        for length, (keys, members) in self._by_length.items():
            fits = n_left >= length
            begins = at[fits]
            runs = _run_hashes(tokens.hashes[begins[:, None] + np.arange(length)])
            place = np.minimum(np.searchsorted(keys, runs), len(keys) - 1)
            is_equal = keys[place] == runs
            found.append(rows[fits][is_equal] * len(self.phrases) + members[place[is_equal]])
        return self.distinct(_concatenated(found), tokens.n_rows)

    def distinct(self, found: I64Array, n_rows: int) -> CueHits:
        """Return each phrase of each text once, from row * phrases + phrase in any order."""
        both = np.unique(found)
        return CueHits(both // len(self.phrases), both % len(self.phrases), n_rows)

    def tables(self) -> tuple[tuple[U64Array, npt.NDArray[np.uint32]], I64Array, U64Array, I64Array]:
        """Return the filter as bits, and the phrases by length, for the compiled kernels.

        Returns:
            The filter, 64 places a word, and the lengths of the phrases that begin at each place, a bit each; for each
            length from 0 on, where its phrases begin in the next two, and the end; the phrases' hashes, rising within
            a length; which phrase each is.
        """
        bits = np.packbits(self._filter, bitorder="little").view("<u8").astype(np.uint64)
        lengths = range(max(self._by_length, default=0) + 1)
        empty = np.empty(0, np.uint64), np.empty(0, np.int64)
        parts = [self._by_length.get(length, empty) for length in lengths]
        firsts = np.cumsum([0, *(len(keys) for keys, _ in parts)])
        return (
            (bits, self._begun),
            firsts,
            np.concatenate([keys for keys, _ in parts]),
            _concatenated([m for _, m in parts]),
        )

    def bits(self, prompts: CueHits, systems: CueHits) -> npt.NDArray[np.float32]:
        """Return each request's evidence for each cue, shape (rows, cues).

        Args:
            prompts: the hits of the prompts.
            systems: those of their system prompts, row by row; a phrase in both counts once.
        """
        n_rows, n_phrases = prompts.n_rows, max(len(self.phrases), 1)
        both = np.unique(
            np.concatenate([prompts.rows * n_phrases + prompts.phrases, systems.rows * n_phrases + systems.phrases])
        )
        rows, phrases = both // n_phrases, both % n_phrases
        bits = np.zeros((n_rows, len(CUES)))
        np.add.at(bits, rows, self._bits[phrases])
        has_mark = np.zeros((n_rows, len(self._marks)), np.bool_)
        is_marked = self._mark_of[phrases] >= 0
        has_mark[rows[is_marked], self._mark_of[phrases[is_marked]]] = True
        for rule in self.rules:
            together = has_mark[:, [self._marks.index(mark) for mark in rule.marks]].all(axis=1)
            bits[together, CUES.index(rule.cue)] += rule.bits
        return np.minimum(bits, self.cap_bits).astype(np.float32)


def _group(group: dict[str, Any]) -> Iterable[Phrase]:
    """Return the phrases of one group, in which all have the same cue, bits and mark."""
    unknown = set(group) - {"cue", "bits", "mark", "because", "texts"}
    if unknown:
        raise ValueError(f"unknown keys {sorted(unknown)}")
    for text in group["texts"]:
        yield Phrase(text, group.get("cue"), float(group.get("bits", 0.0)), group.get("mark"))


def _filter_places(pairs: U64Array) -> U64Array:
    return (pairs[:, 0] * PAIR + pairs[:, 1]) * PAIR >> _FILTER_SHIFT


def _run_hashes(runs: U64Array) -> U64Array:
    """Return one hash a run of tokens, shape (n, length) to (n,)."""
    sums = np.zeros(len(runs), np.uint64)
    for place in range(runs.shape[1]):
        sums += runs[:, place] * STEPS[place]
    return mixed(sums)


def _concatenated(parts: Sequence[I64Array]) -> I64Array:
    return np.concatenate(parts) if parts else np.empty(0, np.int64)
