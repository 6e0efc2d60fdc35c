"""Rival hypotheses: which explanation of a group fits what was observed, and by how many bits.

Each hypothesis states what it expects: an observation within a range, how often groups of its kind show that (m), and
how often groups of any kind do (u). An observation was made on some accounts and is not known exactly: where its true
value lies in the range with probability p, it is worth ``log2((p m + (1 - p)(1 - m)) / (p u + (1 - p)(1 - u)))`` bits.
That is ``log2(m / u)`` well inside the range, ``log2((1 - m) / (1 - u))`` well outside, and nothing on its edge; an
observation that could not be made is worth nothing. Within one channel evidence is dependent: the strongest counts
whole and each further piece half of the one before, for and against apart, so that the same fact told twice does not
count twice.

Guarantee: raising the bits of any single comparison never lowers the total (the sorted, halved sum is monotone), and
neither does a higher p where m is above u.

Source: Fellegi and Sunter 1969 for m and u; ours: docs/decisions/0007-rival-hypotheses.md.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import numpy as np

from stillwatch.assessments.catalogue import KINDS
from stillwatch.assessments.observation import Observation, told
from stillwatch.errors import SettingsError

RELEASED_WEIGHTS: Final = "hypotheses-2026-11g"
HALVING: Final = 0.5  # each further piece of evidence in one channel, against the one before it


@dataclass(frozen=True, slots=True)
class Expectation:
    """What one hypothesis expects of one observation: a range, m, u and the reason in words.

    ``votes``: how many true groups m and u rest on, what was stated beforehand included; null: they are stated alone.
    ``most_against``: a miss costs at most so many bits, whatever m and u: what is free clears nobody.
    """

    observation: str
    at_least: float
    at_most: float
    m: float
    u: float
    because: str
    votes: tuple[float, float] | None = None
    most_against: float = np.inf


@dataclass(frozen=True, slots=True)
class HypothesisKind:
    """One explanation: its prior weight among groups that were linked at all, and its expectations."""

    name: str
    title: str
    prior: float
    expects: tuple[Expectation, ...]


@dataclass(frozen=True, slots=True)
class WeighedEvidence:
    """One expectation met or missed, in bits before and after the halving within its channel."""

    expectation: Expectation
    observed: str
    channel: str
    bits: float
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScoredHypothesis:
    """A hypothesis with its total in bits (the prior included), its posterior and its evidence, strongest first."""

    name: str
    title: str
    bits: float
    posterior: float
    evidence: tuple[WeighedEvidence, ...]


def released_weights(name: str = RELEASED_WEIGHTS) -> tuple[HypothesisKind, ...]:
    """Return the hypotheses of a released weights file.

    Raises:
        SettingsError: the file does not exist or contradicts the catalogue of observations.
    """
    source = files("stillwatch.assessments") / "weights" / f"{name}.toml"
    try:
        text = source.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SettingsError(
            name, "weights cannot be read", got=str(error), expected="a released weights file"
        ) from error
    return read_weights(text, name)


def read_weights(text: str, where: str) -> tuple[HypothesisKind, ...]:
    """Return the hypotheses of a weights file's text; ``where`` names it in errors.

    Raises:
        SettingsError: the text is not TOML or contradicts the catalogue of observations.
    """
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            where, "weights cannot be read", got=str(error), expected="a released weights file"
        ) from error
    return tuple(_kind(entry, where) for entry in parsed["hypothesis"])


def _kind(entry: Mapping[str, object], where: str) -> HypothesisKind:
    expects = []
    for item in entry.get("expects", []):  # type: ignore[attr-defined] # checked right below
        expectation = Expectation(
            item["observation"],
            item.get("at_least", -np.inf),
            item.get("at_most", np.inf),
            item["m"],
            item["u"],
            item["because"],
            _votes(item.get("votes"), where),
            _most_against(item.get("most_against"), where),
        )
        if expectation.observation not in KINDS:
            raise SettingsError(where, "unknown observation", got=expectation.observation, expected=", ".join(KINDS))
        if not (0 < expectation.m < 1 and 0 < expectation.u < 1):
            raise SettingsError(
                where, "m and u are probabilities", got=f"{expectation.m}, {expectation.u}", expected="0 < m, u < 1"
            )
        expects.append(expectation)
    return HypothesisKind(str(entry["name"]), str(entry["title"]), float(str(entry["prior"])), tuple(expects))


def _votes(written: object, where: str) -> tuple[float, float] | None:
    if written is None:
        return None
    if isinstance(written, list) and len(written) == 2 and all(isinstance(n, (int, float)) and n > 0 for n in written):
        return float(written[0]), float(written[1])
    raise SettingsError(
        where, "votes are those behind m and behind u", got=str(written), expected="two numbers above 0"
    )


def _most_against(written: object, where: str) -> float:
    if written is None:
        return np.inf
    if isinstance(written, (int, float)) and written > 0:
        return float(written)
    raise SettingsError(where, "a miss costs at most so many bits", got=str(written), expected="a number above 0")


def weigh(kinds: tuple[HypothesisKind, ...], observations: Mapping[str, Observation]) -> tuple[ScoredHypothesis, ...]:
    """Return every hypothesis scored on the same observations, by posterior."""
    scored = [(kind, _evidence(kind, observations)) for kind in kinds]
    totals = np.array([np.log2(kind.prior) + sum(item.bits for item in evidence) for kind, evidence in scored])
    shifted = np.exp2(totals - totals.max())
    posterior = shifted / shifted.sum()
    result = [
        ScoredHypothesis(kind.name, kind.title, float(total), float(p), evidence)
        for (kind, evidence), total, p in zip(scored, totals, posterior, strict=True)
    ]
    return tuple(sorted(result, key=lambda hypothesis: (-hypothesis.posterior, hypothesis.name)))


def bits_of(expectation: Expectation, p: float) -> float:
    """Return what an expectation is worth where the true value lies in its range with probability ``p``."""
    m, u = expectation.m, expectation.u
    bits = float(np.log2((p * m + (1 - p) * (1 - m)) / (p * u + (1 - p) * (1 - u))))
    return max(bits, -expectation.most_against)


def _evidence(kind: HypothesisKind, observations: Mapping[str, Observation]) -> tuple[WeighedEvidence, ...]:
    raw: list[tuple[Expectation, Observation, float]] = []
    for expectation in kind.expects:
        observation = observations[expectation.observation]
        p = observation.p_within(expectation.at_least, expectation.at_most)
        if p is None:
            continue
        raw.append((expectation, observation, bits_of(expectation, p)))
    raw.sort(key=lambda item: (-abs(item[2]), item[0].observation))
    rank: dict[tuple[str, bool], int] = {}
    weighed = []
    for expectation, observation, bits in raw:
        side = (observation.kind.channel, bits >= 0)
        halved = bits * HALVING ** rank.get(side, 0)
        rank[side] = rank.get(side, 0) + 1
        weighed.append(
            WeighedEvidence(
                expectation,
                told(observation),
                observation.kind.channel,
                halved,
                observation.kind.needs,
            )
        )
    return tuple(sorted(weighed, key=lambda item: (-abs(item.bits), item.expectation.observation)))
