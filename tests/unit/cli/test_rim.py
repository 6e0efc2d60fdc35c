"""The rim of a command: an unexpected failure is one line without its message, and a stopped engine means stopped."""

import json
import os
import signal

import pytest
import typer

from stillwatch.cli import rim as rim_module
from stillwatch.cli.rim import report_unexpected, rim
from stillwatch.cli.stop import ENDING, Stop
from stillwatch.errors import SettingsError


def failure():
    """An exception as one is caught, its message quoting the input."""
    try:
        int("canary-5511: the prompt itself")
    except ValueError as error:
        return error
    raise AssertionError


def test_an_unexpected_failure_does_not_quote_the_input(capsys, monkeypatch):
    """One line names the kind, the place and the way to the traceback, as text and as JSON."""
    monkeypatch.delenv("STILLWATCH_TRACEBACK", raising=False)
    assert report_unexpected(failure(), as_json=False) == 1
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "unexpected ValueError at test_rim.py:" in line
    assert "STILLWATCH_TRACEBACK=1" in line
    assert "canary" not in line
    report_unexpected(failure(), as_json=True)
    told = capsys.readouterr().err
    assert json.loads(told)["error"]["code"] == "unexpected"
    assert "canary" not in told


def test_the_traceback_is_there_for_who_asks(capsys, monkeypatch):
    """The environment variable brings the traceback."""
    monkeypatch.setenv("STILLWATCH_TRACEBACK", "1")
    report_unexpected(failure(), as_json=False)
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_an_engine_that_fails_after_a_signal_was_stopped(capsys, monkeypatch):
    """What breaks after a signal is the signal's doing: exit status 130."""
    stop = Stop()
    stop.is_asked = True
    monkeypatch.setattr(rim_module, "STOP", stop)
    with pytest.raises(typer.Exit) as left, rim(as_json=False):
        raise RuntimeError("query interrupted")
    assert left.value.exit_code == 130
    assert capsys.readouterr().err == "stillwatch: stopped. [interrupted]\n"


def test_other_failures_pass_through():
    """Without a signal an unexpected exception is not dressed up as anything else."""
    with pytest.raises(RuntimeError, match="broken"), rim(as_json=False):
        raise RuntimeError("broken")


def test_a_refusal_keeps_its_status(capsys):
    """A refusal becomes its sentence and its exit status."""
    with pytest.raises(typer.Exit) as left, rim(as_json=False):
        raise SettingsError("s.toml", "unknown setting", got="x")
    assert left.value.exit_code == 4
    assert capsys.readouterr().err == "s.toml: unknown setting: got x. [bad-settings]\n"


def test_only_the_first_signal_counts():
    """A second signal does not disturb the tidying after the first; what was ignored stays ignored."""
    earlier = {number: signal.getsignal(number) for number in ENDING}
    stop = Stop()
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        stop.install()
        os.kill(os.getpid(), signal.SIGHUP)
        assert not stop.is_asked
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        assert stop.is_asked
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
