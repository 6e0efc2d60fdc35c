"""Tests of values that a group has in common with everybody."""

import numpy as np
import pytest
from planted_traffic import planted

from stillwatch.campaigns.common_ground import LEVEL, common_observations, is_common
from stillwatch.links.identity import ties_of


def test_half_of_all_and_half_of_a_group_is_common_ground() -> None:
    """Random groups of a population half of which names one organisation are told to name it, as often as promised."""
    rng = np.random.default_rng(3)
    names_it = rng.random(2_000) < 0.5
    n_own, n_groups = 0, 2_000
    for _ in range(n_groups):
        members = rng.choice(2_000, 60, replace=False)
        n_own += not is_common(int(names_it.sum()), int(names_it[members].sum()), 60, 2_000)
    assert n_own <= n_groups * LEVEL + 3 * np.sqrt(n_groups * LEVEL)


def test_a_firm_keeps_its_name_however_large_it_is() -> None:
    """All sixty members name what a tenth, or half, of all accounts name: no draw at random does."""
    assert not is_common(200, 60, 60, 2_000)
    assert not is_common(1_000, 60, 60, 2_000)


def test_a_rare_value_is_never_common() -> None:
    """One of sixty names a firm of three: that is what it is, by chance or not."""
    assert not is_common(3, 1, 60, 2_000)
    assert not is_common(3, 0, 60, 2_000)


@pytest.mark.parametrize("everybody", [True, False])
def test_a_field_that_says_default_and_a_proxy_say_nothing_of_a_group(*, everybody: bool) -> None:
    """Organisation, referrer and address are read for a group of whom they are true, and for no other."""
    rows = [
        {"account": f"a{i:03}", "ip": "192.0.2.1" if everybody or i < 20 else f"198.51.100.{i}"} for i in range(160)
    ]
    facts = [
        {
            "account_id": f"a{i:03}",
            "organisation_id": "default" if everybody or i < 20 else None,
            "referrer_id": "friend" if everybody or i < 20 else None,
        }
        for i in range(160)
    ]
    made = planted(rows, facts)
    accounts = np.arange(20)
    members = np.unique(made.entities.of_account[accounts]).astype(np.int64)
    ties = ties_of(made.population, made.entities)
    found = common_observations(made.population, ties, accounts, members, made.entities.n)
    assert set(found) == ({"one_organisation", "one_referrer", "one_address_share"} if everybody else set())
