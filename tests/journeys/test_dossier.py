"""A dossier by the command line, on a scanned case: frozen, traced, rendered again, and refused where it must be."""

import json

import pytest
from console import stillwatch

from stillwatch.dossiers.document import from_json
from stillwatch.dossiers.dossier_document import dossier_from_json


@pytest.fixture(scope="module")
def frozen(tiny, tmp_path_factory):
    """The dossier of the tiny case's first campaign, without a PDF."""
    campaign = from_json((tiny.case / "campaigns.json").read_bytes()).campaigns[0]
    out = tmp_path_factory.mktemp("dossier") / "dossier"
    done = stillwatch("dossier", tiny.case, campaign.id, "--out", out, "--formats", "html,markdown", "--json")
    assert done.status == 0, done.err
    return out, done.document


def test_the_short_command_freezes_and_renders(tiny, frozen):
    """The folder has the document and its renderings, and the document counts as the case does."""
    out, document = frozen
    assert document["files"] == ["dossier.json", "dossier.html", "dossier.md"]
    assert sorted(path.name for path in out.iterdir()) == sorted(document["files"])
    dossier = dossier_from_json((out / "dossier.json").read_bytes())
    campaign = from_json((tiny.case / "campaigns.json").read_bytes()).campaigns[0]
    assert len(dossier.observation.members) == campaign.n_accounts
    assert next(n.value for n in dossier.numbers if n.ref == "campaign.exchanges") == campaign.exchanges


def test_the_same_case_gives_the_same_bytes(tiny, frozen, tmp_path):
    """Freezing again writes every file anew, byte for byte."""
    out, _ = frozen
    campaign = from_json((tiny.case / "campaigns.json").read_bytes()).campaigns[0]
    done = stillwatch(
        "dossier", "freeze", tiny.case, campaign.id, "--out", tmp_path / "d", "--formats", "html,markdown"
    )
    assert done.status == 0, done.err
    for path in out.iterdir():
        assert (tmp_path / "d" / path.name).read_bytes() == path.read_bytes()


def test_a_number_is_traced_to_its_rows(tiny, frozen):
    """By its print number or its reference, with the rows of the case, and computed again."""
    out, _ = frozen
    plain = stillwatch("dossier", "trace", "1", out)
    assert plain.status == 0
    assert "campaign.n_accounts" in plain.out
    done = stillwatch("dossier", "trace", "taken.output_tokens", out, "--case", tiny.case, "--rows", 2, "--json")
    assert done.status == 0, done.err
    assert done.document["agrees"] is True
    assert done.document["is_same_file"] is True
    assert len(done.document["shown_rows"]) == 2
    assert done.document["n_rows"] == done.document["rows"]["n_rows"]


def test_a_document_is_rendered_again(frozen, tmp_path):
    """From the document alone, the renderings are those that were written beside it; a PDF on demand."""
    out, _ = frozen
    done = stillwatch("dossier", "render", out, "--formats", "html,pdf", "--out", tmp_path / "again")
    assert done.status == 0, done.err
    assert (tmp_path / "again/dossier.html").read_bytes() == (out / "dossier.html").read_bytes()
    assert (tmp_path / "again/dossier.pdf").read_bytes().startswith(b"%PDF-")


def test_refusals(tiny, frozen, tmp_path):
    """No such campaign, number or format; something stands there already: each with its status and nothing written."""
    out, _ = frozen
    for arguments, status in (
        (("dossier", tiny.case, "c-none", "--out", tmp_path / "x"), 2),
        (("dossier", tmp_path, "c-none", "--out", tmp_path / "x"), 3),
        (("dossier", "trace", "no.such", out), 2),
        (("dossier", "render", out, "--formats", "gif", "--out", tmp_path / "x"), 2),
        (("dossier", "render", out, "--out", out), 5),
    ):
        assert stillwatch(*arguments).status == status, arguments
    assert not (tmp_path / "x").exists()


def test_the_schema_is_published(frozen):
    """`stillwatch schema dossier` prints it."""
    assert json.loads(stillwatch("schema", "dossier").out)["title"] == "dossier.json"
