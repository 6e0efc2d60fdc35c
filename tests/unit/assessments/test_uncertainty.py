"""Tests of intervals: known values, coverage of a planted truth, and what has none."""

from typing import Any

import numpy as np
import pytest
from planted_traffic import at, planted

from stillwatch.assessments.observation import KINDS
from stillwatch.assessments.sample import NOTHING, Sample, rows_of_accounts
from stillwatch.assessments.uncertainty import Jackknife, spread_of, wilson, without


def sample_of(rows: list[dict[str, Any]], facts: list[dict[str, Any]] | None = None) -> Sample:
    """Return the sample of every account, all that they sent in question."""
    made = planted(rows, facts or [])
    accounts = np.arange(len(made.population.accounts), dtype=np.int64)
    everything = rows_of_accounts(made.population, accounts)
    named = np.zeros(len(accounts), bool)
    return Sample(made.population, made.entities, accounts, everything, everything, named, NOTHING, NOTHING)


@pytest.mark.parametrize(
    ("share", "n", "low", "high"),
    [(0.5, 10, 0.2366, 0.7634), (0.0, 10, 0.0, 0.2775), (1.0, 10, 0.7225, 1.0), (15 / 148, 148, 0.0624, 0.1605)],
)
def test_wilsons_interval_has_its_published_values(share: float, n: int, low: float, high: float) -> None:
    """The last is Newcombe 1998, table I, method 3, for 15 of 148."""
    assert wilson(share, n) == pytest.approx((low, high), abs=5e-4)


def test_of_nobody_nothing_is_known() -> None:
    """A share among none can be anything."""
    assert wilson(0.0, 0) == (0.0, 1.0)


def test_shares_of_accounts_count_the_accounts_that_they_are_a_share_of() -> None:
    """Of ten accounts, six have a known creation; the interval is over those six."""
    rows = [{"account": f"a{i}", "hours": i + 24 * 60} for i in range(10)]
    facts = [{"account_id": f"a{i}", "created_at": at(0)} for i in range(6)]
    sample = sample_of(rows, facts)
    kind = KINDS["young_share"]
    assert spread_of(kind, kind.measure(sample), Jackknife(sample, 0)).method == "95% Wilson interval over 6 accounts"


def shares_of(rng: np.random.Generator, n_accounts: int) -> Sample:
    """Return accounts that each have their own taste for the first of two clients; 0.4 on the whole."""
    rows: list[dict[str, Any]] = []
    for i in range(n_accounts):
        taste = rng.beta(2, 3)
        rows += [
            {"account": f"a{i}", "hours": i + j / 10, "turn": int(rng.random() < taste)} for j in range(12)
        ]  # fmt: skip
    return sample_of(rows)


def test_the_jackknife_over_accounts_covers_a_planted_share() -> None:
    """Over 60 draws of accounts with tastes of their own, the interval holds the true share in 19 of 20 or nearly so.

    An interval that took exchanges for independent would be half as wide and hold it in about seven of ten.
    """
    rng = np.random.default_rng(5)
    kind = KINDS["later_turn_share"]
    held = 0
    for seed in range(60):
        sample = shares_of(rng, 40)
        spread = spread_of(kind, kind.measure(sample), Jackknife(sample, seed))
        assert spread.low is not None
        assert spread.high is not None
        held += spread.low <= 0.4 <= spread.high
    assert held >= 52  # of 60; 57 are expected, and below 52 with a probability of 1 in 100


def test_no_share_is_certain() -> None:
    """Where every exchange shows something, or none does, the number of accounts leaves an interval."""
    sample = sample_of([{"account": f"a{i}", "hours": i, "turn": 0} for i in range(30)])
    kind = KINDS["later_turn_share"]
    spread = spread_of(kind, kind.measure(sample), Jackknife(sample, 0))
    assert spread.low == 0.0
    assert spread.high == pytest.approx(wilson(0.0, 30)[1])


def test_what_has_no_interval_says_why() -> None:
    """Observations that could not be made, p-values, and groups of three accounts have none."""
    sample = sample_of([{"account": f"a{i}", "hours": i, "turn": 0} for i in range(3)])
    assert "could not be made" in spread_of(KINDS["no_ramp"], None, Jackknife(sample, 0)).method
    assert "p-value" in spread_of(KINDS["identity_coordination"], 3.0, Jackknife(sample, 0)).method
    few = spread_of(KINDS["later_turn_share"], 0.0, Jackknife(sample, 0))
    assert (few.low, few.high) == (None, None)
    assert "too few" in few.method


def test_leaving_accounts_out_leaves_out_all_that_they_sent() -> None:
    """The rest has the other accounts' rows, in order, and nothing of those left out."""
    sample = sample_of([{"account": f"a{i % 5}", "hours": i, "turn": 0} for i in range(50)])
    rest = without(sample, sample.accounts[:2])
    assert len(rest.accounts) == 3
    assert len(rest.rows) == 30
    assert set(rest.account_of_row.tolist()) == set(sample.accounts[2:].tolist())
    assert np.all(np.diff(rest.rows) > 0)
