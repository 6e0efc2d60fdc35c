"""Sealing and two-person release: who may open what, and what the log shows."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from custody_scene import AT, DAY, person, revoked, trust_in

from stillwatch.custody.envelope import Envelope
from stillwatch.custody.release import STEP_TYPE, Sealed, approve, checked_log, release, request
from stillwatch.custody.sealing import Pair, unseal
from stillwatch.custody.signing_key import SigningKey, encoded
from stillwatch.errors import InputError, SettingsError

TEXT = b"the words that nobody reads alone"
LATER = AT + timedelta(minutes=1)


@pytest.fixture
def people():
    """An analyst, two approvers and a releaser."""
    return {
        "anna": person("Anna", "analyst"),
        "ben": person("Ben", "approver"),
        "bo": person("Bo", "approver"),
        "cleo": person("Cleo", "releaser"),
    }


@pytest.fixture
def trust(people):
    """A trust file that believes them all."""
    return trust_in(*people.values())


@pytest.fixture
def sealed(people, trust):
    """A request."""
    return request(TEXT, {"campaign_id": "c-1"}, "for counsel", people["anna"].key, trust, AT)


def test_three_steps_open_it(people, trust, sealed):
    """Requested, approved and released by three people; every step stands in the log."""
    approved = approve(sealed, "agreed", people["ben"].key, trust, LATER)
    content, released = release(approved, "to counsel", people["cleo"].key, trust, LATER)
    assert content == TEXT
    steps = checked_log(Sealed.from_bytes(released.to_bytes(), "s"), trust)
    assert [(one.step, one.by.name, one.why) for one in steps] == [
        ("request", "Anna", "for counsel"),
        ("approve", "Ben", "agreed"),
        ("release", "Cleo", "to counsel"),
    ]


def test_the_requester_may_release_what_another_approved(people):
    """Two people are enough, in different roles."""
    anna = person("Anna", "analyst", "releaser")
    trust = trust_in(anna, people["ben"])
    approved = approve(request(TEXT, {}, "w", anna.key, trust, AT), "w", people["ben"].key, trust, LATER)
    assert release(approved, "w", anna.key, trust, LATER)[0] == TEXT


def test_nothing_is_released_without_an_approval(people, trust, sealed):
    """The releaser alone is refused."""
    with pytest.raises(SettingsError, match="nobody else has approved"):
        release(sealed, "w", people["cleo"].key, trust, LATER)


def test_the_text_is_not_in_the_file(people, trust, sealed):
    """Neither before nor after the approval."""
    for file in (sealed, approve(sealed, "w", people["ben"].key, trust, LATER)):
        assert TEXT not in file.to_bytes()
        assert encoded(TEXT).encode()[:20] not in file.to_bytes()


def test_one_half_opens_nothing(people, sealed):
    """Who goes around the commands with one key, twice the same half or another's, gets nothing."""
    pair = next(one for one in sealed.pairs if one.approver == people["ben"].key.key_id)
    for key in (people["ben"].key, people["cleo"].key, people["anna"].key, SigningKey.generate()):
        for half in (pair.approver_half, pair.releaser_half):
            with pytest.raises(InputError, match="cannot"):
                unseal(sealed.ciphertext, pair, half, sealed.header, key)


def test_roles_and_persons_are_kept_apart(people, trust, sealed):
    """Not by role, not by oneself, not with a second key, not twice."""
    for name in ("anna", "cleo"):
        with pytest.raises(SettingsError, match="role approver"):
            approve(sealed, "w", people[name].key, trust, LATER)
    approved = approve(sealed, "w", people["ben"].key, trust, LATER)
    with pytest.raises(InputError, match="before"):
        approve(approved, "w", people["ben"].key, trust, LATER)
    with pytest.raises(SettingsError, match="role releaser"):
        release(approved, "w", people["ben"].key, trust, LATER)
    with pytest.raises(SettingsError, match="role analyst"):
        request(TEXT, {}, "w", people["ben"].key, trust, AT)


def test_nobody_approves_their_own_request():
    """Whatever roles or keys a person has."""
    anna, again = person("Anna", "analyst", "approver"), person("Anna", "approver")
    trust = trust_in(anna, again, person("Ben", "approver"), person("Cleo", "releaser"))
    sealed = request(TEXT, {}, "w", anna.key, trust, AT)
    for one in (anna, again):
        with pytest.raises(SettingsError, match="own request"):
            approve(sealed, "w", one.key, trust, LATER)


