"""Learn m and u of the rival hypotheses from tune worlds, starting from the stated expectations.

Usage: python bench/learn_hypotheses.py [--worlds demo:1 hard:6 adversary:4:bare] [--stated FILE] [--write FILE]
       [--observations FILE]

With ``--observations`` what was observed of each world is kept in a file, so that other stated expectations are learned
from the same scans within seconds; worlds that it lacks are made, scanned and added.

Every group that a scan of a tune world tests is labelled by the truth of most of its accounts, and teaches the
hypothesis that ``NAMES`` of the benchmark's metrics gives its class: what is learned and what counts as right stand in
one table. All groups that hold parts of one true group share one vote, by how much of it they hold, so that a campaign
that falls into many pieces does not speak for all; a part counts by its accounts. Each expectation's m is the share of
its own kind's votes that meet it, and u the prior-weighted share of the others', both shrunk towards the stated value,
which counts as STATED votes. A vote meets an expectation as far as its true value probably lies in the range, which is
how a scan weighs it: see ``rate``. Ranges and reasons stay as people wrote them. Report-side worlds are never read
here.

Beside each learned share stands how many votes it rests on, STATED included, so that a scan can say how far a posterior
could be another one, had other groups been at hand. u is a mixture over hypotheses: its votes are those of the one Beta
distribution that has the mixture's mean and variance.
"""

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from observed_groups import Observed, ObservedGroup, observed_worlds
from stillwatch.assessments.catalogue import KINDS
from stillwatch.assessments.hypothesis import Expectation, HypothesisKind, read_weights
from stillwatch.assessments.observation import Observation
from stillwatch.worlds.metrics.explanation import ENTERPRISE, UNRELATED, hypothesis_of

STATED = 6.0  # votes that the stated m or u counts for: half a dozen true groups weigh as much
MOST_LEARNED = 0.98  # no share of some tens of groups is known closer to 1
RATES = re.compile(r"m = [\d.]+, u = [\d.]+(, votes = \[[\d.]+, [\d.]+\])?")
LEARNED_FROM = (
    *("demo:1", "demo:2", "hard:6", "hard:10", "share5:4", "null:5", "null:9"),
    *("adversary:4:bare", "adversary:4:clean", "adversary:4:small", "adversary:4:all"),
    *("bench/pools.toml:8301", "bench/pools.toml:8302", "bench/pools.toml:8303"),
)
N_STEPS = 100  # of the EM algorithm: it converges within tens
ONE_FIRM = 0.9  # of a group of ordinary customers name one organisation: they are the staff of a firm
PURE = 0.6  # share of a group's accounts that must be of one class for the group to be of it


class Rate(NamedTuple):
    """A share and the votes behind it, the stated ones included: the mean and the size of a Beta distribution."""

    share: float
    votes: float

    @property
    def variance(self) -> float:
        """Return the variance of that Beta distribution."""
        return self.share * (1 - self.share) / (self.votes + 1)


@dataclass(frozen=True)
class Labelled:
    """One tested group: its true hypothesis, the true group that most of it is, its size, and what was observed."""

    kind: str
    true_group: str
    n: int
    observations: Mapping[str, Observation]


def labelled_groups(observed: Observed) -> list[Labelled]:
    """Return the tested groups of observed worlds with their true hypotheses; those that teach none are left out."""
    found = []
    for world, groups in observed.items():
        for i, group in enumerate(groups):
            kind = kind_of(group)
            if kind is not None:
                true_group = Counter({one: n for *_, one, n in group.members}).most_common(1)[0][0]
                place = f"{world} {i if kind == UNRELATED else true_group}"
                found.append(Labelled(kind, place, group.n, group.observations))
    return found


def kind_of(group: ObservedGroup) -> str | None:
    """Return the hypothesis that learns from a group: of most of its accounts, else strangers; null for none."""
    votes: Counter[str | None] = Counter()
    for label, role, _, n in group.members:
        votes[hypothesis_of(label, role)] += n
    kind, n = votes.most_common(1)[0]
    if n < PURE * group.n:
        return UNRELATED
    is_firm = kind == UNRELATED and (group.observations["one_organisation"].value or 0.0) >= ONE_FIRM
    return ENTERPRISE if is_firm else kind


def learned(kinds: tuple[HypothesisKind, ...], groups: list[Labelled]) -> dict[tuple[str, int], tuple[Rate, Rate]]:
    """Return the learned m and u of every expectation, by hypothesis and place in its list."""
    total: Counter[str] = Counter()
    for group in groups:
        total[group.true_group] += group.n
    by_kind: dict[str, list[tuple[float, Mapping[str, Observation]]]] = defaultdict(list)
    for group in groups:
        by_kind[group.kind].append((group.n / total[group.true_group], group.observations))
    result = {}
    for kind in kinds:
        for place, expected in enumerate(kind.expects):
            if KINDS[expected.observation].channel == "registry" or expected.m > MOST_LEARNED:
                continue  # a matter of law, or of a test's own error rate, not of frequency
            own = rate(by_kind[kind.name], expected, expected.m)
            others = [
                (other.prior, rate(by_kind[other.name], expected, expected.u)) for other in kinds if other is not kind
            ]
            result[kind.name, place] = as_argued(own, mixed(others))
    return result


