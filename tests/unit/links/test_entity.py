"""Tests of folding accounts into entities."""

import numpy as np
from planted_traffic import planted

from stillwatch.links.entity import MOST_FOLDED
from stillwatch.links.handover import successions
from stillwatch.links.identity import ties_of


def traffic(*pairs: tuple[str, str | None]) -> list[dict]:
    """Return one exchange for each account and platform."""
    return [{"account": account, "platform": platform} for account, platform in pairs]


def test_a_verified_organisation_folds() -> None:
    """Accounts of one verified organisation are one entity, whose exchanges add up."""
    made = planted(
        traffic(("a", "api"), ("b", "api"), ("b", "api"), ("c", "api")),
        [{"account_id": name, "organisation_id": "org", "is_verified": True} for name in "ab"],
    )
    assert made.entity("a") == made.entity("b") != made.entity("c")
    assert made.entities.n == 2
    assert made.entities.n_exchanges.tolist() == [3, 1]


def test_an_unverified_organisation_folds_nothing() -> None:
    """Anybody can claim a name: without verification, known false or not known, each account stands alone."""
    claims = [
        {"account_id": "a", "organisation_id": "org", "is_verified": False},
        {"account_id": "b", "organisation_id": "org"},
    ]
    made = planted(traffic(("a", "api"), ("b", "api")), claims)
    assert made.entities.n == 2


def test_an_impostor_does_not_join_the_verified_organisation() -> None:
    """An account that names a verified organisation without being verified itself stays outside its entity."""
    made = planted(
        traffic(("real", "api"), ("fake", "api"), ("staff", "api")),
        [
            {"account_id": "real", "organisation_id": "org", "is_verified": True},
            {"account_id": "staff", "organisation_id": "org", "is_verified": True},
            {"account_id": "fake", "organisation_id": "org", "is_verified": False},
        ],
    )
    assert made.entity("real") == made.entity("staff") != made.entity("fake")


def test_verified_without_an_organisation_folds_nothing() -> None:
    """Two accounts that are verified and name no organisation are not one organisation called null."""
    made = planted(traffic(("a", "api"), ("b", "api")), [{"account_id": name, "is_verified": True} for name in "ab"])
    assert made.entities.n == 2


def test_an_aggregator_folds_accounts_all_of_whose_traffic_came_through_it() -> None:
    """One request from elsewhere, or from nowhere known, keeps an account out of the aggregator's entity."""
    made = planted(
        traffic(
            ("a", "aggregator:North"),
            ("b", "aggregator:North"),
            ("b", "aggregator:North"),
            ("mixed", "aggregator:North"),
            ("mixed", "api"),
            ("unsure", "aggregator:North"),
            ("unsure", None),
            ("both", "aggregator:North"),
            ("both", "aggregator:South"),
            ("south", "aggregator:South"),
        )
    )
    assert made.entity("a") == made.entity("b")
    assert made.entities.n == 5
    assert len({made.entity(name) for name in ("a", "mixed", "unsure", "both", "south")}) == 5


def test_a_shared_platform_that_is_no_aggregator_folds_nothing() -> None:
    """Customers of one cloud are strangers."""
    assert planted(traffic(("a", "bedrock"), ("b", "bedrock"), ("c", "aggregator"))).entities.n == 3


def test_what_a_caller_can_write_folds_nothing() -> None:
    """A shared end user, client, key or mail domain is no declared tie."""
    rows = [{"account": name, "end_user_id": "u", "user_agent": "ua", "api_key_id": "k"} for name in "abc"]
    made = planted(
        rows, [{"account_id": name, "email_domain": "firm.example", "pathway": "enterprise"} for name in "abc"]
    )
    assert made.entities.n == 3


def test_entities_are_numbered_by_their_first_account() -> None:
    """The numbering follows the canonical order of accounts."""
    made = planted(
        traffic(("a", "api"), ("b", "api"), ("c", "api"), ("d", "api")),
        [{"account_id": name, "organisation_id": "org", "is_verified": True} for name in "bd"],
    )
    assert made.entities.of_account.tolist() == [0, 1, 2, 1]


