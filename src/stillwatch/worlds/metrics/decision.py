"""A detector's decision beside the truth: precision, recall, and who was accused wrongly."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stillwatch.worlds.account import DISTILLATION
from stillwatch.worlds.metrics.truth import Truth

LOW_VOLUME: Final = 100  # requests: where the published content test has 1.3% recall at a 5% share
MOSTLY: Final = 0.5  # more than this share of a group's accounts gives the group its class
MIXED: Final = "mixed"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whom a detector accuses.

    Args:
        groups: each accused group, its accounts; an account may be in several.
        cluster_of: the one group of each accused account, by any name.
    """

    groups: tuple[frozenset[str], ...]
    cluster_of: Mapping[str, str]

    @property
    def accused(self) -> frozenset[str]:
        """Return every account that is in an accused group."""
        return frozenset(self.cluster_of)


def account_metrics(truth: Truth, decision: Decision) -> dict[str, Any]:
    """Return precision, recall, recall by campaign and wrong accusations by class; null where nothing is there.

    Registered accounts are left out of every number but ``registered_accused``.
    """
    accused = decision.accused & truth.class_of.keys()
    counted = set(truth.counted())
    members = set(truth.members())
    hits, wrong = accused & members, (accused & counted) - members
    return {
        "n_members": len(members),
        "n_accused": len(hits) + len(wrong),
        "n_correct": len(hits),
        "precision": share(len(hits), len(hits) + len(wrong)),
        "recall": share(len(hits), len(members)),
        "false_positive_rate": share(len(wrong), len(counted) - len(members)),
        "recall_by_campaign": recall_by_campaign(truth, hits),
        "accused_by_class": _accused_by_class(truth, counted - members, wrong),
        "accused_groups_by_class": accused_groups_by_class(truth, decision.groups),
        "registered_accused": len(accused & truth.registered),
        "low_volume": _low_volume(truth, counted, members, accused),
    }


def recall_by_campaign(truth: Truth, hits: Iterable[str]) -> dict[str, list[int]]:
    """Return, for each campaign, how many of its accounts are among the hits and how many it has."""
    found = Counter(truth.group_of[name] for name in hits)
    sizes = Counter(truth.group_of[name] for name in truth.members())
    return {str(group): [found[group], n] for group, n in sorted(sizes.items(), key=lambda item: str(item[0]))}


def accused_groups_by_class(truth: Truth, groups: Iterable[frozenset[str]]) -> dict[str, int]:
    """Return how many accused groups are mostly of one class that is no campaign's; ``mixed`` where of none."""
    found: Counter[str] = Counter()
    for group in groups:
        label = group_class(truth, group)
        if label is not None and not _is_campaign(label):
            found[label] += 1
    return dict(sorted(found.items()))


def group_class(truth: Truth, group: Iterable[str]) -> str | None:
    """Return the class of more than half of a group's accounts, ``mixed`` where there is none.

    Registered accounts keep their class here. Null for a group without any account of the world.
    """
    labels = Counter(truth.class_of[name] for name in group if name in truth.class_of)
    if not labels:
        return None
    label, n = min(labels.items(), key=lambda item: (-item[1], item[0]))
    return label if n > MOSTLY * labels.total() else MIXED


def share(part: int, whole: int) -> float | None:
    """Return a share, or null of nothing."""
    return part / whole if whole else None


def _is_campaign(label: str) -> bool:
    return label == DISTILLATION


def _accused_by_class(truth: Truth, innocent: set[str], wrong: frozenset[str]) -> dict[str, list[int]]:
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for name in innocent:
        counts[truth.class_of[name]][1] += 1
        counts[truth.class_of[name]][0] += name in wrong
    return dict(sorted(counts.items()))


def _low_volume(truth: Truth, counted: set[str], members: set[str], accused: frozenset[str]) -> dict[str, Any]:
    """Return recall and false-positive rate over the accounts with at most ``LOW_VOLUME`` requests in the world."""
    few = {name for name in counted if truth.n_requests[name] <= LOW_VOLUME}
    thin, innocent = few & members, few - members
    return {
        "most_requests": LOW_VOLUME,
        "n_members": len(thin),
        "n_others": len(innocent),
        "recall": share(len(thin & accused), len(thin)),
        "false_positive_rate": share(len(innocent & accused), len(innocent)),
    }
