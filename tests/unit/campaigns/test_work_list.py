"""Tests of work lists without a template: the pool is found, nobody else is named, and the parts keep their word."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_lists import LIMITED, OK, Traffic, handed
from planted_traffic import Planted, planted

from stillwatch.campaigns.group import Group
from stillwatch.campaigns.work_list import (
    LEAST_ITEMS,
    N_FOLDS,
    SITTING_US,
    SURE_MEMBER,
    WorkLists,
    _hand_over_rate,
    fitted,
    sent_alone,
    sent_before,
)
from stillwatch.links.replica import replicas


def lists_of(made: Planted, is_explained: np.ndarray | None = None) -> WorkLists:
    """Return the search for work lists in a population."""
    explained = np.zeros(len(made.population.exchanges), bool) if is_explained is None else is_explained
    return WorkLists(made.population, made.entities, *handed(made), replicas(made.population, made.entities), explained)


def names(made: Planted, group: Group) -> set[str]:
    """Return the accounts of a group."""
    return {
        name
        for name, entity in zip(made.population.accounts.names, made.entities.of_account.tolist(), strict=True)
        if entity in set(group.entities.tolist())
    }


def hidden_pool(seed: int, n_accounts: int = 24) -> Planted:
    """Return a pool whose accounts also talk as people do, among strangers some of whom like its subject."""
    traffic = Traffic(seed)
    traffic.pool(n_accounts, 720)
    for account in range(n_accounts):
        for _ in range(20):
            traffic.send(f"p{account:02d}", traffic.item(), float(traffic.rng.uniform(0, 240)))
    traffic.strangers(150)
    traffic.classroom(n_items=8)
    return traffic.made()


@pytest.mark.parametrize("seed", range(3))
def test_a_pool_without_a_template_is_found_and_no_stranger_is_named(seed: int) -> None:
    """Where nothing but hand-overs names a pool, nearly all of it is found, its own talk apart, and nobody else."""
    made = hidden_pool(seed)
    (group,) = lists_of(made).groups()
    found = names(made, group)
    assert all(name.startswith("p") for name in found)
    assert len(found) >= 0.9 * 24
    assert group.channel == "hand_over"
    assert len(group.families) == 0
    assert np.all(group.p_entity >= SURE_MEMBER - 1e-12)
    assert np.all((group.p_exchange >= 0) & (group.p_exchange <= 1))
    assert np.array_equal(group.slice_rows, np.unique(group.slice_rows))
    prompts = made.population.exchanges.hashes["prompt_hash"][group.slice_rows]
    is_item = prompts <= 720  # the list was planted first
    assert np.mean(is_item) > 0.9
    assert np.count_nonzero(is_item) > 0.7 * sum(1 for row in made.table["prompt_hash"].to_pylist() if row <= 720)


def test_what_is_doubtful_keeps_its_probability() -> None:
    """Each exchange of a member is in the slice or doubtful, by one half, and none is both."""
    made = hidden_pool(0)
    (group,) = lists_of(made).groups()
    both = np.concatenate([group.slice_rows, group.doubtful_rows])
    account = made.population.exchanges.account
    mine = np.flatnonzero(np.isin(made.entities.of_account[account], group.entities))
    assert np.array_equal(np.sort(both), mine)
    assert len(group.doubtful_rows)
    assert np.all(group.p_doubtful < 0.5)
    assert len(np.unique(group.p_doubtful)) > len(group.p_doubtful) / 2  # an order among them, not one value


def test_enthusiasts_of_the_same_subject_are_not_named() -> None:
    """Strangers who send only prompts on the list's subject, and try again themselves what failed, are not named."""
    traffic = Traffic(7)
    traffic.pool(24, 720)
    traffic.strangers(100)
    traffic.strangers(40, prefix="e", subject=traffic.subject)
    made = traffic.made()
    found = set().union(*(names(made, group) for group in lists_of(made).groups()))
    assert sum(name.startswith("p") for name in found) >= 20
    assert not {name for name in found if not name.startswith("p")}


def test_who_openly_tries_again_is_not_named() -> None:
    """A harness of many accounts each of which sends again what failed for itself makes no work list."""
    traffic = Traffic(8)
    traffic.pool(24, 720, resends_own=True)
    traffic.strangers(80)
    assert lists_of(traffic.made()).groups() == ()


def test_a_lone_harness_beside_a_pool_is_not_named() -> None:
    """One account that sends the list's kind of items and its own failures again stays out of the pool's group."""
    traffic = Traffic(9)
    traffic.pool(24, 720)
    traffic.strangers(80)
    for _ in range(60):
        item, hours = traffic.item(), float(traffic.rng.uniform(0, 230))
        for attempt in range(3):
            status = LIMITED if attempt < 2 else OK
            traffic.send("harness", item, hours + attempt / 60, status=status, subject=traffic.subject)
    made = traffic.made()
    (group,) = lists_of(made).groups()
    assert "harness" not in names(made, group)
    assert len(names(made, group)) >= 20


