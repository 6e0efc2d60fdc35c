"""Tests of reading the registry against the traffic."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from planted_traffic import Planted, at, planted

from stillwatch.pipeline.registry import Registry, read_registry
from stillwatch.records.schema import AUTHORISATIONS


def registry(made: Planted, *rows: dict[str, Any]) -> Registry:
    """Return a registry of these rows, read against planted traffic."""
    table = pa.Table.from_pylist([{"scope": "evaluation", **row} for row in rows], schema=AUTHORISATIONS)
    return read_registry(made.population, table)


def names(made: Planted, mask: Sequence[bool]) -> set[str]:
    """Return the accounts that a mask holds."""
    return {name for name, held in zip(made.population.accounts.names, mask, strict=True) if held}


def hourly(account: str, *hours: float) -> list[dict[str, Any]]:
    """Return one exchange at each hour."""
    return [{"account": account, "hours": hour} for hour in hours]


def test_a_row_covers_within_its_validity_and_not_at_its_end() -> None:
    """From ``valid_from`` on and before ``valid_to``; outside, a row names the account and covers nothing."""
    made = planted(hourly("within", 10, 19.99) + hourly("early", 9.99, 12) + hourly("end", 12, 20))
    found = registry(
        made, *({"account_id": n, "valid_from": at(10), "valid_to": at(20)} for n in ("within", "early", "end"))
    )
    assert names(made, found.named) == {"within", "early", "end"}
    assert names(made, found.covered) == {"within"}
    assert [(made.population.accounts.names[item.account], item.exchanges_after) for item in found.lapsed] == [
        ("end", 1)
    ]


def test_rows_add_up() -> None:
    """Two rows in sequence cover what neither covers alone; a gap between them stays uncovered, not lapsed."""
    made = planted(hourly("joined", 5, 15) + hourly("gap", 5, 12, 25))
    rows = [
        {"account_id": "joined", "valid_from": at(0), "valid_to": at(10)},
        {"account_id": "joined", "valid_from": at(10), "valid_to": at(20)},
        {"account_id": "gap", "valid_from": at(0), "valid_to": at(10)},
        {"account_id": "gap", "valid_from": at(20), "valid_to": at(30)},
    ]
    for order in (rows, rows[::-1]):
        found = registry(made, *order)
        assert names(made, found.covered) == {"joined"}
        assert found.lapsed == ()


def test_open_ends_cover_for_ever() -> None:
    """A row without a beginning covers all before its end; one without an end never lapses, whatever others say."""
    made = planted(hourly("always", 0, 10_000) + hourly("since", 5, 9_000) + hourly("until", 0, 7))
    found = registry(
        made,
        {"account_id": "always"},
        {"account_id": "since", "valid_from": at(5)},
        {"account_id": "since", "valid_from": at(0), "valid_to": at(6)},
        {"account_id": "until", "valid_to": at(8)},
    )
    assert names(made, found.covered) == {"always", "since", "until"}
    assert found.lapsed == ()


def test_a_lapsed_account_is_counted_after_its_last_authorisation() -> None:
    """The latest end counts, with its reference and the exchanges at or after it."""
    made = planted(hourly("gone", 5, 15, 25, 35))
    found = registry(
        made,
        {"account_id": "gone", "valid_to": at(20), "reference": "second"},
        {"account_id": "gone", "valid_to": at(10), "reference": "first"},
    )
    (lapsed,) = found.lapsed
    assert (lapsed.reference, lapsed.exchanges_after) == ("second", 2)
    assert lapsed.valid_to_us == int(at(20).timestamp() * 1e6)
    assert names(made, found.named) == {"gone"}
    assert names(made, found.covered) == set()


def test_an_organisation_names_its_verified_accounts_alone() -> None:
    """Anybody can claim a name: an unverified account of the organisation is neither named nor covered."""
    rows = [row for account in ("real", "claims", "unknown", "other") for row in hourly(account, 1)]
    facts = [
        {"account_id": "real", "organisation_id": "lab", "is_verified": True},
        {"account_id": "claims", "organisation_id": "lab", "is_verified": False},
        {"account_id": "unknown", "organisation_id": "lab"},
        {"account_id": "other", "organisation_id": "firm", "is_verified": True},
    ]
    made = planted(rows, facts)
    found = registry(made, {"organisation_id": "lab"})
    assert names(made, found.named) == names(made, found.covered) == {"real"}


def test_rows_of_nobody_in_the_traffic_do_nothing() -> None:
    """Unknown accounts and organisations, and rows that name neither, name nobody."""
    made = planted(hourly("a", 1))
    found = registry(made, {"account_id": "absent"}, {"organisation_id": "absent"}, {})
    assert not found.named.any()
    assert not found.covered.any()


def test_no_registry_names_nobody() -> None:
    """A missing table and an empty one say the same."""
    made = planted(hourly("a", 1))
    for found in (read_registry(made.population, None), registry(made)):
        assert not found.named.any()
        assert not found.covered.any()
        assert found.lapsed == ()


def test_a_row_that_names_nobody_is_told_with_why() -> None:
    """A typo in an account, a name nobody gives, a name nobody was verified for: each spares nobody and says so."""
    made = planted(hourly("here", 5), [{"account_id": "here", "organisation_id": "claimed"}])
    accounts = [{"account_id": "here"}, {"account_id": "heer"}]
    found = registry(made, *accounts, {"organisation_id": "tpyo"}, {"organisation_id": "claimed"})
    assert [(one.row, one.name) for one in found.unmatched] == [(1, "heer"), (2, "tpyo"), (3, "claimed")]
    said = ("no account of that id", "names it", "verified")
    assert all(words in one.why for one, words in zip(found.unmatched, said, strict=True))
    assert names(made, found.named) == {"here"}
