"""Ordinary customers: volumes, talk, releases, bans."""

from collections import Counter

import numpy as np
from small_ground import make_ground

from stillwatch.worlds.account import DAY_S, Contribution
from stillwatch.worlds.life import draw_volume
from stillwatch.worlds.organic import BLOCK, Organic

GROUND = make_ground()


def crowd(accounts: int = 500, seed: int = 1) -> Contribution:
    """Return a crowd as one contribution."""
    whole = Contribution()
    for block in (task() for task in Organic(accounts).tasks(GROUND, np.random.SeedSequence(seed))):
        whole.extend(block)
    return whole


CROWD = crowd()


def test_volumes_are_heavy_tailed() -> None:
    """Most accounts send a few requests; the busiest hundredth sends a good part of all."""
    volumes = np.sort([draw_volume(np.random.default_rng(i), 14, 3000) for i in range(3000)])
    assert np.median(volumes) <= 8
    assert volumes[-1] > 300
    assert volumes[-30:].sum() > 0.2 * volumes.sum()


def test_everyone_is_honest_and_in_no_group() -> None:
    """A crowd carries no label but its own and no group."""
    assert {spec.label for spec in CROWD.accounts} == {"organic"}
    assert {turn.group_id for turn in CROWD.turns} == {None}
    assert {turn.label for turn in CROWD.turns} == {"organic"}


def test_talk_runs_turn_by_turn() -> None:
    """In every conversation turns count up from nought in time's order, by one account."""
    talks: dict[int, list[tuple[float, int, int]]] = {}
    for turn in CROWD.turns:
        if turn.conversation is not None:
            talks.setdefault(turn.conversation, []).append((turn.at_s, turn.turn, turn.account))
    assert len(talks) > 100
    for steps in talks.values():
        assert [turn for _, turn, _ in sorted(steps)] == list(range(len(steps)))
        assert len({account for *_, account in steps}) == 1
    assert max(map(len, talks.values())) >= 8


def test_many_ways_of_use_occur() -> None:
    """Talk, stateless calls, tools, fixed system prompts, end users and several languages all occur."""
    assert {turn.conversation is None for turn in CROWD.turns} == {True, False}
    assert any(turn.tools for turn in CROWD.turns)
    assert any(turn.end_user_id for turn in CROWD.turns)
    assert len({turn.system for turn in CROWD.turns}) > 20
    assert len({spec.language for spec in CROWD.accounts}) >= 5


def test_many_move_to_a_new_model_within_days_but_not_all() -> None:
    """After a release a good part of honest accounts move, spread over days, and some never do."""
    release_s = GROUND.window.release_s[0]
    late = {t.account for t in CROWD.turns if t.at_s > release_s + 5 * DAY_S}
    moved = {t.account for t in CROWD.turns if t.at_s > release_s + 5 * DAY_S and t.model == "next"}
    assert 0.3 < len(moved) / len(late) < 0.95
    assert all(t.at_s >= release_s for t in CROWD.turns if t.model == "next")


def test_a_few_honest_accounts_are_banned() -> None:
    """Bans hit honest accounts too, rarely, and within the window."""
    banned = [s.banned_s for s in crowd(2000, 3).accounts if s.banned_s is not None]
    assert 10 <= len(banned) <= 60
    assert all(0 <= s < GROUND.window.seconds for s in banned)


def test_blocks_do_not_depend_on_their_number() -> None:
    """A larger crowd begins with the same accounts as a smaller one."""
    assert [s.account_id for s in crowd(BLOCK).accounts] == [s.account_id for s in CROWD.accounts[:BLOCK]]


def test_few_prompts_repeat_among_strangers() -> None:
    """Long prompts that two honest accounts share word for word are rare."""
    owners: dict[str, set[int]] = {}
    for turn in CROWD.turns:
        if len(turn.prompt) > 120:
            owners.setdefault(turn.prompt, set()).add(turn.account)
    counts = Counter(len(accounts) > 1 for accounts in owners.values())
    assert counts[True] < 0.02 * counts[False]
