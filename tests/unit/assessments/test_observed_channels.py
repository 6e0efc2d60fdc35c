"""Tests of observations of identity, volume and rhythm on hand-made samples."""

from typing import Any

import numpy as np
import pytest
from planted_traffic import Planted, at, planted

from stillwatch.assessments import identity, infrastructure, rhythm, volume
from stillwatch.assessments.sample import NOTHING, Sample
from stillwatch.links.rows import rows_of_accounts


def sample_of(
    made: Planted, members: set[str], slice_ids: set[str] | None = None, named: frozenset[str] = frozenset()
) -> Sample:
    """Return the sample of some accounts; its slice is everything they sent, or the exchanges named."""
    names = made.population.accounts.names
    accounts = np.array([i for i, name in enumerate(names) if name in members], np.int64)
    all_rows = rows_of_accounts(made.population, accounts)
    ids = made.table["exchange_id"].to_pylist()
    rows = all_rows if slice_ids is None else np.array([r for r in all_rows if ids[r] in slice_ids], np.int64)
    registered = np.array([name == named for name in names])
    return Sample(made.population, made.entities, accounts, rows, all_rows, registered, NOTHING, NOTHING)


def of_facts(*facts: dict[str, Any]) -> Sample:
    """Return a sample of one account for each row of facts, beside a stranger."""
    rows = [{"account": f"a{i}", "hours": i} for i in range(len(facts))] + [{"account": "z", "hours": 99}]
    table = [{"account_id": f"a{i}", **fact} for i, fact in enumerate(facts)]
    return sample_of(planted(rows, table), {f"a{i}" for i in range(len(facts))})


def daily(account: str, *hours: float, **columns: Any) -> list[dict[str, Any]]:
    """Return one exchange of an account at each hour."""
    return [{"account": account, "exchange_id": f"{account}-{hour}", "hours": hour, **columns} for hour in hours]


def test_identity_reuse_counts_accounts_that_share_with_another_entity() -> None:
    """A card or phone in common counts once an account; sharing within one organisation does not."""
    org = {"organisation_id": "org", "is_verified": True, "payment_fingerprint": "org-card"}
    sample = of_facts(
        {"payment_fingerprint": "c"}, {"payment_fingerprint": "c"},
        {"phone_fingerprint": "p", "payment_fingerprint": "d"},
        {"phone_fingerprint": "p"}, {"payment_fingerprint": "alone"}, {}, org, org,
    )  # fmt: skip
    assert identity.identity_reuse(sample) == 4 / 8


def test_sharing_with_an_outsider_is_no_reuse_within_the_group() -> None:
    """The observation is of the members among themselves."""
    made = planted(daily("a", 0) + daily("b", 1), [{"account_id": n, "payment_fingerprint": "c"} for n in "ab"])
    assert identity.identity_reuse(sample_of(made, {"a"})) == 0.0
    assert identity.identity_reuse(sample_of(made, {"a", "b"})) == 1.0


def test_shares_of_account_columns() -> None:
    """The commonest value, chosen values, no price, verification and bans, each over the members."""
    sample = of_facts(
        {
            "organisation_id": "x",
            "pathway": "education",
            "plan_price_usd": 0.0,
            "is_verified": True,
            "banned_at": at(1),
        },
        {"organisation_id": "x", "pathway": "education", "plan_price_usd": 20.0, "is_verified": False},
        {"organisation_id": "y", "pathway": "standard", "plan_price_usd": 0.0},
        {},
    )
    assert identity.largest_share(sample, "organisation_id") == 0.5
    assert identity.value_share(sample, "pathway", ("education",)) == 0.5
    assert identity.value_share(sample, "pathway", ("unheard-of",)) == 0.0
    assert identity.free_share(sample) == pytest.approx(2 / 3)  # of those whose price is known
    assert identity.verified_share(sample) == 0.25
    assert identity.banned_share(sample) == 0.25


def test_addresses_and_clients() -> None:
    """The commonest address by accounts, the median of addresses an account, the commonest client by exchanges."""
    rows = daily("a", 1, 2, ip="1", user_agent="curl") + daily("a", 3, ip="2", user_agent="curl")
    rows += daily("b", 4, ip="1", user_agent="sdk") + daily("c", 5, 6, ip="3", user_agent=None)
    sample = sample_of(planted(rows), {"a", "b", "c"})
    assert infrastructure.one_address_share(sample) == pytest.approx(2 / 3)
    assert infrastructure.addresses_per_account(sample) == 1.0
    assert infrastructure.one_client_share(sample) == 3 / 6


def test_volume_is_per_active_day() -> None:
    """Days without a request do not thin out the volume; both numbers are medians over accounts."""
    rows = daily("a", 1, 2, 3, 4, 240, 241) + daily("b", 1, 25) + daily("c", *np.linspace(0, 23, 20))
    sample = sample_of(planted(rows), {"a", "b", "c"})
    assert volume.requests_per_active_day(sample) == 3.0  # of 3, 1 and 20
    assert volume.active_days(sample) == 2.0  # of 2, 2 and 1


def test_the_densest_window_slides() -> None:
    """A burst is found wherever it lies, across midnights and weeks; one time alone is no burst."""
    sample = of_facts(*({"created_at": at(24 * day)} for day in (-300, -200, -103, -100, -97, -96.1)))
    assert rhythm.sign_up_burst(sample) == pytest.approx(4 / 6)
    assert rhythm.densest_share(np.array([5]), 10) == 0.0
    assert rhythm.densest_share(np.array([0, 10, 11, 20]), 10) == 0.75


