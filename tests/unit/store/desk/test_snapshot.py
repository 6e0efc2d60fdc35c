"""New evidence: a group against itself has none; each kind of news is said."""

import pytest
from desks import snapshot

from stillwatch.store.desk.snapshot import new_evidence, overlap


def test_group_against_itself_has_no_new_evidence():
    """The same evidence, or weaker, reopens nothing."""
    before = snapshot()
    weaker = snapshot(
        accounts=before.accounts[:-2], p_distillation=0.1, bits={name: n - 3 for name, n in before.bits.items()}
    )
    assert new_evidence(before, before) == ()
    assert new_evidence(before, weaker) == ()


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (
            {},
            {"accounts": snapshot().accounts + tuple(f"new{i}" for i in range(7))},
            "7 members are new, beside 20 then.",
        ),
        ({"leading": "classroom"}, {"leading": "distillation"}, "Distillation leads now; then classroom led."),
        ({"q_value": 0.4}, {"q_value": 0.01}, "Coordination is shown now (q = 0.01); then it was not (q = 0.4)."),
        ({"p_distillation": 0.4}, {"p_distillation": 0.7}, "The posterior of distillation is 70%; then it was 40%."),
        (
            {"bits": {"a_thing": -2.0}},
            {"bits": {"a_thing": 1.5}},
            "A thing speaks 1.5 bits more for distillation than then.",
        ),
        ({"families": {"f-1": 50}}, {"families": {"f-1": 50, "f-2": 9}}, "1 template family is new, with 9 exchanges."),
        (
            {"sharing": {"ip": 4}},
            {"sharing": {"ip": 4, "tls_fingerprint": 2}},
            "Members share what they did not share then: tls fingerprint.",
        ),
    ],
)
def test_each_kind_of_news_is_said_in_one_sentence(before, now, said):
    """What came is named with its numbers, and nothing else is."""
    assert new_evidence(snapshot(**before), snapshot(**now)) == (said,)


def test_ordinary_turnover_is_no_news():
    """A few new members, less than a tenth or fewer than a group, do not reopen anything."""
    before = snapshot()
    assert new_evidence(before, snapshot(accounts=(*before.accounts, "n1", "n2", "n3", "n4"))) == ()


def test_families_of_another_key_are_not_compared():
    """Another key gives every family another id; that is no new evidence."""
    assert new_evidence(snapshot(), snapshot(key_id="k-other", families={"f-x": 10**6})) == ()


def test_small_family_behind_a_full_list_is_no_news():
    """Where twelve were listed, a smaller one may have been there all the time."""
    full = {f"f-{i}": 100 + i for i in range(12)}
    assert new_evidence(snapshot(families=full), snapshot(families={**full, "f-new": 99})) == ()
    assert new_evidence(snapshot(families=full), snapshot(families={**full, "f-new": 101})) != ()


def test_overlap_counts_the_earlier_groups_accounts():
    """Half of the earlier group in the later one, whatever else joined, is a half."""
    before = snapshot(accounts=("a", "b"))
    assert overlap(before, snapshot(accounts=("b", "c", "d", "e"))) == 0.5
    assert overlap(snapshot(accounts=()), before) == 0.0
