"""The trust file, roles and rotation."""

import json
from dataclasses import replace

import pytest
from custody_scene import AT, DAY, person, revoked, trust_in

from stillwatch.custody.envelope import Envelope
from stillwatch.custody.rotation import accept, rotate
from stillwatch.custody.signing_key import SigningKey
from stillwatch.custody.trust import Trust, TrustedKey, unfilled
from stillwatch.errors import InputError, SettingsError


def test_a_trust_file_comes_back(tmp_path):
    """Everything that was saved is loaded."""
    trust = trust_in(
        person("A", "analyst"), revoked(person("B", "approver", end=None), AT), required=("analyst", "approver")
    )
    trust.save(tmp_path / "t")
    assert Trust.load(tmp_path / "t") == trust


@pytest.mark.parametrize(
    "change",
    [
        {"key_id": "0" * 32},
        {"roles": []},
        {"roles": ["king"]},
        {"name": " "},
        {"name": "x" * 201},
        {"valid_from": "2026-11-26"},
        {"valid_to": "2026-02-30T00:00:00Z"},
        {"valid_to": "2020-01-01T00:00:00Z"},
        {"public_key": "AAAA"},
        {"extra": 1},
    ],
)
def test_a_wrong_entry_is_refused_by_its_place(tmp_path, change):
    """An entry that is wrong in one field is refused, and the refusal names the entry."""
    trust_in(person("A", "analyst")).save(tmp_path / "t")
    plain = json.loads((tmp_path / "t").read_bytes())
    plain["keys"][0] |= change
    (tmp_path / "t").write_text(json.dumps(plain))
    with pytest.raises(InputError, match=r"keys/0|public key"):
        Trust.load(tmp_path / "t")


def test_a_key_stands_once():
    """Two entries of one key could disagree."""
    one = person("A", "analyst")
    with pytest.raises(InputError, match="twice"):
        Trust((one.entry, replace(one.entry, name="B")))


def test_roles_need_different_people():
    """One person fills one role however many keys they have, and the best assignment is found."""
    analyst, both = person("A", "analyst").entry, person("B", "analyst", "approver").entry
    second_key = person("A", "approver").entry
    required = ("analyst", "approver")
    assert unfilled(required, [analyst]) == ["approver"]
    assert unfilled(required, [both]) == ["approver"]
    assert unfilled(required, [analyst, second_key]) == ["approver"]
    assert unfilled(required, [analyst, person(" a", "approver").entry]) == ["approver"]
    assert unfilled(required, [both, analyst]) == []
    assert unfilled(required, [analyst, both]) == []
    assert unfilled(("approver", "analyst"), [both, analyst]) == []


def test_rotation_keeps_name_and_roles():
    """The new key follows at once, the old one ends, and a recipient with the old trust file gets the same."""
    old, other = person("A", "analyst"), person("B", "approver")
    new = SigningKey.generate()
    envelope, after = rotate(old.key, new, trust_in(old, other), AT, AT + 700 * DAY)
    entry = after.get(new.key_id)
    assert (entry.name, entry.roles, entry.valid_from, entry.replaces) == ("A", ("analyst",), AT, old.key.key_id)
    assert after.get(old.key.key_id).valid_to == AT
    assert accept(Envelope.from_bytes(envelope.to_bytes(), "r"), trust_in(old, other)) == after
    with pytest.raises(InputError, match="accepted before"):
        accept(envelope, after)


def test_a_rotation_needs_both_signatures_and_gives_no_new_role():
    """A statement by one key alone, or one that raises its holder, is refused."""
    old, new = person("A", "analyst"), SigningKey.generate()
    envelope, _ = rotate(old.key, new, trust_in(old), AT, AT + 700 * DAY)
    with pytest.raises(InputError, match="signed by"):
        accept(envelope.first(1), trust_in(old))
    plain = json.loads(envelope.payload)
    plain["new"]["roles"] = ["approver"]
    raised = Envelope(envelope.payload_type, json.dumps(plain).encode()).signed_by(old.key).signed_by(new)
    with pytest.raises(InputError, match="other roles"):
        accept(raised, trust_in(old))
    for end in (None, "2100-01-01T00:00:00Z"):
        plain = json.loads(envelope.payload)
        plain["new"]["valid_to"] = end
        endless = Envelope(envelope.payload_type, json.dumps(plain).encode()).signed_by(old.key).signed_by(new)
        with pytest.raises(InputError, match="no end"):
            accept(endless, trust_in(old))


@pytest.mark.parametrize("change", [{"revoked_at": AT - DAY}, {"valid_to": AT - DAY / 2}, {"valid_from": AT + DAY / 2}])
def test_a_key_that_may_not_sign_vouches_for_nothing(change):
    """Revoked, ended and future keys cannot rotate."""
    old = person("A", "analyst")
    old = replace(old, entry=replace(old.entry, **change))
    with pytest.raises(SettingsError, match="vouches for nothing"):
        rotate(old.key, SigningKey.generate(), trust_in(old), AT, AT + 700 * DAY)


def test_an_unknown_key_is_named():
    """The refusal says how to add it."""
    with pytest.raises(SettingsError, match="signer add"):
        trust_in(person("A", "analyst")).get("f" * 32)


def test_an_entry_is_what_its_holder_hands_out():
    """An entry survives its own document."""
    entry = person("Ærøskøbing 張", "releaser").entry
    assert TrustedKey.from_document(json.loads(json.dumps(entry.as_document())), "e") == entry
