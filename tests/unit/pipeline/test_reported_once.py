"""Of accusations that lie within one another the firmer whole is reported, and strangers' dilution is not."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from stillwatch.assessments.catalogue import KINDS
from stillwatch.assessments.observation import Observation
from stillwatch.campaigns.group import Group
from stillwatch.pipeline.finding import Finding
from stillwatch.pipeline.reported_once import reportable
from stillwatch.pipeline.settings import Settings


def accusation(accounts: range, p_value: float, explained: float) -> Finding:
    """Return an accusation of these accounts, of whose traffic it explains a share."""
    members = np.array(accounts, np.int64)
    group = Group("content", members[:0], members, np.full(len(members), 0.9), members, np.full(len(members), 0.9))
    seen: Mapping[str, Any] = {"slice_share": Observation(KINDS["slice_share"], explained, 0.0)}
    return Finding(group, members, (), p_value, p_value, seen, (), is_accusation=True)


def sizes(*findings: Finding) -> list[int]:
    """Return how many accounts each reported accusation has."""
    return sorted(len(one.accounts) for one in reportable(list(findings), Settings()))


def test_a_part_gives_way_to_a_whole_as_firm() -> None:
    """Forty-eight of sixty, of whom the narrower group explains more, cost the other twelve nothing."""
    assert sizes(accusation(range(48), 6e-9, 0.9), accusation(range(60), 3e-12, 0.7)) == [60]
    assert sizes(accusation(range(48), 6e-9, 0.9), accusation(range(60), 6e-9, 0.7)) == [60]


def test_a_whole_that_strangers_weaken_is_not_reported_beside_its_part() -> None:
    """Twelve more who weaken the proof add nothing but themselves."""
    assert sizes(accusation(range(48), 3e-12, 0.9), accusation(range(60), 6e-9, 0.7)) == [48]


def test_a_phrase_that_two_campaigns_share_is_no_third() -> None:
    """However firm: neither of the two lies alone within most of it, and both are told already."""
    two = accusation(range(50), 1e-8, 0.9), accusation(range(50, 100), 1e-8, 0.8)
    assert sizes(*two, accusation(range(10, 90), 1e-9, 0.2)) == [50, 50]
    assert sizes(*two, accusation(range(100), 1e-9, 0.2)) == [50, 50]


def test_what_lies_apart_is_reported_apart() -> None:
    """Two accusations that share a few accounts."""
    assert sizes(accusation(range(50), 1e-8, 0.9), accusation(range(45, 100), 1e-9, 0.8)) == [50, 55]
