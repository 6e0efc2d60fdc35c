"""A rival's decision: its best setting and threshold, chosen on the truth.

No user has that truth, so this flatters every rival: it is an upper bound of what its score can give. Registered
accounts are left out before the choice, which flatters once more, as no rival reads the registry.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.worlds.metrics.decision import Decision
from stillwatch.worlds.metrics.truth import Truth
from stillwatch.worlds.rivals.rival import ALONE, Floats, Ints, Scored

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BestDecision:
    """The decision of highest F1 over accounts, and what it took; a threshold of infinity accuses nobody."""

    decision: Decision
    setting: str
    threshold: float
    f1: float


def recall_at_rate(truth: Truth, account_ids: Sequence[str], answers: Sequence[Scored], rate: float) -> float | None:
    """Return the highest recall that any setting reaches while at most a ``rate`` of the innocent is accused.

    Null where there is no campaign.
    """
    counts, is_member = _labels(truth, account_ids)
    n_members = len(truth.members())
    n_innocent = len(truth.counted()) - n_members
    if not n_members:
        return None
    most = 0
    for answer in answers:
        _, hits, n_accused = _ranking(answer.scores[counts], is_member[counts])
        allowed = n_accused - hits <= rate * n_innocent
        most = max(most, int(hits[allowed].max(initial=0)))
    return most / n_members


def best_decision(truth: Truth, account_ids: Sequence[str], answers: Sequence[Scored]) -> BestDecision:
    """Return the best decision that a rival's answers allow, by F1 over the accounts that count.

    Of equal ones the first setting and the higher threshold.
    """
    counts, is_member = _labels(truth, account_ids)
    n_members = len(truth.members())
    best = BestDecision(Decision((), {}), answers[0].setting if answers else "", float("inf"), 0.0)
    for answer in answers:
        threshold, f1 = best_threshold(answer.scores[counts], is_member[counts], n_members)
        if f1 > best.f1:
            accused = np.flatnonzero(counts & (answer.scores >= threshold))
            cluster_of = {
                account_ids[i]: f"alone-{i}" if answer.clusters[i] == ALONE else f"group-{answer.clusters[i]}"
                for i in accused.tolist()
            }
            best = BestDecision(_decided(cluster_of), answer.setting, threshold, f1)
    return best


def best_threshold(scores: Floats, is_member: Flags, n_members: int) -> tuple[float, float]:
    """Return the threshold of highest F1 and that F1; accounts at or above it are accused.

    Args:
        scores: shape (n,); minus infinity is never accused.
        is_member: shape (n,).
        n_members: members in the world, those without a score included.
    """
    thresholds, hits, n_accused = _ranking(scores, is_member)
    if not len(thresholds) or not n_members or not hits[-1]:
        return float("inf"), 0.0
    f1 = 2 * hits / (n_accused + n_members)
    at = int(np.argmax(f1))
    return float(thresholds[at]), float(f1[at])


def _labels(truth: Truth, account_ids: Sequence[str]) -> tuple[Flags, Flags]:
    """Return which accounts count and which of them are members."""
    counts = np.array([name in truth.class_of and name not in truth.registered for name in account_ids], np.bool_)
    is_member = [bool(c) and truth.is_member(name) for name, c in zip(account_ids, counts, strict=True)]
    return counts, np.array(is_member, np.bool_)


def _ranking(scores: Floats, is_member: Flags) -> tuple[Floats, Ints, Ints]:
    """Return each threshold, highest first, with the members and the accounts at or above it."""
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(is_member[order], dtype=np.int64)
    is_last = np.append(ranked[1:] != ranked[:-1], [True] * bool(len(ranked)))  # equal scores fall together
    kept = np.flatnonzero(is_last & np.isfinite(ranked))
    return ranked[kept], hits[kept], np.asarray(kept + 1, np.int64)


def _decided(cluster_of: dict[str, str]) -> Decision:
    groups: dict[str, set[str]] = {}
    for account, cluster in cluster_of.items():
        groups.setdefault(cluster, set()).add(account)
    return Decision(tuple(frozenset(group) for _, group in sorted(groups.items())), cluster_of)
