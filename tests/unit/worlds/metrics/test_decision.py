"""Precision, recall and wrong accusations, computed by hand on ten accounts."""

import pytest

from stillwatch.worlds.metrics.agreement import adjusted_rand_index, campaign_agreement
from stillwatch.worlds.metrics.decision import Decision, account_metrics, group_class
from stillwatch.worlds.metrics.truth import Truth

CLASSES = {
    "m1": ("distillation", "distillation-x"),
    "m2": ("distillation", "distillation-x"),
    "m3": ("distillation", "distillation-y"),
    "m4": ("distillation", "distillation-y"),
    "c1": ("classroom", "classroom-1"),
    "c2": ("classroom", "classroom-1"),
    "c3": ("classroom", "classroom-1"),
    "o1": ("organic", None),
    "o2": ("organic", None),
    "r1": ("authorised_distillation", "authorised-1"),
}
MANY = 500  # requests: more than a low-volume account has


def truth(**requests):
    """The truth of the ten accounts; r1 is registered; twenty requests each unless given."""
    return Truth(
        {name: label for name, (label, _) in CLASSES.items()},
        {name: group for name, (_, group) in CLASSES.items()},
        frozenset({"r1"}),
        {name: requests.get(name, 20) for name in CLASSES},
    )


def decided(*groups):
    """A decision that accuses these groups, each a string of account names."""
    parts = tuple(frozenset(group.split()) for group in groups)
    return Decision(parts, {name: str(i) for i, part in enumerate(parts) for name in part})


def test_precision_and_recall_count_accounts():
    """Three of five accused are members, and three of four members are accused."""
    found = account_metrics(truth(), decided("m1 m2 c1", "m3 o1"))
    assert (found["precision"], found["recall"]) == (3 / 5, 3 / 4)
    assert found["false_positive_rate"] == 2 / 5
    assert found["recall_by_campaign"] == {"distillation-x": [2, 2], "distillation-y": [1, 2]}
    assert found["accused_by_class"] == {"classroom": [1, 3], "organic": [1, 2]}


def test_a_registered_account_changes_nothing_but_its_own_count():
    """To accuse it costs no precision and is counted apart."""
    plain, more = account_metrics(truth(), decided("m1 m2")), account_metrics(truth(), decided("m1 m2 r1"))
    assert more.pop("registered_accused") == 1
    assert plain.pop("registered_accused") == 0
    assert {**more, "accused_groups_by_class": {}} == plain


def test_accused_groups_have_the_class_of_most_of_their_accounts():
    """Exactly half is not most: such a group is mixed; a campaign's own group is not wrong."""
    found = account_metrics(truth(), decided("c1 c2 o1", "m1 m2 o2", "c3 o1"))
    assert found["accused_groups_by_class"] == {"classroom": 1, "mixed": 1}
    assert group_class(truth(), frozenset({"nobody"})) is None


def test_low_volume_counts_only_accounts_with_few_requests():
    """A member with many requests is left out of the recall of thin accounts, as is an innocent one of the rate."""
    found = account_metrics(truth(m1=MANY, c1=MANY), decided("m1 m2 c1 o1"))["low_volume"]
    assert (found["n_members"], found["n_others"]) == (3, 4)
    assert (found["recall"], found["false_positive_rate"]) == (1 / 3, 1 / 4)


def test_nothing_accused_has_no_precision():
    """Precision of nothing is null, not one; recall is zero."""
    found = account_metrics(truth(), decided())
    assert found["precision"] is None
    assert found["recall"] == 0


def test_agreement_is_one_only_for_the_campaigns_themselves():
    """The planted cut gives 1; both campaigns in one group, a missed one, and a wrong account each cost."""
    assert campaign_agreement(truth(), decided("m1 m2", "m3 m4")) == 1
    merged = campaign_agreement(truth(), decided("m1 m2 m3 m4"))
    missed = campaign_agreement(truth(), decided("m1 m2"))
    wrong = campaign_agreement(truth(), decided("m1 m2 c1", "m3 m4"))
    assert max(merged, missed, wrong) < 1
    assert merged == pytest.approx(0)
    assert campaign_agreement(truth(), decided("m1 m2 r1", "m3 m4")) == 1


def test_one_campaign_alone_has_no_agreement():
    """The index would be 0 for all but one of its members found, so it says nothing; a wrong account gives it sense."""
    one = Truth(
        {"m1": "distillation", "m2": "distillation", "m3": "distillation", "o1": "organic"},
        dict.fromkeys(("m1", "m2", "m3"), "distillation-x") | {"o1": None},
        frozenset(),
        {},
    )
    assert campaign_agreement(one, decided("m1 m2")) is None
    assert campaign_agreement(one, decided("m1 m2 m3", "o1")) == 1


def test_adjusted_rand_index_by_hand():
    """Six items, planted 3 and 3, found 2 and 4: 4 pairs agree of 6 and 7, 2.8 by chance."""
    planted, found = [0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 1, 1]
    assert adjusted_rand_index(planted, found) == pytest.approx((4 - 6 * 7 / 15) / (6.5 - 6 * 7 / 15))
    assert adjusted_rand_index([0, 1, 2], [0, 1, 2]) == 1
    assert adjusted_rand_index([0, 0, 0], [0, 1, 2]) == 0
