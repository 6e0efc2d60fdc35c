"""The commands' promises: help with an example, exit statuses, refusals as sentences or JSON, pure JSON on request."""

import json
import stat

import jsonschema
import pytest
from console import stillwatch

from stillwatch import __version__
from stillwatch.dossiers.schemas import NAMES

COMMANDS = [
    [],
    ["scan"],
    ["demo"],
    ["report"],
    ["schema"],
    ["world"],
    ["bench"],
    ["key"],
    ["key", "new"],
    ["key", "id"],
    ["records"],
    ["records", "explain"],
    ["records", "convert"],
    ["records", "formats"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_shows_an_example(command):
    """Every command explains itself and shows how it is used."""
    done = stillwatch(*command, "--help")
    assert done.status == 0
    assert "Example" in done.out
    assert f"stillwatch {' '.join(command)}".strip() in done.out.split("Example", 1)[1]


def test_version():
    """The version is one line."""
    assert stillwatch("--version").out == f"stillwatch {__version__}\n"


def test_json_is_all_there_is(tiny, tmp_path):
    """With --json, standard output is one document and standard error is empty."""
    done = stillwatch("scan", *tiny.inputs, "--out", tmp_path / "case", "--json")
    assert done.err == ""
    assert done.document["exit_status"] == 0
    assert {"id", "leading_hypothesis", "is_accusation", "p_leading", "q_value", "accounts", "exchanges"} == set(
        done.document["campaigns"][0]
    )


def test_an_existing_case_is_not_overwritten(tiny, tmp_path):
    """Without --replace a case stays as it is; with it, it is replaced; anything else is never touched."""
    before = (tiny.case / "run.json").read_bytes()
    done = stillwatch("scan", *tiny.inputs, "--out", tiny.case)
    assert (done.status, done.out) == (5, "")
    assert "--replace" in done.err
    assert (tiny.case / "run.json").read_bytes() == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    assert stillwatch("scan", *tiny.inputs, "--out", tmp_path / "mine", "--replace").status == 5
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
    out = tmp_path / "case"
    for options in ([], ["--replace"]):
        assert stillwatch("scan", *tiny.inputs, "--out", out, *options).status == 0
    assert [path.name for path in tmp_path.iterdir() if path.name != "mine"] == ["case"]


def refused(tmp_path, tiny, kind):
    """The arguments of a scan that has to be refused."""
    (tmp_path / "unknown.toml").write_text("q_levle = 0.1\n")
    (tmp_path / "bad.key").write_text("no key")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 but not really")
    out = ["--out", tmp_path / "out" / "case"]
    return {
        "unknown setting": ["scan", *tiny.inputs, *out, "--settings", tmp_path / "unknown.toml"],
        "bad key": ["scan", tiny.inputs[0], *out, "--key-file", tmp_path / "bad.key"],
        "bad file": ["scan", tmp_path / "bad.parquet", *out],
        "absent file": ["scan", tmp_path / "absent.jsonl", *out],
        "unknown format": ["scan", tiny.inputs[0], *out, "--format", "nonsense"],
        "own output": ["scan", tmp_path, *out],
        "unwritable": ["scan", *tiny.inputs, "--out", tmp_path / "bad.key" / "case"],
        "unknown schema": ["schema", "nonsense"],
        "no case": ["report", tmp_path, "--out", tmp_path / "r.html"],
    }[kind]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("unknown setting", 4, "bad-settings"),
        ("bad key", 4, "bad-settings"),
        ("bad file", 3, "bad-input"),
        ("absent file", 3, "bad-input"),
        ("unknown format", 2, "usage"),
        ("own output", 2, "usage"),
        ("unwritable", 5, "bad-output"),
        ("no case", 3, "bad-input"),
        ("unknown schema", 2, "usage"),
    ],
)
def test_refusals(tmp_path, tiny, kind, status, code):
    """A refusal is one sentence with its code, or its parts as JSON, never a traceback; it leaves no output."""
    arguments = refused(tmp_path, tiny, kind)
    done = stillwatch(*arguments)
    assert (done.status, done.out) == (status, "")
    assert f"[{code}]" in done.err.splitlines()[-1]
    assert "Traceback" not in done.err
    assert not (tmp_path / "out" / "case").exists()
    if arguments[0] != "schema":
        done = stillwatch(*arguments, "--json")
        assert (done.status, done.out) == (status, "")
        error = json.loads(done.err)["error"]
        assert error["code"] == code
        assert set(error) == {"code", "where", "problem", "got", "expected", "fix"}


def test_usage_errors_exit_with_2():
    """A command line that cannot be parsed exits with 2 and shows no traceback."""
    for arguments in (["scan"], ["scan", "x", "--out", "y", "--nonsense"], ["nonsense"]):
        done = stillwatch(*arguments)
        assert done.status == 2
        assert "Traceback" not in done.err


def test_fail_on_accusation_follows_the_case(tiny, tmp_path):
    """The exit status is 10 exactly where the case accuses a group."""
    done = stillwatch("scan", *tiny.inputs, "--out", tmp_path / "case", "--json", "--fail-on-accusation")
    accuses = any(one["is_accusation"] for one in done.document["campaigns"])
    assert done.status == done.document["exit_status"] == (10 if accuses else 0)


def test_keys(tmp_path):
    """A new key is private, has a stable id, and never replaces another."""
    file = tmp_path / "k"
    made = stillwatch("key", "new", file)
    assert made.status == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stillwatch("key", "id", file).out == made.out
    content = file.read_text()
    assert content.strip() not in made.out
    assert stillwatch("key", "new", file).status == 5
    assert file.read_text() == content
    file.chmod(0o644)
    loose = stillwatch("key", "id", file)
    assert (loose.status, loose.out) == (0, made.out)
    assert "everybody can read this key" in loose.err


def test_report_is_rendered_again_from_the_document(tiny, tmp_path):
    """campaigns.json alone gives the same page, byte for byte; a file that stands there is kept."""
    page = tmp_path / "page.html"
    assert stillwatch("report", tiny.case, "--out", page).status == 0
    assert page.read_bytes() == (tiny.case / "report.html").read_bytes()
    assert stillwatch("report", tiny.case / "campaigns.json", "--out", page).status == 5
    assert stillwatch("report", tiny.case / "campaigns.json", "--out", page, "--replace").status == 0
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_schemas_are_printed():
    """Every published schema is listed; one that is named is printed, and is a schema."""
    names = [line.split()[0] for line in stillwatch("schema").out.splitlines()]
    assert names == list(NAMES)
    for name in ("campaigns", "run", "custody"):  # a unit test checks each file; here it is that they are printed
        jsonschema.Draft202012Validator.check_schema(stillwatch("schema", name).document)