@pytest.mark.parametrize("seed", range(3))
def test_who_passed_on_an_odd_item_is_a_member_as_well(seed: int) -> None:
    """What joins the nucleus is of its list, also where it is not like the other items: two fifths here are of no kind.

    Nearly all accounts pass something on; to ask that it be alike as well would leave a third of them out.
    """
    traffic = Traffic(20 + seed)
    subject = traffic.subject
    traffic.pool(40, 480)
    traffic.subject = None
    traffic.pool(40, 320)
    traffic.subject = subject
    traffic.strangers(150)
    made = traffic.made()
    lists = lists_of(made)
    passing = {*lists.entity[lists.failed].tolist(), *lists.entity[lists.taken].tolist()}
    (group,) = lists.groups()
    assert passing <= set(group.entities.tolist())
    assert all(name.startswith("p") for name in names(made, group))


@pytest.mark.parametrize("seed", range(3))
def test_who_asks_much_of_everything_is_not_named_for_some_items_of_the_kind(seed: int) -> None:
    """Heavy users have as many items of the list's kind as members, in a smaller share of their traffic than any."""
    traffic = Traffic(30 + seed)
    traffic.pool(40, 480)
    traffic.strangers(150)
    for user in range(12):
        for n in range(220):
            subject = traffic.subject if n < 12 else None
            traffic.send(f"h{user:02d}", traffic.item(), float(traffic.rng.uniform(0, 240)), subject=subject)
    made = traffic.made()
    (group,) = lists_of(made).groups()
    assert not {name for name in names(made, group) if not name.startswith("p")}
    assert len(names(made, group)) >= 34


def test_two_lists_are_two_groups() -> None:
    """Pools that work through lists of their own, on subjects of their own, are not mixed."""
    traffic = Traffic(10)
    traffic.pool(20, 600, "p")
    traffic.subject = -traffic.subject
    traffic.pool(20, 600, "q")
    traffic.strangers(150)
    made = traffic.made()
    found = [names(made, group) for group in lists_of(made).groups()]
    assert len(found) == 2
    for group in found:
        (prefix,) = {name[0] for name in group}
        assert prefix in "pq"
        assert len(group) >= 18


def test_what_a_template_explains_is_left_to_it() -> None:
    """Where a template explains all that the pool sent, hand-overs propose nothing of their own."""
    made = hidden_pool(11)
    account = np.array(made.population.accounts.names)[made.population.exchanges.account]
    assert lists_of(made, np.char.startswith(account, "p")).groups() == ()


def test_the_order_of_rows_never_matters() -> None:
    """The same traffic in another order gives the same groups."""
    traffic = Traffic(12)
    traffic.pool(24, 500)
    traffic.strangers(60)
    for number, row in enumerate(traffic.rows):
        row["exchange_id"] = f"x{number:05d}"
    shuffled = planted([traffic.rows[i] for i in traffic.rng.permutation(len(traffic.rows))])
    (one,), (other,) = lists_of(traffic.made()).groups(), lists_of(shuffled).groups()
    assert np.array_equal(one.entities, other.entities)
    assert np.array_equal(one.slice_rows, other.slice_rows)
    assert np.array_equal(one.p_exchange, other.p_exchange)


def test_a_log_of_the_pool_alone_is_no_error() -> None:
    """Where there are no strangers to tell a list from, no group is made, rather than a division by nought."""
    traffic = Traffic(13)
    traffic.pool(12, 600)
    assert lists_of(traffic.made()).groups() == ()


def test_a_pool_that_falls_into_one_fold_is_found_all_the_same() -> None:
    """Where chance puts all accounts of a pool into one fold, nothing can be held out, and the list is learnt still."""
    traffic = Traffic(16)
    traffic.pool(12, 600)
    traffic.strangers(60)
    for i in range(60):  # the order of accounts is that of their first requests
        name = f"p{i // N_FOLDS:02d}" if i % N_FOLDS == 0 else f"o{i:03d}"
        traffic.send(name, traffic.item(), i / 1000 - 1)
    made = traffic.made()
    folds = {made.entity(f"p{i:02d}") % N_FOLDS for i in range(12)}
    assert folds == {0}
    (group,) = lists_of(made).groups()
    assert names(made, group) == {f"p{i:02d}" for i in range(12)}


@pytest.mark.parametrize("hidden", ["status", "prompt_hash", "topic", "everything"])
def test_without_outcomes_prompts_or_traffic_there_are_no_lists(hidden: str) -> None:
    """A log that does not say what failed or what was asked, and an empty one, have no work lists, and no error."""
    traffic = Traffic(14)
    traffic.pool(8, 200)
    traffic.strangers(20)
    if hidden == "topic":  # hand-overs are there, and nothing tells their items from anything else
        made = planted([{**row, "topic": [0] * 64} for row in traffic.rows])
        assert len(handed(made)[1].failed) > 0
        assert all(len(group.entities) >= 5 for group in lists_of(made).groups())
        return
    rows = [] if hidden == "everything" else [{**row, hidden: None} for row in traffic.rows]
    assert lists_of(planted(rows)).groups() == ()


