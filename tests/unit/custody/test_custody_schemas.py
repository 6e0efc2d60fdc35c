"""The published schemas of custody say the same as the code."""

import json

import jsonschema
import pytest
from custody_scene import AT, person, revoked, signed, trust_in, verdict

from stillwatch.custody.signing import load_envelope
from stillwatch.dossiers.schemas import schema


def fits(name, document):
    """Whether a document fits a published schema."""
    checker = jsonschema.Draft202012Validator(schema(name))
    return not list(checker.iter_errors(json.loads(json.dumps(document))))


@pytest.fixture
def scene(tmp_path):
    """A signed folder and its trust."""
    anna, ben = person("Anna", "analyst"), person("Ben", "approver")
    return signed(tmp_path / "d", anna, ben), trust_in(anna, revoked(ben, AT))


def test_a_manifest_fits(scene):
    """What is signed is what is published."""
    folder, _ = scene
    plain = json.loads(load_envelope(folder).payload)
    assert fits("custody", plain)
    plain["predicate"]["more"] = 1
    assert not fits("custody", plain)


def test_a_trust_file_fits(scene, tmp_path):
    """With a revoked key in it."""
    _, trust = scene
    trust.save(tmp_path / "t")
    plain = json.loads((tmp_path / "t").read_bytes())
    assert fits("trust", plain)
    plain["keys"][0]["roles"] = ["king"]
    assert not fits("trust", plain)


def test_a_verdict_fits_whatever_is_wrong(scene, tmp_path):
    """A good one, a tampered one, and one of an unsigned folder."""
    folder, trust = scene
    assert fits("verification", verdict(folder, trust).as_document())
    (folder / "dossier.json").write_text("{}")
    (folder / "dossier.md").unlink()
    (folder / "more").write_text("x")
    found = verdict(folder, trust, inputs=[folder])
    assert {one.status for one in found.files} == {"changed", "missing", "extra"}
    assert fits("verification", found.as_document())
    (folder / "custody.dsse.json").unlink()
    assert fits("verification", verdict(folder, trust).as_document())
