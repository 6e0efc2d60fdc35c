"""Trial farms: bursts of free accounts that are used up and left."""

from collections import Counter

import numpy as np
from actor_ground import build, make_ground

from stillwatch.worlds.account import HOUR_S

GROUND = make_ground()


def test_accounts_are_free_and_unpaid() -> None:
    """No trial account has a card, and all are on the free plan."""
    accounts = build("trial_farm", GROUND).accounts
    assert {(a.plan, a.payment_kind, a.payment_fingerprint) for a in accounts} == {("free", None, None)}


def test_sign_ups_come_in_bursts() -> None:
    """Most sign-ups follow the one before within the hour."""
    created = np.sort([a.created_s for a in build("trial_farm", GROUND).accounts])
    assert np.mean(np.diff(created) < HOUR_S) > 0.7


def test_machines_and_mail_domains_are_used_again() -> None:
    """Many accounts share a machine's fingerprint; many mail domains are throw-away, but not all."""
    accounts = build("trial_farm", GROUND).accounts
    devices = Counter(a.device_fingerprint for a in accounts if a.device_fingerprint)
    disposable = set(GROUND.texts.disposable_domains)
    assert sum(n for n in devices.values() if n > 1) > 0.4 * len(accounts)
    assert 0.4 < np.mean([a.email_domain in disposable for a in accounts]) < 0.8


def test_each_account_sends_a_few_diverse_requests() -> None:
    """A trial is used up in a few dozen requests at most, and strangers' talk does not repeat."""
    made = build("trial_farm", GROUND)
    counted = Counter(turn.account for turn in made.turns)
    assert np.median(list(counted.values())) < 30
    assert len({turn.prompt for turn in made.turns}) > 0.7 * len(made.turns)
