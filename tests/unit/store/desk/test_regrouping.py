"""Merges and splits: which groups a case has after them, and by which names they go."""

import dataclasses
import itertools

import pytest
from desks import example, new_desk

from stillwatch.store.desk.decision import Wish, decide, decisions
from stillwatch.store.desk.matching import held_of
from stillwatch.store.desk.regrouping import Regrouping, part_id, regrouping
from stillwatch.store.desk.snapshot import Snapshot


@pytest.fixture
def case():
    """Two groups without an account in common."""
    case = example()
    first, second = case.campaigns
    return dataclasses.replace(
        case, campaigns=(first, dataclasses.replace(second, accounts=tuple(f"second-{i}" for i in range(8))))
    )


@pytest.fixture
def desk(tmp_path):
    """An empty desk."""
    return new_desk(tmp_path)


def take(desk, case, kind, place, **wish):
    """Record a decision about a group of the case as it stands on the desk."""
    group = case.campaigns[place]
    seen = max((item.id for item in decisions(desk)), default=0)
    return decide(desk, Wish("ada", kind, group.id, seen, "why", **{"snapshot": Snapshot.of(case, group), **wish}))


def merge(desk, case):
    """Merge the second group into the first."""
    second = case.campaigns[1]
    return take(desk, case, "merge", 0, campaigns=(second.id,), others={second.id: Snapshot.of(case, second)})


def test_nothing_decided_changes_nothing(desk, case):
    """Neither an empty desk nor one that only confirmed makes other groups."""
    assert held_of(desk, case).regrouping == Regrouping()
    take(desk, case, "confirm", 0)
    found = held_of(desk, case).regrouping
    assert not found.is_changed
    assert [shape.accounts for shape in found.shapes] == [one.accounts for one in case.campaigns]


def test_merged_groups_are_one_under_either_id(desk, case):
    """All members once, the name of the first, and the other id stands for it; undone, all is as before."""
    first, second = case.campaigns
    made = merge(desk, case)
    found = held_of(desk, case).regrouping
    (shape,) = found.shapes
    assert (shape.id, shape.bases, shape.decisions) == (first.id, (first.id, second.id), (made.id,))
    assert shape.accounts == (*first.accounts, *second.accounts)
    assert found.aliases == {second.id: first.id}
    take(desk, case, "undo", 0, undoes=made.id)
    assert not held_of(desk, case).regrouping.is_changed


def test_split_gives_the_part_and_the_rest_and_loses_nobody(desk, case):
    """The part has an id of its own; part and rest are the whole; a merge of both is the whole again."""
    whole = case.campaigns[0]
    chosen = whole.accounts[4:9]
    take(desk, case, "split", 0, accounts=chosen)
    rest, part, _ = held_of(desk, case).regrouping.shapes
    assert (rest.id, part.id, part.is_part) == (whole.id, part_id(reversed(chosen)), True)
    assert part.accounts == chosen
    assert set(rest.accounts) == set(whole.accounts) - set(chosen)
    take(desk, case, "merge", 0, campaigns=(part.id,))
    again, _ = held_of(desk, case).regrouping.shapes
    assert set(again.accounts) == set(whole.accounts)


def test_no_order_of_merges_and_splits_loses_an_account(desk, case):
    """Whatever is merged and split, every account of the case stands in exactly one group."""
    first, second = case.campaigns
    merge(desk, case)
    take(desk, case, "split", 0, accounts=(first.accounts[0], *second.accounts[:2]), snapshot=None)
    take(desk, case, "split", 0, accounts=first.accounts[1:3])
    take(desk, case, "merge", 1, campaigns=(part_id(first.accounts[1:3]),))
    shapes = held_of(desk, case).regrouping.shapes
    everybody = list(itertools.chain.from_iterable(shape.accounts for shape in shapes))
    assert sorted(everybody) == sorted({*first.accounts, *second.accounts})


def test_merge_holds_in_a_later_case_where_both_have_new_ids(desk, case):
    """A rescan gives both groups other ids: each is known by its members, and they are one again."""
    merge(desk, case)
    renamed = tuple(dataclasses.replace(one, id=f"c-new{i}") for i, one in enumerate(case.campaigns))
    found = held_of(desk, dataclasses.replace(case, campaigns=renamed)).regrouping
    (shape,) = found.shapes
    assert (shape.id, shape.bases) == ("c-new0", ("c-new0", "c-new1"))
    assert {found.aliases[one.id] for one in case.campaigns} == {"c-new0"}


def test_part_that_a_later_scan_has_by_itself_is_not_split_again(desk, case):
    """Where the case has part and rest, nothing is changed, and the part's id still stands for it."""
    whole, other = case.campaigns
    chosen = whole.accounts[:6]
    take(desk, case, "split", 0, accounts=chosen)
    rest = dataclasses.replace(whole, accounts=whole.accounts[6:])
    part = dataclasses.replace(whole, id="c-other", accounts=chosen)
    found = regrouping(dataclasses.replace(case, campaigns=(rest, part, other)), {}, decisions(desk))
    assert not found.is_changed
    assert found.aliases == {part_id(chosen): "c-other"}


def test_decision_about_a_part_says_nothing_of_the_whole(desk, case):
    """A part is dismissed: the next scan finds the whole, of which nothing was decided but the split."""
    whole = case.campaigns[0]
    take(desk, case, "split", 0, accounts=whole.accounts[:8])
    part = dataclasses.replace(whole, id=part_id(whole.accounts[:8]), accounts=whole.accounts[:8])
    shown = dataclasses.replace(case, campaigns=(part, *case.campaigns[1:]))
    take(desk, shown, "dismiss", 0)
    assert held_of(desk, case).statuses[whole.id].status == "open"
    assert held_of(desk, shown).statuses[part.id].status == "dismissed"


def test_kept_evidence_of_a_merged_group_is_sealed(desk, case):
    """Evidence of a group that the merge does not name is refused."""
    first, second = case.campaigns
    with pytest.raises(Exception, match="does not name"):
        take(desk, case, "merge", 0, campaigns=(second.id,), others={"c-x": Snapshot.of(case, first)})
