"""Signing and verifying a folder: who counts, when, and what was changed."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from custody_scene import AT, DAY, ORIGIN, dossier, person, revoked, signed, trust_in, verdict

from stillwatch.custody.envelope import Envelope
from stillwatch.custody.manifest import ENVELOPE
from stillwatch.custody.signing import load_envelope, sign
from stillwatch.errors import InputError, SettingsError


def test_a_signed_folder_verifies(tmp_path):
    """With the right keys and nothing changed, nothing is said against it, and its origin is told."""
    anna, ben = person("Anna", "analyst"), person("Ben", "approver")
    trust = trust_in(anna, ben, required=("analyst", "approver"))
    found = verdict(signed(tmp_path / "d", anna, ben), trust)
    assert found.is_valid, found.failures
    assert [one.status for one in found.signatures] == ["good", "good"]
    assert found.n_files == 4
    assert found.origin == ORIGIN
    assert found.created_by == (anna.key.key_id, "Anna")


def test_a_recipient_with_public_keys_alone_verifies(tmp_path):
    """The trust file has no secret, and is all that a recipient needs."""
    anna = person("Anna", "analyst")
    trust_in(anna).save(tmp_path / "t")
    assert verdict(signed(tmp_path / "d", anna), type(trust_in()).load(tmp_path / "t")).is_valid


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("dossier.json", "0.013", "0.011", "dossier.json: /campaign/q_value was changed"),
        ("dossier.json", '"a-2", ', "", "dossier.json: /campaign/accounts/1 was removed"),
        ("dossier.json", "null", "1", "dossier.json: /a~1b~0c was changed"),
        ("dossier.json", "},\n ", "}, ", "dossier.json was rewritten"),
        ("dossier.json", "[]", "[", "dossier.json: "),
        ("dossier.md", "One", "Won", "dossier.md: line 3 was changed"),
        ("tables/rows.csv", "1,2", "1,3", "tables/rows.csv: line 2 was changed"),
    ],
)
def test_a_change_is_named(tmp_path, name, old, new, expected):
    """The file and the place inside it, and nothing else."""
    anna = person("Anna", "analyst")
    folder = signed(tmp_path / "d", anna)
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    found = verdict(folder, trust_in(anna))
    assert len(found.failures) == 1
    assert found.failures[0].startswith(expected)


def test_missing_extra_and_replaced_files_are_named(tmp_path):
    """Whatever happens to the list of files is said."""
    anna = person("Anna", "analyst")
    folder = signed(tmp_path / "d", anna)
    (folder / "dossier.md").unlink()
    (folder / "tables" / "new.csv").write_text("x")
    (folder / "dossier.pdf").rename(tmp_path / "away.pdf")
    (folder / "dossier.pdf").symlink_to(tmp_path / "away.pdf")
    found = verdict(folder, trust_in(anna))
    assert {(one.name, one.status) for one in found.files} == {
        ("dossier.md", "missing"),
        ("tables/new.csv", "extra"),
        ("dossier.pdf", "replaced"),
    }


def test_a_manifest_made_to_fit_is_found_out(tmp_path):
    """Who changes a file and the manifest alike breaks every signature."""
    anna = person("Anna", "analyst")
    folder = signed(tmp_path / "d", anna)
    envelope = load_envelope(folder)
    payload = envelope.payload.replace(b'"w-1"', b'"w-2"')
    assert payload != envelope.payload
    (folder / ENVELOPE).write_bytes(replace(envelope, payload=payload).to_bytes())
    found = verdict(folder, trust_in(anna))
    assert [one.status for one in found.signatures] == ["not_fitting"]
    assert not found.is_valid


def test_signed_anew_by_a_stranger_is_found_out(tmp_path):
    """A whole new signature by a key that nobody trusts is none."""
    anna, eve = person("Anna", "analyst"), person("Anna", "analyst")
    found = verdict(signed(tmp_path / "d", eve), trust_in(anna))
    assert [one.status for one in found.signatures] == ["unknown_key"]


def test_an_unsigned_folder_does_not_verify(tmp_path):
    """No envelope, or a link in its place, is no signature."""
    folder = dossier(tmp_path / "d")
    assert "nobody has signed" in verdict(folder, trust_in(person("A", "analyst"))).failures[0]


def test_an_envelope_without_signatures_does_not_verify(tmp_path):
    """Zero signatures fill no role."""
    anna = person("Anna", "analyst")
    folder = signed(tmp_path / "d", anna)
    (folder / ENVELOPE).write_bytes(load_envelope(folder).first(0).to_bytes())
    assert any("no signature" in failure for failure in verdict(folder, trust_in(anna)).failures)


def test_a_missing_role_is_named(tmp_path):
    """One signature does not fill two roles."""
    both = person("Anna", "analyst", "approver")
    trust = trust_in(both, required=("analyst", "approver"))
    found = verdict(signed(tmp_path / "d", both, trust=trust), trust)
    assert found.failures == ("nobody else has signed as approver; each required role needs another person",)


@pytest.mark.parametrize(
    ("begin", "end", "status"),
    [(AT + DAY, None, "not_yet_valid"), (AT - 2 * DAY, AT - DAY, "expired"), (AT, AT + timedelta(seconds=1), "good")],
)
def test_validity_is_judged_at_signing(tmp_path, begin, end, status):
    """A key counts if it was valid when the manifest says that it was made."""
    anna = person("Anna", "analyst")
    folder = signed(tmp_path / "d", anna)
    seen = replace(anna, entry=replace(anna.entry, valid_from=begin, valid_to=end))
    assert [one.status for one in verdict(folder, trust_in(seen)).signatures] == [status]


def test_a_second_signer_s_key_may_be_younger_than_the_manifest(tmp_path):
    """Who signs later has a later time, which the manifest cannot say."""
    anna, ben = person("Anna", "analyst"), person("Ben", "approver", begin=AT + timedelta(minutes=10))
    trust = trust_in(anna, ben)
    folder = signed(tmp_path / "d", anna, trust=trust)
    sign(folder, ben.key, trust, {}, AT + timedelta(minutes=20))
    assert verdict(folder, trust).is_valid


def test_a_revoked_key_counts_for_nothing_without_a_stamp(tmp_path):
    """Whoever stole it could have written any time; the reason is told."""
    anna = person("Anna", "analyst")
    folder = signed(tmp_path / "d", anna)
    found = verdict(folder, trust_in(revoked(anna, AT + 300 * DAY, "laptop stolen")), at=AT + 301 * DAY)
    assert [one.status for one in found.signatures] == ["revoked"]
    assert "laptop stolen" in found.failures[0]


def test_a_manifest_from_the_future_is_refused(tmp_path):
    """A clock that runs ahead, or a lie."""
    anna = person("Anna", "analyst")
    found = verdict(signed(tmp_path / "d", anna), trust_in(anna), at=AT - DAY / 2)
    assert any("future" in failure for failure in found.failures)


def test_the_first_signer_is_the_maker(tmp_path):
    """Taking the first signature away makes the second signer look like the maker; that is found."""
    anna, ben = person("Anna", "analyst"), person("Ben", "analyst")
    folder = signed(tmp_path / "d", anna, ben)
    envelope = load_envelope(folder)
    (folder / ENVELOPE).write_bytes(replace(envelope, signatures=envelope.signatures[1:]).to_bytes())
    assert verdict(folder, trust_in(anna, ben)).failures == ("the manifest names another maker than its first signer",)


@pytest.mark.parametrize("end", [AT - DAY / 2, AT + DAY])
def test_who_may_not_sign_is_refused(tmp_path, end):
    """A key that has run out, or was revoked, signs nothing."""
    anna = person("Anna", "analyst", end=end)
    if end > AT:
        anna = revoked(anna, AT)
    with pytest.raises(SettingsError, match="may not sign"):
        sign(dossier(tmp_path / "d"), anna.key, trust_in(anna), {}, AT)


def test_nobody_adds_a_signature_to_what_was_changed(tmp_path):
    """The second signer signs what the first one signed, or nothing."""
    anna, ben = person("Anna", "analyst"), person("Ben", "approver")
    folder = signed(tmp_path / "d", anna, trust=trust_in(anna, ben))
    (folder / "dossier.md").write_text("changed")
    with pytest.raises(InputError, match="not what was signed first"):
        sign(folder, ben.key, trust_in(anna, ben), {}, AT)


def test_one_person_signs_once(tmp_path):
    """Not with a second key either."""
    anna, again = person("Anna", "analyst"), person("Anna", "approver")
    folder = signed(tmp_path / "d", anna, trust=trust_in(anna, again))
    with pytest.raises(InputError, match="signed it already"):
        sign(folder, again.key, trust_in(anna, again), {}, AT)


def test_a_link_is_not_signed(tmp_path):
    """A link vouches for nothing."""
    anna = person("Anna", "analyst")
    folder = dossier(tmp_path / "d")
    (folder / "link.md").symlink_to(folder / "dossier.md")
    with pytest.raises(InputError, match="plain file"):
        sign(folder, anna.key, trust_in(anna), {}, AT)


def test_inputs_are_compared_by_content(tmp_path):
    """Same under any name, changed under the same name, or not given."""
    anna = person("Anna", "analyst")
    origin = {
        "inputs": [
            {"name": n, "sha256": hashlib.sha256(n.encode()).hexdigest()} for n in ("x.jsonl", "y.jsonl", "z.jsonl")
        ],
        "registers": {"accounts": {"a.csv": hashlib.sha256(b"a").hexdigest()}},
    }
    folder = dossier(tmp_path / "d")
    sign(folder, anna.key, trust_in(anna), origin, AT)
    given = tmp_path / "given"
    given.mkdir()
    (given / "renamed").write_text("x.jsonl")
    (given / "y.jsonl").write_text("other")
    (given / "a.csv").write_text("a")
    found = verdict(folder, trust_in(anna), inputs=[given])
    assert [(one.name, one.status) for one in found.inputs] == [
        ("x.jsonl", "same"),
        ("y.jsonl", "changed"),
        ("z.jsonl", "not given"),
        ("a.csv", "same"),
    ]
    assert found.failures == ("input y.jsonl is not what the scan read",)


def test_a_case_file_is_not_taken_for_an_input_of_its_name(tmp_path):
    """Traffic and case may both have an exchanges.parquet; given the case alone, the traffic is not given."""
    anna = person("Anna", "analyst")
    origin = {
        "inputs": [{"name": "exchanges.parquet", "sha256": "0" * 64}],
        "case_files": [{"name": "exchanges.parquet", "sha256": hashlib.sha256(b"case").hexdigest()}],
    }
    folder = dossier(tmp_path / "d")
    sign(folder, anna.key, trust_in(anna), origin, AT)
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "exchanges.parquet").write_bytes(b"case")
    found = verdict(folder, trust_in(anna), inputs=[tmp_path / "case"])
    assert [one.status for one in found.inputs] == ["not given", "same"]
    assert found.is_valid


def test_hostile_manifests_are_refused_in_a_sentence(tmp_path):
    """A signed payload that is no manifest crashes nothing; names that lead out of the folder are never opened."""
    anna = person("Anna", "analyst")
    kind = "application/vnd.in-toto+json"
    good = json.loads(load_envelope(signed(tmp_path / "d", anna)).payload)
    climbing = json.loads(json.dumps(good).replace("dossier.md", "../../etc/passwd"))
    bad_parts = json.loads(json.dumps(good))
    bad_parts["predicate"]["files"]["dossier.md"]["parts"] = {"kind": "lines", "of": [1, {}]}
    no_block = json.loads(json.dumps(good))
    no_block["predicate"]["files"]["dossier.pdf"]["parts"] = {"kind": "blocks", "block_bytes": 0, "of": []}
    (tmp_path / "d" / "dossier.md").write_text("x")
    for plain in (climbing, bad_parts, no_block, [], {}, {**good, "subject": [{}]}, {**good, "predicate": []}, 7):
        content = Envelope(kind, json.dumps(plain).encode()).signed_by(anna.key).to_bytes()
        (tmp_path / "d" / ENVELOPE).write_bytes(content)
        assert not verdict(tmp_path / "d", trust_in(anna)).is_valid