def test_age_is_at_the_first_exchange_of_the_slice() -> None:
    """An account that was young when the slice began counts, and one that had grown old does not."""
    rows = daily("new", 0, 1) + daily("old", 0, 24 * 40)
    facts = [{"account_id": "new", "created_at": at(-24)}, {"account_id": "old", "created_at": at(-24)}]
    made = planted(rows, facts)
    assert identity.young_share(sample_of(made, {"new", "old"})) == 1.0
    assert identity.young_share(sample_of(made, {"new", "old"}, {"new-0", "old-960"})) == 0.5


def test_use_around_the_clock_is_told_from_office_hours() -> None:
    """Machines that never pause come near 1, people with a day's rhythm do not, whatever their volume."""
    rng = np.random.default_rng(0)
    for per_account in (60, 400):
        flat = [row for i in range(6) for row in daily(f"m{i}", *rng.uniform(0, 24 * 20, per_account))]
        office = [
            row
            for i in range(6)
            for row in daily(f"p{i}", *(24 * rng.integers(0, 20, per_account) + rng.uniform(9, 17, per_account)))
        ]
        made = planted(flat + office)
        assert rhythm.around_the_clock(sample_of(made, {f"m{i}" for i in range(6)})) > 0.9
        assert rhythm.around_the_clock(sample_of(made, {f"p{i}" for i in range(6)})) < 0.5
    assert rhythm.around_the_clock(sample_of(made, {"m0", "m1"})) is None  # two accounts are no group


def test_a_start_at_full_use_is_told_from_a_ramp() -> None:
    """Accounts that send as much in their first two days as later have no ramp."""
    full = [row for i in range(4) for row in daily(f"f{i}", *np.arange(0, 24 * 8, 2.0))]
    ramp = [row for i in range(4) for row in daily(f"r{i}", 0.0, *np.arange(24 * 3, 24 * 8, 2.0))]
    made = planted(full + ramp)
    assert rhythm.no_ramp(sample_of(made, {f"f{i}" for i in range(4)})) == 1.0
    assert rhythm.no_ramp(sample_of(made, {f"r{i}" for i in range(4)})) == 0.0


def test_taken_over_accounts_have_a_life_before_and_other_addresses() -> None:
    """An established own traffic, then a slice from elsewhere; not where the slice came at once or from home."""
    own = [row for i in range(8) for row in daily("victim", 10.0 * i, ip="home") + daily("owner", 10.0 * i, ip="den")]
    late = daily("victim", 500, ip="thief") + daily("owner", 500, ip="den")
    fresh = daily("fresh", 500, ip="thief") + [row for i in range(8) for row in daily("fresh", 501.0 + i, ip="x")]
    made = planted(own + late + fresh)
    members = {"victim", "owner", "fresh"}
    assert infrastructure.taken_over_share(sample_of(made, members, {f"{n}-500" for n in members})) == pytest.approx(
        1 / 3
    )


def test_foreign_traffic_begins_in_established_accounts_from_addresses_new_to_them() -> None:
    """Victims' accounts are old and were seen at home before; members' slices come from where they always were."""
    rows, facts = [], []
    for i, kind in enumerate(["victim", "victim", "member", "member", "new"]):
        name = f"{kind}{i}"
        facts.append({"account_id": name, "created_at": at(195.0 if kind == "new" else -800.0)})
        rows += daily(name, 190.0 + i if kind != "new" else 199.0, ip=f"home{i}")
        rows += daily(name, 200.0 + i, ip="exit" if kind in ("victim", "new") else f"home{i}")
        rows += daily(
            name, 210.0 + i, ip="exit"
        )  # also what is said later, and is not of the slice, may be the thief's
    made = planted(rows, facts)
    names = {fact["account_id"] for fact in facts}
    ids = {f"{name}-{200.0 + i}" for i, name in enumerate(sorted(names, key=lambda n: int(n[-1])))}
    assert infrastructure.foreign_share(sample_of(made, names, ids)) == pytest.approx(2 / 4)
    assert infrastructure.foreign_share(sample_of(made, {"victim0", "member2"}, ids)) is None


def test_a_pivot_is_to_a_model_that_appeared_later() -> None:
    """The share that turned to a new model within two days; a model that was there from the start is none."""
    rows = daily("x", 0, model="old") + daily("x", 100, model="new")
    rows += [row for i in range(30) for row in daily("a", 101.0 + i / 10, model="new" if i < 24 else "old")]
    rows += [row for i in range(30) for row in daily("b", 101.0 + i / 10, model="old")]
    made = planted(rows)
    assert rhythm.pivot_share(sample_of(made, {"a"})) == pytest.approx(0.8)
    assert rhythm.pivot_share(sample_of(made, {"b"})) == 0.0


def test_registered_accounts_are_counted() -> None:
    """The share of members that the registry names."""
    made = planted(daily("a", 0) + daily("b", 1))
    assert identity.registered_share(sample_of(made, {"a", "b"}, named="b")) == 0.5


def test_identity_reuse_counts_no_placeholder_of_strangers() -> None:
    """A value that a sixth of all accounts have, as "unknown", is no device that two share; a pool's card is one."""
    kinds = {"s": ("device_fingerprint", 8), "o": ("phone_fingerprint", 40), "p": ("payment_fingerprint", 6)}
    names = {kind: [f"{kind}{k:02d}" for k in range(n)] for kind, (_, n) in kinds.items()}
    facts = [
        {"account_id": name, kinds[kind][0]: f"own-{name}" if kind == "o" else kind}
        for kind, of_kind in names.items()
        for name in of_kind
    ]
    made = planted([row for of_kind in names.values() for name in of_kind for row in daily(name, 1)], facts)
    assert identity.identity_reuse(sample_of(made, {"s00", "s01", "o00"})) == 0.0
    assert identity.identity_reuse(sample_of(made, set(names["p"]))) == 1.0
