"""Honest look-alikes: each is there, is honest in the way its class says, and differs by no single column."""

from collections import Counter

import numpy as np
import pytest
from actor_ground import build, make_ground, most_common_share

from stillwatch.worlds.account import DAY_S, Contribution, kinds
from stillwatch.worlds.lookalikes.label import LOOKALIKES, OTHER_ABUSE
from stillwatch.worlds.traffic import RETRIED

GROUND = make_ground()


def own(made: Contribution, label: str) -> list:
    """Return the turns that belong to an actor's slice."""
    return [turn for turn in made.turns if turn.label == label]


def test_every_class_is_registered() -> None:
    """Presets can name every class by its label."""
    assert set(LOOKALIKES) | set(OTHER_ABUSE) <= set(kinds())


@pytest.mark.parametrize("label", [*LOOKALIKES, *OTHER_ABUSE])
def test_contributions_are_consistent(label: str) -> None:
    """Accounts carry the class and a group, turns lie in the window and after sign-up, and truth labels fit."""
    made = build(label, GROUND)
    assert made.accounts
    assert made.turns
    assert {account.label for account in made.accounts} == {label}
    assert all(account.group_id and account.clients and account.addresses for account in made.accounts)
    assert len({account.account_id for account in made.accounts}) == len(made.accounts)
    for turn in own(made, label):
        account = made.accounts[turn.account]
        assert max(0.0, account.created_s) <= turn.at_s < GROUND.window.seconds
        assert turn.group_id == account.group_id
        assert turn.prompt
        assert "{task}" not in turn.prompt.replace("${", "")
    assert {turn.label for turn in made.turns} <= {label, "organic"}


@pytest.mark.parametrize("label", LOOKALIKES)
def test_the_same_seed_gives_the_same_contribution(label: str) -> None:
    """A look-alike follows from the ground and its generator alone."""
    first, second = build(label, make_ground(), seed=11), build(label, make_ground(), seed=11)
    assert first.accounts == second.accounts
    assert first.turns == second.turns


@pytest.mark.parametrize("label", LOOKALIKES)
def test_a_one_day_window_is_survived(label: str) -> None:
    """A window too short for terms and releases still builds, without turns outside it."""
    made = build(label, make_ground(days=1))
    assert all(0 <= turn.at_s < DAY_S for turn in own(made, label))


def test_key_app_customers_share_the_app_and_nothing_else() -> None:
    """Customers of one application share prompt and client; cards, devices and sign-ups stay their own."""
    made = build("byo_key_app", GROUND, n_customers=200)
    turns = own(made, "byo_key_app")
    assert len({turn.system for turn in turns}) == 1
    assert len({turn.client for turn in turns}) == 1
    cards = [a.payment_fingerprint for a in made.accounts if a.payment_fingerprint]
    assert most_common_share(cards) < 0.05
    assert np.ptp([a.created_s for a in made.accounts]) > 100 * DAY_S


def test_the_hardest_classroom_has_no_institution() -> None:
    """Thirty new accounts, one address, one assignment, one week, and neither organisation nor verification."""
    made = build("classroom", GROUND, instances=1, standing="anonymous")
    assert len(made.accounts) == 30
    assert {account.organisation_id for account in made.accounts} == {None}
    assert not any(account.is_verified for account in made.accounts)
    assert np.ptp([account.created_s for account in made.accounts]) < 7 * DAY_S
    assert len({account.addresses[0] for account in made.accounts}) == 1
    assert most_common_share([turn.prompt for turn in own(made, "classroom")]) > 0.04


def test_classrooms_come_in_three_standings() -> None:
    """Verified, merely named and anonymous classes stand side by side."""
    made = build("classroom", GROUND)
    verified = {a.group_id: (a.organisation_id is not None, a.is_verified is True) for a in made.accounts}
    assert set(verified.values()) == {(True, True), (True, False), (False, False)}


def test_benchmark_groups_send_the_same_items() -> None:
    """On the day of a release strangers send equal prompts: replicas, not disjoint shares of one pool."""
    made = build("benchmark_day", GROUND)
    senders: dict[str, set[int]] = {}
    for turn in own(made, "benchmark_day"):
        senders.setdefault(turn.prompt.split("Question:")[-1], set()).add(turn.account)
    assert max(len(found) for found in senders.values()) > 20
    assert len({account.group_id for account in made.accounts}) == len(made.accounts)


def test_harness_sends_its_items_again() -> None:
    """An evaluation harness re-sends a finite item set from one account."""
    made = build("evaluation_harness", GROUND, instances=1)
    counted = Counter(turn.prompt for turn in own(made, "evaluation_harness"))
    assert len(made.accounts) == 1
    assert np.median(list(counted.values())) >= 3


def test_authorisations_name_the_licensed() -> None:
    """Each licensed pool is in the registry; the lapsed one ran out within the window and goes on."""
    made = build("authorised_distillation", GROUND)
    lapsed = {account.account_id for account in made.accounts if account.role == "lapsed"}
    organisations = {a.organisation_id for a in made.accounts if a.role == "lapsed"} - {None}
    rows = [r for r in made.authorisations if r.account_id in lapsed or r.organisation_id in organisations]
    assert lapsed
    assert rows
    ends = {row.valid_to_s for row in rows}
    assert all(end is not None and 0 < end < GROUND.window.seconds for end in ends)
    last = max(t.at_s for t in own(made, "authorised_distillation") if made.accounts[t.account].account_id in lapsed)
    assert last > max(ends)
    others = [row for row in made.authorisations if row not in rows]
    assert others
    assert all(row.valid_to_s is None for row in others)


