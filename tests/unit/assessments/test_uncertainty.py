"""Tests of intervals: known values, coverage of a planted truth, and what has none."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from planted_traffic import at, planted

from stillwatch.assessments.catalogue import KINDS
from stillwatch.assessments.observation import Observation, observe, with_tests
from stillwatch.assessments.sample import NOTHING, Sample, rows_of_accounts
from stillwatch.assessments.sampling_error import SamplingError
from stillwatch.assessments.uncertainty import (
    Jackknife,
    Spread,
    error_of,
    spread_of,
    wilson,
    with_errors,
    without_each,
)
from stillwatch.sketches.schema import CAPABILITIES, TOPIC_DIMENSIONS


def sample_of(rows: list[dict[str, Any]], facts: list[dict[str, Any]] | None = None) -> Sample:
    """Return the sample of every account, all that they sent in question."""
    made = planted(rows, facts or [])
    accounts = np.arange(len(made.population.accounts), dtype=np.int64)
    everything = rows_of_accounts(made.population, accounts)
    named = np.zeros(len(accounts), bool)
    return Sample(made.population, made.entities, accounts, everything, everything, named, NOTHING, NOTHING)


def spread(name: str, sample: Sample, seed: int = 0) -> Spread:
    """Return the interval of one observation of a sample."""
    kind = KINDS[name]
    value = kind.measure(sample)
    seen = Observation(kind, value, None, error=error_of(kind, value, Jackknife(sample, seed)))
    return spread_of(seen, len(sample.accounts))


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
    assert spread("young_share", sample).method == "95% Wilson interval over 6 accounts"


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
    held = 0
    for seed in range(60):
        found = spread("later_turn_share", shares_of(rng, 40), seed)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.4 <= found.high
    assert held >= 52  # of 60; 57 are expected, and below 52 with a probability of 1 in 100


def test_no_share_is_certain() -> None:
    """Where every exchange shows something, or none does, the number of accounts leaves an interval."""
    sample = sample_of([{"account": f"a{i}", "hours": i, "turn": 0} for i in range(30)])
    found = spread("later_turn_share", sample)
    assert found.low == 0.0
    assert found.high == pytest.approx(wilson(0.0, 30)[1])


def test_what_has_no_interval_says_why() -> None:
    """Observations that could not be made, p-values, what was counted in full, and medians of three have none."""
    sample = sample_of([{"account": f"a{i}", "hours": i, "turn": 0} for i in range(3)])
    seen = with_errors(with_tests(observe(sample), {"identity": 1e-3}), sample)
    said = {name: spread_of(item, 3) for name, item in seen.items()}
    for name, why in (
        ("no_ramp", "could not be made"),
        ("identity_coordination", "p-value"),
        ("pool_size", "counted"),
        ("registered_share", "counted"),
        ("active_days", "too few"),
    ):
        assert (said[name].low, said[name].high) == (None, None)
        assert why in said[name].method
        assert seen[name].error is None


def test_leaving_accounts_out_leaves_out_all_that_they_sent() -> None:
    """The rest has the other accounts' rows, in order, and nothing of those left out."""
    sample = sample_of([{"account": f"a{i % 5}", "hours": i, "turn": 0} for i in range(50)])
    first, second = without_each(sample, np.array([0, 0, 1, 1, 1]), 2)
    assert first.accounts.tolist() == sample.accounts[2:].tolist()
    assert len(first.rows) == len(first.all_rows) == 30
    assert set(first.account_of_row.tolist()) == set(sample.accounts[2:].tolist())
    assert np.all(np.diff(first.rows) > 0)
    assert set(second.account_of_row.tolist()) == set(sample.accounts[:2].tolist())


def talkative(n_accounts: int) -> Sample:
    """Return accounts of different volumes, addresses, hours, subjects and skills; every third exchange is a rest."""
    rng = np.random.default_rng(11)
    rows: list[dict[str, Any]] = []
    for i in range(n_accounts):
        own = rng.normal(size=TOPIC_DIMENSIONS)
        for j in range(30 + 2 * i):
            topic = own + 2 * rng.normal(size=TOPIC_DIMENSIONS)
            rows.append({
                "account": f"a{i:02d}", "hours": i + j * (1 + i), "turn": 0, "ip": f"10.0.{i}.{j % (1 + i)}",
                "topic": np.round(100 * topic / np.linalg.norm(topic)).astype(int).tolist(),
                "capability": rng.integers(0, 255, len(CAPABILITIES)).tolist(),
            })  # fmt: skip
    sample = sample_of(rows)
    return replace(sample, rows=sample.rows[sample.rows % 3 > 0])


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.by_account])
def test_numbers_by_account_give_what_measuring_the_rest_anew_gives(name: str) -> None:
    """The short way, from sums by account, leaves the same standard error as leaving out and measuring again."""
    sample, kind = talkative(13), KINDS[name]
    jackknife = Jackknife(sample, 3)
    anew = [kind.measure(rest) for rest in jackknife.left_out]
    assert jackknife.replicates(kind) == pytest.approx(anew)
    assert len(set(anew)) > 1


def test_a_share_of_exchanges_is_known_as_well_as_accounts_agree() -> None:
    """Ten accounts that all go on with half their requests are worth more than ten of which five always do."""
    alike = sample_of([{"account": f"a{i}", "hours": i + j, "turn": j % 2} for i in range(10) for j in range(20)])
    apart = sample_of([{"account": f"a{i}", "hours": i + j, "turn": i % 2} for i in range(10) for j in range(20)])
    kind = KINDS["later_turn_share"]
    of_alike, of_apart = (error_of(kind, kind.measure(sample), Jackknife(sample, 0)) for sample in (alike, apart))
    assert of_alike is not None
    assert of_alike.n == np.inf
    assert of_apart is not None
    assert of_apart.n == pytest.approx(9.0)  # p(1 - p) over s^2 = p(1 - p) / (k - 1): a sample of ten has nine to tell


def test_shares_of_accounts_count_accounts_even_where_all_agree() -> None:
    """Six of six young accounts are six, whatever they sent."""
    sample = sample_of(
        [{"account": f"a{i}", "hours": i + 24} for i in range(6)],
        [{"account_id": f"a{i}", "created_at": at(0)} for i in range(6)],
    )
    assert error_of(KINDS["young_share"], 1.0, Jackknife(sample, 0)) == SamplingError(6, None)