@pytest.mark.parametrize("seed", range(5))
def test_sent_alone_and_sent_before_equal_a_look_at_every_row(seed: int) -> None:
    """Both facts of an exchange are those that a comparison with every other row gives."""
    rng = np.random.default_rng(seed)
    rows = [
        {
            "account": f"a{rng.integers(4)}",
            "hours": float(rng.integers(60)) / 40,  # steps of a minute and a half, so that some lie just at the limit
            "prompt_hash": None if rng.random() < 0.2 else int(rng.integers(1, 8)),
        }
        for _ in range(70)
    ]
    made = planted(rows, [{"account_id": f"a{i}", "organisation_id": "o", "is_verified": i < 2} for i in range(4)])
    exchanges = made.population.exchanges
    entity = made.entities.of_account[exchanges.account].astype(np.int64)
    chosen = np.sort(rng.choice(70, 50, replace=False))
    alone, before = sent_alone(made.population, chosen), sent_before(made.population, entity)
    at_us, account, prompt = exchanges.requested_us, exchanges.account, exchanges.hashes["prompt_hash"]
    for row, found in zip(chosen.tolist(), alone.tolist(), strict=True):
        earlier = [other for other in range(row) if account[other] == account[row]]
        assert found == all(at_us[row] - at_us[other] >= SITTING_US for other in earlier)
    for row in range(70):
        others = [o for o in range(70) if o != row and entity[o] == entity[row] and prompt[o] == prompt[row] != 0]
        assert bool(before[row]) == bool(others)
    assert len(sent_alone(made.population, np.zeros(0, np.int64))) == 0


@pytest.mark.parametrize("rate", [0.002, 0.02, 0.2])
def test_the_rate_of_hand_overs_is_recovered_from_the_linked_alone(rate: float) -> None:
    """From entities with at least one hand-over, the planted rate comes back; the naive ratio would be too high."""
    rng = np.random.default_rng(1)
    listed = rng.integers(3, 80, 4000).astype(float)
    handed_over = rng.poisson(rate * listed).astype(float)
    linked = handed_over > 0
    n = float(handed_over[linked].sum())
    found = _hand_over_rate(handed_over[linked], listed[linked])
    assert found == pytest.approx(rate, rel=6 / np.sqrt(n))
    if rate < 0.01:
        assert n / float(listed[linked].sum()) > 1.5 * rate


def test_inverse_chances_count_all_members() -> None:
    """Linked members, each by the inverse of its chance to be linked, come to the number of all members."""
    rng = np.random.default_rng(2)
    listed = rng.integers(20, 80, 5000).astype(float)
    handed_over = rng.poisson(0.02 * listed).astype(float)
    linked = handed_over > 0
    rate = _hand_over_rate(handed_over[linked], listed[linked])
    assert np.sum(1 / -np.expm1(-rate * listed[linked])) == pytest.approx(5000, rel=0.1)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 200), st.integers(1, 90), st.integers(0, 10**6), st.floats(-40, 40))
def test_weights_are_finite_whatever_is_separable(n: int, m: int, d: int, seed: int, shift: float) -> None:
    """Few examples, many features, constant features or sides that a plane parts: the weights stay finite."""
    rng = np.random.default_rng(seed)
    positives, negatives = rng.normal(shift, 1, (n, d)), rng.normal(0, 1, (m, d))
    positives[:, 0] = negatives[:, 0] = 0.0
    positives[:, -1] = negatives[:, -1] = 1.0
    assert np.all(np.isfinite(fitted(positives, negatives)))


def test_the_score_rises_with_what_tells_the_sides_apart() -> None:
    """A feature that is larger on one side has a weight of that sign, larger where it is further apart."""
    rng = np.random.default_rng(3)
    seen = []
    for shift in (-2.0, -0.5, 0.0, 0.5, 2.0):
        positives = np.column_stack([rng.normal(shift, 1, 3000), rng.normal(size=3000), np.ones(3000)])
        negatives = np.column_stack([rng.normal(0, 1, 9000), rng.normal(size=9000), np.ones(9000)])
        weights = fitted(positives, negatives)
        seen.append(weights[0])
        assert abs(weights[1]) < 0.15
        # equal spread: the logarithm of the likelihood ratio is linear, with the shift as its slope
        assert weights[0] == pytest.approx(shift, abs=0.25)
    assert seen == sorted(seen)


def test_members_have_the_least_number_of_items() -> None:
    """Nobody is named for fewer items than the least, hand-overs apart."""
    made = hidden_pool(15)
    (group,) = lists_of(made).groups()
    sent = np.bincount(
        made.entities.of_account[made.population.exchanges.account[group.slice_rows]], minlength=made.entities.n
    )
    assert np.all(sent[group.entities] >= LEAST_ITEMS)
