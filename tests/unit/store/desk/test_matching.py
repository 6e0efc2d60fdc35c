"""Which decided group a group of a later case continues, and what holds for it."""

import dataclasses

import pytest
from desks import example, new_desk

from stillwatch.store.desk.decision import Wish, decide
from stillwatch.store.desk.matching import held_of
from stillwatch.store.desk.snapshot import Snapshot


@pytest.fixture
def desk(tmp_path):
    """A desk that dismissed the example's first group."""
    desk, case = new_desk(tmp_path), example()
    first = case.campaigns[0]
    decide(desk, Wish("ada", "dismiss", first.id, 0, reason="a class", snapshot=Snapshot.of(case, first)))
    return desk


def later(accounts=None, **changes):
    """Return the example case with another first group."""
    case = example()
    first = dataclasses.replace(case.campaigns[0], **changes)
    if accounts is not None:
        first = dataclasses.replace(first, accounts=accounts, n_accounts=len(accounts))
    return dataclasses.replace(case, campaigns=(first, case.campaigns[1]))


def test_same_group_stays_dismissed_and_others_are_untouched(desk):
    """The decision comes back with who, when and why; a group that nobody decided about has no status."""
    case = example()
    statuses = held_of(desk, case).statuses
    assert list(statuses) == [case.campaigns[0].id]
    held = statuses[case.campaigns[0].id]
    assert (held.status, held.by, held.reason, held.overlap, held.new_evidence) == (
        "dismissed",
        "ada",
        "a class",
        1.0,
        (),
    )


def test_group_under_another_id_is_known_by_its_members(desk):
    """Three quarters of the members under a new id continue the dismissed group, and the decision's id is named."""
    first = example().campaigns[0]
    case = later(first.accounts[:15], id="c-new")
    held = held_of(desk, case).statuses["c-new"]
    assert (held.status, held.matched_id, held.overlap) == ("dismissed", first.id, 0.75)


def test_group_with_other_members_is_another_group(desk):
    """Fewer than half of either group in common: nothing was decided about it."""
    first = example().campaigns[0]
    strangers = tuple(f"stranger{i}" for i in range(11))
    assert held_of(desk, later((*first.accounts[:9], *strangers), id="c-new")).statuses == {}


def test_dismissed_group_with_new_evidence_is_reopened_and_says_which(desk):
    """New members reopen it; the status keeps who dismissed it and says what came."""
    first = example().campaigns[0]
    joined = tuple(f"joined{i}" for i in range(8))
    held = held_of(desk, later((*first.accounts, *joined))).statuses[first.id]
    assert (held.status, held.by) == ("reopened", "ada")
    assert held.new_evidence == ("8 members are new, beside 20 then.",)


def test_large_group_that_swallows_a_dismissed_one_is_reopened(desk):
    """A small dismissed group inside a large new one does not hide it."""
    first = example().campaigns[0]
    many = tuple(f"pool{i}" for i in range(500))
    held = held_of(desk, later((*first.accounts, *many), id="c-big")).statuses["c-big"]
    assert held.status == "reopened"


def test_dismissal_does_not_spread_to_a_group_beside_it(desk):
    """While the dismissed group is in the case, another one with many of its members keeps its own status."""
    case = example()
    first, second = case.campaigns
    beside = dataclasses.replace(second, accounts=first.accounts[:12], n_accounts=12)
    assert beside.id not in held_of(desk, dataclasses.replace(case, campaigns=(first, beside))).statuses


def test_newest_status_counts_where_a_group_continues_two(desk):
    """Confirmed under its new id after it was dismissed under the old one: confirmed."""
    first = example().campaigns[0]
    case = later(first.accounts[:15], id="c-new")
    decide(desk, Wish("ben", "confirm", "c-new", 0, snapshot=Snapshot.of(case, case.campaigns[0])))
    held = held_of(desk, case).statuses["c-new"]
    assert (held.status, held.by, held.matched_id) == ("confirmed", "ben", "c-new")


def test_left_out_account_is_named_wherever_it_stands(desk):
    """Leaving an account out in one group holds in another one, with who and why."""
    case = example()
    account = case.campaigns[1].accounts[0]
    decide(desk, Wish("ada", "exclude", case.campaigns[0].id, 1, reason="a customer", accounts=(account,)))
    held = held_of(desk, case).statuses[case.campaigns[1].id]
    assert (held.status, [(item.account_id, item.reason) for item in held.left_out]) == (
        "open",
        [(account, "a customer")],
    )


def test_left_out_members_do_not_count_as_new(desk):
    """Members that were left out before a dismissal are no news after it."""
    case = example()
    first = case.campaigns[0]
    gone = first.accounts[:6]
    decide(desk, Wish("ada", "exclude", first.id, 1, reason="customers", accounts=gone))
    kept = Snapshot.of(case, first).without(set(gone))
    decide(desk, Wish("ada", "dismiss", first.id, 2, reason="the rest too", snapshot=kept))
    assert held_of(desk, case).statuses[first.id].status == "dismissed"
