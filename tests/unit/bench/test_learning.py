"""Learning of weights: planted shares are found again, and what was observed is kept whole."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillwatch.assessments.catalogue import KINDS
from stillwatch.assessments.hypothesis import Expectation
from stillwatch.assessments.observation import Observation
from stillwatch.assessments.sampling_error import SamplingError

BENCH = Path(__file__).parents[3] / "bench"


@pytest.fixture
def learning(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the learning command, as a module."""
    monkeypatch.syspath_prepend(str(BENCH))
    import learn_hypotheses  # noqa: PLC0415 - it is no package

    return learn_hypotheses


def seen(share: float, n_accounts: int) -> dict[str, Observation]:
    """Return one observation, a share of so many accounts."""
    kind = KINDS["thinking_tags"]
    return {kind.name: Observation(kind, share, None, error=SamplingError(n_accounts, None))}


def expected(at_least: float) -> Expectation:
    """Return an expectation of the observation."""
    return Expectation("thinking_tags", at_least, np.inf, 0.5, 0.5, "reason")


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_a_planted_share_is_found_again(learning: Any, share: float) -> None:
    """Of many large groups a share meets the range: that share is learned."""
    votes = [(1.0, seen(0.8 if i < 1000 * share else 0.0, 500)) for i in range(1000)]
    found = learning.rate(votes, expected(0.1), 0.5)
    assert found.share == pytest.approx(share, abs=0.01)
    assert found.votes == 1000 + learning.STATED


def test_many_small_groups_without_a_thing_do_not_have_it_in_part(learning: Any) -> None:
    """None of five accounts may be a tenth of all; a thousand such groups together say that it is hardly ever so."""
    one = seen(0.0, 5)
    p = one["thinking_tags"].p_within(0.1, np.inf)
    assert p is not None
    assert p > 0.2
    assert learning.rate([(1.0, one)] * 1000, expected(0.1), 0.5).share < 0.02


def test_few_votes_stay_near_what_was_stated(learning: Any) -> None:
    """One group moves a stated share by a seventh of the way, and none leaves it."""
    assert learning.rate([], expected(0.1), 0.3).share == pytest.approx(0.3)
    assert learning.rate([(1.0, seen(1.0, 10_000))], expected(0.1), 0.3).share == pytest.approx((1 + 6 * 0.3) / 7)


def test_kept_observations_come_back_the_same(learning: Any, tmp_path: Path) -> None:
    """What the file holds weighs as what was observed, and a file of another schema is refused."""
    groups = sys.modules["observed_groups"]
    unknown = {"active_days": Observation(KINDS["active_days"], None, None)}
    volume = {"pool_size": Observation(KINDS["pool_size"], 7.0, None, error=SamplingError(None, 0.5))}
    observed = {"demo:1": [groups.ObservedGroup((("organic", "user", "", 3),), seen(0.4, 9) | unknown | volume)]}
    file = tmp_path / "observed.json"
    groups.write(observed, file)
    assert groups.read(file) == observed
    file.write_text('{"schema": "other"}', encoding="utf-8")
    with pytest.raises(SystemExit, match="delete it"):
        groups.read(file)
    assert learning.Observed is groups.Observed


def test_staff_of_one_firm_teach_what_an_enterprise_is(learning: Any) -> None:
    """Customers who all name one organisation are no strangers; others are, and intermediaries teach nothing."""
    groups = sys.modules["observed_groups"]

    def kind(label: str, organisation: float) -> str | None:
        named = {"one_organisation": Observation(KINDS["one_organisation"], organisation, None)}
        return learning.kind_of(groups.ObservedGroup(((label, "user", "", 4),), named))

    assert (kind("organic", 1.0), kind("organic", 0.3)) == ("enterprise", "unrelated")
    assert (kind("distillation", 1.0), kind("aggregator", 1.0)) == ("distillation", None)
