"""The commands of signing, stamping and verifying, as a recipient and an analyst run them."""

import json
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner

from stillwatch.cli.commands import app

RUN = {"schema": "stillwatch.run/1", "stillwatch_version": "0", "weights": "w", "key_id": "k", "settings": {"a": 1}}


@dataclass(frozen=True)
class Desk:
    """A folder in which commands run."""

    folder: object

    def run(self, *arguments, status=0, **environment):
        """Run a command and return what it printed, as JSON where it is such."""
        done = CliRunner().invoke(app, [str(argument) for argument in arguments], env=environment)
        assert done.exit_code == status, done.output
        return done.output

    def at(self, name):
        """A path on this desk."""
        return self.folder / name


@pytest.fixture
def desk(tmp_path):
    """Two people in a trust file, a case and a dossier."""
    found = Desk(tmp_path)
    for name, role in (("Anna", "analyst"), ("Ben", "approver")):
        found.run("signer", "new", found.at(name), "--name", name, "--role", role, "--trust", found.at("trust"))
    found.at("case").mkdir()
    inputs = [{"name": "t.jsonl", "format": "x", "bytes": 3, "sha256": "0" * 64}]
    found.at("case/run.json").write_text(json.dumps({**RUN, "inputs": inputs}))
    found.at("case/campaigns.json").write_text("{}")
    found.at("d").mkdir()
    found.at("d/dossier.json").write_text('{"campaign": {"q_value": 0.5}}')
    return found


def test_from_key_to_verdict(desk):
    """Two people sign; a recipient verifies; a change is named, with the exit status that jobs look at."""
    trust = ("--trust", desk.at("trust"))
    desk.run("signer", "require", "analyst", "approver", *trust)
    desk.run("dossier", "sign", desk.at("d"), "--key", desk.at("Anna"), *trust, "--case", desk.at("case"))
    assert "as approver" in desk.run("dossier", "verify", desk.at("d"), *trust, status=11)
    desk.run("dossier", "sign", desk.at("d"), "--key", desk.at("Ben"), *trust)
    found = json.loads(desk.run("dossier", "verify", desk.at("d"), *trust, "--inputs", desk.at("case"), "--json"))
    assert found["is_valid"]
    assert found["origin"]["inputs"][0]["sha256"] == "0" * 64
    assert found["origin"]["run"] == {key: RUN[key] for key in RUN if key != "schema"}
    assert {one["name"]: one["status"] for one in found["inputs"]} == {
        "t.jsonl": "not given",
        "campaigns.json": "same",
        "run.json": "same",
    }
    desk.at("d/dossier.json").write_text('{"campaign": {"q_value": 0.4}}')
    said = desk.run("dossier", "verify", desk.at("d"), *trust, status=11)
    assert said.startswith("NOT VERIFIED\n  dossier.json: /campaign/q_value was changed\n")


def test_the_first_signature_says_what_it_was_made_from(desk):
    """Without the case it is refused, unless that is said; a second one brings no case."""
    key = ("--key", desk.at("Anna"), "--trust", desk.at("trust"))
    assert "--without-case" in desk.run("dossier", "sign", desk.at("d"), *key, status=2)
    assert (
        "--without-case"
        in json.loads(desk.run("dossier", "sign", desk.at("d"), *key, "--json", status=2))["error"]["fix"]
    )
    desk.run("dossier", "sign", desk.at("d"), *key, "--without-case")
    assert "names no inputs" in desk.run("dossier", "verify", desk.at("d"), "--trust", desk.at("trust"))
    desk.run("dossier", "sign", desk.at("d"), *key, "--case", desk.at("case"), status=2)


def test_keys_are_rotated_and_revoked(desk):
    """Recipients follow by the statement; a revoked key's dossier is refused with its reason."""
    trust = ("--trust", desk.at("trust"))
    old_trust = desk.at("recipient")
    old_trust.write_bytes(desk.at("trust").read_bytes())
    desk.run("signer", "rotate", desk.at("Anna"), desk.at("Anna2"), *trust)
    desk.run("signer", "add", desk.at("Anna2.rotation.json"), "--trust", old_trust)
    assert old_trust.read_bytes() == desk.at("trust").read_bytes()
    assert "may not sign" in desk.run(
        "dossier", "sign", desk.at("d"), "--key", desk.at("Anna"), *trust, "--case", desk.at("case"), status=4
    )
    desk.run("dossier", "sign", desk.at("d"), "--key", desk.at("Anna2"), *trust, "--case", desk.at("case"))
    desk.run("dossier", "verify", desk.at("d"), "--trust", old_trust)
    key_id = json.loads(desk.run("signer", "show", desk.at("Anna2"), "--json"))["key_id"]
    desk.run("signer", "revoke", key_id[:8], *trust, "--because", "laptop stolen")
    assert "laptop stolen" in desk.run("dossier", "verify", desk.at("d"), *trust, status=11)
    assert "revoked since" in desk.run("signer", "show", desk.at("trust"))


def test_a_passphrase_comes_from_a_file_or_the_environment(desk):
    """Its file must be private too."""
    desk.at("pass").write_text("secret words\n")
    desk.at("pass").chmod(0o644)
    new = ("signer", "new", desk.at("C"), "--name", "C", "--role", "analyst", "--passphrase-file", desk.at("pass"))
    assert "chmod 600" in desk.run(*new, status=4)
    desk.at("pass").chmod(0o600)
    desk.run(*new)
    assert "has a passphrase" in desk.run("signer", "show", desk.at("C"), status=4)
    assert len(desk.run("signer", "show", desk.at("C"), STILLWATCH_PASSPHRASE="secret words").strip()) == 32


def test_what_does_not_fit_is_refused(desk):
    """Unknown roles, keys and ways are refused with the status of a wrong command line or file."""
    trust = ("--trust", desk.at("trust"))
    desk.run("signer", "new", desk.at("K"), "--name", "K", "--role", "king", status=3)
    assert not desk.at("K").exists()
    desk.run("signer", "revoke", "0000", *trust, "--because", "x", status=4)
    desk.run("signer", "add", desk.at("Anna.pub.json"), *trust, status=2)
    desk.run("dossier", "verify", desk.at("nowhere"), *trust, status=3)
    desk.run("dossier", "verify", desk.at("d"), *trust, status=11)
    desk.run("dossier", "stamp", desk.at("d"), status=2)


def test_a_stamp_request_goes_out_by_hand(desk):
    """The request is a file of a few bytes; a response that is none is refused and nothing is kept."""
    desk.run(
        "dossier",
        "sign",
        desk.at("d"),
        "--key",
        desk.at("Anna"),
        "--trust",
        desk.at("trust"),
        "--case",
        desk.at("case"),
    )
    desk.run("dossier", "stamp", desk.at("d"), "--request-out", desk.at("q"))
    assert len(desk.at("q").read_bytes()) < 100
    desk.run("dossier", "stamp", desk.at("d"), "--response-in", desk.at("q"), status=3)
    assert not list(desk.at("d").glob("*.tsr"))