def test_one_person_in_two_roles_does_not_release_alone():
    """Approver and releaser must differ by name; without another pair there is no request."""
    ben, again = person("Ben", "approver", "releaser"), person("Ben", "releaser")
    anna = person("Anna", "analyst")
    with pytest.raises(SettingsError, match="no two people"):
        request(TEXT, {}, "w", anna.key, trust_in(anna, ben, again), AT)
    trust = trust_in(anna, ben, again, person("Cleo", "releaser"))
    approved = approve(request(TEXT, {}, "w", anna.key, trust, AT), "w", ben.key, trust, LATER)
    for one in (ben, again):
        with pytest.raises(SettingsError, match="nobody else"):
            release(approved, "w", one.key, trust, LATER)


def test_who_was_no_approver_then_is_none_now(people, trust, sealed):
    """A key that came later has no half."""
    late = person("Late", "approver")
    with pytest.raises(SettingsError, match="Request anew"):
        approve(sealed, "w", late.key, trust_in(*people.values(), late), LATER)


def test_a_revoked_key_takes_no_step(people, trust, sealed):
    """Nor does its earlier step count, nor is a half handed to it."""
    gone = trust_in(people["anna"], revoked(people["ben"], AT), people["bo"], people["cleo"])
    with pytest.raises(SettingsError, match="revoked"):
        approve(sealed, "w", people["ben"].key, gone, LATER)
    approved = approve(sealed, "w", people["ben"].key, trust, LATER)
    with pytest.raises(InputError, match="revoked"):
        release(approved, "w", people["cleo"].key, gone, LATER)
    without = trust_in(people["anna"], people["ben"], people["bo"], revoked(people["cleo"], AT - DAY))
    with pytest.raises(SettingsError, match="no releaser"):
        approve(sealed, "w", people["ben"].key, without, LATER)


def test_a_changed_file_is_refused(people, trust, sealed):
    """Request, halves, text and log: whatever is changed, put in or taken out is found before anything is opened."""
    approved = approve(approve(sealed, "w", people["ben"].key, trust, LATER), "w", people["bo"].key, trust, LATER)
    cleo = people["cleo"].key
    plain = json.loads(approved.log[0].payload)
    plain["facts"]["summary"]["campaign_id"] = "c-2"
    forged = replace(approved.log[0], payload=json.dumps(plain).encode())
    stranger = Envelope(STEP_TYPE, approved.log[1].payload).signed_by(SigningKey.generate())
    half = approved.log[1].payload.replace(b'"why": "w"', b'"why": "x"')
    for log in (
        (forged, *approved.log[1:]),
        (approved.log[0], stranger),
        (approved.log[0], replace(approved.log[1], payload=half)),
        (approved.log[0], approved.log[2]),
        (approved.log[1], approved.log[0]),
        approved.log[1:],
        (*approved.log, approved.log[1]),
    ):
        with pytest.raises((InputError, SettingsError)):
            release(replace(approved, log=log), "w", cleo, trust, LATER)
    flipped = bytes([approved.ciphertext[0] ^ 1]) + approved.ciphertext[1:]
    with pytest.raises(InputError, match="was changed"):
        release(replace(approved, ciphertext=flipped), "w", cleo, trust, LATER)
    swapped = tuple(Pair(p.approver, p.releaser, p.releaser_half, p.approver_half) for p in approved.pairs)
    with pytest.raises(InputError, match="cannot"):
        release(replace(approved, pairs=swapped), "w", cleo, trust, LATER)


def test_a_text_cannot_be_moved_under_another_request(people, trust, sealed):
    """Halves and text are bound to their request; another signed request does not open them."""
    other = request(b"x", {}, "harmless", people["anna"].key, trust, AT)
    mixed = replace(other, ciphertext=sealed.ciphertext, pairs=sealed.pairs)
    with pytest.raises(InputError, match="cannot"):
        approve(mixed, "w", people["ben"].key, trust, LATER)


@pytest.mark.parametrize("why", ["", "  ", "x" * 501])
def test_a_step_needs_a_reason(people, trust, why):
    """The log says why, in a sentence."""
    with pytest.raises(SettingsError, match="reason"):
        request(TEXT, {}, why, people["anna"].key, trust, AT)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b'{"schema": "stillwatch.sealed/1"}',
        b'{"schema": "stillwatch.sealed/1", "ciphertext": "", "pairs": [], "log": []}',
        b'{"schema": "stillwatch.sealed/1", "ciphertext": "", "pairs": [1], "log": 7}',
    ],
)
def test_what_is_no_sealed_file_is_refused(content):
    """Hostile files are refused in a sentence."""
    with pytest.raises(InputError):
        Sealed.from_bytes(content, "s")