def as_argued(m: Rate, u: Rate) -> tuple[Rate, Rate]:
    """Return m and u, alike where m is the lower: what the stated reason says the opposite of is left unsaid.

    An expectation that is met must not speak against its own hypothesis, or nobody could read the evidence aloud.
    """
    return (m if m.share >= u.share else m._replace(share=u.share)), u


def mixed(rates: list[tuple[float, Rate]]) -> Rate:
    """Return the mean of several rates by their weights, with the votes of the Beta distribution of its variance."""
    whole = sum(weight for weight, _ in rates)
    share = sum(weight * one.share for weight, one in rates) / whole
    variance = sum((weight / whole) ** 2 * one.variance for weight, one in rates)
    return Rate(share, share * (1 - share) / variance - 1)


def rate(votes: list[tuple[float, Mapping[str, Observation]]], expected: Expectation, stated: float) -> Rate:
    """Return how often groups meet an expectation: the share that makes their observations likeliest, and the stated.

    A group whose true value lies in the range with probability p has the likelihood that a scan weighs it with,
    ``p * share + (1 - p) * (1 - share)``; where all p are 0 or 1 the share is a plain count. The mean of p would be far
    off: of five accounts none of which asks for tags, a tenth may.

    Source: Dempster, Laird and Rubin 1977, the EM algorithm; the stated share is STATED further votes that are sure.
    """
    asked = [
        (weight, seen[expected.observation].p_within(expected.at_least, expected.at_most)) for weight, seen in votes
    ]
    made = np.array([(weight, p) for weight, p in asked if p is not None]).reshape(-1, 2)
    weight, p = made[:, 0], made[:, 1]
    n = float(weight.sum()) + STATED
    share = stated
    for _ in range(N_STEPS):
        met = p * share / (p * share + (1 - p) * (1 - share))
        share = (float(weight @ met) + STATED * stated) / n
    return Rate(share, n)


def written_share(share: float) -> float:
    """Return a learned share as it is written: never nearer to certainty than some tens of groups can tell."""
    return float(np.clip(share, 1 - MOST_LEARNED, MOST_LEARNED))


def rewritten(text: str, values: dict[tuple[str, int], tuple[Rate, Rate]]) -> str:
    """Return a weights file with its m and u replaced and their votes beside them; nothing else changes."""
    lines, kind, place = [], "", 0
    for line in text.splitlines():
        if match := re.match(r'name = "(\w+)"', line):
            kind, place = match[1], -1
        place += "observation = " in line
        if "observation = " in line and (kind, place) in values:
            m, u = values[kind, place]
            shares = f"m = {written_share(m.share):.2f}, u = {written_share(u.share):.2f}"
            line = RATES.sub(f"{shares}, votes = [{m.votes:.1f}, {u.votes:.1f}]", line)  # noqa: PLW2901 - the line as it will stand
        lines.append(line)
    return "\n".join(lines) + "\n"


def main() -> None:
    """Learn, print what changes, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", nargs="+", default=LEARNED_FROM, help="tune-side worlds")
    parser.add_argument("--stated", type=Path, default=Path("bench/hypotheses-stated-2026-11g.toml"))
    parser.add_argument("--observations", type=Path, help="keep what was observed of each world in this file")
    parser.add_argument("--write", type=Path, help="write the learned weights to this new file")
    asked = parser.parse_args()
    groups = labelled_groups(observed_worlds(asked.worlds, asked.observations))
    print(dict(Counter(group.kind for group in groups)))
    text = asked.stated.read_text(encoding="utf-8")
    kinds = read_weights(text, str(asked.stated))
    values = learned(kinds, groups)
    for kind in kinds:
        for place, expected in enumerate(kind.expects):
            if (kind.name, place) not in values:
                print(f"{kind.name:24} {expected.observation:24} m {expected.m:.2f}   u {expected.u:.2f} as stated")
                continue
            m, u = values[kind.name, place]
            print(
                f"{kind.name:24} {expected.observation:24} "
                f"m {expected.m:.2f} -> {written_share(m.share):.2f} ({m.votes:.0f} votes)   "
                f"u {expected.u:.2f} -> {written_share(u.share):.2f} ({u.votes:.0f} votes)"
            )
    if asked.write:
        asked.write.write_text(rewritten(text, values), encoding="utf-8")


if __name__ == "__main__":
    main()
