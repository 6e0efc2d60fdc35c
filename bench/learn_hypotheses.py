"""Learn m and u of the rival hypotheses from tune worlds, starting from the stated expectations.

Usage: python bench/learn_hypotheses.py [--worlds demo:1 hard:6 adversary:4:bare] [--stated FILE] [--write FILE]

Every group that a scan of a tune world tests is labelled by the truth of most of its accounts. All groups that hold
parts of one true group share one vote, by how much of it they hold, so that a campaign that falls into many pieces
does not speak for all; a part counts by its accounts. A vote meets an expectation as far as its true value probably
lies in the range, which is how a scan weighs it. Each expectation's m is the share of its own kind's votes that meet
it, and u the prior-weighted share of the others', both shrunk towards the stated value, which counts as STATED votes.
Ranges and reasons stay as people wrote them. Report-side worlds are never read here.

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

from stillwatch.assessments.hypothesis import Expectation, HypothesisKind, read_weights
from stillwatch.assessments.observation import KINDS, Observation
from stillwatch.pipeline.analysis import UNRELATED
from tune_worlds import scanned_world

STATED = 6.0  # votes that the stated m or u counts for: half a dozen true groups weigh as much
MOST_LEARNED = 0.98  # no share of some tens of groups is known closer to 1
RATES = re.compile(r"m = [\d.]+, u = [\d.]+(, votes = \[[\d.]+, [\d.]+\])?")
PURE = 0.6  # share of a group's accounts that must be of one class for the group to be of it

HYPOTHESIS_OF = {
    "distillation": "distillation",
    "relay": "relay",
    "evaluation_harness": "evaluation_harness",
    "benchmark_day": "evaluation_harness",
    "batch_labelling": "labelling_pipeline",
    "rubric_graders": "labelling_pipeline",
    "audit_reasoning": "labelling_pipeline",
    "byo_key_app": "one_prompt_application",
    "rag_app": "one_prompt_application",
    "public_tool": "public_tool",
    "prompt_pack": "public_tool",
    "viral_prompt": "public_tool",
    "enterprise": "enterprise",
    "gateway_router": "enterprise",
    "backfill_migration": "enterprise",
    "business_queue": "business_queue",
    "classroom": "classroom",
    "hackathon": "classroom",
    "coursework_platform": "classroom",
    "ci_agents": "continuous_integration",
    "stolen_keys": "stolen_keys",
    "trial_farm": "trial_farm",
    "authorised_distillation": "authorised_customer",
    "safety_researcher": "authorised_customer",
}


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


def labelled_groups(name_of_world: str) -> list[Labelled]:
    """Return, for every group tested in one tune world, its true hypothesis and its observations."""
    scanned = scanned_world(name_of_world, n_threads=2)
    columns = (scanned.truth[name].to_pylist() for name in ("account_id", "class", "group_id"))
    of_account = {account: (label, group) for account, label, group in zip(*columns, strict=True)}
    found = []
    for i, finding in enumerate(scanned.analysis.findings):
        label, n = Counter(of_account[scanned.names[a]][0] for a in finding.accounts).most_common(1)[0]
        kind = HYPOTHESIS_OF.get(label, UNRELATED) if n >= PURE * len(finding.accounts) else UNRELATED
        group, _ = Counter(of_account[scanned.names[a]][1] for a in finding.accounts).most_common(1)[0]
        true_group = f"{name_of_world} {i if kind == UNRELATED else group}"
        found.append(Labelled(kind, true_group, len(finding.accounts), finding.observations))
    return found


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
            result[kind.name, place] = own, mixed(others)
    return result


def mixed(rates: list[tuple[float, Rate]]) -> Rate:
    """Return the mean of several rates by their weights, with the votes of the Beta distribution of its variance."""
    whole = sum(weight for weight, _ in rates)
    share = sum(weight * one.share for weight, one in rates) / whole
    variance = sum((weight / whole) ** 2 * one.variance for weight, one in rates)
    return Rate(share, share * (1 - share) / variance - 1)


def rate(votes: list[tuple[float, Mapping[str, Observation]]], expected: Expectation, stated: float) -> Rate:
    """Return how often groups meet an expectation, shrunk towards the stated rate."""
    asked = [
        (weight, seen[expected.observation].p_within(expected.at_least, expected.at_most)) for weight, seen in votes
    ]
    made = [(weight, p) for weight, p in asked if p is not None]
    met = sum(weight * p for weight, p in made)
    n = sum(weight for weight, _ in made) + STATED
    return Rate((met + STATED * stated) / n, n)


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
    parser.add_argument("--worlds", nargs="+", default=["demo:1", "hard:6", "null:5"], help="tune-side worlds")
    parser.add_argument("--stated", type=Path, default=Path("bench/hypotheses-stated-2026-11e.toml"))
    parser.add_argument("--write", type=Path, help="write the learned weights to this new file")
    asked = parser.parse_args()
    groups = [group for name in asked.worlds for group in labelled_groups(name)]
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
