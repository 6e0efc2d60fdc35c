"""Tests of the catalogue: each observation uses the columns that it names, no more, and is unknown without them."""

import dataclasses

import numpy as np
import pytest
from planted_traffic import Planted, at, planted

from stillwatch.assessments.catalogue import KINDS
from stillwatch.assessments.observation import beside_controls, described, observe, with_tests
from stillwatch.assessments.sample import NOTHING, Sample, plain_sample
from stillwatch.links.rows import rows_of_accounts

TESTED = {"identity_coordination", "rhythm_coordination", "work_list_coordination", "succession"}
ACCOUNT_COLUMNS = (
    "created_at", "banned_at", "organisation_id", "is_verified", "pathway", "plan_price_usd", "email_domain",
    "email_fingerprint", "payment_fingerprint", "phone_fingerprint", "device_fingerprint", "referrer_id",
)  # fmt: skip
EXCHANGE_COLUMNS = ("model", "turn", "conversation_id", "output_tokens", "end_user_id", "ip", "user_agent")
TEXT_COLUMNS = {
    "prompt": ("has_prompt", "prompt_hash"),
    "system_prompt": ("system_hash",),
    "tool_names": ("n_tools", "tools_hash"),
}


def world(without: frozenset[str] = frozenset()) -> Planted:
    """Return a population of eight accounts with every column filled but some."""
    rng = np.random.default_rng(0)
    rows, facts = [], []
    for account in range(8):
        for i in range(60):
            row = {
                "account": f"a{account}", "hours": float(rng.uniform(0, 240)),
                "model": "new" if i > 20 else "old",
                "turn": i % 3, "conversation_id": f"t{account}-{i // 3}", "output_tokens": int(rng.integers(1, 400)),
                "end_user_id": "u" if i % 5 == 0 else None,
                "ip": f"ip{(account * 3 + i) % 9}", "user_agent": f"ua{i % 2}", "prompt_hash": int(rng.integers(1, 60)),
                "system_hash": 5 + account % 2, "n_tools": i % 2, "tools_hash": 9 if i % 2 else None,
                "topic": rng.integers(-30, 31, 64).tolist(), "capability": rng.integers(0, 90, 11).tolist(),
                "cue_bits": rng.uniform(0, 6, 7).tolist(), "shape": int(rng.integers(0, 2**14)),
            }  # fmt: skip
            hidden = {column for name in without for column in TEXT_COLUMNS.get(name, (name,))}
            row |= {
                name: False if name == "has_prompt" else None for name in hidden if name in row or name == "has_prompt"
            }
            rows.append(row)
        fact = {
            "created_at": at(-24 * account), "banned_at": at(300) if account % 2 else None, "is_verified": account == 7,
            "organisation_id": f"o{account // 4}", "pathway": "education" if account < 3 else "standard",
            "plan_price_usd": 20.0 * (account % 2), "email_domain": f"d{account % 3}",
            "email_fingerprint": f"e{account}",
            "payment_fingerprint": f"c{account // 2}", "phone_fingerprint": f"p{account}",
            "device_fingerprint": f"v{account}", "referrer_id": f"r{account // 6}",
        }  # fmt: skip
        facts.append({"account_id": f"a{account}", **{k: None if k in without else v for k, v in fact.items()}})
    return planted(rows, facts)


def sample_of(made: Planted) -> Sample:
    """Return a sample of the first six accounts, with half of their exchanges as the slice."""
    accounts = np.arange(6)
    every = rows_of_accounts(made.population, accounts)
    rows = every[::2] if len(every) else every
    account = made.population.exchanges.account[rows].astype(np.int64)
    registered = np.zeros(8, bool)
    return Sample(made.population, made.entities, accounts, rows, every, registered, np.arange(len(rows)) % 4, account)


