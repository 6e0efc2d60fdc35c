"""Tests of the dossier's document: exact round trips, strict reading, migrations, and what was released once."""

import dataclasses
import gzip
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from example_dossier import golden

from stillwatch.dossiers import dossier_document
from stillwatch.dossiers.dossier import SCHEMA_NAME, Dossier
from stillwatch.dossiers.dossier_document import dossier_from_json, dossier_to_json, statements_in
from stillwatch.dossiers.number import refs_of, say
from stillwatch.dossiers.render.dossier.html import render_dossier_html
from stillwatch.dossiers.render.dossier.markdown import render_dossier_markdown
from stillwatch.dossiers.render.dossier.pdf import render_dossier_pdf
from stillwatch.dossiers.schema_of import schema_of
from stillwatch.dossiers.schemas import schema
from stillwatch.errors import InputError, OutputError

GOLDEN = Path(__file__).parents[2] / "golden" / "dossier"
RELEASED = sorted(GOLDEN.glob("released-*.json*"))


def released(path: Path) -> bytes:
    """A document that was handed on: by hand, or as the demo's scan gave it (compressed here)."""
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Dossier:
    """The golden dossier, frozen anew."""
    return golden(tmp_path_factory.mktemp("golden"))


def test_the_same_case_gives_the_golden_bytes(made: Dossier) -> None:
    """Freezing changes only where a change was meant: tests/golden/dossier/refresh.py writes it anew."""
    assert dossier_to_json(made) == (GOLDEN / "dossier.json").read_bytes()
    assert render_dossier_markdown(made) == (GOLDEN / "dossier.md").read_text(encoding="utf-8")


def test_round_trip_is_exact(made: Dossier) -> None:
    """Reading gives back an equal dossier."""
    assert dossier_from_json(dossier_to_json(made)) == made


def test_published_schema_is_that_of_the_code(made: Dossier) -> None:
    """The file says what the dataclasses say, and the golden dossier validates."""
    published = schema("dossier")
    assert published == schema_of(Dossier, "urn:stillwatch:schema:dossier:1", "dossier.json", {"schema": SCHEMA_NAME})
    jsonschema.Draft202012Validator(published).validate(json.loads(dossier_to_json(made)))


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: path.stem)
def test_every_schema_that_was_released_still_renders(path: Path) -> None:
    """A dossier handed on under an older schema is read, migrated and rendered in every medium; never edit the file."""
    dossier = dossier_from_json(released(path))
    assert dossier.schema == SCHEMA_NAME
    assert dossier.campaign_id in render_dossier_html(dossier)
    assert dossier.campaign_id in render_dossier_markdown(dossier)
    assert render_dossier_pdf(dossier).startswith(b"%PDF-")


def test_there_is_a_released_document_of_every_schema() -> None:
    """The present schema and each that a migration starts from have a document among the released."""
    names = {json.loads(released(path))["schema"] for path in RELEASED}
    assert names == {*dossier_document.MIGRATIONS, SCHEMA_NAME}


def test_a_real_document_is_among_the_released() -> None:
    """One is of a scan and not written by hand: hundreds of numbers, and every one that is spoken of is there."""
    (path,) = (path for path in RELEASED if path.suffix == ".gz")
    dossier = dossier_from_json(released(path))
    assert len(dossier.numbers) > 400
    assert len(dossier.observation.members) > 100
    page = render_dossier_html(dossier)
    assert all(number.ref in page for number in dossier.numbers)


def test_an_older_document_is_migrated_step_by_step(made: Dossier, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step takes a document to the next schema until it is the present one."""
    old = json.loads(dossier_to_json(made))
    del old["history"]
    old["schema"] = "stillwatch.dossier/a"

    def to_b(plain: dict[str, Any]) -> dict[str, Any]:
        return {**plain, "schema": "stillwatch.dossier/b", "past": []}

    def to_present(plain: dict[str, Any]) -> dict[str, Any]:
        rest = {name: value for name, value in plain.items() if name != "past"}
        return {**rest, "schema": SCHEMA_NAME, "history": plain["past"]}

    monkeypatch.setattr(
        dossier_document, "MIGRATIONS", {"stillwatch.dossier/a": to_b, "stillwatch.dossier/b": to_present}
    )
    assert dossier_from_json(json.dumps(old).encode()) == dataclasses.replace(made, history=())


@pytest.mark.parametrize("name", ["stillwatch.dossier/999", "stillwatch.case/1", None, 3])
def test_a_document_of_another_schema_is_refused_by_its_name(name: object) -> None:
    """Newer and foreign documents are named in the refusal."""
    with pytest.raises(InputError, match="schema"):
        dossier_from_json(json.dumps({"schema": name}).encode())


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(surprise=1),
        lambda d: d.pop("limits"),
        lambda d: d["numbers"].append(d["numbers"][0]),
        lambda d: d["limits"].append({"text": "[[n:no.such.number]]", "values": []}),
        lambda d: d["criteria"][0].update(standing="proven"),
        lambda d: d["numbers"][0].update(value="many"),
    ],
)
def test_a_broken_document_is_refused(made: Dossier, change: Any) -> None:
    """Unknown and missing keys, a number twice, a number that is not there, an unknown standing, a wrong type."""
    plain = json.loads(dossier_to_json(made))
    change(plain)
    with pytest.raises(InputError, match="breaks its schema"):
        dossier_from_json(json.dumps(plain).encode())


def test_no_statement_without_its_number_is_written(made: Dossier) -> None:
    """A dossier that speaks of a number it does not hold cannot be written."""
    broken = dataclasses.replace(made, limits=(say("[[n:gone]]"),))
    with pytest.raises(OutputError, match="gone"):
        dossier_to_json(broken)


def test_every_number_that_is_spoken_of_is_in_the_register(made: Dossier) -> None:
    """Statements name numbers of the register alone, and no statement holds a bare value in braces of its own."""
    known = {number.ref for number in made.numbers}
    spoken = [ref for statement in statements_in(made) for ref in refs_of(statement)]
    assert len(spoken) > 100
    assert set(spoken) <= known


@pytest.mark.parametrize("junk", [b"", b"{", b"[]", b"\xff", b'{"a": NaN}', b"[" * 100_000])
def test_junk_is_refused(junk: bytes) -> None:
    """Whatever the bytes are, the refusal is one of ours."""
    with pytest.raises(InputError):
        dossier_from_json(junk)
