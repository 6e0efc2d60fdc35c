"""From a scanned case to a signed dossier, to a recipient who checks it, and to exemplars that two people released."""

import json
import shutil

import orjson
from console import stillwatch
from typer.testing import CliRunner

from stillwatch.cli.commands import app


def run(*arguments, status=0):
    """Run a command, expect its status, and return it."""
    done = stillwatch(*arguments)
    assert done.status == status, (done.status, done.err, done.out)
    return done


def set_up(*arguments):
    """Run a command that prepares the scene, without a program of its own."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output


def a_number(value, at=""):
    """Pointers to the numbers of a document, each with the object or list that holds it and its key there."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        place = f"{at}/{str(key).replace('~', '~0').replace('/', '~1')}"
        if isinstance(item, float):
            yield place, value, key
        yield from a_number(item, place)


def test_from_a_case_to_a_released_exemplar(tiny, tmp_path):
    """Two people sign; a recipient verifies away from the house; a change is named; a text needs two."""
    trust = ("--trust", tmp_path / "trust.json")
    for name, role in (("anna", "analyst"), ("ben", "approver"), ("cleo", "releaser")):
        set_up("signer", "new", tmp_path / name, "--name", name, "--role", role, *trust)
    set_up("signer", "require", "analyst", "approver", *trust)
    case = json.loads((tiny.case / "campaigns.json").read_bytes())
    campaign = next(one for one in case["campaigns"] if one["template_families"])
    dossier = tmp_path / "d"
    run("dossier", tiny.case, campaign["id"], "--out", dossier)
    run("dossier", "sign", dossier, "--key", tmp_path / "anna", *trust, "--case", tiny.case)
    run("dossier", "sign", dossier, "--key", tmp_path / "ben", *trust)
    run("dossier", tiny.case, campaign["id"], "--out", dossier, "--replace", status=5)  # a signed one is kept
    verify_away_from_the_house(dossier, tmp_path, tiny)
    find_a_change(dossier, tmp_path / "trust.json")
    release_exemplars(campaign, tiny, tmp_path)


def verify_away_from_the_house(dossier, tmp_path, tiny):
    """The folder and the trust file are enough; with the case and the traffic at hand, its inputs are compared too."""
    received = tmp_path / "elsewhere"
    shutil.copytree(dossier, received / "d")
    shutil.copy(tmp_path / "trust.json", received / "trust.json")
    inputs = [part for path in (tiny.case, tiny.world) for part in ("--inputs", path)]
    checked = run("dossier", "verify", received / "d", "--trust", received / "trust.json", *inputs, "--json").document
    assert checked["is_valid"]
    assert [one["name"] for one in checked["signatures"]] == ["anna", "ben"]
    assert {one["status"] for one in checked["inputs"]} == {"same"}
    assert len(checked["inputs"]) >= 5


def find_a_change(dossier, trust):
    """A value of the document by its pointer, and a planted file."""
    changed = dossier.with_name("changed")
    shutil.copytree(dossier, changed)
    document = orjson.loads((changed / "dossier.json").read_bytes())
    numbers = list(a_number(document))
    place, holder, key = numbers[len(numbers) // 2]
    holder[key] += 1
    (changed / "dossier.json").write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    (changed / "planted.txt").write_text("x")
    checked = run("dossier", "verify", changed, "--trust", trust, "--json", status=11).document
    files = {one["name"]: one for one in checked["files"]}
    assert files["dossier.json"]["changes"] == [{"how": "changed", "place": place}]
    assert files["planted.txt"]["status"] == "extra"
    assert set(files) == {"dossier.json", "planted.txt"}


def release_exemplars(campaign, tiny, tmp_path):
    """Asked for, approved and released by three; only then is there a text, of words that many accounts sent."""
    trust, sealed = ("--trust", tmp_path / "trust.json"), tmp_path / "sealed"
    source = ("--traffic", tiny.world / "exchanges.parquet", "--key-file", tiny.key)
    why = ("--key", tmp_path / "anna", *trust, "--why", "for counsel", "--out", sealed)
    asked = run("dossier", "exemplars", "request", tiny.case, campaign["id"], *source, *why, "--json").document
    summary = asked["log"][0]["summary"]
    assert summary["n_exemplars"] >= 1
    assert summary["traffic"][0]["was_scanned"]
    release = ("dossier", "exemplars", "release", sealed, "--key", tmp_path / "cleo", *trust, "--why", "w")
    run(*release, "--out", tmp_path / "out", status=4)
    assert not (tmp_path / "out").exists()
    run("dossier", "exemplars", "approve", sealed, "--key", tmp_path / "ben", *trust, "--why", "agreed")
    done = run(*release, "--out", tmp_path / "out", "--json").document
    assert [one["step"] for one in done["log"]] == ["request", "approve", "release"]
    released = json.loads((tmp_path / "out" / "exemplars.json").read_bytes())
    known = {family["id"] for family in campaign["template_families"]}
    for one in released["exemplars"]:
        assert set(one["families"]) <= known
        texts = [part["text"] for zone in one["zones"].values() for part in zone if "text" in part]
        assert texts
        assert texts[0].encode() not in sealed.read_bytes()
    assert (tmp_path / "out" / "exemplars.html").stat().st_mode & 0o077 == 0
