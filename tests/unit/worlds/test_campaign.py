"""Campaigns: every discipline is a knob of its own, and the truth says what each request was."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from small_ground import make_ground

from stillwatch.errors import SettingsError
from stillwatch.worlds.account import DAY_S, HOUR_S, Contribution, Turn
from stillwatch.worlds.campaign import Campaign
from stillwatch.worlds.campaign_prompts import STRATEGIES

GROUND = make_ground()


def run(seed: int = 1, **knobs: Any) -> Contribution:
    """Return a campaign as one contribution."""
    whole = Contribution()
    campaign = Campaign(**{"name": "x", "n_accounts": 40, "per_day": 5.0, **knobs})
    for block in (task() for task in campaign.tasks(GROUND, np.random.SeedSequence(seed))):
        whole.extend(block)
    return whole


def work(made: Contribution) -> list[Turn]:
    """Return the campaign's own requests."""
    return [turn for turn in made.turns if turn.label == "distillation"]


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_every_strategy_sends_the_asked_volume(strategy: str) -> None:
    """Whatever the wording, an account sends its requests a day, all of them labelled."""
    made = run(strategy=strategy)
    assert len(made.accounts) == 40
    assert len(work(made)) == pytest.approx(40 * 5 * 10, rel=0.25)
    assert {turn.group_id for turn in work(made)} == {"distillation-x"}
    assert all(turn.prompt for turn in made.turns)


@pytest.mark.parametrize("retries", ["pool", "account", "none"])
def test_a_failed_item_is_sent_again_by_whom_the_knob_says(retries: str) -> None:
    """By any account, by the same one, or by nobody; a turn of a conversation never moves."""
    sent: dict[str, list[Turn]] = {}
    for turn in sorted(work(run(strategy="work_list", per_day=20.0, retries=retries)), key=lambda turn: turn.at_s):
        sent.setdefault(turn.prompt, []).append(turn)
    again = [tries for tries in sent.values() if len(tries) > 1]
    moved = [tries for tries in again if tries[0].account != tries[1].account]
    assert bool(again) == (retries != "none")
    assert bool(moved) == (retries == "pool")
    with pytest.raises(SettingsError):
        run(retries="sometimes")


@pytest.mark.parametrize("cover", [0.0, 0.5, 0.9])
def test_cover_is_the_share_of_own_traffic(cover: float) -> None:
    """The members' own traffic is organic in the truth and as large as asked for."""
    made = run(n_accounts=150, per_day=2.0, cover=cover)
    own = [turn for turn in made.turns if turn.label == "organic"]
    assert len(own) / len(made.turns) == pytest.approx(cover, abs=0.07)
    assert {turn.group_id for turn in own} <= {None}


def test_one_prompt_repeats_and_a_paraphrase_does_not() -> None:
    """One prompt gives one head to all requests; paraphrase gives hundreds; a work list gives none at all."""
    systems = {
        strategy: {turn.system for turn in work(run(strategy=strategy, zone="system"))}
        for strategy in ("one_prompt", "rotation", "paraphrase", "work_list")
    }
    assert len(systems["one_prompt"]) == 1
    assert 2 <= len(systems["rotation"]) <= 12
    assert len(systems["paraphrase"]) > 200
    assert systems["work_list"] == {None}


def test_a_task_goes_to_one_account_unless_it_failed() -> None:
    """The list is dealt out: no task is answered twice, and one that is sent again had failed before."""
    turns = sorted(work(run(strategy="work_list", per_day=12.0)), key=lambda turn: turn.at_s)
    answered = Counter(turn.prompt for turn in turns if turn.status == 200)
    assert max(answered.values()) == 1
    sent: dict[str, list[Turn]] = {}
    for turn in turns:
        sent.setdefault(turn.prompt, []).append(turn)
    again = [tries for tries in sent.values() if len(tries) > 1]
    assert again
    assert all(tries[0].status in (429, 500, 503, 529) for tries in again)
    assert any(tries[0].account != tries[1].account for tries in again)


def test_blocks_deal_from_one_list() -> None:
    """A pool of many blocks still answers no task twice."""
    turns = work(run(n_accounts=900, per_day=1.0, strategy="work_list"))
    assert max(Counter(t.prompt for t in turns if t.status == 200).values()) == 1


def test_a_trajectory_stays_on_one_account_with_its_tools() -> None:
    """An agent's steps count up in one conversation, on one account, under one declared set of tools."""
    turns = work(run(strategy="agent_trajectory"))
    talks: dict[int, list[Turn]] = {}
    for turn in turns:
        assert turn.conversation is not None
        talks.setdefault(turn.conversation, []).append(turn)
    assert {len({t.account for t in talk}) for talk in talks.values()} == {1}
    assert np.mean([max(t.turn for t in talk) for talk in talks.values()]) > 4
    assert len({turn.tools for turn in turns}) == 1
    assert turns[0].tools


def test_identity_disciplines_differ_in_what_is_shared() -> None:
    """A sloppy pool shares cards and addresses among many accounts, a clean one no more than people do."""
    shared = {}
    for identity in ("sloppy", "medium", "clean"):
        specs = run(identity=identity, n_accounts=150, per_day=0.1).accounts
        cards = Counter(spec.payment_fingerprint for spec in specs if spec.payment_fingerprint)
        lines = Counter(address for spec in specs for address in spec.addresses)
        shared[identity] = (np.mean(list(cards.values())), np.mean(list(lines.values())))
    assert shared["sloppy"][0] > shared["medium"][0] > 1.5
    assert shared["sloppy"][1] > shared["medium"][1] > 1.5
    assert shared["clean"][0] < 1.1
    assert shared["clean"][1] < 1.3


