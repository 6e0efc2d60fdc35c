"""The commands of ``stillwatch records``: output for people and for programs, refusals with their exit status."""

import json

import orjson
import pytest
from typer.testing import CliRunner

from stillwatch.cli.records import app
from stillwatch.records.catalogue import READERS

ROW = {"exchange_id": "e", "account_id": "a", "requested_at": "2026-03-01T12:00:00Z", "prompt": "canary-91c0"}


def run(*arguments):
    """Run a command."""
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.fixture
def log(tmp_path):
    """A log whose name and keys try to steer the terminal."""
    path = tmp_path / "x\x1b[31m\u202e.jsonl"
    path.write_bytes(orjson.dumps({**ROW, "\x1b]0;owned\x07": 1}) + b"\n{")
    return path


def test_explain(log):
    """The page names format, reasons and missing evidence; nothing in it steers a terminal or repeats a prompt."""
    shown = run("explain", log)
    assert shown.exit_code == 0
    assert "canonical" in shown.output
    assert "not-json 1" in shown.output
    for unwanted in ("canary", "\x1b[31m", "\u202e", "owned"):
        assert unwanted not in shown.output
    document = json.loads(run("explain", log, "--json").output)
    assert (document[0]["used"], document[0]["quarantined"]) == (1, {"not-json": 1})


def test_what_goes_to_a_pipe_is_not_wrapped(tmp_path, monkeypatch):
    """In a pipe each column of the log has one line, whatever the terminal's width was, and no line ends in spaces."""
    monkeypatch.setenv("COLUMNS", "40")
    path = tmp_path / "log.jsonl"
    path.write_bytes(orjson.dumps(ROW) + b"\n")
    lines = run("explain", path).output.splitlines()
    named = [line for line in lines if line.startswith("requested_at *")]
    assert len(named) == 1
    assert max(map(len, lines)) > 80
    assert all(line == line.rstrip() for line in lines)
    assert [line.split()[0] for line in run("formats").output.splitlines()[1:]] == list(READERS)


def test_convert(log, tmp_path):
    """Counts add up on the page and in JSON."""
    assert (
        "2 read = 1 used + 1 quarantined + 0 out of scope"
        in run("convert", log, "--out", tmp_path / "o.parquet").output
    )
    assert json.loads(run("convert", log, "--out", tmp_path / "o.parquet", "--json").output)["used"] == 1


def test_formats():
    """Every format is listed with what it provides."""
    assert {"canonical", "litellm", "otlp"} <= {one["name"] for one in json.loads(run("formats", "--json").output)}
    assert "litellm" in run("formats").output


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (["explain", "absent.jsonl"], 3, "bad-input"),
        (["explain", "{log}", "--format", "nonsense"], 2, "usage"),
        (["explain", "{log}", "--time-zone", "Mars/X"], 2, "usage"),
        (["explain", "{log}", "--map", "absent.toml"], 3, "bad-field-map"),
        (["convert", "{log}", "--out", "/absent/o.parquet"], 5, "bad-output"),
    ],
)
def test_refusals(log, arguments, status, code):
    """A refusal is one sentence on standard error, or JSON, with its own exit status."""
    filled = [str(log) if one == "{log}" else one for one in arguments]
    refused = run(*filled)
    assert (refused.exit_code, refused.stdout) == (status, "")
    assert refused.stderr.rstrip().endswith(f"[{code}]")
    assert json.loads(run(*filled, "--json").stderr)["error"]["code"] == code


def test_help_has_examples():
    """Each command's help shows how it is used."""
    for command in ("explain", "convert", "formats"):
        assert "Example" in run(command, "--help").output
