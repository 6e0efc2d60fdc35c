"""Relays: pools that carry strangers' talk, with identities as sloppy as their style says."""

from collections import Counter

import pytest
from actor_ground import build, make_ground

from stillwatch.worlds.account import DAY_S

GROUND = make_ground()


def used_again(fingerprints: list[str | None]) -> float:
    """Return the share of accounts whose fingerprint another account has too."""
    counted = Counter(f for f in fingerprints if f)
    return sum(count for count in counted.values() if count > 1) / len(fingerprints)


def test_styles_differ_in_used_again_cards() -> None:
    """A sloppy relay pays with shared cards far more than a mixed one, a clean one hardly at all."""
    shares = [
        used_again([a.payment_fingerprint for a in build("relay", GROUND, style=style).accounts])
        for style in ("sloppy", "mixed", "clean")
    ]
    assert shares[0] > shares[1] > shares[2]
    assert shares[2] < 0.1


@pytest.mark.parametrize("n_accounts", [1, 50, 400])
def test_any_pool_size_is_balanced(n_accounts: int) -> None:
    """Load is spread over the living pool whatever its size."""
    made = build("relay", GROUND, n_accounts=n_accounts)
    counted = Counter(turn.account for turn in made.turns if turn.label == "relay")
    assert len(counted) > 0.8 * n_accounts
    assert max(counted.values()) < 8 * sum(counted.values()) / len(counted)


def test_traffic_is_diverse_and_names_nobody() -> None:
    """Unrelated customers: mostly unique prompts in many scripts, and no end-user ids."""
    turns = [turn for turn in build("relay", GROUND).turns if turn.label == "relay"]
    assert len({turn.prompt for turn in turns}) > 0.7 * len(turns)
    assert not any(turn.end_user_id for turn in turns)
    assert sum(any(ord(c) > 0x4DFF for c in turn.prompt) for turn in turns) > 0.02 * len(turns)


def test_volume_follows_the_rate() -> None:
    """The pool carries about the asked-for requests per account and day."""
    made = build("relay", GROUND, n_accounts=100, per_account_day=8.0)
    sent = sum(turn.label == "relay" for turn in made.turns)
    assert 0.5 < sent / (100 * 8.0 * GROUND.window.seconds / DAY_S) < 1.3


def test_banned_accounts_are_a_few() -> None:
    """Some of the pool are found out one by one, none before they exist."""
    accounts = build("relay", GROUND, n_accounts=300).accounts
    banned = [a for a in accounts if a.banned_s is not None]
    assert 0.03 < len(banned) / len(accounts) < 0.3
    assert all(a.banned_s >= a.created_s for a in banned)


def test_no_conversation_is_seen_on_two_accounts() -> None:
    """A talk that moves to another account is another conversation to the provider, so that no id gives a pool away."""
    turns = [turn for turn in build("relay", GROUND).turns if turn.label == "relay"]
    seen = {(turn.conversation, turn.account) for turn in turns}
    assert len({conversation for conversation, _ in seen}) == len(seen)
    assert not any(
        t.conversation is not None
        for t in build("relay", GROUND, keeps_conversations=False).turns
        if t.label == "relay"
    )
