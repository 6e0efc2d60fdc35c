"""Tests of ties between a pool and organisations, on planted accounts."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from planted_traffic import planted

from stillwatch.links.identity import ties_of
from stillwatch.pipeline.organisation_ties import OrganisationTies


def rows_of(
    facts: list[dict[str, Any]], members: set[str], *, is_accusation: bool = False
) -> dict[str, tuple[int, ...]]:
    """Return the counts by organisation for a pool of some accounts, each with two exchanges, all in the slice."""
    names = [fact["account_id"] for fact in facts]
    made = planted([{"account": name, "hours": i + h / 2} for i, name in enumerate(names) for h in (0, 1)], facts)
    accounts = np.array([i for i, n in enumerate(made.population.accounts.names) if n in members], np.int64)
    rows = np.flatnonzero(np.isin(made.population.exchanges.account, accounts))
    analysis = SimpleNamespace(
        population=made.population, entities=made.entities, ties=ties_of(made.population, made.entities),
        not_accused=np.zeros(len(names), bool),
    )  # fmt: skip
    finding = SimpleNamespace(accounts=accounts, is_accusation=is_accusation, group=SimpleNamespace(slice_rows=rows))
    found = OrganisationTies(cast("Any", analysis)).rows("c", cast("Any", finding))
    return {row[1]: row[2:] for row in found}


def stranger(name: str, **facts: Any) -> dict[str, Any]:
    """Return an account."""
    return {"account_id": name, **facts}


def test_namings_and_verified_ones_are_counted_with_what_they_sent() -> None:
    """Members that name an organisation, those verified, their exchanges, and all accounts that name it."""
    facts = [
        stranger("a", organisation_id="x", is_verified=True),
        stranger("b", organisation_id="x"),
        stranger("c"),
        stranger("d", organisation_id="x"),
    ]
    assert rows_of(facts, {"a", "b", "c"}) == {"x": (2, 1, 0, 4, 3)}


def test_a_rare_value_ties_a_member_to_an_organisation_outside() -> None:
    """A card that a nameless member shares with an account outside ties it to the organisation which that one names."""
    facts = [
        stranger("a", payment_fingerprint="card"),
        stranger("b"),
        stranger("z", organisation_id="y", payment_fingerprint="card"),
    ]
    assert rows_of(facts, {"a", "b"}) == {"y": (0, 0, 1, 2, 1)}


def test_what_many_share_ties_nobody() -> None:
    """A value that more than a handful hold in a small log is a carrier's or a shop's, not a card."""
    many = [stranger(f"m{i}", device_fingerprint="common") for i in range(12)]
    facts = [
        stranger("a", device_fingerprint="common"),
        *many,
        stranger("z", organisation_id="y", device_fingerprint="common"),
    ]
    assert rows_of(facts, {"a"}) == {}


def test_a_member_that_names_somebody_is_not_tied_as_well() -> None:
    """Its own word stands; a tie speaks for those alone who say nothing."""
    facts = [
        stranger("a", organisation_id="x", phone_fingerprint="p"),
        stranger("z", organisation_id="y", phone_fingerprint="p"),
    ]
    assert rows_of(facts, {"a"}) == {"x": (1, 0, 0, 2, 1)}


def test_without_the_column_there_is_nothing_to_say() -> None:
    """Traffic whose accounts name no organisation gives no row."""
    assert rows_of([stranger("a"), stranger("b")], {"a", "b"}) == {}