def test_authorised_work_is_dealt_out() -> None:
    """A licensed pool's work list is spread over its accounts without repeats, like a campaign's."""
    made = build("authorised_distillation", GROUND, instances=1, n_lapsed=0)
    counted = Counter(turn.prompt for turn in own(made, "authorised_distillation"))
    assert np.mean([count == 1 for count in counted.values()]) > 0.8


def test_aggregator_names_every_end_user() -> None:
    """An honest aggregator discloses an end user with each request; a gateway has none to name."""
    assert all(turn.end_user_id for turn in own(build("aggregator", GROUND), "aggregator"))
    assert not any(turn.end_user_id for turn in own(build("gateway_router", GROUND), "gateway_router"))


def test_gateway_fails_over_on_server_errors_alone() -> None:
    """A router moves a request to another pathway after 5xx, never after 403 or 429."""
    turns = own(build("gateway_router", GROUND), "gateway_router")
    failed = [turn for turn in turns if turn.status is not None]
    assert failed
    assert {turn.status for turn in failed} <= {500, 502, 503, 504, 529}
    again = {turn.prompt for turn in turns if turn.status is None}
    assert all(turn.prompt in again for turn in failed)


def test_backfill_bursts_from_a_linked_new_account() -> None:
    """The burst comes from an account opened hours before, in the older account's organisation."""
    made = build("backfill_migration", GROUND, instances=1)
    old, new = made.accounts
    first = min(turn.at_s for turn in own(made, "backfill_migration"))
    assert old.organisation_id == new.organisation_id
    assert 0 <= first - new.created_s < DAY_S
    assert {made.accounts[t.account].role for t in own(made, "backfill_migration")} == {"new_account"}


def test_continuous_integration_uses_one_key_from_many_addresses() -> None:
    """One account, many runners."""
    made = build("ci_agents", GROUND, instances=1)
    assert len(made.accounts) == 1
    assert len({turn.address for turn in own(made, "ci_agents")}) >= 8


def test_neighbours_share_one_identifier_only() -> None:
    """Households share a card and a line; subscribers of a carrier share lines but no card."""
    family = build("family_or_small_office", GROUND, instances=1)
    assert len({account.payment_fingerprint for account in family.accounts}) == 1
    carrier = build("carrier_nat", GROUND, n_users=80)
    assert len({account.addresses[0] for account in carrier.accounts}) <= 2
    cards = [account.payment_fingerprint for account in carrier.accounts if account.payment_fingerprint]
    assert most_common_share(cards) < 0.1


def test_languages_are_many() -> None:
    """An application's customers write in many languages."""
    made = build("byo_key_app", GROUND)
    assert len({account.language for account in made.accounts}) >= 7


def test_business_queue_deals_one_task_over_its_accounts() -> None:
    """Each item is one business's, in one wording; a failed one is sent again, mostly by another account."""
    made = build("business_queue", GROUND, instances=1, standing="cards")
    turns = sorted(own(made, "business_queue"), key=lambda turn: turn.at_s)
    assert len({turn.account for turn in turns}) == len(made.accounts) >= 3
    failed = [i for i, turn in enumerate(turns) if turn.status in RETRIED]
    again = [(turns[i], next((t for t in turns[i + 1 :] if t.prompt == turns[i].prompt), None)) for i in failed]
    assert len([second for _, second in again if second]) > 0.7 * len(failed) > 0
    assert any(second and second.account != first.account for first, second in again)


@pytest.mark.parametrize(("standing", "n_organisations"), [("firm", 1), ("cards", 0), ("contractors", 0)])
def test_business_queue_hides_nothing_and_is_not_verified(standing: str, n_organisations: int) -> None:
    """A firm names itself, shared cards lie open, contractors bring their own accounts; nobody was verified."""
    made = build("business_queue", GROUND, instances=1, standing=standing)
    assert len({a.organisation_id for a in made.accounts} - {None}) == n_organisations
    assert not any(account.is_verified for account in made.accounts)
    shared = most_common_share([a.payment_fingerprint for a in made.accounts if a.payment_fingerprint])
    assert shared > 0.5 if standing != "contractors" else shared <= 2 / len(made.accounts)


POOLS = ("crowd_work", "corpus_pipeline", "course_autograder", "key_pool", "agent_fleet", "private_evaluation")


@pytest.mark.parametrize("label", POOLS)
def test_honest_pools_pass_on_what_failed(label: str) -> None:
    """Unverified accounts share one queue: an item that failed for one is answered at another soon after."""
    made = build(label, GROUND)
    assert len(made.accounts) >= 4
    assert not any(account.is_verified for account in made.accounts)
    failed = {turn.prompt: turn for turn in own(made, label) if turn.status in RETRIED}
    passed_on = [
        turn
        for turn in own(made, label)
        if turn.status == 200
        and turn.prompt in failed
        and turn.account != failed[turn.prompt].account
        and turn.at_s > failed[turn.prompt].at_s
    ]
    assert passed_on


def test_a_private_evaluation_asks_its_items_again_and_a_corpus_is_taken_in_once() -> None:
    """What tells a test of something from a harvest is whether items come back."""
    evaluated = Counter(turn.prompt for turn in own(build("private_evaluation", GROUND), "private_evaluation"))
    taken_in = Counter(
        turn.prompt for turn in own(build("corpus_pipeline", GROUND), "corpus_pipeline") if turn.status == 200
    )
    assert np.median(list(evaluated.values())) >= 3
    assert max(taken_in.values()) == 1