def test_declared_is_what_a_verified_organisation_or_an_aggregator_stands_for() -> None:
    """Entities of verified organisations and of disclosed aggregators are declared, even of one account; no others."""
    rows = [{"account": "a", "hours": 0}, {"account": "b", "hours": 1}, {"account": "c", "hours": 2}]
    rows += [{"account": "through", "hours": 3, "platform": "aggregator:one"}, {"account": "plain", "hours": 4}]
    facts = [
        {"account_id": "a", "organisation_id": "o1", "is_verified": True},
        {"account_id": "b", "organisation_id": "o2", "is_verified": False},
        {"account_id": "c", "is_verified": True},
    ]
    made = planted(rows, facts)
    declared = {name: bool(made.entities.is_declared[made.entity(name)]) for name in made.population.accounts.names}
    assert declared == {"a": True, "b": False, "c": False, "through": True, "plain": False}


def crowd(n: int, **facts: object) -> list[dict]:
    """Return the facts of ``n`` accounts of one organisation."""
    return [{"account_id": f"c{i:03d}", "organisation_id": "house", "is_verified": True, **facts} for i in range(n)]


def test_a_house_is_not_one_entity() -> None:
    """Up to ``MOST_FOLDED`` accounts of a verified organisation are one; with one more, each stands by itself."""
    names = [f"c{i:03d}" for i in range(MOST_FOLDED + 1)]
    rows = traffic(*[(name, "api") for name in names], ("alone", "api"))
    firm = planted(rows[:MOST_FOLDED] + rows[-1:], crowd(MOST_FOLDED))
    assert firm.entities.n == 2
    house = planted(rows, crowd(MOST_FOLDED + 1)).entities
    assert house.n == MOST_FOLDED + 2
    assert np.count_nonzero(house.has_house) == MOST_FOLDED + 1
    assert not house.is_declared.any()


def test_who_is_of_one_house_is_known() -> None:
    """Accounts of one house are told from strangers and from those of another house."""
    names = [f"c{i:03d}" for i in range(2 * MOST_FOLDED + 2)]
    facts = crowd(len(names))
    for fact in facts[MOST_FOLDED + 1 :]:
        fact["organisation_id"] = "other house"
    made = planted(traffic(*[(name, "api") for name in names], ("alone", "api")), facts)
    place = np.array([made.entity(name) for name in (names[0], names[1], names[-1], "alone", "alone")])
    assert made.entities.in_one_house(place[[0, 0, 0, 3]], place[[1, 2, 3, 4]]).tolist() == [True, False, False, False]
    unit = made.entities.declared_as[place]
    assert (unit[0] == unit[1], len(set(unit.tolist()))) == (True, 3)


def test_what_accounts_of_a_house_share_ties_nobody() -> None:
    """A card of two accounts of a house is the house's; one that an account shares with a stranger ties these two."""
    facts = crowd(MOST_FOLDED + 1)
    facts += [{"account_id": name} for name in ("x", "y", "z")]
    for name, card in (("c000", "p"), ("c001", "p"), ("x", "p"), ("y", "p"), ("c002", "q"), ("z", "q")):
        next(fact for fact in facts if fact["account_id"] == name)["payment_fingerprint"] = card
    made = planted(traffic(*[(fact["account_id"], "api") for fact in facts]), facts)
    tie = ties_of(made.population, made.entities)["payment_fingerprint"]
    held = {(tie.names[v], made.population.accounts.names[e]) for v, e in zip(tie.value, tie.entity, strict=True)}
    assert held == {("p", "x"), ("p", "y"), ("q", "c002"), ("q", "z")}


def test_what_accounts_of_a_house_pass_on_is_no_succession() -> None:
    """One item sent by two accounts of a house is the house's own affair; by one of it and a stranger it is not."""
    facts = crowd(MOST_FOLDED + 1)
    rows = [{"account": fact["account_id"], "hours": 0.0} for fact in facts]
    rows += [{"account": "c000", "hours": 1.0, "prompt_hash": 7}, {"account": "c001", "hours": 1.1, "prompt_hash": 7}]
    rows += [
        {"account": "c000", "hours": 2.0, "prompt_hash": 8},
        {"account": "stranger", "hours": 2.1, "prompt_hash": 8},
    ]
    made = planted(rows, facts)
    found = successions(made.population, made.entities)
    sender = made.population.exchanges.account[found.later]
    assert [made.population.accounts.names[a] for a in sender] == ["stranger"]
