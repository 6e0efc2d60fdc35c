"""Progress away from a terminal: one line a stage, at its end, with what it counted."""

import re

import pytest

from stillwatch.cli import progress as progress_module
from stillwatch.cli.progress import Lines, shown_progress
from stillwatch.cli.stop import Stop


def test_one_line_a_stage(capsys):
    """Many reports of one stage give one line; the last stage's line comes with the end."""
    lines = Lines()
    for count in (100, 2_000, 74_388):
        lines("records and sketches", count, 0)
    lines("population", 0, 1)
    for i in range(7):
        lines("members", i, 7)
    lines("done", 1, 1)
    assert [re.sub(r"[\d.]+ s$", "S", line) for line in capsys.readouterr().err.splitlines()] == [
        "reading and sketching: 74,388 exchanges, S",
        "putting accounts in order, S",
        "weighing memberships: 7 groups, S",
    ]


def test_nothing_for_programs(capsys):
    """With --json, away from a terminal, standard error stays empty for the refusal."""
    with shown_progress(as_json=True) as progress:
        progress("population", 0, 1)
        progress("done", 1, 1)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("as_json", [False, True])
def test_a_lost_interruption_still_ends_the_run(as_json, monkeypatch):
    """An exception that foreign code swallowed comes back at the next report of progress."""
    stop = Stop()
    monkeypatch.setattr(progress_module, "STOP", stop)
    with shown_progress(as_json=as_json) as progress:
        progress("population", 0, 1)
        stop.is_asked = True
        with pytest.raises(KeyboardInterrupt):
            progress("population", 1, 1)