@pytest.fixture(scope="module")
def full() -> dict[str, float | None]:
    """Return every observation where all columns are there."""
    sample = sample_of(world())
    return {name: kind.measure(sample) for name, kind in KINDS.items()}


def test_with_every_column_everything_is_observed(full: dict[str, float | None]) -> None:
    """Nothing but the outcome of the group tests and what needs more traffic is unknown in a full table."""
    unknown = {name for name, value in full.items() if value is None}
    assert unknown <= TESTED | {"no_ramp", "foreign_share"}
    assert all(np.isfinite(value) for value in full.values() if value is not None)
    for name, value in full.items():
        if value is not None and KINDS[name].unit.startswith("share of"):
            assert 0 <= value <= 1, name


@pytest.mark.parametrize("name", sorted(set(KINDS) - TESTED))
def test_an_observation_is_unknown_without_its_columns_and_only_then(name: str, full: dict[str, float | None]) -> None:
    """Without all the columns that it names there is no value; without all others, the same value."""
    kind = KINDS[name]
    known = {*ACCOUNT_COLUMNS, *EXCHANGE_COLUMNS, *TEXT_COLUMNS}
    if kind.needs:
        assert set(kind.needs) <= known
        assert kind.measure(sample_of(world(frozenset(kind.needs)))) is None
    # turns tell openings from later requests, and organisations fold accounts: both change what a request or a tie is
    unneeded = known - set(kind.needs) - {"turn", "conversation_id", "organisation_id", "is_verified"}
    assert kind.measure(sample_of(world(frozenset(unneeded)))) == full[name]


def test_a_group_stands_beside_the_mean_of_its_controls() -> None:
    """Each comparison is the mean over the controls in which the observation could be made."""
    made = world()
    sample = sample_of(made)
    controls = tuple(
        plain_sample(made.population, made.entities, np.array(c), sample.registered) for c in ([6], [7], [6, 7])
    )
    found = beside_controls(observe(sample), controls)
    assert set(found) == set(KINDS)
    values = [KINDS["short_output_share"].measure(control) for control in controls]
    assert found["short_output_share"].comparison == pytest.approx(np.mean(values))
    assert beside_controls(observe(sample), ())["short_output_share"].comparison is None


def test_the_outcome_of_tests_is_an_observation_in_digits() -> None:
    """A p-value of 1 in 1,000 is three digits; a test that was not counted is unknown; the others stay."""
    found = observe(sample_of(world()))
    told = with_tests(found, {"identity": 0.001, "rhythm": None, "work_list": 1.0})
    assert told["identity_coordination"].value == pytest.approx(3.0)
    assert told["rhythm_coordination"].value is None
    assert told["work_list_coordination"].value == 0.0
    assert all(told[name].error is None for name in TESTED)
    drawn = with_tests(found, {"identity": 0.001, "work_list": 0.01}, {"identity": 0.4, "work_list": None})
    assert drawn["identity_coordination"].p_within(3.0, np.inf) == pytest.approx(0.5)
    assert drawn["work_list_coordination"].p_within(2.0, np.inf) == 1.0
    assert with_tests(found, {}) == found
    assert all(told[name] == found[name] for name in set(KINDS) - TESTED)


def test_sentences_say_a_number_or_why_there_is_none() -> None:
    """An observation reads as a sentence without inference, and names the missing columns where it is unknown."""
    share, tokens = KINDS["identity_reuse"], KINDS["median_output_tokens"]
    assert described(share, 0.25).endswith("25% of accounts.")
    assert described(tokens, 812.0).endswith("812 tokens.")
    assert all(column in described(share, None) for column in share.needs)


def test_samples_never_change(full: dict[str, float | None]) -> None:
    """Measuring twice, in another order, gives the same: no observation alters what it looks at."""
    sample = sample_of(world())
    assert {name: KINDS[name].measure(sample) for name in reversed(KINDS)} == full
    assert dataclasses.is_dataclass(sample)
    assert len(NOTHING) == 0
