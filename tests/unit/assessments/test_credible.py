"""Tests of the intervals of posteriors: the same rule as the weighing, wider where less was learned, and true."""

from dataclasses import replace

import numpy as np
import pytest

from stillwatch.assessments.catalogue import KINDS
from stillwatch.assessments.credible import Band, credible, draw_weights
from stillwatch.assessments.hypothesis import Expectation, HypothesisKind, read_weights, released_weights, weigh
from stillwatch.assessments.observation import Observation
from stillwatch.errors import SettingsError

NAMES = ("identity_reuse", "thinking_tags", "one_tool_set", "young_share")


def observed(**values: float | None) -> dict[str, Observation]:
    """Return observations with these values, and every other one unknown."""
    return {name: Observation(kind, values.get(name), None) for name, kind in KINDS.items()}


def with_votes(kinds: tuple[HypothesisKind, ...], votes: tuple[float, float]) -> tuple[HypothesisKind, ...]:
    """Return hypotheses all of whose weights rest on so many votes."""
    return tuple(replace(k, expects=tuple(replace(e, votes=votes) for e in k.expects)) for k in kinds)


def kinds_of(m: np.ndarray, u: np.ndarray, votes: tuple[float, float] | None) -> tuple[HypothesisKind, ...]:
    """Return one hypothesis with expectations of ``NAMES``, and one that expects nothing."""
    expects = tuple(
        Expectation(name, 0.5, np.inf, float(a), float(b), "reason", votes)
        for name, a, b in zip(NAMES, m, u, strict=True)
    )
    return HypothesisKind("pool", "pool", 0.5, expects), HypothesisKind("other", "other", 0.5, ())


@pytest.mark.parametrize("seed", range(6))
def test_certain_weights_leave_the_posterior_of_the_weighing(seed: int) -> None:
    """With votes without end each draw is the weighing itself: its ranges, its halving, its unknown observations."""
    rng = np.random.default_rng(seed)
    seen = {name: None if rng.random() < 0.2 else float(rng.choice([0, 0.05, 0.3, 0.7, 1, 5])) for name in KINDS}
    kinds = with_votes(released_weights(), (1e12, 1e12))
    bands = credible(draw_weights(kinds), observed(**seen))
    for item in weigh(kinds, observed(**seen)):
        band = bands[item.name]
        assert (band.low, band.high) == pytest.approx((item.posterior, item.posterior), abs=1e-4)


def test_fewer_votes_give_a_wider_interval_that_holds_the_posterior() -> None:
    """What rests on eight groups is known less well than what rests on eighty, and on both sides of its value."""
    seen = observed(identity_reuse=0.6, thinking_tags=0.1, one_tool_set=0.7, young_share=0.1)
    kinds = released_weights()
    widths = []
    for n in (8.0, 80.0, 800.0):
        bands = credible(draw_weights(with_votes(kinds, (n, n))), seen)
        for item in weigh(kinds, seen):
            assert 0.0 <= bands[item.name].low <= item.posterior <= bands[item.name].high <= 1.0
        widths.append(sum(band.high - band.low for band in bands.values()))
    assert widths[0] > 1.5 * widths[1] > 2.25 * widths[2]


def test_intervals_hold_the_posterior_of_the_true_weights() -> None:
    """Where m and u are learned from twenty groups, 95% intervals hold the posterior that the truth gives, mostly."""
    rng = np.random.default_rng(5)
    m, u, n = np.array([0.8, 0.6, 0.7, 0.4]), np.array([0.2, 0.3, 0.1, 0.3]), 20
    seen = observed(identity_reuse=0.6, thinking_tags=0.1, one_tool_set=0.7, young_share=0.1)
    true = {item.name: item.posterior for item in weigh(kinds_of(m, u, None), seen)}["pool"]
    held = []
    for _ in range(200):
        learned = ((rng.binomial(n, share) + 1) / (n + 2) for share in (m, u))
        band = credible(draw_weights(kinds_of(*learned, (n + 2.0, n + 2.0))), seen)["pool"]
        held.append(band.low <= true <= band.high)
    assert 0.90 <= np.mean(held) <= 0.995


def test_equal_weights_give_equal_intervals() -> None:
    """No chance is left: a second run, and with it a second engine, gives the same ends to the last bit."""
    kinds = with_votes(released_weights(), (9.0, 30.0))
    seen = observed(thinking_tags=0.2, active_days=5.0)
    assert credible(draw_weights(kinds), seen) == credible(draw_weights(kinds), seen)


def test_stated_weights_have_no_interval_and_do_not_vary() -> None:
    """Without a vote nothing is said of uncertainty; a stated expectation beside learned ones stays as it is."""
    kinds = kinds_of(np.full(4, 0.8), np.full(4, 0.2), None)
    assert draw_weights(kinds) is None
    assert credible(None, observed(thinking_tags=0.2)) == {}
    stated, *learned = kinds[0].expects
    mixed = replace(kinds[0], expects=(stated, *(replace(e, votes=(8.0, 8.0)) for e in learned))), kinds[1]
    (pool, _) = weigh(mixed, observed(identity_reuse=0.6))
    band = credible(draw_weights(mixed), observed(identity_reuse=0.6))["pool"]
    assert (band.low, band.high) == pytest.approx((pool.posterior, pool.posterior))
    assert isinstance(band, Band)


@pytest.mark.parametrize("votes", ["[0, 3]", "[3]", '"many"', "[-1.0, 2.0]"])
def test_votes_that_are_none_are_refused(votes: str) -> None:
    """A weights file says two numbers above 0, or nothing."""
    text = (
        '[[hypothesis]]\nname = "a"\ntitle = "a"\nprior = 1.0\nexpects = [ { observation = "active_days", '
        f'at_least = 1, m = 0.5, u = 0.4, votes = {votes}, because = "reason" }} ]\n'
    )
    with pytest.raises(SettingsError, match="votes"):
        read_weights(text, "mine.toml")