def test_a_single_leak_leaks_alone() -> None:
    """A pool that leaks devices alone has ordinary cards."""
    specs = run(identity="sloppy", leaks=["device"], n_accounts=150, per_day=0.1).accounts
    assert max(Counter(s.device_fingerprint for s in specs if s.device_fingerprint).values()) > 4
    assert max(Counter(s.payment_fingerprint for s in specs if s.payment_fingerprint).values()) <= 3


def test_a_share_of_leaky_accounts() -> None:
    """With half the accounts from a better seller, about half share cards."""
    specs = run(identity="sloppy", leaks=["payment"], leak_share=0.5, n_accounts=300, per_day=0.1).accounts
    cards = Counter(s.payment_fingerprint for s in specs if s.payment_fingerprint)
    shared = sum(n for n in cards.values() if n > 2) / sum(cards.values())
    assert shared == pytest.approx(0.5, abs=0.12)


def test_further_programmes_are_divided_over_the_accounts() -> None:
    """One customer's programmes are one campaign, and each account keeps to one of them."""
    turns = work(run(strategy="work_list", also=[["agent_trajectory", "agent"]], n_accounts=40))
    assert {t.group_id for t in turns} == {"distillation-x"}
    agents, others = ({t.account for t in turns if bool(t.tools) is with_tools} for with_tools in (True, False))
    assert not agents & others
    assert len(agents) == len(others) == 20


def test_timing_disciplines_differ() -> None:
    """Flat pools work at night and weekends, an office's rest together, human ones keep each account's own hours."""
    hours = {}
    for timing in ("flat", "office", "human"):
        by_hour = np.bincount(
            [int(t.at_s // HOUR_S) % 24 for t in work(run(timing=timing, per_day=20.0))], minlength=24
        )
        hours[timing] = by_hour / by_hour.sum()
    assert hours["flat"].min() > 0.03
    assert hours["office"][12:22].sum() < 0.05  # 20:00 to 06:00 in the operator's zone, eight hours ahead
    assert 0.001 < hours["human"].min() < hours["flat"].min()


def test_a_ban_moves_the_pool_to_new_identities() -> None:
    """All members are banned within hours and do no work after; replacements share no identity with them."""
    made = run(ban_day=5.0, identity="clean")
    members = [i for i, s in enumerate(made.accounts) if s.role == "member"]
    assert len(made.accounts) == 2 * len(members)
    assert all(s.banned_s is not None and 5 <= s.banned_s / DAY_S < 5.1 for s in (made.accounts[i] for i in members))
    first = min(t.at_s for t in made.turns if t.account not in members)
    assert 5 * DAY_S < first < 6 * DAY_S
    assert all(t.at_s < 5.01 * DAY_S for t in work(made) if t.account in members)
    phones = [s.phone_fingerprint for s in made.accounts if s.phone_fingerprint]
    assert len(phones) == len(set(phones))


@pytest.mark.parametrize("unit", ["account", "request"])
def test_a_pivot_moves_its_share_within_a_day(unit: str) -> None:
    """A day after the release, the asked share of the traffic goes to the new model; before it, none."""
    turns = work(run(pivot=0.5, pivot_by=unit, n_accounts=150))
    release_s = GROUND.window.release_s[0]
    assert not any(t.model == "next" for t in turns if t.at_s < release_s)
    later = [t.model == "next" for t in turns if t.at_s > release_s + DAY_S]
    assert np.mean(later) == pytest.approx(0.5, abs=0.12)


def test_a_ramp_grows() -> None:
    """A pool that ramps up does far less on its first day than on its last."""
    days = np.bincount([int(t.at_s // DAY_S) for t in work(run(has_ramp=True, per_day=20.0))], minlength=10)
    assert days[0] < 0.3 * days[9]


def test_probing_precedes_scale_with_many_techniques() -> None:
    """Probes come from a few accounts in the first days, nearly all different, mostly refused."""
    made = run(probe=60, strategy="work_list")
    probes = [t for t in work(made) if t.p_refused > 0.5]
    assert len(probes) == 60
    assert len({t.prompt for t in probes}) > 50
    assert len({t.account for t in probes}) <= 5
    assert max(t.at_s for t in probes) <= 2 * DAY_S


def test_a_relay_pool_carries_strangers_besides() -> None:
    """The resold share is labelled as relay and spread over the same accounts."""
    made = run(relay=0.6, n_accounts=100)
    resold = [t for t in made.turns if t.label == "relay"]
    assert len(resold) / len(made.turns) == pytest.approx(0.6, abs=0.08)
    assert len({t.account for t in resold} & {t.account for t in work(made)}) > 80


def test_one_pool_serves_two_campaigns() -> None:
    """With a second programme, most accounts send both, and the truth keeps the two apart."""
    made = run(second=["rubric_grading", "open_ended"], per_day=10.0)
    groups = Counter(t.group_id for t in work(made))
    assert set(groups) == {"distillation-x", "distillation-x-second"}
    both = [{t.group_id for t in work(made) if t.account == k} for k in range(40)]
    assert sum(len(found) == 2 for found in both) > 35


@pytest.mark.parametrize(
    "knobs",
    [
        {"cover": 0.99},
        {"n_accounts": 0},
        {"strategy": "guess"},
        {"work_list": "none"},
        {"zone": "tail"},
        {"identity": "holy"},
        {"leaks": ["shoe"]},
        {"timing": "late"},
        {"pivot_by": "mood"},
        {"second": ["one_prompt"]},
        {"also": [["one_prompt"]]},
    ],
)
def test_a_knob_out_of_range_is_refused(knobs: dict[str, Any]) -> None:
    """A wrong knob is named in the refusal, before anything is made."""
    with pytest.raises(SettingsError, match="campaign"):
        run(**knobs)
