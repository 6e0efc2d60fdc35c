"""Two accused groups of one campaign: which are joined, and who is in what they make."""

from dataclasses import replace

import numpy as np

from stillwatch.campaigns.group import Group
from stillwatch.campaigns.joining import joint, pairs_of_one, united


def _group(first: int, last: int, channel: str = "content", *, p: float = 0.9) -> Group:
    """Return a group of the entities from ``first`` to ``last`` - 1, each with one exchange of its own number."""
    members = np.arange(first, last, dtype=np.int64)
    return Group(channel, np.array([first]), members, np.full(len(members), p), members, np.full(len(members), p))


def test_groups_that_are_mostly_each_other_are_one_campaign() -> None:
    """Most of the smaller are in the larger, and most of the larger in the smaller; a third is neither."""
    assert pairs_of_one([_group(0, 130), _group(500, 560), _group(35, 150)]) == [(0, 2)]


def test_a_part_of_a_group_twice_as_large_stays_itself() -> None:
    """Forty of fifty lie within, and are less than half of the larger one."""
    assert pairs_of_one([_group(0, 130), _group(90, 140)]) == []


def test_groups_that_share_less_than_four_fifths_are_two() -> None:
    """Three quarters of each are in the other."""
    assert pairs_of_one([_group(0, 100), _group(25, 125)]) == []


def test_a_group_within_another_adds_nobody_and_is_not_joined() -> None:
    """Joining it would change nothing."""
    assert pairs_of_one([_group(0, 100), _group(10, 90)]) == []


def test_what_several_campaigns_have_in_common_is_not_joined_with_one_of_them() -> None:
    """The larger of the two takes in another accused group that the smaller does not know."""
    first, second, common = _group(0, 100), _group(100, 180), _group(10, 185)
    assert pairs_of_one([first, common]) == [(0, 1)]
    assert pairs_of_one([first, second, common]) == []


def test_a_smaller_group_of_the_same_campaign_does_not_make_it_several() -> None:
    """A third group that lies within both is no other campaign."""
    assert pairs_of_one([_group(0, 130), _group(40, 100), _group(35, 150)]) == [(0, 2)]


def test_a_group_is_joined_once_with_the_one_most_like_it() -> None:
    """Of three alike the two most alike are joined; the third waits."""
    assert pairs_of_one([_group(0, 100), _group(18, 118), _group(5, 105)]) == [(0, 2)]


def test_groups_of_a_work_list_are_joined_with_none_by_words() -> None:
    """What a list is like was learned from its own members."""
    assert pairs_of_one([_group(0, 130), _group(35, 150, "hand_over")]) == []


def test_groups_whose_strangers_were_set_apart_are_left_alone() -> None:
    """Their tests are of another set of members."""
    one = _group(0, 130)
    assert pairs_of_one([replace(one, whole=one), _group(35, 150)]) == []


def test_what_two_groups_make_holds_all_of_both_at_the_highest_probability() -> None:
    """Members, exchanges and families are all there, once."""
    both = joint(_group(0, 130, p=0.7), _group(35, 150, p=0.9))
    assert both.entities.tolist() == list(range(150))
    assert both.slice_rows.tolist() == list(range(150))
    assert both.families.tolist() == [0, 35]
    assert both.p_entity.tolist() == [0.7] * 35 + [0.9] * 115
    assert not len(both.added)


def test_who_was_added_to_one_group_and_proposed_in_the_other_counts_as_proposed() -> None:
    """Ties added it to one group; words proposed it in the other, and say something of it."""
    one = replace(_group(0, 130), added=np.arange(100, 130))
    both = united([one, replace(_group(35, 150), added=np.arange(120, 150))])
    assert both.added.tolist() == list(range(120, 150))


def test_whom_ties_proposed_the_tests_do_not_see_beside_those_whom_words_chose() -> None:
    """Whichever of the two comes first."""
    by_words, by_ties = replace(_group(0, 130), added=np.arange(110, 130)), _group(35, 150, "identity")
    for both in (joint(by_words, by_ties), joint(by_ties, by_words)):
        assert both.channel == "content"
        assert both.proposed.tolist() == list(range(110))


def test_exchanges_in_doubt_in_one_group_and_held_in_the_other_are_held() -> None:
    """What either group holds is held."""
    one = replace(_group(0, 130), doubtful_rows=np.array([140, 300]), p_doubtful=np.array([0.4, 0.2]))
    both = united([one, _group(35, 150)])
    assert both.doubtful_rows.tolist() == [300]
    assert 140 in both.slice_rows.tolist()
