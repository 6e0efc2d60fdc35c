"""A case beside the truth: found and wrongly accused accounts, counted on planted examples."""

from types import SimpleNamespace

import pyarrow as pa

from stillwatch.cli.comparison import Innocent, Planted, compare
from stillwatch.worlds.truth import TRUTH_ACCOUNTS


def truth(*rows):
    """A truth table of (account, class, group)."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return pa.table([*columns, ["user"] * len(rows)], schema=TRUTH_ACCOUNTS)


def case(*groups):
    """What the comparison reads of a case: accounts, and whether the group is accused."""
    return SimpleNamespace(
        campaigns=[SimpleNamespace(accounts=accounts, is_accusation=accused) for accounts, accused in groups]
    )


ROWS = [(f"d{i}", "distillation", "distillation-a") for i in range(4)]
ROWS += [(f"r{i}", "relay", "relay-1") for i in range(2)] + [("o", "organic", None), ("p", "organic", None)]


def test_only_accused_groups_count():
    """A group that is reported without being accused finds nothing and harms nobody."""
    compared = compare(case((("d0", "d1", "d2", "d3", "o"), False)), truth(*ROWS))
    assert compared.planted == (Planted("distillation-a", 4, 0, False),)
    assert [one.n_accused for one in compared.innocent] == [0, 0]


def test_found_means_more_than_half():
    """Half of a campaign's accounts is not found; one more is, from several groups together."""
    half = compare(case((("d0", "d1"), True)), truth(*ROWS))
    assert half.planted == (Planted("distillation-a", 4, 2, False),)
    more = compare(case((("d0", "d1"), True), (("d1", "d2"), True)), truth(*ROWS))
    assert more.planted == (Planted("distillation-a", 4, 3, True),)


def test_innocent_accounts_are_counted_by_class():
    """Each class is counted on its own, organic traffic last, and an account in two groups once."""
    compared = compare(case((("d0", "r1", "o"), True), (("r1",), True)), truth(*ROWS))
    assert compared.innocent == (Innocent("relay", 2, 1), Innocent("organic", 2, 1))
    assert "accused without cause: 2 of 4 accounts (0 expected)" in "\n".join(compared.lines())
